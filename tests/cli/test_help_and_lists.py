import json

import pytest

import blportfolio as bl
from blportfolio.covariance import COVARIANCES
from blportfolio.features import FEATURES
from blportfolio.forecasters import FORECASTERS
from blportfolio.optimise import OBJECTIVES
from blportfolio.priors import PRIORS

KNOWN = {
    "covariances": sorted(COVARIANCES),
    "datasets": bl.list_datasets(),
    "features": sorted(FEATURES),
    "forecasters": sorted(FORECASTERS),
    "objectives": sorted(OBJECTIVES),
    "priors": sorted(PRIORS),
    "strategies": [
        "attention_views",
        "equal_weight",
        "equilibrium",
        "linear_residual_views",
        "slp",
        "markowitz",
    ],
    "experiments": ["industries", "sample"],
}


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", [(), ("app",), ("backtest",), ("list",), ("show",)])
def test_every_command_explains_itself(call, command, flag):
    result = call(*command, flag)
    assert result.exit_code == 0
    assert "Usage: " in result.stdout
    assert "--help" in result.stdout
    assert result.stderr == ""
    assert "Example: blportfolio" in result.stdout or not command


def test_the_bare_command_shows_help(call):
    result = call()
    assert "Usage: " in result.stdout + result.stderr
    assert "backtest" in result.stdout + result.stderr


def test_the_version_is_printed(call):
    result = call("--version")
    assert result.exit_code == 0
    assert result.stdout == f"blportfolio {bl.__version__}\n"


@pytest.mark.parametrize("kind", KNOWN)
def test_a_list_names_all_with_a_description(call, kind):
    result = call("list", kind, "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    document = json.loads(result.stdout)
    assert set(document) == {"schema_version", kind}
    names = [item["name"] for item in document[kind]]
    assert names == sorted(names)
    assert set(KNOWN[kind]) <= set(names)
    assert all(item["description"].endswith((".", "2022", "2017")) for item in document[kind])


@pytest.mark.parametrize("kind", KNOWN)
def test_people_see_the_same_names_as_programs(call, kind):
    shown = call("list", kind)
    assert shown.exit_code == 0
    assert shown.stderr == ""
    first_words = {line.split()[0] for line in shown.stdout.splitlines() if line.strip()}
    items = json.loads(call("list", kind, "--json").stdout)[kind]
    assert {item["name"] for item in items} <= first_words


@pytest.mark.parametrize("kind", ["strategies", "experiments"])
def test_every_listed_name_can_be_run(call, kind):
    for item in json.loads(call("list", kind, "--json").stdout)[kind]:
        words = ("--strategy", item["name"]) if kind == "strategies" else (item["name"],)
        result = call("backtest", *words, "--dry-run")
        assert result.exit_code == 0, result.stderr
