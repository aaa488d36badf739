"""What a universe file may say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class UniverseFile(BaseModel):
    """A validated universe file.

    Attributes:
        schema_version: Version of this layout, 1.
        title: One line for lists.
        tickers: Members throughout, or since they were listed.
        benchmarks: Tickers to compare with; priced, never members.
        listed: First day of some of `tickers`.
        membership: By ticker, intervals [first day, last day], both included; the last day may be
            left out.
        membership_file: CSV beside the file with the columns symbol, opt_in, opt_out (the first
            day no longer a member, empty while it is one) and, where tickers are not symbols,
            yahoo_series_same_company, empty where no series is of the same company.
        start: First day that the definition covers.
        prices_from: First day of the prices, for windows that reach back before `start`; `start`
            by default.
        end: Last day.
        min_coverage: Smallest share of the members that must have prices at each date.
        calendar: How exchanges with different holidays are joined, as in `load_prices`.
        currency: Currency of the prices; by default what the tickers say.
        source: Where the definition came from.
        licence: Licence notice.
        caveats: What a reader of results must know.
        files: Patterns of file names that `--from-files` reads in a folder; all when empty.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    title: str = ""
    tickers: tuple[str, ...] = ()
    benchmarks: tuple[str, ...] = ()
    listed: Mapping[str, dt.date] = Field(default_factory=dict)
    membership: Mapping[
        str, tuple[Annotated[tuple[dt.date, ...], Field(min_length=1, max_length=2)], ...]
    ] = Field(default_factory=dict)
    membership_file: str | None = None
    start: dt.date | None = None
    prices_from: dt.date | None = None
    end: dt.date | None = None
    min_coverage: float = Field(default=0.6, ge=0, le=1)
    calendar: Literal["union", "common"] = "union"
    currency: str = ""
    source: str = ""
    licence: str = ""
    caveats: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
