"""Every page in two widths and two themes: whole, readable, reachable by keyboard."""

import pytest
from browsing import (
    charts_without_words,
    cut_texts,
    faint_texts,
    go_to,
    overlapping_labels,
    settle,
    tab_stops,
    too_wide,
    tracebacks,
    undefined_figures,
)

PAGES = ["Overview", "Allocate", "Views", "Backtest", "Forecasters", "Data", "Methods", "Runs"]
WIDTHS = [1280, 390]


@pytest.mark.slow
@pytest.mark.parametrize("title", PAGES)
def test_a_page_is_whole_and_readable_in_both_widths_and_themes(visit, title):
    page = visit()
    if title != PAGES[0]:
        go_to(page, title)
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            settle(page)
            problems = {
                "scrolls sideways by": too_wide(page),
                "cut": cut_texts(page),
                "overlapping": overlapping_labels(page),
                "faint": faint_texts(page),
            }
            found |= {(width, scheme, k): v for k, v in problems.items() if v}
    assert found == {}
    assert tracebacks(page) == []
    assert charts_without_words(page) == 0
    assert undefined_figures(page) == []


@pytest.mark.slow
def test_the_keyboard_reaches_navigation_filters_and_content(visit):
    stops = tab_stops(visit())
    places = {place for stop in stops for place in stop["inside"]}
    assert {"stTopNavLink", "stSelectbox", "stButtonGroup", "stDataFrame"} <= places
    assert {"stPageLink", "stExpander"} <= places
    names = " ".join(stop["name"] for stop in stops)
    for words in ("Run", "Benchmark", "Reset filters", *PAGES):
        assert words in names
