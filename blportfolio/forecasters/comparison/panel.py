"""The series of a contest: checked, cut into windows, split into training and test by time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blportfolio.errors import ConfigError, DataError
from blportfolio.forecasters.comparison.settings import ComparisonSettings
from blportfolio.forecasters.windows import Windows, hankel_windows
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice, check_labels, first_true, read_only

Kind = Literal["returns", "levels"]
LEAST_TRAINING, LEAST_TEST = 30, 10
"""Windows that the first fit needs, and dates that the test needs."""
MOST_CELLS = 30_000_000
"""Values in the windows of one horizon above which origins are thinned, so that memory suffices."""
_FLAT = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """One or more series on the same rows.

    Attributes:
        values: (n_obs, n_series) log returns or levels, oldest first, NaN where missing.
        labels: (n_series,) unique names; "series 1" and so on by default.
        kind: `returns`, or `levels`, which are standardised by mean and standard deviation of
            their training rows.
        dates: (n_obs,) dates, or None where rows have none.
        name: What the data are called.

    Raises:
        DataError: If shapes disagree or a value is infinite.
        ConfigError: If there is no such kind.
    """

    values: FloatArray
    labels: tuple[str, ...] = ()
    kind: Kind = "returns"
    dates: NDArray[np.datetime64] | None = None
    name: str = "series"

    def __post_init__(self) -> None:
        """Check once, and keep read-only copies."""
        check_choice(self.kind, ("returns", "levels"), name="kind")
        try:
            values = np.array(self.values, dtype=float)
        except (TypeError, ValueError) as error:
            raise DataError(f"`values` must hold numbers: {error}.") from error
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != 2 or not values.shape[1]:
            raise DataError(
                f"`values` must have shape (n_obs,) or (n_obs, n_series), got {values.shape}."
            )
        if np.isinf(values).any():
            row, column = first_true(np.isinf(values))
            raise DataError(
                f"`values` must be finite or NaN, got {values[row, column]} in row {row}, column "
                f"{column}."
            )
        names = self.labels or tuple(f"series {i + 1}" for i in range(values.shape[1]))
        labels = check_labels(names, name="labels")
        if len(labels) != values.shape[1]:
            raise DataError(f"`labels` must name {values.shape[1]} series, got {len(labels)}.")
        if self.dates is not None and len(self.dates) != len(values):
            raise DataError(f"`dates` must have {len(values)} entries, got {len(self.dates)}.")
        object.__setattr__(self, "values", read_only(values))
        object.__setattr__(self, "labels", labels)

    def row_label(self, row: int) -> str:
        """Return the date of a row, or its number from 1."""
        if self.dates is None:
            return f"row {row + 1}"
        text = str(np.datetime64(self.dates[row], "m")).replace("T", " ")
        return text.removesuffix(" 00:00")


@dataclass(frozen=True, slots=True, eq=False)
class Arena:
    """What all forecasters of one contest see.

    Attributes:
        panel: The series that take part.
        values: (n_obs, n_series) returns, or standardised levels.
        begin: First row of the test.
        fit_rows: Rows at whose close forecasters are fitted.
        notes: What was left out or thinned.
    """

    panel: Panel
    values: FloatArray
    begin: int
    fit_rows: tuple[int, ...]
    notes: tuple[str, ...]

    def windows(self, settings: ComparisonSettings, horizon: int) -> tuple[Windows, int]:
        """Return the windows of one horizon whose targets are known, and their stride in rows.

        Raises:
            DataError: If there are too few to learn from or to judge by.
        """
        context, n_obs = settings.context_length, len(self.values)
        width = context + horizon
        if n_obs < width + 1:
            raise DataError(
                f"{self.panel.name!r} has {n_obs} rows; a context of {context} and a horizon of "
                f"{horizon} need more than {width}. Shorten the context or the horizon, or give a "
                "longer series."
            )
        stride = max(1, -(-self.values.size * width // MOST_CELLS))
        is_total = self.panel.kind == "returns"
        windows = hankel_windows(self.values, context, horizon, stride=stride, total=is_total)
        n_training = len(windows.known_at(self.begin - 1))
        if n_training < LEAST_TRAINING:
            raise DataError(
                f"{self.panel.name!r} leaves {n_training} training windows for a context of "
                f"{context} and a horizon of {horizon}, and {LEAST_TRAINING} are needed: "
                f"{self.begin} of {n_obs} rows come before the test. Shorten the context or the "
                "horizon, lower the share of the test, or give a longer series."
            )
        n_test = len(np.unique(windows.origins[windows.origins >= self.begin - 1]))
        if n_test < LEAST_TEST:
            raise DataError(
                f"{self.panel.name!r} leaves {n_test} dates to test a horizon of {horizon} on, and "
                f"{LEAST_TEST} are needed: {n_obs - self.begin} of {n_obs} rows are the test. "
                "Shorten the horizon, raise the share of the test, or give a longer series."
            )
        return windows, stride


def make_arena(panel: Panel, settings: ComparisonSettings) -> Arena:
    """Split the rows, leave out series that nobody could learn, and standardise levels.

    Raises:
        DataError: If no series is left, or there are too few rows.
    """
    n_obs = len(panel.values)
    begin = n_obs - round(settings.test_share * n_obs)
    if n_obs < 4 or begin < 2 or begin >= n_obs:
        raise DataError(
            f"{panel.name!r} has {n_obs} row{'s' * (n_obs != 1)}, too few for a training and a "
            "test part; give a longer series."
        )
    training = panel.values[:begin]
    known = np.isfinite(panel.values)
    reasons: dict[str, list[str]] = {}
    kept = []
    for i, label in enumerate(panel.labels):
        past = training[known[:begin, i], i]
        everything = panel.values[known[:, i], i]
        judged = past if panel.kind == "levels" else everything
        if len(everything) < 2:
            reason = "it has fewer than two values"
        elif len(judged) < 2:
            reason = "it begins in the test, so that its level cannot be standardised"
        elif np.ptp(judged) <= _FLAT * np.abs(judged).max():
            where = " in training" if panel.kind == "levels" else ""
            reason = f"it is constant{where}: it has no variance to forecast"
        else:
            kept.append(i)
            continue
        reasons.setdefault(reason, []).append(label)
    notes = tuple(f"Left out {_listed(labels)}: {reason}." for reason, labels in reasons.items())
    if not kept:
        raise DataError(f"{panel.name!r} has no series to forecast. {' '.join(notes)}")
    values = panel.values[:, kept]
    if panel.kind == "levels":
        centre = np.nanmean(training[:, kept], axis=0)
        # Divided first, so that squares of huge and tiny levels stay in range.
        unit = np.nanmax(np.abs(training[:, kept] - centre), axis=0)
        spread = unit * np.nanstd((training[:, kept] - centre) / unit, axis=0)
        values = (values - centre) / spread
    rows = np.linspace(begin - 1, n_obs - 1, settings.n_refits, endpoint=False)
    fit_rows = tuple(sorted({int(row) for row in np.floor(rows)}))
    chosen = Panel(
        panel.values[:, kept],
        tuple(panel.labels[i] for i in kept),
        panel.kind,
        panel.dates,
        panel.name,
    )
    return Arena(chosen, values, begin, fit_rows, notes)


def check_regime(regime: str, kind: str) -> None:
    """Refuse to learn from sign-consistent steps only.

    Raises:
        ConfigError: If that is asked for, or there is no such regime.
    """
    check_choice(regime, ("all", "consistent"), name="regime")
    if regime == "consistent":
        raise ConfigError(
            "`regime` must be 'all': whether a step is sign-consistent is known only when it has "
            f"come, so that learning from such {kind} selects on the outcome and teaches every "
            "model a momentum that is not there (a linear model's R² fell to -27 % to -41 % in "
            "simulations). `blportfolio forecast demo asymmetric` shows the effect on data made "
            "for it."
        )


def describe(arena: Arena) -> dict[str, Any]:
    """Return what the contest is held on, ready for JSON."""
    panel = arena.panel
    return {
        "name": panel.name,
        "kind": panel.kind,
        "series": list(panel.labels),
        "n_obs": len(panel.values),
        "first": panel.row_label(0),
        "test_from": panel.row_label(arena.begin),
        "last": panel.row_label(len(panel.values) - 1),
        "n_fits": len(arena.fit_rows),
    }


def as_panel(values: ArrayLike | Panel, **described: Any) -> Panel:  # noqa: ANN401, of `Panel`
    """Return a panel; one that is a panel already stays as it is."""
    return values if isinstance(values, Panel) else Panel(np.asarray(values), **described)


def _listed(labels: list[str], most: int = 5) -> str:
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more
