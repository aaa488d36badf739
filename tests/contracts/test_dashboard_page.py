"""The guide of the dashboard against the dashboard."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from helpers import ROOT
from typer.main import get_command

pytest.importorskip("streamlit", reason="the extra `app` is not installed")

from blportfolio.app.screens import data, methods
from blportfolio.app.shell import SCREENS
from blportfolio.app.uploads import store
from blportfolio.cli import app
from blportfolio.report.coverage import UNUSUAL
from blportfolio.report.coverage_charts import ROWS
from blportfolio.runs.labels import LABEL_FILE, LONGEST
from blportfolio.runs.removal import IDLE
from blportfolio.runs.side_by_side import MOST

PAGE = (ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")
NUMBERS = {5: "five", 6: "six", 10: "ten", 40: "forty"}


def test_the_guide_names_every_page_in_its_order():
    pages = PAGE.split("## Pages")[1].split("\n## ")[0]
    assert re.findall(r"^\*\*(\w+)\*\*", pages, re.MULTILINE) == [one.title for one in SCREENS]


def test_the_guide_names_every_flag_with_its_default():
    rows = dict(re.findall(r"^\| `(--[\w-]+)` \|.*\| (.*?) ?\|$", PAGE, re.MULTILINE))
    command = get_command(app).commands["app"]
    flags = {p.opts[0]: p for p in command.params if p.opts[0] not in ("--debug", "--help", "-h")}
    assert set(rows) == set(flags)
    for name, default in rows.items():
        if default:
            assert default.strip("`") == str(flags[name].default)


def test_the_guide_names_every_tab_of_data():
    rows = re.findall(r"^\| (\w[\w ]+) \|", PAGE.split("**Data** shows")[1].split("**Methods**")[0],
                      re.MULTILINE)  # fmt: skip
    assert rows[0] == "tab"
    assert rows[1:] == [*data.TABS, data.CACHE]


def test_the_addresses_of_the_guide_are_understood():
    known = {"data", "data_tab", "period", "costs", "methods_tab", "glossary"}
    for address in re.findall(r"http://localhost:8501/\S+", PAGE):
        parts = urlsplit(address)
        assert parts.path[1:] in {one.name for one in SCREENS}
        assert set(parse_qs(parts.query)) <= known
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "blportfolio" / "app").rglob("*.py")
    )
    for key in known - {"data"}:
        assert f'key="{key}"' in sources
    assert store.CHOSEN == "data"
    assert "Glossary" in methods.TABS


def test_the_limits_of_the_guide_are_those_of_the_code():
    assert f"up to {LONGEST} printable characters" in PAGE
    assert f"`{LABEL_FILE}`" in PAGE
    assert f"up to {NUMBERS[MOST]} strategies" in PAGE
    assert f"Up to {NUMBERS[store.MOST]} of your own" in PAGE
    assert f"more than {NUMBERS[ROWS]} assets" in PAGE
    assert f"{NUMBERS[int(UNUSUAL)]} robust standard deviations" in PAGE.replace("\n", " ")
    assert IDLE == 3600
    assert "within the hour" in PAGE.replace("\n", " ")


def test_the_links_of_the_guide_lead_somewhere():
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line[3:].lower()).replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("## ")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) == headings
    for target in re.findall(r"\]\(([^#)][^)]*)\)", PAGE):
        assert (ROOT / "docs" / target.split("#")[0]).exists(), target


def test_the_guide_is_short_and_its_lines_fit():
    lines = PAGE.splitlines()
    assert len(lines) < 200
    assert max(map(len, lines)) <= 105
