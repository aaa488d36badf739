"""A run as a zip file: the same run again, and nothing else than a run."""

import hashlib
import io
import json
import re
import zipfile

import pandas as pd
import pytest

from blportfolio.errors import DataError
from blportfolio.runs import exchange
from blportfolio.runs.exchange import report_html, unzip_run, zip_run
from blportfolio.runs.stored import read_run, reference_run


@pytest.fixture(scope="module")
def run():
    return read_run(reference_run())


@pytest.fixture(scope="module")
def content(run):
    return zip_run(run)


def changed(content, change):
    """The same zip file with its files changed: `change` gets a dict of bytes by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, inside in files.items():
            archive.writestr(name, inside)
    return stream.getvalue()


def name_of(files, ending):
    return next(name for name in files if name.endswith(ending))


def rewrite(files, ending, **values):
    name = name_of(files, ending)
    document = json.loads(files[name]) | values
    files[name] = json.dumps(document).encode()


def test_a_run_comes_back_as_it_was(run, content, tmp_path):
    back = unzip_run(content, tmp_path)
    assert back.folder == tmp_path / "reference" / run.run_id
    assert back.manifest == run.manifest
    assert back.summary == run.summary
    for name, result in run.results[""].items():
        other = back.results[""][name]
        pd.testing.assert_series_equal(other.returns, result.returns)
        pd.testing.assert_frame_equal(other.weights, result.weights)
        pd.testing.assert_frame_equal(other.trades, result.trades)


def test_the_zip_file_holds_tables_and_page_even_where_the_run_has_none(run, content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
        assert archive.testzip() is None
        page = archive.read(f"{run.run_id}/report.html").decode()
        returns = pd.read_csv(archive.open(f"{run.run_id}/returns.csv"), index_col="date")
    assert {"manifest.json", "summary.json", "weights.csv", "trades.csv"} <= names
    assert not any(name.startswith("/") or ".." in name for name in names)
    assert list(returns.columns) == list(run.results[""])
    first = next(iter(run.results[""].values()))
    assert returns.iloc[:, 0].tolist() == first.returns.tolist()
    again = report_html(run)
    assert re.sub(r"clip\d+", "", page) == re.sub(r"clip\d+", "", again)  # a counter of the process
    for name in run.results[""]:
        assert name in page
    assert page.count("<svg") == 3 + len(run.results[""])


def test_what_can_be_made_again_is_not_taken_from_the_zip_file(content, tmp_path):
    back = unzip_run(content, tmp_path)
    kept = {path.name for path in back.folder.rglob("*") if path.is_file()}
    assert "report.html" not in kept
    assert "returns.csv" not in kept
    assert {path.suffix for path in back.folder.rglob("*") if path.is_file()} == {
        ".json", ".parquet",
    }  # fmt: skip


def test_a_run_that_is_here_already_is_not_replaced(content, tmp_path):
    unzip_run(content, tmp_path)
    with pytest.raises(DataError, match="is here already"):
        unzip_run(content, tmp_path)


BAD_NAMES = [
    "../escaped.json", "/etc/passwd", "strategies/../../x/manifest.json",
    "strategies/a/returns.pkl",
    "strategies/a/b/c/returns.parquet", "notes.txt", "strategies\\a\\returns.parquet",
    "strategies/.a/returns.parquet", "strategies/a/..parquet", "C:/x/manifest.json",
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_NAMES)
def test_a_name_that_is_none_of_a_run_is_refused_and_nothing_is_written(bad, content, tmp_path):
    def add(files):
        prefix = name_of(files, "summary.json").removesuffix("summary.json")
        for name in (bad, prefix + bad):
            files[name] = b"x"

    runs = tmp_path / "runs"
    with pytest.raises(DataError, match="no file of a run"):
        unzip_run(changed(content, add), runs)
    assert not runs.exists()
    assert [path.name for path in tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("ending", "values", "said"),
    [
        ("manifest.json", {"run_id": "../../x"}, "its id or name is none of a run"),
        ("summary.json", {"experiment": "../x"}, "its id or name is none of a run"),
        ("summary.json", {"strategies": []}, "summary.json is not what its manifest says"),
        ("manifest.json", {"outputs": None}, "is damaged"),
        ("manifest.json", {"outputs": {}}, "is not what its manifest says"),
    ],
)
def test_a_manifest_that_was_changed_is_found(ending, values, said, content, tmp_path):
    def change(files):
        name = f"/{ending}"
        top = next(n for n in files if n.endswith(name) and n.count("/") == 1)
        files[top] = json.dumps(json.loads(files[top]) | values).encode()

    with pytest.raises(DataError, match=said):
        unzip_run(changed(content, change), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_result_that_was_changed_is_found(content, tmp_path):
    def change(files):
        files[name_of(files, "returns.parquet")] += b"0"

    with pytest.raises(DataError, match=r"returns\.parquet is not what its manifest says"):
        unzip_run(changed(content, change), tmp_path)


def test_a_result_that_is_damaged_where_its_hash_is_right_is_found(content, tmp_path):
    def change(files):
        name = name_of(files, "returns.parquet")
        files[name] = b"PAR1 nothing"
        top = next(n for n in files if n.endswith("/manifest.json") and n.count("/") == 1)
        manifest = json.loads(files[top])
        inside = name.partition("/")[2]
        manifest["outputs"][inside] = hashlib.sha256(files[name]).hexdigest()
        files[top] = json.dumps(manifest).encode()

    with pytest.raises(DataError, match="damaged") as caught:
        unzip_run(changed(content, change), tmp_path / "runs")
    assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("bad", [b"", b"no zip file", b"PK\x03\x04 cut off"])
def test_what_is_no_zip_file_is_refused(bad, tmp_path):
    with pytest.raises(DataError, match="no zip file that can be read"):
        unzip_run(bad, tmp_path)


def test_a_zip_file_cut_in_the_middle_is_refused(content, tmp_path):
    for part in (content[: len(content) // 2], content[:200] + b"\0" * 500 + content[700:]):
        with pytest.raises(DataError):
            unzip_run(part, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_zip_file_without_a_run_says_what_is_missing(content, tmp_path):
    def drop(files):
        for name in [name for name in files if name.endswith("summary.json")]:
            del files[name]

    with pytest.raises(DataError):
        unzip_run(changed(content, drop), tmp_path)
    with pytest.raises(DataError, match=r"'manifest\.json' is missing"):
        unzip_run(changed(content, dict.clear), tmp_path)


def test_the_size_unpacked_is_limited_whatever_the_file_says_of_it(content, tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "MOST_BYTES", 20_000)
    with pytest.raises(DataError, match="larger than 0 MB unpacked"):
        unzip_run(content, tmp_path)
    monkeypatch.setattr(exchange, "MOST_FILES", 3)
    with pytest.raises(DataError, match="more than the 3 that"):
        unzip_run(content, tmp_path)


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(exchange, "MOST_BYTES", 1_000_000)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("summary.json", b"0" * 50_000_000)
    assert len(stream.getvalue()) < 100_000
    with pytest.raises(DataError, match="larger than"):
        unzip_run(stream.getvalue(), tmp_path)
