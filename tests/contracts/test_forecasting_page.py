"""docs/forecasting.md runs as it stands and names only what exists."""

import ast
import re

import numpy as np
import pytest
from helpers import ROOT

from blportfolio.forecasters import FORECASTERS

PAGE = ROOT / "docs" / "forecasting.md"
TEXT = PAGE.read_text(encoding="utf-8")
LINKS = re.findall(r"\[([^\[\]]+)\]\(([^)\s]+)\)", TEXT)
TESTS = sorted({(label, target) for label, target in LINKS if target.startswith("../tests/")})


def test_the_example_runs():
    names = {}
    examples = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    assert examples
    for example in examples:
        exec(compile(example, PAGE.name, "exec"), names)  # noqa: S102
    assert names["ahead"].shape == (len(names["future"]), 5)
    assert np.isfinite(names["again"]).all()
    known = np.isfinite(names["walked"]).all(axis=1)
    assert known[names["windows"].origins >= 300].all()


def test_every_forecaster_is_in_the_table():
    rows = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", TEXT, flags=re.MULTILINE))
    assert rows == {name: cls.__name__ for name, cls in FORECASTERS.items()}


@pytest.mark.parametrize(("label", "target"), TESTS)
def test_every_test_named_on_the_page_exists(label, target):
    tree = ast.parse((PAGE.parent / target).read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert "test_" + re.sub(r"\s", "_", label) in functions


def test_every_link_resolves():
    for _, target in LINKS:
        assert not target or (PAGE.parent / target.split("#")[0]).resolve().exists(), target


def test_the_page_claims_what_was_measured_and_no_more():
    sentence = "Attention with positions and several heads does not have"
    assert sentence in TEXT
    for path in [PAGE, ROOT / "README.md", *(ROOT / "blportfolio").rglob("*.py")]:
        assert "transformers fail" not in path.read_text(encoding="utf-8").lower(), path
