"""The page of a contest of forecasters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from blportfolio.forecasters.comparison import Comparison, Standing
from blportfolio.report.charts import AnyChart
from blportfolio.report.forecasts.curves import (
    plot_by_horizon,
    plot_cumulative_gain,
    plot_example,
)
from blportfolio.report.forecasts.dots import plot_consistency, plot_gain
from blportfolio.report.forecasts.figures import (
    p_text,
    percent_text,
    ratio_text,
    share_text,
    signed_text,
)
from blportfolio.report.forecasts.learning import plot_learning
from blportfolio.report.forecasts.looks import plain, reference_of
from blportfolio.report.forecasts.verdicts import verdict
from blportfolio.report.study import Section, Study, Table


def comparison_study(comparison: Comparison, *, data_notes: Sequence[str] = ()) -> Study:
    """Return the page of a contest.

    Args:
        comparison: What was found.
        data_notes: What is known about the data.
    """
    data, settings = comparison.data, comparison.settings
    series = data["series"]
    what = f"{len(series)} series" if len(series) > 1 else series[0]
    asked = (
        "total log return over the horizon"
        if comparison.kind == "returns"
        else "each step up to the horizon, series standardised by their training rows"
    )
    lead = [
        f"{data['name']}: {what}, {data['n_obs']:,} rows from {data['first']} to {data['last']}; "
        f"tested from {data['test_from']}. Forecast: {asked}, from the last "
        f"{settings.context_length} values.",
        *(" ".join(verdict(comparison, horizon)) for horizon in comparison.horizons),
    ]
    sections: list[Section] = []
    for horizon in comparison.horizons:
        sections += _sections(comparison, horizon)
    if len(comparison.horizons) > 1 or (
        comparison.kind == "levels" and comparison.horizons[-1] > 1
    ):
        sections.append(
            Section("Error by horizon", charts=(("Error by horizon", plot_by_horizon(comparison)),))
        )
    sections.append(
        Section(
            "How the contest was held",
            paragraphs=how_held(comparison),
            notes=tuple(data_notes),
        )
    )
    return Study(
        name="forecast_compare",
        title=f"Forecasters on {data['name']}",
        lead=tuple(lead),
        sections=tuple(sections),
        records=tuple(comparison.records()),
    )


def _sections(comparison: Comparison, horizon: int) -> list[Section]:
    rows = comparison.at(horizon)
    reference = plain(comparison.reference)
    over = f"MSE/{reference}"
    errors = Table(
        (
            "Forecaster",
            over,
            f"R² {reference} % [95 %]",
            "R² mean %",
            f"p {reference}",
            "p adj.",
            "p linear",
            "In set",
            "Time s",
        ),
        tuple(_errors(row) for row in rows),
    )
    directions = Table(
        (
            "Forecaster",
            "Hit %",
            "IC",
            "Rank IC",
            "Collapse",
            "Keeps: MSE",
            "hit %",
            "Turns: MSE",
            "hit % ",
            "p content",
        ),
        tuple(_directions(row) for row in rows),
    )
    inner: list[tuple[str, AnyChart]] = [
        (f"Gain over {reference} by forecaster, horizon {horizon}", plot_gain(comparison, horizon)),
        (f"Squared error saved over time, horizon {horizon}",
         plot_cumulative_gain(comparison, horizon)),
    ]  # fmt: skip
    later: list[tuple[str, AnyChart]] = [
        (f"Error on steps that keep and turn the sign, horizon {horizon}",
         plot_consistency(comparison, horizon)),
    ]  # fmt: skip
    curve = plot_learning(comparison, horizon)
    if curve is not None:
        later.append((f"Learning curves at horizon {horizon}", curve))
    if comparison.kind == "levels":
        later.append(
            (f"Forecast and truth of one window, horizon {horizon}",
             plot_example(comparison, horizon))
        )  # fmt: skip
    share = rows[0].inconsistent.n_steps / max(
        1, rows[0].inconsistent.n_steps + rows[0].consistent.n_steps
    )
    return [
        Section(f"Errors at horizon {horizon}", table=errors, charts=tuple(inner),
                notes=(_errors_note(comparison, horizon),)),
        Section(f"Directions at horizon {horizon}", table=directions, charts=tuple(later),
                notes=(_directions_note(share, comparison.kind, reference_of(comparison)),)),
    ]  # fmt: skip


def _errors(row: Standing) -> tuple[str, ...]:
    spread = f" ± {row.seed_spread:.4f}" if math.isfinite(row.seed_spread) else ""
    low, high = row.gain_interval
    interval = f" [{percent_text(low)}, {percent_text(high)}]" if math.isfinite(low) else ""
    against, linear = row.against_reference, row.against_linear
    return (
        row.name,
        f"{ratio_text(row.scores.relative_mse)}{spread}",
        f"{percent_text(row.gain)}{interval}",
        percent_text(row.scores.r2_mean),
        p_text(math.nan if against is None else against.p_value),
        p_text(row.adjusted_p_value),
        p_text(math.nan if linear is None else linear.p_value),
        ("yes" if row.in_confidence_set else "no")
        if math.isfinite(row.confidence_p_value)
        else "–",
        f"{row.seconds:.1f}" if math.isfinite(row.seconds) else "–",
    )


def _directions(row: Standing) -> tuple[str, ...]:
    return (
        row.name,
        share_text(row.scores.hit_rate),
        signed_text(row.scores.ic),
        signed_text(row.rank_ic),
        f"{row.scores.collapse:.2f}" if math.isfinite(row.scores.collapse) else "–",
        ratio_text(row.consistent.relative_mse),
        share_text(row.consistent.hit_rate),
        ratio_text(row.inconsistent.relative_mse),
        share_text(row.inconsistent.hit_rate),
        p_text(math.nan if row.content is None else row.content.p_value),
    )


def _errors_note(comparison: Comparison, horizon: int) -> str:
    chosen = comparison.confidence_sets[horizon]
    reference = plain(comparison.reference)
    text = (
        f"MSE/{reference}: mean squared error over that of {reference}, all windows alike, ± "
        f"standard deviation over seeds. R² {reference}: out of sample, by date, 95 % interval "
        "from the HAC error of the mean loss difference; R² mean: against the mean known then. p "
        f"{reference}, p linear: Diebold-Mariano, two-sided, on losses averaged over series by "
        f"date; adj.: Holm's for p {reference} over all horizons, among the forecasters that are "
        "no controls, and among the controls. p linear is not adjusted."
    )
    if chosen is not None:
        text += (
            f" In set: not told from the best at {1 - chosen.size:.0%} (model confidence set, "
            f"stationary bootstrap, blocks of {chosen.block_length})."
        )
    return text


def _directions_note(share: float, kind: str, reference: str) -> str:
    about = "return" if kind == "returns" else "level about its training mean"
    mean = " and the mean" if kind == "returns" else ""
    return (
        f"Hit: share of signs forecast. IC: correlation of forecast and outcome over all windows; "
        "rank IC: mean over dates of the rank correlation across series. Collapse: larger share "
        "of forecasts with the sign of the last value, or with its opposite. Keeps, turns: steps "
        f"whose {about} has the sign of the last value, or the opposite ({share:.0%} turn), with "
        f"the MSE over that of {reference} on the same steps; which one it will be is not known "
        "beforehand, and a forecast of the last sign is always right on one kind and wrong on the "
        "other. p content: Clark-West, one-sided, not adjusted: whether there is something to "
        f"learn over {reference}{mean}, even where the forecast is too noisy to use."
    )


def how_held(comparison: Comparison) -> tuple[str, ...]:
    """Return how the contest was held and what a reader must know, as sentences."""
    return (*_method(comparison), *comparison.notes, *_naive(comparison))


def _method(comparison: Comparison) -> tuple[str, ...]:
    settings, kind = comparison.settings, comparison.kind
    controls = [row.name for row in comparison.at(comparison.horizons[0]) if row.is_control]
    return (
        f"Every forecaster was fitted at the start of the test and then at equal distances, "
        f"{comparison.data['n_fits']} in all, to all windows whose targets were known then, and "
        f"forecast until the next fit. The latest {settings.test_share:.0%} of the rows are the "
        f"test. Controls, always in the table: {', '.join(controls)}. Models that draw random "
        f"numbers ran with {settings.n_seeds} seed{'s' if settings.n_seeds > 1 else ''}.",
        *(
            (
                "A return of zero, as on a day without trade, counts in every error, but has no "
                "sign. Series that begin late have fewer windows.",
            )
            if kind == "returns"
            else ("Of standardised levels, zero is the mean of the first training rows.",)
        ),
    )


def _naive(comparison: Comparison) -> tuple[str, ...]:
    if comparison.naive_r2 is None:
        return ()
    return (
        "Applied to the returns themselves, linear_residual would have weights that sum to one "
        f"and R² {percent_text(comparison.naive_r2)} % at horizon {comparison.horizons[0]}; that "
        "is why it goes through log prices.",
    )
