"""The page Data: every tab, every state of the data, and one interaction of each kind."""

import json

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices

import blportfolio as bl
from blportfolio.app import source, uploads
from blportfolio.app.source import Source
from blportfolio.data.cache import PriceCache, PriceInfo
from blportfolio.data.universe import find_universe

TABS = ("Coverage", "Quality", "Assets", "Membership", "Source and files", "Cache")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of prices that is the test's own."""
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path / "prices"))
    return PriceCache(tmp_path / "prices")


def fill(cache, tickers, n_dates=300, days_ago=0, start="2015-01-02"):
    fetched = pd.Timestamp.now("UTC") - pd.Timedelta(days=days_ago)
    for seed, ticker in enumerate(tickers):
        prices = make_prices(seed, n_dates, 1)["A0"]
        dates = pd.bdate_range(start, periods=n_dates)
        info = PriceInfo(
            ticker, "yahoo", fetched.isoformat(), "1990-01-01", str(dates[-1].date()), "USD"
        )
        cache.write(ticker, pd.DataFrame({"prices": prices.to_numpy()}, index=dates), info)


def words(page):
    kinds = (page.markdown, page.caption, page.error, page.warning, page.info, page.success)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def alts(page):
    return [element.proto.alt for element in page.get("vega_lite_chart")]


def check_clean(page):
    assert not page.exception
    assert not page.error, [element.value for element in page.error]
    assert "nan" not in words(page).lower().replace("finan", "")


@pytest.fixture
def own_file(monkeypatch, tmp_path):
    """Makes a frame of prices the visitor's own file."""

    def put(prices, **reading):
        path = tmp_path / "prices.csv"
        prices.to_csv(path, index_label="date")
        own = Source(
            "Own file", "upload", str(path), tuple(sorted(reading.items())), "1", "mine (2).csv"
        )
        monkeypatch.setattr(uploads, "own", lambda: {"mine": own})
        source._load.clear()

    yield put
    source._load.clear()


@pytest.mark.parametrize(
    ("name", "tab"),
    [*(("sp500_20", tab) for tab in TABS), ("industries_12", TABS[0]), ("industries_12", TABS[4])],
)
def test_every_tab_of_packaged_data_is_drawn(open_page, name, tab):
    page = open_page("data", data=name, data_tab=tab)
    check_clean(page)
    market = bl.load_dataset(name)
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["Assets"] == str(len(market.assets))
    assert shown["First date"] == str(market.dates[0].date())
    assert shown["Last date"] == str(market.dates[-1].date())
    assert shown["Frequency"] == ("daily" if name == "sp500_20" else "monthly")
    told = words(page)
    assert f"{market.periods_per_year:g} periods per year" in told
    assert f"Risk-free rate: {'no' if market.risk_free is None else 'yes'}." in told
    assert "fixed sample" in told
    if tab == "Coverage":
        table = page.dataframe[0].value
        assert table["Prices"].tolist() == [len(market.dates)] * len(market.assets)
        assert all("have a price on every date" in alt for alt in alts(page))
    if tab == "Source and files":
        described = bl.data.dataset_info(name)
        assert described.licence in told
        assert described.sha256 in page.dataframe[0].value["SHA-256"].tolist()


@pytest.mark.parametrize("state", ["no_runs", "damaged_run"])
def test_the_page_needs_no_run(open_page, state, request):
    request.getfixturevalue(state)
    check_clean(open_page("data"))


def test_the_findings_are_those_of_the_doctor_and_filtered_by_severity(open_page, own_file):
    prices = make_prices(2, 300, 4)
    prices.iloc[100, 1] *= 100
    own_file(prices)
    page = open_page("data", data="mine", data_tab="Quality")
    assert not page.exception
    report = bl.data.quality.examine(bl.data.bars.Bars(prices), name="x")
    everything = page.dataframe[0].value
    assert len(everything) == len(report.findings)
    assert everything["Severity"].str.contains("serious").sum() == sum(
        finding.severity == "serious" for finding in report.findings
    )
    assert "Correct what is serious" in words(page)
    page.pills(key="severity").set_value("serious").run()
    shown = page.dataframe[0].value
    assert shown["Severity"].str.contains("serious").all()
    assert len(shown) == everything["Severity"].str.contains("serious").sum() > 0
    assert "A1" in shown["Asset"].tolist()


def test_the_repair_is_offered_and_leaves_the_file_alone(open_page, own_file, tmp_path):
    prices = make_prices(2, 300, 4)
    prices.iloc[100, 1] *= 100
    own_file(prices)
    before = (tmp_path / "prices.csv").read_bytes()
    page = open_page("data", data="mine", data_tab="Quality")
    page.button(key="repair").click().run()
    assert not page.exception
    assert page.success[0].value.startswith("Made 1 change.")
    assert "0 serious" in page.success[0].value
    _, (text, log, changes, _) = page.session_state["data_repaired"]
    again = pd.read_csv(pd.io.common.StringIO(text), index_col=0)
    assert again.iloc[100, 1] == pytest.approx(prices.iloc[100, 1] / 100)
    assert "A1" in log
    assert changes == 1
    assert (tmp_path / "prices.csv").read_bytes() == before


def test_a_file_that_cannot_be_used_is_a_sentence_with_what_the_doctor_finds(open_page, own_file):
    prices = make_prices(2, 300, 3)
    prices.iloc[50:80, 1] = np.nan
    own_file(prices)
    page = open_page("data", data="mine")
    assert not page.exception
    assert len(page.error) == 1
    assert "A1" in page.error[0].value
    assert page.title[0].value == "Data"
    assert "A1" in page.dataframe[0].value["Asset"].tolist()
    assert page.header  # the cache is still there
    assert any("data fetch" in one.value for one in page.info)


def test_a_file_that_is_no_table_is_a_sentence(open_page, own_file, tmp_path):
    own_file(make_prices(0, 5, 1))
    (tmp_path / "prices.csv").write_bytes(b"\x00\x01\x02" * 100)
    page = open_page("data", data="mine")
    assert not page.exception
    assert page.error


def test_late_listings_and_early_ends_are_drawn_and_counted(open_page, own_file):
    prices = make_prices(3, 400, 4)
    prices.iloc[:100, 1] = np.nan
    prices.iloc[300:, 2] = np.nan
    own_file(prices)
    page = open_page("data", data="mine")
    check_clean(page)
    assert "2 of 4 assets have a price on every date, 1 begin later, 1 end earlier." in words(page)
    table = page.dataframe[0].value
    assert table["Asset"].tolist()[:2] == ["A1", "A2"]
    assert table["Missing before"].tolist()[0] == 100
    assert any("years ago" in one.value for one in page.warning)  # the file is old


@pytest.mark.parametrize(
    ("n_dates", "n_assets", "tab"),
    [(60, 1, "Coverage"), (60, 1, "Assets"), (3, 2, "Assets"), (80, 60, "Coverage")],
)
def test_small_and_wide_files_are_drawn(open_page, own_file, n_dates, n_assets, tab):
    own_file(make_prices(0, n_dates, n_assets))
    page = open_page("data", data="mine", data_tab=tab)
    check_clean(page)
    if n_assets > 40:
        assert "The 40 least covered of 60 assets are drawn" in words(page)


def test_one_asset_is_chosen_and_its_axis(open_page):
    page = open_page("data", data_tab="Assets", asset_shown="KO")
    market = bl.load_dataset("sp500_20")
    assert page.selectbox(key="asset_shown").value == "KO"
    assert f"{market.prices['KO'].iloc[-1]:,.4g}" in alts(page)[0]
    page.segmented_control(key="asset_scale").set_value("linear").run()
    page.selectbox(key="asset_shown").set_value("PG").run()
    check_clean(page)
    assert alts(page)[0].startswith("Adjusted price of PG")
    spec = json.loads(page.get("vega_lite_chart")[0].proto.spec)
    assert "linear scale" in json.dumps(spec)


def test_an_asset_of_other_data_in_the_url_is_no_error(open_page):
    page = open_page("data", data="industries_12", data_tab="Assets", asset_shown="KO")
    check_clean(page)
    assert page.selectbox(key="asset_shown").value in bl.load_dataset("industries_12").assets


def test_a_cached_universe_shows_its_members_over_time(open_page, own_cache):
    universe = find_universe("sector_etfs")
    fill(own_cache, universe.tickers, days_ago=30)
    page = open_page("data", data="sector_etfs", data_tab="Membership")
    check_clean(page)
    assert "members have a price on the last date" in words(page)
    assert alts(page)[0].startswith("Members of the universe over time.")
    spells = page.dataframe[0].value
    assert "XLE" in spells["Asset"].tolist()
    assert "SPY" not in spells["Asset"].tolist()
    assert any(
        "blportfolio data fetch sector" in one.value.replace("\\", "") for one in page.warning
    )


def test_a_universe_with_too_few_prices_is_shown_with_what_is_missing(open_page, own_cache):
    tickers = find_universe("dow30").tickers
    fill(own_cache, tickers[::4], n_dates=1500, start="2005-01-03")
    page = open_page("data", data="dow30", data_tab="Membership")
    assert not page.exception
    assert len(page.error) == 1
    assert "min_coverage" in page.error[0].value.replace("\\", "")
    told = words(page)
    assert "of 30 members have a price on the last date" in told
    assert alts(page)[0].startswith("Members of the universe over time.")
    page = open_page("data", data="dow30", data_tab="Source and files")
    assert "No prices of" in words(page)


def test_the_cache_is_listed_with_ages_and_damaged_files(open_page, own_cache):
    fill(own_cache, ["AAPL", "KO"], days_ago=30)
    own_cache.path("PG").write_bytes(b"lost")
    page = open_page("data", data_tab="Cache")
    assert not page.exception
    table = page.dataframe[0].value.set_index("Ticker")
    assert table.loc["AAPL", "Age in days"] == pytest.approx(30, abs=0.1)
    assert table.loc["AAPL", "Last date"] == str(
        pd.bdate_range("2015-01-02", periods=300)[-1].date()
    )
    assert "2 of 3 were last compared" in words(page)
    assert any("PG" in one.value for one in page.error)


def test_what_somebody_wrote_into_a_file_is_shown_as_text(open_page, own_file):
    prices = make_prices(0, 300, 3)
    prices.columns = ["<script>alert(1)</script>", "[x](javascript:1)", "=cmd()"]
    own_file(prices)
    for tab in TABS[:5]:
        page = open_page("data", data="mine", data_tab=tab)
        assert not page.exception
        assert not any("[x](javascript" in one.value for one in (*page.markdown, *page.caption))
        assert not any("<script>" in one.value for one in (*page.markdown, *page.caption))
