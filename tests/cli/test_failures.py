"""Exit codes: one clear sentence on stderr, an empty stdout, and nothing left on disk."""

import numpy as np
import pytest
from helpers import ROOT, make_prices
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import blportfolio.runs.running
from blportfolio.report import run_folder

STRATEGY = (ROOT / "strategies/slp.toml").read_text(encoding="utf-8")
EXPERIMENT = (
    'name = "exp"\nuniverse = "sp500_20"\nstrategies = ["slp"]\n[backtest]\nlookback = 60\n'
)


def failed(result, code, *phrases):
    """Check that a command failed with a sentence and left stdout empty."""
    assert result.exit_code == code, (result.stdout, result.stderr)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    if code not in (2, 130):
        assert result.stderr.startswith("error: ")
        assert result.stderr.rstrip()[-1] in ".?"
        assert result.stderr.count("\n") == 1
    for phrase in phrases:
        assert phrase in result.stderr


@pytest.fixture
def untouched(tmp_path):
    """Whatever a test did, no output may be left behind."""
    yield
    left = [path.name for path in tmp_path.rglob("*")]
    assert not [name for name in left if name in ("out", "runs") or name.endswith(".part")], left


pytestmark = pytest.mark.usefixtures("untouched")


@pytest.mark.parametrize(
    "words",
    [
        ("--start", "01/02/2000"),
        ("--start", "2000-02-30"),
        ("--end", "soon"),
        ("--end", ""),
        ("--lookback", "1"),
        ("--lookback", "many"),
        ("--cost-bps", "-1"),
        ("--cost-bps", "nan"),
        ("--seed", "-1"),
        ("--max-gap", "-1"),
        ("--losses", "none"),
        ("one", "two"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(run, words):
    failed(run(*words), 2)


@pytest.mark.parametrize("words", [("list", "nonsense"), ("list",), ("show",), ("backtes",)])
def test_an_unknown_command_or_kind_exits_with_2(call, words):
    failed(call(*words), 2)


def test_a_misspelt_command_is_answered_with_the_nearest(call):
    failed(call("backtes"), 2, "backtest")


BAD_FILES = {
    "empty": b"",
    "strings": b"hello\nworld\n",
    "header only": b"date,A\n",
    "one row": b"date,A\n2000-01-03,1\n",
    "binary": bytes(range(256)),
    "NUL": b"date,A\n2000-01-03,1\n2000-01-04,\0\n",
    "semicolons": b"date;A\n2000-01-03;1\n2000-01-04;2\n",
    "day first": b"date,A\n31/01/2000,1\n01/02/2000,2\n",
    "text": b"date,A\n2000-01-03,1\n2000-01-04,n.a. today\n",
    "unsorted": b"date,A\n2000-01-04,1\n2000-01-03,2\n",
    "duplicate date": b"date,A\n2000-01-04,1\n2000-01-04,2\n",
    "duplicate column": b"date,A,A\n2000-01-03,1,1\n2000-01-04,2,2\n",
    "zero": b"date,A\n2000-01-03,1\n2000-01-04,-0.0\n",
    "returns": b"date,A\n2000-01-03,-0.01\n2000-01-04,0.02\n",
    "constant": b"date,A\n2000-01-03,1\n2000-01-04,1\n",
    "gap": b"date,A,B\n2000-01-03,1,1\n2000-01-04,,2\n2000-01-05,3,3\n",
    "overflow": b"date,A\n2000-01-03,1\n2000-01-04,1e308\n2000-01-05,2\n",
    "control character": b"date,\x1b[31mA\n2000-01-03,1\n2000-01-04,2\n",
    "too short": b"date,A\n2000-01-03,1\n2000-01-04,2\n",
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_price_file_exits_with_3(run, prices, content):
    prices.write_bytes(content)
    failed(run(), 3)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".csv.gz", ".csv.xz", ".csv.zip"])
@given(content=st.binary(max_size=300))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_in_a_price_file_raise_a_traceback(run, tmp_path, suffix, content):
    path = tmp_path / f"any{suffix}"
    path.write_bytes(content)
    failed(run("--prices", path), 3)


@pytest.mark.parametrize("name", ["missing.csv", "", ".", "n" * 300])
def test_a_price_path_that_holds_no_file_exits_with_3(run, name):
    failed(run("--prices", name), 3)


def test_an_unknown_data_set_exits_with_3_and_names_the_nearest(call):
    failed(call("backtest", "--dataset", "sp500_21"), 3, "Did you mean 'sp500_20'?")


def test_a_lookback_longer_than_the_data_exits_with_3(run):
    failed(run("--lookback", 100000), 3, "lookback")


@pytest.mark.parametrize(
    "words",
    [("--start", "2050-01-01"), ("--end", "1980-01-01"), ("--start", "2001-05", "--end", "2001")],
    ids=["after the data", "before the data", "no full dates"],
)
def test_dates_that_leave_nothing_to_decide_are_refused(run, words):
    result = run(*words)
    failed(result, 2 if "2001" in words else 3)


def test_an_end_before_the_start_exits_with_3(run):
    failed(run("--start", "2001-06-01", "--end", "2000-06-01"), 3)


def test_an_output_place_that_is_a_file_exits_with_3_and_keeps_the_file(run, tmp_path):
    (tmp_path / "file").write_text("precious", encoding="utf-8")
    failed(run("--out", tmp_path / "file"), 3, "--out")
    failed(run("--out", tmp_path / "file" / "below"), 3, "--out")
    failed(run("--out", tmp_path / ("n" * 300)), 3, "--out")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "precious"


def test_a_full_disk_exits_with_3(run, monkeypatch):
    def no_space(chart):  # noqa: ARG001, replaces to_png
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_folder, "to_png", no_space)
    failed(run(), 3, "No space left on device", "--out")


@pytest.mark.parametrize(
    ("words", "phrases"),
    [
        (("sampel",), ("'sampel'", "Did you mean 'sample'?")),
        (("missing.toml",), ("missing.toml",)),
        (("--strategy", "spl"), ("'spl'", "Did you mean 'slp'?")),
        (("--strategy", "missing.toml"), ("missing.toml",)),
        (("--set", "backtest.lokback=9"), ("'lokback'", "Did you mean 'lookback'?")),
        (("--set", "bcktest.lookback=9"), ("'bcktest'", "Did you mean 'backtest'?")),
        (("--set", "slp.prior.tua=9"), ("'tua'", "Did you mean 'tau'?")),
        (("--set", "slp.prior.model=shared_latnt"), ("Did you mean 'shared_latent'?",)),
        (("--set", "slp.prior.tau=-1"), ("tau",)),
        (("--set", "slp.prior.tau=nan"), ("tau",)),
        (("--set", "slp.prior.tau=text"), ("tau", "'text'")),
        (("--set", "slp.features=['momentun']"), ("'momentun'", "Did you mean 'momentum'?")),
        (("--set", 'slp.name="\\u001b"'), ("name",)),
        (("--set", "slp.name='Equal weight'"), ("'Equal weight'",)),
        (("--set", "slp=1"), ("slp",)),
        (("--set", "backtest=1"), ("backtest",)),
        (("--set", "strategies=1"), ("strategies",)),
        (("--set", "universe=1"), ("universe",)),
        (("--set", "name='../../up'"), ("name",)),
        (("--set", "backtest.rebalance=monthend"), ("'month_end'",)),
        (("--set", "backtest.rebalance=0"), ("rebalance",)),
        (("--set", "backtest.cost_bps=[]"), ("cost_bps",)),
        (("--set", "backtest.rebalance=[]"), ("rebalance",)),
        (("--set", "backtest.start.day=1"), ("start",)),
        (("--set", "lookback"), ("key=value",)),
        (("--set", "=1"), ("key=value",)),
        (("--cost-bps", "10000"), ("cost_bps",)),
        (("--cost-bps", "inf"), ("cost_bps",)),
        (("--set", "slp.optimise=[]"), ("optimise",)),
        (("--dataset", "sp500_20"), ("not both",)),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith("--") else "",
)
def test_a_wrong_setting_exits_with_4_and_names_the_nearest(run, words, phrases):
    failed(run(*words), 4, *phrases)


@pytest.mark.parametrize(
    ("content", "phrases"),
    [
        (STRATEGY.replace("tau =", "tua ="), ("'tua'", "Did you mean 'tau'?")),
        (STRATEGY.replace("[prior]", "[piror]"), ("'piror'", "Did you mean 'prior'?")),
        (STRATEGY.replace("[prior]", "[prior"), ("own.toml", "not valid TOML", "line")),
        (STRATEGY.replace('model = "max_sharpe"', ""), ("model",)),
        (STRATEGY.replace("schema_version = 1", "schema_version = 2"), ("schema_version",)),
        (STRATEGY.replace('"momentum"', "7"), ("features",)),
        (STRATEGY.replace('["momentum", "volatility"]', '{ name = "rsi" }'), ("features",)),
        (STRATEGY.replace('model = "shared_latent"', "model = 7"), ("7",)),
        (STRATEGY.replace('model = "shared_latent"', 'model = ["a"]'), ("model",)),
        ("", ("own.toml",)),
        ("name = 1", ("own.toml",)),
        ("\0", ("own.toml",)),
        ("\ufeff" + STRATEGY, ("own.toml",)),
    ],
    ids=range(13),
)
def test_a_wrong_strategy_file_exits_with_4_and_names_the_key(run, tmp_path, content, phrases):
    (tmp_path / "own.toml").write_text(content, encoding="utf-8")
    failed(run("--strategy", "own.toml"), 4, *phrases)


@pytest.mark.parametrize(
    ("content", "phrases"),
    [
        (EXPERIMENT.replace("lookback", "lokback"), ("'lokback'", "Did you mean 'lookback'?")),
        (EXPERIMENT.replace("universe", "univers"), ("'universe'",)),
        (EXPERIMENT.replace("[backtest]", "[backtest"), ("exp.toml", "not valid TOML")),
        (EXPERIMENT.replace('["slp"]', '["spl"]'), ("Did you mean 'slp'?",)),
        (EXPERIMENT.replace('["slp"]', "[]"), ("strategies",)),
        (EXPERIMENT.replace('["slp"]', "7"), ("strategies",)),
        (EXPERIMENT.replace('["slp"]', "true"), ("strategies",)),
        (EXPERIMENT.replace('["slp"]', "[7]"), ("7",)),
        (EXPERIMENT.replace('["slp"]', '"slp"'), ("strategies",)),
        (EXPERIMENT.replace("lookback = 60", "lookback = [60, 60]"), ("lookback 60",)),
        (EXPERIMENT.replace("lookback = 60", "lookback = 1.5"), ("lookback",)),
        (EXPERIMENT.replace("lookback = 60", 'start = "May"'), ("start",)),
        ("", ("exp.toml",)),
    ],
    ids=range(13),
)
def test_a_wrong_experiment_file_exits_with_4_and_names_the_key(call, tmp_path, content, phrases):
    (tmp_path / "exp.toml").write_text(content, encoding="utf-8")
    failed(call("backtest", "exp.toml", "--out", tmp_path / "out"), 4, *phrases)


def test_a_file_that_is_no_text_exits_with_4(run, tmp_path):
    (tmp_path / "own.toml").write_bytes(bytes(range(256)))
    failed(run("--strategy", "own.toml"), 4, "own.toml")
    failed(run("own.toml"), 4, "own.toml")


@pytest.mark.parametrize("name", ["run_experiment", "to_png"])
def test_an_interruption_exits_with_130_and_leaves_nothing(run, monkeypatch, tmp_path, name):
    def interrupt(*args, **kwargs):  # noqa: ARG001, replaces others
        assert list(tmp_path.rglob("*.part")), "the run had not begun"
        raise KeyboardInterrupt

    home = blportfolio.runs.running if name == "run_experiment" else run_folder
    monkeypatch.setattr(home, name, interrupt)
    failed(run(), 130, "interrupted")


def test_an_interruption_that_a_library_turned_into_an_error_still_exits_with_130(run, monkeypatch):
    def interrupt(*args, **kwargs):  # noqa: ARG001, replaces others
        raise ImportError("initialization failed") from KeyboardInterrupt()

    monkeypatch.setattr(blportfolio.runs.running, "run_experiment", interrupt)
    failed(run(), 130, "interrupted")


def test_an_interruption_keeps_what_was_in_the_output_folder(run, monkeypatch, tmp_path):
    def interrupt(*args, **kwargs):  # noqa: ARG001, replaces others
        raise KeyboardInterrupt

    place = tmp_path / "place"
    (place / "runs" / "sample" / "older").mkdir(parents=True)
    monkeypatch.setattr(blportfolio.runs.running, "run_experiment", interrupt)
    result = run("--out", place)
    assert result.exit_code == 130
    assert [path.name for path in (place / "runs" / "sample").iterdir()] == ["older"]
    (place / "runs" / "sample" / "older").rmdir()
    (place / "runs" / "sample").rmdir()
    (place / "runs").rmdir()


@pytest.mark.parametrize("error", [RuntimeError("unheard of"), MemoryError(), RecursionError()])
def test_a_bug_exits_with_1_and_debug_shows_its_traceback(run, monkeypatch, error):
    def fail(*args, **kwargs):  # noqa: ARG001, replaces others
        raise error

    monkeypatch.setattr(blportfolio.runs.running, "run_experiment", fail)
    failed(run(), 1, type(error).__name__, "--debug")
    result = run("--debug")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Traceback (most recent call last)" in result.stderr
    assert "in fail" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: unexpected")


def test_debug_shows_the_traceback_of_an_expected_error_too(run):
    result = run("--strategy", "spl", "--debug")
    assert result.exit_code == 4
    assert "Traceback" in result.stderr


def test_prices_that_grow_beyond_every_number_are_refused_or_reported_finite(run, prices):
    frame = make_prices(0, 300, 2)
    frame["A1"] = np.geomspace(1e-300, 1e300, 300) * np.tile([1.0, 1.5], 150)
    frame.to_csv(prices, index_label="date")
    failed(run(), 3)
