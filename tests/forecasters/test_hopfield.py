"""Hopfield retrieval as attention with an energy, and the forecaster that remembers windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters import HopfieldForecaster, Windows, hankel_windows
from blportfolio.forecasters.entmax import entmax
from blportfolio.forecasters.hopfield import energy, retrieve

ALPHAS = [1.0, 1.25, 1.5, 2.0]
NORMALISE = ["window", "none", "last", "mean", "standard"]


def walk(seed, n=400):
    return 100 + np.cumsum(np.random.default_rng(seed).normal(size=n))


def unit_memories(seed, count=20, dimension=64):
    x = np.random.default_rng(seed).normal(size=(count, dimension))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@given(
    st.integers(0, 10**6),
    st.integers(1, 12),
    st.integers(1, 8),
    st.sampled_from([0.01, 0.5, 4.0, 50.0]),
    st.one_of(st.sampled_from(ALPHAS), st.floats(1, 2)),
)
def test_no_update_raises_the_energy(seed, count, dimension, beta, alpha):
    rng = np.random.default_rng(seed)
    memories, x = rng.normal(size=(count, dimension)), 3 * rng.normal(size=(5, dimension))
    for _ in range(6):
        after = retrieve(memories, x, beta=beta, alpha=alpha)
        rise = energy(memories, after, beta=beta, alpha=alpha) - energy(
            memories, x, beta=beta, alpha=alpha
        )
        assert rise.max() <= 1e-10
        x = after


def test_the_energy_of_softmax_is_that_of_ramsauer_et_al():
    memories, x = unit_memories(0), unit_memories(1)[:4]
    expected = (x * x).sum(axis=1) / 2 - logsumexp(16 * x @ memories.T, axis=1) / 16
    np.testing.assert_allclose(energy(memories, x, beta=16), expected, rtol=1e-13)


def test_the_update_is_where_the_slope_of_the_energy_says():
    """The slope of E at x is x minus the retrieved pattern, for every α."""
    memories, x = unit_memories(2, 6, 4), unit_memories(3, 1, 4)
    step = 1e-6 * np.eye(4)
    for alpha in ALPHAS:
        settings = {"beta": 3.0, "alpha": alpha}
        slope = energy(memories, x + step, **settings) - energy(memories, x - step, **settings)
        np.testing.assert_allclose(
            slope / 2e-6, (x - retrieve(memories, x, **settings))[0], atol=1e-8
        )


@pytest.mark.parametrize(("alpha", "error"), [(1.0, 1e-4), (1.5, 0.0), (2.0, 0.0)])
def test_a_damaged_memory_is_recalled_and_exactly_where_retrieval_is_sparse(alpha, error):
    memories = unit_memories(4)
    damaged = memories + 0.1 / 8 * np.random.default_rng(5).normal(size=memories.shape)
    recalled = retrieve(memories, damaged, beta=16, alpha=alpha)
    assert np.abs(recalled - memories).max() <= error


def test_one_step_is_a_row_of_attention_with_the_memories_as_keys_and_values():
    memories, x = unit_memories(6), unit_memories(7)
    expected = softmax(8 * x @ memories.T, axis=1) @ memories
    np.testing.assert_allclose(retrieve(memories, x, beta=8), expected, atol=1e-14)
    np.testing.assert_array_equal(retrieve(memories, x, beta=8, steps=0), x)
    twice = retrieve(memories, retrieve(memories, x, beta=8), beta=8)
    np.testing.assert_array_equal(retrieve(memories, x, beta=8, steps=2), twice)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("steps", [0, 2])
def test_the_forecast_is_what_followed_the_memories_by_their_weights(alpha, steps):
    series = np.diff(walk(8, 60))
    windows = hankel_windows(series, 4, 2)
    fitted = HopfieldForecaster(alpha=alpha, betas=2.0, steps=steps).fit(windows)
    norms = np.sqrt((windows.context**2).mean(axis=1, keepdims=True))
    memories, values = windows.context / norms, windows.target / norms
    query = memories[:5]
    for _ in range(steps):
        query = entmax(query @ memories.T, alpha) @ memories  # β / √d = 1
    weights = entmax(query @ memories.T, alpha) * norms[:, 0] ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    expected = norms[:5] * (weights @ values)
    np.testing.assert_allclose(fitted.predict(windows.context[:5]), expected, rtol=1e-10)
    np.testing.assert_allclose(fitted.weights(windows.context[:5]), weights, rtol=1e-10)


@pytest.mark.parametrize("normalise", ["window", "standard"])
def test_of_noise_the_mean_that_is_recalled_has_the_least_squared_error(normalise):
    """In the unit of the series, however wild or calm its stretches are."""
    rng = np.random.default_rng(17)
    windows = hankel_windows(rng.normal(size=300) * np.exp(rng.normal(size=300)), 6, 1)
    level = windows.context.mean(axis=1) * (normalise == "standard")
    spread = np.sqrt(((windows.context - level[:, None]) ** 2).mean(axis=1))
    best = np.linalg.lstsq(spread[:, None], windows.target[:, 0] - level, rcond=None)[0]
    fitted = HopfieldForecaster(betas=0.0, normalise=normalise).fit(windows)
    got = fitted.predict(windows.context)[:, 0]
    np.testing.assert_allclose(got, level + spread * best, rtol=1e-9)


def test_what_is_seen_again_is_forecast_as_what_followed():
    cycle = np.random.default_rng(9).normal(size=12)
    windows = hankel_windows(np.tile(cycle, 20), 6, 3)
    for alpha in ALPHAS:
        fitted = HopfieldForecaster(alpha=alpha).fit(windows)
        assert fitted.beta > 0
        forecast = fitted.predict(windows.context)
        if alpha > 1:
            np.testing.assert_allclose(forecast, windows.target, atol=1e-9)
        assert np.mean((forecast - windows.target) ** 2) < 1e-3


def test_a_map_that_is_not_linear_is_learned_better_than_by_any_linear_one():
    x = [0.3]
    for _ in range(1500):
        x.append(3.9 * x[-1] * (1 - x[-1]))
    windows = hankel_windows(np.array(x), 3, 1)
    train, test = windows.take(slice(0, 1000)), windows.take(slice(1010, None))
    forecast = HopfieldForecaster(alpha=2.0).fit(train).predict(test.context)
    design = np.column_stack([test.context, np.ones(len(test))])
    best = design @ np.linalg.lstsq(design, test.target, rcond=None)[0]
    error, linear = (np.mean((f - test.target) ** 2) for f in (forecast, best))
    assert error < 0.1 * linear


def test_noise_is_recalled_as_the_mean_of_all_memories():
    windows = hankel_windows(np.random.default_rng(10).normal(size=2000), 8, 1)
    fitted = HopfieldForecaster(alpha=1.5).fit(windows)
    assert fitted.beta <= 0.1
    assert np.abs(fitted.predict(windows.context)).max() < 0.2


def test_beta_is_the_one_with_the_least_error_on_the_latest_windows():
    windows = hankel_windows(np.diff(walk(11)), 5, 2)
    chosen = HopfieldForecaster().fit(windows).beta
    first = windows.origins.max() + 1 - round(0.2 * (np.ptp(windows.origins) + 1))
    early = windows.take(windows.origins + 2 <= first)
    late = windows.take(windows.origins >= first)

    def error(beta):
        forecast = HopfieldForecaster(betas=beta).fit(early).predict(late.context)
        return np.mean((forecast - late.target) ** 2)

    betas = HopfieldForecaster().betas
    assert chosen == min(betas, key=error)


def test_no_more_is_remembered_than_allowed_evenly_in_time_and_the_latest_too():
    series = np.stack([walk(12, 300), walk(13, 300)], axis=1)
    windows = hankel_windows(series, 5, 1)
    model = HopfieldForecaster(n_memories=50, normalise="none", betas=1.0)
    fitted = model.fit(windows)
    assert fitted.memories.shape == (50, 5)
    shuffled = windows.take(np.random.default_rng(0).permutation(len(windows)))
    np.testing.assert_array_equal(model.fit(shuffled).memories, fitted.memories)
    recalled = fitted.memories * fitted.gain * fitted.unit
    rows = [int(np.abs(windows.context - m).sum(axis=1).argmin()) for m in recalled]
    assert rows[-1] == len(windows) - 1
    assert set(np.diff(rows)) <= {11, 12}


@pytest.mark.parametrize("normalise", NORMALISE)
@pytest.mark.parametrize("alpha", [1.0, 1.5, 2.0])
def test_a_row_is_the_same_bits_whatever_follows_it(normalise, alpha):
    windows = hankel_windows(walk(14), 9, 3)
    fitted = HopfieldForecaster(alpha=alpha, normalise=normalise, steps=1).fit(windows)
    together = fitted.predict(np.asfortranarray(windows.context))
    for stop in (1, 2, 3, 50):
        np.testing.assert_array_equal(fitted.predict(windows.context[:stop]), together[:stop])


@pytest.mark.parametrize("normalise", NORMALISE)
@pytest.mark.parametrize("unit", [1e-12, 2.0**-20, 3.0, 1e12, 1e300])
def test_the_unit_scales_the_forecast(unit, normalise):
    series = np.diff(walk(15))
    windows, scaled = (hankel_windows(s, 10, 2) for s in (series, unit * series))
    model = HopfieldForecaster(normalise=normalise, alpha=1.5)
    expected = model.fit(windows).predict(windows.context)
    got = model.fit(scaled).predict(scaled.context)
    np.testing.assert_allclose(got / unit, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("normalise", NORMALISE)
@pytest.mark.parametrize("value", [0.0, 0.1, -3e9])
@pytest.mark.parametrize("n", [2, 3, 40])
def test_a_constant_series_forecasts_that_constant(value, n, normalise):
    windows = hankel_windows(np.full(n, value), 1 if n < 5 else 6, 1)
    fitted = HopfieldForecaster(normalise=normalise).fit(windows)
    np.testing.assert_allclose(fitted.predict(windows.context), value, rtol=1e-12)
    assert fitted.weights(windows.context).shape == (len(windows), len(fitted.memories))


def test_it_learns_from_nothing_but_its_windows():
    windows = hankel_windows(walk(16), 6, 2)
    alone = HopfieldForecaster().fit(windows.take(slice(0, 200)))
    wild = Windows(
        windows.context * np.where(np.arange(len(windows)) < 200, 1, 50)[:, None], windows.target
    )
    again = HopfieldForecaster().fit(wild.take(slice(0, 200)))
    np.testing.assert_array_equal(again.predict(windows.context), alone.predict(windows.context))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alpha": 3}, "`alpha` must lie between 1"),
        ({"betas": ()}, "`betas` must be"),
        ({"betas": -1.0}, "`betas` must be"),
        ({"betas": "sharp"}, "`betas` must be"),
        ({"n_memories": 0}, "`n_memories` must be a whole number of 1 or more"),
        ({"steps": -1}, "`steps` must be a whole number of 0 or more"),
        ({"normalise": "windows"}, "Did you mean 'window'"),
        ({"holdout_share": 1.0}, "`holdout_share` must be a number between 0 and 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        HopfieldForecaster(**settings)


def test_patterns_of_other_shapes_are_refused():
    memories = unit_memories(0)
    with pytest.raises(DataError, match=r"`queries` must have shape \(n_queries, 64\)"):
        retrieve(memories, memories[:, :3], beta=1)
    with pytest.raises(DataError, match="`memories` must have shape"):
        energy(memories[0], memories, beta=1)
    with pytest.raises(ConfigError, match="`beta` must be a number above 0"):
        retrieve(memories, memories, beta=0)
