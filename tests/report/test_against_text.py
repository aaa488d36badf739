"""The comparison with the baseline as people read it."""

import pytest

from blportfolio.report.against_text import (
    against_headings,
    against_rows,
    explain_against,
    findings_against,
    of_universe,
)

PAIR = {
    "first": "A", "second": "X", "role": "compared", "first_sharpe": 0.5, "second_sharpe": 0.75,
    "difference": -0.25, "low": -0.5, "high": 0.0123, "p_value": 0.0614, "hac_p_value": 0.00049,
    "weights_apart": 0.256, "probability": 0.9999, "deflated": 0.8049,
}  # fmt: skip
BASELINE = {
    "first": "X", "second": None, "role": "baseline", "first_sharpe": 0.75, "probability": 0.003,
    "deflated": None,
}  # fmt: skip


def comparison(*judged, comparisons=(PAIR, BASELINE), rows=("X",), trials=2):
    return {
        "baseline": "X", "rows": list(rows), "trials": trials, "draws": 1999, "seed": 0,
        "comparisons": list(comparisons), "together": list(judged),
    }  # fmt: skip


def group(p_value, row="X", number=4, best="A", **more):
    return {
        "baseline": row, "n_strategies": number, "best": best, "spa_p_value": p_value,
        "confidence_set": ["A", "X"], **more,
    }  # fmt: skip


def test_a_row_shows_difference_interval_and_p_and_the_baseline_is_marked():
    against = comparison()
    assert against_headings(against) == (
        "Against X", "Sharpe", "Difference [95 %]", "p", "P(Sharpe > 0)", "Deflated",
    )  # fmt: skip
    assert against_rows(against, against["comparisons"]) == [
        ("A", "0.50", "-0.25 [-0.50, 0.01]", "0.061", "> 0.99", "0.80"),
        ("X", "0.75", "baseline", "", "< 0.01", "n/a"),
    ]


def test_the_page_shows_the_closed_form_test_and_the_weights_too():
    against = comparison()
    assert len(against_headings(against, everything=True)) == 8
    rows = against_rows(against, against["comparisons"], everything=True)
    assert rows[0][4:6] == ("< 0.001", "25.6 %")
    assert rows[1][4:6] == ("", "")


def test_what_is_compared_with_what_is_said_where_the_baseline_has_several_rows():
    pair = {**PAIR, "second": "X (lookback 60, 10 bp)"}
    rows = ("X (lookback 60, 10 bp)", "X (lookback 120, 10 bp)")
    against = comparison(comparisons=[pair, BASELINE], rows=rows)
    assert against_headings(against)[1] == "Baseline row"
    assert [row[1] for row in against_rows(against, against["comparisons"])] == [
        "lookback 60, 10 bp", "",
    ]  # fmt: skip


@pytest.mark.parametrize("change", [{"role": "alone", "second": None}, {"difference": None}])
def test_nothing_to_compare_is_not_available(change):
    against = comparison()
    (row,) = against_rows(against, [{**PAIR, **change}])
    assert row[2:4] == ("n/a", "")


def test_the_number_of_comparisons_and_of_trials_is_told():
    sentences = explain_against(comparison(trials=40))
    assert sentences[0].startswith("Difference: Sharpe ratio less that of X, net of costs")
    assert "1,999 draws of blocks, seed 0" in sentences[0]
    assert "the best of 40 trials without skill" in sentences[1]
    assert sentences[2] == (
        "1 comparison, 40 configurations tried: of twenty comparisons without a true difference, "
        "one has p below 0.05 by chance."
    )


@pytest.mark.parametrize(
    ("judged", "sentence"),
    [
        (
            group(0.4321),
            "No strategy here beats X by more than the best of 4 lucky ones would (SPA p = 0.43).",
        ),
        (group(0.0004), "A beats X by more than the best of 4 lucky ones would (SPA p < 0.001)."),
        (group(0.5, number=1), "A does not beat X by more than luck would (SPA p = 0.50)."),
        (group(0.049, number=1), "A beats X by more than luck would (SPA p = 0.049)."),
        (
            group(0.9, universe="stocks"),
            "stocks: No strategy here beats X by more than the best of 4 lucky ones would "
            "(SPA p = 0.90).",
        ),
    ],
)
def test_all_strategies_together_are_told_in_words(judged, sentence):
    assert explain_against(comparison(judged))[-1] == sentence


def test_many_groups_share_a_sentence_but_for_those_with_a_finding():
    judged = [group(p_value, row=f"X ({i})") for i, p_value in enumerate([0.3, 0.2, 0.01, 0.9, 1])]
    sentences = explain_against(comparison(*judged))[-2:]
    assert sentences[0].startswith("A beats X (2) by more than the best of 4 lucky ones")
    assert sentences[1].startswith("In 4 of 5 groups")
    assert sentences[1].endswith("(smallest SPA p = 0.20).")


def test_a_baseline_alone_is_told_without_a_comparison():
    (sentence,) = explain_against(comparison(comparisons=[BASELINE], trials=1))
    assert "the best of 1 trial without skill" in sentence


def test_the_page_tells_the_confidence_set_of_its_universe_alone():
    judged = [group(0.5, universe="a"), group(0.5, universe="b", number=1)]
    told = [explain_against(comparison(*judged), universe=name) for name in ("a", "b")]
    assert "which of these 5" in " ".join(told[0])
    assert "holds A and X." in " ".join(told[0])
    assert "which of these 2" in " ".join(told[1])
    assert "holds all 2." in " ".join(told[1])
    assert not any("b: " in sentence for sentence in told[0])


def test_each_universe_has_its_own_comparisons():
    pairs = [{**PAIR, "universe": name} for name in ("a", "b", "a")]
    assert of_universe(comparison(comparisons=pairs), "a") == [pairs[0], pairs[2]]
    assert of_universe(comparison(), "") == [PAIR, BASELINE]


def test_findings_come_first_and_say_nothing_of_columns():
    against = comparison(group(0.58))
    told = findings_against(against)
    assert "SPA p = 0.58" in told[0]
    assert "by chance" in told[1]
    assert set(told) < set(explain_against(against))
    assert findings_against(comparison(comparisons=[BASELINE])) == []
