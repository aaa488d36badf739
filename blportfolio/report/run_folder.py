"""The folder of a finished run: written whole or not at all, read back for `show`."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from blportfolio.backtest import BacktestResult
from blportfolio.errors import DataError
from blportfolio.report.charts import plot_drawdown, plot_growth, plot_weights, to_png, to_svg
from blportfolio.report.page import render_page
from blportfolio.report.tables import format_rows, summary_records


def write_run(
    folder: Path,
    results: Sequence[BacktestResult],
    *,
    title: str,
    description: str,
    manifest: Mapping[str, Any],
    elapsed: Callable[[], float],
) -> list[dict[str, Any]]:
    """Write results, tables, charts, page and, last, the manifest.

    Args:
        folder: Empty folder.
        results: One a strategy.
        title: Name of the experiment.
        description: One sentence about it.
        manifest: What ran; the files, headline figures and duration are added here.
        elapsed: Seconds since the run began, asked for at the end.

    Returns:
        The headline figures by strategy.
    """
    records = summary_records(results)
    slugs = _slugs([result.name for result in results])
    for result, slug in zip(results, slugs, strict=True):
        result.save(folder / "strategies" / slug)
    charts = {"Growth of 1 by strategy": plot_growth(results)}
    charts["Drawdown by strategy"] = plot_drawdown(results)
    files = ["growth", "drawdown"]
    for result, slug in zip(results, slugs, strict=True):
        charts[f"Weights of {result.name}"] = plot_weights(result)
        files.append(f"weights_{slug}")
    (folder / "charts").mkdir()
    for name, chart in zip(files, charts.values(), strict=True):
        (folder / "charts" / f"{name}.png").write_bytes(to_png(chart))
    page = render_page(
        title=title,
        description=description,
        records=records,
        charts={label: to_svg(chart) for label, chart in charts.items()},
        manifest=manifest,
    )
    (folder / "report.html").write_text(page, encoding="utf-8")
    _write_tables(folder, results)
    summary = {"schema_version": 1, "experiment": title, "strategies": records}
    write_json(folder / "summary.json", summary)
    outputs = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    ending = {"outputs": outputs, "headline": records, "duration_s": elapsed()}
    write_json(folder / "manifest.json", {**manifest, **ending})
    return records


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
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise DataError(f"The run {str(source)!r} is damaged: summary.json, {error}.") from error
    result: dict[str, Any] = summary
    return result


def neutralise(cell: object) -> object:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{cell}"
    return cell


def _write_tables(folder: Path, results: Sequence[BacktestResult]) -> None:
    returns = pd.concat([result.returns.rename(result.name) for result in results], axis=1)
    write_csv(
        folder / "returns.csv",
        ["date", *returns.columns],
        ([str(date.date()), *row] for date, row in zip(returns.index, returns.to_numpy().tolist(),
                                                       strict=True)),
    )  # fmt: skip
    write_csv(
        folder / "weights.csv",
        ["strategy", "date", "asset", "weight"],
        (
            [result.name, str(date.date()), asset, weight]
            for result in results
            for date, row in zip(result.weights.index, result.weights.to_numpy(), strict=True)
            for asset, weight in zip(result.weights.columns, row.tolist(), strict=True)
            if weight
        ),
    )
    columns = list(results[0].trades.columns)
    write_csv(
        folder / "trades.csv",
        ["strategy", *columns],
        (
            [result.name, str(row[0].date()), *row[1:]]
            for result in results
            for row in result.trades.itertuples(index=False, name=None)
        ),
    )


def write_csv(path: Path, header: Sequence[object], rows: Iterable[Sequence[object]]) -> None:
    """Write a table that no spreadsheet runs as formulae."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow([neutralise(cell) for cell in header])
        writer.writerows([neutralise(cell) for cell in row] for row in rows)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document with sorted keys; no NaN, which is not JSON."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _slugs(names: Sequence[str]) -> list[str]:
    slugs: list[str] = []
    for name in names:
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "strategy"
        slug, number = plain, 2
        while slug in slugs:
            slug, number = f"{plain}_{number}", number + 1
        slugs.append(slug)
    return slugs
