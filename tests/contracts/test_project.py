import ast
import dataclasses
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from helpers import ROOT

import blportfolio as bl

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DISTRIBUTION = {"sklearn": "scikit-learn", "vl_convert": "vl-convert-python"}


def requirement_names(requirements):
    return {re.match(r"[A-Za-z0-9_.\-]+", text).group().lower() for text in requirements}


def third_party_imports(folder):
    """Top-level packages imported anywhere in a folder, but the standard library's and ours."""
    own = {"blportfolio", *(path.stem for path in (ROOT / "tests").rglob("*.py"))}
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - own


def test_the_package_imports_what_it_declares_and_nothing_else():
    declared = requirement_names(PROJECT["project"]["dependencies"])
    imported = {DISTRIBUTION.get(n, n) for n in third_party_imports(ROOT / "blportfolio")}
    extras = PROJECT["project"]["optional-dependencies"]
    assert imported - declared == requirement_names(extras["torch"] + extras["app"])
    assert declared - imported == set()


def test_tests_import_only_what_the_dev_extra_installs():
    project = PROJECT["project"]
    declared = requirement_names(project["dependencies"])
    declared |= requirement_names(project["optional-dependencies"]["dev"])
    imported = {DISTRIBUTION.get(n, n) for n in third_party_imports(ROOT / "tests")}
    carried = {"pluggy", "click"}  # by pytest and typer
    assert imported - declared - carried == set()
    assert {"pytest", "hypothesis"} <= {n.lower() for n in packages_distributions()}


def test_the_version_is_said_once():
    assert PROJECT["project"]["version"] == bl.__version__
    assert f"## {bl.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_ci_runs_the_readme_test_command_as_it_stands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line.strip() for line in readme.splitlines() if line.startswith("    python3 .ci/")]
    assert commands[0] == "python3 .ci/with_venv.py blportfolio backtest"
    assert commands[1] == script[-1]


def test_every_strategy_key_is_explained():
    from blportfolio.config import StrategyConfig
    from blportfolio.covariance import COVARIANCES
    from blportfolio.features import FEATURES
    from blportfolio.forecasters import FORECASTERS
    from blportfolio.optimise import OBJECTIVES, Constraints, Costs, LinearConstraint
    from blportfolio.priors import PRIORS

    text = (ROOT / "strategies" / "README.md").read_text(encoding="utf-8")
    keys = set(StrategyConfig.model_fields) | {"lag", "optional"}
    for registry in (PRIORS, COVARIANCES, OBJECTIVES, FEATURES, FORECASTERS):
        for name, cls in registry.items():
            keys |= {name, *(field.name for field in dataclasses.fields(cls))}
    for cls in (Constraints, Costs, LinearConstraint):
        keys |= {field.name for field in dataclasses.fields(cls)}
    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []


@pytest.mark.parametrize("folder", ["data/sp500_20", "data/industries_12"])
def test_every_data_set_states_source_licence_and_caveats(folder):
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    for word in ("Source", "Licence", "Columns", "Units", "SHA-256", "urvivorship", "rounded"):
        assert word in text, word


@pytest.mark.parametrize(
    "arguments", [["check"], ["format", "--check"]], ids=["ruff check", "ruff format"]
)
def test_lint_is_clean(arguments):
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "."], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_types_are_strict():
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_names_a_machine_path_or_a_registry():
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    files = subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    banned = re.compile(rb"/(?:home|Users|root|work)/|index-url|/simple/")
    found = [
        name
        for name in files.stdout.splitlines()
        if name != "tests/contracts/test_project.py"
        and (ROOT / name).is_file()
        and banned.search((ROOT / name).read_bytes())
    ]
    assert found == []


def test_the_python_example_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert len(examples) == 3
    names = {}
    for example in examples:
        exec(compile(example, "README.md", "exec"), names)  # noqa: S102
    assert names["weights"].sum() == pytest.approx(1.0)
    assert names["weights"][["AAPL", "MSFT", "AMD"]].sum() <= 0.3 + 1e-9
    assert (tmp_path / "growth.html").is_file()
    assert (tmp_path / "frontier.html").is_file()
    assert (tmp_path / "my_result" / "manifest.json").is_file()
