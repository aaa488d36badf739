"""docs/evidence.md runs as it stands and speaks of what exists."""

import re

from helpers import ROOT

from blportfolio.config import load_experiment
from blportfolio.research.breadth.cells import COUNTS

TEXT = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")


def test_the_example_runs_and_prints_counts(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    exec(compile(example, "evidence.md", "exec"), {})  # noqa: S102
    printed = capsys.readouterr().out
    assert all(name in printed for name in COUNTS[:2])


def test_the_page_names_the_universes_and_windows_of_the_experiment():
    experiment = load_experiment("breadth").config
    assert [name for name in experiment.universes if f"`{name}`" not in TEXT] == []
    assert "50, 100,\n252 and 504 days" in TEXT
    assert experiment.backtest.lookback == [50, 100, 252, 504]
