"""The page of breadth: how often each strategy beats each baseline, and whether the claim holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from blportfolio.report.charts import AnyChart
from blportfolio.report.study import Section, Study
from blportfolio.research.breadth.by_universe import by_universe_tables
from blportfolio.research.breadth.cells import (
    WHOLE,
    by_decade,
    compare_cells,
    count_cells,
    short_decades,
)
from blportfolio.research.breadth.charts import (
    plot_by_cost,
    plot_by_window,
    plot_claim,
    plot_shares,
)
from blportfolio.research.breadth.claim import (
    claim_mean,
    claim_rows,
    claim_words,
)
from blportfolio.research.breadth.floor import Floor, floors
from blportfolio.research.breadth.lead import absent_words, counted_words, floor_words
from blportfolio.research.breadth.parts import (
    claim_matrix,
    claim_table,
    counts_by,
    counts_matrix,
    counts_table,
    floor_table,
)
from blportfolio.research.breadth.plan import MIN_RETURNS
from blportfolio.research.breadth.records import Against, study_records
from blportfolio.research.breadth.runs import Breadth

OVERLAP = (
    "Cells overlap: the same years under several windows and costs, the same months on several "
    "universes, and stocks that more than one of them holds. They are not independent trials: a "
    "share of cells is no probability, and the tests of single cells are not to be added up. The "
    "interval of the mean over universes is what allows for dates in common."
)


def breadth_study(
    breadth: Breadth,
    *,
    candidates: Sequence[str],
    baselines: Sequence[str],
    floor: str | None = None,
    trials: int | None = None,
    further_trials: int = 0,
    notes: Sequence[str] = (),
    extra: Sequence[Section] = (),
    records: Sequence[dict[str, Any]] = (),
    title: str = "Breadth",
) -> Study:
    """Return the page.

    Args:
        breadth: All runs.
        candidates: Names of the strategies that the claim is about.
        baselines: Names of those that it holds them against.
        floor: Name of the strategy whose Sharpe ratio and turnover are the floor, or None.
        trials: Configurations that count as tried, for the deflated Sharpe ratio; by default
            those run on each universe.
        further_trials: Configurations tried beside those in `breadth`, such as an ablation's.
        notes: What is known of the data and was left out of them.
        extra: Further sections, such as an ablation.
        records: Their figures.
        title: Title of the page.
    """
    others = [*baselines, *([floor] if floor and floor not in baselines else [])]
    rows = list(dict.fromkeys((*candidates, *breadth.strategies)))
    cells = compare_cells(breadth, baselines=others, strategies=rows)
    whole = cells[cells["period"] == WHOLE]
    is_decades = bool(cells["period"].ne(WHOLE).any())
    counted = count_cells(by_decade(cells) if is_decades else whole)
    claims: dict[str, Against] = {
        name: [
            (claim_rows(breadth, name, base), claim_mean(breadth, name, base))
            for base in baselines
            if base != name
        ]
        for name in candidates
    }
    found = {name: floors(breadth, name, floor) if floor else () for name in candidates}
    cost = float(breadth.settings.claim_cost or 0.0)
    lead: list[str] = []
    for name in candidates:
        lead.append(counted_words(counted, name, baselines, is_decades=is_decades))
        lead += claim_words(name, claims[name], cost=cost)
        if floor:
            lead.append(floor_words(name, floor, found[name]))
    lead += absent_words(breadth)
    sections = [
        _counts(counted, is_decades=is_decades),
        *(_claim(name, claims[name], cost) for name in candidates),
        *(_where(cells, name, others) for name in candidates),
        *_floors(found, floor),
        *by_universe_tables(breadth, trials, further_trials),
        *_curves(breadth),
        _detail(counted, whole),
        *(_claim_detail(name, claims[name]) for name in candidates),
        *extra,
        _method(breadth, cells, notes),
    ]
    return Study(
        name="breadth",
        title=title,
        lead=tuple(lead),
        sections=tuple(sections),
        records=(*study_records(breadth, cells, counted, claims, found), *records),
    )


def _counts(counted: pd.DataFrame, *, is_decades: bool) -> Section:
    what = "decade" if is_decades else "whole period"
    return Section(
        "Cells won",
        paragraphs=(
            "Share of cells in which the strategy of the row has the higher annualised Sharpe "
            "ratio, net of costs, than that of the column; of how many; and in how many it is "
            "surely better (+) and surely worse (−): the test of Ledoit and Wolf (2008) with HAC "
            f"errors rejects equality at 5 %. A cell is one universe, window, cost and {what}.",
        ),
        table=counts_matrix(counted),
        charts=(
            ("Share of cells in which each strategy has the higher Sharpe ratio than each baseline",
             plot_shares(counted)),
        ),
        notes=(OVERLAP,),
    )  # fmt: skip


def _detail(counted: pd.DataFrame, whole: pd.DataFrame) -> Section:
    return Section(
        "Cells won in detail",
        paragraphs=(
            "Equal: the two differ by rounding alone. Failed: one of the two has no weights "
            "there. Whole: over whole periods instead of decades.",
        ),
        table=counts_table(counted, count_cells(whole)),
    )


def _claim(name: str, against: Against, cost: float) -> Section:
    chart = plot_claim(against)
    label = f"Sharpe ratio of {name} less that of each baseline by universe, with 95 % intervals"
    charts: tuple[tuple[str, AnyChart], ...] = () if chart is None else ((label, chart),)
    return Section(
        f"The claim for {name}",
        paragraphs=(
            f"Sharpe ratio of {name} less that of each baseline, annualised, over the whole period "
            f"of each universe, net of {cost:g} bp, with the window nearest to a year (60 periods "
            "at least); 95 % "
            "intervals of the studentised block bootstrap of Ledoit and Wolf (2008). Those of the "
            "means over universes are HAC and allow for months in common.",
        ),
        table=claim_matrix(against),
        charts=charts,
    )


def _claim_detail(name: str, against: Against) -> Section:
    return Section(
        f"The claim for {name} in detail",
        paragraphs=(
            "The same with p-values, and by universe the mean over all windows, with a HAC "
            "interval that knows that they share their dates. Elsewhere: were the universes "
            "themselves a sample of many, by Student's t.",
        ),
        table=claim_table(against),
        notes=tuple(
            f"{row.universe}, {row.baseline}: {row.failure}"
            for rows, _ in against
            for row in rows
            if row.failure
        ),
    )


def _where(cells: pd.DataFrame, name: str, baselines: Sequence[str]) -> Section:
    own = cells[cells["strategy"] == name]
    return Section(
        f"Where {name} wins",
        paragraphs=(
            "Share of cells with the higher Sharpe ratio, of how many, and in brackets how many "
            "are surely better and surely worse. Rows count decades, but for whole periods.",
        ),
        table=counts_by(own, [base for base in baselines if base != name]),
    )


def _floors(found: dict[str, tuple[Floor, ...]], floor: str | None) -> list[Section]:
    if not floor or not any(found.values()):
        return []
    return [
        Section(
            f"The floor: {floor}",
            paragraphs=(
                "Averaged over windows, at the cost of the claim. Times: multiples of its Sharpe "
                "ratio (at least 1.5 was asked for) and of its turnover (at most 0.45).",
            ),
            table=floor_table(found),
        )
    ]


def _curves(breadth: Breadth) -> list[Section]:
    sections = []
    by_window, by_cost = plot_by_window(breadth), plot_by_cost(breadth)
    if by_window is not None:
        label = "Mean Sharpe ratio by length of the training window, one line a strategy"
        sections.append(Section("By window", charts=((label, by_window),)))
    if by_cost is not None:
        label = "Mean Sharpe ratio by cost, one line a strategy"
        sections.append(Section("By cost", charts=((label, by_cost),)))
    return sections


def _method(breadth: Breadth, cells: pd.DataFrame, notes: Sequence[str]) -> Section:
    settings = breadth.settings
    spans = [
        f"{plan.name}: {plan.n_assets} assets, windows {', '.join(map(str, plan.windows))}, "
        f"decisions from {plan.start.date()}."
        for plan in breadth.plans.values()
    ]
    short = short_decades(breadth)
    left = (
        f"Decades that are too short (under {settings.min_years:g} years or {MIN_RETURNS} returns) "
        f"are left out: {', '.join(short)}."
        if short
        else "No decade was left out."
    )
    return Section(
        "How it was run, and what was left out",
        paragraphs=(
            "Every strategy was run once over each universe for each window, and for each cost "
            "where its decisions depend on it; other costs were taken off the same trades. All "
            "windows of a universe begin with the first decision that the longest can make, so "
            "that they describe the same years. Windows are in periods of the data: "
            f"{', '.join(map(str, settings.windows))} for daily data, "
            f"{', '.join(map(str, settings.coarse_windows))} for monthly. Costs: "
            f"{', '.join(f'{cost:g}' for cost in settings.costs)} bp of each unit bought and each "
            "unit sold. Sharpe ratios are of returns in excess of the risk-free rate where the "
            "data have one, else of returns.",
            *spans,
            left,
            f"Strategies and windows run: {len(breadth.runs) // len(settings.costs)}; cells "
            f"compared: {len(cells)}. Nothing was chosen by what they show.",
        ),
        notes=(*breadth.left_out, *breadth.failures, *notes),
    )
