"""The folder of a finished run: written whole or not at all, read back for `show`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blportfolio.backtest import BacktestResult
from blportfolio.errors import DataError
from blportfolio.report.against import Baseline, against_baseline
from blportfolio.report.against_text import (
    against_headings,
    against_rows,
    explain_against,
    of_universe,
)
from blportfolio.report.charts import (
    AnyChart,
    plot_drawdown,
    plot_growth,
    plot_weights,
    to_png,
    to_svg,
)
from blportfolio.report.difference_chart import plot_differences
from blportfolio.report.page import PageSection, render_page
from blportfolio.report.run_tables import TABLES, write_csv
from blportfolio.report.tables import format_rows, remarks, summary_records
from blportfolio.report.verdict import compare, format_comparisons, verdict


@dataclass(frozen=True, slots=True)
class RunPart:
    """What an experiment did on one universe.

    Attributes:
        results: One a strategy.
        data: Description of the data, as `describe_market` returns it.
        universe: Its name, also of its folders; empty where there is one universe only.
    """

    results: Sequence[BacktestResult]
    data: Mapping[str, Any]
    universe: str = ""


def write_run(
    folder: Path,
    parts: Sequence[RunPart],
    *,
    title: str,
    description: str,
    manifest: Mapping[str, Any],
    elapsed: Callable[[], float],
    candidates: Sequence[str] = (),
    baselines: Sequence[str] = (),
    baseline: Baseline | None = None,
    seed: int = 0,
    results_only: bool = False,
) -> dict[str, Any]:
    """Write results, tables, charts, page and, last, the manifest.

    Args:
        folder: Empty folder.
        parts: One a universe; where there are several, each has folders of its own.
        title: Name of the experiment.
        description: One sentence about it.
        manifest: What ran; the files, headline figures and duration are added here.
        elapsed: Seconds since the run began, asked for at the end.
        candidates: Names of the strategies that the verdict is about; without any there is none.
        baselines: Names of those that they are held against.
        baseline: What all strategies are compared with; without it they are not.
        seed: Of the bootstraps.
        results_only: Whether to leave out tables, charts and page, which the results can make.

    Returns:
        The summary: the headline figures by strategy, the comparison and the verdict.
    """
    against = None
    if baseline is not None:
        against = against_baseline({part.universe: part.results for part in parts}, baseline)
    sections, records, comparisons = [], [], []
    for part in parts:
        label = {"universe": part.universe} if part.universe else {}
        own = [{**record, **label} for record in summary_records(part.results, seed=seed)]
        records += own
        known = () if against is None else of_universe(against, part.universe)
        found = compare(part.results, candidates, baselines, seed=seed, known=known)
        comparisons += [{**record, **label} for record in found]
        slugs = _write_results(folder, part)
        if results_only:
            continue
        charts = _write_charts_and_tables(folder, part, slugs)
        drawn = "" if against is None else _draw_differences(folder, part, against)
        sections.append(PageSection(part.universe, own, charts, part.data, drawn))
    summary: dict[str, Any] = {"schema_version": 1, "experiment": title, "strategies": records}
    if against is not None:
        against["sentences"] = explain_against(against)
        summary["against_baseline"] = against
    if comparisons:
        summary["verdict"] = {"sentences": verdict(comparisons), "comparisons": comparisons}
    if not results_only:
        page = render_page(
            title=title,
            description=description,
            sections=sections,
            summary=summary,
            manifest=manifest,
        )
        (folder / "report.html").write_text(page, encoding="utf-8")
    write_json(folder / "summary.json", summary)
    outputs = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    ending = {"outputs": outputs, "headline": records, "duration_s": elapsed()}
    write_json(folder / "manifest.json", {**manifest, **ending})
    return summary


def _draw_differences(folder: Path, part: RunPart, against: Mapping[str, Any]) -> str:
    """Draw the comparison with the baseline on one universe; return SVG, empty without one."""
    chart = plot_differences(of_universe(against, part.universe), against["baseline"])
    if chart is None:
        return ""
    (folder / "charts" / part.universe / "difference.png").write_bytes(to_png(chart))
    return to_svg(chart)


def _write_results(folder: Path, part: RunPart) -> list[str]:
    """Write the results of one universe; return the name of each strategy's folder."""
    slugs = slugs_of([result.name for result in part.results])
    for result, slug in zip(part.results, slugs, strict=True):
        result.save(folder / "strategies" / part.universe / slug)
    return slugs


def _write_charts_and_tables(folder: Path, part: RunPart, slugs: Sequence[str]) -> dict[str, str]:
    """Write the charts and tables of one universe; return its charts, SVG by label."""
    results = part.results
    charts = charts_of(results)
    files = ["growth", "drawdown", *(f"weights_{slug}" for slug in slugs)]
    place = folder / "charts" / part.universe
    place.mkdir(parents=True)
    for name, chart in zip(files, charts.values(), strict=True):
        (place / f"{name}.png").write_bytes(to_png(chart))
    tables = folder / "tables" / part.universe if part.universe else folder
    tables.mkdir(parents=True, exist_ok=True)
    for name, table in TABLES.items():
        write_csv(tables / f"{name}.csv", *table(results))
    return {label: to_svg(chart) for label, chart in charts.items()}


def charts_of(results: Sequence[BacktestResult]) -> dict[str, AnyChart]:
    """Return the charts of the page about results, by what they show."""
    return {
        "Growth of 1 by strategy": plot_growth(results),
        "Drawdown by strategy": plot_drawdown(results),
        **{f"Weights of {result.name}": plot_weights(result) for result in results},
    }


def read_summary(folder: str | Path) -> dict[str, Any]:
    """Return the headline figures of a finished run.

    Raises:
        DataError: If the folder holds no finished run, or it is damaged.
    """
    source = Path(folder)
    try:
        if not (source / "manifest.json").is_file():
            raise DataError(
                f"The folder {str(source)!r} holds no finished run (no manifest.json). "
                "`blportfolio backtest` makes one."
            )
        summary = json.loads((source / "summary.json").read_text(encoding="utf-8"))
        summary["strategies"][0]["name"]
        format_rows(summary["strategies"])  # every figure that is shown is there, a number
        "".join(remarks(summary["strategies"]))
        if "verdict" in summary:
            "".join(summary["verdict"]["sentences"])
            format_comparisons(summary["verdict"]["comparisons"])
        if "against_baseline" in summary:  # runs of the first version have none
            against = summary["against_baseline"]
            "".join([*against["sentences"], *against_headings(against)])
            against_rows(against, against["comparisons"])
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise DataError(f"The run {str(source)!r} is damaged: summary.json, {error}.") from error
    result: dict[str, Any] = summary
    return result


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document with sorted keys; no NaN, which is not JSON."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def slugs_of(names: Sequence[str]) -> list[str]:
    """Return a name for the folder of each strategy: small letters, digits and underscores."""
    slugs: list[str] = []
    for name in names:
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "strategy"
        slug, number = plain, 2
        while slug in slugs:
            slug, number = f"{plain}_{number}", number + 1
        slugs.append(slug)
    return slugs
