import json

import numpy as np
import pandas as pd
import pytest
from helpers import make_prices


@pytest.fixture
def broken(tmp_path):
    """Prices with a print of a hundred times its neighbours, and one column twice."""
    prices = make_prices(2, 300, 4)
    prices.iloc[100, 1] *= 100
    prices["A0.1"] = prices["A0"]
    path = tmp_path / "broken.csv"
    prices.to_csv(path, index_label="date")
    return path


@pytest.fixture
def clean(tmp_path):
    path = tmp_path / "clean.csv"
    make_prices(1, 300, 4).to_csv(path, index_label="date")
    return path


def test_clean_prices_have_no_fault_and_exit_0(call, clean):
    answer = call("data", "check", clean)
    assert answer.exit_code == 0, answer.output
    assert "no faults found in 300 dates × 4 assets" in answer.stdout


def test_serious_faults_exit_6_and_say_what_and_what_to_do(call, broken):
    answer = call("data", "check", broken)
    assert answer.exit_code == 6
    assert "unit_mixup" in answer.stdout
    assert "A1" in answer.stdout
    assert "Likely:" in answer.stdout
    assert "--fix" in answer.stdout


def test_json_is_one_object_with_every_finding(call, broken):
    answer = call("data", "check", broken, "--json")
    assert answer.exit_code == 6
    document = json.loads(answer.stdout)
    assert document["schema_version"] == 1
    assert (document["n_dates"], document["n_assets"]) == (300, 5)
    assert sum(document["counts"].values()) == len(document["findings"])
    assert {"unit_mixup", "duplicate_columns"} <= {f["kind"] for f in document["findings"]}
    assert {"inferred", "name"} <= set(document)


def test_fix_writes_a_new_file_and_a_log_and_leaves_the_rest_alone(call, broken):
    before = broken.read_bytes()
    answer = call("data", "check", broken, "--fix")
    assert answer.exit_code == 0, answer.output
    assert broken.read_bytes() == before
    fixed, log = broken.with_name("broken.fixed.csv"), broken.with_name("broken.fixed.log")
    old = pd.read_csv(broken, index_col=0)
    new = pd.read_csv(fixed, index_col=0)
    assert list(new) == ["A0", "A1", "A2", "A3"]
    assert new.iloc[100, 1] == old.iloc[100, 1] / 100
    old.iloc[100, 1] /= 100
    np.testing.assert_array_equal(new, old[list(new)])
    assert f"{old.index[100]}" in log.read_text(encoding="utf-8")
    assert "A0.1" in log.read_text(encoding="utf-8")
    again = call("data", "check", fixed)
    assert again.exit_code == 0
    assert "no faults found" in again.stdout


def test_fix_never_overwrites(call, broken):
    assert call("data", "check", broken, "--fix").exit_code == 0
    fixed = broken.with_name("broken.fixed.csv")
    before = fixed.read_bytes()
    answer = call("data", "check", broken, "--fix")
    assert answer.exit_code == 3
    assert "exists already" in answer.stderr
    assert "--out" in answer.stderr
    assert fixed.read_bytes() == before
    assert not list(broken.parent.glob("*.part"))


def test_fix_leaves_what_is_serious_and_says_so(call, tmp_path):
    prices = make_prices(2, 300, 4)
    prices.iloc[100, 1] *= 100
    prices.iloc[200, 2] = -5
    path = tmp_path / "both.csv"
    prices.to_csv(path, index_label="date")
    out = tmp_path / "new.csv"
    answer = call("data", "check", path, "--fix", "--out", out, "--json")
    assert answer.exit_code == 6
    fixed = json.loads(answer.stdout)["fixed"]
    assert fixed["path"] == str(out)
    assert (fixed["changes"], fixed["remaining"]["serious"]) == (1, 1)


def test_fix_without_anything_certain_writes_nothing(call, clean):
    answer = call("data", "check", clean, "--fix", "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["fixed"]["path"] is None
    assert [path.name for path in clean.parent.glob("*.csv")] == ["clean.csv"]


def test_returns_are_told_from_prices_and_the_reverse(call, tmp_path):
    prices = make_prices(2, 300, 4)
    path = tmp_path / "returns.csv"
    prices.pct_change().iloc[1:].to_csv(path, index_label="date")
    assert call("data", "check", path).exit_code == 6
    answer = call("data", "check", path, "--returns")
    assert answer.exit_code == 0, answer.output
    prices.to_csv(tmp_path / "prices.csv", index_label="date")
    answer = call("data", "check", tmp_path / "prices.csv", "--returns")
    assert answer.exit_code == 6
    assert "prices_not_returns" in answer.stdout


def test_a_packaged_data_set_is_checked_by_name(call):
    answer = call("data", "check", "industries_12", "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["name"] == "industries_12"


def test_many_alike_are_counted_and_all_in_json(call, tmp_path):
    prices = make_prices(2, 300, 6)
    prices.iloc[range(50, 250, 20), 1] = -1
    path = tmp_path / "many.csv"
    prices.to_csv(path, index_label="date")
    assert "and 7 more like these" in call("data", "check", path).stdout
    kinds = [
        f["kind"] for f in json.loads(call("data", "check", path, "--json").stdout)["findings"]
    ]
    assert kinds.count("non_positive_price") == 10


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["nowhere.csv"], 3, "no file"),
        (["sp500_2O"], 3, "Did you mean 'sp500_20'"),
        (["sp500_20", "--decimal", ","], 4, "is a name"),
        (["sp500_20", "--out", "x.csv"], 4, "--fix"),
        (["sp500_20", "--fix", "--returns"], 4, "--fix repairs prices"),
    ],
)
def test_wrong_usage_is_one_sentence(call, words, code, says):
    answer = call("data", "check", *words)
    assert answer.exit_code == code
    assert answer.stdout == ""
    assert answer.stderr.startswith("error: ")
    assert says in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_text_of_files_is_never_markup_nor_moves_a_terminal(call, tmp_path):
    prices = make_prices(2, 300, 3).rename(columns={"A1": "[red]A[/red]"})
    prices.iloc[100, 1] *= 100
    path = tmp_path / "markup.csv"
    prices.to_csv(path, index_label="date")
    answer = call("data", "check", path)
    assert "[red]A[/red]" in answer.stdout
    assert "\x1b" not in answer.stdout


def test_a_folder_is_told_from_a_name(call, tmp_path):
    answer = call("data", "check", tmp_path)
    assert answer.exit_code == 3
    assert "is a folder" in answer.stderr


def test_the_new_file_keeps_dots_of_the_name(call, tmp_path):
    prices = make_prices(2, 300, 4)
    prices.iloc[100, 1] *= 100
    prices.to_csv(tmp_path / "BRK.B.2020.csv", index_label="date")
    assert call("data", "check", tmp_path / "BRK.B.2020.csv", "--fix").exit_code == 0
    assert (tmp_path / "BRK.B.2020.fixed.csv").exists()
    assert (tmp_path / "BRK.B.2020.fixed.log").exists()


def test_what_a_message_says_is_not_said_twice(call, broken):
    lines = call("data", "check", broken).stdout.splitlines()
    told = next(line for line in lines if "times what its neighbours say" in line)
    assert told.startswith("  A1 is 100 times")
    assert not any(line.endswith(" ") for line in lines)
