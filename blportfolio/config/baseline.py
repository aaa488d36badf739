"""Which rows of an experiment all others are compared with, and for how many trials that counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from blportfolio.errors import ConfigError
from blportfolio.validation import nearest_name

DEFAULT = "min_variance"
"""The baseline where none is named: in every table, and the hardest of the usual ones to beat."""


def find_baseline(
    wanted: str | None,
    rows: Mapping[str, Sequence[str]],
    titles: Mapping[str, str],
    *,
    otherwise: str | None = None,
) -> tuple[str, tuple[str, ...]]:
    """Return the name of a baseline and its rows.

    Args:
        wanted: A strategy of the run by the stem of its file or its name, or one of its rows; by
            default minimum variance.
        rows: Names of the rows by what the experiment calls their strategy.
        titles: Name of each strategy, as its file gives it.
        otherwise: What to take where no strategy is called `wanted`.

    Raises:
        ConfigError: If no strategy of the run is called that.
    """
    wanted = DEFAULT if wanted is None else wanted
    asked = wanted.casefold()
    for key, names in rows.items():
        if asked in {key.casefold(), Path(key).stem.casefold(), titles[key].casefold()}:
            return titles[key], tuple(names)
    for names in rows.values():
        for name in names:
            if name.casefold() == asked:
                return name, (name,)
    if otherwise is not None and otherwise != wanted:
        return find_baseline(otherwise, rows, titles)
    known = [*(Path(key).stem for key in rows), *titles.values()]
    raise ConfigError(
        f"The baseline {wanted!r} is not among the strategies of this run. "
        f"{nearest_name(wanted, known)} --strategy adds one to the run."
    )


def count_trials(trials: int | None, *, n_rows: int, n_universes: int) -> int:
    """Return how many configurations were tried: those that are shown, unless more are owned up to.

    Raises:
        ConfigError: If fewer trials are given than configurations are shown.
    """
    shown = n_rows * n_universes
    if trials is None:
        return shown
    if trials < shown:
        many = f" ({n_rows} strategies on {n_universes} universes)" if n_universes > 1 else ""
        raise ConfigError(
            f"`trials` must be at least {shown}, the configurations that this run shows{many}, "
            f"got {trials}; count everything that was ever tried."
        )
    return trials
