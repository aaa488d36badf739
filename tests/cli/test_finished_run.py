"""What a finished run leaves on stdout and on disk."""

import csv
import hashlib
import json
import math
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import blportfolio as bl
from blportfolio.runs.stored import reference_run

SCRIPT, FORMULA = "<script>alert(1)</script>", "@SUM(1+1)"
NAMES = ["SLP-BL", "Equal weight", "Minimum variance"]


def rows(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_stdout_holds_one_json_object_and_nothing_else(finished):
    assert finished.stdout.count("\n") == 1
    assert set(finished.document) == {
        "schema_version", "experiment", "run", "strategies", "against_baseline",
    }  # fmt: skip
    assert finished.document["schema_version"] == 1
    assert finished.document["experiment"] == "sample"


def test_every_figure_is_finite_and_plausible(finished):
    for record in finished.document["strategies"]:
        numbers = [v for v in record.values() if isinstance(v, int | float)]
        assert len(numbers) >= 12
        assert all(math.isfinite(number) for number in numbers)
        assert record["max_drawdown"] <= 0 <= record["cost_drag"]
        assert record["sharpe_low"] < record["sharpe_ratio"] < record["sharpe_high"]
        assert 0 <= record["turnover"] <= 1


def test_equal_weight_and_minimum_variance_are_always_shown(finished):
    assert [record["name"] for record in finished.document["strategies"]] == NAMES


def test_the_run_folder_is_complete_and_nothing_is_left_beside_it(finished):
    files = {path.relative_to(finished.run).as_posix() for path in finished.run.rglob("*.*")}
    assert {"manifest.json", "summary.json", "report.html", "returns.csv", "weights.csv"} <= files
    assert {"trades.csv", "charts/growth.png", "charts/drawdown.png"} <= files
    for slug in ("slp_bl", "equal_weight", "minimum_variance"):
        assert {f"charts/weights_{slug}.png", f"strategies/{slug}/manifest.json"} <= files
    assert list(finished.run.parent.iterdir()) == [finished.run]
    assert not list(finished.place.rglob("*.part"))


def test_charts_are_png_images(finished):
    charts = list((finished.run / "charts").iterdir())
    assert len(charts) == 6
    for chart in charts:
        content = chart.read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert content.endswith(b"IEND\xaeB`\x82")


def test_every_strategy_loads_and_agrees_with_its_figures_and_tables(finished):
    returns = rows(finished.run / "returns.csv")
    for record in finished.document["strategies"]:
        slug = re.sub("[^a-z]", "_", record["name"].lower())
        result = bl.BacktestResult.load(finished.run / "strategies" / slug)
        assert result.name == record["name"]
        assert result.wealth.iloc[-1] == record["final_wealth"]
        assert len(result.returns) == record["n_periods"] == len(returns)
        assert len(result.weights) == record["n_decisions"]
        column = [float(row[record["name"]]) for row in returns]
        np.testing.assert_array_equal(result.returns, column)
        assert [row["date"] for row in returns] == [str(d.date()) for d in result.returns.index]


def test_weights_and_trades_add_up(finished):
    weights = pd.DataFrame(rows(finished.run / "weights.csv")).astype({"weight": float})
    sums = weights.groupby(["strategy", "date"])["weight"].sum()
    np.testing.assert_allclose(sums, 1.0, rtol=0, atol=1e-12)
    trades = pd.DataFrame(rows(finished.run / "trades.csv"))
    for column in ("weight_before", "weight_after", "trade", "value", "cost"):
        trades[column] = trades[column].astype(float)
    np.testing.assert_allclose(
        trades["weight_after"] - trades["weight_before"], trades["trade"], rtol=0, atol=1e-15
    )
    np.testing.assert_allclose(trades["cost"], trades["value"].abs() * 0.001, rtol=1e-12)


def test_the_manifest_says_what_ran_on_what(finished):
    manifest = json.loads((finished.run / "manifest.json").read_text(encoding="utf-8"))
    content = (finished.place / "prices.csv").read_bytes()
    assert manifest["run_id"] == finished.run.name
    assert manifest["data"]["sources"] == {"prices.csv": hashlib.sha256(content).hexdigest()}
    assert manifest["data"]["n_assets"] == 4
    assert manifest["config"]["experiment"]["backtest"]["lookback"] == 60
    assert manifest["headline"] == finished.document["strategies"]
    assert set(manifest["software"]["packages"]) >= {"numpy", "scipy", "pandas"}


def test_the_manifest_holds_the_digest_of_every_other_file(finished):
    manifest = json.loads((finished.run / "manifest.json").read_text(encoding="utf-8"))
    digests = {
        path.relative_to(finished.run).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in finished.run.rglob("*")
        if path.is_file() and path != finished.run / "manifest.json"
    }
    assert manifest["outputs"] == digests


def test_no_text_file_names_a_folder_of_this_machine(finished):
    for path in finished.run.rglob("*"):
        if path.suffix in {".json", ".html", ".csv"}:
            text = path.read_text(encoding="utf-8")
            assert str(finished.place) not in text, path.name
            assert str(finished.place.parent) not in text, path.name


def test_the_report_opens_without_a_network(finished):
    page = (finished.run / "report.html").read_text(encoding="utf-8")
    outside = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert not re.search(r"https?://|//\w+\.\w+/|url\((?!#)|@import", outside)
    assert not re.search(r"""(src|href)\s*=\s*["']?(?!#)""", outside)
    assert "<script" not in page


def test_a_dangerous_asset_name_is_escaped_everywhere_in_the_report(finished):
    page = (finished.run / "report.html").read_text(encoding="utf-8")
    assert "alert(1)" in page
    assert "<script" not in page.lower()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    drawings = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(drawings) == 6
    for drawing in drawings:
        tree = ElementTree.fromstring(drawing)  # noqa: S314, our own page
        tags = {element.tag.rpartition("}")[2] for element in tree.iter()}
        assert "script" not in tags
        assert "foreignObject" not in tags


@pytest.mark.parametrize("name", ["weights.csv", "trades.csv"])
def test_no_text_cell_of_a_table_is_a_spreadsheet_formula(finished, name):
    assets = {row["asset"] for row in rows(finished.run / name)}
    assert assets == {SCRIPT, f"'{FORMULA}", "A2", "A3"}
    for row in rows(finished.run / name):
        for cell in row.values():
            assert not re.match(r"[=@\t\r]|[+-](?![\d.])", cell), cell


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_show_prints_the_figures_of_the_run(call, finished, flags):
    result = call("show", finished.run, *flags)
    assert result.exit_code == 0
    assert result.stderr == ""
    if flags:
        assert json.loads(result.stdout) == finished.document
    for record in finished.document["strategies"]:
        assert record["name"] in result.stdout
        assert f"{100 * record['max_drawdown']:.1f} %" in result.stdout or flags


def test_showing_a_run_needs_no_more_than_its_folder(call, finished, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("manifest.json", "summary.json"):
        (moved / name).write_bytes((finished.run / name).read_bytes())
    document = json.loads(call("show", moved, "--json").stdout)
    assert document["strategies"] == finished.document["strategies"]


DAMAGED = {
    "empty": "",
    "text": "oops",
    "list": "[]",
    "number": "1",
    "no strategies": "{}",
    "no strategy": '{"strategies": []}',
    "no name": '{"strategies": [{}]}',
    "only a name": '{"strategies": [{"name": "A"}]}',
    "text for a figure": '{"strategies": [{"name": "A", "net_annualised_return": "x"}]}',
    "strategies as text": '{"strategies": "abc"}',
    "binary": "\0\1\2",
}


@pytest.mark.parametrize(("key", "value"), [("skipped", None), ("notes", "abc"), ("said", [{}])])
def test_a_record_that_lacks_its_remarks_is_damaged(call, tmp_path, key, value):
    source = reference_run()
    summary = json.loads((source / "summary.json").read_text(encoding="utf-8"))
    summary["strategies"][0][key] = value
    if value is None:
        del summary["strategies"][0][key]
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    (tmp_path / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    result = call("show", tmp_path)
    assert result.exit_code == 3, result.stderr
    assert "is damaged" in result.stderr


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("flags", [(), ("--json",)], ids=["table", "json"])
def test_a_damaged_run_is_an_error_not_a_traceback(call, tmp_path, content, flags):
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    (tmp_path / "summary.json").write_text(content, encoding="utf-8")
    result = call("show", tmp_path, *flags)
    assert result.exit_code == 3, result.stderr
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert "is damaged" in result.stderr


@pytest.mark.parametrize("name", ["missing", "prices.csv", ".", "n" * 300])
def test_a_missing_run_is_an_error_that_says_what_to_do(call, prices, name):
    result = call("show", name)
    assert result.exit_code == 3, (result.stderr, prices)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
