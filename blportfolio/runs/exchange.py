"""A run as one zip file, and back from one that somebody sends."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from blportfolio.backtest.result import FRAMES, SERIES
from blportfolio.errors import BLPortfolioError, DataError
from blportfolio.folders import new_folder
from blportfolio.report.run_page import render_stored
from blportfolio.report.run_tables import TABLES, csv_text
from blportfolio.runs.stored import Run, read_run

MOST_BYTES = 200 * 1024 * 1024
"""Largest run that is read, unpacked."""

MOST_FILES = 5_000
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,  # a compression that Python does not know
    RuntimeError,  # a password
    EOFError,
    OSError,
)
HEAD = ("manifest.json", "summary.json")
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}"
_PARQUET = "|".join((*SERIES, *FRAMES))
_RESULT = re.compile(rf"strategies/(?:{_PART}/)?{_PART}/(?:manifest\.json|(?:{_PARQUET})\.parquet)")
_MADE = re.compile(
    rf"report\.html|label\.txt|(?:tables/{_PART}/)?(?:returns|weights|trades)\.csv"
    rf"|charts/(?:{_PART}/)?{_PART}\.png"
)
_RUN_ID = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{8}")
_NAME = re.compile(r"[A-Za-z0-9_\-]{1,100}")


def zip_run(run: Run) -> bytes:
    """Return a run as a zip file: exact results, manifest and summary, tables and page.

    Tables and page are made from the results where the run's folder has none.

    Raises:
        DataError: If a file of the run cannot be read.
    """
    stream = io.BytesIO()
    files: dict[str, bytes] = {}
    try:
        for path in sorted(run.folder.rglob("*")):
            name = path.relative_to(run.folder).as_posix()
            if path.is_file() and (
                name in HEAD or _RESULT.fullmatch(name) or _MADE.fullmatch(name)
            ):
                files[name] = path.read_bytes()
    except OSError as error:
        raise DataError(f"The run {run.run_id!r} cannot be read: {error.strerror}.") from error
    for universe, results in run.results.items():
        place = f"tables/{universe}/" if universe else ""
        for name, table in TABLES.items():
            if f"{place}{name}.csv" not in files:
                files[f"{place}{name}.csv"] = csv_text(*table(list(results.values()))).encode()
    if "report.html" not in files:
        files["report.html"] = report_html(run).encode()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(f"{run.run_id}/{name}", content)
    return stream.getvalue()


def report_html(run: Run) -> str:
    """Return the page of a run, from its folder or else from its results."""
    path = run.folder / "report.html"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        results = {universe: list(own.values()) for universe, own in run.results.items()}
        return render_stored(results, summary=run.summary, manifest=run.manifest)


def unzip_run(content: bytes, runs: str | Path) -> Run:
    """Read a run from a zip file into a folder of runs.

    Only files that a run consists of are read, and of them the exact results, the manifest and the
    summary are kept: page, charts and tables are made from these. Nothing in the file is executed,
    and no name in it decides where something is written. Results must have the hashes that the
    manifest lists.

    Args:
        content: The zip file.
        runs: Folder of runs; the run lies in <experiment>/<run id> of it.

    Raises:
        DataError: If it is no zip file, holds something else, is too large, or the run in it is
            damaged or there already.
    """
    try:
        files = _unpacked(content)
        manifest = json.loads(files["manifest.json"])
        run_id = str(manifest["run_id"])
        experiment = str(json.loads(files["summary.json"])["experiment"])
        outputs = dict(manifest["outputs"])
    except KeyError as error:
        raise DataError(
            f"The zip file holds no finished run: {error} is missing. Choose one that the page "
            "Backtest made, with manifest.json and summary.json."
        ) from error
    except UNREADABLE as error:
        raise DataError(f"The file is no zip file that can be read: {error}.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"The run in the zip file is damaged: {error}.") from error
    if not (_RUN_ID.fullmatch(run_id) and _NAME.fullmatch(experiment)):
        raise DataError("The run in the zip file is damaged: its id or name is none of a run.")
    for name, inside in files.items():
        known = outputs.get(name)
        if name != "manifest.json" and hashlib.sha256(inside).hexdigest() != known:
            raise DataError(
                f"The run in the zip file is damaged: {name} is not what its manifest says. "
                "Download the run again."
            )
    target = Path(runs) / experiment / run_id
    try:
        with new_folder(target) as part:
            for name, inside in files.items():
                path = part.joinpath(*PurePosixPath(name).parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(inside)
            read_run(part)
    except BLPortfolioError as error:
        if target.exists():
            raise DataError(
                f"The run {run_id} is here already; choose it in the sidebar."
            ) from error
        told = str(error).replace(f"{target}.part", run_id).replace(str(target), run_id)
        raise DataError(f"The run in the zip file is damaged: {told}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"The run in the zip file is damaged: {error}.") from error
    return read_run(target)


def _unpacked(content: bytes) -> dict[str, bytes]:
    """Return the files of a run that are kept, by name; refuse what is no run.

    Raises:
        DataError: If a name is not one of a run's, or there is too much.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MOST_FILES:
            raise DataError(
                f"The zip file holds {len(entries):,} files, more than the {MOST_FILES:,} that a "
                "run may have."
            )
        heads = [entry.filename for entry in entries if entry.filename.endswith("summary.json")]
        folder = heads[0].removesuffix("summary.json") if heads else ""
        kept: dict[str, bytes] = {}
        room = MOST_BYTES
        for entry in entries:
            name = entry.filename.removeprefix(folder)
            if _MADE.fullmatch(name):
                continue
            if not (name in HEAD or _RESULT.fullmatch(name)) or ".." in name or name in kept:
                raise DataError(
                    f"The zip file holds {entry.filename[:80]!r}, which is no file of a run. "
                    "Choose a zip file that the page Backtest made."
                )
            with archive.open(entry) as stream:  # what it says of its size may be wrong
                inside = stream.read(room + 1)
            room -= len(inside)
            if room < 0:
                raise DataError(
                    f"The run in the zip file is larger than {MOST_BYTES // 1024**2} MB unpacked, "
                    "more than the dashboard reads."
                )
            kept[name] = inside
    return kept
