import datetime as dt

import numpy as np
import pandas as pd
import pytest
from planted_faults import ANY, faults_for, matches
from real_bars import sector_etfs, sp500_20

from blportfolio.data.bars import Bars
from blportfolio.data.files import read_bars
from blportfolio.data.quality import Finding, examine, repair, write_repaired
from blportfolio.errors import OutputError

TODAY = dt.date(2026, 11, 25)
REPAIRED = ("×100, 1 day", "÷100, 1 day", "listed split not applied", "column twice")


@pytest.fixture(scope="module")
def closes():
    return Bars(sp500_20().prices.loc["1998":"2016"].iloc[:, :6])


def plant(bars, fault, seed):
    planted = faults_for(bars)[fault](np.random.default_rng(seed), bars)
    return planted, examine(planted.bars, name="x", today=TODAY)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("fault", REPAIRED)
def test_a_repaired_fault_is_gone_and_the_true_data_are_back(closes, fault, seed):
    planted, report = plant(closes, fault, seed)
    assert any(finding.fixable for finding in report.findings if matches(finding, planted))
    mended, log = repair(planted.bars, report)
    assert log
    np.testing.assert_allclose(mended.prices[closes.prices.columns], closes.prices, rtol=1e-14)
    again = examine(mended, name="x", today=TODAY)
    assert not [finding for finding in again.findings if finding.fixable]


@pytest.mark.parametrize("fault", REPAIRED)
def test_what_is_not_repaired_is_the_same_to_the_bit(closes, fault):
    planted, report = plant(closes, fault, 1)
    mended, log = repair(planted.bars, report)
    kept = planted.bars.prices[mended.prices.columns]
    changed = int((mended.prices.to_numpy() != kept.to_numpy()).sum())
    lines = [line for line in log if "→" in line]
    assert changed == len(lines)


@pytest.mark.parametrize("fault", sorted(set(ANY) - set(REPAIRED)))
def test_what_is_not_certain_is_left_alone(closes, fault):
    planted, report = plant(closes, fault, 2)
    mended, log = repair(planted.bars, report)
    assert not log
    pd.testing.assert_frame_equal(mended.prices, planted.bars.prices)


def test_a_split_is_repaired_where_volume_and_bars_confirm_it():
    frames = {
        name: f.loc["2005":"2010"].drop(columns="QQQ") for name, f in sector_etfs().frames().items()
    }
    etfs = Bars(
        **{name: f for name, f in frames.items() if name not in {"close", "prices"}},
        prices=frames["close"],
    )
    repaired = 0
    for seed in range(6):
        planted, report = plant(etfs, "split 3:1", seed)
        fixable = [f for f in report.findings if f.fixable]
        assert all(matches(finding, planted) for finding in fixable)
        if fixable:
            repaired += 1
            mended, _ = repair(planted.bars, report)
            for name in ("prices", "open", "high", "low"):
                np.testing.assert_allclose(mended.frames()[name], etfs.frames()[name], rtol=1e-12)
    assert repaired >= 1


def test_the_log_says_ticker_date_old_and_new_value(closes):
    planted, report = plant(closes, "×100, 1 day", 3)
    _, (line,) = repair(planted.bars, report)
    wrong = float(planted.bars.prices.loc[planted.date, planted.ticker])
    assert line.startswith(f"{planted.ticker} {planted.date.date()} prices: ")
    assert repr(wrong) in line
    assert line.endswith(repr(wrong / 100))


def test_what_the_reader_merged_is_logged(closes):
    merged = Finding(
        "duplicate_rows", "warning", "Row 7 stands twice.", "Pasted.", "None.", fixable=True
    )
    report = examine(closes, name="x", found=[merged], today=TODAY)
    _, log = repair(closes, report)
    assert log == ("duplicate_rows: Row 7 stands twice.",)


@pytest.mark.parametrize("long", [False, True])
def test_what_is_written_is_read_back_to_the_bit(closes, long, tmp_path):
    frames = sector_etfs().frames() if long else closes.frames()
    bars = Bars(
        **{
            name: frame.loc["2005":"2006"].dropna(axis=1, how="all")
            for name, frame in frames.items()
        }
    )
    log = write_repaired(bars, ["a line"], tmp_path / "new.csv")
    assert log.read_text(encoding="utf-8") == "a line\n"
    back = read_bars(tmp_path / "new.csv").bars
    for name, frame in bars.frames().items():
        pd.testing.assert_frame_equal(
            back.frames()[name],
            frame,
            check_freq=False,
            check_index_type=False,
            check_column_type=False,
        )


def test_nothing_is_written_over_a_file(closes, tmp_path):
    target = tmp_path / "new.csv"
    target.with_suffix(".log").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="exists already"):
        write_repaired(closes, [], target)
    assert [path.name for path in tmp_path.iterdir()] == ["new.log"]


def test_a_place_that_cannot_be_written_to_is_an_error_of_one_line(closes, tmp_path):
    with pytest.raises(OutputError, match="cannot be written") as caught:
        write_repaired(closes, [], tmp_path / "nowhere" / "new.csv")
    assert "\n" not in str(caught.value)


def test_a_column_that_stands_twice_with_a_wrong_print_is_dropped_and_mended_once(closes):
    prices = closes.prices.iloc[:400].copy()
    prices.iloc[100, 1] *= 100
    name = prices.columns[1]
    twice = Bars(prices.assign(**{f"{name}.1": prices[name]}).rename_axis(columns="asset"))
    mended, log = repair(twice, examine(twice, name="x", today=TODAY))
    np.testing.assert_allclose(mended.prices, closes.prices.iloc[:400], rtol=1e-14)
    assert len(log) == 2


def test_a_column_of_coarse_prices_that_stands_twice_is_found(closes):
    prices = (closes.prices.iloc[:300, :3] / closes.prices.iloc[0, :3] * 0.3).round(2)
    twice = prices.assign(**{f"{prices.columns[0]}_1": prices.iloc[:, 0]})
    found = examine(Bars(twice.rename_axis(columns="asset")), name="x", today=TODAY).findings
    assert [f.fixable for f in found if f.kind == "duplicate_columns"] == [True]
