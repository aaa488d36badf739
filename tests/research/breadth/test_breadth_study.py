import json
import math
import re

import pytest
from helpers import ROOT, make_market, make_prices

import blportfolio as bl
from blportfolio.config.strategy import parse_strategy
from blportfolio.report.charts import to_svg
from blportfolio.report.study import to_markdown
from blportfolio.research.breadth import Settings, run_breadth
from blportfolio.research.breadth.ablation import ablation_section, run_ablation
from blportfolio.research.breadth.study import breadth_study

NAMES = ("risk_parity", "equal_weight", "min_variance", "markowitz")
BASELINES = ("Equal weight", "Minimum variance")
CHOSEN = Settings(windows=(20, 60), coarse_windows=(12,), costs=(0, 10), min_years=1, n_draws=199)


def study_of(breadth, **kwargs):
    return breadth_study(
        breadth, candidates=["Risk parity"], baselines=BASELINES, floor="Markowitz", **kwargs
    )


@pytest.fixture(scope="module")
def markets():
    return {
        "daily": make_market(0, 900),
        "monthly": bl.MarketData(make_prices(1, 80, freq="ME")),
        "one": make_market(2, 500, 1),
    }


@pytest.fixture(scope="module")
def breadth(markets):
    failing = parse_strategy(
        {
            "name": "Impossible",
            "optimise": {"model": "min_variance", "constraints": {"bounds": [0.0, 0.2]}},
        },
        source="impossible.toml",
    )
    rows = [*(bl.load_strategy(name) for name in NAMES), failing]
    return run_breadth(rows, markets, CHOSEN, n_jobs=1)


def test_the_page_has_every_part_and_its_charts_can_be_drawn(breadth):
    study = study_of(breadth, notes=["late_19, left out: fetch it."])
    headings = [section.heading for section in study.sections]
    for wanted in (
        "Cells won",
        "The claim for Risk parity",
        "Where Risk parity wins",
        "The floor: Markowitz",
        "Deflated Sharpe ratio by universe",
        "By window",
        "By cost",
    ):
        assert wanted in headings
    for section in study.sections:
        for label, chart in section.charts:
            assert label
            assert "<svg" in to_svg(chart)
    text = to_markdown(study)
    assert "late_19, left out: fetch it." in text
    assert "Impossible failed on daily with a window of 20" in text
    assert "not independent" in text
    assert re.search(r"\bnan\b", text, re.IGNORECASE) is None


def test_the_words_of_the_verdict_come_from_the_figures(breadth):
    study = study_of(breadth)
    means = [record for record in study.records if record["kind"] == "mean"]
    assert len(means) == len(BASELINES)
    held = sum(record["holds"] for record in means)
    assert f"against {held} of {len(BASELINES)} baselines" in study.lead[1]
    assert ("does not hold at" in study.lead[1]) is (held < len(BASELINES))
    for record, sentence in zip(means, study.lead[2:], strict=False):
        assert f"{record['at_window']['value']:+.2f}" in sentence


def test_the_page_begins_with_how_often_it_wins_and_says_what_is_not_in_it(breadth):
    study = study_of(breadth)
    row = next(r for r in study.records if r["kind"] == "count" and r["strategy"] == "Risk parity")
    assert study.lead[0].startswith(
        f"The Sharpe ratio of Risk parity is above that of {row['baseline']} in "
        f"{row['n_better']} of {row['n_cells']} cells"
    )
    matrix = {cells[0]: cells[1] for cells in study.sections[0].table.rows}
    assert matrix["Risk parity"].startswith(f"{row['share_better']:.0%} of {row['n_cells']} (")
    assert "Impossible failed on daily with a window of 20" in study.lead[-1]
    first = breadth_study(breadth, candidates=["Markowitz"], baselines=BASELINES).sections[0].table
    assert next(iter(first.rows))[0] == "Markowitz"


def test_every_configuration_of_an_ablation_is_a_trial(breadth):
    texts = []
    for further in (0, 26):
        study = study_of(breadth, further_trials=further)
        (section,) = (s for s in study.sections if s.heading.startswith("Deflated"))
        texts.append(section.paragraphs[0])
    assert "daily 8, monthly 4, one 8" in texts[0]
    assert "daily 34, monthly 30, one 34" in texts[1]


def test_a_strategy_that_failed_everywhere_stays_in_the_table(breadth):
    study = study_of(breadth)
    assert ("Impossible", "–") in [row[:2] for row in study.sections[0].table.rows]
    table = next(s for s in study.sections if s.heading == "Cells won in detail").table
    row = next(row for row in table.rows if row[0] == "Impossible over Equal weight")
    assert row[table.headings.index("Cells")] == "0"
    assert row[table.headings.index("Failed")] == "10"  # (2 windows + 1 + 2) × 2 costs
    turnover = next(s for s in study.sections if s.heading == "Turnover by universe").table
    assert ("Impossible", "failed", "failed", "failed") in turnover.rows


def test_the_same_seed_gives_the_same_page_to_the_byte(markets):
    rows = [bl.load_strategy(name) for name in NAMES]
    texts = []
    for _ in range(2):
        found = run_breadth(rows, {"daily": markets["daily"]}, CHOSEN, n_jobs=1)
        study = study_of(found)
        texts.append(to_markdown(study) + json.dumps(study.records, allow_nan=False))
    assert texts[0] == texts[1]


def test_a_study_without_whole_decades_counts_whole_periods():
    rows = [bl.load_strategy(name) for name in NAMES]
    short = Settings(windows=(20,), costs=(10,), min_years=1.4, n_draws=199)
    market = bl.MarketData(make_prices(3, 600, start="2008-12-01"))
    study = study_of(run_breadth(rows, {"daily": market}, short, n_jobs=1))
    assert " of 1 (" in study.sections[0].table.rows[0][1]
    assert study.lead[0].endswith("A cell is one universe, window and cost.")


def test_an_ablation_is_the_whole_less_each_variant(breadth, markets):
    rows = [bl.load_strategy(name) for name in ("min_variance", "equal_weight")]
    found = run_ablation(rows, breadth, markets, n_jobs=1)
    section, records = ablation_section(found, "Minimum variance")
    assert [row[0] for row in section.table.rows] == ["Minimum variance", "Equal weight"]
    gaps = []
    for name, plan in found.plans.items():
        pair = [
            found.runs[name, plan.claim_window, 10.0, strategy].sharpe_ratio
            for strategy in ("Minimum variance", "Equal weight")
        ]
        gaps.append(pair[0] - pair[1])
    known = [gap for gap in gaps if math.isfinite(gap)]
    assert records[0]["at_window"]["value"] == pytest.approx(sum(known) / len(known))


def test_the_figures_of_an_ablation_on_one_universe_are_json(markets):
    """One universe is no sample of universes: that interval is undefined."""
    rows = [bl.load_strategy(name) for name in ("min_variance", "equal_weight")]
    one = run_breadth(rows, {"daily": markets["daily"]}, CHOSEN, n_jobs=1)
    _, records = ablation_section(run_ablation(rows, one, markets, n_jobs=1), "Minimum variance")
    assert records[0]["low_elsewhere"] is None
    assert json.dumps(records, allow_nan=False)


def test_the_claim_s_table_shows_the_figures_of_its_records(breadth):
    study = study_of(breadth)
    (table,) = (s.table for s in study.sections if s.heading == "The claim for Risk parity")
    assert table.headings == ("Universe", *(f"Less {base}" for base in BASELINES))
    shown = {row[0]: row[1:] for row in table.rows}
    assert list(shown) == ["daily", "monthly", "one", "Mean", "Mean, over windows too"]
    for number, base in enumerate(BASELINES):
        for record in study.records:
            if record.get("baseline") == base and record["kind"] in ("claim", "mean"):
                text = shown[record.get("universe", "Mean")][number]
                gap = record["at_window"]
                assert text.startswith(f"{gap['value']:+.2f}")
                assert text.endswith(f"[{gap['low']:+.2f}, {gap['high']:+.2f}]")


def test_each_table_of_the_evidence_page_quotes_a_part_of_the_report(breadth, markets):
    text = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
    parts = re.findall(r"<!-- (.+) -->", text)
    rows = [bl.load_strategy(name) for name in ("risk_parity", "equal_weight")]
    section, _ = ablation_section(run_ablation(rows, breadth, markets, n_jobs=1), "Risk parity")
    study = study_of(breadth, extra=[section])
    headings = {one.heading.replace("Risk parity", "View-free") for one in study.sections}
    assert len(parts) >= 4
    assert set(parts) <= headings
