"""The page Runs: list, choose, rename, delete, compare, with whatever lies in the folder."""

import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blportfolio.app.filters import EXAMPLE
from blportfolio.app.screens.runs.compare import KEY as COMPARED
from blportfolio.app.screens.runs.one import SHOWN
from blportfolio.report.run_folder import read_summary
from blportfolio.report.tables import format_rows
from blportfolio.runs.labels import read_label
from blportfolio.runs.stored import reference_run

RECORDS = read_summary(reference_run())["strategies"]


def words(page):
    kinds = (page.markdown, page.caption, page.error, page.warning, page.info, page.success)
    return "\n".join(element.value for kind in kinds for element in kind).replace("\\", "")


def listed(page):
    return page.dataframe[0].value


def name_of(page, run_id):
    table = listed(page)
    return table.loc[table["Run id"] == run_id, "Run"].item()


def check_clean(page):
    assert not page.exception
    assert not page.error, [error.value for error in page.error]


def open_run(open_page, run_id):
    page = open_page("runs")
    page.selectbox(key=SHOWN).set_value(name_of(page, run_id)).run()
    assert not page.exception
    return page


def add_study(folder):
    folder.mkdir(parents=True)
    manifest = {
        "run_id": folder.name,
        "created_utc": "2026-02-01T00:00:00+00:00",
        "data": {"name": "sp500_20"},
        "duration_s": 12.5,
        "git_commit": "0123456789",
        "git_dirty": False,
        "command": "blportfolio forecast compare sp500_20",
    }
    table = {
        "heading": "Errors",
        "headings": ["Forecaster", "MSE", "MSE"],
        "rows": [["zero", "1", "2"]],
    }
    summary = {
        "kind": "study", "experiment": "forecast_compare", "title": "A contest of forecasters",
        "lead": ["Nothing beats zero *here*.", "By [far](x)."], "tables": [table], "records": [],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "summary.json").write_text(json.dumps(summary))


def test_at_first_the_example_is_listed_and_the_next_command_is_said(open_page):
    page = open_page("runs")
    check_clean(page)
    assert listed(page)["Run"].tolist() == [EXAMPLE]
    assert listed(page)["State"].tolist() == ["finished (example)"]
    assert "blportfolio backtest" in page.info[0].value
    assert "never changed or deleted" in words(page)
    assert not [button for button in page.button if "elete" in button.label]
    figures = page.dataframe[1].value
    shown = [tuple(row) for row in figures.itertuples(index=False)]
    assert shown == format_rows(RECORDS, ranges=True)


@pytest.mark.usefixtures("no_runs")
def test_with_nothing_at_all_there_is_a_sentence(open_page):
    page = open_page("runs")
    check_clean(page)
    assert "no run of your own" in page.info[0].value
    assert not page.dataframe


def test_a_damaged_and_an_unfinished_run_are_listed_with_what_is_wrong(
    open_page, damaged_run, runs_folder
):
    (damaged_run / "summary.json").write_text("{")
    (runs_folder / "copied" / "20260103T000000000Z-0123abcd.part").mkdir()
    (runs_folder / "copied" / "holiday photos").mkdir()
    (runs_folder / "a file").write_text("")
    page = open_page("runs")
    check_clean(page)
    table = listed(page).set_index("Run id")
    assert table.loc[damaged_run.name, "State"] == "damaged"
    assert "summary.json" in table.loc[damaged_run.name, "What is wrong"]
    assert table.loc["20260103T000000000Z-0123abcd.part", "State"] == "unfinished"
    assert table.loc["holiday photos", "State"] == "damaged"
    page = open_run(open_page, damaged_run.name)
    assert len(page.error) == 1
    assert "summary.json" in page.error[0].value
    assert page.multiselect(key=COMPARED).value  # the rest of the page goes on


def test_a_run_whose_results_were_lost_still_says_what_its_summary_has(open_page, damaged_run):
    page = open_run(open_page, damaged_run.name)
    check_clean(page)
    assert len(page.dataframe[1].value) == len(RECORDS)


def test_a_study_is_shown_as_what_it_is(open_page, runs_folder):
    add_study(runs_folder / "forecast_compare" / "20260201T000000000Z-0123abcd")
    page = open_run(open_page, "20260201T000000000Z-0123abcd")
    check_clean(page)
    row = listed(page).set_index("Run id").loc["20260201T000000000Z-0123abcd"]
    assert row["State"] == "study"
    assert row["Strategies"] == "A contest of forecasters"
    assert row["Commit"] == "0123456"
    assert "Nothing beats zero *here*." in words(page)
    assert r"By \[far\]\(x\)." in [one.value for one in page.markdown]
    assert page.dataframe[1].value.columns.tolist() == ["Forecaster", "MSE", "MSE (2)"]
    assert not [button for button in page.button if button.label == "Open in Backtest"]


def test_a_run_is_renamed_everywhere_at_once_and_keeps_being_shown(open_page, stored_run):
    page = open_page("runs")
    name = name_of(page, stored_run.name)
    page.selectbox(key="run").set_value(name).run()
    page.selectbox(key=SHOWN).set_value(name).run()
    page.text_input(key=f"runs_label:{stored_run}").set_value("  My   best *run* ")
    page.button(key="FormSubmitter:runs_rename-Rename").click().run()
    check_clean(page)
    assert read_label(stored_run) == "My best *run*"
    renamed = name_of(page, stored_run.name)
    assert renamed.startswith("My best *run* 2026-01-01")
    assert page.selectbox(key=SHOWN).value == renamed
    assert page.selectbox(key="run").value == renamed
    assert "is called My best *run* now" in words(page)


def test_a_label_that_is_taken_is_a_sentence_and_changes_nothing(
    open_page, stored_run, runs_folder
):
    twin = runs_folder / "copied" / "20260102T000000000Z-0123abcd"
    shutil.copytree(stored_run, twin)
    manifest = json.loads((twin / "manifest.json").read_text())
    (twin / "manifest.json").write_text(json.dumps({**manifest, "run_id": twin.name}))
    (twin / "label.txt").write_text("Mine")
    page = open_run(open_page, stored_run.name)
    page.text_input(key=f"runs_label:{stored_run}").set_value("MINE")
    page.button(key="FormSubmitter:runs_rename-Rename").click().run()
    assert len(page.error) == 1
    assert "is taken" in page.error[0].value
    assert not (stored_run / "label.txt").exists()


def test_a_run_is_deleted_only_after_a_confirmation_that_names_it(open_page, stored_run):
    page = open_run(open_page, stored_run.name)
    page.button(key="runs_delete").click().run()
    assert stored_run.is_dir()
    assert stored_run.name in page.warning[0].value
    page.button(key="runs_keep").click().run()
    assert stored_run.is_dir()
    assert not page.warning
    page.button(key="runs_delete").click().run()
    assert page.button(key="runs_delete_sure").label == f"Delete {stored_run.name}"
    page.button(key="runs_delete_sure").click().run()
    check_clean(page)
    assert not stored_run.exists()
    assert page.success[0].value.startswith("Deleted ")
    assert listed(page)["Run"].tolist() == [EXAMPLE]
    assert page.selectbox(key=SHOWN).value == EXAMPLE


def test_a_link_to_somewhere_else_is_never_deleted(open_page, stored_run, tmp_path):
    outside = tmp_path / "outside"
    shutil.move(stored_run, outside)
    stored_run.symlink_to(outside)
    page = open_run(open_page, stored_run.name)
    page.button(key="runs_delete").click().run()
    page.button(key="runs_delete_sure").click().run()
    assert "left alone" in page.error[0].value
    assert (outside / "manifest.json").exists()


@given(label=st.text(max_size=60))
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_a_run_is_called_the_page_is_drawn(open_page, stored_run, label):
    page = open_run(open_page, stored_run.name)
    page.text_input(key=f"runs_label:{stored_run}").set_value(label)
    page.button(key="FormSubmitter:runs_rename-Rename").click().run()
    assert not page.exception
    assert bool(page.error) or read_label(stored_run) in name_of(page, stored_run.name)


def test_strategies_of_two_runs_stand_side_by_side_with_what_differs(open_page, stored_run):
    manifest = json.loads((stored_run / "manifest.json").read_text())
    for strategy in manifest["config"]["strategies"]:
        strategy["lookback"] = 126
    (stored_run / "manifest.json").write_text(json.dumps(manifest))
    page = open_page("runs")
    name = name_of(page, stored_run.name)
    chosen = [f"SLP-BL · {EXAMPLE}", f"SLP-BL · {name}"]
    page.multiselect(key=COMPARED).set_value(chosen).run()
    check_clean(page)
    assert f"Lookback (returns): 252 in {EXAMPLE}; 126 in {name}." in words(page)
    figures, shown = page.dataframe[2].value, page.dataframe[3].value
    slp = format_rows([record for record in RECORDS if record["name"] == "SLP-BL"])[0]
    assert figures.iloc[0].tolist()[1:] == figures.iloc[1].tolist()[1:] == list(slp)[1:]
    assert shown.loc[shown["Differs"] == "≠", "Setting"].tolist() == ["Lookback (returns)"]
    page.multiselect(key=COMPARED).set_value([]).run()
    check_clean(page)
    assert "Nothing is chosen" in words(page)


def test_a_run_that_was_compared_and_is_gone_is_left_out(open_page, stored_run):
    page = open_page("runs")
    name = name_of(page, stored_run.name)
    page.multiselect(key=COMPARED).set_value([f"SLP-BL · {name}", f"SLP-BL · {EXAMPLE}"]).run()
    shutil.rmtree(stored_run)
    page.run()
    check_clean(page)
    assert page.multiselect(key=COMPARED).value == [f"SLP-BL · {EXAMPLE}"]
