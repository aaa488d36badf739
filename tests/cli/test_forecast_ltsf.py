import gzip
import json

import numpy as np
import pytest

from blportfolio.report import study


@pytest.fixture(autouse=True)
def no_charts(monkeypatch):
    monkeypatch.setattr(study, "to_png", lambda chart: b"")  # noqa: ARG005
    monkeypatch.setattr(study, "to_svg", lambda chart: "")  # noqa: ARG005


@pytest.fixture
def folder(tmp_path):
    """A stand-in for the exchange rates: two random walks."""
    rates = np.cumsum(np.random.default_rng(0).normal(size=(1_500, 2)), axis=0)
    lines = "\n".join(",".join(f"{rate:.6f}" for rate in row) for row in rates)
    place = tmp_path / "ltsf"
    place.mkdir()
    (place / "exchange_rate.txt.gz").write_bytes(gzip.compress(lines.encode()))
    return place


@pytest.fixture
def ltsf(call, tmp_path):
    return lambda *words: call("forecast", "ltsf", *words, "--out", tmp_path / "out")


SMALL = ("--data-set", "Exchange", "--lookback", 24, "--horizon", 12)


def test_one_command_prints_one_markdown_table(ltsf, folder):
    done = ltsf(folder, *SMALL, "--horizon", 48, "--markdown")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "| Data, model | Whose | Look-back | 12 | 48 |"
    assert {line.split(" | ")[0] for line in lines[2:]} == {
        f"| Exchange {model}" for model in ("NLinear", "Linear", "DLinear", "Repeat")
    }


def test_published_rows_stand_beside_ours_with_sources(ltsf, folder, call):
    done = ltsf(folder, "--data-set", "Exchange", "--lookback", 48, "--horizon", 96)
    assert done.exit_code == 0, done.stderr
    assert "Exchange NLinear" in done.stdout
    assert "0.089/0.208" in done.stdout  # Zeng et al. (2023), table 2
    assert "No published row has the same model and look-back." in done.stdout
    run = done.stdout.split("Run: ")[1].splitlines()[0]
    assert call("show", run).exit_code == 0


def test_json_holds_ours_and_theirs(ltsf, folder, tmp_path):
    done = ltsf(folder, *SMALL, "--model", "Repeat", "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert [(row["ours"], row["model"]) for row in document["records"]] == [(True, "Repeat")]
    manifest = json.loads((tmp_path / document["run"] / "manifest.json").read_text("utf-8"))
    assert set(manifest["data"]["sources"]) == {"exchange_rate.txt.gz"}
    assert manifest["command"].startswith("blportfolio forecast ltsf ")
    assert str(tmp_path) not in json.dumps(manifest)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 3, "lacks ETTh1.csv from github.com/zhouhaoyi/ETDataset"),
        (("--data-set", "Exchang"), 4, "Did you mean 'Exchange'"),
        (("--data-set", "Exchange", "--model", "NLinaer"), 4, "Did you mean 'NLinear'"),
        (("--data-set", "Exchange", "--lookback", 5_000), 3, "5000"),
        (("--data-set", "Exchange", "--horizon", 720), 3, "horizon"),
    ],
)
def test_what_is_missing_or_wrong_is_named(ltsf, folder, tmp_path, words, code, message):
    done = ltsf(folder, *words)
    assert (done.exit_code, done.stdout) == (code, ""), done.stderr
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_help_says_where_the_files_come_from(call):
    shown = call("forecast", "ltsf", "--help")
    assert shown.exit_code == 0
    assert "ETDataset" in shown.stdout
    assert "Example: blportfolio forecast ltsf" in shown.stdout
