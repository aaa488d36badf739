import os
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blportfolio.errors import BLPortfolioError, ConfigError, DataError, OutputError
from blportfolio.runs.labels import LONGEST, checked_label, label_run, read_label
from blportfolio.runs.removal import Contents, contents_of, delete_run
from blportfolio.runs.stored import describe_run_folder, list_runs, reference_run

NAME = "20260102T030405006Z-0a1b2c3d"
NAMES = [NAME, "20260103T030405006Z-0a1b2c3d", "20260104T030405006Z-deadbeef"]
HOUR = 3600


def tree(folder):
    """Every path below a folder, what kind it is, and the bytes of files."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else path.is_dir()
        for path in sorted(folder.rglob("*"))
    }


def make(runs, name=NAME, experiment="sample"):
    place = runs / experiment / name
    place.mkdir(parents=True)
    (place / "summary.json").write_text("{}")
    return place


@pytest.fixture
def runs(tmp_path):
    """A folder of runs with something beside it that must survive."""
    (tmp_path / "precious.txt").write_text("keep")
    folder = tmp_path / "runs"
    for name in NAMES:
        make(folder, name)
    return folder


def test_a_label_is_read_back_in_its_normal_form_and_leaves_the_run_as_it_was(runs):
    place = runs / "sample" / NAME
    before = tree(place)
    assert label_run(runs, place, "  My   café ") == "My café"
    assert read_label(place) == "My café"
    assert {k: v for k, v in tree(place).items() if k != "label.txt"} == before
    assert label_run(runs, place, "") == ""
    assert tree(place) == before
    assert read_label(place) == ""


@pytest.mark.parametrize("other", ["Twin", "twin", " TWIN "])
def test_two_runs_cannot_have_one_label(runs, other):
    first, second = (runs / "sample" / name for name in NAMES[:2])
    label_run(runs, first, "Twin")
    label_run(runs, first, "Twin")  # its own it may keep
    with pytest.raises(ConfigError, match="is taken by the run 20260102"):
        label_run(runs, second, other)
    with pytest.raises(ConfigError, match="taken"):
        label_run(runs, second, NAMES[2])


@given(label=st.text(max_size=LONGEST + 20))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_typed_writes_one_file_of_the_run_or_none(runs, label):
    place = runs / "sample" / NAME
    before = tree(runs.parent)
    before.pop(f"runs/sample/{NAME}/label.txt", None)
    try:
        text = label_run(runs, place, label)
    except ConfigError:
        text = None
    after = tree(runs.parent)
    written = after.pop(f"runs/sample/{NAME}/label.txt", None)
    assert after == before
    if text is not None:
        assert read_label(place) == text
        assert (written or b"").decode() == text
        assert len(text) <= LONGEST
        assert text.isprintable()
        assert unicodedata.is_normalized("NFC", text)
        assert checked_label(text) == text


@pytest.mark.parametrize("label", ["a\x00b", "a\x1b[31mred", "tur\u202ened", "\ud800", "x" * 61])
def test_a_label_that_cannot_be_shown_is_refused(runs, label):
    with pytest.raises(ConfigError, match="`label` must"):
        label_run(runs, runs / "sample" / NAME, label)


def test_a_damaged_label_is_no_label(runs):
    place = runs / "sample" / NAME
    (place / "label.txt").write_bytes(b"\xff\xfe\x00")
    assert read_label(place) == ""
    (place / "label.txt").write_text("x" * 10_000)
    assert read_label(place) == ""


def test_a_run_is_deleted_whole_and_nothing_else(runs):
    place = runs / "sample" / NAME
    (place / "strategies" / "slp").mkdir(parents=True)
    (place / "strategies" / "slp" / "weights.csv").write_text("1234567890")
    rest = {k: v for k, v in tree(runs.parent).items() if NAME not in k}
    assert contents_of(place) == Contents(2, 12)
    assert delete_run(runs, place) == Contents(2, 12)
    assert tree(runs.parent) == rest


def test_the_last_run_of_an_experiment_takes_its_folder_along_but_never_that_of_the_runs(runs):
    for name in NAMES:
        delete_run(runs, runs / "sample" / name)
    assert runs.is_dir()
    assert not list(runs.iterdir())


def test_links_are_not_followed(runs, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file.txt").write_text("keep")
    make(tmp_path / "elsewhere")
    (runs / "sample" / "20260105T030405006Z-0a1b2c3d").symlink_to(outside)
    (runs / "linked").symlink_to(tmp_path / "elsewhere" / "sample")
    (runs / "sample" / NAME / "inside").symlink_to(outside)
    before = tree(tmp_path / "outside"), tree(tmp_path / "elsewhere")
    for link in (runs / "sample" / "20260105T030405006Z-0a1b2c3d", runs / "linked" / NAME):
        for change in (lambda run: delete_run(runs, run), lambda run: label_run(runs, run, "x")):
            with pytest.raises(DataError, match="left alone"):
                change(link)
    delete_run(runs, runs / "sample" / NAME)
    assert (tree(tmp_path / "outside"), tree(tmp_path / "elsewhere")) == before
    assert not (runs / "sample" / NAME).exists()


def test_a_folder_of_runs_that_is_itself_a_link_works(runs, tmp_path):
    (tmp_path / "my_runs").symlink_to(runs)
    delete_run(tmp_path / "my_runs", tmp_path / "my_runs" / "sample" / NAME)
    assert not (runs / "sample" / NAME).exists()


ESCAPES = [
    ".", "..", "../..", "sample", "sample/..", f"sample/{NAME}/..",
    f"sample/../../runs/sample/{NAME}/..", f"sample/{NAME}/strategies", "/", "/etc",
    "sample/\x00", "", "missing/run",
]  # fmt: skip


@pytest.mark.parametrize("path", ESCAPES)
def test_nothing_but_a_run_can_be_named(runs, path):
    (runs / "sample" / NAME / "strategies").mkdir()
    before = tree(runs.parent)
    for change in (lambda run: delete_run(runs, run), lambda run: label_run(runs, run, "x")):
        with pytest.raises(DataError):
            change(runs / path)
    assert tree(runs.parent) == before


PARTS = st.sampled_from(["..", ".", "sample", NAME, "strategies", "x", " ", "~", "*", "a\\b"])


@given(parts=st.lists(PARTS | st.text(max_size=8), max_size=6))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_deletes_outside_a_run(runs, parts):
    target = runs.joinpath(*(part for part in parts if "/" not in part))
    before = tree(runs.parent)
    try:
        delete_run(runs, target)
    except BLPortfolioError:
        assert tree(runs.parent) == before
        return
    gone = set(before) - set(tree(runs.parent))
    assert len({Path(path).parts[2] for path in gone if len(Path(path).parts) > 2}) <= 1
    for name in NAMES:  # as it was, for the next example
        if not (runs / "sample" / name).exists():
            make(runs, name)


def test_a_folder_that_is_no_run_is_left_alone(runs):
    thesis = runs / "notes" / "thesis"
    thesis.mkdir(parents=True)
    (thesis / "chapter.txt").write_text("years of work")
    with pytest.raises(DataError, match="neither the name nor the manifest of a run"):
        delete_run(runs, thesis)
    assert (thesis / "chapter.txt").exists()


def test_the_reference_run_is_never_changed():
    folder = reference_run()
    before = tree(folder)
    root = folder.parent.parent  # where it would count as runs/<experiment>/<run>
    for change in (lambda: delete_run(root, folder), lambda: label_run(root, folder, "mine")):
        with pytest.raises(DataError, match="never changed or deleted"):
            change()
    assert tree(folder) == before


def test_an_unfinished_run_is_deleted_only_when_nobody_has_written_for_an_hour(runs):
    place = make(runs, f"{NAMES[0]}.part")
    with pytest.raises(DataError, match="may still be going on"):
        delete_run(runs, place)
    then = time.time() - HOUR - 1
    for path in (place, place / "summary.json"):
        os.utime(path, (then, then))
    delete_run(runs, place)
    assert not place.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_run_that_cannot_be_deleted_is_said_so(runs):
    place = runs / "sample" / NAME
    (runs / "sample").chmod(0o500)
    try:
        with pytest.raises(OutputError, match="cannot be deleted"):
            delete_run(runs, place)
        assert place.is_dir()
    finally:
        (runs / "sample").chmod(0o700)


def test_what_is_left_of_a_half_deleted_run_is_listed_as_unfinished(runs, monkeypatch):
    place = runs / "sample" / NAME

    def refuse(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        delete_run(runs, place)
    (left,) = [run for run in list_runs(runs) if NAME in run.folder.name]
    assert left.kind == "damaged"
    assert "unfinished" in describe_run_folder(left.folder).problem
