"""Every figure of a replication, unrounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from blportfolio.report.comparison import finite
from blportfolio.research.paper import PaperFigures, published_table
from blportfolio.research.replication.decomposition import StepAverage
from blportfolio.research.replication.evidence import Evidence
from blportfolio.research.replication.runs import Replication

Figures = Mapping[tuple[str, int | None], PaperFigures]


def records_of(
    figures: Figures, steps: dict[str, StepAverage], evidence: Evidence, found: Replication
) -> list[dict[str, Any]]:
    """Return all figures unrounded, ready for JSON; what is not finite becomes null.

    Args:
        figures: Ours in the paper's accounting.
        steps: The decomposition.
        evidence: Error bars and tests of our own results.
        found: What was run.
    """
    records: list[dict[str, Any]] = [
        {"part": "published", "row": row.label, **_fields(row)}
        for row in published_table(found.paper.key)
    ]
    records += [
        {"part": "ours, paper's accounting", "model": model, "lookback": n, **_fields(one)}
        for (model, n), one in figures.items()
    ]
    for name, one in steps.items():
        gap = one.difference
        records.append(
            {
                "part": "decomposition",
                "step": name,
                "compared_with": one.step.compared_with,
                "in_chain": one.step.in_chain,
                "sharpe_ratio": finite(one.sharpe),
                "turnover": finite(one.turnover),
                "net_sharpe_ratio": finite(one.net_sharpe),
                "by_lookback": {
                    str(n): {
                        "sharpe_ratio": finite(value),
                        "turnover": finite(one.turnovers[n]),
                    }
                    for n, value in one.sharpes.items()
                },
                **({} if gap is None else _gap(gap)),
            }
        )
    for standing in evidence.standings.values():
        records.append(
            {
                "part": "net of costs",
                "strategy": standing.strategy,
                "lookback": standing.lookback,
                "sharpe_ratio": finite(standing.sharpe.value),
                "low": finite(standing.sharpe.low),
                "high": finite(standing.sharpe.high),
                "deflated_sharpe": finite(standing.deflated),
                "cagr": finite(standing.cagr),
                "max_drawdown": finite(standing.max_drawdown),
                "turnover": finite(standing.turnover),
            }
        )
    for average in evidence.averages.values():
        records.append(
            {
                "part": "net of costs, mean over windows",
                "strategy": average.strategy,
                "sharpe_ratio": finite(average.sharpe),
                "turnover": finite(average.turnover),
                "sharpe_over_markowitz": finite(average.sharpe_over_markowitz),
                "turnover_over_markowitz": finite(average.turnover_over_markowitz),
                "clears_floor": average.clears_floor,
                **({} if average.behind is None else _gap(average.behind)),
            }
        )
    for (rival, lookback), apart in evidence.against.items():
        records.append({"part": "default less rival", "rival": rival, "lookback": lookback,
                        **_gap(apart)})  # fmt: skip
    return records


def _fields(one: Any) -> dict[str, Any]:  # noqa: ANN401, a published row or figures of ours
    return {
        name: finite(getattr(one, name))
        for name in type(one).__dataclass_fields__
        if isinstance(getattr(one, name), int | float) and name not in ("table", "lookback")
    }


def _gap(gap: Any) -> dict[str, Any]:  # noqa: ANN401, any difference with an interval
    return {
        f"difference{suffix}": finite(getattr(gap, name))
        for name, suffix in (
            ("value", ""), ("low", "_low"), ("high", "_high"), ("p_value", "_p_value"),
        )
    }  # fmt: skip
