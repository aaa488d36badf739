"""The track record of views: keyed by asset, in units of volatility."""

import json

import numpy as np
import pytest
from helpers import make_prices, random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.bayes.track_record import expected_squared_error
from blportfolio.priors.view_record import ViewRecord
from blportfolio.types import FrozenState

SEEDS = st.integers(0, 2**32 - 1)
NAMES = ("B", "D", "A", "C")


def grown(seed, assets=NAMES, count=3, noise=0.5):
    """A record after a few errors of all views."""
    rng = np.random.default_rng(seed)
    size = len(assets)
    record = ViewRecord()
    for _ in range(count):
        record = record.after(
            assets,
            np.arange(size),
            rng.normal(size=size),
            noise * random_covariance(rng, size, scale=1.0),
            strength=10.0,
            expected=0.05,
        )
    return record


def assert_same(found, expected, *, exact=True):
    assert found.count == expected.count
    tolerance = {"rtol": 0, "atol": 0} if exact else {"rtol": 1e-9, "atol": 1e-12}
    assert set(found.assets) == set(expected.assets)
    np.testing.assert_allclose(
        found.on(NAMES, 0.05), expected.on(NAMES, 0.05), **tolerance, err_msg="squares"
    )


@given(SEEDS, st.integers(0, 4))
@settings(max_examples=12)
def test_a_record_is_the_same_after_json(seed, count):
    record = grown(seed, count=count)
    state = FrozenState({"record": record.to_document()})
    assert_same(ViewRecord.from_state(state), record)
    again = ViewRecord.from_state(json.loads(json.dumps(state)))
    assert_same(again, record)
    assert again.assets == record.assets


def test_a_record_does_not_depend_on_the_order_of_keys_in_its_json():
    """As of any JSON object; the project itself writes files with sorted keys."""
    state = {"record": grown(1).to_document()}
    sorted_state = json.loads(json.dumps(state, sort_keys=True))
    assert sorted_state == state
    assert_same(ViewRecord.from_state(sorted_state), ViewRecord.from_state(state))


def test_without_a_record_there_is_none():
    for state in (None, {}, {"decisions": 3}):
        record = ViewRecord.from_state(state)
        assert (record.assets, record.count) == ((), 0)
        np.testing.assert_array_equal(record.on(NAMES, 0.05), np.zeros((4, 4)))


@given(SEEDS)
@settings(max_examples=12)
def test_one_more_error_is_the_kernels_update_when_all_views_had_one(seed):
    rng = np.random.default_rng(seed)
    record, error = grown(seed), rng.normal(size=4)
    noise = random_covariance(rng, 4, scale=0.3)
    found = record.after(NAMES, np.arange(4), error, noise, strength=7.0, expected=0.1)
    psi = record.squares + 0.7 * np.eye(4)
    gained = expected_squared_error(error, noise, psi, 4 + 1 + 7 + record.count)
    np.testing.assert_allclose(found.squares, record.squares + gained, rtol=1e-12)
    assert found.count == record.count + 1


@given(SEEDS, st.floats(0.01, 1), st.floats(0.5, 50))
@settings(max_examples=12)
def test_an_asset_without_a_record_enters_with_its_prior_expectation(seed, expected, strength):
    record = grown(seed, assets=("B", "A"), count=5)
    names = ("new", "A", "B", "newer")
    omega = (record.on(names, expected) + strength * expected * np.eye(4)) / (strength + 5)
    np.testing.assert_allclose(np.diagonal(omega)[[0, 3]], expected, rtol=1e-12)
    off = omega[[0, 0, 0, 3, 3], [1, 2, 3, 1, 2]]
    np.testing.assert_array_equal(off, 0.0)
    np.testing.assert_array_equal(record.on(names, expected)[1, 2], record.squares[1, 0])
    np.testing.assert_array_equal(record.on(names, expected)[1, 1], record.squares[1, 1])


def test_an_asset_that_is_gone_is_forgotten():
    record = grown(2)
    kept = ("A", "D")
    after = record.after(
        kept, np.arange(2), np.zeros(2), np.eye(2), strength=10.0, expected=0.05
    )  # fmt: skip
    assert after.assets == kept
    back = after.on(NAMES, 0.05)
    assert back[0, 0] == pytest.approx(after.count * 0.05)
    assert not back[0, 1:].any()


@given(SEEDS, st.integers(1, 4))
@settings(max_examples=12)
def test_the_order_of_assets_does_not_matter(seed, n_seen):
    rng = np.random.default_rng(seed)
    record = grown(seed)
    seen = np.sort(rng.permutation(4)[:n_seen])
    error, noise = rng.normal(size=n_seen), random_covariance(rng, n_seen, scale=0.3)
    here = record.after(NAMES, seen, error, noise, strength=5.0, expected=0.05)
    order = rng.permutation(4)
    names = tuple(NAMES[i] for i in order)
    place = np.argsort(order)[seen]
    by = np.argsort(place)
    there = record.after(
        names, place[by], error[by], noise[np.ix_(by, by)], strength=5.0, expected=0.05
    )
    assert_same(there, here, exact=False)


@given(SEEDS)
@settings(max_examples=12)
def test_what_was_not_seen_does_not_change_what_was_learned_of_the_rest(seed):
    rng = np.random.default_rng(seed)
    error, noise = rng.normal(size=2), random_covariance(rng, 2, scale=0.3)
    record = grown(seed)
    few = ViewRecord(("B", "A"), record.on(("B", "A"), 0.05), record.count)
    alone = few.after(("B", "A"), np.arange(2), error, noise, strength=5.0, expected=0.05)
    beside = record.after(NAMES, np.array([0, 2]), error, noise, strength=5.0, expected=0.05)
    np.testing.assert_allclose(
        beside.on(("B", "A"), 0.05), alone.on(("B", "A"), 0.05), rtol=1e-9, atol=1e-12
    )
    assert np.linalg.eigvalsh(beside.squares)[0] > -1e-12


def window_of(seed, *, scale=1.0, order=None, realised=True, n_assets=4):
    """A window with features and, as at a second decision, 21 returns realised since."""
    rng = np.random.default_rng(seed)
    returns = scale * make_prices(seed, 81, n_assets).pct_change().iloc[1:]
    values = rng.normal(size=(80, n_assets, 2))
    names = list(returns.columns) if order is None else [returns.columns[i] for i in order]
    panel = bl.FeaturePanel(values, returns.index, tuple(returns.columns), ("f", "g"))
    since = scale * make_prices(seed + 1, 22, n_assets).pct_change().iloc[1:]
    return bl.TrainingWindow(
        returns[names], features=panel, realised=since[names] if realised else None
    )


def two_decisions(prior, **options):
    state = prior.update(prior.initial_state(()), window_of(11, realised=False, **options))
    return prior.update(state, window_of(12, **options))


@pytest.mark.parametrize("view_on", ["assets", "relative"])
def test_the_record_of_a_prior_is_the_kernels_with_everything_by_hand(view_on):
    prior = bl.FeatureInfluencedPrior(horizon=5, view_on=view_on, strength=6.0, tau=0.1)
    first, second = window_of(11, realised=False), window_of(12)
    views = prior.fit_arrays(first.arrays()).views
    sigma = first.returns.cov().to_numpy()
    noise = views.expected - 0.1 * np.diag(np.diagonal(views.pick @ sigma @ views.pick.T))
    own = views.pick @ sigma @ views.pick.T
    unit = np.sqrt(np.diagonal(own))
    error = views.pick @ second.realised.mean().to_numpy() - views.datum
    square = expected_squared_error(
        error / unit, (own / 21 + noise) / np.outer(unit, unit), 0.6 * np.eye(4), 4 + 1 + 6
    )
    record = ViewRecord.from_state(two_decisions(prior))
    np.testing.assert_allclose(record.squares, square, rtol=1e-7, atol=1e-10)
    assert record.count == 1


@pytest.mark.parametrize("view_on", ["assets", "relative"])
@pytest.mark.parametrize("scale", [0.1, 3.0])
def test_the_unit_of_returns_does_not_change_the_record(view_on, scale):
    """Wild times count as calm ones do: errors are in units of volatility."""
    prior = bl.FeatureInfluencedPrior(horizon=5, view_on=view_on)
    here, there = two_decisions(prior), two_decisions(prior, scale=scale)
    assert_record_close(there, here)


def test_the_order_of_assets_in_the_windows_does_not_change_the_record():
    prior = bl.FeatureInfluencedPrior(horizon=5)
    here = two_decisions(prior)
    there = two_decisions(prior, order=[2, 0, 3, 1])
    names = tuple(here["record"]["squares"])
    here, there = ViewRecord.from_state(here), ViewRecord.from_state(there)
    np.testing.assert_allclose(there.on(names, 0.05), here.on(names, 0.05), rtol=1e-7)


def assert_record_close(found, expected):
    found, expected = ViewRecord.from_state(found), ViewRecord.from_state(expected)
    assert (found.assets, found.count) == (expected.assets, expected.count)
    np.testing.assert_allclose(found.squares, expected.squares, rtol=1e-6, atol=1e-9)
