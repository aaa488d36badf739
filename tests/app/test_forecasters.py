"""The page Forecasters: first look, contest, every tab, the demonstration, and damaged data."""

import re
import shlex

import numpy as np
import pandas as pd
import pytest
import typer

from blportfolio.app import source
from blportfolio.app.screens.forecasters import CONTEST, DEMO, state
from blportfolio.app.session import OPEN
from blportfolio.cli import app
from blportfolio.data import MarketData

UNDEFINED = re.compile(r"\b[Nn]a[Nn]\b|\binf\b|\bNone\b")


def words(page):
    kinds = (page.markdown, page.caption, page.error, page.warning, page.info, page.success)
    return "\n".join(element.value for kind in kinds for element in kind)


def alts(page):
    return [element.proto.alt for element in page.get("vega_lite_chart")]


def check_clean(page):
    assert not page.exception
    assert not page.error, [error.value for error in page.error]
    assert not UNDEFINED.search(words(page))
    assert not any(UNDEFINED.search(text) for text in alts(page))
    for frame in page.dataframe:
        assert not frame.value.isna().any(axis=None)


def market(prices, freq="B", per_year=252):
    n_dates = len(next(iter(prices.values())))
    index = pd.date_range("2010-01-01", periods=n_dates, freq=freq)
    return MarketData(pd.DataFrame(prices, index=index), periods_per_year=per_year)


def walk(n, seed=0):
    return np.exp(np.cumsum(np.random.default_rng(seed).normal(scale=0.02, size=n)))


def wait(page):
    """Run the page until its contest has ended, as the browser does."""
    key = page.session_state["job:contest"]
    (job,) = [found for one in OPEN.values() if (found := one.jobs.get(key)) is not None]
    assert job.wait(60)
    page.run()


@pytest.fixture
def use(monkeypatch):
    """Puts a market of the test in place of the packaged data."""

    def put(data):
        monkeypatch.setattr(source, "_load", lambda *_: data)
        state._first_look.clear()

    yield put
    state._first_look.clear()


def test_the_first_start_shows_a_contest_of_the_sidebars_data_with_the_naive_in_it(open_page):
    page = open_page("forecasters")
    check_clean(page)
    assert "first look at AAPL" in page.info[0].value
    errors = page.dataframe[0].value
    assert errors["Forecaster"].iloc[0] == "zero"
    assert errors["Finding"].iloc[0] == "reference"
    assert errors["R² % [95 %]"].str.contains(r"\[.*,.*\]").sum() == len(errors) - 1
    assert len(alts(page)) == 3


@pytest.mark.parametrize("name", CONTEST)
def test_every_tab_of_the_contest_says_what_it_shows(open_page, name):
    page = open_page("forecasters", forecast_tab=name)
    check_clean(page)
    assert alts(page)
    assert all(len(text) > 40 for text in alts(page))


def test_the_command_and_the_files_are_those_of_the_contest(open_page):
    page = open_page("forecasters", data="industries_12")
    (code,) = [element.value for element in page.code]
    line = shlex.split(code)
    command = typer.main.get_command(app).commands["forecast"].commands["compare"]
    asked = command.make_context("compare", line[3:]).params
    assert asked["series"] == "industries_12"
    assert f"{asked['column'][0]}, log returns" in words(page).replace("\\", "")
    labels = [button.label for button in page.get("download_button")]
    assert labels == ["Figures (CSV)", "Contest (JSON)"]


@pytest.mark.parametrize("fixture", ["no_runs", "damaged_run"])
def test_the_page_needs_no_run(open_page, request, fixture):
    request.getfixturevalue(fixture)
    check_clean(open_page("forecasters"))


def test_a_contest_runs_in_the_background_and_stays_after_reruns(open_page):
    page = open_page("forecasters", data="industries_12")
    page.multiselect(key="forecasters:industries_12:assets").set_value(["Durbl", "Manuf"])
    page.multiselect(key="forecasters:industries_12:horizons").set_value([3])
    page.multiselect(key="forecasters:who").set_value(["linear"])
    sent = next(button for button in page.button if button.label == "Hold the contest")
    sent.click().run()
    check_clean(page)
    wait(page)
    check_clean(page)
    assert "2 series" in words(page)
    assert not any("first look" in info.value for info in page.info)
    errors = page.dataframe[0].value
    assert errors["Forecaster"].tolist() == ["zero", "mean", "autoregression", "linear"]
    page.run()
    assert "2 series" in words(page)
    page.session_state["forecast_tab"] = "Learning curves"
    page.run()
    check_clean(page)
    assert "closed form" in words(page)
    page.session_state["data"] = "sp500_20"
    page.session_state["forecast_tab"] = "Errors"
    page.run()
    assert "first look at AAPL" in page.info[0].value


def test_no_series_is_asked_for_in_a_sentence(open_page):
    page = open_page("forecasters")
    page.multiselect(key="forecasters:sp500_20:assets").set_value([])
    next(button for button in page.button if button.label == "Hold the contest").click().run()
    assert "choose one or more" in page.error[0].value
    assert len(alts(page)) == 3  # the rest of the page is there


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (market({"A": walk(30)}), "These data hold no contest"),
        (market({"A": walk(3)}), "too few to learn from"),
    ],
    ids=["thirty days", "three days"],
)
def test_series_too_short_are_refused_and_the_demonstration_still_works(open_page, use, data, told):
    use(data)
    page = open_page("forecasters")
    assert told in words(page)
    assert "Traceback" not in words(page)
    page.session_state["forecast_tab"] = DEMO
    page.run()
    assert any(text.startswith("Error over that of zero by model") for text in alts(page))


def late():
    prices = {"ended": walk(1_200), "late": walk(1_200, 1), "most": walk(1_200, 2)}
    prices["ended"][500:] = np.nan
    prices["most"][:200] = np.nan
    prices["late"][:900] = np.nan
    return market(prices)


@pytest.mark.parametrize(
    "data",
    [
        market({"A": walk(1_200)}),
        market({"A": walk(180), "B": walk(180, 1)}, "ME", 12),
        market({"A": walk(90)}, "ME", 12),
        market({"A": np.append(walk(900), np.full(300, 2.0))}),
        late(),
    ],
    ids=["one series", "monthly", "few months", "still at the end", "late listings"],
)
def test_other_peoples_data_have_a_first_look_without_undefined_figures(open_page, use, data):
    use(data)
    page = open_page("forecasters")
    for name in CONTEST:
        page.session_state["forecast_tab"] = name
        page.run()
        check_clean(page)
        assert alts(page)


def test_the_demonstration_answers_with_error_bars_and_checked_claims(open_page):
    page = open_page("forecasters", forecast_tab=DEMO)
    check_clean(page)
    said = words(page)
    assert "holds here" in said
    assert "does not hold here" in said
    assert "transformers fail" not in said.lower()
    before = alts(page)[0]
    page.slider(key="demo:gamma").set_value(-0.6)
    page.radio(key="demo:regime").set_value("all")
    next(button for button in page.button if button.label == "Run quickly").click().run()
    check_clean(page)
    assert alts(page)[0] != before
    assert "γ -0.6" in words(page).replace("\\", "")


def test_choices_of_the_demonstration_that_hold_no_process_are_explained(open_page):
    page = open_page("forecasters", forecast_tab=DEMO)
    page.slider(key="demo:gamma").set_value(-0.7)
    page.slider(key="demo:dimension").set_value(4)
    next(button for button in page.button if button.label == "Run quickly").click().run()
    assert "gamma" in page.error[0].value
