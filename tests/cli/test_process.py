"""Real processes: imports, streams, signals."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

HEAVY = ("cvxpy", "clarabel", "osqp", "statsmodels", "streamlit", "yfinance", "arch", "matplotlib")


def python(*words, **kwargs):
    return subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True, check=False, **kwargs
    )


def loaded_by(*words):
    """Run the command line in a new process; return its exit code and the modules it loaded."""
    code = (
        "import json, sys\n"
        "from blportfolio.cli import app\n"
        "try:\n"
        f"    app({[str(word) for word in words]!r})\n"
        "except SystemExit as stop:\n"
        "    code = stop.code\n"
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)\n"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stderr.splitlines()[-1])


def test_help_works_in_a_process_of_its_own():
    done = python("-m", "blportfolio", "--help")
    assert done.returncode == 0
    assert "backtest" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "words", [("--help",), ("backtest", "--help"), ("app", "--help"), ("--version",)]
)
def test_help_loads_neither_pandas_nor_numpy(words):
    code, modules = loaded_by(*words)
    assert code == 0
    assert not {"pandas", "numpy", "scipy", "altair", "streamlit"} & set(modules)


def test_a_backtest_loads_no_heavy_library(prices, tmp_path):
    code, modules = loaded_by(
        "backtest", "--prices", prices, "--lookback", 60, "--out", tmp_path / "out", "--quiet"
    )
    assert code == 0
    assert "pandas" in modules
    # Clarabel, which loads in a millisecond, solves what its costs make of the default strategy.
    assert set(HEAVY) & set(modules) <= {"clarabel"}


@pytest.mark.parametrize("words", [("list", "objectives"), ("backtest", "--dry-run")])
def test_what_solves_nothing_loads_no_solver(words):
    code, modules = loaded_by(*words)
    assert code == 0
    assert not {"cvxpy", "clarabel", "osqp"} & set(modules)


def test_a_failure_in_a_process_of_its_own_has_its_code_and_no_traceback(tmp_path):
    done = python("-m", "blportfolio", "show", tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_the_table_is_plain_text_in_a_pipe(call, finished):
    done = python("-m", "blportfolio", "show", finished.run)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert done.stdout == call("show", finished.run).stdout


def test_a_reader_that_stops_early_is_no_error(finished):
    shown = [sys.executable, "-m", "blportfolio", "show", str(finished.run)]
    process = subprocess.Popen(shown, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 0
    assert errors == ""


def test_control_c_ends_a_run_with_130_and_leaves_nothing(tmp_path):
    place = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "blportfolio", "backtest", "--out", str(place)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        # A background job's children ignore Ctrl-C, and so may those of a CI runner.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + 30
        while not list(place.glob("runs/sample/*.part")):
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline, "the run did not begin"
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert output == ""
    assert "Traceback" not in errors
    assert "interrupted" in errors
    assert not place.exists()
