"""What tests ask of a page in a browser: is it at rest, whole, readable, reachable."""

import os
import shutil
from pathlib import Path

import pytest

every_tab = pytest.mark.skipif(
    "BLPORTFOLIO_FULL" not in os.environ,
    reason="every tab in both widths takes minutes; set BLPORTFOLIO_FULL to run it",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = [
    "--no-sandbox",  # Chromium refuses to run as root with it, as in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",  # there is no network
]
REST_MS = 250
"""For so long must nothing move before a page is at rest."""

SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
"""The questions, as the page itself answers them."""


def find_chromium():
    """Return Chromium's path: BLPORTFOLIO_CHROMIUM, else what is installed; None without any."""
    chosen = os.environ.get("BLPORTFOLIO_CHROMIUM", "").strip()
    if chosen:
        return chosen if Path(chosen).is_file() else None
    return next(filter(None, map(shutil.which, NAMES)), None)


def settle(page, timeout_s=60):
    """Wait until the app is at rest: no script runs, nothing spins, every chart is drawn."""
    page.wait_for_function(
        "(rest) => window.look?.atRest(rest)", arg=REST_MS, timeout=1000 * timeout_s
    )


def go_to(page, title):
    """Open a page of the app by its entry in the navigation, as a visitor does (wide window)."""
    page.get_by_test_id("stTopNavLink").filter(has_text=title).first.click()
    page.get_by_role("heading", level=1, name=title).first.wait_for()
    settle(page)


def too_wide(page):
    """Return by how many pixels the page can be scrolled sideways."""
    return page.evaluate("look.tooWide()")


def cut_texts(page):
    """Return texts of which a part cannot be seen, those of charts included."""
    return page.evaluate("look.cut()")


def overlapping_labels(page):
    """Return pairs of labels of charts that lie over one another."""
    return page.evaluate("look.overlaps()")


def faint_texts(page):
    """Return texts whose contrast is below WCAG's AA, with the contrast."""
    return page.evaluate("look.faint()")


def charts_without_words(page):
    """Return how many charts have no alternative text of some length."""
    return page.evaluate("look.wordless()")


def tracebacks(page):
    """Return exceptions that the page shows."""
    return page.get_by_test_id("stException").all_inner_texts()


def undefined_figures(page):
    """Return words of the page that are a figure without a value."""
    words = page.get_by_test_id("stMain").inner_text().split()
    return [word for word in words if word.strip("[](),;:%") in {"nan", "NaN", "inf"}]


def faults(page):
    """Return what is wrong with a page as it stands, by kind; nothing where all is well."""
    found = {
        "scrolls sideways by": too_wide(page),
        "cut": cut_texts(page),
        "overlapping": overlapping_labels(page),
        "faint": faint_texts(page),
        "charts without words": charts_without_words(page),
        "undefined": undefined_figures(page),
        "tracebacks": tracebacks(page),
    }
    return {kind: what for kind, what in found.items() if what}


def faults_by_width(page, widths=(1280, 390)):
    """Return what is wrong with a page on a desk and on a telephone, by width and kind."""
    found = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        page.mouse.move(0, 0)  # else a tooltip may open under it
        settle(page)
        found |= {(width, kind): what for kind, what in faults(page).items()}
    return found


def tab_stops(page, limit=250):
    """Return what the keyboard reaches with Tab from the beginning, each with name and place.

    A table takes a key for each of its cells.
    """
    page.evaluate("document.activeElement?.blur()")
    stops = []
    for _ in range(limit):
        page.keyboard.press("Tab")
        stop = page.evaluate("look.focused()")
        if stop is not None and stop["number"] == 0 and len(stops) > 1:
            break  # round once
        if stop is not None and stop["number"] == len(stops):
            stops.append(stop)
    return stops
