"""Packaged data sets, each described by a `dataset.toml` beside its file."""

from __future__ import annotations

import hashlib
import io
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from blportfolio.data.market import MarketData
from blportfolio.data.paths import packaged_folder
from blportfolio.errors import DataError
from blportfolio.validation import nearest_name


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """What `dataset.toml` says of one data set.

    Attributes:
        name: Name of the folder.
        title: One line for lists.
        file: Name of the data file in the folder.
        sha256: Digest of that file, checked whenever it is read.
        kind: Whether the file holds `prices` or simple decimal `returns`.
        dates: `period_end`, or `month_start` for months labelled by their first day.
        periods_per_year: Periods in a year.
        currency: Currency of the prices.
        licence: Licence notice.
        source: Where the data came from.
        caveats: What a reader of results must know.
        assets: Columns to read; all when empty.
        risk_free: Column of the risk-free rate, if there is one.
    """

    name: str
    title: str
    file: str
    sha256: str
    kind: Literal["prices", "returns"]
    dates: Literal["period_end", "month_start"]
    periods_per_year: float
    currency: str
    licence: str
    source: str
    caveats: tuple[str, ...]
    assets: tuple[str, ...] = ()
    risk_free: str | None = None


def list_datasets() -> list[str]:
    """Return the names of the packaged data sets, in alphabetical order."""
    return sorted(path.parent.name for path in packaged_folder("data").glob("*/dataset.toml"))


def dataset_info(name: str) -> DatasetInfo:
    """Return the description of a packaged data set.

    Raises:
        DataError: If there is no data set of that name.
    """
    if name not in list_datasets():
        raise DataError(f"There is no data set {name!r}. {nearest_name(name, list_datasets())}")
    described = tomllib.loads((_folder(name) / "dataset.toml").read_text(encoding="utf-8"))
    for key in ("assets", "caveats"):
        described[key] = tuple(described.get(key, ()))
    return DatasetInfo(name=name, **described)


def load_dataset(name: str) -> MarketData:
    """Load a packaged data set.

    Args:
        name: One of `list_datasets()`.

    Returns:
        Checked market data; a source of returns becomes growth of 1.

    Raises:
        DataError: If the name is unknown, or the file is not the one that was packaged.
    """
    info = dataset_info(name)
    content = (_folder(name) / info.file).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != info.sha256:
        raise DataError(
            f"The file {info.file!r} of data set {name!r} is damaged: its SHA-256 starts with "
            f"{digest[:12]}, expected {info.sha256[:12]}. Reinstall blportfolio."
        )
    frame = pd.read_csv(io.BytesIO(content), index_col=0, parse_dates=True, compression="gzip")
    if info.dates == "month_start":
        frame.index = pd.DatetimeIndex(frame.index) + pd.offsets.MonthEnd(0)
    values = frame[list(info.assets)] if info.assets else frame
    sources = {f"{name}/{info.file}": digest}
    if info.kind == "returns":
        return MarketData.from_returns(
            values,
            risk_free=frame[info.risk_free] if info.risk_free else None,
            periods_per_year=info.periods_per_year,
            name=name,
            currency=info.currency,
            sources=sources,
            notes=info.caveats,
        )
    return MarketData(
        values,
        periods_per_year=info.periods_per_year,
        name=name,
        currency=info.currency,
        sources=sources,
        notes=info.caveats,
    )


def _folder(name: str) -> Path:
    return packaged_folder("data") / name
