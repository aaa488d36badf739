"""One run: what it holds, its label, and its deletion."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from blportfolio.app import filters, headline, shell, show
from blportfolio.app.glossary import term
from blportfolio.app.screens.runs.listing import EXAMPLE, Listed
from blportfolio.errors import BLPortfolioError
from blportfolio.report.run_folder import read_summary
from blportfolio.report.study import read_study
from blportfolio.report.tables import by_universe, format_rows
from blportfolio.runs.labels import LONGEST, label_run
from blportfolio.runs.removal import contents_of, delete_run
from blportfolio.runs.stored import describe_run_folder

DELETING, SAID, SHOWN = "runs_deleting", "runs_said", "runs_shown"


def draw(run: Listed) -> None:
    """Draw a run by its kind, then what may be done with it."""
    said = st.session_state.pop(SAID, None)
    if said is not None:
        (show.failure if said[0] == "error" else _done)(said[1])
    if run.stored.kind == "study":
        _study(run)
    elif run.stored.kind == "run":
        _run(run)
    else:
        show.failure(run.stored.problem)
        st.markdown(
            "Nothing of it can be shown. Run it again with the command in its manifest, if it has "
            "one, or delete it."
        )
    with show.guarded("The manifest"):
        _manifest(run)
    if run.place == EXAMPLE or run.root is None:
        st.caption(f"This is the packaged example: {term('reference_run')}")
        return
    if run.stored.folder.suffix != ".part":
        _rename(run)
    _delete(run)


def _run(run: Listed) -> None:
    summary = read_summary(run.stored.folder)
    for universe, records in by_universe(summary["strategies"]).items():
        if universe:
            st.markdown(f"**{show.plain(universe)}**")
        short = [name.replace(" p.a.", "") for name in headline.HEADINGS]
        names = [
            f"{name} [95 %]" if name in ("Max drawdown", "Turnover") else name for name in short
        ]
        show.table(
            pd.DataFrame(format_rows(records, ranges=True), columns=names),
            columns=headline.text_columns(names),
            key=f"headline:{universe}",
            height="content",
            alt="; ".join(
                f"{name}: return {growth}, Sharpe ratio {sharpe}"
                for name, growth, _, sharpe, *_ in format_rows(records)
            ),
        )
    st.caption(
        "Net of costs. Return, volatility, Sharpe ratio and cost drag per year; turnover one way, "
        "mean per rebalance. Growth: what 1 has become. In brackets 95 % intervals; beside the "
        "drawdown the range of falls when the same returns come in another order."
    )
    shell.opener("Open in Backtest", "backtest", key="runs_open", run=run.name)


def _study(run: Listed) -> None:
    summary = read_study(run.stored.folder) or {}
    st.markdown(f"**{show.plain(str(summary.get('title', '')))}**", help=term("study"))
    for sentence in summary.get("lead", ()):
        st.markdown(show.plain(str(sentence)))
    for table in summary.get("tables", ()):
        with st.expander(show.plain(str(table["heading"]))):
            show.table(
                pd.DataFrame(table["rows"], columns=_distinct(table["headings"])),
                key=f"study:{table['heading']}",
                alt=str(table["heading"]),
            )


def _manifest(run: Listed) -> None:
    try:
        text = (run.stored.folder / "manifest.json").read_text(encoding="utf-8")
        command = str(json.loads(text)["command"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return  # what is wrong with it has been said
    st.caption("The command that made it:")
    st.code(command, language=None)
    show.download(
        "Manifest (JSON)",
        text,
        f"{run.stored.experiment}-{run.stored.run_id}-manifest.json",
        "application/json",
    )


def _rename(run: Listed) -> None:
    key = f"runs_label:{run.stored.folder}"
    with st.form("runs_rename"):
        st.text_input(
            "Label",
            value=run.facts.label,
            max_chars=LONGEST,
            key=key,
            help=term("run_label"),
            placeholder="A name of your own, empty for none",
        )
        st.form_submit_button("Rename", icon=":material/edit:", on_click=_label, args=(run, key))


def _label(run: Listed, key: str) -> None:
    if run.root is None:
        return
    try:
        text = label_run(run.root, run.stored.folder, str(st.session_state.get(key) or ""))
    except BLPortfolioError as error:
        st.session_state[SAID] = ("error", str(error))
        return
    name = filters.name_of(describe_run_folder(run.stored.folder))
    for chooser in ("run", SHOWN):  # both go on with the run under its new name
        if st.session_state.get(chooser) == run.name:
            st.session_state[chooser] = name
    told = f"The run {run.stored.run_id} is called {text} now." if text else "The label is gone."
    st.session_state[SAID] = ("done", told)


def _delete(run: Listed) -> None:
    asked = st.session_state.get(DELETING)
    if asked != str(run.stored.folder):
        st.button(
            "Delete …",
            key="runs_delete",
            icon=":material/delete:",
            on_click=_ask,
            args=(str(run.stored.folder),),
        )
        return
    held = contents_of(run.stored.folder)
    st.warning(
        f"Delete {show.plain(run.name)} ({show.plain(run.stored.folder.name)}), "
        f"{held.n_files} files, {held.n_bytes / 1e6:.1f} MB, for good? It cannot be undone.",
        icon=":material/warning:",
    )
    with st.container(horizontal=True):
        st.button(
            f"Delete {show.plain(run.stored.folder.name)}",
            key="runs_delete_sure",
            icon=":material/delete_forever:",
            type="primary",
            on_click=_remove,
            args=(run,),
        )
        st.button("Keep it", key="runs_keep", on_click=_ask, args=(None,))


def _ask(folder: str | None) -> None:
    st.session_state[DELETING] = folder


def _remove(run: Listed) -> None:
    st.session_state[DELETING] = None
    if run.root is None:
        return
    try:
        removed = delete_run(run.root, run.stored.folder)
    except BLPortfolioError as error:
        st.session_state[SAID] = ("error", str(error))
        return
    if st.session_state.get("run") == run.name:
        st.session_state.pop("run")
    st.session_state[SAID] = ("done", f"Deleted {run.name}, {removed.n_files} files.")


def _done(message: str) -> None:
    st.success(show.plain(message), icon=":material/check_circle:")


def _distinct(headings: list[str]) -> list[str]:
    """Return headings that a table can hold: the same one twice gets a number."""
    seen: dict[str, int] = {}
    told = []
    for heading in headings:
        seen[heading] = seen.get(heading, 0) + 1
        told.append(heading if seen[heading] == 1 else f"{heading} ({seen[heading]})")
    return told
