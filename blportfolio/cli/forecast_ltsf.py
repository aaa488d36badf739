"""`blportfolio forecast ltsf`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption, JsonOption, OutOption, QuietOption


def ltsf(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder into which you put the data files.")],
    data_set: Annotated[
        list[str] | None,
        typer.Option(
            "--data-set", help="ETTh1, ETTh2 or Exchange; repeat it for more. All by default."
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            help="NLinear, Linear, DLinear or Repeat; repeat it for more. All by default.",
        ),
    ] = None,
    horizon: Annotated[
        list[int] | None,
        typer.Option("--horizon", min=1, help="Steps ahead. By default 96, 192, 336 and 720."),
    ] = None,
    lookback: Annotated[
        int, typer.Option("--lookback", min=1, help="Values that a forecaster looks at.")
    ] = 336,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the table as Markdown, and nothing else.")
    ] = False,
    out: OutOption = Path(),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Score closed-form forecasters on the public long-term benchmark, beside published rows.

    FOLDER must hold ETTh1.csv and ETTh2.csv (github.com/zhouhaoyi/ETDataset, ETT-small, CC BY-ND
    4.0) and exchange_rate.txt.gz (github.com/laiguokun/multivariate-time-series-data). They are
    not packaged. --data-set takes those that you have.

    Example: blportfolio forecast ltsf data/ltsf --data-set ETTh1 --markdown
    """
    with reported(debug=debug):
        from blportfolio.cli.command_line import command_line
        from blportfolio.cli.forecast_files import check_files
        from blportfolio.cli.study import Advance, print_records, print_study, run_study
        from blportfolio.forecasters.ltsf import FILES, HORIZONS, MODELS, published, run_ltsf
        from blportfolio.report.forecasts import ltsf_study
        from blportfolio.report.study import Study, Table, markdown_table

        data_sets, models = tuple(data_set or FILES), tuple(model or MODELS)
        horizons = tuple(horizon or HORIZONS)
        sources = check_files(folder, data_sets)

        def find(advance: Advance) -> Study:
            cells = run_ltsf(
                folder,
                data_sets=data_sets,
                models=models,
                horizons=horizons,
                lookback=lookback,
                progress=lambda done, total: advance("benchmark", done, total),
            )
            return ltsf_study(cells, published())

        run, summary = run_study(
            find,
            name="forecast_ltsf",
            config={
                "data_sets": list(data_sets),
                "models": {name: repr(MODELS[name]) for name in models if name in MODELS},
                "horizons": list(horizons),
                "lookback": lookback,
            },
            data={"name": "ltsf", "sources": sources},
            command=command_line(context),
            out=out,
            seed=0,
            quiet=quiet or as_json,
            unit="cells",
        )
        if as_json:
            print_records(summary, run)
            return
        if markdown:
            table = summary["tables"][0]
            rows = tuple(tuple(row) for row in table["rows"])
            typer.echo(markdown_table(Table(tuple(table["headings"]), rows)))
            return
        print_study(summary, everything=True)
        typer.echo(f"\nRun: {run}")
        if not quiet:
            typer.echo(f"The table as Markdown: {run / 'report.md'}")
