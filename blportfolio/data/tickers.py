"""What a ticker may look like, how lists of them are read and written, and its safe file name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, unquote

from blportfolio.errors import DataError

_TICKER = re.compile(r"(?!.*\.(\.|$))\^?[A-Z0-9][A-Z0-9.&=_-]{0,30}", re.ASCII)
"""No dot stands at the end or beside another."""
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(\.|$)")
"""Names that Windows keeps for devices, whatever their extension."""


def check_ticker(ticker: object) -> str:
    """Return a ticker in capitals, as Yahoo writes it.

    Raises:
        DataError: If it is no text, or not of the form of `BRK-B`, `7203.T`, `^GSPC`, `EURUSD=X`.
    """
    if not isinstance(ticker, str):
        raise DataError(f"A ticker must be text such as 'AAPL', got {ticker!r:.60}.")
    capitals = ticker.upper() if ticker.isascii() else ""
    if capitals.endswith(".TOML"):
        raise DataError(f"There is no file {ticker[:200]!r} of a universe; check the path.")
    if not _TICKER.fullmatch(capitals):
        raise DataError(
            f"{ticker[:40]!r} is no ticker; expected up to 31 letters, digits and . - = & _ after "
            "an optional ^, as Yahoo writes them: AAPL, BRK-B, 7203.T, ^GSPC, EURUSD=X."
        )
    return capitals


def split_tickers(tickers: str | Iterable[str]) -> tuple[str, ...]:
    """Return the tickers of `"AAPL MSFT,KO"` or of a sequence, each once, in their order.

    Raises:
        DataError: If there is none, or one is malformed.
    """
    if isinstance(tickers, str):
        tickers = re.split(r"[\s,;]+", tickers.strip(" \t\r\n,;"))
        if tickers == [""]:
            raise DataError("`tickers` is empty; name one at least, such as 'AAPL MSFT'.")
    if not isinstance(tickers, Iterable):
        raise DataError(f"`tickers` must be text or a list, got {type(tickers).__name__}.")
    names = tuple(dict.fromkeys(check_ticker(ticker) for ticker in tickers))
    if not names:
        raise DataError("`tickers` is empty; name one at least, such as 'AAPL MSFT'.")
    return names


def shortened(names: Sequence[str], most: int = 3) -> str:
    """Return names as text: the first ones, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def file_stem(ticker: str) -> str:
    """Return a file name, without extension, that is safe on every system.

    Two tickers never share one, even where capitals do not count.
    """
    stem = quote(check_ticker(ticker), safe=".-_")
    return f"%{ord(stem[0]):02X}{stem[1:]}" if _RESERVED.match(stem) else stem


def ticker_of(stem: str) -> str | None:
    """Return the ticker whose `file_stem` this is, None where it is of no ticker."""
    ticker = unquote(stem)
    return ticker if _TICKER.fullmatch(ticker) and file_stem(ticker) == stem else None
