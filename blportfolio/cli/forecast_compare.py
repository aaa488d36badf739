"""`blportfolio forecast compare`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption, JsonOption, OutOption, QuietOption
from blportfolio.cli.reading import (
    CalendarOption,
    DateOrderOption,
    DecimalOption,
    MaxBytes,
    Sheet,
    given_options,
)


class Regime(StrEnum):
    """Which steps forecasters learn from."""

    ALL = "all"
    CONSISTENT = "consistent"


def compare(
    context: typer.Context,
    series: Annotated[
        str,
        typer.Argument(
            metavar="SERIES|UNIVERSE",
            help="A file of prices, or with --levels of any numbers; a data set (`blportfolio list "
            "datasets`), a universe that was fetched or its file, or tickers.",
        ),
    ],
    levels: Annotated[
        bool,
        typer.Option("--levels", help="The file holds series of any kind, not prices."),
    ] = False,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="A column or asset to take; repeat it for more."),
    ] = None,
    forecaster: Annotated[
        list[str] | None,
        typer.Option(
            "--forecaster",
            help="One of `blportfolio list forecasters`; repeat it for more. All that can run by "
            "default; the controls always take part.",
        ),
    ] = None,
    context_length: Annotated[
        int, typer.Option("--context", min=1, help="Values that a forecaster may look at.")
    ] = 20,
    horizon: Annotated[
        list[int] | None,
        typer.Option(
            "--horizon", min=1, help="Rows ahead; repeat it for more. By default 1 and 5."
        ),
    ] = None,
    test_share: Annotated[
        float, typer.Option("--test-share", help="Latest share of the rows, for the test.")
    ] = 0.4,
    refits: Annotated[
        int, typer.Option("--refits", min=1, help="How often each forecaster is fitted.")
    ] = 5,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, help="Runs of those that draw random numbers.")
    ] = 3,
    max_windows: Annotated[
        int,
        typer.Option(
            "--max-windows",
            min=60,
            help="Windows of 20 values that one which is trained step by step learns from at a "
            "fit; fewer of longer ones.",
        ),
    ] = 10_000,
    regime: Annotated[
        Regime,
        typer.Option("--regime", help="Steps to learn from; `consistent` is refused: see why."),
    ] = Regime.ALL,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="A first look: two fits, one seed, few training windows."),
    ] = False,
    returns: Annotated[
        bool,
        typer.Option("--returns", help="The file of prices holds simple decimal returns instead."),
    ] = False,
    max_gap: Annotated[
        int,
        typer.Option("--max-gap", min=0, help="Periods over which a missing price is carried on."),
    ] = 0,
    adjust: Annotated[
        bool,
        typer.Option("--adjust", help="Adjust closes by the dividends and splits of the file."),
    ] = False,
    calendar: CalendarOption = None,
    sheet: Sheet = None,
    date_order: DateOrderOption = None,
    decimal: DecimalOption = None,
    max_bytes: MaxBytes = None,
    start: Annotated[
        str | None, typer.Option("--start", help="First date of the data, YYYY-MM-DD.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--end", help="Last date of the data, YYYY-MM-DD.")
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", envvar="BLPORTFOLIO_SEED", min=0, help="First random seed.")
    ] = 0,
    out: OutOption = Path(),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Compare forecasters on your own series, with significance.

    Prices become log returns, of which the total over each horizon is forecast; levels are
    standardised, and each step is. All forecasters see the same windows, are refitted on the same
    schedule, and are judged on the latest part of the data.

    Example: blportfolio forecast compare sp500_20 --quick

    Example: blportfolio forecast compare ETTh1.csv --levels --column OT --context 96 --horizon 24
    """
    with reported(debug=debug):
        import time

        from blportfolio.cli.command_line import command_line
        from blportfolio.cli.forecast_series import load_series
        from blportfolio.cli.output import announce
        from blportfolio.cli.study import Advance, print_records, print_study, run_study
        from blportfolio.forecasters.comparison import ComparisonSettings
        from blportfolio.forecasters.comparison import compare as hold_contest
        from blportfolio.forecasters.comparison.entrants import choose_entrants
        from blportfolio.forecasters.comparison.panel import check_regime
        from blportfolio.report.forecasts import comparison_study
        from blportfolio.report.study import Study

        settings = ComparisonSettings(
            context_length=context_length,
            horizons=tuple(horizon or (1, 5)),
            test_share=test_share,
            n_refits=refits,
            n_seeds=seeds,
            seed=seed,
            max_windows=max_windows,
        )
        settings = settings.quick() if quick else settings
        kind = "levels" if levels else "returns"
        check_regime(regime.value, kind)
        n_steps = settings.horizons[-1] if levels else 1
        entrants, _ = choose_entrants(
            forecaster or None, kind, n_steps=n_steps, context_length=context_length
        )
        reading = given_options(
            returns=returns,
            max_gap=max_gap,
            adjust=adjust,
            calendar=calendar,
            sheet=sheet,
            date_order=date_order,
            decimal=decimal,
            max_bytes=max_bytes,
        )
        loaded = load_series(
            series, levels=levels, columns=column or (), start=start, end=end, reading=reading
        )

        def find(advance: Advance) -> Study:
            found = hold_contest(
                loaded.panel,
                forecasters=forecaster or None,
                settings=settings,
                regime=regime.value,
                progress=advance,
                clock=time.perf_counter,
            )
            return comparison_study(found, data_notes=loaded.notes)

        run, summary = run_study(
            find,
            name="forecast_compare",
            config={
                "contest": settings.resolved(),
                "kind": kind,
                "series": list(loaded.panel.labels),
                "forecasters": {one.name: repr(one.forecaster) for one in entrants},
            },
            data=loaded.data,
            command=command_line(context),
            out=out,
            seed=seed,
            quiet=quiet or as_json,
        )
        if as_json:
            print_records(summary, run)
            return
        print_study(summary, everything=True)
        announce(run, quiet=quiet)
