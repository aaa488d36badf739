"""`blportfolio show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption, JsonOption


def show(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Print the headline figures of RUN, and what to know about them.

    Example: blportfolio show runs/sample/20260101T120000Z-1a2b3c4d
    """
    with reported(debug=debug):
        from blportfolio.cli.output import print_against, print_summary, print_verdict
        from blportfolio.cli.study import print_study
        from blportfolio.report.run_folder import read_summary
        from blportfolio.report.study import read_study
        from blportfolio.report.tables import by_universe, remarks

        study = read_study(run)
        summary = read_summary(run) if study is None else study
        if as_json:
            typer.echo(json.dumps({**summary, "run": str(run)}, ensure_ascii=False))
            return
        if study is not None:
            print_study(study, everything=True)
        else:
            for universe, records in by_universe(summary["strategies"]).items():
                if universe:
                    typer.echo(f"{universe}:")
                print_summary(records)
                print_against(summary, universe)
                for note in remarks(records):
                    typer.echo(note)
            if "against_baseline" in summary:
                typer.echo("\n" + "\n".join(summary["against_baseline"]["sentences"]))
            print_verdict(summary)
        if (run / "report.html").is_file():
            typer.echo(f"\nReport: {run / 'report.html'}")
