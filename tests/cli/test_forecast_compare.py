import json

import numpy as np
import pandas as pd
import pytest
from helpers import ROOT, make_prices

from blportfolio.report import study

FEW = ("--forecaster", "linear", "--forecaster", "linear_residual", "--context", 8, "--horizon", 1)


@pytest.fixture(autouse=True)
def no_charts(monkeypatch):
    """Drawing has its own tests."""
    monkeypatch.setattr(study, "to_png", lambda chart: b"")  # noqa: ARG005
    monkeypatch.setattr(study, "to_svg", lambda chart: "")  # noqa: ARG005


@pytest.fixture
def compare(call, tmp_path):
    return lambda *words: call("forecast", "compare", *words, "--out", tmp_path / "out")


def write_levels(path, n=300, *, index=None, header=True):
    rng = np.random.default_rng(0)
    values = np.cumsum(rng.normal(size=(n, 2)), axis=0) - 3
    frame = pd.DataFrame(values, columns=["load", "heat"], index=index)
    frame.to_csv(path, index=index is not None, index_label="date", header=header)
    return path


def test_prices_are_compared_and_a_run_folder_is_written(compare, call, prices):
    done = compare(prices, *FEW)
    assert done.exit_code == 0, done.stderr
    assert "No forecaster beats zero at horizon 1" in done.stdout
    for name in ("zero", "mean", "autoregression", "linear", "linear_residual"):
        assert f"\n{name} " in done.stdout
    run = done.stdout.split("Run: ")[1].splitlines()[0]
    again = call("show", run)
    assert again.exit_code == 0
    assert "Directions at horizon 1" in again.stdout
    assert again.stdout.split("\nErrors")[0] == done.stdout.split("\nErrors")[0]


def test_json_is_one_object_with_every_figure_and_no_nan(compare, prices, tmp_path):
    done = compare(prices, *FEW, "--quick", "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(word))
    assert set(document) == {"schema_version", "experiment", "run", "lead", "records"}
    assert [row["forecaster"] for row in document["records"]] == [
        "zero", "mean", "autoregression", "linear", "linear_residual"
    ]  # fmt: skip
    manifest = json.loads((tmp_path / document["run"] / "manifest.json").read_text("utf-8"))
    assert manifest["command"].startswith("blportfolio forecast compare prices.csv --forecaster")
    assert manifest["config"]["contest"]["n_refits"] == 2
    assert manifest["config"]["forecasters"]["linear"].startswith("LinearForecaster(")
    assert set(manifest["data"]["sources"]) == {"prices.csv"}
    assert str(tmp_path) not in json.dumps(manifest)


def test_the_same_command_gives_the_same_figures(compare, prices):
    first, second = (json.loads(compare(prices, *FEW, "--json").stdout) for _ in range(2))

    def figures(document):
        return [{k: v for k, v in row.items() if k != "seconds"} for row in document["records"]]

    assert figures(first) == figures(second)


@pytest.mark.parametrize(("dated", "header"), [(True, True), (False, True), (False, False)])
def test_levels_of_any_kind_are_compared(compare, tmp_path, dated, header):
    index = pd.date_range("2020-01-01", periods=300, freq="h") if dated else None
    path = write_levels(tmp_path / "levels.csv", index=index, header=header)
    done = compare(path, "--levels", *FEW[:-1], 3, "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["records"][0]["forecaster"] == "last_value"
    assert len(document["records"][0]["step_mse"]) == 3
    assert ("2020-01-01" if dated else "row 1") in document["lead"][0]


def test_columns_and_dates_can_be_chosen(compare, tmp_path):
    index = pd.date_range("2020-01-01", periods=300, freq="D")
    path = write_levels(tmp_path / "levels.csv", index=index)
    chosen = ("--column", "heat", "--start", "2020-02-01", "--end", "2020-10-01")
    done = compare(path, "--levels", *FEW, *chosen, "--json")
    assert done.exit_code == 0, done.stderr
    lead = json.loads(done.stdout)["lead"][0]
    assert "levels: heat, 244 rows from 2020-02-01 to 2020-10-01" in lead


def test_a_data_set_is_compared_between_dates(compare):
    words = ("--start", "2015-01-01", "--end", "2017-01-01", "--column", "AAPL", *FEW, "--json")
    done = compare("sp500_20", *words)
    assert done.exit_code == 0, done.stderr
    assert "sp500_20: AAPL, 50" in json.loads(done.stdout)["lead"][0]


@pytest.fixture
def fetched(tmp_path, monkeypatch, call):
    """A universe file with two members and an index to compare them with, in a cache."""
    monkeypatch.setenv("BLPORTFOLIO_CACHE", str(tmp_path / "cache"))
    universe = tmp_path / "mine.toml"
    universe.write_text(
        'title = "Two"\ntickers = ["AAA", "BBB"]\nbenchmarks = ["IDX"]\nfiles = ["bars*"]\n',
        encoding="utf-8",
    )
    bars = make_prices(0, 300, 3).set_axis(["AAA", "BBB", "IDX"], axis=1)
    bars.to_csv(tmp_path / "bars.csv", index_label="date")
    done = call("data", "fetch", universe, "--from-files", tmp_path / "bars.csv", "--quiet")
    assert done.exit_code == 0, done.stderr
    return universe


def test_members_of_a_universe_take_part_and_benchmarks_when_named(compare, fetched):
    done = compare(fetched, *FEW, "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert "mine: 2 series, 299 rows" in document["lead"][0]
    page = (fetched.parent / document["run"] / "report.md").read_text(encoding="utf-8")
    assert "Left out what is never a member: IDX." in page
    for words, series in ((("--column", "IDX"), "IDX"), (("--column", "BBB"), "BBB")):
        done = compare(fetched, *FEW, *words, "--json")
        assert f"mine: {series}, 299 rows" in json.loads(done.stdout)["lead"][0]


@pytest.mark.usefixtures("fetched")
def test_tickers_in_the_cache_are_a_panel(compare):
    done = compare("AAA IDX", *FEW, "--json")
    assert done.exit_code == 0, done.stderr
    assert "AAA_IDX: 2 series, 299 rows" in json.loads(done.stdout)["lead"][0]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("absent.csv",), 3, "There is no file 'absent.csv'"),
        (("absent.csv", "--levels"), 3, "There is no file 'absent.csv'"),
        (("sp500_21",), 3, "Did you mean 'sp500_20'"),
        (("sp500_20", "--max-gap", 3), 4, "--max-gap says how to read a file"),
        (("prices.csv", "--levels", "--returns"), 4, "--returns is about prices"),
        (("prices.csv", "--column", "A9"), 4, "has no column 'A9'. Known: A0"),
        (("prices.csv", "--forecaster", "linaer"), 4, "Did you mean 'linear'"),
        (("prices.csv", "--regime", "consistent"), 4, "selects on the outcome"),
        (("prices.csv", "--test-share", 1.5), 4, "`test_share` must be"),
        (("prices.csv", "--horizon", 900), 3, "Shorten the context or the horizon"),
        (("prices.csv", "--context", 330), 3, "training windows"),
        (("rows.csv", "--levels", "--start", "2020-01-01"), 4, "need dates"),
        (("constant.csv", "--levels"), 3, "constant"),
        (("two.csv", "--levels"), 3, "2 rows, too few"),
        (("empty.csv", "--levels"), 3, "empty.csv"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(compare, prices, tmp_path, words, code, message):
    assert prices.exists()
    write_levels(tmp_path / "rows.csv")
    (tmp_path / "constant.csv").write_text("x\n" + "5\n" * 300)
    (tmp_path / "two.csv").write_text("x\n1\n2\n")
    (tmp_path / "empty.csv").write_text("")
    done = compare(*words)
    assert (done.exit_code, done.stdout) == (code, ""), done.stderr
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_help_has_examples_and_loads_nothing_heavy(call):
    shown = call("forecast", "compare", "--help")
    assert shown.exit_code == 0
    assert "Example: blportfolio forecast compare sp500_20 --quick" in shown.stdout
    source = (ROOT / "blportfolio" / "cli" / "forecast_compare.py").read_text(encoding="utf-8")
    head = source[: source.index("def compare")]
    assert "pandas" not in head
    assert "blportfolio.forecasters" not in head
