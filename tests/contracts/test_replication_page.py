"""docs/replication.md names commands that exist, and quotes the paper's tables as they stand."""

import re

from helpers import ROOT
from typer.testing import CliRunner

from blportfolio.cli import app
from blportfolio.config import load_experiment
from blportfolio.research.paper import published_table

TEXT = (ROOT / "docs" / "replication.md").read_text(encoding="utf-8")


def test_every_command_of_the_page_exists():
    for name in sorted(set(re.findall(r"blportfolio replicate (\w+)", TEXT))):
        assert CliRunner().invoke(app, ["replicate", name, "--help"]).exit_code == 0, name
    options = set(re.findall(r"`(--[\w-]+)`", TEXT)) | {"--published-weights", "--prices"}
    shown = CliRunner().invoke(app, ["replicate", "etf", "--help"], env={"COLUMNS": "200"}).stdout
    for option in options:
        assert option in shown, option
    for name in ("paper_etf", "paper_dow", "paper_dow30"):
        assert f"`{name}`" in TEXT or f"backtest {name}" in TEXT
        assert load_experiment(name).config.backtest.lookback == [50, 80, 100, 120, 150]


def test_published_figures_on_the_page_are_those_of_the_tables():
    rows = {(u, r.model, r.lookback): r for u in ("etf", "dow") for r in published_table(u)}
    for model, label in (("MV", "Markowitz"), ("BL", "the literal pipeline")):
        quoted = re.search(rf"\| {label} \(paper: ([^)]*)\)", TEXT)[1]
        printed = [
            f"{row.sharpe_ratio:.2f}, {100 * row.turnover + 1e-9:.1f}"
            for row in (rows[u, model, n] for u in ("etf", "dow") for n in (50, 150))
        ]
        assert quoted == "; ".join(printed)


def test_the_page_calls_the_floor_a_floor_and_is_short():
    assert "cleared by inverse variance and minimum variance, too" in TEXT
    assert len(TEXT.splitlines()) <= 150
