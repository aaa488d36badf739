"""One finished run that many tests look at, and a caller for the command line."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import make_prices
from typer.testing import CliRunner

from blportfolio.cli import app
from blportfolio.report import run_folder

SCRIPT, FORMULA = "<script>alert(1)</script>", "@SUM(1+1)"


def write_prices(path, n_dates=560, n_assets=4, seed=0, **columns):
    """Write synthetic daily prices and return the path."""
    prices = make_prices(seed, n_dates, n_assets).rename(columns=columns)
    prices.to_csv(path, index_label="date")
    return path


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """No test writes into the checkout, nor sees the caller's settings."""
    monkeypatch.chdir(tmp_path)
    for name in ("PRICES", "DATASET", "START", "END", "LOOKBACK", "COST_BPS", "SEED", "OUT"):
        monkeypatch.delenv(f"BLPORTFOLIO_{name}", raising=False)


@pytest.fixture
def without_charts(monkeypatch):
    """Drawing takes most of the time of a small run, and has its own tests."""
    monkeypatch.setattr(run_folder, "to_png", lambda chart: b"")  # noqa: ARG005
    monkeypatch.setattr(run_folder, "to_svg", lambda chart: "")  # noqa: ARG005


@pytest.fixture
def call():
    """Run the command line in this process."""
    return lambda *words, **kwargs: CliRunner().invoke(app, [str(w) for w in words], **kwargs)


@pytest.fixture
def prices(tmp_path):
    return write_prices(tmp_path / "prices.csv")


@pytest.fixture
def run(call, prices, tmp_path):
    """Run `backtest` on a small file."""
    return lambda *words, **kwargs: call(
        "backtest",
        "--prices",
        prices,
        "--lookback",
        60,
        "--out",
        tmp_path / "out",
        *words,
        **kwargs,
    )


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A finished run of SLP-BL on assets with dangerous names."""
    folder = tmp_path_factory.mktemp("finished")
    prices = write_prices(folder / "prices.csv", A0=SCRIPT, A1=FORMULA)
    words = ["backtest", "--prices", prices, "--lookback", 60, "--out", folder / "out"]
    words += ["--strategy", "slp", "--json"]
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    return SimpleNamespace(
        place=folder, stdout=result.stdout, document=document, run=Path(document["run"])
    )
