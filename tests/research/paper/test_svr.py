import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import SVR

from blportfolio.research.paper import svr
from blportfolio.research.paper.svr import fit_svr, solve_svr


def problem(seed, scale=1.0, n_obs=60, n_features=4):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_obs, n_features)) * rng.uniform(0.2, 3.0, n_features) + 5
    target = features @ rng.normal(size=n_features) + rng.standard_t(3, n_obs) * 0.5 + 20
    return scale * features, scale * target


def loss(features, target, slopes, level):
    beyond = np.abs(target - features @ slopes - level) - 0.1
    return 0.5 * slopes @ slopes + np.maximum(beyond, 0.0).sum()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_the_interior_point_solves_the_problem_of_libsvm(seed):
    features, target = problem(seed)
    model = SVR(kernel="linear", tol=1e-8).fit(features, target)
    slopes, level = solve_svr(features, target)
    np.testing.assert_allclose(slopes, model.coef_[0], atol=1e-3)
    own = loss(features, target, slopes, level)
    theirs = loss(features, target, model.coef_[0], model.intercept_[0])
    assert own == pytest.approx(theirs, rel=1e-4)
    assert own <= theirs + 1e-9


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 30.0, 1e3, 1e5]))
@settings(max_examples=25, deadline=None)
def test_no_small_move_away_from_the_solution_lowers_the_loss(seed, scale):
    """The problem is convex, so that this is the minimum, whatever the unit of the prices."""
    features, target = problem(seed, scale)
    slopes, level = solve_svr(features, target)
    least = loss(features, target, slopes, level)
    rng = np.random.default_rng(seed)
    for size in (1e-2, 1e-4):
        turn = size * rng.normal(size=(20, len(slopes) + 1))
        for move in turn:
            moved = loss(features, target, slopes + move[:-1], level + scale * move[-1])
            assert moved >= least * (1 - 1e-9) - 1e-9


def test_where_libsvm_ends_it_is_scikit_learn_s_answer_and_else_the_exact_one(monkeypatch):
    features, target = problem(1)
    model = SVR(kernel="linear").fit(features, target)
    slopes, level = fit_svr(features, target)
    np.testing.assert_array_equal(slopes, model.coef_[0])
    assert level == model.intercept_[0]
    monkeypatch.setattr(svr, "MOST_ITERATIONS", 5)
    slopes, level = fit_svr(features, target)
    np.testing.assert_array_equal(slopes, solve_svr(features, target)[0])
    np.testing.assert_allclose(slopes, model.coef_[0], atol=0.01)


def test_a_flat_target_and_a_flat_feature_have_no_slope():
    features, _ = problem(2)
    slopes, level = solve_svr(features, np.full(60, 7.0))
    np.testing.assert_allclose(slopes, 0, atol=1e-6)
    assert level == pytest.approx(7.0, abs=0.11)
    features[:, 1] = 3.0
    slopes, _ = solve_svr(features, problem(2)[1])
    assert slopes[1] == pytest.approx(0, abs=1e-6)
