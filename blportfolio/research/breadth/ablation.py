"""What each ingredient of a strategy adds: the strategy less each variant of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from blportfolio.config import StrategyConfig
from blportfolio.data import MarketData
from blportfolio.report.forecasts.figures import p_text
from blportfolio.report.study import Section, Table
from blportfolio.research.breadth.claim import claim_mean, claim_pairs
from blportfolio.research.breadth.parts import interval_text
from blportfolio.research.breadth.records import plain
from blportfolio.research.breadth.runs import Breadth, Progress, run_breadth


def run_ablation(
    rows: Sequence[StrategyConfig],
    breadth: Breadth,
    markets: Mapping[str, MarketData],
    *,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Breadth:
    """Run variants where the claim is judged: its cost, and the window nearest to a year.

    Args:
        rows: The whole strategy and its variants.
        breadth: All other runs, on the same universes.
        markets: Data by name of the universe.
        n_jobs: Processes.
        progress: Called with the number of jobs done and of all.
    """
    usual: dict[bool, int] = {}
    settings = breadth.settings
    for name, plan in breadth.plans.items():
        is_daily = settings.windows_of(markets[name]) == settings.windows
        usual.setdefault(is_daily, plan.claim_window)
    cost = float(settings.claim_cost or 0.0)
    chosen = replace(
        settings,
        windows=(usual.get(True, settings.windows[0]),),
        coarse_windows=(usual.get(False, settings.coarse_windows[0]),),
        costs=(cost,),
        claim_cost=cost,
    )
    kept = {name: markets[name] for name in breadth.plans}
    return run_breadth(rows, kept, chosen, n_jobs=n_jobs, progress=progress)


def ablation_section(ablation: Breadth, whole: str) -> tuple[Section, list[dict[str, Any]]]:
    """Return the table of an ablation, and its figures.

    Args:
        ablation: Runs of the strategy and its variants.
        whole: Name of the strategy itself.
    """
    names = tuple(ablation.plans)
    rows, records = [], []
    for variant in ablation.strategies:
        turnovers = [
            pair[1].turnover
            for name in names
            for pair in claim_pairs(ablation, whole, variant, name).values()
        ]
        mean_turnover = f"{100 * sum(turnovers) / len(turnovers):.1f}" if turnovers else "–"
        if variant == whole:
            rows.append((variant, *("–",) * (2 + len(names)), mean_turnover))
            continue
        mean = claim_mean(ablation, whole, variant)
        gaps = []
        for name in names:
            pairs = claim_pairs(ablation, whole, variant, name).values()
            gap = next((a.sharpe_ratio - b.sharpe_ratio for a, b in pairs), None)
            gaps.append("failed" if gap is None else f"{gap:+.3f}")
        figures = (interval_text(mean.at_window, 3), p_text(mean.at_window.p_value))
        rows.append((variant, *figures, *gaps, mean_turnover))
        records.append(plain({"kind": "ablation", **asdict(mean), "turnover": turnovers}))
    table = Table(("Variant", f"{whole} less it [95 %]", "p", *names, "Turnover %"), tuple(rows))
    section = Section(
        f"Ablation of {whole}",
        paragraphs=(
            f"Sharpe ratio of {whole} less that of each row, at "
            f"{float(ablation.settings.claim_cost or 0.0):g} bp with the window nearest to a year: "
            f"above zero, {whole} was better than the row. Mean over universes with the interval "
            "that allows for months in common, then each universe, then the row's mean turnover. "
            "Every row is a trial.",
        ),
        table=table,
        notes=(*ablation.left_out, *ablation.failures),
    )
    return section, records
