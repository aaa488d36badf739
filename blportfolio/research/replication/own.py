"""Our own results, net of costs: the default strategy against plain portfolios."""

from __future__ import annotations

import math

import pandas as pd

from blportfolio.report.comparison import listed
from blportfolio.report.forecasts.figures import p_text
from blportfolio.report.study import Section, Table
from blportfolio.research.replication.charts import plot_differences, plot_growth_of
from blportfolio.research.replication.evidence import RIVALS, Average, Evidence, Standing
from blportfolio.research.replication.plan import CANDIDATE, MARKOWITZ, OPPONENTS, STRATEGIES
from blportfolio.research.replication.runs import Replication
from blportfolio.research.replication.words import (
    DASH,
    gap_cells,
    interval,
    number,
    percent,
)

SIGNIFICANT = 0.05


def own_sections(found: Replication, evidence: Evidence) -> list[Section]:
    """Return what our own strategies earned net of costs, averaged and by window.

    Args:
        found: What was run.
        evidence: Its error bars and tests.
    """
    return [
        _averages(found, evidence),
        _against(found, evidence),
        _by_window(found, evidence),
    ]


def floor_sentence(found: Replication, evidence: Evidence) -> str:
    """Say whether the default clears the floor, and who else does."""
    averages = evidence.averages
    own = averages[CANDIDATE]
    clear = [found.label(name) for name in OPPONENTS if averages[name].clears_floor]
    words = "The floor (Sharpe ratio at least 1.5 times Markowitz's, turnover at most 0.45 times)"
    for ratio, of in (
        (own.sharpe_over_markowitz, "Sharpe ratio is not above 0"),
        (own.turnover_over_markowitz, "turnover is not above 0 or not known"),
    ):
        if not math.isfinite(ratio):
            return f"{words} has no meaning here, as Markowitz's {of}."
    who = (
        f"{listed(clear, 'and')}, without any view, clear{'s' if len(clear) == 1 else ''} it too"
        if clear
        else "none of the portfolios without views clears it"
    )
    return (
        f"{words} is {'cleared' if own.clears_floor else 'missed'}: "
        f"{number(own.sharpe_over_markowitz)} times the Sharpe ratio, "
        f"{number(own.turnover_over_markowitz)} times the turnover. It is only a floor: {who}."
    )


def _averages(found: Replication, evidence: Evidence) -> Section:
    averages = evidence.averages
    rows = []
    for name in STRATEGIES:
        one = averages[name]
        rows.append(
            (
                found.label(name),
                number(one.sharpe),
                percent(one.turnover),
                number(one.sharpe_over_markowitz),
                number(one.turnover_over_markowitz),
                _yes_or_no(one),
                *gap_cells(one.behind),
            )
        )
    label, windows = found.label(CANDIDATE), len(found.settings.lookbacks)
    growth = {found.label(name): found.returns(name, _middle(found)) for name in STRATEGIES} | {
        "The paper's pipeline (before costs)": found.counted(
            found.literal(_middle(found)).gross_returns
        )
    }
    return Section(
        f"Our own result, net of {found.settings.cost_bps:g} bp: mean over the windows",
        table=Table(
            (
                "Strategy",
                "Sharpe",
                "Turnover %",
                "Sharpe / Markowitz's",
                "Turnover / Markowitz's",
                "Clears the floor",
                f"{label} less it [95 %]",
                "p",
            ),
            tuple(rows),
        ),
        charts=(
            (
                f"Growth with windows of {_middle(found)} returns, {found.paper.title}",
                plot_growth_of(
                    growth, title=f"Growth of 1, windows of {_middle(found)} returns, net of costs"
                ),
            ),
        ),
        notes=(
            f"Mean over {windows} window{'s' if windows > 1 else ''}; drifted weights, each unit "
            f"bought and sold costs {found.settings.cost_bps:g} bp, turnover one-way from drifted "
            f"weights. The last columns: mean over windows of the difference of Sharpe ratios, "
            "with an interval and a two-sided p-value that allow for the dates the windows share "
            "(HAC on months). Several windows are several looks at one history, not several "
            "histories.",
        ),
    )


def _yes_or_no(one: Average) -> str:
    """Say whether a strategy clears the floor, where that has a meaning."""
    if not math.isfinite(one.sharpe_over_markowitz + one.turnover_over_markowitz):
        return DASH
    return "yes" if one.clears_floor else "no"


def _against(found: Replication, evidence: Evidence) -> Section:
    label = found.label(CANDIDATE)
    rows, points = [], []
    for rival in RIVALS:
        for lookback in found.settings.lookbacks:
            gap = evidence.against[rival, lookback]
            rows.append(
                (
                    f"{found.label(rival)} ({lookback})",
                    number(gap.first),
                    number(gap.second),
                    *gap_cells(gap),
                )
            )
            points.append(
                {
                    "row": found.label(rival),
                    "group": str(lookback),
                    "value": gap.value,
                    "low": gap.low,
                    "high": gap.high,
                }
            )
    behind = [cell for cell in evidence.significantly_behind() if cell[0] in OPPONENTS]
    cells = len(OPPONENTS) * len(found.settings.lookbacks)
    claim = (
        f"The claim under test: against {listed([found.label(n) for n in OPPONENTS], 'and')} the "
        "difference is not significantly negative (Ledoit and Wolf 2008, studentised block "
        f"bootstrap, two-sided 5 %). It {'holds' if not behind else 'fails'}: in {len(behind)} of "
        f"{cells} cells {label} is significantly worse"
    )
    if behind:
        cells_behind = [f"{found.label(name)}, {n}" for name, n in behind]
        claim += f" ({listed(cells_behind, 'and')})"
    chart = plot_differences(
        pd.DataFrame(points),
        title=f"Sharpe ratio of {label} less that of each rival, 95 % intervals",
        unit="Difference of Sharpe ratios, annualised, net of costs",
    )
    return Section(
        f"{label} against each rival, the same window",
        paragraphs=(f"{claim}.",),
        table=Table(("Rival (window)", label, "Rival", "Difference [95 %]", "p"), tuple(rows)),
        charts=((f"Difference of Sharpe ratios to each rival, {found.paper.title}", chart),),
    )


def _by_window(found: Replication, evidence: Evidence) -> Section:
    settings = found.settings
    base = found.label(settings.baseline)
    rows = [
        _row(found, evidence.standings[name, lookback])
        for name in STRATEGIES
        for lookback in settings.lookbacks
    ]
    ability = evidence.ability
    name, _, lookback = ability.best.rpartition(" ")
    return Section(
        "Every strategy and window",
        paragraphs=(
            f"{settings.n_trials} configurations count as tried. Hansen's test of superior "
            f"predictive ability, all of them against {base} ({settings.lookbacks[-1]}): p "
            f"{p_text(ability.p_value)} that none has a higher Sharpe ratio (consistent version; "
            f"bounds {p_text(ability.lower)} and {p_text(ability.upper)}); furthest ahead is "
            f"{found.label(name)} ({lookback}).",
        ),
        table=Table(
            (
                "Strategy (window)",
                "Sharpe [95 %]",
                f"Less {base} [95 %]",
                "p",
                "Deflated Sharpe",
                "CAGR %",
                "Max drawdown %",
                "Turnover %",
            ),
            tuple(rows),
        ),
        notes=(
            f"Net of {settings.cost_bps:g} bp. Intervals and p: studentised circular block "
            f"bootstrap, {settings.n_draws} draws, not adjusted for the number of rows. Deflated "
            "Sharpe: probability that the ratio exceeds the luck of the best of all trials "
            "(Bailey and López de Prado 2014).",
        ),
    )


def _row(found: Replication, one: Standing) -> tuple[str, ...]:
    return (
        f"{found.label(one.strategy)} ({one.lookback})",
        interval(one.sharpe.value, one.sharpe.low, one.sharpe.high),
        *gap_cells(one.difference),
        number(one.deflated),
        percent(one.cagr),
        percent(one.max_drawdown),
        percent(one.turnover),
    )


def _middle(found: Replication) -> int:
    """Return the window that charts show: the middle one."""
    ordered = sorted(found.settings.lookbacks)
    return ordered[len(ordered) // 2]


def own_words(found: Replication, evidence: Evidence) -> str:
    """Say how the default stands to Markowitz and to the plain portfolios, and what that means."""
    averages = evidence.averages
    own, markowitz = averages[CANDIDATE], averages[MARKOWITZ]
    rivals = {name: gap for name in OPPONENTS if (gap := averages[name].behind) is not None}
    parts = [f"{found.label(name)} {gap_cells(gap)[0]}" for name, gap in rivals.items()]
    told = {
        words: [
            found.label(name)
            for name, gap in rivals.items()
            if gap.p_value < SIGNIFICANT and (gap.value > 0) is better
        ]
        for words, better in (("better than", True), ("worse than", False))
    }
    significant = " and ".join(
        f"{words} {listed(names, 'and')}" for words, names in told.items() if names
    )
    if significant:
        verdict = f"significantly {significant} at 5 %"
    elif any(math.isfinite(gap.p_value) for gap in rivals.values()):
        verdict = "not told apart from any of them at 5 %"
    else:
        verdict = "too short a period to test any of them"
    moved = [
        f" and {percent(one.turnover)} %{unit}" if math.isfinite(one.turnover) else ""
        for one, unit in ((own, " turnover"), (markowitz, ""))
    ]
    return (
        f"What survives net of {found.settings.cost_bps:g} bp, mean over the windows: "
        f"{found.label(CANDIDATE)} has a Sharpe ratio of {number(own.sharpe)}{moved[0]}, "
        f"Markowitz {number(markowitz.sharpe)}{moved[1]}. Against what needs no views the "
        f"difference of Sharpe ratios is: {listed(parts, 'and')}; {verdict}."
    )
