import datetime as dt

import numpy as np
import pytest
from helpers import make_prices

from blportfolio.data.cache import PriceCache
from blportfolio.data.cached import load_cached
from blportfolio.data.importing import import_files
from blportfolio.errors import BLPortfolioWarning, DataError


@pytest.fixture
def cache(tmp_path):
    return PriceCache(tmp_path / "cache")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "vendor").mkdir()
    return tmp_path / "vendor"


def made(tickers, n_dates=300, start="2018-01-01", seed=0):
    return make_prices(seed, n_dates, len(tickers), start=start).set_axis(list(tickers), axis=1)


def test_files_are_imported_as_a_download_would_be(cache, tmp_path):
    prices = made(["A", "B"])
    long = prices.rename_axis("date").reset_index().melt("date", None, "ticker", "close")
    long["adj_close"] = long["close"] * 0.5
    (tmp_path / "files").mkdir()
    long.to_csv(tmp_path / "files" / "bars.csv", index=False)
    report = import_files(["A", "B", "C"], tmp_path / "files", cache)
    assert [one.status for one in report.tickers] == ["downloaded", "downloaded", "failed"]
    assert "bars.csv" in report.tickers[0].reason
    bars = cache.read(["A", "B"])
    np.testing.assert_allclose(bars.prices, prices * 0.5, rtol=1e-15)
    np.testing.assert_array_equal(bars.close, prices)
    again = import_files("A B", tmp_path / "files" / "bars.csv", cache)
    assert [one.status for one in again.tickers] == ["fresh", "fresh"]


def test_a_time_without_a_zone_is_taken_for_utc(cache, folder):
    made(["A"]).to_csv(folder / "A.csv", index_label="date")
    import_files("A", folder, cache, now=dt.datetime(2024, 1, 2, 3))
    assert cache.info("A").fetched == dt.datetime(2024, 1, 2, 3, tzinfo=dt.UTC)


def test_an_import_never_shortens_what_is_cached(cache, tmp_path):
    prices = made(["A", "B"])
    prices.rename_axis("date").to_csv(tmp_path / "long.csv")
    (prices.iloc[50:] * 1.01).rename_axis("date").to_csv(tmp_path / "short.csv")
    import_files("A B", tmp_path / "long.csv", cache)
    report = import_files("A B", tmp_path / "short.csv", cache)
    assert {one.status for one in report.tickers} == {"kept"}
    np.testing.assert_array_equal(cache.read(["A", "B"]).prices, prices)


def test_a_folder_without_files_of_prices_is_refused(cache, tmp_path):
    with pytest.raises(DataError, match="has no file"):
        import_files("A", tmp_path, cache)
    with pytest.raises(DataError, match="no file"):
        import_files("A", tmp_path / "absent.csv", cache)


def test_an_asset_that_ends_before_the_others_of_its_file_was_delisted(cache, folder):
    prices = made(["A", "B"])
    prices.iloc[200:, 1] = np.nan
    prices.to_csv(folder / "bars.csv", index_label="date")
    import_files("A B", folder, cache)
    market = load_cached("A B", cache=cache, max_gap=0)
    assert len(market.dates) == 300
    assert market.lifetimes()["survives"].tolist() == [True, False]


def test_an_asset_whose_file_ends_first_is_not_taken_for_a_delisted_one(cache, folder):
    prices = made(["A", "B", "C"])
    prices[["A", "B"]].iloc[:200].to_csv(folder / "old.csv", index_label="date")
    prices[["C"]].assign(D=prices["C"] + 1).to_csv(folder / "recent.csv", index_label="date")
    import_files("A B C", folder, cache)
    market = load_cached("A B C", cache=cache)
    assert market.dates[-1] == prices.index[199]
    assert any("cached prices of A, B go no further" in note for note in market.notes)


def test_of_files_of_one_asset_those_that_end_early_were_delisted(cache, folder):
    prices = made(["A", "B"])
    prices[["A"]].to_csv(folder / "a.csv", index_label="date")
    prices[["B"]].iloc[:200].to_csv(folder / "b.csv", index_label="date")
    import_files("A B", folder, cache)
    assert load_cached("A B", cache=cache).lifetimes()["survives"].tolist() == [True, False]


def test_what_several_files_did_is_reported_together(cache, folder):
    prices = made(["A", "B"])
    prices.to_csv(folder / "1.csv", index_label="date")
    (prices.iloc[50:] * 1.01).to_csv(folder / "2.csv", index_label="date")
    one, _ = import_files("A B", folder, cache).tickers
    assert one.status == "downloaded"
    assert "from 1.csv; kept from 2.csv" in one.reason


def test_a_file_of_a_folder_that_holds_no_prices_is_left_out_with_a_warning(cache, folder):
    made(["A", "B"]).to_csv(folder / "bars.csv", index_label="date")
    (folder / "notes.csv").write_text("not,a\nfile,of prices\n", encoding="utf-8")
    with pytest.warns(BLPortfolioWarning, match=r"Left out notes\.csv"):
        report = import_files("A B", folder, cache)
    assert [one.status for one in report.tickers] == ["downloaded"] * 2
    with pytest.raises(DataError):
        import_files("A B", folder / "notes.csv", cache)


def test_volumes_beside_prices_are_not_taken_for_prices(cache, folder):
    made(["A", "B"]).to_csv(folder / "z_close.csv", index_label="date")
    (made(["A", "B"]) * 1e4).round().to_csv(folder / "daily_volume.csv", index_label="date")
    with pytest.warns(BLPortfolioWarning, match="named after volumes"):
        import_files("A B", folder, cache)
    assert cache.read(["A"]).prices["A"].max() < 1e3


def test_columns_in_small_letters_are_the_tickers(cache, folder):
    made(["a", "b"]).to_csv(folder / "bars.csv", index_label="date")
    assert [one.status for one in import_files("A B", folder, cache).tickers] == ["downloaded"] * 2


def test_the_currency_that_a_file_names_is_that_of_the_market(cache, folder):
    long = made(["A", "B"]).rename_axis("date").reset_index().melt("date", None, "ticker", "close")
    long["currency"] = "EUR"
    long.to_csv(folder / "bars.csv", index=False)
    import_files("A B", folder, cache)
    assert load_cached("A B", cache=cache).currency == "EUR"


def test_the_currency_of_an_index_outlives_an_update_that_names_none(cache, folder):
    prices = made(["^X"])
    long = prices.rename_axis("date").reset_index().melt("date", None, "ticker", "close")
    long.iloc[:200].assign(currency="EUR").to_csv(folder / "first.csv", index=False)
    import_files("^X", folder / "first.csv", cache)
    long.to_csv(folder / "later.csv", index=False)
    assert import_files("^X", folder / "later.csv", cache).tickers[0].status == "updated"
    assert cache.info("^X").currency == "EUR"


def test_a_ticker_that_no_file_has_keeps_what_is_cached(cache, folder):
    made(["A", "B"]).to_csv(folder / "bars.csv", index_label="date")
    made(["C", "D"]).to_csv(folder / "others.csv", index_label="date")
    import_files("A", folder / "bars.csv", cache)
    kept, failed = import_files("A B", folder / "others.csv", cache).tickers
    assert (kept.status, kept.rows, kept.reason) == ("kept", 300, "not in others.csv")
    assert (failed.status, failed.rows) == ("failed", 0)
