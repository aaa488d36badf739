"""How much likelier a jump is a split than a move of the market: odds from all that is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from blportfolio.data.quality.evidence import Evidence, Track, trimmed_scale
from blportfolio.validation import FloatArray

FORWARD = {
    2.0: 0.42, 1.5: 0.24, 3.0: 0.08, 4.0: 0.05, 1.25: 0.04, 5.0: 0.03, 10.0: 0.02, 4 / 3: 0.02,
    2.5: 0.006, 20.0: 0.006, 6.0: 0.004, 7.0: 0.004, 8.0: 0.004, 15.0: 0.002,
    25.0: 0.002, 30.0: 0.001, 40.0: 0.001, 50.0: 0.001,
}  # fmt: skip
REVERSE = {
    2.0: 0.008, 3.0: 0.006, 4.0: 0.006, 5.0: 0.008, 6.0: 0.002, 7.0: 0.002, 8.0: 0.004, 10.0: 0.015,
    12.0: 0.002, 15.0: 0.004, 20.0: 0.006, 25.0: 0.003, 30.0: 0.003, 40.0: 0.001, 50.0: 0.002,
}  # fmt: skip
RATIOS = np.array([*FORWARD, *(1 / k for k in REVERSE)])
"""New shares for an old one; below 1 the split is a reverse one."""
SHARES = np.array([*FORWARD.values(), *REVERSE.values()])
"""How common each ratio is, roughly, among splits of listed shares."""
SPLITS_A_YEAR = 0.1
"""Splits of a share in a year, where prices are not adjusted for them."""
UNADJUSTED = 0.3
"""How probable it is beforehand that prices of unknown origin are not adjusted."""
AFTERMATH = 10
"""Returns after a jump in which a crash shows."""
COMMON = np.array([1.5, 2.0, 3.0, 4.0, 5.0, 10.0, 1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 10])
"""Ratios of splits that an unadjusted series is likely to show more than once."""
SIMILAR = 0.6
"""Share of a jump's size from which other moves tell how common moves of its size are."""
USUAL_JUMP, RARER_FALL, RARER_RISE = 0.4, 0.25, 0.12
"""True log moves beyond the first number become rarer by a factor e with each of the others: a
company may fail in a day, but none doubles."""
CAP = 3.0
"""Most that one piece of circumstantial evidence may add to the logarithm of the odds."""


@dataclass(frozen=True, slots=True)
class SplitOdds:
    """The split that explains a jump best.

    Attributes:
        ratio: New shares for an old one.
        log_odds: Natural logarithm of the odds of a split against a true move.
        confirmed: Whether volume and bars each speak for it, besides the ratio.
        seen_in_bars: Whether one of them does.
    """

    ratio: float
    log_odds: float
    confirmed: bool
    seen_in_bars: bool


def log_t(x: FloatArray | float, scale: float, freedom: int) -> FloatArray:
    """Return the logarithm of Student's density with a scale."""
    z = np.asarray(x, dtype=float) / scale
    half = (freedom + 1) / 2
    constant = math.lgamma(half) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return np.asarray(constant - half * np.log1p(z**2 / freedom) - math.log(scale))


def split_odds(evidence: Evidence, track: Track, position: int) -> SplitOdds:
    """Weigh the jump at a position of a track.

    Under a split the return is -log(ratio) plus a usual move; under a true move it comes from a
    heavy tail, and large moves, wide bars and heavy trading go with it or follow it.
    """
    scale = track.scale(position)
    jump = float(track.excess[position])
    rate = UNADJUSTED * SPLITS_A_YEAR / evidence.periods_per_year
    fits = np.log(SHARES) + log_t(jump + np.log(RATIOS), scale, 4)
    best = int(np.argmax(fits))
    ratio = float(RATIOS[best])
    moves = float(np.exp(log_t(jump, scale, 3))) + _own_moves(track, position, scale)
    odds = math.log(rate) + float(fits[best]) - math.log(moves)
    if not evidence.is_daily:
        odds -= CAP  # a week or a month holds several pieces of news, so that nothing is exact
    rarer = RARER_RISE if jump > 0 else RARER_FALL
    odds += max(0.0, abs(jump) - max(USUAL_JUMP, 4 * scale)) / max(rarer, 4 * scale)
    after = track.excess[position + 1 :][:AFTERMATH]
    # A scale before the jump only: after a crash moves stay large for longer than the aftermath.
    calm = trimmed_scale(track.excess[max(1, position - 60) : position]) or scale
    calm = max(calm, scale / 2)
    quiet = log_t(after, calm, 4) - log_t(after, 2.5 * calm, 4)
    odds += float(np.clip(quiet.sum(), -3 * CAP, CAP))
    row, previous = int(track.rows[position]), int(track.rows[position - 1])
    bars = _bars(evidence, track.column, row, previous, ratio, scale)
    volume = _volume(evidence, track.column, row, ratio)
    return SplitOdds(ratio, odds + bars + volume, bars > 1 and volume > 1, bars + volume > 1)


def _own_moves(track: Track, position: int, scale: float) -> float:
    """Return the density of moves of this size that the asset's other large moves imply.

    Large moves fall off with the fourth power of their size; those that common splits would explain
    say nothing.
    """
    jump = abs(float(track.excess[position]))
    large = np.abs(track.moves) > SIMILAR * jump
    large[position] = False
    others = track.moves[large]
    if not len(others):
        return 0.0
    distance = np.abs(others[:, None] + np.log(COMMON)[None, :]).min(axis=1)
    share = float((distance > 2 * scale).sum()) / len(track.moves)
    return share * 3 * SIMILAR**3 / jump / 2


def _bars(
    evidence: Evidence, column: int, row: int, previous: int, ratio: float, scale: float
) -> float:
    """Log odds from the bar: a split happens overnight, and the day itself is a usual one."""
    odds = 0.0
    opens, high, low = (evidence.frame(name) for name in ("open", "high", "low"))
    close = evidence.quoted[:, column]
    if close[previous] > 0 and abs(np.log(close[row] / close[previous] * ratio)) > 10 * scale:
        return 0.0  # the bars are on another basis, which knows the split
    if opens is not None and opens[row, column] > 0 and close[previous] > 0:
        gap = float(np.log(opens[row, column] / close[previous] * ratio))
        odds += float(np.clip(log_t(gap, scale, 3) - log_t(gap, 8 * scale, 3), -2 * CAP, CAP / 2))
    if high is not None and low is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            spans = np.log(high[:, column] / low[:, column])
        usual = spans[max(0, row - 60) : row]
        usual = usual[np.isfinite(usual) & (usual > 0)]
        if len(usual) >= 20 and np.isfinite(spans[row]) and spans[row] > 0:
            wider = float(np.log(spans[row] / np.median(usual)))
            odds += float(np.clip(_normal(wider, 0, 0.5) - _normal(wider, 1.1, 0.7), -CAP, CAP))
    return odds


def _volume(evidence: Evidence, column: int, row: int, ratio: float) -> float:
    """Log odds from the volume: after a split it is higher by the ratio and stays so."""
    volume = evidence.frame("volume")
    if volume is None:
        return 0.0
    before, after = volume[max(0, row - 40) : row, column], volume[row + 1 : row + 31, column]
    before, after = before[before > 0], after[after > 0]
    today = volume[row, column]
    if len(before) < 15 or len(after) < 15 or not today > 0:
        return 0.0
    step = float(np.log(np.median(after) / np.median(before)))
    burst = float(np.log(today / np.median(before)))
    # Some vendors adjust volumes for splits even where they do not adjust prices.
    as_split = max(
        _normal(step, centre, 0.35) + _normal(burst, centre, 0.6) for centre in (np.log(ratio), 0.0)
    )
    as_move = _normal(step, 0.5, 0.5) + _normal(burst, 1.9, 0.7)
    return float(np.clip(as_split - as_move, -2 * CAP, CAP))


def _normal(x: float, centre: float, deviation: float) -> float:
    return -0.5 * ((x - centre) / deviation) ** 2 - math.log(deviation)


def split_name(ratio: float) -> str:
    """Return 3:2 for 1.5, and 1:10 for 0.1."""
    for old in (1, 2, 3, 4, 5):
        for new, under in ((ratio * old, old), (old, old / ratio)):
            if abs(new - round(new)) < 1e-6 and abs(under - round(under)) < 1e-6:
                return f"{round(new)}:{round(under)}"
    return f"{ratio:.4g}:1"
