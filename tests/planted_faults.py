"""Faults planted into real bars: each at a random asset, date and size that `rng` draws."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from blportfolio.data.bars import Bars

PRICE_FRAMES = ("prices", "close", "open", "high", "low")


@dataclass(frozen=True)
class Planted:
    """Bars with a fault, and what the doctor must say of it."""

    bars: Bars
    kind: str
    ticker: str | None = None
    date: pd.Timestamp | None = None


def changed(bars, column, rows, change, names=PRICE_FRAMES):
    """Apply `change` to rows of one asset in the frames named."""
    frames = bars.frames()
    for name in names:
        if name in frames:
            frame = frames[name].copy()
            values = frame.to_numpy(dtype=float).copy()
            values[rows, column] = change(values[rows, column])
            frames[name] = pd.DataFrame(values, index=frame.index, columns=frame.columns)
    return Bars(**frames, currencies=bars.currencies)


def spot(rng, bars, margin=70, span=0):
    """A random asset, and a random row inside its life away from both ends."""
    while True:
        column = int(rng.integers(bars.prices.shape[1]))
        known = np.flatnonzero(bars.prices.iloc[:, column].notna())
        if len(known) > 2 * margin + span + 2:
            row = int(rng.integers(known[0] + margin, known[-1] - margin - span))
            return column, row, str(bars.prices.columns[column]), bars.prices.index[row]


def split(ratio):
    def plant(rng, bars):
        column, row, ticker, date = spot(rng, bars)
        bars = changed(bars, column, slice(0, row), lambda v: v * ratio)
        bars = changed(bars, column, slice(0, row), lambda v: v / ratio, ("volume",))
        return Planted(bars, "unadjusted_split", ticker, date)

    return plant


def listed_split(kind, power):
    def plant(rng, bars):
        ratio = float(rng.choice([1.5, 2, 3, 4, 7, 10, 20, 0.1]))
        column, row, ticker, date = spot(rng, bars)
        splits = pd.DataFrame(0.0, index=bars.prices.index, columns=bars.prices.columns)
        splits.iloc[row, column] = ratio
        bars = changed(bars, column, slice(0, row), lambda v: v * ratio**power)
        return Planted(Bars(**(bars.frames() | {"splits": splits})), kind, ticker, date)

    return plant


def bad_print(days):
    def plant(rng, bars):
        column, row, ticker, date = spot(rng, bars)
        factor = float(rng.uniform(1.3, 2.5) ** rng.choice([-1, 1]))
        bars = changed(bars, column, slice(row, row + days), lambda v: v * factor)
        return Planted(bars, "reverting_jump", ticker, date)

    return plant


def unit(factor, days=None):
    def plant(rng, bars):
        column, row, ticker, date = spot(rng, bars)
        rows = slice(row, None if days is None else row + days)
        return Planted(
            changed(bars, column, rows, lambda v: v * factor), "unit_mixup", ticker, date
        )

    return plant


def stale(rng, bars):
    length = int(rng.integers(10, 40))
    column, row, ticker, date = spot(rng, bars, span=length)
    hold = lambda v: np.full_like(v, v[0])  # noqa: E731
    return Planted(
        changed(bars, column, slice(row - 1, row + length), hold), "stale_prices", ticker, date
    )


def volume(value):
    def plant(rng, bars):
        column, row, ticker, date = spot(rng, bars, span=30)
        fill = lambda v: np.full_like(v, value)  # noqa: E731
        rows = slice(row, row + int(rng.integers(8, 30)))
        return Planted(changed(bars, column, rows, fill, ("volume",)), "zero_volume", ticker, date)

    return plant


def pasted_rows(rng, bars):
    length, back = int(rng.integers(3, 10)), int(rng.integers(15, 60))
    row = int(rng.integers(80, len(bars.prices) - 80))
    frames = {}
    for name, frame in bars.frames().items():
        values = frame.to_numpy(dtype=float).copy()
        values[row : row + length] = values[row - back : row - back + length]
        frames[name] = pd.DataFrame(values, index=frame.index, columns=frame.columns)
    return Planted(Bars(**frames), "duplicate_rows", None, bars.prices.index[row])


def with_column(bars, name, make):
    frames = {key: frame.assign(**{name: make(key, frame)}) for key, frame in bars.frames().items()}
    return Bars(**{key: frame.rename_axis(columns="asset") for key, frame in frames.items()})


def twice(rng, bars):
    _, _, ticker, _ = spot(rng, bars)
    name = f"{ticker}.1"
    return Planted(with_column(bars, name, lambda _, f: f[ticker]), "duplicate_columns", name)


def alike(how):
    def plant(rng, bars):
        _, _, ticker, _ = spot(rng, bars)
        change = {
            "copied": lambda s: s,
            "scaled": lambda s: s * 0.3712,
            "lagged": lambda s: s.shift(1),
        }[how]
        return Planted(with_column(bars, "ZZCOPY", lambda _, f: change(f[ticker])), "look_alike")

    return plant


def rows_lost(low, high):
    def plant(rng, bars):
        length = int(rng.integers(low, high))
        row = int(rng.integers(80, len(bars.prices) - 80 - length))
        kept = np.delete(np.arange(len(bars.prices)), slice(row, row + length))
        frames = {name: frame.iloc[kept] for name, frame in bars.frames().items()}
        return Planted(Bars(**frames), "calendar_gap", None, bars.prices.index[row - 1])

    return plant


def asset_gap(rng, bars):
    length = int(rng.integers(6, 50))
    column, row, ticker, _ = spot(rng, bars, span=length)
    lost = changed(
        bars, column, slice(row, row + length), lambda v: v * np.nan, bars.frames().keys()
    )
    return Planted(lost, "calendar_gap", ticker, bars.prices.index[row - 1])


def cells_lost(rng, bars):
    length = int(rng.integers(1, 4))
    column, row, ticker, date = spot(rng, bars, span=length)
    lost = changed(bars, column, slice(row, row + length), lambda v: v * np.nan)
    return Planted(lost, "missing_price", ticker, date)


def weekend(rng, bars):
    row = int(rng.integers(80, len(bars.prices) - 80))
    index = bars.prices.index
    row += int(np.argmax(index.day_of_week[row:] == 4))
    dates = index.to_numpy().copy()
    dates[row] += np.timedelta64(1, "D")
    frames = {n: f.set_axis(pd.DatetimeIndex(dates, name="date")) for n, f in bars.frames().items()}
    return Planted(Bars(**frames), "calendar_gap", None, pd.Timestamp(dates[row]))


def returns(scale, base=0.0):
    def plant(_, bars):
        values = (bars.prices.pct_change(fill_method=None).iloc[1:] + base) * scale
        return Planted(Bars(values), "returns_not_prices")

    return plant


def returns_of_one(rng, bars):
    column, _, ticker, _ = spot(rng, bars)
    prices = bars.prices.iloc[1:].copy()
    prices.iloc[:, column] = bars.prices.iloc[:, column].pct_change(fill_method=None).iloc[1:]
    return Planted(Bars(prices), "returns_not_prices", ticker)


def logarithms(_, bars):
    return Planted(Bars(np.log(bars.prices)), "log_prices")


def foreign(rng, bars):
    _, _, ticker, _ = spot(rng, bars)
    name = ticker + str(rng.choice([".L", ".DE", ".T", ".HK"]))
    frames = {n: f.rename(columns={ticker: name}) for n, f in bars.frames().items()}
    return Planted(Bars(**frames), "mixed_currency")


def raw_bars(_, bars):
    return Planted(Bars(**{n: f for n, f in bars.frames().items() if n != "close"}), "mixed_scale")


def successor(rng, bars):
    """One name, another company after a long gap."""
    while True:
        gap = int(rng.integers(70, 300))
        column, row, ticker, _ = spot(rng, bars, margin=130, span=gap)
        other = int(rng.integers(bars.prices.shape[1]))
        if other != column and bars.prices.iloc[row : row + 500, other].notna().all():
            break
    frames = {}
    factor = float(rng.choice([0.05, 0.2, 5, 20]))
    for name, frame in bars.frames().items():
        values = frame.to_numpy(dtype=float).copy()
        start = values[row, column]
        scale = factor * start / values[row, other] if name in PRICE_FRAMES else 1.0
        values[row:, column] = values[row:, other] * scale
        values[row : row + gap, column] = np.nan
        frames[name] = pd.DataFrame(values, index=frame.index, columns=frame.columns)
    return Planted(Bars(**frames), "identity_break", ticker, bars.prices.index[row + gap])


def swapped_bar(rng, bars):
    column, row, ticker, date = spot(rng, bars)
    while not bars.high.iloc[row, column] > 1.005 * bars.low.iloc[row, column]:
        column, row, ticker, date = spot(rng, bars)
    frames = bars.frames()
    high, low = frames["high"].copy(), frames["low"].copy()
    values = high.iloc[row, column], low.iloc[row, column]
    low.iloc[row, column], high.iloc[row, column] = values
    return Planted(Bars(**(frames | {"high": high, "low": low})), "impossible_bar", ticker, date)


def close_outside(rng, bars):
    column, row, ticker, date = spot(rng, bars)
    factor = float(rng.choice([0.9, 1.1]))
    away = changed(bars, column, [row], lambda v: v * factor * 1.0, ("close",))
    return Planted(away, "impossible_bar", ticker, date)


def not_positive(rng, bars):
    column, row, ticker, date = spot(rng, bars)
    value = float(rng.choice([0.0, -1.0, -37.6]))
    return Planted(
        changed(bars, column, [row], lambda v: v * 0 + value), "non_positive_price", ticker, date
    )


def partial_last(rng, bars):
    columns = rng.permutation(bars.prices.shape[1])[: max(2, bars.prices.shape[1] // 2)]
    frames = {}
    for name, frame in bars.frames().items():
        values = frame.to_numpy(dtype=float).copy()
        values[-1, columns] = np.nan
        frames[name] = pd.DataFrame(values, index=frame.index, columns=frame.columns)
    return Planted(Bars(**frames), "partial_last_day", None, bars.prices.index[-1])


def future(_, bars):
    dates = bars.prices.index.to_numpy().copy()
    dates[-1] = np.datetime64("2049-03-01")
    frames = {n: f.set_axis(pd.DatetimeIndex(dates, name="date")) for n, f in bars.frames().items()}
    return Planted(Bars(**frames), "future_date", None, pd.Timestamp(dates[-1]))


def lasting_jump(rng, bars):
    column, row, ticker, date = spot(rng, bars)
    factor = float(rng.choice([13.4, 0.074, 17.3, 0.058]))
    return Planted(
        changed(bars, column, slice(row, None), lambda v: v * factor),
        "unexplained_jump",
        ticker,
        date,
    )


def dividends(how):
    def plant(rng, bars):
        paid = bars.dividends.to_numpy()
        column = int(rng.choice(np.flatnonzero((paid > 0).sum(axis=0) > 8)))
        rows = np.flatnonzero(paid[:, column] > 0)[2:-2]
        row = int(rng.choice(rows))
        ticker, date = str(bars.prices.columns[column]), bars.prices.index[row]
        close = bars.close.to_numpy()[:, column]
        factor = 1 - paid[row, column] / close[row - 1]
        if how == "all":
            frames = bars.frames()
            frames["prices"] = frames["prices"].assign(**{ticker: frames["close"][ticker]})
            return Planted(Bars(**frames), "unadjusted_dividend", ticker)
        power = -1 if how == "skipped" else 1
        away = changed(bars, column, slice(0, row), lambda v: v * factor**power, ("prices",))
        return Planted(away, "unadjusted_dividend", ticker, date)

    return plant


ANY = {
    "split 5:4": split(1.25), "split 3:2": split(1.5), "split 2:1": split(2.0),
    "split 3:1": split(3.0), "split 4:1": split(4.0), "split 10:1": split(10.0),
    "split 20:1": split(20.0), "split 1:4": split(0.25), "split 1:10": split(0.1),
    "listed split not applied": listed_split("splits_not_applied", 1),
    "listed split applied twice": listed_split("splits_applied_twice", -1),
    "bad print, 1 day": bad_print(1), "bad print, 3 days": bad_print(3),
    "×100, 1 day": unit(100.0, 1), "÷100, 1 day": unit(0.01, 1), "×1000, 4 days": unit(1000.0, 4),
    "×100, 30 days": unit(100.0, 30), "÷100 for good": unit(0.01), "stale": stale,
    "rows pasted twice": pasted_rows, "column twice": twice, "copy": alike("copied"),
    "scaled copy": alike("scaled"), "lagged copy": alike("lagged"),
    "weeks lost": rows_lost(6, 12), "months lost": rows_lost(25, 70), "gap of an asset": asset_gap,
    "prices missing": cells_lost, "weekend row": weekend, "returns": returns(1.0),
    "returns in percent": returns(100.0), "gross returns": returns(1.0, 1.0),
    "returns of one asset": returns_of_one, "log prices": logarithms, "one foreign": foreign,
    "ticker reused": successor, "not positive": not_positive, "last row partial": partial_last,
    "future date": future, "lasting jump": lasting_jump,
}  # fmt: skip
"""Faults that can be planted into any daily prices."""
WITH_BARS = {
    "zero volume": volume(0.0), "missing volume": volume(np.nan), "bars not adjusted": raw_bars,
    "high and low swapped": swapped_bar, "close outside": close_outside,
}  # fmt: skip
WITH_DIVIDENDS = {
    "dividend skipped": dividends("skipped"), "dividend twice": dividends("twice"),
    "no dividend adjusted": dividends("all"),
}  # fmt: skip


def faults_for(bars):
    """The faults that these bars can show."""
    faults = dict(ANY)
    if bars.high is not None:
        faults |= WITH_BARS
    if bars.dividends is not None:
        faults |= WITH_DIVIDENDS
    return faults


def matches(finding, planted, slack=4):
    """Whether a finding is the planted fault: its kind, its asset, and its date within a few."""
    if finding.kind != planted.kind:
        return False
    if planted.ticker is not None and finding.ticker not in {planted.ticker, None}:
        return False
    if planted.date is None:
        return True
    first = finding.date - pd.Timedelta(days=slack)
    return first <= planted.date <= (finding.end or finding.date) + pd.Timedelta(days=slack)
