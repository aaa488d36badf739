"""Risk parity against cvxpy, coordinate descent, closed forms and its definition."""

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from helpers import dev_data, random_covariance
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import ConfigError, DataError, SingularCovarianceWarning
from blportfolio.optimise import InverseVolatility, RiskParity
from blportfolio.optimise.exact.conditioning import regularise

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def covariances(draw, max_assets=40):
    """Covariances with and without a market, with volatilities up to 100 times apart."""
    rng = np.random.default_rng(draw(SEEDS))
    size = draw(st.integers(2, max_assets))
    covariance = random_covariance(rng, size)
    if draw(st.booleans()):
        market = rng.uniform(0.5, 1.5, size=size)
        covariance = 1e-4 * np.outer(market, market) + 0.1 * covariance
    if draw(st.booleans()):
        unit = 10 ** rng.uniform(-1, 1, size)
        covariance = covariance * np.outer(unit, unit)
    return covariance


def make_distribution(covariance):
    size = len(covariance)
    assets = [f"A{i}" for i in range(size)]
    return bl.ReturnDistribution(np.zeros(size), covariance, np.zeros((size, size)), assets)


def solve(covariance, budgets=None):
    return RiskParity(budgets).solve(make_distribution(covariance)).to_numpy()


def shares_of_risk(weights, covariance):
    contributions = weights * (covariance @ weights)
    return contributions / contributions.sum()


def coordinate_descent(covariance, budgets):
    """Griveau-Billion, Richard and Roncalli (2013), equation 7: one asset's root at a time."""
    y = 1 / np.sqrt(np.diagonal(covariance))
    for _ in range(5000):
        before = y.copy()
        for i, variance in enumerate(np.diagonal(covariance)):
            rest = covariance[i] @ y - variance * y[i]
            y[i] = (-rest + np.sqrt(rest**2 + 4 * variance * budgets[i])) / (2 * variance)
        if np.abs(y / before - 1).max() < 1e-14:
            break
    return y / y.sum()


@given(covariances())
@settings(max_examples=60)
def test_every_asset_contributes_the_same_risk(covariance):
    weights = solve(covariance)
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1, abs=1e-14)
    np.testing.assert_allclose(
        shares_of_risk(weights, covariance) * len(weights), 1, rtol=0, atol=1e-10
    )


@given(covariances(max_assets=15), SEEDS)
@settings(max_examples=40)
def test_every_asset_contributes_its_budget(covariance, seed):
    budgets = np.random.default_rng(seed).uniform(0.05, 3, len(covariance))
    weights = solve(covariance, {f"A{i}": budget for i, budget in enumerate(budgets)})
    gap = shares_of_risk(weights, covariance) / (budgets / budgets.sum()) - 1
    assert np.abs(gap).max() <= 1e-10


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize("kind", ["market", "two years", "short", "singular"])
@pytest.mark.parametrize("size", [20, 100, 500, 1000])
def test_contributions_are_equal_to_1e_10_at_every_size(size, kind, equal):
    rng = np.random.default_rng(size)
    n_obs = {"two years": 504, "short": size + 2, "singular": size // 2 + 2}.get(kind, 2 * size)
    returns = rng.normal(size=(n_obs, size)) * rng.uniform(0.5, 2.0, size)
    returns += rng.normal(size=(n_obs, 1)) * rng.uniform(0.5, 1.5, size)
    covariance = regularise(1e-4 * np.cov(returns, rowvar=False))[0]
    budgets = np.ones(size) if equal else rng.uniform(0.1, 1, size)
    context = make_distribution(covariance).assets
    objective = RiskParity(None if equal else dict(zip(context, budgets, strict=True)))
    weights = objective.solve(make_distribution(covariance))
    gap = shares_of_risk(weights.to_numpy(), covariance) / (budgets / budgets.sum()) - 1
    assert np.abs(gap).max() <= 1e-10
    assert weights.attrs["solution"]["residuals"]["dual"] <= 1e-10


@given(covariances(max_assets=12))
@settings(max_examples=25)
def test_it_matches_cvxpy(covariance):
    unit = np.sqrt(np.diagonal(covariance))
    correlation = covariance / np.outer(unit, unit)
    x = cp.Variable(len(covariance))
    risk = cp.sum_squares(np.linalg.cholesky(correlation).T @ x) / 2
    cp.Problem(cp.Minimize(risk - cp.sum(cp.log(x)) / len(covariance))).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10
    )
    expected = x.value / unit / (x.value / unit).sum()
    np.testing.assert_allclose(solve(covariance), expected, atol=1e-5)


@given(covariances(max_assets=12), SEEDS)
@settings(max_examples=25)
def test_it_matches_cyclical_coordinate_descent(covariance, seed):
    budgets = np.random.default_rng(seed).dirichlet(np.full(len(covariance), 3.0))
    expected = coordinate_descent(covariance, budgets)
    weights = solve(covariance, {f"A{i}": budget for i, budget in enumerate(budgets)})
    np.testing.assert_allclose(weights, expected, rtol=1e-9)


@pytest.mark.parametrize("correlation", [-0.99, -0.3, 0.0, 0.5, 0.999])
def test_two_assets_are_held_by_inverse_volatility_whatever_their_correlation(correlation):
    """Maillard, Roncalli and Teïletche (2010), section 2.3."""
    covariance = np.array([[0.04, 0.02 * correlation], [0.02 * correlation, 0.01]])
    np.testing.assert_allclose(solve(covariance), [1 / 3, 2 / 3], rtol=1e-12)


@given(SEEDS, st.integers(2, 30), st.floats(0, 0.95))
@settings(max_examples=40)
def test_equal_correlations_give_inverse_volatility(seed, size, correlation):
    volatilities = np.random.default_rng(seed).uniform(0.01, 0.5, size)
    matrix = np.full((size, size), correlation)
    np.fill_diagonal(matrix, 1)
    covariance = matrix * np.outer(volatilities, volatilities)
    expected = InverseVolatility().solve(make_distribution(covariance))
    np.testing.assert_allclose(solve(covariance), expected, rtol=1e-11)


def test_without_correlations_budgets_enter_by_their_square_roots():
    covariance = np.diag([0.04, 0.01])
    weights = solve(covariance, {"A0": 4, "A1": 1})
    np.testing.assert_allclose(weights, [0.5, 0.5], rtol=1e-12)


def test_four_assets_match_the_published_example():
    """Maillard, Roncalli and Teïletche (2010), section 4.1: weights in percent."""
    volatilities = np.array([0.10, 0.20, 0.30, 0.40])
    correlation = np.eye(4)
    correlation[0, 1] = correlation[1, 0] = 0.8
    correlation[2, 3] = correlation[3, 2] = -0.5
    weights = solve(correlation * np.outer(volatilities, volatilities))
    np.testing.assert_allclose(100 * weights, [38.4, 19.2, 24.3, 18.2], atol=0.051)


@given(covariances(max_assets=15), st.sampled_from([1e-12, 1e-6, 1e6, 1e12]))
@settings(max_examples=25)
def test_the_unit_of_the_covariance_does_not_matter(covariance, scale):
    np.testing.assert_allclose(solve(scale * covariance), solve(covariance), rtol=1e-9)


@given(covariances(max_assets=15), SEEDS)
@settings(max_examples=25)
def test_leverage_of_one_asset_divides_its_weight(covariance, seed):
    """Risk parity knows volatilities only through y = x / σ."""
    unit = 10 ** np.random.default_rng(seed).uniform(-2, 2, len(covariance))
    plain, geared = solve(covariance), solve(covariance * np.outer(unit, unit))
    expected = plain / unit
    np.testing.assert_allclose(geared, expected / expected.sum(), rtol=1e-9)


def test_the_risk_lies_between_minimum_variance_and_equal_weight():
    """Maillard, Roncalli and Teïletche (2010), section 3.2."""
    for seed in range(20):
        covariance = random_covariance(np.random.default_rng(seed), 8)
        found = make_distribution(covariance)
        risks = [
            (w := objective.solve(found).to_numpy()) @ covariance @ w
            for objective in (bl.MinVariance(), RiskParity(), bl.EqualWeight())
        ]
        assert risks == sorted(risks)


def test_one_asset_gets_everything():
    np.testing.assert_array_equal(solve(np.array([[1e-9]])), [1.0])


@pytest.mark.parametrize("n_obs", [60, 252, 1000])
def test_contributions_of_hundreds_of_real_stocks_are_equal(n_obs):
    prices = pd.read_parquet(dev_data("sp500_scale_adjclose_2010_2019_wide.parquet"))
    if "date" in prices:
        prices = prices.set_index("date")
    returns = prices.astype(float).pct_change().iloc[-n_obs:].to_numpy()
    covariance = regularise(np.cov(returns, rowvar=False))[0]
    shares = shares_of_risk(solve(covariance), covariance)
    np.testing.assert_allclose(shares * len(shares), 1, rtol=0, atol=1e-10)


@given(SEEDS, st.integers(3, 30))
@settings(max_examples=40)
def test_a_nearly_riskless_portfolio_is_as_equal_as_rounding_allows(seed, size):
    """Without a market, fewer returns than assets leave one; its terms cancel up to 1e8 times."""
    covariance = random_covariance(np.random.default_rng(seed), size, n_obs=max(2, size // 2))
    with pytest.warns(SingularCovarianceWarning):
        weights = RiskParity().solve(make_distribution(covariance))
    record = weights.attrs["solution"]
    matrix = covariance + record["ridge"] * np.eye(size)
    w = weights.to_numpy()
    marginal = matrix @ w
    rounding = np.finfo(float).eps * (np.abs(matrix) @ w / np.abs(marginal)).max()
    gap = np.abs(shares_of_risk(w, matrix) * size - 1).max()
    assert gap <= max(1e-10, 8 * rounding)
    assert record["residuals"]["dual"] <= max(1e-10, 8 * rounding)
    assert bool(record["remarks"]) == (record["residuals"]["dual"] > 1e-8)


def test_copies_of_an_asset_share_its_weight_in_a_singular_covariance():
    covariance = np.array([[0.04, 0.04, 0.01], [0.04, 0.04, 0.01], [0.01, 0.01, 0.09]])
    with pytest.warns(SingularCovarianceWarning):
        weights = RiskParity().solve(make_distribution(covariance))
    assert weights.iloc[0] == pytest.approx(weights.iloc[1], rel=1e-12)


@pytest.mark.parametrize(
    ("covariance", "message"),
    [
        (np.diag([1.0, 0.0]), r"variances above 0.*'A1' is 0"),
        (np.zeros((2, 2)), r"variances above 0.*'A0', 'A1' is 0"),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), "not positive semi-definite.*condition number"),
    ],
)
def test_a_covariance_without_an_answer_is_refused(covariance, message):
    with pytest.raises(DataError, match=f"`covariance`.*{message}"):
        solve(covariance)


@pytest.mark.parametrize(
    ("budgets", "message"),
    [
        ({"A0": 0.0}, r"`budgets` must be above 0, got 0 for 'A0'"),
        ({"A0": -1.0}, "above 0"),
        ({"A0": "much"}, "must be a number"),
        ([0.5, 0.5], "table by name"),
    ],
)
def test_wrong_budgets_are_refused_at_once(budgets, message):
    with pytest.raises(ConfigError, match=message):
        RiskParity(budgets)


def test_budgets_must_fit_the_assets():
    found = make_distribution(np.eye(2))
    with pytest.raises(ConfigError, match=r"`budgets` names the unknown 'AO'\. Known: A0, A1"):
        RiskParity({"AO": 1, "A1": 1}).solve(found)
    with pytest.raises(DataError, match=r"`budgets` has no entry for 'A1'"):
        RiskParity({"A0": 1}).solve(found)
    with pytest.raises(ConfigError, match="need the context"):
        RiskParity({"A0": 1}).solve_arrays(np.zeros(1), np.eye(1))


def test_budgets_are_found_by_name_not_by_position():
    covariance = random_covariance(np.random.default_rng(3), 3)
    forward = solve(covariance, {"A0": 1, "A1": 2, "A2": 3})
    np.testing.assert_array_equal(forward, solve(covariance, {"A2": 3, "A1": 2, "A0": 1}))
    series = pd.Series({"A2": 3, "A0": 1, "A1": 2})
    np.testing.assert_array_equal(forward, solve(covariance, series))
