"""Faults of several assets or stretches planted into real bars, as `planted_faults` does."""

import dataclasses

import pandas as pd
from planted_faults import PRICE_FRAMES, Planted, changed, spot

from blportfolio.data.bars import Bars


def edited(bars, edit):
    """Apply `edit` to the values of every frame."""
    frames = {}
    for name, frame in bars.frames().items():
        values = frame.to_numpy(dtype=float).copy()
        edit(name, values)
        frames[name] = pd.DataFrame(values, index=frame.index, columns=frame.columns)
    return Bars(**frames, currencies=bars.currencies)


def other_than(rng, bars, column):
    others = [k for k in range(bars.prices.shape[1]) if k != column]
    return int(rng.choice(others))


def swapped(rng, bars):
    column, row, _, date = spot(rng, bars, span=40)
    other = other_than(rng, bars, column)
    rows = slice(row, rng.choice([row + 2, row + 25, len(bars.prices)]))

    def edit(_, values):
        values[rows, [column, other]] = values[rows, [other, column]]

    return Planted(edited(bars, edit), "swapped_columns", None, date)


def foreign_from(rng, bars):
    _, row, _, date = spot(rng, bars)
    factor = rng.choice([0.78, 0.86, 1.12, 1.35])

    def edit(name, values):
        if name in PRICE_FRAMES:
            values[row:] *= factor

    return Planted(edited(bars, edit), "joined_sources", None, date)


def joined(rng, bars):
    _, row, _, date = spot(rng, bars)
    factors = rng.uniform(1.2, 3, bars.prices.shape[1])

    def edit(name, values):
        if name in PRICE_FRAMES:
            values[:row] *= factors

    return Planted(edited(bars, edit), "joined_sources", None, date)


def copied_year(rng, bars):
    column, row, _, date = spot(rng, bars, span=250)
    other, factor = other_than(rng, bars, column), rng.uniform(0.2, 4)

    def edit(name, values):
        scale = factor if name in PRICE_FRAMES else 1
        values[row : row + 250, column] = scale * values[row : row + 250, other]

    return Planted(edited(bars, edit), "look_alike", None, date)


def pasted_stretch(rng, bars):
    column, row, ticker, _ = spot(rng, bars, span=300)
    length = int(rng.integers(20, 120))
    target = slice(row + 150, row + 150 + length)

    def edit(_, values):
        values[target, column] = values[row : row + length, column]

    return Planted(edited(bars, edit), "duplicate_rows", ticker, bars.prices.index[target.start])


def day_late(rng, bars):
    column, _, ticker, _ = spot(rng, bars)
    frames = {name: frame.copy() for name, frame in bars.frames().items()}
    for frame in frames.values():
        frame.iloc[:, column] = frame.iloc[:, column].shift(1)
    return Planted(Bars(**frames), "shifted_dates", ticker)


def volume_unit(rng, bars):
    column, row, ticker, date = spot(rng, bars)
    factor = rng.choice([100.0, 1000.0, 0.01])
    planted = changed(bars, column, slice(row, None), lambda v: v * factor, ("volume",))
    return Planted(planted, "strange_volume", ticker, date)


def volume_repeats(rng, bars):
    column, row, ticker, date = spot(rng, bars, span=60)
    rows = slice(row, row + int(rng.integers(8, 60)))
    planted = changed(bars, column, rows, lambda v: v[0], ("volume",))
    return Planted(planted, "strange_volume", ticker, date)


def another_basis(rng, bars):
    column, row, ticker, date = spot(rng, bars)
    factor = rng.uniform(0.4, 0.85)
    planted = changed(bars, column, slice(0, row), lambda v: v * factor, ("prices",))
    return Planted(planted, "mixed_scale", ticker, date)


def little_volume(rng, bars):
    volume = bars.volume.copy()
    volume.iloc[-1] *= rng.uniform(0.02, 0.1)
    return Planted(dataclasses.replace(bars, volume=volume), "partial_last_day")


CLOSES = {
    "two assets swapped": swapped, "another currency, all": foreign_from,
    "two sources joined": joined, "year copied from another": copied_year,
    "stretch pasted, one asset": pasted_stretch, "dates of one a day late": day_late,
}  # fmt: skip
BARS = {
    "volume in another unit": volume_unit, "volume repeats": volume_repeats,
    "adjusted on another basis": another_basis, "last day of little volume": little_volume,
}  # fmt: skip


def joins_for(bars):
    """The faults of this module that these bars can show."""
    return CLOSES | (BARS if bars.volume is not None and bars.close is not None else {})
