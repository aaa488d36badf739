"""Tables on stdout: whatever the width of the terminal, no figure loses a digit."""

import re
import sys

import pytest

from blportfolio.cli.output import print_table

HEADINGS = ("What is forecast", "Model", "Error over that of zero", "Ratio")
ROWS = [
    ("affine, d 8, trained on all", "attention NTK", "0.0050 ± 0.0001", "-1.54 ± 0.12"),
    ("affine, d 8, trained on con", "zero", "1.00", "–"),
]


def printed(capsys, monkeypatch, columns):
    if columns is not None:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_table(HEADINGS, ROWS)
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)


@pytest.mark.parametrize("columns", [None, 300, 100, 80, 60, 40, 10])
def test_a_narrow_terminal_folds_words_and_never_figures(capsys, monkeypatch, columns):
    text = printed(capsys, monkeypatch, columns)
    for row in ROWS:
        assert all(cell in text for cell in row[1:])
        assert all(word in text for word in row[0].split())
    for heading in HEADINGS:
        assert all(word in text for word in heading.split())


def test_a_table_that_fits_is_not_folded(capsys, monkeypatch):
    lines = printed(capsys, monkeypatch, 100).splitlines()
    assert [line.rstrip() for line in lines][1:] == [
        "affine, d 8, trained on all  attention NTK          0.0050 ± 0.0001  -1.54 ± 0.12",
        "affine, d 8, trained on con           zero                     1.00             –",
    ]


def test_what_folds_stays_within_a_terminal_that_is_wide_enough_for_that(capsys, monkeypatch):
    text = printed(capsys, monkeypatch, 60)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 60


def test_a_table_without_rows_has_its_headings(capsys):
    print_table(("One", "Two"), [])
    assert capsys.readouterr().out.split() == ["One", "Two"]


def test_a_table_wider_than_any_screen_keeps_its_figures_in_a_pipe(capsys):
    headings = [f"column {i}" for i in range(40)]
    print_table(headings, [[f"{i}.{i:06d}" for i in range(40)]])
    words = capsys.readouterr().out.split()
    assert {f"{i}.{i:06d}" for i in range(40)} <= set(words)
