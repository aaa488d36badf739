from dataclasses import replace
from html.parser import HTMLParser

import pytest

from blportfolio.forecasters.asymmetric import (
    AsymmetricSettings,
    Budget,
    ReturnsSettings,
    Target,
    run_asymmetric,
    run_returns,
)
from blportfolio.forecasters.asymmetric.trial import CONTEST, HEADS
from blportfolio.report import study as study_module
from blportfolio.report.asymmetric import (
    CLAIM,
    WITHOUT_TORCH,
    asymmetric_study,
    format_figure,
    with_returns,
)
from blportfolio.report.charts import to_svg
from blportfolio.report.simulated_returns import returns_study
from blportfolio.report.study import read_study, to_markdown, write_study

SMALL = Budget(40, 4, 3, 2)
SETTINGS = AsymmetricSettings(
    contest=SMALL,
    gamma=SMALL,
    widths=(2, 4),
    alignment=SMALL,
    variant_targets=(Target("sym", 4, 0.3), Target()),
    variant=SMALL,
    heads=(),
    n_test=60,
)


@pytest.fixture(scope="module")
def result():
    return run_asymmetric(SETTINGS)


@pytest.fixture(scope="module")
def study(result):
    return asymmetric_study(result)


@pytest.fixture(scope="module")
def returns():
    settings = ReturnsSettings(
        ("momentum",), ("all", "con"), True, n=200, n_test=200, width=2, steps=(1,), seeds=2
    )
    return returns_study(settings, run_returns(settings))


def test_the_page_says_what_is_claimed_in_the_words_agreed(study):
    assert study.lead[0] == CLAIM
    text = to_markdown(study).lower()
    assert "transformers fail" not in text
    assert "attention fails" not in text


def test_controls_stand_in_every_table_of_models(study):
    for section in study.sections[:2]:
        models = {row[1] for row in section.table.rows}
        assert {"zero", "AR(1)", "oracle"} <= models


def test_every_point_that_does_not_hold_as_printed_is_there_with_a_figure(study):
    numbered = [p for p in study.sections[-1].paragraphs if p[:1].isdigit()]
    assert [text[0] for text in numbered] == list("12345678")
    assert not any("not in this run" in text for text in numbered)
    assert "0.768" in numbered[2]  # (7/8)² + 1/(8² · 7)


def test_a_run_of_one_part_says_what_it_lacks(result):
    bare = replace(SETTINGS, gammas=(), widths=(), variants=(), seed=1)
    text = to_markdown(asymmetric_study(run_asymmetric(bare)))
    assert text.count("not in this run") == 5
    only = asymmetric_study(replace(result, has_heads=False))
    assert WITHOUT_TORCH in only.lead
    assert any(section.paragraphs == (WITHOUT_TORCH,) for section in only.sections)


def test_several_heads_are_claimed_as_measured_only_where_they_were(result):
    without = asymmetric_study(replace(result, has_heads=False))
    assert "not tried in this run" in without.lead[-1]
    heads = [
        {**row, "part": HEADS, "model": "4 heads", "ood_rel0": 0.011 if row["seed"] else 0.033}
        for row in result.records
        if row["part"] == CONTEST and row["model"] == "oracle"
    ]
    both = asymmetric_study(replace(result, records=(*result.records, *heads), has_heads=True))
    assert "0.02 for 4 heads trained on all, 0.02 for 4 heads trained on con" in both.lead[-1]
    assert any("4 heads" in row for section in both.sections[:-1] for row in section.table.rows)


def test_the_first_column_says_what_is_forecast_and_the_text_what_columns_mean(study):
    assert study.sections[0].table.rows[0][0] == "affine, d 8, γ 0.6, all"
    text = " ".join(study.sections[0].paragraphs)
    for word in ("As trained", "Flips", "/ zero", "Right on flips", "Follows last", "Mean ±"):
        assert word in text


def test_with_gamma_below_zero_the_page_says_that_the_claim_is_reversed():
    chosen = Target("affine", 8, -0.6)
    budget = Budget(200, 8, 20, 1)
    below = replace(SETTINGS, targets=(chosen,), regimes=("all",), gammas=(), contest=budget)
    study = asymmetric_study(run_asymmetric(replace(below, variants=(), widths=())))
    assert "the opposite sign of the last value in 100.0% of steps" in study.lead[1]
    assert "the claim is reversed" in study.lead[1]
    assert "not in this run, which has γ below zero only" in study.sections[-1].paragraphs[1]


def test_figures_of_the_table_are_means_of_the_records(result, study):
    row = next(r for r in study.sections[0].table.rows if r[1] == "AR(1)" and "all" in r[0])
    values = [
        r["ood_rel0"]
        for r in result.records
        if r["part"] == "all models" and r["model"] == "AR(1)" and r["regime"] == "all"
    ]
    column = study.sections[0].table.headings.index("Flips / zero")
    assert row[column].split(" ± ")[0] == f"{sum(values) / 2:.2f}"


def test_one_seed_has_no_spread():
    one = replace(SETTINGS, contest=Budget(40, 4, 3, 1), gammas=(), widths=(), variants=())
    table = asymmetric_study(run_asymmetric(one)).sections[0].table
    assert not any("±" in cell for row in table.rows for cell in row)


def test_all_charts_can_be_drawn(study, returns):
    drawn = {
        label: to_svg(chart)
        for section in (*study.sections, *returns.sections)
        for label, chart in section.charts
    }
    assert len(drawn) == 8
    assert all(svg.startswith("<svg") and "NaN" not in svg for svg in drawn.values())


def test_the_folder_is_written_and_read_back(study, returns, tmp_path, monkeypatch):
    monkeypatch.setattr(study_module, "to_png", lambda chart: b"")  # noqa: ARG005
    monkeypatch.setattr(study_module, "to_svg", lambda chart: "<svg></svg>")  # noqa: ARG005
    manifest = dict.fromkeys(("run_id", "created_utc", "command", "git_commit", "seed"), "x")
    manifest |= {"git_dirty": False, "config_sha256": "0" * 64}
    both = with_returns(study, returns)
    write_study(tmp_path, both, manifest=manifest, elapsed=lambda: 0.0)
    summary = read_study(tmp_path)
    assert len(summary["records"]) == len(study.records) + len(returns.records)
    assert [table["heading"] for table in summary["tables"]][-1] == "Simulated daily returns"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    HTMLParser().feed(page)
    assert page.count("<figure") == 8


def test_the_returns_page_warns_of_the_trap_it_shows(returns):
    text = to_markdown(returns)
    assert "select on the outcome" in text
    assert "must not be done" in text
    plain = ReturnsSettings(("white noise",), n=200, n_test=200, width=2, steps=(1,), seeds=1)
    assert "select on the outcome" not in to_markdown(returns_study(plain, run_returns(plain)))


@pytest.mark.parametrize(
    ("mean", "sd", "text"),
    [
        (2.234, 0.1, "2.23 ± 0.10"),
        (0.026, 0.001, "0.026 ± 0.001"),
        (0.0102, 0.0, "0.0102"),
        (float("nan"), 0.0, "–"),
        (0.0, 0.0, "0.000"),
    ],
)
def test_figures_have_three_digits(mean, sd, text):
    assert format_figure(mean, sd) == text
