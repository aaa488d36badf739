"""Local store of prices, one Parquet file a ticker, which several processes may share."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from blportfolio.data.bars import FRAMES, Bars
from blportfolio.data.cache.merging import EVENTS, Outcome, complete_frame, merge
from blportfolio.data.cache.price_file import (
    DamagedFileError,
    Entry,
    PriceInfo,
    decode,
    encode,
    read_dates,
    read_digest,
    read_info,
    replace_file,
)
from blportfolio.data.paths import cache_folder
from blportfolio.data.tickers import file_stem, ticker_of
from blportfolio.errors import DataError, OutputError
from blportfolio.validation import FloatArray

SUFFIX = ".parquet"
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """What `PriceCache.write` did: the outcome of merging, why, and what is stored now."""

    outcome: Outcome
    reason: str
    entry: Entry


class PriceCache:
    """Prices by ticker in one folder.

    Files are replaced whole, so that readers need no lock; writers take turns. A process that is
    killed leaves the old file as it was.

    Attributes:
        folder: Where the files are; made when something is first written.
        timeout: Seconds to wait for another process that writes.
    """

    def __init__(self, folder: str | Path | None = None, *, timeout: float = 60.0) -> None:
        self.folder = cache_folder() if folder is None else Path(folder)
        self.timeout = timeout

    def path(self, ticker: str) -> Path:
        """Return the file of a ticker, whether it is there or not.

        Raises:
            DataError: If the ticker is malformed.
        """
        return self.folder / f"{file_stem(ticker)}{SUFFIX}"

    def tickers(self) -> tuple[str, ...]:
        """Return the tickers that are there, in alphabetical order."""
        named = (ticker_of(path.stem) for path in self.folder.glob(f"*{SUFFIX}"))
        return tuple(sorted(ticker for ticker in named if ticker is not None))

    def entry(self, ticker: str) -> Entry | None:
        """Return what is stored of a ticker, None where nothing is.

        Raises:
            DamagedFileError: If its file is damaged.
            DataError: If it cannot be read.
        """
        stored = self._stored(ticker)
        if stored is None:
            return None
        dates, columns, info = stored
        return Entry(pd.DataFrame(columns, index=pd.DatetimeIndex(dates, name="date")), info)

    def info(self, ticker: str) -> PriceInfo:
        """Return where the prices of a ticker came from, reading nothing else.

        Raises:
            DataError: If it is not stored or its file is damaged.
        """
        with self._reading(ticker):
            return read_info(self.path(ticker))

    def write(
        self, ticker: str, frame: pd.DataFrame, info: PriceInfo, *, whole: bool = True
    ) -> Written:
        """Join prices to what is stored of a ticker, by the rules of `merge`.

        Args:
            ticker: Ticker in capitals.
            frame: (n_dates, n) prices on sorted unique tz-naive days; columns are some of
                `FRAMES`. Without `prices` they are the closes, and the other way round.
            info: Where they came from.
            whole: Whether this is all that the source has, and not only its latest dates.

        Returns:
            What was done; with the outcome `revised` nothing was.

        Raises:
            DataError: If the stored file is damaged or the frame is malformed.
            OutputError: If the folder cannot be written to, or stays locked; what is stored is
                still there then.
        """
        frame = complete_frame(frame, ticker)
        with self._locked():
            old = self.entry(ticker)
            merged = merge(None if old is None else old.frame, frame, whole=whole)
            if merged.outcome == "revised" and old is not None:
                return Written(merged.outcome, merged.reason, old)
            if old is not None:
                info = old.info.joined(info, merged.outcome)
            entry = Entry(merged.frame, info)
            if len(entry.frame):
                replace_file(self.path(ticker), encode(entry))
        return Written(merged.outcome, merged.reason, entry)

    def set_aside(self, ticker: str) -> Path | None:
        """Rename a damaged file to `….damaged`, which is never deleted.

        Returns:
            Its new path, or None if it is whole after all.

        Raises:
            OutputError: If it cannot be renamed.
        """
        path = self.path(ticker)
        with self._locked():
            try:
                self.entry(ticker)
            except DamagedFileError:
                pass
            else:
                return None
            aside = path.with_name(f"{path.name}.damaged")
            number = 1
            while aside.exists():
                number += 1
                aside = path.with_name(f"{path.name}.{number}.damaged")
            try:
                path.rename(aside)
            except OSError as error:
                raise self._unwritable(error) from error
            return aside

    def read(self, tickers: Sequence[str], fields: Sequence[str] = FRAMES) -> Bars:
        """Return the stored prices of several tickers on the union of their dates.

        Args:
            tickers: Tickers in capitals, each once; the columns come in this order.
            fields: Frames to read; `prices` is always there.

        Raises:
            DataError: If a ticker is not stored or its file is damaged.
        """
        wanted = [name for name in FRAMES if name == "prices" or name in fields]
        for _ in range(_ATTEMPTS):
            dates = self._dates(tickers)
            bars = self._fill(tickers, wanted, dates)
            if bars is not None:
                return bars
        raise DataError(f"The cache {str(self.folder)!r} changed while it was read; try again.")

    def digest(self, ticker: str) -> str:
        """Return the SHA-256 that the file of a ticker carries.

        Raises:
            DataError: If it is not stored.
        """
        with self._reading(ticker):
            return read_digest(self.path(ticker))

    def _dates(self, tickers: Sequence[str]) -> pd.DatetimeIndex:
        """Return the union of the dates of several tickers, reading nothing else."""
        distinct: dict[bytes, np.ndarray] = {}
        for ticker in tickers:
            with self._reading(ticker):
                dates = read_dates(self.path(ticker))
            distinct.setdefault(dates.tobytes(), dates)
        union = np.unique(np.concatenate([*distinct.values(), np.array([], "datetime64[us]")]))
        return pd.DatetimeIndex(union, name="date")

    def _fill(
        self, tickers: Sequence[str], fields: Sequence[str], dates: pd.DatetimeIndex
    ) -> Bars | None:
        """Return bars on `dates`, or None if a file has others by now."""
        labels = pd.Index(tickers, name="asset", dtype=str)
        days = dates.to_numpy()
        # Assets lie one after the other, so that each is one copy and pandas needs none.
        arrays = {
            name: np.full((len(days), len(labels)), 0.0 if name in EVENTS else np.nan, order="F")
            for name in fields
        }
        for column, ticker in enumerate(tickers):
            stored = self._stored(ticker, fields)
            if stored is None:
                return None
            own, values, _ = stored
            rows = np.searchsorted(days, own)
            if len(own) and (rows[-1] >= len(days) or not np.array_equal(days[rows], own)):
                return None
            for name in fields:
                arrays[name][rows, column] = values[name]
        frames: dict[str, Any] = {
            name: pd.DataFrame(array, index=dates, columns=labels, copy=False)
            for name, array in arrays.items()
        }
        return Bars(**frames)

    def _stored(
        self, ticker: str, fields: Sequence[str] = FRAMES
    ) -> tuple[NDArray[np.datetime64], dict[str, FloatArray], PriceInfo] | None:
        """Return what the file of a ticker holds, None where there is none."""
        with self._reading(ticker):
            try:
                content = self.path(ticker).read_bytes()
            except FileNotFoundError:
                return None
            dates, columns, info = decode(content, fields)
        if info.ticker != ticker:
            raise self._damaged(ticker, f"it holds {info.ticker!r}")
        return dates, columns, info

    @contextmanager
    def _reading(self, ticker: str) -> Iterator[None]:
        """Say which ticker cannot be read, and what to do.

        Raises:
            DataError: If its file is damaged, not there, or cannot be read.
        """
        try:
            yield
        except DamagedFileError as error:
            raise self._damaged(ticker, error) from error
        except FileNotFoundError as error:
            raise DataError(
                f"{ticker!r} is not in the cache {str(self.folder)!r}; get it with "
                f"`blportfolio data fetch {ticker}` or download({ticker!r})."
            ) from error
        except OSError as error:
            raise DataError(
                f"The cached prices of {ticker!r} cannot be read: {error.strerror or error} "
                f"({str(self.path(ticker))!r}). Set BLPORTFOLIO_CACHE to another folder."
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process write at a time, and tidy up after those that were killed.

        Raises:
            OutputError: If another one does not finish, or the folder cannot be written to.
        """
        lock, holder = self.folder / ".lock", self.folder / ".lock-holder"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(lock, timeout=self.timeout):
                with suppress(OSError):  # only names the culprit when others wait in vain
                    holder.write_text(
                        f"process {os.getpid()} on {platform.node()}", encoding="utf-8"
                    )
                for orphan in self.folder.glob("*.tmp"):
                    orphan.unlink(missing_ok=True)
                yield
        except Timeout as error:
            who = "another process"
            with suppress(OSError, UnicodeDecodeError):
                who = holder.read_text(encoding="utf-8") or who
            raise OutputError(
                f"The cache {str(self.folder)!r} has been locked by {who} for {self.timeout:g} "
                f"seconds; wait until it is done, or end it. If it is gone, delete {lock.name}."
            ) from error
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"The cache {str(self.folder)!r} cannot be written to: {error.strerror or error}. Set "
            "BLPORTFOLIO_CACHE to another folder."
        )

    def _damaged(self, ticker: str, why: object) -> DamagedFileError:
        return DamagedFileError(
            f"The cached prices of {ticker!r} are damaged: {why} ({str(self.path(ticker))!r}). "
            f"`blportfolio data fetch {ticker}` sets the file aside and downloads it again."
        )
