"""docs/inference.md runs as it stands and names only what exists."""

import re

import pytest
from helpers import ROOT
from scipy.stats import norm

from blportfolio import report
from blportfolio.report import inference

PAGE = ROOT / "docs" / "inference.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_example_runs_and_prints_a_difference_with_its_interval(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    names = {}
    exec(compile(example, PAGE.name, "exec"), names)  # noqa: S102
    assert names["gap"].low <= names["gap"].value <= names["gap"].high
    assert re.fullmatch(r"-?\d\.\d\d \[.+, .+\], p = [01]\.\d{3}", capsys.readouterr().out.strip())


def test_every_function_of_inference_is_on_the_page_and_public():
    functions = [name for name in inference.__all__ if name[0].islower()]
    public = [name for name in functions if name != "newey_west_variance"]
    assert [name for name in public if f"`{name}`" not in TEXT] == []
    assert [name for name in public if name not in report.__all__] == []


def test_the_power_that_is_quoted_is_that_of_normal_returns():
    """A true difference of 0.1, correlation 0.95, twenty years."""
    distance = 0.1 / ((2 - 2 * 0.95) / 20) ** 0.5
    assert norm.sf(1.96 - distance) == pytest.approx(0.29, abs=0.01)
    assert "0.95, twenty years find a true difference of 0.1" in TEXT
