"""What every page of the dashboard keeps to, read off its source."""

import ast
import tomllib

import pytest
from helpers import ROOT

PACKAGE = ROOT / "blportfolio"
APP = PACKAGE / "app"
MODULES = sorted(APP.rglob("*.py"))
SCREENS = sorted((APP / "screens").rglob("*.py"))


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def calls(path):
    """Name called, as written, and the call."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def label(path):
    return str(path.relative_to(PACKAGE))


def test_only_the_dashboard_knows_streamlit():
    users = {
        p for p in PACKAGE.rglob("*.py") if "streamlit" in {n.split(".")[0] for n in imported(p)}
    }
    assert users
    assert all(APP in path.parents for path in users)


@pytest.mark.parametrize("path", SCREENS, ids=label)
def test_a_page_holds_no_finance_and_draws_no_chart_of_its_own(path):
    """It calls the library: no arrays, no kernels, no solvers, no chart grammar."""
    found = set(imported(path))
    assert not {n for n in found if n.split(".")[0] in ("numpy", "scipy", "altair", "cvxpy")}
    layers = ("bayes", "covariance", "optimise")
    assert not {n for n in found if n.startswith(tuple(f"blportfolio.{x}" for x in layers))}


FORBIDDEN = {
    "eval", "exec", "compile", "pickle.load", "pickle.loads", "pd.read_pickle", "os.system",
    "st.html", "st.markdown_html", "st.iframe", "components.html", "components.declare_component",
    "st.components.v1.html", "st.exception",
}  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_nothing_is_executed_and_no_html_is_trusted(path):
    assert not {name for name, _ in calls(path)} & FORBIDDEN
    keywords = {k.arg for _, call in calls(path) for k in call.keywords}
    assert not keywords & {"unsafe_allow_html", "use_container_width", "unsafe_allow_javascript"}
    assert "pickle" not in {n.split(".")[0] for n in imported(path)}


def decorators(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                yield node, ast.unparse(decorator)


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_a_cache_has_a_limit_and_holds_no_widget(path):
    for function, text in decorators(path):
        if not text.startswith(("st.cache_data", "st.cache_resource")):
            continue
        assert any(word in text for word in ("max_entries=", "ttl=", "scope='session'")), text
        inside = {
            ast.unparse(node.func)
            for statement in function.body
            for node in ast.walk(statement)
            if isinstance(node, ast.Call)
        }
        assert not {name for name in inside if name.startswith("st.")}, function.name


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_charts_go_through_the_one_place_that_wants_an_alternative_text(path):
    drawn = [call for name, call in calls(path) if name.endswith(".altair_chart")]
    assert not drawn or path == APP / "show.py"
    for name, call in calls(path):
        if name == "show.chart":
            assert "alt" in {k.arg for k in call.keywords}
        if name == "st.download_button":
            ignored = [k for k in call.keywords if k.arg == "on_click"]
            assert ignored, "a download must not run the page again"


def test_streamlit_finds_no_folder_of_pages_of_its_own():
    assert not (APP / "pages").exists()
    assert not (ROOT / "pages").exists()


def test_the_dashboard_listens_to_this_machine_alone_and_tells_nobody():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert settings["server"]["address"] == "localhost"
    assert settings["browser"]["gatherUsageStats"] is False
    assert 0 < settings["server"]["maxUploadSize"] <= 200
    assert settings["server"].get("enableXsrfProtection", True)
    assert settings["server"].get("enableCORS", True)
