import copy
import json

import pytest

from blportfolio.errors import ConfigError, DataError
from blportfolio.runs.facts import RunFacts, run_facts
from blportfolio.runs.side_by_side import (
    Chosen,
    cautions,
    compare_settings,
    differences,
)
from blportfolio.runs.stored import StoredRun, describe_run_folder, reference_run

RUN = reference_run()
MANIFEST = json.loads((RUN / "manifest.json").read_text(encoding="utf-8"))
RECORDS = json.loads((RUN / "summary.json").read_text(encoding="utf-8"))["strategies"]


def chosen(name, label=None, change=len, **record):
    manifest = copy.deepcopy(MANIFEST)
    (strategy,) = [s for s in manifest["config"]["strategies"] if s["name"] == name]
    change(strategy)
    (figures,) = [r for r in RECORDS if r["name"] == name]
    return Chosen(label or name, manifest, {**figures, **record})


def rows(*ones):
    return {row.name: row for row in compare_settings(ones)}


def test_the_same_strategy_twice_differs_in_nothing():
    pair = chosen("SLP-BL", "first"), chosen("SLP-BL", "second")
    settings = compare_settings(pair)
    assert not [row for row in settings if row.differs]
    assert differences(pair, settings) == []
    assert cautions(settings) == []


@pytest.mark.parametrize("place", ["lookback", "cost_bps", "prior.tau", "prior.risk_aversion"])
def test_one_changed_setting_is_the_one_difference(place):
    def change(strategy):
        *tables, key = place.split(".")
        for table in tables:
            strategy = strategy[table]
        strategy[key] = 63

    pair = chosen("SLP-BL", "old"), chosen("SLP-BL", "new", change)
    settings = compare_settings(pair)
    (row,) = [row for row in settings if row.differs]
    (sentence,) = differences(pair, settings)
    assert row.values[1] == "63"
    assert sentence == f"{row.name}: {row.values[0]} in old; 63 in new."


def test_a_setting_of_one_model_is_no_difference_beside_that_of_the_models():
    pair = chosen("SLP-BL"), chosen("Equal weight")
    settings = rows(*pair)
    assert settings["Prior"].differs
    assert settings["Objective"].differs
    assert not [name for name, row in settings.items() if "tau" in name and row.differs]


def test_the_main_settings_are_shown_even_where_nothing_differs():
    names = list(rows(chosen("Equal weight")))
    assert names[:4] == ["Data", "Files", "Held", "Seed"]
    assert "Lookback (returns)" in names
    assert len(names) == 11


def test_figures_over_other_dates_data_and_costs_come_with_a_caution():
    other = chosen("SLP-BL", "other", last_held="2020-12-31")
    settings = compare_settings((chosen("SLP-BL"), other))
    assert [text for text in cautions(settings) if "different dates" in text]
    dear = chosen("SLP-BL", "dear", lambda strategy: strategy.update(cost_bps=50.0))
    assert cautions(compare_settings((chosen("SLP-BL"), dear))) == ["They paid different costs."]
    elsewhere = chosen("SLP-BL", "elsewhere")
    elsewhere.manifest["data"].update(name="mine", sources={"mine.csv": "0" * 64})
    told = cautions(compare_settings((chosen("SLP-BL"), elsewhere)))
    assert len(told) == 1
    assert "different data" in told[0]


def test_no_more_than_six_are_compared():
    one = chosen("SLP-BL")
    assert compare_settings([one] * 6)
    for count in (0, 7):
        with pytest.raises(ConfigError, match="from 1 to 6"):
            compare_settings([one] * count)


def test_a_manifest_without_settings_is_a_sentence():
    broken = Chosen("broken", {"config": {}}, RECORDS[0])
    with pytest.raises(DataError, match="does not say what was set"):
        compare_settings([broken])


def test_a_list_says_of_a_run_what_its_files_say():
    facts = run_facts(describe_run_folder(RUN))
    assert facts.data == MANIFEST["data"]["name"]
    assert facts.strategies == tuple(record["name"] for record in RECORDS)
    assert facts.first == RECORDS[0]["first_held"]
    assert facts.last == RECORDS[0]["last_held"]
    assert facts.duration_s == MANIFEST["duration_s"]
    assert MANIFEST["git_commit"].startswith(facts.commit.rstrip("+"))


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{", '{"data": 1}', "null", '{"duration_s": "x", "data": {}}']
)
def test_of_a_damaged_run_nothing_is_said_rather_than_a_crash(tmp_path, manifest):
    (tmp_path / "manifest.json").write_text(manifest)
    run = StoredRun(tmp_path, "sample", "x", "damaged")
    assert run_facts(run) == RunFacts()


def test_of_a_study_the_list_has_its_title(tmp_path):
    (tmp_path / "manifest.json").write_text(
        json.dumps({"data": {"name": "sp500_20"}, "duration_s": 3, "git_commit": None})
    )
    summary = {"kind": "study", "title": "A contest", "lead": ["Zero won.", "By little."]}
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    facts = run_facts(StoredRun(tmp_path, "forecast", "x", "study"))
    assert facts.strategies == ("A contest",)
    assert facts.commit == ""
