import csv
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT, dev_data, make_prices

import blportfolio as bl
from blportfolio.data.cache import PriceCache
from blportfolio.data.cache.price_file import PriceInfo
from blportfolio.data.importing import import_files
from blportfolio.data.universe import find_universe, is_universe, list_universes, resolve
from blportfolio.data.universes import cached_universes, load_universe
from blportfolio.errors import ConfigError, DataError

FOLDER = ROOT / "data"


@pytest.fixture
def cache(tmp_path):
    return PriceCache(tmp_path / "cache")


def store(cache, prices):
    """Put prices into a cache as a download would."""
    for ticker in prices:
        known = prices[ticker].dropna()
        day = str(known.index[0].date()), str(known.index[-1].date())
        info = PriceInfo(ticker, "test", dt.datetime(2024, 1, 1, tzinfo=dt.UTC).isoformat(), *day)
        cache.write(ticker, pd.DataFrame({"close": known, "prices": known}), info)


def made(tickers, n_dates=300, start="2018-01-01", seed=0):
    return make_prices(seed, n_dates, len(tickers), start=start).set_axis(list(tickers), axis=1)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_the_packaged_universes_are_those_of_the_papers_and_two_for_breadth():
    assert list_universes() == ["dow30", "dow41_paper", "late_19", "sector_etfs", "sp500_100"]
    sectors = find_universe("sector_etfs")
    assert len(sectors.tickers) == 12
    assert sectors.membership()["SPY"] == ()
    assert sectors.membership()["XLRE"] == ((pd.Timestamp("2015-10-08"), None),)
    assert len(find_universe("dow41_paper").tickers) == 41


@pytest.mark.parametrize("name", list_universes())
def test_every_universe_states_source_licence_and_caveats(name):
    file = find_universe(name).file
    assert file.title
    assert file.source
    assert file.licence
    assert file.caveats
    text = (FOLDER / name / "README.md").read_text(encoding="utf-8")
    for word in ("Source", "Licence", "urvivor", f"blportfolio data fetch {name}"):
        assert word in text, word


def test_the_dow_has_thirty_members_on_every_day():
    dates = pd.bdate_range("1991-05-06", "2026-11-20")
    covered = find_universe("dow30").coverage(pd.DataFrame(index=dates))
    assert set(covered["members"]) == {30}


@pytest.mark.parametrize(
    ("date", "ticker", "is_member"),
    [
        ("2008-09-19", "AIG", True),  # left on the 22nd
        ("2008-09-22", "AIG", False),
        ("2017-08-31", "DD", False),  # E. I. du Pont, whose prices Yahoo's DD has not
        ("2017-09-01", "DD", True),
        ("2003-01-24", "JPM", False),  # J.P. Morgan & Co; Yahoo's JPM was Chase
        ("2003-01-27", "JPM", True),
        ("1998-01-02", "C", True),  # Travelers Group
        ("1998-01-02", "TRV", False),  # St. Paul
        ("2004-04-07", "T", True),  # SBC, as AT&T Corp has no series
        ("1999-10-29", "T", False),
        ("2020-04-03", "RTX", True),  # United Technologies
        ("2026-06-29", "GOOGL", True),
        ("2026-06-29", "VZ", False),
    ],
)
def test_a_ticker_is_a_member_only_while_it_is_the_company(date, ticker, is_member):
    spells = find_universe("dow30").membership()[ticker]
    day = pd.Timestamp(date)
    inside = any(first <= day and (last is None or day <= last) for first, last in spells)
    assert inside is is_member


def test_the_paper_s_members_are_as_many_as_its_table_says():
    universe = find_universe("dow41_paper")
    dates = pd.bdate_range("1994-01-05", "2024-02-22")
    members = universe.coverage(pd.DataFrame(index=dates))["members"]
    assert members["1994-06-01"] == 22
    assert members["1998-06-01"] == 24
    assert members["2000-06-01"] == 27
    assert members.value_counts().idxmax() == 29


def test_spells_without_a_day_between_them_are_one():
    assert find_universe("dow30").membership()["KO"] == ((pd.Timestamp("1987-03-12"), None),)
    assert find_universe("dow30").membership()["UNH"] == ((pd.Timestamp("2012-09-24"), None),)
    assert len(find_universe("dow30").membership()["HON"]) == 2


def test_a_universe_that_was_not_fetched_says_how(cache):
    with pytest.raises(DataError, match="blportfolio data fetch sector_etfs"):
        load_universe("sector_etfs", cache=cache)
    assert cached_universes(cache) == []


def test_a_fetched_universe_holds_members_only_and_shows_its_benchmark(cache):
    names = [t for t in find_universe("sector_etfs").tickers if t != "XLRE"]
    prices = made(names)
    prices.loc[:"2018-06-18", "XLC"] = np.nan
    store(cache, prices)
    market = load_universe("sector_etfs", cache=cache)
    assert set(market.assets) == set(names)
    assert market.currency == "USD"
    assert "No prices of XLRE." in market.notes
    assert any("10 of 11 members" in note for note in market.notes)
    inside = pd.DataFrame(market.members(), market.dates, market.prices.columns)
    assert not inside["SPY"].any()
    assert inside["XLC"].idxmax() == pd.Timestamp("2018-06-19")
    assert "sector_etfs/universe.toml" in market.sources
    plan = bl.Strategy("e", objective=bl.EqualWeight(), lookback=30)
    result = bl.run_backtest(plan, market)
    assert (result.weights["SPY"] == 0).all()
    assert (result.weights["XLF"] > 0).all()


def test_a_universe_available_by_name_is_available_everywhere(cache, monkeypatch):
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(cache.folder))
    assert "sector_etfs" not in bl.list_datasets()
    store(cache, made(find_universe("sector_etfs").tickers))
    # The cache of the variable may be a folder of that one.
    store(PriceCache(), made(find_universe("sector_etfs").tickers))
    assert "sector_etfs" in bl.list_datasets()
    market = bl.load_dataset("sector_etfs", start="2018-03-01", end="2018-12-31")
    assert str(market.dates[0].date()) == "2018-03-01"
    with pytest.raises(ConfigError, match="is none"):
        bl.load_dataset("sp500_20", min_coverage=0.5)
    with pytest.raises(DataError, match="Did you mean 'sector_etfs'"):
        bl.load_dataset("sector_etf")


def test_too_little_coverage_is_refused_with_the_dates_that_would_do(cache, tmp_path):
    path = write(tmp_path / "mine.toml", 'tickers = ["A", "B", "C", "D"]\n')
    prices = made(["A", "B", "C"])
    prices.iloc[:100, 1:] = np.nan
    store(cache, prices)
    day = prices.index
    with pytest.raises(DataError, match=rf"1 of 4 members on {day[0].date()}.*{day[100].date()}"):
        load_universe(path, cache=cache)
    market = load_universe(path, cache=cache, start=str(day[100].date()))
    assert market.name == "mine"
    assert "75%" in next(note for note in market.notes if note.startswith("Coverage"))
    assert len(load_universe(path, cache=cache, min_coverage=0.25).dates) == 300
    covered = load_universe(path, cache=cache, covered_from=str(day[100].date()))
    assert len(covered.dates) == 300  # windows may reach back to before
    with pytest.raises(DataError, match=r"min_coverage.*0 to 1"):
        load_universe(path, cache=cache, min_coverage=60)


def test_windows_reach_back_before_membership_begins(cache, tmp_path):
    text = """
        start = 2018-06-01
        prices_from = 2018-01-01
        [membership]
        A = [[2018-06-01, 2018-12-31]]
        B = [[2017-01-02]]
        C = [[2018-09-03]]
        D = [[2017-01-02, 2018-03-01]]
    """
    path = write(tmp_path / "mine.toml", text)
    prices = made(["A", "B", "C", "D"])
    prices.loc[:"2018-08-31", "C"] = np.nan
    store(cache, prices)
    market = load_universe(path, cache=cache)
    assert market.dates[0] == prices.index[0]
    inside = pd.DataFrame(market.members(), market.dates, market.prices.columns)
    assert not inside[:"2018-05-31"].to_numpy().any()
    assert inside.loc["2018-06-01"].tolist() == [True, True, False, False]
    assert any("2 of 2 members on 2018-06-01" in note for note in market.notes)
    plan = bl.Strategy("e", objective=bl.EqualWeight(), lookback=100)
    held = bl.run_backtest(plan, market).weights
    assert str(held.index[0].date()) == "2018-06-29"  # 128 returns, 20 of them as a member
    assert held.iloc[0].tolist() == [0.5, 0.5, 0, 0]
    path.write_text(text.replace("prices_from = 2018-01-01", "prices_from = 2018-07-01"))
    with pytest.raises(ConfigError, match="`prices_from` must not be after `start`"):
        load_universe(path, cache=cache)


def test_the_first_decision_on_the_paper_s_stocks_has_its_whole_window(dev_market):
    market = dev_market("dow41_paper", "dow_ohlcv_1991_2018.parquet")
    plan = bl.Strategy("m", objective=bl.MinVariance(), lookback=150)
    first = bl.run_backtest(plan, market, end="1994-06-30").weights
    assert str(first.index[0].date()) == "1994-01-31"  # the first month end of table 5
    assert not market.members()[market.dates < "1994-01-05"].any()


def test_coverage_counts_members_not_tickers():
    universe = find_universe("dow30")
    dates = pd.bdate_range("2016-01-01", "2018-12-31")
    prices = pd.DataFrame(1.0, dates, ["DD", "KO", "SPY"])
    covered = universe.coverage(prices)
    assert covered["priced"]["2017-08-31"] == 1
    assert covered["priced"]["2017-09-01"] == 2
    np.testing.assert_allclose(covered["share"], covered["priced"] / 30)


BROKEN = {
    "nobody": ('title = "x"\n', "names no member"),
    "typo": ('tickers = ["A"]\ntikers = ["B"]\n', "Did you mean 'tickers'"),
    "ticker": ('tickers = ["../A"]\n', "is no ticker"),
    "listed": ('tickers = ["A"]\n[listed]\nB = 2000-01-01\n', "'B', which is none"),
    "dates": ("[membership]\nA = [[2001-01-01, 2000-01-01]]\n", "ends before it begins"),
    "three": ("[membership]\nA = [[2001-01-01, 2002-01-01, 2003-01-01]]\n", "membership"),
    "file": ('membership_file = "none.csv"\n', "cannot be read"),
    "columns": ('membership_file = "columns.csv"\n', "lacks the column 'opt_in'"),
    "line": ('membership_file = "line.csv"\n', "line 3"),
    "toml": ("tickers = [\n", "not valid TOML"),
    "folder": ('membership_file = "../columns.csv"\n', "a file beside it"),
    "order": ('membership_file = "order.csv"\n', "line 2"),
    "calendar": ('tickers = ["A"]\ncalendar = "lunar"\n', "calendar"),
    "coverage": ('tickers = ["A"]\nmin_coverage = 60\n', "min_coverage"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_universe_file_is_refused_in_one_sentence(name, tmp_path):
    text, match = BROKEN[name]
    write(tmp_path / "columns.csv", "symbol,opt_out\nA,2000-01-01\n")
    write(tmp_path / "line.csv", "symbol,opt_in,opt_out\nA,2000-01-01,\nB,2000-13-01,\n")
    write(tmp_path / "order.csv", "symbol,opt_in,opt_out\nA,2000-01-02,2000-01-01\n")
    path = write(tmp_path / f"{name}.toml", text)
    with pytest.raises((ConfigError, DataError), match=match) as caught:
        find_universe(path)
    assert "\n" not in str(caught.value)


def test_an_unknown_universe_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match="Did you mean 'dow30'"):
        find_universe("dow3")
    assert not is_universe("sp500_20")
    assert not is_universe("absent.toml")


def test_what_is_nearly_the_name_of_a_universe_or_a_file_is_no_ticker(tmp_path):
    with pytest.raises(ConfigError, match="Did you mean 'sector_etfs'"):
        resolve("sector_etf")
    with pytest.raises(DataError, match=r"There is no file 'absent\.toml'"):
        resolve("absent.toml")
    path = write(tmp_path / "own.toml", 'tickers = ["ko"]\nbenchmarks = ["spy"]\n')
    tickers, universe = resolve(path)
    assert tickers == ("KO", "SPY")
    assert universe is not None
    assert resolve("ko DOW") == (("KO", "DOW"), None)


def test_a_universe_says_how_its_exchanges_are_joined(cache, tmp_path):
    prices = made(["KO", "X-USD"])
    prices.iloc[100:103, 0] = np.nan
    store(cache, prices)
    path = write(tmp_path / "own.toml", 'tickers = ["KO", "X-USD"]\ncalendar = "common"\n')
    assert len(load_universe(path, cache=cache).dates) == 297
    assert len(load_universe(path, cache=cache, calendar="union").dates) == 300


def test_the_sector_etfs_of_the_development_data_load_by_name(cache):
    folder = dev_data("sector_etf_ohlcv_2000_2019.csv.gz").parent
    report = import_files("sector_etfs", folder, cache)
    assert [one.ticker for one in report.failed] == ["XLRE"]
    market = load_universe("sector_etfs", cache=cache, start="2004-01-01")
    years = (market.dates[-1] - market.dates[0]).days / 365.25
    growth = (market.prices["SPY"].iloc[-1] / market.prices["SPY"].iloc[0]) ** (1 / years) - 1
    assert growth == pytest.approx(0.0902, abs=0.002)  # the notes on the data: 9.02 % a year
    assert str(market.lifetimes()["first"]["XLC"].date()) == "2018-06-19"


def test_the_dow_of_the_development_data_is_covered_as_its_notes_say(cache):
    folder = dev_data("dow_ohlcv_1991_2018.parquet").parent
    import_files("dow30", folder, cache)
    market = load_universe("dow30", cache=cache)
    covered = find_universe("dow30").coverage(market.prices)["priced"]
    at = {"1992-06-01": 20, "1995-06-01": 20, "1999-06-01": 23, "2003-01-02": 25,
          "2008-12-01": 28, "2018-12-31": 30}  # fmt: skip
    assert {day: covered[day] for day in at} == at
    with pytest.raises(DataError, match="min_coverage"):
        load_universe("dow30", cache=cache, min_coverage=0.9)


def test_the_membership_file_is_the_one_of_its_source():
    text = (FOLDER / "dow30" / "membership.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert list(rows[0]) == ["symbol", "name", "opt_in", "opt_out", "yahoo_series_same_company"]
    assert len({(row["symbol"], row["opt_in"]) for row in rows}) == len(rows)


def test_the_hundred_stocks_are_those_that_the_lot_drew():
    source = dev_data("sp500_scale_adjclose_2010_2019_wide.parquet")
    names = sorted(set(pd.read_parquet(source).columns) - {"date"})
    assert len(names) == 427
    drawn = np.random.default_rng(0).choice(names, 100, replace=False)
    assert find_universe("sp500_100").tickers == tuple(sorted(drawn))


def test_stocks_are_listed_when_they_have_their_first_price():
    source = dev_data("pypfopt_19stocks_1990_2018.csv.gz")
    prices = pd.read_csv(source, index_col=0, parse_dates=True)
    universe = find_universe("late_19")
    assert universe.tickers == tuple(sorted(prices.columns))
    first = prices.apply(pd.Series.first_valid_index)
    begin = pd.Timestamp(universe.file.start)
    late = {ticker: date for ticker, date in first.items() if date > begin}
    assert {t: pd.Timestamp(date) for t, date in universe.file.listed.items()} == late
