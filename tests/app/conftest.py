"""Pages opened without a browser, in folders of their own."""

import functools
import json
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from blportfolio.app.session import close_all
from blportfolio.runs.stored import reference_run

TIMEOUT_S = 60


def _draw(name):
    from blportfolio.app import shell

    shell.show(name)


@pytest.fixture(scope="session", autouse=True)
def components_are_sought_once():
    """Each AppTest would look through every installed package for components of Streamlit's."""
    from streamlit.components.v2 import manifest_scanner as scanner

    once = functools.cache(scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "scan_component_manifests", once)
        yield


@pytest.fixture(autouse=True)
def runs_folder(tmp_path, monkeypatch):
    """The folder of runs, empty; no page sees the caller's own."""
    folder = tmp_path / "runs"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BLPORTFOLIO_RUNS", str(folder))
    return folder


@pytest.fixture(autouse=True)
def visits():
    """Visits end with the test."""
    yield
    close_all()


@pytest.fixture
def open_page():
    """Opens a page as a new visitor, with what its URL says; returns the AppTest after one run."""

    def open_(name, *, state=None, **query):
        page = AppTest.from_function(_draw, args=(name,), default_timeout=TIMEOUT_S)
        for key, value in (state or {}).items():
            page.session_state[key] = value
        for key, value in query.items():
            page.query_params[key] = value
        page.run()
        assert not page.exception, [element.value for element in page.exception]
        return page

    return open_


@pytest.fixture
def no_runs(monkeypatch):
    """There is no run at all, not even the packaged one."""
    from blportfolio.app import filters
    from blportfolio.errors import DataError

    def missing():
        raise DataError("The packaged reference run is missing; reinstall blportfolio.")

    monkeypatch.setattr(filters, "reference_run", missing)


@pytest.fixture
def stored_run(runs_folder):
    """A finished run in the folder of runs: a copy of the packaged one under a name of its own."""
    folder = runs_folder / "copied" / "20260101T000000000Z-0123abcd"
    shutil.copytree(reference_run(), folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"run_id": folder.name, "created_utc": "2026-01-01T00:00:00+00:00"}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    summary["experiment"] = "copied"
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return folder


@pytest.fixture
def damaged_run(stored_run):
    """A run of which a result was lost."""
    for file in (stored_run / "strategies").rglob("returns.parquet"):
        file.write_bytes(b"PAR1 lost")
    return stored_run
