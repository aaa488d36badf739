import ast

import pytest
from helpers import ROOT

import blportfolio as bl

PACKAGE = ROOT / "blportfolio"
ORDER = [
    "data", "forecasters", "features", "bayes", "covariance", "optimise", "priors", "config",
    "backtest", "report", "runs", "research", "cli", "app", "integrations",
]  # fmt: skip
TOP = {"cli", "app", "integrations"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def dotted(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


def rank(name):
    part = [*name.split("."), "__init__"][1]
    if part in ("__init__", "__main__"):
        return len(ORDER)  # the public surface may re-export any layer
    return ORDER.index(part) if part in ORDER else -1  # errors, types …: below all


def imports(path):
    """Absolute names of every module imported anywhere in a file, function bodies included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            for alias in node.names:
                if node.module == "blportfolio":  # a public name stands for the layer it lives in
                    yield f"blportfolio.{bl._HOME.get(alias.name, alias.name)}"
                else:
                    yield node.module


def check(path):
    here = rank(dotted(path))
    targets = [name for name in imports(path) if name.split(".")[0] == "blportfolio"]
    wrong = [name for name in targets if rank(name) > here]
    own = dotted(path).split(".")[1]
    if own in TOP:
        wrong += [n for n in targets if n.split(".")[1] in TOP - {own}]
    return wrong


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_point_down_the_pipeline(path):
    assert check(path) == []


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_is_short_and_says_what_lives_there(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("bayes/planted.py", "from blportfolio.backtest import run_backtest"),
        ("bayes/planted.py", "def f():\n    import blportfolio.report.charts"),
        ("data/planted.py", "from blportfolio import run_backtest"),
        ("validation.py", "from blportfolio.data import MarketData"),
        ("cli/planted.py", "from blportfolio.app.main import page"),
    ],
)
def test_a_planted_back_import_is_caught(module, line, tmp_path, monkeypatch):
    planted = tmp_path / "blportfolio" / module
    planted.parent.mkdir(parents=True)
    planted.write_text(line)
    monkeypatch.setattr(__import__("sys").modules[__name__], "PACKAGE", tmp_path / "blportfolio")
    assert check(planted)


def test_every_folder_of_the_package_is_a_known_layer():
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    assert folders - set(ORDER) == {"types"}


KERNELS = [
    PACKAGE / "bayes",
    *(PACKAGE / "optimise" / part for part in ("exact", "general")),
    PACKAGE / "forecasters",
]


@pytest.mark.parametrize("folder", KERNELS, ids=lambda path: path.name)
def test_kernels_know_no_pandas(folder):
    kernels = list(folder.rglob("*.py"))
    assert len(kernels) > 5
    assert not [p.name for p in kernels if "pandas" in {n.split(".")[0] for n in imports(p)}]


@pytest.mark.parametrize("solver", ["cvxpy", "clarabel", "osqp"])
def test_solvers_are_known_to_the_general_engine_alone_and_imported_when_they_are_needed(solver):
    named = [path for path in MODULES if solver in path.read_text(encoding="utf-8")]
    users = [path for path in named if solver in {n.split(".")[0] for n in imports(path)}]
    assert users
    assert {path.parent for path in users} == {PACKAGE / "optimise" / "general"}
    for path in users:
        outside = ast.parse(path.read_text(encoding="utf-8")).body
        found = [node for node in outside if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not [node for node in found if solver in ast.unparse(node)]


@pytest.mark.parametrize("library", ["arch", "statsmodels", "torch"])
def test_heavy_libraries_are_imported_when_they_are_needed(library):
    users = [path for path in MODULES if library in {n.split(".")[0] for n in imports(path)}]
    assert users
    for path in users:
        outside = ast.parse(path.read_text(encoding="utf-8")).body
        found = [node for node in outside if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not [node for node in found if library in ast.unparse(node)]
