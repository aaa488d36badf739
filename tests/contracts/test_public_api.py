import ast
import subprocess
import sys

import pytest
from helpers import ROOT

import blportfolio as bl
from blportfolio.errors import BLPortfolioError

# The names of the design that exist so far; researchers rely on them.
PROMISED = {
    "BacktestResult", "BlackLittermanPrior", "Constraints", "EqualWeight", "EquilibriumPrior",
    "FeatureInfluencedPrior", "HistoricalPrior", "MarketData", "MaxSharpe", "MeanVariance",
    "MinVariance", "MixedEffectsPrior", "ReturnDistribution", "SharedLatentPrior",
    "TrainingWindow", "download", "list_datasets", "load_dataset", "load_prices", "load_strategy",
    "make_window", "replay_state", "run_backtest", "summarise",
}  # fmt: skip


def test_promised_names_are_public():
    assert set(bl.__all__) >= PROMISED


@pytest.mark.parametrize("name", bl.__all__)
def test_every_public_name_can_be_imported(name):
    assert getattr(bl, name) is not None
    assert name in dir(bl)


def test_the_lazy_names_are_those_that_type_checkers_see():
    tree = ast.parse((ROOT / "blportfolio" / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        (alias.asname, node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("blportfolio.")
        for alias in node.names
    }
    assert seen == {(name, f"blportfolio.{home}") for name, home in bl._HOME.items()}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = bl.nonsense


@pytest.mark.parametrize(
    "layer", ["bayes", "optimise", "report", "priors", "features", "forecasters", "backtest"]
)
def test_what_a_layer_exports_exists(layer):
    module = __import__(f"blportfolio.{layer}", fromlist=["__all__"])
    assert all(hasattr(module, name) for name in module.__all__)
    assert sorted(set(module.__all__)) == sorted(module.__all__)


def test_kernels_and_metrics_stand_where_the_design_says():
    from blportfolio.bayes import (
        bl_posterior,
        feature_influenced_posterior,
        mixed_effects_posterior,
        paper_feature_influenced_posterior,
        shared_latent_posterior,
    )
    from blportfolio.optimise import long_only_max_sharpe
    from blportfolio.report import metrics

    assert callable(bl_posterior)
    assert callable(feature_influenced_posterior)
    assert callable(mixed_effects_posterior)
    assert callable(paper_feature_influenced_posterior)
    assert callable(shared_latent_posterior)
    assert callable(long_only_max_sharpe)
    assert {"cagr", "sharpe_ratio", "annualised_volatility", "max_drawdown", "turnover"} <= {
        *dir(metrics)
    }


def test_every_public_exception_is_in_the_tree():
    errors = [
        value
        for value in vars(__import__("blportfolio.errors", fromlist=["errors"])).values()
        if isinstance(value, type)
        and issubclass(value, Exception)
        and not issubclass(value, Warning)
    ]
    assert all(issubclass(error, BLPortfolioError) for error in errors)
    assert {error.exit_code for error in errors} == {1, 3, 4, 5}


def test_importing_the_package_loads_neither_pandas_nor_numpy():
    code = (
        "import sys, blportfolio; "
        "assert not {'pandas', 'numpy', 'scipy'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_assert_guards_the_package():
    found = [
        path.name
        for path in (ROOT / "blportfolio").rglob("*.py")
        if any(isinstance(n, ast.Assert) for n in ast.walk(ast.parse(path.read_text("utf-8"))))
    ]
    assert not found
