"""When a Yahoo ticker's exchange closes, in which time zone, and in which currency it quotes."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pandas as pd

SETTLING = dt.timedelta(minutes=30)
"""How long after the close the last prices of a day may still change."""
_CLOCKLESS = dt.timedelta(hours=36)
"""From midnight UTC that begins a day until that day has ended everywhere on earth (UTC-12)."""
_CRYPTO = re.compile(r"-(USD|EUR|GBP|JPY|AUD|CAD|BTC|ETH)$")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange: (hour, minute) of its regular close in its zone, and its currency."""

    zone: str
    close: tuple[int, int]
    currency: str


UNITED_STATES = Exchange("America/New_York", (16, 0), "USD")
BY_SUFFIX = {
    "AE": Exchange("Asia/Dubai", (15, 0), "AED"),
    "AS": Exchange("Europe/Amsterdam", (17, 40), "EUR"),
    "AT": Exchange("Europe/Athens", (17, 20), "EUR"),
    "AX": Exchange("Australia/Sydney", (16, 12), "AUD"),
    "BA": Exchange("America/Argentina/Buenos_Aires", (17, 0), "ARS"),
    "BD": Exchange("Europe/Budapest", (17, 10), "HUF"),
    "BE": Exchange("Europe/Berlin", (20, 0), "EUR"),
    "BK": Exchange("Asia/Bangkok", (16, 40), "THB"),
    "BO": Exchange("Asia/Kolkata", (15, 30), "INR"),
    "BR": Exchange("Europe/Brussels", (17, 40), "EUR"),
    "CA": Exchange("Africa/Cairo", (14, 30), "EGP"),
    "CN": Exchange("America/Toronto", (16, 0), "CAD"),
    "CO": Exchange("Europe/Copenhagen", (17, 0), "DKK"),
    "DE": Exchange("Europe/Berlin", (17, 40), "EUR"),
    "DU": Exchange("Europe/Berlin", (20, 0), "EUR"),
    "F": Exchange("Europe/Berlin", (20, 0), "EUR"),
    "HE": Exchange("Europe/Helsinki", (18, 30), "EUR"),
    "HK": Exchange("Asia/Hong_Kong", (16, 10), "HKD"),
    "HM": Exchange("Europe/Berlin", (20, 0), "EUR"),
    "IC": Exchange("Atlantic/Reykjavik", (15, 30), "ISK"),
    "IL": Exchange("Europe/London", (16, 35), "USD"),
    "IR": Exchange("Europe/Dublin", (16, 30), "EUR"),
    "IS": Exchange("Europe/Istanbul", (18, 10), "TRY"),
    "JK": Exchange("Asia/Jakarta", (16, 15), "IDR"),
    "JO": Exchange("Africa/Johannesburg", (17, 10), "ZAc"),
    "KL": Exchange("Asia/Kuala_Lumpur", (17, 0), "MYR"),
    "KQ": Exchange("Asia/Seoul", (15, 30), "KRW"),
    "KS": Exchange("Asia/Seoul", (15, 30), "KRW"),
    "L": Exchange("Europe/London", (16, 35), "GBp"),
    "LS": Exchange("Europe/Lisbon", (16, 40), "EUR"),
    "MC": Exchange("Europe/Madrid", (17, 40), "EUR"),
    "ME": Exchange("Europe/Moscow", (18, 50), "RUB"),
    "MI": Exchange("Europe/Rome", (17, 40), "EUR"),
    "MU": Exchange("Europe/Berlin", (20, 0), "EUR"),
    "MX": Exchange("America/Mexico_City", (15, 0), "MXN"),
    "NE": Exchange("America/Toronto", (16, 0), "CAD"),
    "NS": Exchange("Asia/Kolkata", (15, 30), "INR"),
    "NZ": Exchange("Pacific/Auckland", (16, 45), "NZD"),
    "OL": Exchange("Europe/Oslo", (16, 25), "NOK"),
    "PA": Exchange("Europe/Paris", (17, 40), "EUR"),
    "PR": Exchange("Europe/Prague", (16, 25), "CZK"),
    "PS": Exchange("Asia/Manila", (15, 0), "PHP"),
    "QA": Exchange("Asia/Qatar", (13, 15), "QAR"),
    "RG": Exchange("Europe/Riga", (16, 0), "EUR"),
    "SA": Exchange("America/Sao_Paulo", (18, 0), "BRL"),
    "SG": Exchange("Europe/Berlin", (22, 0), "EUR"),
    "SI": Exchange("Asia/Singapore", (17, 16), "SGD"),
    "SN": Exchange("America/Santiago", (17, 0), "CLP"),
    "SR": Exchange("Asia/Riyadh", (15, 20), "SAR"),
    "SS": Exchange("Asia/Shanghai", (15, 0), "CNY"),
    "ST": Exchange("Europe/Stockholm", (17, 30), "SEK"),
    "SW": Exchange("Europe/Zurich", (17, 40), "CHF"),
    "SZ": Exchange("Asia/Shanghai", (15, 0), "CNY"),
    "T": Exchange("Asia/Tokyo", (15, 30), "JPY"),
    "TA": Exchange("Asia/Jerusalem", (17, 25), "ILA"),
    "TL": Exchange("Europe/Tallinn", (16, 0), "EUR"),
    "TO": Exchange("America/Toronto", (16, 0), "CAD"),
    "TW": Exchange("Asia/Taipei", (13, 30), "TWD"),
    "TWO": Exchange("Asia/Taipei", (13, 30), "TWD"),
    "V": Exchange("America/Toronto", (16, 0), "CAD"),
    "VI": Exchange("Europe/Vienna", (17, 40), "EUR"),
    "VN": Exchange("Asia/Ho_Chi_Minh", (15, 0), "VND"),
    "VS": Exchange("Europe/Vilnius", (16, 0), "EUR"),
    "WA": Exchange("Europe/Warsaw", (17, 5), "PLN"),
}
"""Regular closes by Yahoo suffix, call auctions included; a half day closes earlier, not later."""


def suffix_of(ticker: str) -> str:
    """Return what marks the exchange: "L" for VOD.L, "" for the United States.

    Tickers that say nothing of an exchange answer with their own mark: "^" indices, "=" currencies
    and futures, "-" crypto-currencies.
    """
    if ticker.startswith("^"):
        return "^"
    if "=" in ticker:
        return "="
    if _CRYPTO.search(ticker):
        return "-"
    _, dot, suffix = ticker.rpartition(".")
    # Classes of American shares are written BRK.B by some vendors.
    return suffix if dot and suffix in BY_SUFFIX else ""


def exchange_of(ticker: str) -> Exchange | None:
    """Return the exchange of a ticker, None where its name does not tell."""
    mark = suffix_of(ticker)
    if mark:
        return BY_SUFFIX.get(mark)
    _, dot, suffix = ticker.rpartition(".")
    # A longer suffix is of an exchange unknown here; that of a class is one letter.
    return None if dot and len(suffix) > 1 else UNITED_STATES


def currency_of(ticker: str) -> str:
    """Return the currency in which Yahoo quotes a ticker, "" where its name does not tell."""
    if suffix_of(ticker) == "-":
        return ticker.rpartition("-")[2]
    exchange = exchange_of(ticker)
    return "" if exchange is None else exchange.currency


def is_complete(ticker: str, date: pd.Timestamp, now: dt.datetime) -> bool:
    """Tell whether the bar of a day is finished.

    A bar is finished half an hour after the regular close of its exchange, one of a
    crypto-currency at the end of the day in UTC. Where the ticker does not name its exchange, it
    is finished once the day has ended everywhere on earth.

    Args:
        ticker: Yahoo ticker.
        date: Day of the bar, without a time zone.
        now: The time, with a time zone.
    """
    exchange = exchange_of(ticker)
    day = pd.Timestamp(date).normalize().to_pydatetime()
    if suffix_of(ticker) == "-":
        end = day.replace(tzinfo=dt.UTC) + dt.timedelta(days=1)
    elif exchange is None:
        end = day.replace(tzinfo=dt.UTC) + _CLOCKLESS
    else:
        hour, minute = exchange.close
        end = day.replace(hour=hour, minute=minute, tzinfo=ZoneInfo(exchange.zone)) + SETTLING
    return now >= end
