"""The words by which columns are known: dates, tickers and fields of bars, in many languages."""

from __future__ import annotations

import re
from functools import lru_cache

MOST_WORDS = 2**17
LONGEST_WORD = 100
"""Characters of a label that may be a word, and the most of such labels that are remembered."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


DATE_NAMES = frozenset(
    _words(
        "date dates datetime timestamp tradedate tradingdate tradingday exchangedate "
        "observationdate asofdate caldt datadate pricedate datum fecha dato data "
        "dtyyyymmdd effectivedate opentime windowstart дата snappedat 日期 交易日期 日付 일자 날짜"
    )
)
"""Labels that say that a column holds dates, as `plain` spells them."""
YEAR_NAMES = frozenset(_words("year years jahr année anno año ano rok"))
MAYBE_DATE_NAMES = frozenset(
    ("day", "month", "time", "period", "week", "quarter", "index", "level0", "t", "", *YEAR_NAMES)
)
"""Labels of columns that hold dates where their cells look like dates."""
ROW_NUMBER_NAMES = frozenset(("index", "level0", "unnamed0", ""))
TICKER_NAMES = _words(
    "ticker tickers symbol symbols asset instrument security ric isin code tscode tic "
    "tickersymbol stocksymbol securitycode stockcode windcode 股票代码 证券代码 代码 permno cusip "
    "sedol figi wkn name 名称"
)
FIELDS = {
    "open": _words(
        "open pxopen openprice priceopen openingprice prcod first "
        "eröffnung eröffn eröffnungskurs erster "
        "ouverture ouv apertura abertura apert openkoers opening öppning åbning "
        "otwarcie открытие ценаоткр откр 开盘 开盘价 始値 시가"
    ),
    "high": _words(
        "high pxhigh highprice pricehigh pricehi prchd "
        "hoch tageshoch höchst höchstkurs plushaut haut "
        "maximum máximo massimo max máx hoog hoogste högst najwyższy najwyzszy максимум макс 最高 "
        "最高价 高値 고가"
    ),
    "low": _words(
        "low pxlow lowprice pricelow prcld "
        "tief tagestief tiefst tiefstkurs plusbas bas minimum mínimo "
        "minimo minimo min mín laag laagste lägst najniższy najnizszy минимум мин 最低 最低价 "
        "安値 저가"
    ),
    "adjusted": _words(
        "adjclose adjustedclose adjclosing closeadj adjcloseprice adjustedprice adjprice adjusted "
        "totreturnindexgrossdvds adjustedclosingprice adjclosingprice closeadjusted"
    ),
    "close": _words(
        "close closelast closeprice closingprice priceclose pxlast tradeclose closing closingvalue "
        "prccd prccm "
        "schluss schlusskurs zuletzt clôture cloture clot dernier cierre último chiusura ultimo "
        "fechamento fech slotkoers slot laatste stängning slutkurs senast zamknięcie zamkniecie "
        "закрытие 收盘 收盘价 終値 종가"
    ),
    "price": _words(
        "price last lastprice prc settle nav navpershare value kurs cours precio prezzo preço цена "
        "koers cena marketprice obsvalue indexvalue indexlevel indexclose"
    ),
    "returns": _words("return returns ret retx totalreturn"),
    "volume": _words(
        "volume vol pxvolume tradevolume volumetraded sharevolume totalvolume numberofshares "
        "noofshares cvol volumen volym wolumen stücke stuecke umsatz "
        "totaltradedquantity cshtrd объем объём "
        "成交量 出来高 거래량 tickvol"
    ),
    "dividends": _words(
        "dividends dividend dividendamount exdividend exdividends divcash dividende"
    ),
    "splits": _words("stocksplits splits split splitcoefficient splitratio splitfactor"),
}
"""Fields of a bar, each with the labels that vendors give them, as `plain` spells them."""
FIELD_OF = {label: name for name, labels in FIELDS.items() for label in labels}
PRICE_FIELDS = ("adjusted", "close", "price", "returns")
SURE_PRICES = frozenset((*FIELDS["adjusted"], *FIELDS["close"], "price", "navpershare"))
"""Labels of prices that no asset bears, so that columns beside them are no assets."""
IGNORED = frozenset(
    _words(
        "change changepct chg net pctchg turnover openint openinterest capitalgains repaired "
        "vwap bid ask adjopen adjhigh adjlow adjvolume adjustedopen adjustedhigh adjustedlow "
        "per time trades percent changepercent adjhighprice marketcap currency exchange amount "
        "preclose prevclose previousclose spread variation var devise ccy vw wap averageprice "
        "average quotevolume count ignore closetime takerbuyvolume takerbuyquotevolume "
        "zmiana изм 涨跌幅 涨跌额 成交额 换手率"
    )
)
"""Columns that come beside bars and are none."""
UNITS = frozenset(_words("% percent pct index points shares decimal ratio level number"))
CURRENCIES = frozenset(
    _words(
        "USD EUR GBP GBX JPY CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF RUB TRY ZAR BRL MXN INR "
        "CNY CNH HKD SGD KRW TWD THB IDR MYR PHP ILS AED SAR CLP COP ARS"
    )
)
_UNIT = re.compile(
    rf"\s*(?:[(\[][^)\]]*[)\]]|[$€£¥₹]|[-, ](?:{'|'.join(sorted(CURRENCIES))}))\s*\**\s*\Z"
)


def plain(label: object) -> str:
    """Spell a label in small letters and digits only: `Adj. Close**` is `adjclose`."""
    text = str(label)
    return _plain(text) if len(text) <= LONGEST_WORD else _plain.__wrapped__(text)


@lru_cache(maxsize=MOST_WORDS)
def _plain(text: str) -> str:
    text = text.strip().lower()
    if text[:2] in {"1.", "2.", "3.", "4.", "5.", "6.", "7.", "8."}:
        text = text[2:]  # "4. close"
    return "".join(character for character in text if character.isalnum())


def field_of(label: str) -> str | None:
    """Return the field of a bar that a label names, also with its unit: `Close (USD)`."""
    name = FIELD_OF.get(plain(label))
    if name is None and len(label) <= LONGEST_WORD and (unit := _UNIT.search(label)):
        return FIELD_OF.get(plain(label[: unit.start()]))
    return name


def is_beside(label: str) -> bool:
    """Whether a label names a column that comes beside bars and is none."""
    return plain(label) in IGNORED
