"""Packaged data sets, each described by a `dataset.toml` beside its file."""

from __future__ import annotations

import functools
import hashlib
import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from blportfolio.data.cached import cached_tickers, load_cached
from blportfolio.data.macro import LazyMacro, MacroSeries, Revisions
from blportfolio.data.market import MarketData
from blportfolio.data.paths import packaged_folder
from blportfolio.data.universe import is_universe, list_universes
from blportfolio.data.universes import cached_universes, load_universe
from blportfolio.errors import ConfigError, DataError
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
        macro: Packaged macro-economic sets that come with it.
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
    macro: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MacroInfo:
    """What `dataset.toml` says of one set of macro-economic series.

    Attributes:
        name: Name of the folder.
        title: One line for lists.
        file: Name of the data file in the folder.
        sha256: Digest of that file, checked whenever it is read.
        dates: `period_end`, or `month_start` for months labelled by their first day.
        unit: `percent`, which the loader divides by 100, or `decimal`.
        publication_lag_days: Days from the end of a value's period to when it was surely known.
        revisions: Whether the source changes values later, as in `MacroSeries`.
        series: Names of the series by column of the file.
        licence: Licence notice.
        source: Where the data came from.
        caveats: What a reader of results must know.
    """

    name: str
    title: str
    file: str
    sha256: str
    dates: Literal["period_end", "month_start"]
    unit: Literal["percent", "decimal"]
    publication_lag_days: float
    revisions: Revisions
    series: Mapping[str, str]
    licence: str
    source: str
    caveats: tuple[str, ...]


def list_datasets() -> list[str]:
    """Return the names that `load_dataset` takes now, in alphabetical order.

    They are the packaged data sets, and the universes whose prices have been fetched.
    """
    return sorted([*packaged_datasets(), *cached_universes()])


def packaged_datasets() -> list[str]:
    """Return the names of the packaged data sets, in alphabetical order."""
    return [name for name, described in _described().items() if described["kind"] != "macro"]


def list_macro() -> list[str]:
    """Return the names of the packaged sets of macro-economic series, in alphabetical order."""
    return [name for name, described in _described().items() if described["kind"] == "macro"]


def dataset_info(name: str) -> DatasetInfo:
    """Return the description of a packaged data set.

    Raises:
        DataError: If there is no data set of that name.
    """
    known = packaged_datasets()
    if name not in known:
        if name in list_macro():
            raise DataError(
                f"{name!r} holds macro series and no prices: MarketData(prices, "
                f"macro=load_macro({name!r})) takes them."
            )
        if name.endswith(".toml"):
            raise DataError(f"There is no file {name!r} of a universe; check the path.")
        known += list_universes()
        raise DataError(f"There is no data set {name!r}. {nearest_name(name, known)}")
    described = _description(name)
    for key in ("assets", "caveats", "macro"):
        described[key] = tuple(described.get(key, ()))
    return DatasetInfo(name=name, **described)


def macro_info(name: str) -> MacroInfo:
    """Return the description of a packaged set of macro-economic series.

    Raises:
        DataError: If there is no set of that name.
    """
    known = list_macro()
    if name not in known:
        raise DataError(f"There is no macro data set {name!r}. {nearest_name(name, known)}")
    described = _description(name)
    described["caveats"] = tuple(described.get("caveats", ()))
    del described["kind"]
    return MacroInfo(name=name, **described)


def load_dataset(
    name: str | Path,
    *,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    min_coverage: float | None = None,
    covered_from: str | pd.Timestamp | None = None,
) -> MarketData:
    """Load a packaged data set, or a universe or tickers whose prices have been fetched.

    Args:
        name: One of `list_datasets()`, the path of a universe file, or tickers such as "AAPL KO".
        start: First date; the first there is by default.
        end: Last date; the last there is by default.
        min_coverage: For a universe, the smallest share of the members of each date that must
            have prices; its own by default (0.6).
        covered_from: For a universe, the first date at which that is asked for, such as that of
            a first decision; the first loaded by default.

    Returns:
        Checked market data; a source of returns becomes growth of 1. A universe brings its
        point-in-time membership.

    Raises:
        DataError: If the name is unknown, the file is not the one that was packaged, a universe
            has not been fetched, or too few of its members have prices.
        ConfigError: If a universe file is wrong, or `min_coverage` is given for a data set.
    """
    if is_universe(name):
        return load_universe(
            name, start=start, end=end, min_coverage=min_coverage, covered_from=covered_from
        )
    if min_coverage is not None:
        raise ConfigError(f"`min_coverage` is for universes, and {str(name)!r} is none.")
    if str(name) not in packaged_datasets():
        tickers = cached_tickers(str(name))
        if tickers:
            return load_cached(tickers, start, end, name="_".join(tickers[:5]))
    market = _packaged(str(name))
    return market if start is None and end is None else market.between(start, end)


def _packaged(name: str) -> MarketData:
    info = dataset_info(name)
    content, sources = _content(info)
    frame = _frame(info, content)
    values = frame[list(info.assets)] if info.assets else frame
    macro = _lazy_macro(info.macro, sources) if info.macro else None
    if info.kind == "returns":
        market = MarketData.from_returns(
            values,
            risk_free=frame[info.risk_free] if info.risk_free else None,
            periods_per_year=info.periods_per_year,
            name=name,
            currency=info.currency,
            sources=sources,
            notes=info.caveats,
        )
        return replace(market, macro=macro)
    return MarketData(
        values,
        macro=macro,
        periods_per_year=info.periods_per_year,
        name=name,
        currency=info.currency,
        sources=sources,
        notes=info.caveats,
    )


def load_macro(name: str) -> dict[str, MacroSeries]:
    """Load a packaged set of macro-economic series.

    Args:
        name: One of "us_treasury" and "moodys".

    Returns:
        Series by name, such as `treasury_10y` or `moodys_baa`, in decimals, each with its
        publication lag; `MarketData(prices, macro=...)` takes them.

    Raises:
        DataError: If the name is unknown, or the file is not the one that was packaged.
    """
    info = macro_info(name)
    return _macro_series([(info, _content(info)[0])])


def _lazy_macro(names: tuple[str, ...], sources: dict[str, str]) -> LazyMacro:
    """Read and check the files at once, and add their digests; parse them when they are needed."""
    infos = [macro_info(name) for name in names]
    files = []
    for info in infos:
        content, digest = _content(info)
        files.append((info, content))
        sources.update(digest)
    labels = tuple(label for info in infos for label in info.series.values())
    return LazyMacro(labels, functools.partial(_macro_series, files))


def _macro_series(files: list[tuple[MacroInfo, bytes]]) -> dict[str, MacroSeries]:
    series: dict[str, MacroSeries] = {}
    for info, content in files:
        values = _frame(info, content) / (100 if info.unit == "percent" else 1)
        lag = pd.Timedelta(days=info.publication_lag_days)
        for column, label in info.series.items():
            series[label] = MacroSeries(values[column].rename(label), lag, revisions=info.revisions)
    return series


def _content(info: DatasetInfo | MacroInfo) -> tuple[bytes, dict[str, str]]:
    """Return the file, and its digest by name.

    Raises:
        DataError: If the digest is not the one in `dataset.toml`.
    """
    content = (_folder(info.name) / info.file).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != info.sha256:
        raise DataError(
            f"The file {info.file!r} of data set {info.name!r} is damaged: its SHA-256 starts with "
            f"{digest[:12]}, expected {info.sha256[:12]}. Reinstall blportfolio."
        )
    return content, {f"{info.name}/{info.file}": digest}


def _frame(info: DatasetInfo | MacroInfo, content: bytes) -> pd.DataFrame:
    """Return the file as a frame by period end."""
    frame = pd.read_csv(io.BytesIO(content), index_col=0, parse_dates=True, compression="gzip")
    if info.dates == "month_start":
        frame.index = pd.DatetimeIndex(frame.index) + pd.offsets.MonthEnd(0)
    return frame


def _described() -> dict[str, dict[str, Any]]:
    """Return what each `dataset.toml` says, by name in alphabetical order."""
    names = sorted(path.parent.name for path in packaged_folder("data").glob("*/dataset.toml"))
    return {name: _description(name) for name in names}


def _description(name: str) -> dict[str, Any]:
    return tomllib.loads((_folder(name) / "dataset.toml").read_text(encoding="utf-8"))


def _folder(name: str) -> Path:
    return packaged_folder("data") / name
