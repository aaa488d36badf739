"""Exact long-only portfolios against cvxpy, non-negative least squares and the KKT conditions."""

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from helpers import dev_data, random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

import blportfolio as bl
from blportfolio.errors import DataError, InfeasibleError
from blportfolio.optimise import long_only_max_sharpe
from blportfolio.optimise.exact.active_set import (
    _least_squares,
    long_only_solution,
    solve_nonnegative,
)
from blportfolio.optimise.exact.conditioning import regularise

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def problems(draw, max_assets=60):
    """Means of daily size, at least one above 0, with a factor covariance; some means are tied."""
    rng = np.random.default_rng(draw(SEEDS))
    size = draw(st.integers(1, max_assets))
    covariance = random_covariance(rng, size)
    if draw(st.booleans()):
        market = rng.uniform(0.5, 1.5, size=size)
        covariance = 1e-4 * np.outer(market, market) + 0.1 * covariance
    mean = rng.normal(scale=1e-3, size=size)
    if draw(st.booleans()):
        mean = np.round(mean, 3)
    mean[rng.integers(size)] = 1e-3
    return mean, covariance


def sharpe(weights, mean, covariance):
    return weights @ mean / np.sqrt(weights @ covariance @ weights)


def assert_optimal(weights, mean, covariance, atol=1e-12):
    """Check the KKT conditions of min ½yᵀCy − μᵀy, y ≥ 0 at the best multiple of the weights."""
    scale = weights @ mean / (weights @ covariance @ weights)
    gradient = (covariance @ (scale * weights) - mean) / np.abs(mean).max()
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1.0, abs=1e-14)
    assert gradient.min() >= -atol
    assert np.abs(gradient[weights > 0]).max() <= atol


def assert_optimal_within_rounding(weights, mean, covariance):
    """Check them to 1e-12, or to what a change of the last digit of the weights does to them.

    Where a portfolio is nearly riskless, the terms of (Cy)ᵢ are up to 1e8 times their sum.
    """
    scale = weights @ mean / (weights @ covariance @ weights)
    terms = (np.abs(covariance) @ (scale * weights)).max() / np.abs(mean).max()
    assert_optimal(weights, mean, covariance, atol=max(1e-12, 8 * np.finfo(float).eps * terms))


@given(problems())
@settings(max_examples=100)
def test_the_kkt_conditions_hold(problem):
    assert_optimal(long_only_max_sharpe(*problem), *problem)


def sized_covariance(kind, size, rng):
    """Return a covariance of daily size; those named singular have fewer returns than assets."""
    own = 0.01 * rng.uniform(0.5, 2.0, size)
    market = 0.01 * rng.uniform(0.5, 1.5, size)
    if kind == "one factor":
        return np.outer(market, market) + np.diag(own**2)
    n_obs = {"singular": size // 2 + 2, "short": size + 2}.get(kind, 2 * size)
    returns = own * rng.normal(size=(n_obs, size))
    if kind != "wishart":
        returns += market * rng.normal(size=(n_obs, 1))
    return np.cov(returns, rowvar=False)


KINDS = ["wishart", "one factor", "two years", "short", "singular"]


@pytest.mark.parametrize("held", ["few", "nearly all"])
@pytest.mark.parametrize(
    ("size", "kind"),
    [(size, kind) for size in (20, 100, 500) for kind in KINDS]
    + [(1000, "one factor"), (1000, "singular")],
)
def test_the_kkt_conditions_hold_to_1e_12_at_every_size_warm_and_cold(size, kind, held):
    rng = np.random.default_rng(size)
    covariance = sized_covariance(kind, size, rng)
    regular, ridge = regularise(covariance)
    assert (ridge > 0) == (kind == "singular")
    if held == "few":
        mean = rng.normal(2e-4, 1e-3, size)
        mean[0] = 2e-3
    else:
        multiple = rng.uniform(0.5, 1.5, size) / size
        multiple[: size // 20] *= -1
        mean = 5 * regular @ multiple
    cold = long_only_max_sharpe(mean, covariance)
    assert_optimal(cold, mean, regular)
    other = rng.integers(0, 2, size)
    for start in (cold, other):
        warm = long_only_max_sharpe(mean, covariance, start=start)
        assert_optimal(warm, mean, regular)
        np.testing.assert_array_equal(warm > 0, cold > 0)
        np.testing.assert_allclose(warm, cold, atol=1e-10, rtol=0)


def real_windows():
    """Moments of real returns: packaged ones, and many stocks with few returns."""
    daily = bl.load_dataset("sp500_20").prices.pct_change().dropna()
    for stop in range(500, len(daily), 1500):
        yield f"stocks to {stop}", daily.iloc[stop - 252 : stop].to_numpy()
    monthly = bl.load_dataset("industries_12").prices.pct_change().dropna()
    for stop in range(120, len(monthly), 140):
        yield f"industries to {stop}", monthly.iloc[stop - 60 : stop].to_numpy()


def assert_matches_references(returns):
    mean, covariance = returns.mean(axis=0), np.cov(returns, rowvar=False)
    if not (mean > 0).any():
        return
    regular = regularise(covariance)[0]
    cold = long_only_max_sharpe(mean, covariance)
    assert_optimal_within_rounding(cold, mean, regular)
    start = np.ones(len(mean))
    warm = long_only_max_sharpe(mean, covariance, start=start)
    np.testing.assert_allclose(warm, cold, atol=1e-9, rtol=0)
    lower = np.linalg.cholesky(regular)
    solution = nnls(lower.T, np.linalg.solve(lower, mean), maxiter=100 * len(mean))[0]
    np.testing.assert_allclose(cold, solution / solution.sum(), atol=1e-7)
    np.testing.assert_array_equal(cold > 0, solution > 0)
    y = cp.Variable(len(mean), nonneg=True)
    unit = regular.diagonal().mean()
    risk = cp.sum_squares(np.linalg.cholesky(regular / unit).T @ y)
    cp.Problem(cp.Minimize(risk), [(mean / np.abs(mean).max()) @ y == 1]).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10
    )
    expected = y.value / y.value.sum()
    if cold @ regular @ cold > 1e-5 * unit:  # a nearly riskless one is known by its ratio alone
        np.testing.assert_allclose(cold, expected, atol=1e-4)
    assert sharpe(cold, mean, regular) >= sharpe(expected, mean, regular) * (1 - 1e-12)


def test_it_matches_both_references_on_real_returns():
    for _, returns in real_windows():
        assert_matches_references(returns)


@pytest.mark.parametrize("n_obs", [30, 126, 252, 1000])
def test_it_matches_both_references_on_hundreds_of_real_stocks(n_obs):
    prices = pd.read_parquet(dev_data("sp500_scale_adjclose_2010_2019_wide.parquet"))
    if "date" in prices:
        prices = prices.set_index("date")
    returns = prices.astype(float).pct_change().iloc[1:].to_numpy()
    assert returns.shape[1] > 400
    assert_matches_references(returns[-n_obs:])


@given(problems(max_assets=30), SEEDS)
@settings(max_examples=60)
def test_an_asset_in_another_unit_is_held_in_proportion(problem, seed):
    """Volatilities may differ a million times."""
    mean, covariance = problem
    unit = 10 ** np.random.default_rng(seed).uniform(-3, 3, len(mean))
    plain = solve_nonnegative(covariance, mean).solution
    other = solve_nonnegative(covariance * np.outer(unit, unit), mean * unit)
    assert other.residual <= 1e-12
    size = np.abs(plain * np.sqrt(np.diagonal(covariance))).max()
    gap = (other.solution * unit - plain) * np.sqrt(np.diagonal(covariance))
    assert np.abs(gap).max() <= 1e-9 * size


@given(problems(), st.integers(0, 59))
@settings(max_examples=40)
def test_one_enormous_mean_hides_no_other(problem, position):
    mean, covariance = problem
    mean[position % len(mean)] = 1e6 * np.abs(mean).max()
    weights = long_only_max_sharpe(mean, covariance)
    assert_optimal(weights, mean, covariance)
    solution = nnls(
        np.linalg.cholesky(covariance).T,
        np.linalg.solve(np.linalg.cholesky(covariance), mean),
    )[0]
    np.testing.assert_allclose(weights, solution / solution.sum(), atol=1e-9)


def test_an_enormous_mean_among_uncorrelated_assets_leaves_all_of_them_held():
    mean = np.array([1e6, 1.0, 1e-6])
    for start in (None, [1, 0, 0]):
        weights = long_only_max_sharpe(mean, np.eye(3), start=start)
        np.testing.assert_allclose(weights, mean / mean.sum(), rtol=1e-15)


@given(problems())
@settings(max_examples=60)
def test_it_matches_non_negative_least_squares(problem):
    mean, covariance = problem
    lower = np.linalg.cholesky(covariance)
    solution = nnls(lower.T, np.linalg.solve(lower, mean))[0]
    np.testing.assert_allclose(
        long_only_max_sharpe(mean, covariance), solution / solution.sum(), atol=1e-9
    )


@given(problems())
@settings(max_examples=25)
def test_it_matches_cvxpy(problem):
    mean, covariance = problem
    y = cp.Variable(len(mean), nonneg=True)
    unit = covariance.diagonal().mean()
    risk = cp.sum_squares(np.linalg.cholesky(covariance / unit).T @ y)
    reference = cp.Problem(cp.Minimize(risk), [(mean / np.abs(mean).max()) @ y == 1])
    for tolerance in (1e-12, 1e-11, 1e-10):  # the tightest one that Clarabel reaches
        try:
            reference.solve(
                solver=cp.CLARABEL,
                tol_gap_abs=tolerance,
                tol_gap_rel=tolerance,
                tol_feas=tolerance,
            )
        except cp.SolverError:
            continue
        break
    expected = y.value / y.value.sum()
    weights = long_only_max_sharpe(mean, covariance)
    np.testing.assert_allclose(weights, expected, atol=1e-4)
    assert sharpe(weights, *problem) == pytest.approx(sharpe(expected, *problem), rel=1e-7)


@given(problems(max_assets=20), SEEDS)
@settings(max_examples=60)
def test_no_other_portfolio_has_a_larger_sharpe_ratio(problem, seed):
    best = sharpe(long_only_max_sharpe(*problem), *problem)
    rng = np.random.default_rng(seed)
    for weights in rng.dirichlet(np.full(len(problem[0]), 0.5), size=20):
        assert sharpe(weights, *problem) <= best + 1e-12


@given(problems(), SEEDS)
@settings(max_examples=60)
def test_a_warm_start_from_any_support_gives_the_same_weights(problem, seed):
    cold = long_only_max_sharpe(*problem)
    support = np.random.default_rng(seed).integers(0, 2, size=len(cold))
    for start in (support, cold, np.zeros(len(cold)), np.ones(len(cold))):
        warm = long_only_max_sharpe(*problem, start=start)
        np.testing.assert_allclose(warm, cold, atol=1e-10, rtol=0)


@given(problems(), st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
@settings(max_examples=40)
def test_units_of_mean_and_covariance_do_not_matter(problem, a, b):
    mean, covariance = problem
    np.testing.assert_allclose(
        long_only_max_sharpe(a * mean, b * covariance),
        long_only_max_sharpe(mean, covariance),
        atol=1e-10,
        rtol=0,
    )


@given(problems(), SEEDS)
@settings(max_examples=40)
def test_the_order_of_assets_does_not_matter(problem, seed):
    mean, covariance = problem
    order = np.random.default_rng(seed).permutation(len(mean))
    moved = long_only_max_sharpe(mean[order], covariance[np.ix_(order, order)])
    np.testing.assert_allclose(
        moved, long_only_max_sharpe(mean, covariance)[order], atol=1e-10, rtol=0
    )


@given(problems(max_assets=12), st.integers(2, 4))
@settings(max_examples=40)
def test_copies_of_assets_share_the_weight_of_the_original(problem, copies):
    mean, covariance = problem
    again = np.tile(np.arange(len(mean)), copies)
    weights = long_only_max_sharpe(mean[again], covariance[np.ix_(again, again)])
    single = long_only_max_sharpe(mean, covariance)
    np.testing.assert_allclose(weights.reshape(copies, -1), [single / copies] * copies, atol=1e-4)


@given(SEEDS, st.integers(2, 40), st.floats(-11, -4))
@settings(max_examples=60)
def test_a_nearly_singular_covariance_is_solved_to_its_optimum(seed, size, exponent):
    """The weights are ill-determined there, so the Sharpe ratio is compared."""
    rng = np.random.default_rng(seed)
    loading = rng.normal(size=(size, max(1, size // 3)))
    covariance = 1e-4 * (loading @ loading.T + 10**exponent * np.eye(size))
    mean = rng.normal(scale=1e-3, size=size)
    mean[0] = 2e-3
    weights = long_only_max_sharpe(mean, covariance)
    regular = regularise(covariance)[0]
    lower = np.linalg.cholesky(regular)
    reference = nnls(lower.T, np.linalg.solve(lower, mean), maxiter=100 * size)[0]
    expected = sharpe(reference / reference.sum(), mean, regular)
    # Neither is known better than the condition allows, up to 4e12 here.
    rounding = np.finfo(float).eps * np.linalg.cond(regular)
    assert sharpe(weights, mean, regular) == pytest.approx(expected, rel=1e-5 + rounding)


@given(SEEDS, st.integers(3, 30), st.integers(2, 10))
@settings(max_examples=40)
def test_a_singular_covariance_is_solved_with_the_documented_ridge(seed, size, n_obs):
    rng = np.random.default_rng(seed)
    covariance = random_covariance(rng, size, n_obs=min(n_obs, size - 1))
    mean = np.abs(rng.normal(scale=1e-3, size=size))
    matrix, ridge = regularise(covariance)
    assert ridge == pytest.approx(1e-8 * np.trace(covariance) / size, rel=1e-12)
    np.testing.assert_allclose(matrix - covariance, ridge * np.eye(size), atol=1e-18)
    weights = long_only_max_sharpe(mean, covariance)
    assert_optimal_within_rounding(weights, mean, matrix)
    assert long_only_solution(covariance, mean, None).residual <= 1e-14


@given(problems())
@settings(max_examples=25)
def test_the_least_squares_agrees_with_the_active_set(problem):
    mean, covariance = problem
    pivoting = solve_nonnegative(covariance, mean)
    cross = _least_squares(covariance, mean)
    assert pivoting.solver == "active set"
    assert pivoting.residual <= 1e-12
    np.testing.assert_allclose(
        cross.solution, pivoting.solution, atol=1e-9 * pivoting.solution.max()
    )


def test_uncorrelated_assets_are_held_in_proportion_to_mean_over_variance():
    mean, variance = np.array([0.02, 0.01, -0.01, 0.0]), np.array([4.0, 1.0, 2.0, 1.0])
    weights = long_only_max_sharpe(mean, np.diag(variance))
    np.testing.assert_allclose(weights, [1 / 3, 2 / 3, 0, 0], atol=1e-15)


@pytest.mark.parametrize("mean", [[1e-300], [1e-9], [5.0]])
def test_one_asset_gets_everything(mean):
    np.testing.assert_array_equal(long_only_max_sharpe(mean, [[2.0]]), [1.0])


@pytest.mark.parametrize("mean", [[0.0, 0.0], [-0.01, 0.0], [-1.0, -2.0]])
def test_without_a_positive_mean_there_is_no_solution(mean):
    with pytest.raises(InfeasibleError, match=r"`mean` has no entry above 0.*fallback"):
        long_only_max_sharpe(mean, np.eye(2))


def test_a_bad_start_or_mean_is_named():
    with pytest.raises(DataError, match="`start`"):
        long_only_max_sharpe([0.1, 0.2], np.eye(2), start=[1.0])
    with pytest.raises(DataError, match="`mean`"):
        long_only_max_sharpe([0.1, np.inf], np.eye(2))


def test_weights_are_read_only_and_inputs_are_untouched():
    mean, covariance = np.array([0.1, 0.2]), np.array([[1.0, 0.1], [0.1, 1.0]])
    weights = long_only_max_sharpe(mean, covariance)
    assert not weights.flags.writeable
    assert mean.flags.writeable
    np.testing.assert_array_equal(covariance, [[1.0, 0.1], [0.1, 1.0]])
