"""Brings the cache up to date from Yahoo, ticker by ticker, and reports what happened to each."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from blportfolio.data.cache import PriceCache
from blportfolio.data.cache.price_file import YAHOO, DamagedFileError, Entry, PriceInfo
from blportfolio.data.sessions import currency_of, is_complete
from blportfolio.data.universe import resolve
from blportfolio.data.yahoo import client
from blportfolio.data.yahoo.report import Fetched, FetchReport, Status, age
from blportfolio.errors import DataError
from blportfolio.validation import check_date

Progress = Callable[[str, int, int], None]

BATCH = 20
"""Tickers in one call: few enough to save and to show progress often."""
OVERLAP = pd.Timedelta(days=14)
"""What is asked for again before the last cached date, to see whether it changed."""
EARLIEST = pd.Timestamp("1900-01-01")
MOST_YEARS = 99
"""Years of daily bars that Yahoo gives in one reply."""
PATIENCE = dt.timedelta(hours=1)
"""How long an answer without new bars stands before Yahoo is asked again."""
SETTLED = pd.Timedelta(days=7)
"""Days after which a source adds no bar any more."""


def utc(now: dt.datetime | None) -> dt.datetime:
    """Return `now` in UTC; the clock is read only where it is None."""
    if now is None:
        return dt.datetime.now(dt.UTC)
    return now.replace(tzinfo=dt.UTC) if now.tzinfo is None else now.astimezone(dt.UTC)


@dataclass(slots=True)
class _Job:
    """One ticker on its way: what is cached, and what is to be asked for."""

    ticker: str
    entry: Entry | None
    wanted: pd.Timestamp  # first date that shall be there
    notes: list[str] = field(default_factory=list)
    whole: bool = True
    done: Fetched | None = None

    @property
    def since(self) -> pd.Timestamp:
        if self.entry is None:
            return self.wanted
        if self.whole:
            return min(self.wanted, pd.Timestamp(self.entry.info.asked_from))
        return pd.Timestamp(self.entry.frame.index[-1]) - OVERLAP

    def finish(self, status: Status, *reasons: str) -> None:
        reason = "; ".join(reason for reason in (*reasons, *self.notes) if reason)
        self.done = Fetched.of(self.ticker, status, reason, self.entry)


def fetch(
    tickers: str | Path | Sequence[str],
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    *,
    refresh: bool = False,
    offline_ok: bool = False,
    cache: PriceCache | None = None,
    progress: Progress | None = None,
    retries: int = 4,
    now: dt.datetime | None = None,
    sleep: Callable[[float], None] | None = None,
) -> FetchReport:
    """Bring the cached prices of several tickers up to date.

    Yahoo is asked only for what is missing: nothing while the last finished day is cached, the
    latest days otherwise, and the whole history when a dividend, a split or a correction changed
    what is cached. A day that has not finished yet is not stored. What is cached is never lost: a
    new history that is shorter or empty leaves it as it is.

    Args:
        tickers: Tickers as text ("AAPL MSFT,KO") or a sequence, or a universe by name or path.
        start: First day to have; all that Yahoo has by default, or all that a universe covers.
        end: Last day that is needed, included; the last finished one by default.
        refresh: Whether to ask for the whole history in any case.
        offline_ok: Whether cached prices will do when Yahoo cannot be reached.
        cache: Where prices are kept; the user's cache by default.
        progress: Called with a name, tickers done and all tickers.
        retries: Further tries when Yahoo asks to wait or cannot be reached.
        now: The time; the clock's by default.
        sleep: Waits for so many seconds between tries.

    Returns:
        What happened to each ticker.

    Raises:
        ConfigError: If the file of a universe is wrong.
        DataError: If a ticker or date is malformed, or Yahoo cannot be reached at all and
            `offline_ok` is False.
        OutputError: If the cache cannot be written to.
    """
    names, universe = resolve(tickers)
    covered = (None, None) if universe is None else (universe.prices_from, universe.file.end)
    first, last = start or covered[0], end or covered[1]
    wanted = EARLIEST if first is None else max(check_date(first, name="start"), EARLIEST)
    until = None if last is None else check_date(last, name="end")
    if until is not None and until < wanted:
        raise DataError(f"`end` must not be before `start`, got {until.date()}.")
    cache, moment = cache or PriceCache(), utc(now)
    jobs = [_job(cache, name, wanted) for name in names]
    for job in jobs:
        _plan(job, until, moment, refresh=refresh)
    stop: client.Answer | None = None
    asked: list[client.Answer] = []
    while waiting := [job for job in jobs if job.done is None]:
        # Jobs whose cached prices turned out to be revised stay for another round.
        for batch in _batches(waiting):
            if progress is not None:
                progress("prices", sum(job.done is not None for job in jobs), len(jobs))
            answers = (
                {job.ticker: stop for job in batch} if stop else _ask(batch, moment, retries, sleep)
            )
            asked += answers.values()
            if {answer.kind for answer in answers.values()} in ({"limited"}, {"unreachable"}):
                stop = answers[batch[0].ticker]  # asking for more would make it worse
            for job in batch:
                _take(cache, job, answers[job.ticker], moment)
    if progress is not None:
        progress("prices", len(jobs), len(jobs))
    if asked and not offline_ok and all(answer.kind == "unreachable" for answer in asked):
        cached = sum(job.entry is not None for job in jobs)
        raise DataError(
            f"Yahoo cannot be reached: {asked[0].reason}. Check the network; offline_ok=True "
            f"(--offline-ok) uses what is cached, prices of {cached} of {len(jobs)} tickers."
        )
    return FetchReport(tuple(job.done for job in jobs if job.done is not None))


def _job(cache: PriceCache, ticker: str, wanted: pd.Timestamp) -> _Job:
    """Return a ticker with what is cached of it; a damaged file is set aside."""
    notes = []
    try:
        entry = cache.entry(ticker)
    except DamagedFileError:
        aside = cache.set_aside(ticker)
        notes = [f"its cached file was damaged and is now {aside.name}"] if aside else []
        entry = cache.entry(ticker)
    return _Job(ticker, entry and _dates_of(entry), wanted, notes)


def _dates_of(entry: Entry) -> Entry:
    """Return an entry without its columns: of many tickers, only dates need be in memory."""
    return Entry(entry.frame[[]], entry.info)


def _plan(job: _Job, until: pd.Timestamp | None, now: dt.datetime, *, refresh: bool) -> None:
    """Decide whether to ask for nothing, the latest days or the whole history."""
    entry = job.entry
    if entry is None or refresh:
        return
    info, first, last = entry.info, entry.frame.index[0], entry.frame.index[-1]
    if last > _day(now) + pd.Timedelta(days=1):
        job.finish("fresh", f"the cached prices go to {last.date()}, past this computer's clock")
        return
    covers = min(first, pd.Timestamp(info.asked_from)) <= job.wanted
    job.whole = not covers
    if info.missed_utc and _is_recent(dt.datetime.fromisoformat(info.missed_utc), now):
        job.finish("kept", "Yahoo had nothing better a short while ago")
        return
    if job.whole:
        return
    needed = _last_finished(job.ticker, now)
    if until is not None:
        needed = min(until, needed)
    if (pd.DatetimeIndex(entry.frame.index).day_of_week < 5).all():
        needed -= pd.Timedelta(days=max(0, needed.day_of_week - 4))
    asked = pd.Timestamp(info.asked_to)
    is_settled = asked >= needed + SETTLED and info.fetched <= now
    was_asked = asked >= needed and _is_recent(info.fetched, now)
    if last >= needed or is_settled or was_asked:
        job.finish("fresh")


def _is_recent(moment: dt.datetime, now: dt.datetime) -> bool:
    """Tell whether so little time has passed that asking again would be a nuisance."""
    return dt.timedelta(0) <= now - moment < PATIENCE


def _batches(jobs: Sequence[_Job]) -> Iterator[list[_Job]]:
    """Group tickers that are asked for from the same date."""
    ordered = sorted(jobs, key=lambda job: job.since)  # stable, so that the order is kept
    for _, group in itertools.groupby(ordered, key=lambda job: job.since):
        members = list(group)
        for at in range(0, len(members), BATCH):
            yield members[at : at + BATCH]


def _ask(
    batch: Sequence[_Job],
    now: dt.datetime,
    retries: int,
    sleep: Callable[[float], None] | None,
) -> dict[str, client.Answer]:
    today = _day(now)
    since = max(batch[0].since, today - pd.DateOffset(years=MOST_YEARS))
    names = [job.ticker for job in batch]
    return client.ask(names, since, today, retries=retries, sleep=sleep)


def _take(cache: PriceCache, job: _Job, answer: client.Answer, now: dt.datetime) -> None:
    """Store an answer, or note why there is none."""
    if answer.kind in ("limited", "unreachable"):
        if job.entry is None:
            job.finish("failed", answer.reason)
        else:
            old = age(job.entry.info.fetched, now)
            job.finish("kept", answer.reason, f"what is cached is {old}")
        return
    finished = _last_finished(job.ticker, now)
    frame = answer.frame[answer.frame.index <= finished]
    if len(frame) < len(answer.frame):
        job.notes.append(
            f"left out {answer.frame.index[len(frame)].date()}, a day that has not finished"
        )
    if job.entry is None and not len(frame):
        job.finish("failed", answer.reason)
        return
    info = PriceInfo(
        ticker=job.ticker,
        source=YAHOO,
        fetched_utc=now.isoformat(timespec="seconds"),
        asked_from=str(job.since.date()),
        asked_to=str(finished.date()),
        currency=currency_of(job.ticker),
    )
    written = cache.write(job.ticker, frame, info, whole=job.whole)
    job.entry = _dates_of(written.entry)
    if written.outcome == "revised":
        job.whole = True
        job.notes.clear()
        return
    if written.outcome != "kept":
        job.finish(written.outcome, answer.reason or written.reason)
    elif len(frame):
        remedy = f"move {str(cache.path(job.ticker))!r} away to have the new one instead"
        job.finish("kept", written.reason, remedy)
    else:
        old = age(written.entry.info.fetched, now)
        job.finish("kept", answer.reason or written.reason, f"what is cached is {old}")


def _day(now: dt.datetime) -> pd.Timestamp:
    return pd.Timestamp(now.replace(tzinfo=None)).normalize()


def _last_finished(ticker: str, now: dt.datetime) -> pd.Timestamp:
    """Return the last calendar day, trading or not, whose bar is finished."""
    day = _day(now) + pd.Timedelta(days=1)
    while not is_complete(ticker, day, now):
        day -= pd.Timedelta(days=1)
    return day
