"""The page Methods, and its worked example against plain numpy."""

import re

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2

from blportfolio.app.glossary import GLOSSARY
from blportfolio.app.screens.methods import TABS
from blportfolio.app.screens.methods.errata import ERRATA
from blportfolio.app.screens.methods.formulae import BACKTEST, MODELS
from blportfolio.report.worked_example import ASSETS, Inputs, influence_of_size, worked_example

GIVEN = Inputs()
SIGMA, X = np.array(GIVEN.covariance), np.array(GIVEN.forecast)
S0, FEATURES = GIVEN.tau * SIGMA, np.diag(GIVEN.forecast_error)
P, Q = np.array([GIVEN.pick]), np.array([GIVEN.view])
PRIOR = GIVEN.delta * (SIGMA + S0) @ np.array(GIVEN.reference)


def words(page):
    kinds = (page.markdown, page.caption, page.warning, page.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def by_precision(*terms):
    """Posterior from (precision, precision times mean) of independent statements about θ."""
    covariance = np.linalg.inv(sum(precision for precision, _ in terms))
    return covariance @ sum(pull for _, pull in terms), covariance


def expected(model):
    """What the formulae of the page give in plain numpy, each in its precision form."""
    inverse = np.linalg.inv
    prior = inverse(S0), inverse(S0) @ PRIOR
    omega = P @ S0 @ P.T
    stated = P.T @ inverse(omega) @ P, P.T @ inverse(omega) @ Q
    learned = inverse(FEATURES), inverse(FEATURES) @ X
    if model == "FIV-BL":
        return mixture()
    return by_precision(
        *{
            "Prior": [prior],
            "Classic": [prior, stated],
            "SLP-BL": [prior, learned],
            "M-BL": [prior, stated, learned],
        }[model]
    )


def mixture():
    """FIV-BL by scipy's quadrature over u, moment by moment."""
    n_views = 2
    psi, dof = GIVEN.strength * np.diag(np.diag(S0)), 3 + GIVEN.strength
    d = X - PRIOR

    def given(u):
        t = S0 + FEATURES + psi / u
        mean = PRIOR + S0 @ np.linalg.solve(t, d)
        cov = S0 - S0 @ np.linalg.solve(t, S0)
        weight = chi2.pdf(u, dof - n_views + 1) * np.exp(-0.5 * d @ np.linalg.solve(t, d))
        return weight / np.sqrt(np.linalg.det(t)), mean, cov + np.outer(mean, mean)

    def moment(pick):
        return quad(lambda u: given(u)[0] * pick(given(u)), 1e-9, 200, epsabs=0, epsrel=1e-10)[0]

    total = moment(lambda _: 1.0)
    mean = np.array([moment(lambda g, i=i: g[1][i]) for i in (0, 1)]) / total
    second = [[moment(lambda g, i=i, j=j: g[2][i, j]) for j in (0, 1)] for i in (0, 1)]
    return mean, np.array(second) / total - np.outer(mean, mean)


@pytest.mark.parametrize("model", ["Prior", "Classic", "SLP-BL", "M-BL", "FIV-BL"])
def test_the_worked_example_is_what_plain_numpy_gives(model):
    row = worked_example().loc[model]
    mean, covariance = expected(model)
    np.testing.assert_allclose(row["mean"], mean, rtol=1e-7)
    np.testing.assert_allclose(row["sd"], np.sqrt(np.diag(covariance)), rtol=1e-7)
    share = np.linspace(0, 1, 100_001)
    weights = np.column_stack([share, 1 - share])
    spread = np.sqrt(np.einsum("ij,jk,ik->i", weights, SIGMA + covariance, weights))
    best = share[np.argmax(weights @ mean / spread)]
    assert row["weight", ASSETS[0]] == pytest.approx(best, abs=2e-5)


def test_the_prior_of_the_example_is_explained_by_its_reference_portfolio():
    assert worked_example().loc["Prior", "weight"].tolist() == pytest.approx(GIVEN.reference)


def test_the_influence_of_a_view_is_that_of_a_brute_force_integral():
    sizes = (1.0, 8.0)
    found = influence_of_size(sizes)
    theta = np.linspace(-12, 30, 200_001)
    for size in sizes:  # ν = 6, Ψ = 4, k = 1: the view's error is a t with 6 degrees of freedom
        density = np.exp(-0.5 * theta**2) * (1 + (size - theta) ** 2 / 4) ** (-7 / 2)
        mean = (theta * density).sum() / density.sum()
        assert found.loc[size, "FIV-BL"] == pytest.approx(mean, rel=1e-9)
        assert found.loc[size, "Classic"] == pytest.approx(size / 2)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_is_drawn(open_page, tab):
    page = open_page("methods", methods_tab=tab)
    assert not page.error
    assert "not investment advice" in words(page).lower() or "investment advice" in words(page)
    wanted = {"Models": len(MODELS), "Backtest": len(BACKTEST)}
    if tab in wanted:
        titles = [one.value for one in page.header]
        assert len(titles) == wanted[tab] + 1
        assert len(page.latex) == sum(
            len(formula.latex) for formula in (MODELS if tab == "Models" else BACKTEST)
        )
    if tab == "Errata":
        assert len(page.table[0].value) == len(ERRATA)
    if tab == "Worked example":
        shown = page.dataframe[0].value
        answers = worked_example()
        assert shown["Model"].tolist() == list(answers.index)
        np.testing.assert_allclose(shown["Asset A: mean (%)"], 100 * answers["mean", "Asset A"])


@pytest.mark.parametrize("state", ["no_runs", "damaged_run"])
def test_the_page_needs_no_run(open_page, state, request):
    request.getfixturevalue(state)
    page = open_page("methods")
    assert not page.error
    assert page.title[0].value == "Methods"


def test_the_glossary_is_searched_by_name_and_meaning(open_page):
    page = open_page("methods", methods_tab="Glossary")
    assert len(page.table[0].value) == len(GLOSSARY)
    page.text_input(key="glossary").set_value("sharpe best").run()
    assert [text.split("\\")[0] for text in page.table[0].value["Term"]] == ["Deflated Sharpe"]
    page.text_input(key="glossary").set_value("no such word").run()
    assert not page.table
    assert "Try another word" in page.info[0].value
    page.text_input(key="glossary").set_value("[x](javascript:1) <b>").run()
    assert not page.exception
    assert "\\[x\\]" in page.info[0].value


@pytest.mark.parametrize("formula", [*MODELS, *BACKTEST], ids=lambda formula: formula.title)
def test_a_formula_has_its_assumptions_and_source_and_balanced_braces(formula):
    assert formula.assumes
    assert formula.source
    for line in formula.latex:
        assert line.count("{") == line.count("}")
        assert line.count(r"\left") - line.count(r"\leftarrow") == line.count(r"\right")
        assert len(re.findall(r"\\begin", line)) == len(re.findall(r"\\end", line))


CODE = [name for formula in (*MODELS, *BACKTEST) for name in re.findall(r"\w+", formula.code)]


def test_what_the_page_says_is_in_code_is_there():
    import blportfolio.bayes
    import blportfolio.optimise
    import blportfolio.report

    homes = (blportfolio, blportfolio.bayes, blportfolio.optimise, blportfolio.report)
    named = [name for name in CODE if "_posterior" in name or name.endswith("Prior")]
    named += ["MaxSharpe", "long_only_max_sharpe", "sharpe_interval", "deflated_sharpe"]
    named += ["bootstrap_sharpe_difference", "superior_predictive_ability", "replay_state"]
    for name in named:
        assert name in CODE
        assert any(hasattr(home, name) for home in homes), name
