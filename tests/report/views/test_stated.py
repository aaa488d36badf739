"""Views typed one a line: the notation of the library, with the line in every message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import ConfigError
from blportfolio.report.views import read_views
from blportfolio.report.views.stated import MOST_LINES

ASSETS = ("AAPL", "MSFT", "NVDA", "BRK-B", "Coca Cola")


def test_each_line_is_a_view():
    found = read_views(
        "AAPL beats MSFT by 2% per year\n"
        "\n"
        "# a remark\n"
        "  NVDA = 10% per year ± 5%  \r\n"
        'BRK-B - "Coca Cola" = 1% per month, confidence 60%\n',
        ASSETS,
    )
    assert [dict(view.pick) for view in found] == [
        {"AAPL": 1.0, "MSFT": -1.0},
        {"NVDA": 1.0},
        {"BRK-B": 1.0, "Coca Cola": -1.0},
    ]
    assert [view.value for view in found] == [0.02, 0.1, 0.01]
    assert [view.unit for view in found] == ["year", "year", "month"]
    assert found[1].variance == pytest.approx(0.0025)
    assert found[2].confidence == 0.6


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n   # at all"])
def test_no_line_is_no_view(text):
    assert read_views(text, ASSETS) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("AAPL = 2%\nAAPL MSFT = 3%", r"Line 2: The view 'AAPL MSFT = 3%'.*character 6: expected"),
        ("\n\nAAPL beats MSFT", r"Line 3: .*character 16"),
        ("   AAPL ? 2%", r"Line 1: .*character 9"),
        ("APPL = 2%", r"Line 1 names 'APPL'.*Did you mean 'AAPL'"),
        ("AAPL = 2%\nMSFT - aapl = 1%", r"Line 2 names 'aapl'.*Did you mean 'AAPL'"),
        ("Tesla = 2%", r"Line 1 names 'Tesla'.*Known: "),
        ("[Tech] = 2%", r"Line 1 names the group \[Tech\].*write its members out"),
        ("AAPL = 12 per year", r"Line 1: .*12 at character 8.*Write 12%"),
        ("AAPL = 2% per fortnight", r"Line 1: .*unit of time"),
        ("AAPL = 2% ± 1%, confidence 50%", r"Line 1: .*not both"),
        ("AAPL - AAPL = 2%", r"Line 1: .*weight other than 0"),
    ],
)
def test_what_cannot_be_read_is_named_with_line_and_position(text, message):
    with pytest.raises(ConfigError, match=message):
        read_views(text, ASSETS)


def test_too_many_lines_are_refused():
    with pytest.raises(ConfigError, match=r"more than 100; state fewer"):
        read_views("AAPL = 2%\n" * (MOST_LINES + 1), ASSETS)


LINES = st.lists(
    st.sampled_from(
        ["AAPL", "MSFT", "=", "beats", "by", "2%", "±", "per", "year", "confidence", "-", "0.5*",
         "[", "]", '"', "#", "\n", "é", "\x00", "−"]
    ),
    max_size=12,
).map(" ".join)  # fmt: skip


@given(st.one_of(LINES, st.text(max_size=60)))
def test_any_text_is_read_or_refused_in_words(text):
    problem, views = "Line ", ()
    try:
        views = read_views(text, ASSETS)
    except ConfigError as error:
        problem = str(error)
    assert problem.startswith("Line ")
    assert "\n" not in problem
    assert all(isinstance(view, bl.View) and set(view.pick) <= set(ASSETS) for view in views)
