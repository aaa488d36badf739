import re

import pytest
from helpers import ROOT

from blportfolio.data import list_macro_layouts, list_universes
from blportfolio.data.quality import KINDS
from blportfolio.data.universe import UniverseFile

PAGE = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")


def test_the_page_names_every_kind_of_finding_and_no_other():
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.split("## The data doctor")[1], flags=re.MULTILINE)
    assert rows == sorted(KINDS)


@pytest.mark.parametrize("name", [*list_universes(), *list_macro_layouts()])
def test_the_page_names_every_universe_and_layout(name):
    assert f"`{name}`" in PAGE


def test_the_universe_of_the_page_is_valid(tmp_path):
    from blportfolio.data import find_universe

    example = re.search(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL).group(1)
    (tmp_path / "mine.toml").write_text(example, encoding="utf-8")
    universe = find_universe(tmp_path / "mine.toml")
    assert set(universe.tickers) == {"AAPL", "AIG", "CVX", "MSFT", "SPY", "V"}
    assert len(universe.membership()["CVX"]) == 2
    assert set(UniverseFile.model_fields) >= set(re.findall(r"^(\w+) =", example, re.MULTILINE)) - {
        "V", "AIG", "CVX"
    }  # fmt: skip


def test_the_links_of_the_page_lead_somewhere():
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line[3:].lower()).replace(" ", "-")
        for line in PAGE.splitlines()
        if line.startswith("## ")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) == headings
