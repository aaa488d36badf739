"""Every page in two widths and two themes: whole, readable, reachable by keyboard."""

import pytest
from browsing import faults_by_width, go_to, tab_stops

PAGES = ["overview", "allocate", "views", "backtest", "forecasters", "data", "methods", "runs"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_readable_on_a_desk_and_on_a_telephone(visit, name):
    assert faults_by_width(visit(name)) == {}


def test_in_the_dark_pages_are_whole_and_readable_too(visit):
    page = visit(dark=True)
    found = {}
    for name in PAGES:
        page.set_viewport_size({"width": 1280, "height": 900})
        go_to(page, name.title())
        found |= {(name, *at): what for at, what in faults_by_width(page).items()}
    assert found == {}


def test_the_keyboard_reaches_navigation_filters_and_content(visit):
    stops = tab_stops(visit())
    places = {place for stop in stops for place in stop["inside"]}
    assert {"stTopNavLink", "stSelectbox", "stButtonGroup", "stButton"} <= places
    assert {"stDataFrame", "stExpander", "stPageLink"} <= places
    names = " ".join(stop["name"] for stop in stops).lower()
    for words in ("benchmark", "reset filters", *PAGES):
        assert words in names
