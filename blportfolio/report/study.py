"""The folder of a study, such as a contest of forecasters: page, tables, charts, manifest."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blportfolio.errors import DataError
from blportfolio.report.charts import AnyChart, to_png, to_svg
from blportfolio.report.page import document
from blportfolio.report.run_folder import write_json
from blportfolio.report.run_tables import write_csv

_NUMBER = r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?"
_FIGURE = re.compile(rf"({_NUMBER})(?: ± ({_NUMBER}))?(?: \[({_NUMBER}), ({_NUMBER})\])?")
"""A figure as tables print it: 1.02, 1.02 ± 0.01, -0.50 [-1.20, +0.20]."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text.

    Attributes:
        headings: (n_columns,) with units.
        rows: Cells, the first of which names the row.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A part of a page.

    Attributes:
        heading: What it is about.
        paragraphs: Sentences before the table.
        table: Figures.
        charts: Charts by what they show.
        notes: Sentences after them.
    """

    heading: str
    paragraphs: tuple[str, ...] = ()
    table: Table | None = None
    charts: tuple[tuple[str, AnyChart], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """What a study found.

    Attributes:
        name: Name of its folder of runs.
        title: Title of the page.
        lead: First paragraphs: the question and the answer.
        sections: Parts of the page; the first with a table is what the command line prints.
        records: All figures unrounded, ready for JSON.
    """

    name: str
    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
    records: tuple[Mapping[str, Any], ...]


def write_study(
    folder: Path, study: Study, *, manifest: Mapping[str, Any], elapsed: Callable[[], float]
) -> dict[str, Any]:
    """Write page, Markdown, tables, charts and, last, the manifest.

    Args:
        folder: Empty folder.
        study: What was found.
        manifest: What ran; the files and the duration are added here.
        elapsed: Seconds since the run began, asked for at the end.

    Returns:
        The summary, as `summary.json` has it.
    """
    (folder / "charts").mkdir()
    (folder / "tables").mkdir()
    drawn: dict[str, str] = {}
    for section in study.sections:
        if section.table is not None:
            path = folder / "tables" / f"{slug(section.heading)}.csv"
            write_csv(path, *_figures(section.table))
        for label, chart in section.charts:
            (folder / "charts" / f"{slug(label)}.png").write_bytes(to_png(chart))
            drawn[label] = to_svg(chart)
    (folder / "report.html").write_text(_page(study, drawn, manifest), encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(study), encoding="utf-8")
    summary = {
        "schema_version": 1,
        "experiment": study.name,
        "kind": "study",
        "title": study.title,
        "lead": list(study.lead),
        "tables": [
            {
                "heading": section.heading,
                "headings": list(section.table.headings),
                "rows": [list(row) for row in section.table.rows],
            }
            for section in study.sections
            if section.table is not None
        ],
        "records": [dict(record) for record in study.records],
    }
    write_json(folder / "summary.json", summary)
    outputs = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    write_json(folder / "manifest.json", {**manifest, "outputs": outputs, "duration_s": elapsed()})
    return summary


def read_study(folder: Path) -> dict[str, Any] | None:
    """Return the summary of a study's run; None where the folder is that of another run.

    Raises:
        DataError: If it is a study's and damaged.
    """
    try:
        summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        if summary.get("kind") != "study":
            return None
    except (OSError, ValueError, AttributeError):
        return None  # whoever reads the other kind of run says what is wrong
    try:
        for table in summary["tables"]:
            for row in table["rows"]:
                dict(zip(table["headings"], row, strict=True))
            str.strip(table["heading"])
        "\n".join(summary["lead"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"The run {str(folder)!r} is damaged: summary.json, {error}.") from error
    return summary


def to_markdown(study: Study) -> str:
    """Return the study's words and tables as Markdown."""
    parts = [f"# {study.title}", *study.lead]
    for section in study.sections:
        parts += [f"## {section.heading}", *section.paragraphs]
        if section.table is not None:
            parts.append(markdown_table(section.table))
        parts += section.notes
    return "\n\n".join(parts) + "\n"


def markdown_table(table: Table) -> str:
    """Return a table as Markdown, figures to the right."""
    rule = ["---", *("--:" for _ in table.headings[1:])]
    lines = [table.headings, rule, *table.rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '¦') for cell in line)} |" for line in lines)


def slug(text: str) -> str:
    """Return text as part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:60] or "untitled"


def _figures(table: Table) -> tuple[list[str], list[tuple[str | float, ...]]]:
    """Return a table with a column of numbers for each figure, its spread and its interval.

    What is no figure stays text, but for a dash, which becomes an empty cell.
    """
    headings = [table.headings[0]]
    found: list[list[str | float]] = [[row[0] for row in table.rows]]
    for place, heading in enumerate(table.headings[1:], start=1):
        cells = [row[place] for row in table.rows]
        parts = [_FIGURE.fullmatch(cell) for cell in cells]
        for group, suffix in enumerate(("", " ±", " low", " high"), start=1):
            if group > 1 and not any(part and part[group] for part in parts):
                continue
            headings.append(f"{heading.partition(' [')[0].strip()}{suffix}")
            found.append(
                [
                    float(part[group].replace(",", ""))
                    if part and part[group]
                    else ("" if part or group > 1 or cell == "–" else cell)
                    for part, cell in zip(parts, cells, strict=True)
                ]
            )
    return headings, list(zip(*found, strict=True))


def _page(study: Study, drawn: Mapping[str, str], manifest: Mapping[str, Any]) -> str:
    """Return one self-contained page; it opens without a network."""
    body = "".join(_section(section, drawn) for section in study.sections)
    return document(
        study.title,
        f"{_paragraphs(study.lead)}\n{body}",
        manifest=manifest,
        made_of=f"Seed {_text(manifest['seed'])}",
    )


def _section(section: Section, drawn: Mapping[str, str]) -> str:
    parts = [f"<h2>{_text(section.heading)}</h2>", _paragraphs(section.paragraphs)]
    if section.table is not None:
        parts.append(_table(section.table))
    parts += [
        f'<figure role="img" aria-label="{_text(label)}">{drawn[label]}</figure>'
        for label, _ in section.charts
    ]
    parts.append(_paragraphs(section.notes, kind=' class="note"'))
    return "\n".join(part for part in parts if part)


def _table(table: Table) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in table.headings)
    rows = "".join(
        f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in table.rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div>"
    )


def _paragraphs(sentences: Sequence[str], *, kind: str = "") -> str:
    return "\n".join(f"<p{kind}>{_text(sentence)}</p>" for sentence in sentences)


def _text(value: object) -> str:
    return html.escape(str(value))
