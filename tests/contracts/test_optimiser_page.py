"""docs/optimiser.md runs as it stands and names only what exists."""

import dataclasses
import re

import pytest
from helpers import ROOT

import blportfolio as bl
from blportfolio.optimise import OBJECTIVES

PAGE = ROOT / "docs" / "optimiser.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_examples_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    examples = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    assert len(examples) >= 4
    for example in examples:
        exec(compile(example, PAGE.name, "exec"), names)  # noqa: S102
    assert names["capped"]["bonds"] <= 0.5 + 1e-9
    assert names["weights"].sum() == pytest.approx(1.0)
    assert (names["spread"]["lower"] <= names["spread"]["upper"]).all()
    printed = capsys.readouterr().out
    caps = "upper bounds of stocks, bonds, gold (at most 0.3 each, 0.9 together)"
    assert f"{caps} (would have to give 0.03333 each)" in printed
    assert "weights sum to 1 (would have to give 0.1)" in printed
    assert (tmp_path / "frontier.html").is_file()


def test_every_objective_is_in_the_table():
    assert [cls.__name__ for cls in OBJECTIVES.values() if f"`{cls.__name__}(" not in TEXT] == []


def test_every_entry_of_the_solution_is_in_the_table():
    known = bl.ReturnDistribution([0.1], [[0.04]], [[0.0]], ("a",))
    solution = bl.MaxSharpe().solve(known).attrs["solution"]
    assert [key for key in solution if f"| `{key}` |" not in TEXT] == []


def test_every_field_named_in_the_table_of_objectives_exists():
    rows = re.findall(r"^\| `(\w+)\(([\w, ]*)\)`", TEXT, flags=re.MULTILINE)
    assert len(rows) > 8
    for name, arguments in rows:
        fields = {field.name for field in dataclasses.fields(getattr(bl, name))}
        assert {a for a in arguments.split(", ") if a} <= fields


def test_every_link_resolves():
    for target in re.findall(r"\]\(([^)#]+)", TEXT):
        assert (PAGE.parent / target).resolve().exists(), target
