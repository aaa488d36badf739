"""Views in a browser: sliders move every chart at once, every tab is whole on a phone."""

import time

import pytest
from browsing import every_tab, faults_by_width, go_to, settle, tracebacks

from blportfolio.app.screens.views.tabs import NAMES

CHART = '[data-testid="stVegaLiteChart"]'
LABEL_CHANGED = (
    f"(old) => document.querySelector('{CHART}')?.getAttribute('aria-label') !== old"
    f" && document.querySelector('{CHART} svg, {CHART} canvas')"
)


def label_of(page):
    return page.locator(CHART).first.get_attribute("aria-label")


def press(page, slider, key):
    """Move a slider by one key; return the seconds until the first chart is drawn anew."""
    before = label_of(page)
    thumb = page.get_by_role("slider", name=slider)
    thumb.focus()
    began = time.perf_counter()
    page.keyboard.press(key)
    page.wait_for_function(LABEL_CHANGED, arg=before)
    took = time.perf_counter() - began
    settle(page)
    return took


@pytest.mark.slow
def test_sliders_move_the_charts_without_running_the_page_anew(visit, capsys):
    page = visit()
    go_to(page, "Views")
    assert label_of(page).startswith("Prior, view and posterior mean by asset")
    caption = page.get_by_text("decision at the close of").first.element_handle()
    seconds = [press(page, "τ, log scale", "ArrowRight") for _ in range(3)]
    seconds.append(press(page, "δ, risk aversion", "ArrowRight"))
    with capsys.disabled():
        milliseconds = ", ".join(f"{1000 * value:.0f}" for value in seconds)
        print(f"\nViews: slider to chart, 20 assets: {milliseconds} ms")  # noqa: T201, the figure
    assert caption.is_visible()  # what the sliders do not touch is still the same element
    assert "view_tau=" in page.url
    assert "view_delta=2.75" in page.url
    page.get_by_role("button", name="Reset sliders").click()
    page.wait_for_function("() => !location.search.includes('view_tau')")
    settle(page)
    assert "view_tau" not in page.url


@pytest.mark.slow
def test_evidence_sets_a_slider_and_typed_views_are_heard(visit):
    page = visit()
    go_to(page, "Views")
    page.get_by_role("tab", name="Evidence").click()
    settle(page)
    best = page.get_by_role("button", name="Set τ to the maximum of evidence").first
    value = best.inner_text().rsplit(",", 1)[1].strip()
    best.click()
    page.wait_for_function("() => location.search.includes('view_tau=')")
    settle(page)
    assert f"view_tau={value}" in page.url
    assert best.is_disabled()
    page.get_by_role("tab", name="Your own views").click()
    settle(page)
    page.get_by_role("textbox", name="Your views").fill(
        "AAPL beats MSFT by 2% per year\nJNJ = 10% per year ± 5%"
    )
    page.get_by_role("button", name="Hear them").click()
    page.locator(f'{CHART}[aria-label^="Your views in M-BL"]').wait_for()
    settle(page)
    page.get_by_text("M-BL", exact=True).first.click()
    page.get_by_text("of 22").first.wait_for()
    settle(page)
    assert tracebacks(page) == []


@every_tab
@pytest.mark.slow
def test_every_tab_is_whole_and_readable_in_both_widths(visit):
    page = visit(dark=True)
    go_to(page, "Views")
    page.get_by_text("FIV-BL", exact=True).first.click()
    page.get_by_text("Log evidence, FIV-BL").wait_for()
    found = {}
    for name in NAMES:
        page.get_by_role("tab", name=name).click()
        settle(page)
        assert page.locator(CHART).count() >= 2
        found |= {(name, *at): what for at, what in faults_by_width(page).items()}
    assert found == {}
