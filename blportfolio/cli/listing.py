"""`blportfolio list`."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from blportfolio.cli.errors import reported
from blportfolio.cli.options import DebugOption, JsonOption


class Kind(StrEnum):
    """What can be listed."""

    COVARIANCES = "covariances"
    DATASETS = "datasets"
    EXPERIMENTS = "experiments"
    FEATURES = "features"
    FORECASTERS = "forecasters"
    OBJECTIVES = "objectives"
    PRIORS = "priors"
    STRATEGIES = "strategies"
    UNIVERSES = "universes"


def list_things(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List what comes with blportfolio, by the names that files and flags use.

    Example: blportfolio list strategies
    """
    with reported(debug=debug):
        from blportfolio.cli.output import print_list

        rows = _rows(kind)
        if as_json:
            items = [{"name": name, "description": text} for name, text in rows]
            typer.echo(json.dumps({"schema_version": 1, kind.value: items}, ensure_ascii=False))
            return
        print_list(["Name", "Description"], rows)


def _rows(kind: Kind) -> list[tuple[str, str]]:
    """Return (name, one line) pairs."""
    from blportfolio.config.toml import find_file, packaged_names
    from blportfolio.covariance import COVARIANCES
    from blportfolio.features import FEATURES
    from blportfolio.forecasters import FORECASTERS
    from blportfolio.optimise import OBJECTIVES
    from blportfolio.priors import PRIORS
    from blportfolio.toml import read_toml

    if kind in (Kind.DATASETS, Kind.UNIVERSES):
        return _rows_of_data(kind)
    folders = {Kind.STRATEGIES: "strategies", Kind.EXPERIMENTS: "backtests"}
    if kind in folders:
        folder = folders[kind]
        return [
            (name, str(read_toml(find_file(folder, name)).get("description", "")))
            for name in packaged_names(folder)
        ]
    registries: dict[Kind, dict[str, type]] = {
        Kind.COVARIANCES: dict(COVARIANCES),
        Kind.FEATURES: dict(FEATURES),
        Kind.FORECASTERS: dict(FORECASTERS),
        Kind.OBJECTIVES: dict(OBJECTIVES),
        Kind.PRIORS: dict(PRIORS),
    }
    return [
        (name, (cls.__doc__ or "").strip().splitlines()[0])
        for name, cls in sorted(registries[kind].items())
    ]


def _rows_of_data(kind: Kind) -> list[tuple[str, str]]:
    """Return (name, title) pairs; a universe that was fetched is a data set too."""
    from blportfolio.data import dataset_info, find_universe, list_universes, packaged_datasets
    from blportfolio.data.universes import cached_universes

    titles = {name: find_universe(name).file.title for name in list_universes()}
    fetched = cached_universes()
    if kind is Kind.UNIVERSES:
        return [
            (name, title if name in fetched else f"{title} (blportfolio data fetch {name})")
            for name, title in titles.items()
        ]
    rows = [(name, dataset_info(name).title) for name in packaged_datasets()]
    return sorted([*rows, *((name, titles[name]) for name in fetched)])
