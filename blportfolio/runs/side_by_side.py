"""Holds strategies of several runs side by side: what was set, what differs, what that means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blportfolio.errors import ConfigError, DataError
from blportfolio.manifest import digest

MOST = 6
"""Strategies that are compared at once: more cannot be told apart."""
ABSENT = "–"
_NAMES = {
    "lookback": "Lookback (returns)",
    "rebalance": "Rebalance",
    "cost_bps": "Costs (bp a side)",
    "features": "Features",
    "prior.model": "Prior",
    "covariance.model": "Covariance",
    "optimise.model": "Objective",
}
"""Settings that are always shown, in this order."""
_WORDS = {"prior": "Prior", "covariance": "Covariance", "optimise": "Objective"}
_LEFT_OUT = {"name", "description", "schema_version"}


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """One strategy of one run.

    Attributes:
        label: What it is called in the comparison.
        manifest: Of its run.
        record: Its headline figures, as `summary.json` has them.
    """

    label: str
    manifest: Mapping[str, Any]
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of every strategy compared.

    Attributes:
        name: What is set.
        values: (n_chosen,) its values as text; a dash where a strategy has no such setting.
    """

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether two strategies that have the setting have different values of it."""
        return len({value for value in self.values if value != ABSENT}) > 1


def compare_settings(chosen: Sequence[Chosen]) -> list[Setting]:
    """Return what was set for each strategy: the main settings, and others where they differ.

    Args:
        chosen: Up to six strategies of runs.

    Raises:
        ConfigError: If there are none or more than six.
        DataError: If the manifest of one does not say what was set.
    """
    if not 1 <= len(chosen) <= MOST:
        raise ConfigError(f"Choose from 1 to {MOST} strategies to compare, got {len(chosen)}.")
    flat = [_settings_of(one) for one in chosen]
    keys = list(dict.fromkeys(key for settings in flat for key in settings))
    main = [key for key in keys if key in ("Data", "Files", "Held", "Seed")] + list(_NAMES)
    rows = []
    for key in [*main, *(key for key in keys if key not in main)]:
        values = tuple(settings.get(key, ABSENT) for settings in flat)
        row = Setting(_name_of(key), values)
        if key in main or row.differs:
            rows.append(row)
    return rows


def differences(chosen: Sequence[Chosen], settings: Sequence[Setting]) -> list[str]:
    """Return one sentence a setting that differs: which strategy has which value.

    A setting that belongs to one model only is no difference beside that of the models.
    """
    sentences = []
    for row in settings:
        if not row.differs:
            continue
        holders: dict[str, list[str]] = {}
        for one, value in zip(chosen, row.values, strict=True):
            if value != ABSENT:
                holders.setdefault(value, []).append(one.label)
        told = "; ".join(f"{value} in {_listed(names)}" for value, names in holders.items())
        sentences.append(f"{row.name}: {told}.")
    return sentences


def cautions(settings: Sequence[Setting]) -> list[str]:
    """Return what keeps the figures of these strategies from being compared."""
    rows = {row.name: row for row in settings}
    reasons = {
        "Held": "They were held over different dates: good years flatter whoever was there, so "
        "compare them over the same dates.",
        "Data": "They ran on different data, so that a difference may be that of the markets.",
        "Files": "Files of one name differ: the data changed between the runs.",
        _NAMES["cost_bps"]: "They paid different costs.",
    }
    told = [text for name, text in reasons.items() if name in rows and rows[name].differs]
    if len(told) > 1 and reasons["Data"] in told and reasons["Files"] in told:
        told.remove(reasons["Files"])
    return told


def _settings_of(one: Chosen) -> dict[str, str]:
    """Return every setting as text by dotted key.

    Raises:
        DataError: If the manifest lacks them.
    """
    universe = str(one.record.get("universe", ""))
    try:
        told = one.manifest["universes"][universe] if universe else one.manifest
        data = told["data"]
        strategies = {entry["name"]: entry for entry in one.manifest["config"]["strategies"]}
        strategy = strategies[one.record["name"]]
        settings = {
            "Data": str(data["name"]),
            "Files": digest(data["sources"])[:12],
            "Held": f"{one.record['first_held']} to {one.record['last_held']}",
            "Seed": str(one.manifest["seed"]),
        }
        for key, value in strategy.items():
            if key == "features":
                settings[key] = ", ".join(_feature(feature) for feature in value) or "none"
            elif key not in _LEFT_OUT:
                settings.update(_flat(key, value))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"The manifest of {one.label!r} does not say what was set: {error!r}. Run it again."
        ) from error
    return settings


def _flat(key: str, value: object) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {
            k: v for name, inner in value.items() for k, v in _flat(f"{key}.{name}", inner).items()
        }
    return {key: _text(value)}


def _feature(feature: Mapping[str, Any] | str) -> str:
    """Return a feature with the parameters that are not left to it."""
    if isinstance(feature, str):
        return feature
    kept = {k: v for k, v in feature.items() if k != "name" and v not in (None, False, 0)}
    if isinstance(kept.get("forecaster"), Mapping):
        kept = {"forecaster": kept["forecaster"].get("model", "")}
    told = ", ".join(_text(v) if k == "forecaster" else f"{k} {_text(v)}" for k, v in kept.items())
    return f"{feature['name']} ({told})" if told else str(feature["name"])


def _text(value: object) -> str:
    if value is None:
        return "by default"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) for item in value) or "none"
    return str(value).replace("_", " ")


def _name_of(key: str) -> str:
    if key in _NAMES:
        return _NAMES[key]
    first, _, rest = key.partition(".")
    return (
        f"{_WORDS[first]}: {rest.replace('_', ' ').replace('.', ', ')}"
        if rest and first in _WORDS
        else key
    )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
