"""What surrounds every page: configuration, navigation, sidebar and footer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module

import streamlit as st

from blportfolio.app.session import was_lost

RUN, DATA = "run", "data"
PAGES, OPEN = "_pages", "_open"


@dataclass(frozen=True, slots=True)
class Screen:
    """A page of the dashboard.

    Attributes:
        name: Its module in `screens`, and its path in the URL.
        title: What the navigation calls it.
        icon: Material symbol beside the title.
        needs: What the sidebar lets choose: a run, data, or both.
    """

    name: str
    title: str
    icon: str
    needs: tuple[str, ...] = ()


SCREENS = (
    Screen("overview", "Overview", ":material/home:", (RUN,)),
    Screen("allocate", "Allocate", ":material/balance:", (DATA,)),
    Screen("views", "Views", ":material/visibility:", (DATA,)),
    Screen("backtest", "Backtest", ":material/history:", (RUN, DATA)),
    Screen("forecasters", "Forecasters", ":material/online_prediction:", (DATA,)),
    Screen("data", "Data", ":material/database:", (DATA,)),
    Screen("methods", "Methods", ":material/menu_book:"),
    Screen("runs", "Runs", ":material/folder_open:", (RUN,)),
)
FOOTER = (
    "blportfolio · research software, not investment advice · past results do not tell the future"
)


def run() -> None:
    """Draw the page that the URL names."""
    st.set_page_config(
        page_title="blportfolio",
        page_icon="⚖️",  # a Material symbol would be fetched from the network
        layout="wide",
        menu_items={"About": FOOTER},
    )
    pages = [
        st.Page(
            _drawer(screen),
            title=screen.title,
            icon=screen.icon,
            url_path=screen.name,
            default=screen is SCREENS[0],
        )
        for screen in SCREENS
    ]
    st.session_state[PAGES] = {
        screen.name: page for screen, page in zip(SCREENS, pages, strict=True)
    }
    st.navigation(pages, position="top").run()


def show(name: str) -> None:
    """Draw the sidebar and one page.

    Args:
        name: Of the page, as in the URL.
    """
    asked = st.session_state.get(PAGES, {}).get(st.session_state.pop(OPEN, None))
    if asked is not None:
        st.switch_page(asked, query_params={})
    screen = next(screen for screen in SCREENS if screen.name == name)
    from blportfolio.app import filters, show, sources

    with st.sidebar:
        if RUN in screen.needs:
            filters.sidebar()
        if DATA in screen.needs:
            sources.sidebar()
    if was_lost():
        st.warning(
            "The connection to the server broke. Work under way, data of your own and runs that "
            "were not saved are gone; begin again with them."
        )
    with show.guarded(f"The page {screen.title}"):
        import_module(f"blportfolio.app.screens.{name}").page()
    st.divider()
    st.caption(FOOTER)


def link(name: str, *, label: str | None = None) -> None:
    """Draw a link to a page, which keeps what was chosen there."""
    screen = next(screen for screen in SCREENS if screen.name == name)
    target = st.session_state.get(PAGES, {}).get(name)
    if target is None:  # the page stands alone, as in a test
        st.markdown(f"**{label or screen.title}**")
        return
    st.page_link(target, label=label or screen.title, icon=screen.icon)


def opener(label: str, name: str, *, key: str, **state: object) -> None:
    """Draw a button that opens a page with widgets set, as `run="sample 2026 …"`.

    A link with a query would not do: what a widget says already wins over the URL.
    """
    screen = next(screen for screen in SCREENS if screen.name == name)
    st.button(label, key=key, icon=screen.icon, on_click=_set_and_open, args=(name, state))


def _set_and_open(name: str, state: Mapping[str, object]) -> None:
    for key, value in state.items():
        st.session_state[key] = value
    st.session_state[OPEN] = name


def _drawer(screen: Screen) -> Callable[[], None]:
    drawer = partial(show, screen.name)
    drawer.__name__ = screen.name  # type: ignore[attr-defined]  # Streamlit asks for it
    return drawer
