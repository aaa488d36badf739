"""How long the app takes, without limits; BLPORTFOLIO_FULL=1 pytest -n 0 -s on this file prints it.

Aims, on a quiet machine with two processors: server start to first content 4 s, a page that was
open before 1 s, slider to chart 300 ms on twenty assets.
"""

import os
import time

import pytest
from browsing import go_to, settle

pytestmark = pytest.mark.skipif(
    "BLPORTFOLIO_FULL" not in os.environ,
    reason="times taken beside other tests say nothing; set BLPORTFOLIO_FULL to take them",
)


@pytest.fixture
def tell(record_property):
    """Records a time and prints it."""

    def tell_(what, seconds):
        record_property(what, round(seconds, 3))
        print(f"\n{what}: {seconds:.2f} s")  # noqa: T201

    return tell_


def test_the_first_content_after_the_server_starts_is_measured(new_server, visit, tell):
    began = time.monotonic()
    url = new_server()
    tell("server start to answer", time.monotonic() - began)
    page = visit(url=url, at_rest=False)
    page.get_by_role("heading", level=1).first.wait_for()
    tell("server start to first content", time.monotonic() - began)
    settle(page)
    tell("server start to a page at rest, 0.25 s of rest included", time.monotonic() - began)


def test_a_page_that_was_open_before_is_measured(visit, tell):
    page = visit()
    for title in ("Data", "Overview", "Data", "Overview"):
        began = time.monotonic()
        page.get_by_test_id("stTopNavLink").filter(has_text=title).first.click()
        page.get_by_role("heading", level=1, name=title).first.wait_for()
        shown = time.monotonic() - began
        settle(page)
        tell(f"page {title}, heading", shown)
        tell(f"page {title}, at rest less 0.25 s", time.monotonic() - began - 0.25)


def test_a_slider_of_views_is_measured(visit, tell):
    page = visit()
    go_to(page, "Views")
    slider = page.get_by_role("slider").first
    slider.scroll_into_view_if_needed()
    slider.focus()
    chart = page.get_by_test_id("stVegaLiteChart").first
    for _ in range(3):
        before = chart.inner_html()
        began = time.monotonic()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "(before) => document.querySelector('[data-testid=\"stVegaLiteChart\"]')"
            "?.innerHTML !== before",
            arg=before,
        )
        tell("slider to chart", time.monotonic() - began)
        settle(page)
