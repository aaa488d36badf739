import json
from pathlib import Path

import pytest

from blportfolio.cli.demo_settings import asymmetric_settings, returns_settings
from blportfolio.errors import ConfigError
from blportfolio.forecasters.asymmetric import VARIANTS, Target
from blportfolio.forecasters.asymmetric import experiment as experiment_module
from blportfolio.report import study as study_module

NOTHING = dict.fromkeys(
    ("gammas", "regimes", "kind", "dimension", "widths", "scalings", "variants", "steps", "seeds")
)
SMALL = ("--steps", 2, "--seeds", 1, "--width", 2, "--regime", "con", "--variant", "none")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Drawing has its own tests, and so has what torch would add."""
    monkeypatch.setattr(study_module, "to_png", lambda chart: b"")  # noqa: ARG005
    monkeypatch.setattr(study_module, "to_svg", lambda chart: "")  # noqa: ARG005
    monkeypatch.setattr(experiment_module, "has_torch", lambda: False)


@pytest.mark.parametrize("command", ["asymmetric", "returns"])
def test_the_commands_explain_themselves(call, command):
    result = call("forecast", "demo", command, "--help")
    assert result.exit_code == 0
    assert "Example: blportfolio forecast demo" in result.stdout


def test_asymmetric_writes_a_run_that_show_prints_again(call, tmp_path):
    result = call("forecast", "demo", "asymmetric", *SMALL, "--gamma", 0.6, "--out", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert "follows the sign of the last value" in result.stdout
    assert "oracle" in result.stdout
    (run,) = (tmp_path / "runs" / "asymmetric").iterdir()
    names = {path.name for path in run.iterdir()}
    assert {"report.html", "report.md", "summary.json", "manifest.json", "tables"} <= names
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["config"]["asymmetric"]["contest"]["steps"] == 2
    assert manifest["config"]["returns"] is None
    assert call("show", run).exit_code == 0


def test_returns_can_be_added(call, tmp_path):
    words = (*SMALL, "--gamma", 0.6, "--returns", "--json", "--out", tmp_path)
    result = call("forecast", "demo", "asymmetric", *words)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert Path(document["run"]).is_dir()
    assert document["tables"][-1]["heading"] == "Simulated daily returns"
    assert {"momentum", "white noise"} <= {r.get("scenario") for r in document["records"]}


def test_returns_alone(call, tmp_path):
    words = ("--scenario", "momentum", "--steps", 2, "--seeds", 1, "--quiet", "--out", tmp_path)
    result = call("forecast", "demo", "returns", *words)
    assert result.exit_code == 0, result.stderr
    assert "momentum, all" in result.stdout
    assert "Open" not in result.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("returns", "--regime", "con"), 4, "select on the outcome"),
        (("returns", "--scenario", "moment"), 4, "`scenarios` has no choice 'moment'"),
        (("asymmetric", "--gamma", "1"), 4, "`gamma` must lie between -1 and 1"),
        (("asymmetric", "--gamma", "-0.9"), 4, "`gamma` must be -0.75 or more"),
        (("asymmetric", "--width", "3"), 4, "`width` must be an even number"),
        (("asymmetric", "--kind", "affin"), 4, "`kind` has no choice 'affin'"),
        (("asymmetric", "--regime", "inc"), 4, "inc is the test"),
        (("asymmetric", "--regime", "both"), 4, "Known: all, con."),
        (("asymmetric", "--dimension", "2"), 4, "`dimension` must be a whole number of 3"),
        (("asymmetric", "--variant", "skipp"), 4, "`variants` has no choice 'skipp'"),
        (("asymmetric", "--steps", "0"), 2, "--steps"),
    ],
)
def test_a_wrong_option_is_one_line_and_leaves_nothing_behind(call, tmp_path, words, code, said):
    result = call("forecast", "demo", *words, "--out", tmp_path)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert not list(tmp_path.rglob("report.html"))
    if code == 4:
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1


def test_options_take_the_place_of_what_they_name():
    plain = asymmetric_settings(full=False, seed=3, **NOTHING)
    assert plain.seed == 3
    given = {
        **NOTHING,
        "gammas": [0.3, 0.9, 0.3, 0.9],
        "kind": "sym",
        "widths": [16, 64],
        "regimes": ["con", "con"],
        "variants": ["all"],
        "steps": 7,
        "seeds": 2,
    }
    settings = asymmetric_settings(full=True, seed=0, **given)
    assert settings.targets == settings.variant_targets == (Target("sym", 4, 0.3),)
    assert settings.gammas == (0.9,)
    assert settings.widths == (16, 64)
    assert settings.contest.width == settings.variant.width == 16
    assert settings.regimes == ("con",)
    assert settings.variants == tuple(VARIANTS)
    assert {settings.contest.steps, settings.alignment.steps, settings.variant.steps} == {7}
    assert settings.contest.n == 1000
    narrow = asymmetric_settings(full=False, seed=0, **{**NOTHING, "dimension": 5})
    assert narrow.targets == (Target("affine", 5, 0.6),)
    assert narrow.gammas == ()


def test_the_trap_is_shown_beside_the_right_way():
    assert returns_settings(full=False, seeds=None, seed=0).regimes == ("all",)
    shown = returns_settings(full=True, seeds=2, seed=0, selection_trap=True)
    assert shown.regimes == ("all", "con")
    assert (shown.seeds, shown.n_test) == (2, 30_000)
    with pytest.raises(ConfigError, match="select on the outcome"):
        returns_settings(full=False, seeds=None, seed=0, regimes=["con"])
