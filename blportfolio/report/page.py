"""One self-contained HTML page about a run; it opens without a network."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from blportfolio.report.tables import EXPLANATION, HEADINGS, format_rows, remarks

STYLE = """
body { font-family: system-ui, sans-serif; max-width: 1000px; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; line-height: 1.45; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums;
  font-size: .9rem; }
th, td { padding: .35rem .4rem; text-align: right; border-bottom: 1px solid #ddd;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 2px solid #444; }
figure { margin: 1.5rem 0; overflow-x: auto; }
svg { max-width: 100%; height: auto; }
.note { color: #555; font-size: .9rem; }
.scroll { overflow-x: auto; }
code { background: #f3f3f3; padding: .1rem .3rem; }
"""


def render_page(
    *,
    title: str,
    description: str,
    records: Sequence[Mapping[str, Any]],
    charts: Mapping[str, str],
    manifest: Mapping[str, Any],
) -> str:
    """Return the page as text.

    Args:
        title: Name of the experiment.
        description: One sentence about it.
        records: Headline figures by strategy.
        charts: SVG by description.
        manifest: The run's manifest.
    """
    head = "".join(f"<th>{_text(name)}</th>" for name in HEADINGS)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>"
        for row in format_rows(records)
    )
    figures = "".join(
        f'<figure role="img" aria-label="{_text(label)}">{svg}</figure>'
        for label, svg in charts.items()
    )
    data = manifest["data"]
    caveats = "".join(f"<li>{_text(note)}</li>" for note in [*remarks(records), *data["notes"]])
    first, last = records[0]["first_held"], records[0]["last_held"]
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
<p>{_text(description)}</p>
<p class="note">{_text(data["name"])}: {data["n_assets"]} assets, held {first} to {last}.
{len(records)} configurations were run and all are shown.</p>
<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>
<p class="note">{_text(EXPLANATION)}</p>
{f"<h2>Read before you quote a figure</h2><ul>{caveats}</ul>" if caveats else ""}
<h2>Charts</h2>
{figures}
<h2>Provenance</h2>
<p class="note">Run {_text(manifest["run_id"])}, made {_text(manifest["created_utc"])} by
<code>{_text(manifest["command"])}</code>. Data to {_text(data["last_date"])}; commit {commit}.
Configuration {_text(manifest["config_sha256"][:12])}. Not investment advice.</p>
</body>
</html>
"""


def _text(value: object) -> str:
    return html.escape(str(value))
