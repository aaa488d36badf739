"""Strategies as TOML files: what is decided."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StrictInt,
    ValidationError,
    field_validator,
)

from blportfolio.config.plugins import build_plugin, plugin_parameters
from blportfolio.config.toml import find_file
from blportfolio.covariance import COVARIANCES
from blportfolio.errors import ConfigError
from blportfolio.features import FEATURES, FeatureChoice
from blportfolio.features.base import is_forecast
from blportfolio.optimise import OBJECTIVES
from blportfolio.priors import PRIORS
from blportfolio.priors.latent_view import DIRECT, check_forecasts
from blportfolio.toml import read_toml, translated
from blportfolio.types import Objective, Prior
from blportfolio.validation import nearest_name

SCHEDULES = ("month_end", "month_start", "quarterly", "weekly")
SCHEMA_VERSION = 1


class StrategyConfig(BaseModel):
    """A validated strategy; `prior_model()` and its sisters build what it names.

    Attributes:
        schema_version: Version of this layout, 1.
        name: Name for tables.
        description: One sentence.
        features: Feature names, or tables with `name`, parameters, `lag` and `optional`.
        prior: `model` and parameters, or a model's name; sample moments by default.
        covariance: The same; sample covariance by default.
        optimise: The same; max_sharpe by default.
        lookback: Returns in a training window; by default a year of periods, at least 60.
        rebalance: A schedule's name, or n (or "every_n") for every n periods.
        cost_bps: Cost in basis points of each unit bought and each unit sold.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    name: str = Field(min_length=1)
    description: str = ""
    features: tuple[str | dict[str, Any], ...] = ()
    prior: dict[str, Any] = Field(default_factory=lambda: {"model": "historical"})
    covariance: dict[str, Any] = Field(default_factory=lambda: {"model": "sample"})
    optimise: dict[str, Any] = Field(default_factory=lambda: {"model": "max_sharpe"})
    lookback: StrictInt | None = Field(default=None, ge=2)
    rebalance: StrictInt | str = "month_end"
    cost_bps: float = Field(default=10.0, ge=0, lt=10_000)
    _where: str = PrivateAttr(default="The strategy")

    def __init__(self, **values: Any) -> None:  # noqa: ANN401, pydantic checks them
        """Validate; what is wrong is a ConfigError like that of a file."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            where = f"Strategy {values.get('name', 'without a name')!r}"
            raise translated(error, type(self), values, where=where) from error

    @field_validator("prior", "covariance", "optimise", mode="before")
    @classmethod
    def _name_alone(cls, value: object) -> object:
        """Let a model's name alone stand for the model with its defaults."""
        return {"model": value} if isinstance(value, str) else value

    def model_post_init(self, context: Any, /) -> None:  # noqa: ANN401, ARG002, pydantic's
        """Check the schedule, then build every plug-in once, so that a bad file fails at once."""
        self._where = f"strategy {self.name!r}"
        check_schedule(self.rebalance)
        prior = self.prior_model()
        self.objective()
        choices = self.feature_choices()
        check_views(prior, choices)
        if getattr(prior, "learns_from_features", False) and not choices:
            raise ConfigError(
                f"{self._where} has the prior {self.prior['model']!r}, which learns its views from "
                'features, and none are given. Add for example features = ["momentum"].'
            )

    def resolved(self) -> dict[str, Any]:
        """Return every parameter of every model, defaults included, ready for JSON."""
        parameters = plugin_parameters(self.prior_model())
        # A prior that estimates no covariance of its own lacks the field.
        covariance = parameters.pop("covariance", {})
        document = {
            **self.model_dump(mode="json"),
            "prior": {"model": self.prior["model"], **parameters},
            "covariance": {"model": self.covariance["model"], **covariance},
            "optimise": {"model": self.optimise["model"], **plugin_parameters(self.objective())},
            "features": [
                {
                    "name": choice.name,
                    "optional": choice.optional,
                    "lag": choice.lag,
                    **plugin_parameters(choice.feature),
                }
                for choice in self.feature_choices()
            ],
        }
        plain: dict[str, Any] = json.loads(json.dumps(document))
        return plain

    def prior_model(self) -> Prior:
        """Build the prior, with its covariance model."""
        covariance = build_plugin(
            COVARIANCES, self.covariance, where=f"[covariance] of {self._where}"
        )
        return build_plugin(
            PRIORS, self.prior, where=f"[prior] of {self._where}", given={"covariance": covariance}
        )

    def objective(self) -> Objective:
        """Build the objective."""
        return build_plugin(OBJECTIVES, self.optimise, where=f"[optimise] of {self._where}")

    def feature_choices(self) -> tuple[FeatureChoice, ...]:
        """Build the features."""
        choices = []
        for entry in self.features:
            table = {"name": entry} if isinstance(entry, str) else dict(entry)
            name = str(table.pop("name", ""))
            if name not in FEATURES:
                hint = nearest_name(name, FEATURES)
                raise ConfigError(f"features of {self._where} have no {name!r}. {hint}")
            where = f"feature {name!r} of {self._where}"
            optional, lag = table.pop("optional", False), table.pop("lag", 0)
            if not isinstance(optional, bool) or not isinstance(lag, int):
                raise ConfigError(f"{where}: `optional` is true or false, `lag` a whole number.")
            feature = build_plugin(FEATURES, {"model": name, **table}, where=where)
            choices.append(FeatureChoice(feature, name, optional, lag))
        return tuple(choices)


def check_views(prior: Prior, choices: Iterable[FeatureChoice]) -> None:
    """Check that a prior which takes features for views as they stand has forecasts only.

    Raises:
        ConfigError: Naming a feature that is none.
    """
    if getattr(prior, "regression", None) == DIRECT:
        names = {choice.name: is_forecast(choice.feature) for choice in choices}
        check_forecasts(tuple(names), [name for name, forecasts in names.items() if forecasts])


def check_schedule(rebalance: int | str) -> int | str:
    """Return the schedule: a name, or a whole number of periods.

    Raises:
        ConfigError: If it is neither.
    """
    if isinstance(rebalance, str):
        digits = rebalance.replace(" ", "_").removeprefix("every_")
        if not digits.isdigit():
            if rebalance in SCHEDULES:
                return rebalance
            raise ConfigError(
                f"`rebalance` has no schedule {rebalance!r}. "
                f"{nearest_name(rebalance, SCHEDULES)} Or give n, or every_n, for every n periods."
            )
        rebalance = int(digits)
    if isinstance(rebalance, bool) or not isinstance(rebalance, int) or rebalance < 1:
        raise ConfigError(f"`rebalance` must be a schedule or 1 period or more, got {rebalance}.")
    return rebalance


def load_strategy(strategy: str | Path, *, beside: Path | None = None) -> StrategyConfig:
    """Load a strategy.

    Args:
        strategy: A packaged name such as "slp", or the path of a TOML file.
        beside: Folder in which a relative path is looked for first.

    Raises:
        ConfigError: If there is none, or a key or value in it is wrong.
    """
    path = find_file("strategies", strategy, beside=beside)
    return parse_strategy(read_toml(path), source=path.name)


def parse_strategy(values: dict[str, Any], *, source: str) -> StrategyConfig:
    """Validate the tables of a strategy file.

    Raises:
        ConfigError: Naming `source` and the key.
    """
    try:
        return StrategyConfig(**values)
    except ConfigError as error:
        raise ConfigError(f"In {source!r}: {error}") from error
