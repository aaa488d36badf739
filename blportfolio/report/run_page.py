"""The HTML page of a run that was stored without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from blportfolio.backtest import BacktestResult
from blportfolio.report.against_text import of_universe
from blportfolio.report.charts import to_svg
from blportfolio.report.difference_chart import plot_differences
from blportfolio.report.page import PageSection, render_page
from blportfolio.report.run_folder import charts_of
from blportfolio.report.tables import by_universe


def render_stored(
    results: Mapping[str, Sequence[BacktestResult]],
    *,
    summary: Mapping[str, Any],
    manifest: Mapping[str, Any],
) -> str:
    """Return the page of a finished run as its folder would hold it.

    Args:
        results: By universe, under an empty name where there is one only.
        summary: Of the run, as its summary.json has it.
        manifest: Of the run.
    """
    against = summary.get("against_baseline")
    records = by_universe(summary["strategies"])
    sections = []
    for universe, own in results.items():
        data = manifest["universes"][universe]["data"] if universe else manifest["data"]
        drawn = None
        if against is not None:
            drawn = plot_differences(of_universe(against, universe), against["baseline"])
        charts = {label: to_svg(chart) for label, chart in charts_of(own).items()}
        differences = "" if drawn is None else to_svg(drawn)
        sections.append(PageSection(universe, records[universe], charts, data, differences))
    described = manifest["config"]["experiment"]
    return render_page(
        title=str(summary["experiment"]),
        description=str(described.get("description", "")),
        sections=sections,
        summary=summary,
        manifest=manifest,
    )
