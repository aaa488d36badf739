"""The paper's tables beside ours, metric by metric, and its headline worked out from both."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from blportfolio.report.charts import AnyChart
from blportfolio.report.study import Section, Table
from blportfolio.research.paper import (
    PaperFigures,
    PublishedRow,
    constant_weight_returns,
    figures_of,
    published_table,
)
from blportfolio.research.replication.charts import plot_by_window
from blportfolio.research.replication.runs import Replication
from blportfolio.research.replication.words import (
    less,
    number,
    percent,
    signed,
    signed_percent,
)

MODELS = {"MV": "Markowitz", "BL": "the paper's model"}
Figures = Mapping[tuple[str, int | None], PaperFigures]


def our_figures(found: Replication) -> dict[tuple[str, int | None], PaperFigures]:
    """Return our figures in the paper's accounting, by (model, lookback) as its tables have them.

    Args:
        found: What was run.
    """
    returns = found.market.returns()[: found.last_held]
    figures: dict[tuple[str, int | None], PaperFigures] = {}

    def count(weights: pd.DataFrame) -> PaperFigures:
        return figures_of(
            found.counted(constant_weight_returns(weights, returns)),
            weights,
            since=found.measured_since,
            periods_per_year=found.periods_per_year,
        )

    longest = max(found.settings.lookbacks)
    figures["EQW", None] = count(found.backtests["equal_weight", longest].weights)
    for benchmark in benchmarks(found):
        figures[benchmark, None] = count(
            pd.DataFrame({benchmark: [1.0]}, index=[found.first_decision])
        )
    for lookback in found.settings.lookbacks:
        figures["MV", lookback] = count(found.markowitz(lookback).result.weights)
        figures["BL", lookback] = count(found.literal(lookback).result.weights)
    return figures


def benchmarks(found: Replication) -> list[str]:
    """Return what the market holds to compare with: assets never members, with every return."""
    if found.market.membership is None:
        return []
    idle = [asset for asset in found.market.assets if not found.market.membership.get(asset)]
    earned = found.counted(found.market.returns()[: found.last_held])[idle]
    return list(earned.columns[earned.notna().all()])


def table_sections(found: Replication, figures: Figures) -> list[Section]:
    """Return the paper's tables beside ours.

    Args:
        found: What was run.
        figures: Ours, in the paper's accounting.
    """
    published = published_table(found.paper.key)
    first, second = _period(found)
    rows = _pairs(published, figures, found)
    risk = Table(
        (
            "Row",
            "Sharpe paper",
            "Sharpe ours",
            "Sharpe difference",
            "Turnover paper %",
            "Turnover ours %",
            "Turnover difference",
            "Volatility paper %",
            "Volatility ours %",
            "Volatility difference",
            "Drawdown paper %",
            "Drawdown ours %",
            "Drawdown difference",
        ),
        tuple(_risk_row(label, paper, ours) for label, paper, ours in rows),
    )
    growth = Table(
        (
            "Row",
            "Cumulative paper %",
            "Cumulative ours %",
            "CAGR, years of 252 days: paper %",
            "CAGR, years of 252 days: ours %",
            "CAGR difference",
            "True CAGR: paper %",
            "True CAGR: ours %",
            "True CAGR difference",
        ),
        tuple(_growth_row(label, paper, ours, found) for label, paper, ours in rows),
    )
    number_of = {row.table for row in published}
    source = f"Table {min(number_of)} (turnover: Table 6) of arXiv 2505.02185"
    accounting = (
        "Both in the paper's accounting: before costs, weights held constant between rebalances "
        "(that is, rebalanced daily for free), turnover ½Σ|w_t − w_{t−1}| between target weights, "
        "risk-free rate 0."
    )
    return [
        Section(
            "The paper's table beside ours: risk",
            paragraphs=(f"Published: {source}, {first}. Ours: {second}.", accounting),
            table=risk,
            charts=_charts(published, figures, found),
            notes=(
                _benchmark_note(found),
                "MV: largest Sharpe ratio at the sample mean and covariance, long only. BL: the "
                "authors' pipeline as their scripts have it, covariance slip included (see below). "
                "Both keep their weights where no expected return is above 0, as the scripts do; "
                "the packaged Markowitz of our own results has minimum variance there.",
            ),
        ),
        Section(
            "The paper's table beside ours: growth",
            paragraphs=(
                "The paper's CAGR divides calendar days by 252, a known fault of a library: all of "
                "its figures come out by it. The true rate takes years of 365.25 days. Cumulative "
                "returns cannot be compared where the periods differ; true rates can, with care.",
            ),
            table=growth,
        ),
    ]


def _period(found: Replication) -> tuple[str, str]:
    paper = found.paper
    ours = f"{found.measured_from.date()} to {found.last_held.date()}"
    if not found.is_own_universe:
        ours += (
            f", on {found.market.name}, which is not the paper's universe: the differences are "
            "those of two markets"
        )
    elif (str(found.measured_from.date()), str(found.last_held.date())) != (
        paper.first_held,
        paper.last_held,
    ):
        ours += ", as far as the data at hand go: the periods differ, and so will the figures"
    return f"{paper.first_held} to {paper.last_held}", ours


def _pairs(
    published: tuple[PublishedRow, ...], figures: Figures, found: Replication
) -> list[tuple[str, PublishedRow | None, PaperFigures | None]]:
    """Return published and our figures by row, ours alone where the paper has none."""
    index = {"etf": "S&P500", "dow": "DJIA"}[found.paper.key]
    stand_in = "SPY" if found.paper.key == "etf" and ("SPY", None) in figures else None
    taken: set[tuple[str, int | None]] = set()
    pairs: list[tuple[str, PublishedRow | None, PaperFigures | None]] = []
    for row in published:
        key = (stand_in, None) if row.model == index and stand_in else (row.model, row.lookback)
        taken.add(key)
        label = f"{row.label} (ours: {stand_in})" if key[0] == stand_in else row.label
        pairs.append((label, row, figures.get(key)))
    for (model, lookback), ours in figures.items():
        if (model, lookback) not in taken:
            label = model if lookback is None else f"{model}({lookback})"
            pairs.append((label, None, ours))
    return pairs


def _risk_row(label: str, paper: PublishedRow | None, ours: PaperFigures | None) -> tuple[str, ...]:
    cells = [label]
    for name, show, change in (
        ("sharpe_ratio", number, signed),
        ("turnover", percent, signed_percent),
        ("volatility", percent, signed_percent),
        ("max_drawdown", percent, signed_percent),
    ):
        cells += _three(paper, ours, name, show, change)
    return tuple(cells)


def _growth_row(
    label: str, paper: PublishedRow | None, ours: PaperFigures | None, found: Replication
) -> tuple[str, ...]:
    true = None
    if paper is not None:
        days = (pd.Timestamp(found.paper.last_held) - pd.Timestamp(found.paper.first_held)).days
        true = (1 + paper.cumulative_return) ** (365.25 / days) - 1
    own = None if ours is None else ours.cagr
    return (
        label,
        *_three(paper, ours, "cumulative_return", percent, signed_percent)[:2],
        *_three(paper, ours, "published_cagr", percent, signed_percent),
        percent(true),
        percent(own),
        signed_percent(less(own, true)),
    )


def _three(
    paper: PublishedRow | None,
    ours: PaperFigures | None,
    name: str,
    show: Callable[[float | None], str],
    change: Callable[[float | None], str],
) -> list[str]:
    printed = None if paper is None else getattr(paper, name)
    own = None if ours is None else getattr(ours, name)
    return [show(printed), show(own), change(less(own, printed))]


def _charts(
    published: tuple[PublishedRow, ...], figures: Figures, found: Replication
) -> tuple[tuple[str, AnyChart], ...]:
    rows = [
        {
            "lookback": row.lookback,
            "model": MODELS[row.model],
            "source": "published",
            "sharpe_ratio": row.sharpe_ratio,
            "turnover": row.turnover,
        }
        for row in published
        if row.lookback is not None
    ]
    rows += [
        {
            "lookback": lookback,
            "model": MODELS[model],
            "source": "ours",
            "sharpe_ratio": ours.sharpe_ratio,
            "turnover": ours.turnover,
        }
        for (model, lookback), ours in figures.items()
        if lookback is not None
    ]
    frame = pd.DataFrame(rows).sort_values(["model", "source", "lookback"], kind="stable")
    charts: list[tuple[str, AnyChart]] = []
    for name, words, unit, is_share in (
        ("sharpe_ratio", "Sharpe ratio", "Sharpe ratio, annualised, before costs", False),
        ("turnover", "Turnover", "Turnover a rebalance, one-way (%)", True),
    ):
        chart = plot_by_window(
            frame.rename(columns={name: "value"}),
            title=f"{words} by window: published and ours",
            unit=unit,
            percent=is_share,
        )
        charts.append((f"{words} by window, published and ours, {found.paper.title}", chart))
    return tuple(charts)


def _benchmark_note(found: Replication) -> str:
    if not found.is_own_universe:
        return "EQW: equal weight."
    if found.paper.key == "dow":
        return (
            "EQW: the paper averages all names that trade, members or not; ours only members. "
            "DJIA is a price index: its 932.51 % leave dividends out, the strategies' figures do "
            "not. We have no total-return index of the Dow here, so that row has the paper's "
            "figures alone."
        )
    return (
        "EQW: equal weight. S&P500: ours is SPY, dividends included, where the data hold it. The "
        "published 545.77 % look dividend-adjusted, too."
    )
