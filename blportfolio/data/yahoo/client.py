"""Asks Yahoo for daily bars with yfinance, again where that helps, and says why there are none."""

from __future__ import annotations

import ast
import logging
import re
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from blportfolio.data.sessions import suffix_of
from blportfolio.data.yahoo.table import no_bars, split_table
from blportfolio.errors import DataError

Kind = Literal["answered", "missing", "limited", "unreachable"]
TIMEOUT = 15.0
LONGEST_WAIT = 30.0
_LIMITED = re.compile(r"RateLimit|Too Many Requests|rate.?limit|\b429\b", re.IGNORECASE)
_UNREACHABLE = re.compile(
    r"ConnectionError|ConnectionReset|ConnectTimeout|ReadTimeout|Timeout|timed out|ProxyError|"
    r"SSLError|DNSError|Could not resolve|Failed to resolve|name resolution|getaddrinfo|gaierror|"
    r"Name or service not known|no route to host|no (network|internet)|unreachable|reset by peer|"
    r"curl: \((5|6|7|28|35|52|55|56)\)|RemoteDisconnected|Connection aborted|Connection refused|"
    r"CURRENTLY DOWN|database is locked|JSONDecodeError|(status_code ?=|HTTP Error|HTTP) ?5\d\d",
    re.IGNORECASE,
)
_NO_NETWORK = re.compile(
    r"resolve|name resolution|getaddrinfo|gaierror|name or service not known|no route to host|"
    r"no (network|internet)|network is unreachable|DNSError",
    re.IGNORECASE,
)
_SUMMARY = re.compile(r"(\[.*?\]): (.*)", re.DOTALL)
_SINGLE = re.compile(
    r"(?:Failed to get ticker ')?\$?([A-Z0-9^.&=_-]+)'?(?: reason)?: (.*)", re.DOTALL
)
_calling = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What Yahoo said of one ticker.

    Attributes:
        kind: `answered` with prices, `missing` where there are none, `limited` where Yahoo asks to
            wait, `unreachable` where it could not be asked.
        frame: (n_dates, 8) bars by the names of `FRAMES`; empty unless answered.
        reason: Why there are none.
    """

    kind: Kind
    frame: pd.DataFrame
    reason: str = ""


class _YahooError(DataError):
    """Whatever yfinance raised, in words.

    Attributes:
        is_network: Whether it is an error of the system, under which all of the network are.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}".rstrip(": "))
        self.is_network = isinstance(error, OSError)


def ask(
    tickers: Sequence[str],
    start: pd.Timestamp,
    end: pd.Timestamp,
    *,
    retries: int = 4,
    timeout: float = TIMEOUT,
    sleep: Callable[[float], None] | None = None,
    rng: np.random.Generator | None = None,
) -> dict[str, Answer]:
    """Ask for the daily bars of several tickers.

    A limit of the rate, a timeout or a lost connection is tried again after 1, 2, 4 … seconds, at
    least half of each and at most `LONGEST_WAIT`; only the tickers that lack an answer are asked
    for again, and only once where there is no network at all.

    Args:
        tickers: Tickers in capitals.
        start: First day.
        end: Last day.
        retries: Further tries.
        timeout: Seconds to wait for each reply.
        sleep: Waits for so many seconds; `time.sleep` by default.
        rng: Draws the share of each wait.

    Returns:
        One answer a ticker; nothing is raised for what Yahoo or the network did.
    """
    rng = rng or np.random.default_rng()  # several processes shall not wait in step
    answers: dict[str, Answer] = {}
    waiting = list(tickers)
    for attempt in range(retries + 1):
        if attempt:
            wait = min(LONGEST_WAIT, 2.0 ** (attempt - 1)) * rng.uniform(0.5, 1.0)
            (sleep or time.sleep)(wait)
        answers |= _ask_once(waiting, start, end, timeout)
        waiting = [t for t in waiting if answers[t].kind in ("limited", "unreachable")]
        reasons = [answers[ticker].reason for ticker in waiting]
        if not waiting or (attempt and all(map(_NO_NETWORK.search, reasons))):
            break
    return {ticker: answers[ticker] for ticker in tickers}


def _ask_once(
    tickers: Sequence[str], start: pd.Timestamp, end: pd.Timestamp, timeout: float
) -> dict[str, Answer]:
    try:
        table, messages = _download(tickers, start, end, timeout)
    except _YahooError as error:
        failed = _failure(str(error))
        if failed.kind == "missing" and error.is_network:
            failed = replace(failed, kind="unreachable")
        if failed.kind != "missing" or len(tickers) == 1:
            return dict.fromkeys(tickers, failed)
        # One ticker spoilt the call of all; ask for each on its own.
        alone = [_ask_once([ticker], start, end, timeout) for ticker in tickers]
        return {ticker: answer for answers in alone for ticker, answer in answers.items()}
    reasons = _reasons(messages)
    frames = split_table(table, tickers)
    answers = {}
    for ticker in tickers:
        if ticker in frames:
            answers[ticker] = Answer("answered", frames[ticker])
        else:
            answers[ticker] = _failure(reasons.get(ticker, ""), ticker)
    return answers


def _download(
    tickers: Sequence[str], start: pd.Timestamp, end: pd.Timestamp, timeout: float
) -> tuple[object, list[str]]:
    """Call yfinance once; return its table and what it logged.

    Raises:
        _YahooError: With whatever it raised.
    """
    import yfinance as yf

    with _calling, _listening() as messages, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a library, to programmers
        try:
            table = yf.download(
                tickers=list(tickers),
                start=f"{start:%Y-%m-%d}",
                end=f"{end + pd.Timedelta(days=1):%Y-%m-%d}",  # Yahoo leaves the end out
                auto_adjust=False,
                actions=True,
                group_by="ticker",
                progress=False,
                threads=len(tickers) > 1,
                timeout=timeout,
                multi_level_index=True,
            )
        except Exception as error:  # a library of many parts: any kind of error may come
            raise _YahooError(error) from error
    return table, messages


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Collect what yfinance logs, which nobody else hears, and have it name network errors."""
    import yfinance as yf

    messages: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger = logging.getLogger("yfinance")
    listener, propagate = Listener(logging.WARNING), logger.propagate
    # Hidden, a lost connection looks like a delisted ticker.
    debug = yf.config.debug
    hidden = debug.hide_exceptions
    logger.addHandler(listener)
    logger.propagate = False
    debug.hide_exceptions = False
    with suppress(AttributeError):  # so that Ctrl-C does not wait for threads that wait for Yahoo
        yf.multi._multitasking.set_daemon(True)
    try:
        yield messages
    finally:
        debug.hide_exceptions = hidden
        logger.propagate = propagate
        logger.removeHandler(listener)


def _reasons(messages: Sequence[str]) -> dict[str, str]:
    """Return why tickers failed; the earliest message knows best."""
    reasons: dict[str, str] = {}
    for message in messages:
        summary = _SUMMARY.fullmatch(message.strip())
        single = _SINGLE.fullmatch(message.strip())
        if summary:
            try:
                names = ast.literal_eval(summary[1])
            except (ValueError, SyntaxError):
                continue
            for name in names:
                reasons.setdefault(str(name), summary[2])
        elif single:
            reasons.setdefault(single[1], single[2])
    return reasons


def _failure(reason: str, ticker: str = "") -> Answer:
    """Return an answer without prices, its kind told by the words of the reason."""
    kind: Kind = "missing"
    if _LIMITED.search(reason):
        kind = "limited"
    elif _UNREACHABLE.search(reason):
        kind = "unreachable"
    words = _in_words(reason)
    if kind == "missing" and re.fullmatch(r"[A-Z]+\.[A-Z]", ticker) and suffix_of(ticker) == "":
        words += f"; Yahoo writes classes of shares with a dash, {ticker.replace('.', '-')}"
    return Answer(kind, no_bars(), words)


def _in_words(reason: str) -> str:
    """Return a reason as one short line, without the name of a Python class around it."""
    inner = re.fullmatch(r"\w+\((['\"])(.*)\1,?\)", reason.strip(), re.DOTALL)
    text = " ".join((inner[2] if inner else reason).split()).rstrip(".")
    text = re.sub(r"^\$[^ ]+: | See https?://.*", "", text).rstrip(".")
    text = text if len(text) <= 200 else f"{text[:199]}…"
    return text or "Yahoo has no prices; it may be delisted, or misspelt"
