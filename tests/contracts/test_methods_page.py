"""docs/methods.md names only what exists."""

import ast
import re

import pytest
from helpers import ROOT

import blportfolio
import blportfolio.bayes
from blportfolio.types import LatentViews

PAGE = ROOT / "docs" / "methods.md"
TEXT = PAGE.read_text(encoding="utf-8")
LINKS = re.findall(r"\[([^\[\]]+)\]\(([^)\s]+)\)", TEXT)
TESTS = sorted(
    {
        ("test_" + re.sub(r"\s", "_", label), target)
        for label, target in LINKS
        if target.startswith("../tests/")
    }
)


def functions_of(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def tables():
    """Lists of rows, each a list of cells, without the rule under the heading."""
    for block in re.findall(r"(?:^\|.*\n)+", TEXT, flags=re.MULTILINE):
        rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()]
        yield [[cell.strip() for cell in row] for i, row in enumerate(rows) if i != 1]


def slug(heading):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize(("name", "target"), TESTS, ids=[name for name, _ in TESTS])
def test_every_test_named_on_the_page_exists_where_it_points(name, target):
    assert name in functions_of((PAGE.parent / target).resolve())


def test_a_test_is_named_only_with_its_file():
    assert len(TESTS) > 40
    assert set(re.findall(r"`(test_\w+)`", TEXT)) <= {name for name, _ in TESTS}


def test_every_erratum_that_is_tested_is_on_the_page():
    here = functions_of(ROOT / "tests" / "reference" / "test_errata.py")
    named = {name for name, target in TESTS if target.endswith("/test_errata.py")}
    assert {name for name in here if name.startswith("test_")} == named


def test_every_link_resolves():
    anchors = {slug(heading) for heading in re.findall(r"^#+ (.*)$", TEXT, flags=re.MULTILINE)}
    for _, target in LINKS:
        path, _, anchor = target.partition("#")
        assert not path.startswith(("/", "http")), target
        assert not path or (PAGE.parent / path).resolve().is_relative_to(ROOT), target
        assert not path or (PAGE.parent / path).is_file(), target
        assert not anchor or path or anchor in anchors, target


def test_every_row_of_the_errata_and_limits_names_a_test():
    checked = 0
    for heading, *rows in tables():
        assert {len(row) for row in rows} == {len(heading)}, heading
        if heading[-1] == "test":
            checked += len(rows)
            for row in rows:
                assert "](../tests/" in row[-1] or row[-1] == "wording", row
    assert checked > 40


def test_every_kernel_and_field_named_on_the_page_exists():
    kernels = set(re.findall(r"`(\w+_posterior)`", TEXT))
    assert len(kernels) == 5
    for name in kernels:
        assert name in blportfolio.bayes.__all__
    for name in re.findall(r"`([A-Z]\w+)`", TEXT):
        assert hasattr(blportfolio, name) or hasattr(blportfolio.types, name), name
    (views,) = (rows for rows in tables() if rows[0] == ["field", "what"])
    for row in views[1:]:
        for name in re.findall(r"`(\w+)`", row[0]):
            assert hasattr(LatentViews, name), name


def test_the_page_names_no_machine_path():
    assert re.findall(r"/(?:home|Users|root|work|tmp)\b", TEXT) == []


def test_the_page_stays_readable():
    lines = TEXT.splitlines()
    assert len(lines) < 500
    assert [
        line for line in lines if len(line) > 105 and not ("](" in line or line[0] == "|")
    ] == []
    assert "\t" not in TEXT
