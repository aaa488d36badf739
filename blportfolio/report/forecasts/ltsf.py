"""The page of the published benchmark: our scores beside the printed ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from blportfolio.forecasters.ltsf import LtsfCell, PublishedCell
from blportfolio.report.study import Section, Study, Table


def ltsf_study(cells: Sequence[LtsfCell], published: Sequence[PublishedCell]) -> Study:
    """Return the page of the benchmark.

    Args:
        cells: Our scores.
        published: Printed scores; those of other data sets and horizons are left out.
    """
    data_sets = list(dict.fromkeys(cell.data_set for cell in cells))
    horizons = sorted({cell.horizon for cell in cells})
    beside = [row for row in published if row.data_set in data_sets and row.horizon in horizons]
    lookbacks = sorted({cell.lookback for cell in cells})
    return Study(
        name="forecast_ltsf",
        title="Long-term forecasting benchmark",
        lead=(
            f"Closed-form forecasters on {', '.join(data_sets)}, look-back "
            f"{', '.join(map(str, lookbacks))}, by the standard protocol: series standardised by "
            "their training part, every test window counts, mean squared and mean absolute error "
            "in standardised units. Rows of other look-backs are not the same contest.",
            _closeness(cells, beside),
        ),
        sections=(
            Section(
                "Ours beside the published scores (MSE/MAE)",
                table=_table(cells, beside, data_sets, horizons),
                notes=(*_sources(beside), *_penalties(cells)),
            ),
        ),
        records=tuple(
            {"ours": is_ours, **asdict(row)}
            for is_ours, rows in ((True, cells), (False, beside))
            for row in rows
        ),
    )


def _table(
    cells: Sequence[LtsfCell],
    beside: Sequence[PublishedCell],
    data_sets: Sequence[str],
    horizons: Sequence[int],
) -> Table:
    rows = []
    for data_set in data_sets:
        ours = _by_model([cell for cell in cells if cell.data_set == data_set])
        theirs = _by_model([row for row in beside if row.data_set == data_set])
        for who, found in (("ours", ours), ("published", theirs)):
            for (model, lookback), scores in found.items():
                figures = [scores.get(horizon, "–") for horizon in horizons]
                rows.append((f"{data_set} {model}", who, str(lookback), *figures))
    return Table(("Data, model", "Whose", "Look-back", *map(str, horizons)), tuple(rows))


def _by_model(
    rows: Sequence[LtsfCell] | Sequence[PublishedCell],
) -> dict[tuple[str, int], dict[int, str]]:
    found: dict[tuple[str, int], dict[int, str]] = {}
    for row in rows:
        mark = "*" if isinstance(row, PublishedCell) and row.note else ""
        scores = found.setdefault((row.model, row.lookback), {})
        scores[row.horizon] = f"{row.mse:.3f}/{row.mae:.3f}{mark}"
    return found


def _closeness(cells: Sequence[LtsfCell], beside: Sequence[PublishedCell]) -> str:
    """Say how far our scores lie from the printed ones of the same model and look-back."""
    printed = {(row.data_set, row.model, row.horizon, row.lookback): row.mse for row in beside}
    gaps = {}
    for cell in cells:
        key = (cell.data_set, cell.model, cell.horizon, cell.lookback)
        if key in printed:
            gaps[key] = cell.mse - printed[key]
    if not gaps:
        return "No published row has the same model and look-back."
    far = max(gaps, key=lambda key: abs(gaps[key]))
    near = sum(abs(gap) <= 0.02 for gap in gaps.values())
    return (
        f"Of {len(gaps)} cells with a published score of the same model and look-back, {near} lie "
        f"within 0.02 of its MSE; the farthest, {far[0]} {far[1]} at {far[2]}, by {gaps[far]:+.3f}."
    )


def _sources(beside: Sequence[PublishedCell]) -> tuple[str, ...]:
    by_source: dict[str, list[str]] = {}
    for row in beside:
        models = by_source.setdefault(row.source, [])
        if row.model not in models:
            models.append(row.model)
    notes = dict.fromkeys(f"* {row.data_set} {row.model}: {row.note}" for row in beside if row.note)
    return (*(f"{', '.join(models)}: {source}." for source, models in by_source.items()), *notes)


def _penalties(cells: Sequence[LtsfCell]) -> tuple[str, ...]:
    chosen = [cell.penalty for cell in cells if cell.penalty is not None]
    if not chosen:
        return ()
    return (
        "Ridge penalties, chosen on the validation part, relative to the mean square: "
        f"{min(chosen):.0e} to {max(chosen):.0e}. Time for all cells: "
        f"{sum(cell.seconds for cell in cells):.0f} s.",
    )
