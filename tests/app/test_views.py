"""The page Views: every model and tab, sliders, typed views, and what can be wrong with data."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl
from blportfolio.app import source
from blportfolio.app.screens.views import choices, own
from blportfolio.app.screens.views.sliders import SLIDERS, parameters_of
from blportfolio.app.screens.views.tabs import NAMES
from blportfolio.report.views import MODELS, Decision, ViewSettings

TEXT = "AAPL beats MSFT by 2% per year\nJNJ = 10% per year ± 5%"


def metrics(page):
    return {metric.label: metric.value for metric in page.metric}


def words(page):
    kinds = (page.markdown, page.caption, page.error, page.warning, page.info, page.success)
    return "\n".join(element.value for kind in kinds for element in kind)


def charts(page):
    return [element.proto for element in page.get("vega_lite_chart")]


def alt(page, beginning):
    found = [text for text in alts(page) if text.startswith(beginning)]
    assert len(found) == 1, alts(page)
    return found[0]


def alts(page):
    return [chart.alt for chart in charts(page)]


def check_clean(page):
    assert not page.exception
    assert not page.error, [error.value for error in page.error]
    said = words(page)
    assert "nan" not in said.lower().replace("finan", "")


@pytest.fixture
def use(monkeypatch):
    """Puts a market of the test in place of the packaged data."""

    def put(market):
        monkeypatch.setattr(source, "_load", lambda *_: market)
        choices._decision.clear()
        choices._panel.clear()

    yield put
    choices._decision.clear()
    choices._panel.clear()


def test_it_opens_on_the_packaged_data_with_the_dumbbell_first(open_page):
    page = open_page("views")
    check_clean(page)
    assert page.title[0].value == "Views"
    assert alts(page)[0].startswith("Prior, view and posterior mean by asset, per year, SLP-BL")
    assert "decision at the close of 2022-12-28 · 252 returns" in words(page)
    assert set(metrics(page)) == {
        "Views followed", "Largest change, per year", "Weights moved", "Log evidence, SLP-BL",
    }  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_every_model_is_shown_with_its_own_sliders(open_page, name):
    page = open_page("views", state={"view_model": name})
    check_clean(page)
    assert f"Log evidence, {MODELS[name]}" in metrics(page)
    shown = [slider.key for slider in page.select_slider]
    assert shown == [SLIDERS[p].key for p in parameters_of(name)]
    assert ("κ" in page.select_slider[-1].label) == (name == "fiv")


@pytest.mark.parametrize("name", NAMES)
def test_every_tab_is_drawn_when_it_is_open(open_page, name):
    page = open_page("views", state={"view_tab": name})
    check_clean(page)
    beginning = {
        "Trust and Ω": "Trust in each of 20 views",
        "Attribution": "What each of 20 views added",
        "Evidence": "Log evidence of this window over τ. Best",
        "Models side by side": "Posterior means of 6 models",
    }
    for tab, text in beginning.items():
        assert any(found.startswith(text) for found in alts(page)) == (tab == name)


def test_the_url_chooses_model_date_and_sliders(open_page):
    page = open_page(
        "views", view_model="FIV-BL", view_date="2020-06-30", view_tau="0.5", view_tab="Evidence"
    )
    check_clean(page)
    assert "Log evidence, FIV-BL" in metrics(page)
    assert "decision at the close of 2020-06-30" in words(page)
    assert page.select_slider(key="view_tau").value == 0.5
    assert alt(page, "Log evidence of this window over τ").split("current ")[1].startswith("0.5")


@pytest.mark.parametrize("parameter", ["tau", "risk_aversion", "view_scale", "strength"])
def test_a_slider_changes_figures_and_charts(open_page, parameter):
    page = open_page("views", state={"view_model": "fiv"})
    before, seen = metrics(page), alt(page, "Prior, view")
    slider = SLIDERS[parameter]
    page.select_slider(key=slider.key).set_value(slider.options(parameter)[3]).run()
    check_clean(page)
    assert metrics(page)["Log evidence, FIV-BL"] != before["Log evidence, FIV-BL"]
    assert alt(page, "Prior, view") != seen
    page.button[[b.label for b in page.button].index("Reset sliders")].click().run()
    assert metrics(page) == before


def test_a_larger_tau_follows_views_further(open_page):
    page = open_page("views")
    heeded = []
    for tau in (0.001, 0.05, 1.0):
        page.select_slider(key="view_tau").set_value(tau).run()
        heeded.append(float(metrics(page)["Views followed"].split(" of ")[0]))
    assert heeded == sorted(heeded)
    assert heeded[0] < heeded[-1]


def test_the_button_sets_a_slider_to_the_maximum_of_evidence(open_page):
    page = open_page("views", state={"view_tab": "Evidence"})
    best = float(alt(page, "Log evidence of this window over τ").split("Best ")[1].split(",")[0])
    page.button(key="view_to_best_evidence").click().run()
    check_clean(page)
    assert page.select_slider(key="view_tau").value == best
    assert page.button(key="view_to_best_evidence").disabled


def test_past_decisions_are_gone_through_when_asked(open_page):
    page = open_page("views", state={"view_tab": "Evidence"}, data="industries_12")
    assert not any("past decisions over" in text for text in alts(page))
    page.button(key="view_ask_past").click().run()
    check_clean(page)
    said = alt(page, "Log evidence of 119 past decisions over τ")
    best = float(said.split("Best ")[1].split(",")[0])
    page.button(key="view_to_best_past").click().run()
    check_clean(page)
    assert page.select_slider(key="view_tau").value == best
    assert not any("past decisions over" in text for text in alts(page))  # asked of another τ


def test_figures_of_one_period_are_those_of_the_model(open_page):
    page = open_page("views", state={"view_tab": NAMES[-1]})
    year = page.dataframe[0].value.set_index("asset")
    page.segmented_control(key="view_unit").set_value("one day").run()
    check_clean(page)
    day = page.dataframe[0].value.set_index("asset")
    np.testing.assert_allclose(year["posterior"], 252 * day["posterior"], rtol=1e-9)
    np.testing.assert_allclose(year["prior_sd"], np.sqrt(252) * day["prior_sd"], rtol=1e-9)


def test_other_features_are_learned_from_when_the_form_is_sent(open_page):
    page = open_page("views")
    before = metrics(page)
    page.multiselect(key="view_features").set_value(["rsi", "macd"])
    page.number_input(key="view_lookback").set_value(120)
    submit = next(b for b in page.button if b.label == "Learn the views")
    submit.click().run()
    check_clean(page)
    assert "120 returns" in words(page)
    assert metrics(page) != before


def test_typed_views_are_combined_with_the_learned_ones(open_page):
    page = open_page("views", state={"view_tab": "Your own views"})
    assert "No views are stated" in words(page)
    page.text_area(key=own.KEY).set_value(TEXT)
    next(b for b in page.button if b.label == "Hear them").click().run()
    check_clean(page)
    assert alt(page, "Your views in M-BL").count("posterior") == 2
    table = page.dataframe[0].value.set_index("name")
    assert list(table.index) == ["AAPL beats MSFT by 2% per year", "JNJ = 10% per year +/- 5%"]
    np.testing.assert_allclose(table["view"], [2, 10])
    assert table.loc["JNJ = 10% per year +/- 5%", "view_sd"] == pytest.approx(5)
    assert "choose M-BL or Classic BL to hear the 2" in words(page)
    page.segmented_control(key="view_model").set_value("mbl").run()
    check_clean(page)
    assert metrics(page)["Views followed"].endswith(" of 22")
    page.segmented_control(key="view_model").set_value("classic").run()
    assert metrics(page)["Views followed"].endswith(" of 2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("JNJ = 2%\nAPPL = 10% per year", r"Line 2 names 'APPL'.*Did you mean 'AAPL'"),
        ("AAPL beats 5%", r"Line 1: .*at character 14"),
        ("<b>AAPL</b> = 5%", r"Line 1"),
    ],
)
def test_a_view_that_cannot_be_read_is_named_and_the_rest_is_shown(open_page, text, message):
    page = open_page("views", state={"view_tab": "Your own views", own.KEY: text})
    said = re.sub(r"\\(.)", r"\1", words(page))
    assert re.search(message, said), said
    assert len(page.error) == 1
    assert alt(page, "Prior, view")


def test_weights_that_look_like_a_slip_are_doubted(open_page):
    text = "AAPL + MSFT = 10% per year"
    page = open_page("views", state={"view_tab": "Your own views", own.KEY: text})
    check_clean(page)
    assert "sum to 2" in words(page)
    assert "0.5\\*A" in words(page)


def test_views_that_contradict_each_other_are_an_error_and_no_traceback(open_page):
    text = "AAPL = 2%, confidence 100%\nAAPL = 3%, confidence 100%"
    page = open_page("views", state={own.KEY: text, "view_model": "mbl"})
    assert "contradict each other" in page.error[0].value
    page.segmented_control(key="view_model").set_value("slp").run()
    assert not page.error


def test_a_nu_of_k_plus_1_is_said_to_leave_omega_without_a_mean(open_page):
    page = open_page("views", state={"view_model": "fiv", "view_kappa": 0.0})
    assert "is k + 1 = 21 for k = 20 views" in page.error[0].value.replace("\\", "")
    page.select_slider(key="view_kappa").set_value(0.5).run()
    check_clean(page)


def test_without_features_it_says_so_and_what_to_do(open_page):
    page = open_page("views", state={"view_features": []})
    assert not page.exception
    assert not page.error
    assert "No asset has a view at this date" in words(page)
    assert "How views are learned" in words(page)
    assert alt(page, "Weights before and after")
    for name in NAMES[1:]:
        page.session_state["view_tab"] = name
        page.run()
        assert not page.exception
        assert not page.error


def test_a_window_too_short_for_the_horizon_says_what_to_change(open_page):
    page = open_page("views", state={"view_lookback": 20})
    assert "Lengthen the lookback" in page.error[0].value
    assert page.select_slider


def test_one_asset_is_explained(open_page, use, sample_market):
    from blportfolio import MarketData

    use(MarketData(sample_market.prices[["JNJ"]]))
    for name, tab in zip([*MODELS, "slp", "fiv"], NAMES, strict=True):
        page = open_page("views", state={"view_model": name, "view_tab": tab})
        check_clean(page)
    assert "1 of 1 assets" in words(page)


def test_monthly_data_are_called_months(open_page):
    page = open_page("views", data="industries_12")
    check_clean(page)
    said = words(page)
    assert "in excess of the risk-free rate" in said
    assert "one month times 12" in said
    assert page.segmented_control(key="view_unit").options == ["year", "one month"]


def test_settings_of_other_data_are_let_go(open_page):
    page = open_page(
        "views",
        data="industries_12",
        state={
            "view_lookback": 100_000,
            "view_date": pd.Timestamp("2022-06-30").date(),
            "view_features": ["momentum", "vix"],
        },
    )
    check_clean(page)
    assert "lies outside these data" in words(page)


def test_late_listings_and_gaps_leave_assets_out_without_a_word_of_nan(
    open_page, use, sample_market
):
    from blportfolio import MarketData

    prices = sample_market.prices.iloc[-400:, :5].copy()
    prices.iloc[:300, 0] = np.nan
    use(MarketData(prices))
    page = open_page("views")
    check_clean(page)
    assert "of 4 of 5 assets" in words(page)


def test_a_dozen_dates_are_explained_as_far_as_they_go(open_page, use, sample_market):
    from blportfolio import MarketData

    use(MarketData(sample_market.prices.iloc[:12, :3]))
    page = open_page("views")
    check_clean(page)
    assert "No asset has a view at this date" in words(page)
    page = open_page("views", state={"view_lookback": 2, "view_features": []})
    assert not page.exception


def test_the_download_is_what_the_page_shows(open_page):
    page = open_page("views", state={"view_tab": NAMES[-1], "view_model": "fiv"})
    labels = [button.label for button in page.get("download_button")]
    assert labels == ["Assets (CSV)", "Views (CSV)", "Everything (JSON)"]


def test_every_widget_has_help(open_page):
    page = open_page("views", state={"view_tab": "Evidence", "view_model": "fiv"})
    widgets = [
        *page.select_slider, *page.segmented_control, *page.date_input, *page.multiselect,
        *page.number_input, *page.selectbox,
    ]  # fmt: skip
    assert len(widgets) > 10
    for widget in widgets:
        assert widget.help, widget.label


def test_the_json_of_a_page_can_be_read(open_page, monkeypatch):
    from blportfolio.app import show

    taken = {}

    def take(_, data, file_name, __):
        taken[file_name] = data

    monkeypatch.setattr(show, "download", take)
    page = open_page(
        "views",
        state={"view_tab": NAMES[-1], "view_model": "mbl", own.KEY: TEXT},
        view_date="2020-06-30",
    )
    check_clean(page)
    name = "views_m-bl_2020-06-30"
    document = json.loads(taken[f"{name}.json"])
    assert document["settings"]["views"][1] == "JNJ = 10% per year +/- 5%"
    assert document["settings"]["tau"] == 0.05
    assert len(document["views"]) == 22
    assert taken[f"{name}_assets.csv"].count("\n") == 21


def test_a_view_per_year_is_also_told_for_the_time_it_looks_ahead(open_page):
    page = open_page("views", data="industries_12")
    (told,) = [one.value for one in page.caption if "pace kept up" in one.value]
    window = bl.make_window(
        bl.load_dataset("industries_12"), lookback=60, features=["momentum", "volatility"]
    )
    views = Decision(window).model("slp", ViewSettings()).distribution.views
    furthest = int(abs(views.mean - views.pick @ views.prior_mean).argmax())
    assert f"says {100 * views.mean[furthest]:.2f} % in that time" in told
    assert f"{1200 * views.mean[furthest]:.1f} % per year" in told
    assert "next month" in told
