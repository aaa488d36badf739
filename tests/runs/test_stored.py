"""Listing runs: whatever lies in the folder is told, nothing crashes."""

import json
import shutil

import pytest

from blportfolio.errors import DataError
from blportfolio.runs.facts import RunFacts, run_facts
from blportfolio.runs.stored import list_runs, read_run, reference_run

NAME = "20260101T000000000Z-0123abcd"


@pytest.fixture
def run(tmp_path):
    """A copy of the packaged run, in a folder of runs."""
    folder = tmp_path / "runs" / "copied" / NAME
    shutil.copytree(reference_run(), folder)
    return folder


def only(run):
    (found,) = list_runs(run.parent.parent)
    return found


def test_a_finished_run_is_listed_and_read_with_every_strategy(run):
    assert only(run).kind == "run"
    read = read_run(run)
    names = [record["name"] for record in read.summary["strategies"]]
    assert list(read.results[""]) == names
    first = read.results[""][names[0]]
    assert float((1 + first.returns).prod()) == pytest.approx(
        read.summary["strategies"][0]["final_wealth"]
    )


BROKEN = [b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{}", b"NaN"]


@pytest.mark.parametrize("file", ["manifest.json", "summary.json"])
@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_a_damaged_file_is_told_and_never_a_crash(run, file, content):
    (run / file).write_bytes(content)
    found = only(run)
    assert found.kind == "damaged"
    assert found.problem
    assert "\n" not in found.problem
    assert isinstance(run_facts(found), RunFacts)


@pytest.mark.parametrize("file", ["manifest.json", "summary.json"])
def test_a_missing_file_is_told(run, file):
    (run / file).unlink()
    assert only(run).kind == "damaged"
    with pytest.raises(DataError, match=r"manifest\.json|summary\.json"):
        read_run(run)


def test_files_links_and_hidden_folders_are_no_runs(run, tmp_path):
    root = run.parent.parent
    (root / "notes.txt").write_text("x")
    (root / "copied" / "readme").write_text("x")
    (root / ".cache" / "inside").mkdir(parents=True)
    (root / "copied" / ".hidden").mkdir()
    (root / "copied" / "loop").symlink_to(root / "copied" / "loop")
    (root / "dangling").symlink_to(tmp_path / "nowhere")
    assert [found.run_id for found in list_runs(root)] == [only(run).run_id]


def test_a_missing_folder_and_a_file_in_its_place_hold_no_runs(tmp_path):
    assert list_runs(tmp_path / "missing") == []
    (tmp_path / "file").write_text("")
    assert list_runs(tmp_path / "file") == []


def test_runs_are_listed_newest_first(run):
    older = run.parent / "20250101T000000000Z-0123abcd"
    shutil.copytree(run, older)
    for folder, year in ((run, 2026), (older, 2025)):
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest |= {"created_utc": f"{year}-01-01T00:00:00+00:00", "run_id": folder.name}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    assert [found.run_id[:4] for found in list_runs(run.parent.parent)] == ["2026", "2025"]
