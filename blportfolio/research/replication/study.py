"""The page of a replication: the answer first, then what it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping

from blportfolio.report.study import Study
from blportfolio.research.paper import PaperFigures
from blportfolio.research.paper.steps import (
    INVERSE_VARIANCE,
    LITERAL,
    MARKOWITZ,
    NO_FEATURES,
)
from blportfolio.research.replication.caveats import caveat_section, method_section
from blportfolio.research.replication.decomposition import (
    StepAverage,
    average_steps,
    decomposition_sections,
    share_kept_without_features,
)
from blportfolio.research.replication.evidence import Evidence
from blportfolio.research.replication.headline import our_headline, published_headline
from blportfolio.research.replication.own import floor_sentence, own_sections, own_words
from blportfolio.research.replication.published_weights import Compared, weights_sections
from blportfolio.research.replication.records import records_of
from blportfolio.research.replication.runs import Replication
from blportfolio.research.replication.tables import our_figures, table_sections
from blportfolio.research.replication.words import (
    gap_cells,
    number,
    percent,
    signed,
    signed_percent,
)

Figures = Mapping[tuple[str, int | None], PaperFigures]


def replication_study(
    found: Replication, evidence: Evidence, compared: list[Compared] | None = None
) -> Study:
    """Return the page.

    Args:
        found: What was run.
        evidence: Error bars and tests of our own results.
        compared: Our weights beside the authors'.
    """
    figures = our_figures(found)
    steps = average_steps(found)
    averages, *rest = own_sections(found, evidence)
    sections = [
        averages,
        *table_sections(found, figures),
        *decomposition_sections(found, steps),
        *weights_sections(found.paper, compared or []),
        *rest,
        caveat_section(found),
        method_section(found),
    ]
    return Study(
        name=f"replicate_{found.paper.key}",
        title=f"What survives of the published result: {found.paper.title}",
        lead=tuple(lead(found, evidence, figures, steps)),
        sections=tuple(sections),
        records=tuple(records_of(figures, steps, evidence, found)),
    )


def lead(
    found: Replication, evidence: Evidence, figures: Figures, steps: dict[str, StepAverage]
) -> list[str]:
    """Return the answer: what was published, what came out here, why, and what survives.

    Args:
        found: What was run.
        evidence: Error bars and tests of our own results.
        figures: Ours in the paper's accounting.
        steps: The decomposition.
    """
    both, own = published_headline("etf", "dow"), our_headline(figures)
    here = published_headline(found.paper.key)
    span = f"{found.measured_from.date()} to {found.last_held.date()}"
    gains = " and ".join(
        f"{signed_percent(gain)} % {what}"
        if math.isfinite(gain)
        else f"no gain in {what}, as Markowitz {why}"
        for gain, what, why in (
            (own.sharpe, "Sharpe ratio", "has none above 0 with every window"),
            (own.turnover, "turnover", "has none with every window"),
        )
    )
    sentences = [
        f"The paper's headline against Markowitz is {signed_percent(both.sharpe)} % Sharpe ratio "
        f"and {signed_percent(both.turnover)} % turnover, the mean over both its tables "
        f"({signed_percent(here.sharpe)} % and {signed_percent(here.turnover)} % on "
        f"{found.paper.title}). Its pipeline on {found.market.name}, {span}, in its own "
        f"accounting: {gains}.",
    ]
    markowitz, literal, bare = (steps[name] for name in (MARKOWITZ, LITERAL, NO_FEATURES))
    kept = share_kept_without_features(steps)
    if math.isfinite(kept):
        sentences.append(
            f"Where it comes from: the mean Sharpe ratio rises from {number(markowitz.sharpe)} "
            f"(Markowitz) to {number(literal.sharpe)}, a difference of "
            f"{gap_cells(literal.difference)[0]}, and a rule with no features at all has "
            f"{number(bare.sharpe)}, {_kept(kept)} of the gain. "
            f"Inverse variance alone has {number(steps[INVERSE_VARIANCE].sharpe)}. "
            + _repaired(steps)
        )
    else:
        sentences.append(
            f"There is no gain to explain here: mean Sharpe ratio {number(markowitz.sharpe)} for "
            f"Markowitz, {number(literal.sharpe)} for the pipeline. " + _repaired(steps)
        )
    sentences += [own_words(found, evidence), floor_sentence(found, evidence)]
    return sentences


def _kept(share: float) -> str:
    """Say how much of a gain is kept."""
    if share <= 0:
        return "which keeps none"
    return "which keeps all" if share >= 1 else f"which keeps {percent(share, 0)} %"


def _repaired(steps: dict[str, StepAverage]) -> str:
    """Say what the model is worth once its units, its covariance and its lags are right."""
    last = [one for one in steps.values() if one.step.in_chain][-1]
    first = steps[MARKOWITZ]
    return (
        f"With every fault repaired ({last.step.name}) the model has {number(last.sharpe)}, "
        f"{signed(last.sharpe - first.sharpe)} against Markowitz"
        + (
            f", and {percent(last.turnover)} % turnover against {percent(first.turnover)} %."
            if math.isfinite(first.turnover)
            else "."
        )
    )
