"""How pages show charts, tables, downloads and what went wrong."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import altair as vega
import pandas as pd
import streamlit as st
from pandas.api.types import is_float_dtype

from blportfolio.errors import BLPortfolioError
from blportfolio.report.charts import AnyChart

LOG = logging.getLogger("blportfolio.app")
FIT = vega.AutoSizeParams(type="fit-x", contains="padding")
DECIMALS = re.compile(r"%\.(\d)f")
"""Format of a number with a fixed number of decimals."""
ROOM = {"left": 5, "top": 5, "right": 5, "bottom": 10}
"""Pixels around a chart: its letters reach a little further than Vega thinks."""

INK = "#6f7680"
"""Of letters beside a chart on white, and still readable while the theme is being changed."""

LINKED = re.compile(r"(?<=:)(?=//|material|streamlit)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
"""Where text turns into a link or picture whatever is escaped: an unseen word joiner parts it."""


def chart(drawn: AnyChart, *, alt: str, key: str | None = None) -> None:
    """Show a chart as wide as the page, with a text for those who cannot see it.

    The height of the chart is that of its plot: legend, title and axes come on top.

    Args:
        drawn: The chart.
        alt: What it shows, with its main figures.
        key: Identity of the chart where a page shows several alike.
    """
    if isinstance(drawn, vega.Chart | vega.LayerChart):
        kept = {"autosize": FIT, "padding": ROOM}
        drawn = drawn.properties(
            **{name: value for name, value in kept.items() if drawn[name] is vega.Undefined}
        )
    if drawn["config"] is vega.Undefined:
        # Streamlit's theme pushes the first name of an axis away from its row, and its own grey of
        # letters is too faint on white: 3.7 : 1.
        more: dict[str, Any] = {}
        if st.context.theme.type != "dark":
            more = {
                "axis": vega.AxisConfig(labelColor=INK, titleColor=INK),
                "legend": vega.LegendConfig(labelColor=INK, titleColor=INK),
                "header": vega.HeaderConfig(labelColor=INK, titleColor=INK),
            }
        flush = vega.AxisConfig(labelFlush=False)
        drawn = drawn.properties(config=vega.Config(axisDiscrete=flush, **more))
    st.altair_chart(drawn, width="stretch", theme="streamlit", key=key, alt=alt)


def table(
    frame: pd.DataFrame,
    *,
    columns: Mapping[str, Any] | None = None,
    key: str | None = None,
    alt: str | None = None,
    height: int | Literal["auto", "content", "stretch"] = "auto",
) -> None:
    """Show a table without its index: nothing where there is no figure, and no minus before zero.

    Args:
        frame: What to show.
        columns: Formats by column, as `st.column_config` makes them.
        key: Identity of the table.
        alt: What it shows.
        height: In pixels, or "auto", "content" or "stretch".
    """
    st.dataframe(
        _unsigned(frame, columns or {}),
        hide_index=True,
        column_config=None if columns is None else dict(columns),
        width="stretch",
        height=height,
        key=key,
        placeholder="",
        alt=alt,
    )


def _unsigned(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return the table with 0 for what would be shown as -0.0."""
    shown = frame
    for name, config in columns.items():
        form = config.get("type_config", {}).get("format") if isinstance(config, Mapping) else None
        digits = DECIMALS.match(form or "")
        if digits is None or name not in frame or not is_float_dtype(frame[name]):
            continue
        least = 0.5 * 10.0 ** -int(digits[1])
        shown = shown.assign(
            **{name: frame[name].mask(frame[name].between(-least, 0, inclusive="right"), 0.0)}
        )
    return shown


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """Turn an error into a sentence on the page, and go on with what comes after it.

    Args:
        what: What could not be shown, as the beginning of a sentence.
    """
    try:
        yield
    except BLPortfolioError as error:
        failure(str(error))
    except Exception:  # a page shows no traceback; the server's log has it
        LOG.exception("%s could not be shown", what)
        failure(
            f"{what} could not be shown because of an unexpected error; the server's log has "
            "its details. The rest of the dashboard still works."
        )


def failure(message: str) -> None:
    """Show what went wrong and what to do."""
    st.error(plain(message), icon=":material/error:")


def empty(why: str, next_step: str) -> None:
    """Show why there is nothing, and what to do next."""
    st.info(f"{plain(why)}\n\n{next_step}", icon=":material/info:")


def warn_stale(message: str) -> None:
    """Show that what is on the page is older than it should be."""
    st.warning(plain(message), icon=":material/schedule:")


def download(
    label: str, data: str | bytes | Callable[[], str | bytes], file_name: str, mime: str
) -> None:
    """Offer a file; taking it runs nothing again. A function makes it when it is asked for."""
    st.download_button(
        label,
        data,
        file_name=file_name,
        mime=mime,
        on_click="ignore",
        icon=":material/download:",
        key=f"download:{file_name}",
    )


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share in percent; "n/a" where there is none."""
    if value is None or not math.isfinite(value):
        return "n/a"
    return f"{100 * value:z.{digits}f} %"


def plain(text: str) -> str:
    """Return text that Markdown shows as it stands, whoever wrote it."""
    unlinked = LINKED.sub("\u2060", text)
    return "".join(f"\\{mark}" if mark in "\\`*_{}[]()<>#|~$:!&" else mark for mark in unlinked)
