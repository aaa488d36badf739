import json

import pytest
from helpers import make_prices

from blportfolio.report import study

SMALL = ("--windows", 40, "--quick")
CLOCKS = {"run_id", "created_utc", "duration_s", "command", "outputs"}


@pytest.fixture
def replicate(call, tmp_path):
    return lambda *words: call("replicate", *words, "--out", tmp_path / "out")


@pytest.fixture
def no_charts(monkeypatch):
    """Drawing has its own tests."""
    monkeypatch.setattr(study, "to_png", lambda chart: b"")  # noqa: ARG005
    monkeypatch.setattr(study, "to_svg", lambda chart: "")  # noqa: ARG005


@pytest.fixture
def few(tmp_path):
    make_prices(5, 200, 3).to_csv(tmp_path / "few.csv", index_label="date")
    return tmp_path / "few.csv"


def folder_of(done, tmp_path):
    return tmp_path / done.stdout.split("Run: ")[1].splitlines()[0]


@pytest.mark.usefixtures("no_charts")
def test_two_runs_with_one_seed_are_the_same_to_the_byte_clocks_aside(replicate, few, tmp_path):
    first = replicate("etf", "--prices", few, *SMALL, "--jobs", 1)
    assert first.exit_code == 0, first.stderr
    second = replicate("etf", "--prices", few, *SMALL, "--jobs", 1)
    one, two = folder_of(first, tmp_path), folder_of(second, tmp_path)
    assert one != two
    names = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    for name in names:
        if name.name not in ("manifest.json", "report.html"):
            assert (one / name).read_bytes() == (two / name).read_bytes(), name
    told = [json.loads((run / "manifest.json").read_text("utf-8")) for run in (one, two)]
    told = [{key: value for key, value in each.items() if key not in CLOCKS} for each in told]
    assert told[0] == told[1]
    assert told[0]["config"]["lookbacks"] == [40]
    assert told[0]["config"]["start"] is None  # the paper's dates belong to its own universe
    assert set(told[0]["data"]["sources"]) == {"few.csv"}


def test_a_first_look_on_own_prices_draws_a_page_and_is_shown_again(replicate, call, few, tmp_path):
    done = replicate("dow", "--prices", few, *SMALL, "--jobs", 1, "--quiet")
    assert done.exit_code == 0, done.stderr
    assert "The paper's headline against Markowitz is +49.8 % Sharpe ratio" in done.stdout
    run = folder_of(done, tmp_path)
    page = (run / "report.html").read_text("utf-8")
    assert page.count("<svg") == 6
    assert "DJIA" in page
    assert str(tmp_path) not in page + (run / "manifest.json").read_text("utf-8")
    again = call("show", run)
    assert again.exit_code == 0
    assert again.stdout.startswith(done.stdout.split("\n\nOur own")[0])
    document = json.loads((run / "summary.json").read_text("utf-8"))
    published = [row for row in document["records"] if row["part"] == "published"]
    assert len(published) == 12


@pytest.mark.usefixtures("no_charts")
def test_weights_of_the_authors_are_compared_date_by_date(replicate, few, tmp_path):
    import pandas as pd

    import blportfolio as bl

    plan = bl.Strategy("m", lookback=40, objective=bl.MaxSharpe(fallback="previous"))
    weights = bl.run_backtest(plan, bl.load_prices(few)).weights
    held = weights.set_axis(weights.index + pd.offsets.BDay(1))
    held.rename_axis("date").to_csv(tmp_path / "paper_etf_40d_weights_mv.csv")
    done = replicate("etf", "--prices", few, *SMALL, "--jobs", 1, "--published-weights", tmp_path)
    assert done.exit_code == 0, done.stderr
    table = (folder_of(done, tmp_path) / "tables" / "weights_against_the_authors.csv").read_text()
    row = dict(zip(*(line.split(",") for line in table.splitlines()[:2]), strict=False))
    assert float(row["Dates"]) == len(weights)


@pytest.mark.parametrize(
    ("words", "code", "match"),
    [
        (("etf",), 3, "blportfolio data fetch sector_etfs"),
        (("dow",), 3, "blportfolio data fetch dow41_paper"),
        (("etf", "--prices", "{few}", "--dataset", "sp500_20"), 4, "not both"),
        (("etf", "--returns"), 4, "--returns says how to read a file"),
        (("etf", "--windows", "fifty"), 2, "50,100"),
        (("etf", "--start", "2004"), 2, "2004-04-13"),
        (("etf", "--prices", "{few}", "--baseline", "nobody"), 4, "baseline"),
        (("etf", "--prices", "{few}", "--windows", "500"), 3, "lookback of 500"),
        (("etf", "--prices", "{few}", "--windows", "1"), 4, "lookback"),
        (("etf", "--prices", "{few}", "--start", "2030-01-01", "--windows", "40"), 3, "start"),
        (("etf", "--prices", "{few}", "--published-weights", "nowhere"), 3, "no weights of the"),
        (("etf", "--prices", "nowhere.csv"), 3, "nowhere.csv"),
    ],
)
def test_what_cannot_be_run_ends_in_one_line(replicate, few, words, code, match):
    done = replicate(*(str(word).format(few=few) for word in words))
    assert done.exit_code == code, done.stderr
    assert match in done.stderr
    assert "Traceback" not in done.stderr
    if code > 2:
        assert done.stderr.startswith("error: ")
        assert len(done.stderr.splitlines()) == 1


def test_help_has_an_example(call):
    for name in ("etf", "dow"):
        shown = call("replicate", name, "--help").stdout
        assert f"blportfolio replicate {name}" in shown
