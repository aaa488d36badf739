"""One self-contained HTML page about a run; it opens without a network."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blportfolio.report.against_text import (
    against_headings,
    against_rows,
    explain_against,
    of_universe,
)
from blportfolio.report.tables import EXPLANATION, PAGE_HEADINGS, RANGES, format_rows, remarks
from blportfolio.report.verdict import HEADINGS as COMPARED
from blportfolio.report.verdict import format_comparisons, not_shown

STYLE = """
body { font-family: system-ui, sans-serif; max-width: 1000px; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; line-height: 1.45; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums;
  font-size: .9rem; }
th, td { padding: .35rem .4rem; text-align: right; border-bottom: 1px solid #ddd;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 7rem; }
thead th { border-bottom: 2px solid #444; white-space: normal; vertical-align: bottom; }
figure { margin: 1.5rem 0; overflow-x: auto; }
svg { max-width: 100%; height: auto; }
@media (max-width: 700px) { svg { max-width: none; } }
.note { color: #555; font-size: .9rem; }
.scroll { overflow-x: auto; }
code { background: #f3f3f3; padding: .1rem .3rem; }
"""


@dataclass(frozen=True, slots=True)
class PageSection:
    """What the page shows of one universe.

    Attributes:
        universe: Its heading; empty where there is one universe only.
        records: Headline figures by strategy.
        charts: SVG by description.
        data: Description of the data.
        differences: SVG of the comparison with the baseline; empty without one.
    """

    universe: str
    records: Sequence[Mapping[str, Any]]
    charts: Mapping[str, str]
    data: Mapping[str, Any]
    differences: str = ""


def render_page(
    *,
    title: str,
    description: str,
    sections: Sequence[PageSection],
    manifest: Mapping[str, Any],
    summary: Mapping[str, Any] | None = None,
) -> str:
    """Return the page as text.

    Args:
        title: Name of the experiment.
        description: One sentence about it.
        sections: One a universe.
        manifest: The run's manifest.
        summary: Of the run, with its verdict and its comparison with a baseline, if any.
    """
    summary = {} if summary is None else summary
    against = summary.get("against_baseline")
    body = "\n".join(_section(section, against) for section in sections)
    opening = f"\n{_verdict(summary)}" if "verdict" in summary else ""
    dates = ", ".join(
        _text(section.data["last_date"]) + (section.universe and f" ({_text(section.universe)})")
        for section in sections
    )
    return document(
        title,
        f"<p>{_text(description)}</p>{opening}\n{body}",
        manifest=manifest,
        made_of=f"Data to {dates}",
    )


def document(title: str, body: str, *, manifest: Mapping[str, Any], made_of: str) -> str:
    """Return a whole page about a run: title, body, and where it comes from.

    Args:
        title: Its title, as text.
        body: What stands between title and provenance, as HTML.
        manifest: The run's manifest.
        made_of: What the run is of, such as "Seed 0", as HTML.
    """
    commit = _text(manifest["git_commit"] or "unknown")
    if manifest["git_dirty"]:
        commit += " with local changes"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(title)} · blportfolio</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{_text(title)}</h1>
{body}
<h2>Provenance</h2>
<p class="note">Run {_text(manifest["run_id"])}, made {_text(manifest["created_utc"])} by
<code>{_text(manifest["command"])}</code>. {made_of}; commit {commit}.
Configuration {_text(manifest["config_sha256"][:12])}. Not investment advice.</p>
</body>
</html>
"""


def _section(section: PageSection, against: Mapping[str, Any] | None) -> str:
    """Return tables, remarks and charts of one universe, under a heading if there are several."""
    records, data = section.records, section.data
    heading = f"<h2>{_text(section.universe)}</h2>\n" if section.universe else ""
    level = "h3" if section.universe else "h2"
    figures = "".join(
        f'<figure role="img" aria-label="{_text(label)}">{svg}</figure>'
        for label, svg in section.charts.items()
    )
    caveats = "".join(f"<li>{_text(note)}</li>" for note in [*remarks(records), *data["notes"]])
    first, last = records[0]["first_held"], records[0]["last_held"]
    read = f"<{level}>Read before you quote a figure</{level}><ul>{caveats}</ul>" if caveats else ""
    return f"""{heading}<p class="note">{_text(data["name"])}: {data["n_assets"]} assets, \
held {first} to {last}.
{len(records)} configurations were run and all are shown.</p>
{_table(PAGE_HEADINGS, format_rows(records, ranges=True))}
<p class="note">{_text(EXPLANATION)} {_text(RANGES)}</p>
{read}
{"" if against is None else _against(section, against, level)}
<{level}>Charts</{level}>
{figures}"""


def _against(section: PageSection, against: Mapping[str, Any], level: str) -> str:
    """Return chart, table and sentences of the comparison with the baseline on one universe."""
    comparisons = of_universe(against, section.universe)
    name = against["baseline"]
    heading = f"<{level}>Against {_text(name)}</{level}>"
    drawn = ""
    if section.differences:
        rows = against_rows(against, comparisons)
        place = against_headings(against).index("Difference [95 %]")
        said = "; ".join(f"{row[0]} {row[place]}" for row in rows)
        label = f"Sharpe ratio of each strategy less that of {name}, with 95 % interval: {said}."
        drawn = f'<figure role="img" aria-label="{_text(label)}">{section.differences}</figure>\n'
    table = _table(
        against_headings(against, everything=True),
        against_rows(against, comparisons, everything=True),
    )
    sentences = explain_against(against, universe=section.universe)
    told = "".join(f"<li>{_text(sentence)}</li>" for sentence in sentences)
    return f"{heading}\n{drawn}{table}\n<ul>{told}</ul>"


def _verdict(summary: Mapping[str, Any]) -> str:
    told = "".join(f"<li>{_text(sentence)}</li>" for sentence in summary["verdict"]["sentences"])
    others = format_comparisons(not_shown(summary))
    table = _table(COMPARED, others) if others else ""
    return f"<h2>Verdict</h2><ul>{told}</ul>\n{table}"


def _table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{_text(name).replace(' %', '&nbsp;%')}</th>" for name in headings)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in cells
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
        "</div>"
    )


def _text(value: object) -> str:
    return html.escape(str(value))
