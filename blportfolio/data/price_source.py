"""Prices by path or by name, as they stand, for the data doctor to examine and repair."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blportfolio.data.bars import Bars
from blportfolio.data.cache import PriceCache
from blportfolio.data.cached import cached_tickers
from blportfolio.data.datasets import list_datasets, load_dataset, packaged_datasets
from blportfolio.data.files import read_bars
from blportfolio.data.quality import Finding, QualityReport, examine, growth_of_returns
from blportfolio.data.universe import find_universe, is_universe, list_universes
from blportfolio.data.universes import fetched_tickers
from blportfolio.errors import DataError
from blportfolio.validation import nearest_name

OF_PRICES = frozenset({"non_positive_price", "returns_not_prices"})
"""Findings that are none where the numbers are returns."""


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Bars that are examined, and what is known about them besides.

    Attributes:
        name: Name of the file or of the data.
        bars: Dates × assets as they came.
        found: What the reader of a file found already.
        inferred: What it inferred, in sentences.
        known: Further arguments of `examine`.
    """

    name: str
    bars: Bars
    found: Sequence[Finding] = ()
    inferred: Sequence[str] = ()
    known: dict[str, Any] = field(default_factory=dict)

    def examine(self) -> QualityReport:
        """Look for faults in the bars as they came."""
        return self.examine_repaired(self.bars, self.found)

    def examine_repaired(self, bars: Bars, found: Sequence[Finding]) -> QualityReport:
        """Look for faults in other bars of this source, such as repaired ones.

        Args:
            bars: The bars.
            found: What is known to be wrong with them already.
        """
        return examine(bars, name=self.name, found=found, **self.known)

    @property
    def unrepaired(self) -> tuple[Finding, ...]:
        """What the reader found and no repair of bars puts right."""
        return tuple(finding for finding in self.found if not finding.fixable)


def open_file(
    path: str | Path,
    *,
    name: str | None = None,
    returns: bool = False,
    **options: Any,  # noqa: ANN401, those of read_bars
) -> PriceSource:
    """Read a file of prices as it stands.

    Args:
        path: The file.
        name: What its owner calls it; the name of the file by default.
        returns: Whether it holds simple decimal returns.
        options: As `read_bars` takes them.

    Raises:
        DataError: If it cannot be read.
    """
    read = read_bars(path, **options)
    bars = growth_of_returns(read.bars) if returns else read.bars
    found = tuple(one for one in read.findings if not (returns and one.kind in OF_PRICES))
    return PriceSource(name or Path(path).name, bars, found, read.inferred)


def open_named(name: str) -> PriceSource:
    """Return a packaged data set, or a universe or tickers from the cache, as they stand.

    Raises:
        DataError: If there is no such file or name, or nothing of the universe was fetched.
    """
    cache = PriceCache()
    if is_universe(name):
        universe = find_universe(name)
        bars = cache.read(fetched_tickers(universe, cache, name))
        return PriceSource(name, bars, known={"membership": universe.membership()})
    if name in packaged_datasets():
        market = load_dataset(name)
        bars = Bars(
            market.prices,
            open=market.open,
            high=market.high,
            low=market.low,
            volume=market.volume,
        )
        known = {"periods_per_year": market.periods_per_year, "membership": market.membership}
        return PriceSource(name, bars, known=known)
    fetched = cached_tickers(name, cache)
    if fetched:
        return PriceSource(name, cache.read(fetched))
    if os.path.isdir(name):
        raise DataError(f"{name!r} is a folder; name one of its files.")
    names = [*list_datasets(), *list_universes()]
    raise DataError(f"There is no file and no data set {name!r}. {nearest_name(name, names)}")
