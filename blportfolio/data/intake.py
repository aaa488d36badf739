"""Takes in a file of somebody's prices: the market it makes, or all that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blportfolio.data.bars import Bars
from blportfolio.data.files import load_prices
from blportfolio.data.market import MarketData
from blportfolio.data.price_source import open_file
from blportfolio.data.quality import QualityReport, repair, write_repaired
from blportfolio.errors import BLPortfolioError

READING = ("sheet", "date_order", "decimal", "max_bytes")
"""Options of `load_prices` that say how to read a file; the others say what to make of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Intake:
    """What came of a file.

    Attributes:
        name: What its owner calls it.
        market: Its prices as market data, None where they cannot be used as they are.
        problem: Why they cannot, in a sentence with the remedy; empty where they can.
        report: What the data doctor found; None where the file cannot be read at all.
        inferred: What reading inferred, in sentences.
        bars: What is in it; None where it cannot be read, or holds returns.
    """

    name: str
    market: MarketData | None
    problem: str = ""
    report: QualityReport | None = None
    inferred: tuple[str, ...] = ()
    bars: Bars | None = None

    @property
    def can_be_repaired(self) -> bool:
        """Whether the doctor is certain how to put something right."""
        found = () if self.report is None else self.report.findings
        return self.bars is not None and any(finding.fixable for finding in found)

    def repair(self, target: Path) -> tuple[str, ...]:
        """Write a repaired copy of the prices, with a log beside it.

        Args:
            target: New CSV file.

        Returns:
            A line for each change; none, and no file, where there is nothing to repair.

        Raises:
            OutputError: If the file cannot be written.
        """
        if self.bars is None or self.report is None:
            return ()
        bars, log = repair(self.bars, self.report)
        if log:
            write_repaired(bars, log, target)
        return log


def take_in(path: str | Path, *, name: str, returns: bool = False, **options: Any) -> Intake:  # noqa: ANN401, those of load_prices
    """Read a file with `load_prices`, and examine what is in it; what is wrong is told, not raised.

    Args:
        path: The file.
        name: What its owner calls it.
        returns: Whether it holds simple decimal returns.
        options: Further options of `load_prices`.
    """
    path = Path(path)
    try:
        reading = {key: options[key] for key in READING if key in options}
        source = open_file(path, name=name, returns=returns, **reading)
        report = source.examine()
    except BLPortfolioError as error:
        return Intake(name, None, _renamed(error, path, name))
    market, problem = None, ""
    try:
        market = load_prices(path, name=name, returns=returns, **options)
    except BLPortfolioError as error:
        problem = _renamed(error, path, name)
    bars = None if returns else source.bars
    return Intake(name, market, problem, report, tuple(source.inferred), bars)


def _renamed(error: BLPortfolioError, path: Path, name: str) -> str:
    """Return a message with the owner's name of the file in place of that on the disk."""
    return str(error).replace(repr(path.name), repr(name)).replace(path.name, name)
