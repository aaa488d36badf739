"""`backtest --baseline` and `--trials`: on the screen, on the page, in JSON."""

import json
from pathlib import Path

import pytest

import blportfolio as bl
from blportfolio.report.against_text import explain_against
from blportfolio.report.comparison import DRAWS
from blportfolio.report.inference import bootstrap_sharpe_difference

TWO = ("--strategy", "slp", "--strategy", "markowitz")
COMPARED = {
    "first", "second", "is_baseline", "role", "first_sharpe", "second_sharpe", "difference",
    "standard_error", "low", "high", "p_value", "hac_low", "hac_high", "hac_p_value", "level",
    "lags", "block", "draws", "finding", "weights_apart", "views_weight", "probability", "deflated",
}  # fmt: skip
ALONE = {"first", "second", "role", "first_sharpe", "probability", "deflated"}


@pytest.fixture
def plain(run):
    """Run on a small file and return the JSON document."""

    def plain(*words):
        result = run("--json", *words)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return plain


@pytest.mark.usefixtures("without_charts")
class TestRun:
    def test_every_strategy_is_compared_with_minimum_variance(self, plain):
        document = plain(*TWO, "--seed", 4)
        found = document["against_baseline"]
        assert (found["baseline"], found["rows"]) == ("Minimum variance", ["Minimum variance"])
        assert (found["seed"], found["draws"], found["trials"]) == (4, DRAWS, 4)
        roles = {record["first"]: record["role"] for record in found["comparisons"]}
        assert roles == {
            "SLP-BL": "compared", "Markowitz": "compared", "Equal weight": "compared",
            "Minimum variance": "baseline",
        }  # fmt: skip
        load = bl.BacktestResult.load
        folder = Path(document["run"]) / "strategies"
        slp, least = load(folder / "slp_bl"), load(folder / "minimum_variance")
        expected = bootstrap_sharpe_difference(
            slp.returns, least.returns, periods_per_year=slp.periods_per_year, n_draws=DRAWS, seed=4
        )
        record = found["comparisons"][0]
        for key in ("low", "high", "p_value"):
            assert record[key] == getattr(expected, key)
        assert record["difference"] == expected.value

    def test_people_see_the_table_under_the_other_and_the_words_below(self, run):
        result = run(*TWO, "--baseline", "equal_weight", "--trials", 40)
        assert result.exit_code == 0, result.stderr
        lines = result.stdout.splitlines()
        (place,) = (i for i, line in enumerate(lines) if line.startswith("Against Equal weight"))
        headings = "Against Equal weight Sharpe Difference [95 %] p P(Sharpe > 0) Deflated"
        assert " ".join(lines[place].split()) == headings
        assert "baseline" in lines[place + 3]
        assert lines[place + 3].startswith("Equal weight")
        assert "3 comparisons, 40 configurations tried" in result.stdout
        assert "Equal weight by more than the best of 3 lucky ones would (SPA p" in result.stdout

    def test_the_same_seed_gives_the_same_bytes(self, plain):
        texts = []
        for _ in range(2):
            document = plain("--strategy", "equal_weight", "--seed", 1)
            texts.append((Path(document["run"]) / "summary.json").read_bytes())
        assert texts[0] == texts[1]

    def test_one_strategy_is_compared_with_the_two_that_are_always_there(self, plain):
        found = plain("--strategy", "equal_weight")["against_baseline"]
        assert [record["role"] for record in found["comparisons"]] == ["compared", "baseline"]
        assert found["together"][0]["n_strategies"] == 1

    def test_lists_are_compared_row_by_row(self, call, prices, tmp_path):
        (tmp_path / "lists.toml").write_text(
            f'name = "lists"\nuniverse = "{prices.name}"\nstrategies = ["markowitz"]\ntrials = 90\n'
            "[backtest]\nlookback = [40, 60]\ncost_bps = [0, 10]\n",
            encoding="utf-8",
        )
        result = call("backtest", "lists.toml", "--out", tmp_path / "out", "--json")
        document = json.loads(result.stdout)
        found = document["against_baseline"]
        pairs = {r["first"]: r["second"] for r in found["comparisons"] if r["second"]}
        for look in (40, 60):
            for cost in (0, 10):
                own = f"(lookback {look}, {cost} bp)"
                assert pairs.pop(f"Markowitz {own}") == f"Minimum variance {own}"
        assert pairs == {
            f"Equal weight ({cost} bp)": f"Minimum variance (lookback 60, {cost} bp)"
            for cost in (0, 10)
        }
        assert found["trials"] == 90
        assert len(found["together"]) == 4
        shown = call("show", document["run"]).stdout
        assert "Baseline row" in shown
        assert "In 4 of 4 groups" in shown or " beats Minimum variance (" in shown

    def test_a_few_days_are_enough_not_to_fail(self, plain):
        document = plain("--start", "2000-04-28", "--end", "2000-05-05")
        assert document["strategies"][0]["n_periods"] < 10
        for record in document["against_baseline"]["comparisons"]:
            assert record.get("p_value") is None
        assert document["against_baseline"]["together"] == []

    def test_the_manifest_tells_baseline_and_trials(self, plain):
        words = ("--strategy", "equal_weight", "--baseline", "equal_weight", "--trials", 9)
        run = Path(plain(*words)["run"])
        manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        experiment = manifest["config"]["experiment"]
        assert (experiment["baseline"], experiment["trials"]) == ("Equal weight", 9)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--baseline", "min_varianc"), "Did you mean 'min_variance'"),
        (("--baseline", "fiv"), "--strategy adds one to the run"),
        (("--baseline", "none"), "is not among the strategies"),
        (("--trials", "2"), "`trials` must be at least 6"),
    ],
)
def test_a_baseline_or_a_number_of_trials_that_cannot_be_is_refused(run, words, message):
    result = run(*words)
    assert result.exit_code == 4
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_the_fields_are_those_that_are_documented(finished):
    found = finished.document["against_baseline"]
    assert set(found) == {
        "baseline", "rows", "trials", "test", "draws", "draws_together", "seed", "comparisons",
        "together", "sentences",
    }  # fmt: skip
    for record in found["comparisons"]:
        assert set(record) == (COMPARED if record["role"] == "compared" else ALONE)
    (judged,) = found["together"]
    assert set(judged) == {
        "baseline", "n_strategies", "best", "spa_p_value", "confidence_set",
    }  # fmt: skip
    assert judged["n_strategies"] == 2
    assert found["sentences"] == explain_against(found)
    for record in finished.document["strategies"]:
        assert record["turnover_low"] <= record["turnover"] <= record["turnover_high"]
        assert record["max_drawdown_low"] < record["max_drawdown_high"] < 0


def test_the_help_has_an_example(call):
    text = " ".join(call("backtest", "--help").stdout.replace("│", " ").split())
    assert "blportfolio backtest --baseline equal_weight --trials 40" in text


def test_the_page_has_a_chart_with_words_and_a_table(finished):
    page = (finished.run / "report.html").read_text(encoding="utf-8")
    assert "<h2>Against Minimum variance</h2>" in page
    assert 'aria-label="Sharpe ratio of each strategy less that of Minimum variance' in page
    assert "Difference of Sharpe ratios, per year" in page
    assert "per year, 95 % interval, net of costs" in page
    assert "model confidence set holds" in page
    assert "Max drawdown [95&nbsp;%]" in page
    assert (finished.run / "charts" / "difference.png").is_file()
    for sentence in finished.document["against_baseline"]["sentences"]:
        assert sentence.split(" > ")[0] in page


def test_show_prints_the_comparison_again(call, finished):
    shown = call("show", finished.run).stdout
    assert "Against Minimum variance" in shown
    for sentence in finished.document["against_baseline"]["sentences"]:
        assert sentence in shown


def old_folder(finished, tmp_path, change):
    document = json.loads((finished.run / "summary.json").read_text(encoding="utf-8"))
    change(document)
    (tmp_path / "summary.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    return tmp_path


def test_a_run_from_before_there_was_a_comparison_is_shown_as_it_was(call, finished, tmp_path):
    def as_before(document):
        del document["against_baseline"]
        for record in document["strategies"]:
            for key in ("turnover", "max_drawdown"):
                del record[f"{key}_low"], record[f"{key}_high"]

    folder = old_folder(finished, tmp_path, as_before)
    result = call("show", folder)
    assert result.exit_code == 0, result.stderr
    assert "SLP-BL" in result.stdout
    assert "Against" not in result.stdout
    assert call("show", folder, "--json").exit_code == 0


@pytest.mark.parametrize(
    "broken",
    [{}, {"sentences": [1]}, {"comparisons": [{}]}, {"comparisons": 1}, {"rows": None}],
)
def test_a_damaged_comparison_is_told(call, finished, tmp_path, broken):
    def damage(document):
        whole = document["against_baseline"]
        document["against_baseline"] = {**whole, **broken} if broken else {}

    result = call("show", old_folder(finished, tmp_path, damage))
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "is damaged" in result.stderr
