"""Our weights beside those that the authors published: Markowitz, and their pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from blportfolio.backtest import Strategy, run_backtest
from blportfolio.backtest.plan import plan_decisions
from blportfolio.data import MarketData
from blportfolio.errors import DataError
from blportfolio.features import WindowMaker
from blportfolio.optimise import EqualWeight, MaxSharpe, MinVariance
from blportfolio.priors import HistoricalPrior
from blportfolio.report.study import Section, Table
from blportfolio.research.paper import (
    LiteralPrior,
    PriceLevels,
    RegressionTable,
    WeightComparison,
    compare_weights,
    read_published_weights,
)
from blportfolio.research.paper.steps import VariancePortfolio
from blportfolio.research.paper.weights import left_out_words
from blportfolio.research.parallel import map_jobs
from blportfolio.research.replication.charts import plot_largest_difference
from blportfolio.research.replication.plan import Paper
from blportfolio.research.replication.words import number, percent

Advance = Callable[[str, int, int], None]
MV = "Markowitz"
WRONG = "The literal pipeline, covariance slip as published"
RIGHT = "The literal pipeline, covariance corrected"
AUTHORS = {"mv": "Markowitz", "bl": "their model"}


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Weights of ours beside a file of the authors'.

    Attributes:
        ours: What of ours.
        file: Name of the file.
        kind: `mv` or `bl`.
        lookback: Window.
        comparison: How far they are apart.
    """

    ours: str
    file: str
    kind: str
    lookback: int
    comparison: WeightComparison


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    market: MarketData
    strategy: Strategy


def compare_with_authors(
    paper: Paper,
    market: MarketData,
    folder: Path,
    *,
    n_jobs: int | None = None,
    progress: Advance | None = None,
) -> list[Compared]:
    """Compare weights from the first decision that the data allow, which is before the tables.

    Args:
        paper: What is replicated.
        market: The data.
        folder: Where the authors' files are, `paper_etf_100d_weights_mv.csv` and so on.
        n_jobs: Processes.
        progress: Called with a name, runs done and all.

    Raises:
        DataError: If the folder has no such file, or a file is damaged or of other data.
    """
    pattern = re.compile(rf"paper_{paper.key}_(\d+)d_weights_(mv|bl)\.csv")
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    named = [(path, match) for path in files if (match := pattern.fullmatch(path.name))]
    if not named:
        raise DataError(
            f"The folder {str(folder)!r} holds no weights of the authors; they are expected under "
            f"names such as paper_{paper.key}_100d_weights_mv.csv and _bl.csv."
        )
    found = []
    for path, match in named:
        lookback, kind = int(match[1]), match[2]
        published = read_published_weights(path)
        plans = _plans(market, lookback, kind, published, n_jobs, progress)
        results = map_jobs(
            _weights,
            [_Job(market, plan) for plan in plans],
            n_jobs=n_jobs,
            progress=_named(progress, f"weights of {path.stem}"),
        )
        for plan, weights in zip(plans, results, strict=True):
            comparison = compare_weights(weights, published)
            found.append(Compared(plan.name, path.name, kind, lookback, comparison))
    return found


def weights_sections(paper: Paper, compared: list[Compared]) -> list[Section]:
    """Return the comparison with the authors' weights, or how to make it.

    Args:
        paper: What is replicated.
        compared: What was compared; empty if no folder was given.
    """
    if not compared:
        heading = "Weights against the authors'"
        name = f"paper_{paper.key}_100d_weights_mv.csv"
        return [
            Section(
                heading,
                paragraphs=(
                    "Not compared: the authors' weights are not part of this project. Give the "
                    f"folder that holds them (files such as {name} and _bl.csv: date, then one "
                    "column an asset) with --published-weights FOLDER.",
                ),
            )
        ]
    rows = tuple(
        (
            f"{one.ours} ({one.lookback})",
            f"{AUTHORS[one.kind]}",
            f"{one.comparison.n_dates}",
            number(_median(one, "largest_difference"), 6),
            number(float(one.comparison.by_date["largest_difference"].quantile(0.9)), 6),
            percent(_median(one, "active_share")),
            number(_median(one, "correlation")),
        )
        for one in compared
    )
    charts = tuple(
        (
            f"Largest difference of a weight by date, {AUTHORS[kind]}, {paper.title}",
            plot_largest_difference(
                {
                    one.ours: one.comparison.by_date["largest_difference"]
                    for one in compared
                    if one.kind == kind and one.ours in (MV, WRONG, RIGHT)
                },
                title=f"Largest difference of a weight to the authors' weights of {AUTHORS[kind]}",
            ),
        )
        for kind in dict.fromkeys(one.kind for one in compared)
    )
    return [
        Section(
            "Weights against the authors'",
            paragraphs=(weights_words(compared),),
            table=Table(
                (
                    "Ours (window)",
                    "The authors'",
                    "Dates",
                    "Largest difference, median",
                    "its 90 % quantile",
                    "Active share, median %",
                    "Correlation, median",
                ),
                rows,
            ),
            charts=charts,
            notes=(
                "The authors print the first day held; ours are decided at the close before it. "
                "Active share: ½Σ|difference|. "
                + " ".join(_left_out(one) for one in _one_a_file(compared)),
            ),
        )
    ]


def weights_words(compared: list[Compared]) -> str:
    """Say how close the weights are, in one or two sentences."""
    sentences = []
    for one in compared:
        if one.ours == MV and one.kind == "mv":
            sentences.append(
                "Our Markowitz weights and the authors': the largest difference of a weight is "
                f"{_median(one, 'largest_difference'):.1e} at the median of "
                f"{one.comparison.n_dates} dates."
            )
    rest = [one for one in compared if one.kind == "bl"]
    if rest:
        nearest = min(rest, key=lambda one: _median(one, "active_share"))
        said = "; ".join(f"{one.ours} {percent(_median(one, 'active_share'))} %" for one in rest)
        sentences.append(
            f"Active share to the authors' weights of their model, median: {said}. "
            f"The nearest is: {nearest.ours}."
        )
    return " ".join(sentences)


def _plans(
    market: MarketData,
    lookback: int,
    kind: str,
    published: pd.DataFrame,
    n_jobs: int | None,
    progress: Advance | None,
) -> list[Strategy]:
    """Return what of ours is compared with a file."""

    def plan(name: str, prior: object = None, objective: object = None) -> Strategy:
        return Strategy(
            name,
            prior=prior or HistoricalPrior(),  # type: ignore[arg-type]
            objective=objective or MaxSharpe(fallback="previous"),  # type: ignore[arg-type]
            lookback=lookback,
            cost_bps=0.0,
        )

    if kind == "mv":
        return [plan(MV)]
    levels = PriceLevels.of(market)
    maker = WindowMaker(market, lookback=lookback)
    rows, _ = plan_decisions(maker, "month_end", name=WRONG, start=None, end=published.index[-1])
    table = RegressionTable.make(
        levels,
        maker,
        rows.tolist(),
        n_jobs=n_jobs,
        progress=_named(progress, "regressions for the authors' weights"),
    )
    return [
        plan(WRONG, LiteralPrior(levels, table=table)),
        plan(RIGHT, LiteralPrior(levels, covariance="corrected", table=table)),
        plan("Inverse variance", VariancePortfolio()),
        plan("Equal weight", objective=EqualWeight()),
        plan("Minimum variance, sample covariance", objective=MinVariance()),
        plan(MV),
    ]


def _weights(job: _Job) -> pd.DataFrame:
    return run_backtest(job.strategy, job.market).weights


def _named(progress: Advance | None, name: str) -> Callable[[int, int], None] | None:
    return None if progress is None else partial(progress, name)


def _median(one: Compared, column: str) -> float:
    return float(np.nanmedian(one.comparison.by_date[column]))


def _one_a_file(compared: list[Compared]) -> list[Compared]:
    return list({one.file: one for one in compared}.values())


def _left_out(one: Compared) -> str:
    left_out = one.comparison.left_out
    if left_out.empty:
        return f"Of {one.file} every date is compared."
    return f"Of {one.file}, dates left out: {left_out_words(left_out)}."
