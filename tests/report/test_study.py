import csv
import json

import altair as alt
import pandas as pd
import pytest

from blportfolio.errors import DataError
from blportfolio.report.study import (
    Section,
    Study,
    Table,
    markdown_table,
    read_study,
    to_markdown,
    write_study,
)

MANIFEST = {
    "run_id": "20260101T000000Z-1",
    "created_utc": "2026-01-01",
    "command": "blportfolio forecast compare <x>",
    "seed": 0,
    "config_sha256": "0123456789abcdef",
    "git_commit": None,
    "git_dirty": False,
}


@pytest.fixture
def study():
    chart = alt.Chart(pd.DataFrame({"x": [1, 2], "y": [1, 2]})).mark_line().encode(x="x", y="y")
    table = Table(
        ("Who", "A %", "Text", "R² % [95 %]"),
        (
            ("=evil|x", "-0.50", "+x", "-1,108.09 [-1,135.62, +80.5]"),
            ("b", "+1.25", "0.1 ± 2", "–"),
        ),
    )
    sections = (
        Section("First & best", ("Before.",), table, (("Chart of <b>", chart),), ("After.",)),
        Section("Words only", ("Only words.",)),
    )
    return Study("made", "A study of <x>", ("The answer.",), sections, ({"figure": 0.5},))


@pytest.fixture
def written(study, tmp_path):
    summary = write_study(tmp_path, study, manifest=MANIFEST, elapsed=lambda: 1.5)
    return tmp_path, summary


def test_the_folder_holds_page_tables_charts_and_a_manifest_of_them_all(written):
    folder, summary = written
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert names == {
        "report.html", "report.md", "summary.json", "manifest.json",
        "tables/first_best.csv", "charts/chart_of_b.png",
    }  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["outputs"]) == names - {"manifest.json"}
    assert manifest["duration_s"] == 1.5
    assert read_study(folder) == summary
    assert summary["records"] == [{"figure": 0.5}]


def test_tables_have_a_column_for_each_number_and_formulae_are_not_run(written):
    path = written[0] / "tables" / "first_best.csv"
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["Who", "A %", "Text", "Text ±", "R² %", "R² % low", "R² % high"]
    assert rows[1] == ["'=evil|x", "-0.5", "'+x", "", "-1108.09", "-1135.62", "80.5"]
    assert rows[2] == ["b", "1.25", "0.1", "2.0", "", "", ""]
    frame = pd.read_csv(path)
    assert all(frame[name].dtype == float for name in rows[0] if name not in ("Who", "Text"))


def test_the_page_is_one_file_with_escaped_words_and_labelled_charts(written):
    page = (written[0] / "report.html").read_text(encoding="utf-8")
    assert "<h1>A study of &lt;x&gt;</h1>" in page
    assert 'aria-label="Chart of &lt;b&gt;"' in page
    assert "<svg" in page
    assert "http-equiv" not in page
    assert "src=" not in page
    assert page.index("Before.") < page.index("<td>b</td>") < page.index("After.")


def test_markdown_holds_the_words_and_every_cell(study):
    text = to_markdown(study)
    assert text.startswith("# A study of <x>\n\nThe answer.")
    assert "| =evil¦x | -0.50 | +x | -1,108.09 [-1,135.62, +80.5] |" in text
    assert markdown_table(study.sections[0].table).splitlines()[1] == "| --- | --: | --: | --: |"


def test_other_folders_are_no_studies_and_damaged_ones_are_named(written, tmp_path):
    assert read_study(tmp_path / "absent") is None
    folder, summary = written
    (folder / "summary.json").write_text(json.dumps({**summary, "tables": [{"heading": "x"}]}))
    with pytest.raises(DataError, match=r"is damaged: summary\.json"):
        read_study(folder)
    (folder / "summary.json").write_text("{")
    assert read_study(folder) is None
