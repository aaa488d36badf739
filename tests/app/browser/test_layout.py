"""Every page in two widths and two themes: whole, readable, reachable by keyboard."""

import pytest
from browsing import (
    charts_without_words,
    cut_texts,
    faint_texts,
    overlapping_labels,
    settle,
    tab_stops,
    too_wide,
    tracebacks,
    undefined_figures,
)

PAGES = ["overview", "allocate", "views", "backtest", "forecasters", "data", "methods", "runs"]
WIDTHS = [1280, 390]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_readable_on_a_desk_and_on_a_telephone(visit, name, dark):
    page = visit(name, dark=dark)
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        settle(page)
        problems = {
            "scrolls sideways": too_wide(page),
            "cut": cut_texts(page),
            "overlapping": overlapping_labels(page),
            "faint": faint_texts(page),
        }
        found |= {(width, what): texts for what, texts in problems.items() if texts}
    assert found == {}
    assert tracebacks(page) == []
    assert charts_without_words(page) == 0
    assert undefined_figures(page) == []


def test_the_keyboard_reaches_navigation_filters_and_content(visit):
    stops = tab_stops(visit())
    places = {place for stop in stops for place in stop["inside"]}
    assert {"stTopNavLink", "stSelectbox", "stButtonGroup", "stButton"} <= places
    assert {"stDataFrame", "stExpander", "stPageLink"} <= places
    names = " ".join(stop["name"] for stop in stops).lower()
    for words in ("benchmark", "reset filters", *PAGES):
        assert words in names
