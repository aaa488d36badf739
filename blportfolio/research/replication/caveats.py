"""What a reader of the paper's tables must know, worked out from the tables themselves."""

from __future__ import annotations

from blportfolio.report.comparison import listed
from blportfolio.report.study import Section, Table
from blportfolio.research.paper import PublishedRow, published_table
from blportfolio.research.replication.headline import check_convention
from blportfolio.research.replication.runs import Replication
from blportfolio.research.replication.words import number, percent


def caveat_section(found: Replication) -> Section:
    """Return errata and caveats about the published table and our copy of it.

    Args:
        found: What was run.
    """
    rows = published_table(found.paper.key)
    table = rows[0].table
    gap = check_convention(rows, found.paper.first_held, found.paper.last_held)
    notes = [
        f"CAGR: with years of calendar days / 252 all {len(rows)} printed rates of Table {table} "
        f"follow from their cumulative returns to within {percent(gap, 3)} percentage points; true "
        "rates are larger by nearly half.",
        "Turnover is between target weights; what drift adds is left out, and constant weights "
        "between rebalances mean daily trades that nobody pays for.",
        "Costs are not mentioned; the tables are before costs.",
    ]
    if found.paper.key == "dow":
        notes += [
            "Table 5 lists 22 members in 1994, 27 in 2000 and mostly 29 later, never 30. Members "
            "that failed or merged are mostly missing, some are kept before or after their "
            "membership, and successor tickers (JPM, T, TRV, DD, FL) stand for other companies in "
            "early years: survivorship flatters every level, that of equal weight included. "
            "`blportfolio backtest paper_dow30` runs on the true members as far as prices exist.",
            "DJIA is price-only, the strategies' prices include dividends.",
        ]
        if found.is_own_universe and found.settings.start == found.paper.first_held:
            notes.append(
                "Table 5 begins on 1994-01-05, so that the first month end with members is "
                "1994-01-31: our figures begin a month after the paper's."
            )
    else:
        notes.append(
            "A sector is not the same thing for ever: real estate left XLF for XLRE, "
            "telecommunication joined media in XLC."
        )
    notes.append(
        "The published pipeline uses adjusted price levels, which know of later dividends and "
        "splits, and scales OBV by its range over the full sample: both look ahead."
    )
    untrue = exceptions(rows)
    return Section(
        "Errata and caveats",
        paragraphs=(
            f'The paper says that its model "consistently outperforms". By its own Table {table}, '
            f"{len(untrue)} comparisons say otherwise:",
        ),
        table=Table(("By the paper's own table", "Model", "Compared with"), tuple(untrue)),
        notes=(*notes, *found.market.notes),
    )


def exceptions(rows: tuple[PublishedRow, ...]) -> list[tuple[str, str, str]]:
    """Return where the paper's model is worse than Markowitz or a benchmark in its own table.

    Args:
        rows: The published table.
    """
    markowitz = {row.lookback: row for row in rows if row.model == "MV"}
    benchmarks = [row for row in rows if row.lookback is None]
    found = []
    for name, words, show in (
        ("cumulative_return", "Cumulative return (%), lower", percent),
        ("sharpe_ratio", "Sharpe ratio, lower", number),
        ("volatility", "Volatility (%), higher", percent),
        ("max_drawdown", "Maximum drawdown (%), deeper", percent),
    ):
        for other in ("MV", *(row.model for row in benchmarks)):
            pairs = [
                (row, markowitz.get(row.lookback) if other == "MV" else _of(benchmarks, other))
                for row in rows
                if row.model == "BL"
            ]
            worse = [
                (row, rival)
                for row, rival in pairs
                if rival is not None and _is_worse(getattr(row, name), getattr(rival, name), name)
            ]
            for row, rival in worse:
                found.append(
                    (
                        words,
                        f"{row.label} {show(getattr(row, name))}",
                        f"{rival.label} {show(getattr(rival, name))}",
                    )
                )
    return found


def _of(rows: list[PublishedRow], model: str) -> PublishedRow | None:
    return next((row for row in rows if row.model == model), None)


def _is_worse(value: float, other: float, name: str) -> bool:
    return value > other if name == "volatility" else value < other


def method_section(found: Replication) -> Section:
    """Return how the figures were made."""
    settings = found.settings
    return Section(
        "How it was made",
        paragraphs=(
            f"Data: {found.market.name}, {len(found.market.assets)} series, "
            f"{found.market.dates[0].date()} to {found.market.dates[-1].date()}. Windows of "
            f"{listed([str(n) for n in settings.lookbacks], 'and')} returns; decided at month "
            "ends, with data up to that close, held from the next period on (the paper prints the "
            f"first day held); first decision {found.first_decision.date()}, the same for all "
            f"windows and strategies; returns count from {found.measured_from.date()} to "
            f"{found.last_held.date()}.",
            f"Seed {settings.seed} of {settings.n_draws} bootstrap draws. Versions, hashes of the "
            "data, the configuration and the command are in manifest.json; with the same seed and "
            "data the tables come out to the byte, whatever the number of processes.",
            "Nothing was tuned on these data for this page: the strategies are the packaged files, "
            "unchanged.",
        ),
    )
