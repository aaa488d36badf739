"""Views as text and as tables: what they mean, and what is said of those that mean nothing."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import blportfolio as bl
from blportfolio.errors import BLPortfolioWarning, ConfigError, DataError
from blportfolio.priors.view_checks import contradicting_views
from blportfolio.priors.view_text import UNITS, parse_view
from blportfolio.priors.views import as_views, check_groups, resolve_views
from blportfolio.types import WindowArrays

LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
NAMES = st.one_of(
    st.sampled_from(["AAPL", "BRK-B", "^GSPC", "0700.HK", "7203", "GC=F", "EURUSD=X", "US Bonds"]),
    st.sampled_from(["by", "beats", "per", "Int'l", 'say "x"', "A+B", "x-", "-x", "1e5", "50%"]),
    st.text(LETTERS, min_size=1, max_size=8),
    st.text("ABCdef xyz", min_size=1, max_size=5).map(lambda name: f"[{name}]"),
)
WEIGHTS = st.floats(1e-12, 1e12) | st.sampled_from([1.0, 0.5, 1 / 3])
PICKS = st.dictionaries(
    NAMES, st.builds(lambda w, s: s * w, WEIGHTS, st.sampled_from([1, -1])), min_size=1, max_size=4
)


@st.composite
def views(draw):
    """Any view that can be made."""
    uncertainty = draw(
        st.sampled_from([{}])
        | st.builds(lambda v: {"variance": v}, st.floats(0, 1e6))
        | st.builds(lambda c: {"confidence": c}, st.floats(1e-9, 1))
    )
    value = draw(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 0.07, 0.1 + 0.2, 1e-300]))
    return bl.View(draw(PICKS), value, unit=draw(st.sampled_from(UNITS)), **uncertainty)


@given(views())
@settings(max_examples=400)
def test_the_text_of_a_view_parses_to_it(view):
    read = bl.View.from_text(view.text)
    assert (read.pick, read.value, read.unit) == (view.pick, view.value, view.unit)
    assert list(read.pick) == list(view.pick)
    assert read.confidence == view.confidence
    assert (read.variance is None) == (view.variance is None)
    assert read.variance is None or read.variance == pytest.approx(view.variance, rel=1e-14)
    assert read.text == view.text or view.variance is not None
    assert view.label.isprintable()


@given(st.text(max_size=40) | st.text("AB 12.%*=+-±[]()\"'/,perconfidyabts", max_size=40))
@settings(max_examples=1500)
def test_any_string_either_parses_or_is_refused_by_name(text):
    try:
        view = bl.View.from_text(text)
    except ConfigError as error:
        assert repr(text) in str(error)  # noqa: PT017
    else:
        assert any(view.pick.values())
        assert np.isfinite(view.value)
        assert bl.View.from_text(view.text).value == view.value


@pytest.mark.parametrize(
    ("text", "pick", "value", "unit"),
    [
        ("AAPL - MSFT = 0.02 per year", {"AAPL": 1, "MSFT": -1}, 0.02, "year"),
        ("XOM = 8% per year", {"XOM": 1}, 0.08, "year"),
        ("XOM=8%", {"XOM": 1}, 0.08, "period"),
        ("  XOM   =   -8 %  per  day ", {"XOM": 1}, -0.08, "day"),
        ("0.5*AAPL + 0.5*MSFT - XOM = 1% per month",
         {"AAPL": 0.5, "MSFT": 0.5, "XOM": -1}, 0.01, "month"),
        ("0.5 AAPL + .5 MSFT = 25 bp a quarter", {"AAPL": 0.5, "MSFT": 0.5}, 0.0025, "quarter"),
        ("50%*AAPL + 50%*MSFT = 25bps per week", {"AAPL": 0.5, "MSFT": 0.5}, 0.0025, "week"),
        ("[Energy] - [Big tech] = 2 percent p.a.", {"[Energy]": 1, "[Big tech]": -1}, 0.02, "year"),
        ("BRK-B - ^GSPC = 1%", {"BRK-B": 1, "^GSPC": -1}, 0.01, "period"),
        ("BRK-B -^GSPC = 1%", {"BRK-B": 1, "^GSPC": -1}, 0.01, "period"),
        ("0700.HK = 1%", {"0700.HK": 1}, 0.01, "period"),
        ("2*7203 - 6758 = 1%", {"7203": 2, "6758": -1}, 0.01, "period"),
        ("GC=F - EURUSD=X=1%", {"GC=F": 1, "EURUSD=X": -1}, 0.01, "period"),
        ("\"Int'l Bonds\" - 'US Bonds' = 1%", {"Int'l Bonds": 1, "US Bonds": -1}, 0.01, "period"),
        ('"say ""x""" = 1%', {'say "x"': 1}, 0.01, "period"),
        ("-XOM = 2%", {"XOM": -1}, 0.02, "period"),
        ("AAPL + AAPL = 2%", {"AAPL": 2}, 0.02, "period"),
        ("AAPL − MSFT = −2%", {"AAPL": 1, "MSFT": -1}, -0.02, "period"),
        ("AAPL beats MSFT by 2% per year", {"AAPL": 1, "MSFT": -1}, 0.02, "year"),
        ("AAPL outperforms 7203 by 2%", {"AAPL": 1, "7203": -1}, 0.02, "period"),
        ("AAPL underperforms 0.5*MSFT + 0.5*KO by 2%",
         {"AAPL": 1, "MSFT": -0.5, "KO": -0.5}, -0.02, "period"),
        ("XOM = 150% per year", {"XOM": 1}, 1.5, "year"),
        ("XOM = 1% per annum ± 2%", {"XOM": 1}, 0.01, "year"),
    ],
)  # fmt: skip
def test_the_notation_says_what_it_says(text, pick, value, unit):
    view = bl.View.from_text(text)
    assert (view.pick, view.value, view.unit) == (pick, value, unit)


@pytest.mark.parametrize(
    ("text", "variance", "confidence"),
    [
        ("KO = 5% per year ± 2%", 4e-4, None),
        ("KO = 5% +/- 2 % per year", 4e-4, None),
        ("KO = 5%+/-200bp per year", 4e-4, None),
        ("KO = 5% ± 0", 0.0, None),
        ("KO = 1% per year (confidence 60%)", None, 0.6),
        ("KO = 1%, confidence 60 % per year", None, 0.6),
        ("KO = 1% confidence 0.6 per year", None, 0.6),
        ("KO = 1% (confidence 100%)", None, 1.0),
    ],
)
def test_a_text_says_how_sure_it_is(text, variance, confidence):
    view = bl.View.from_text(text)
    assert view.variance == (None if variance is None else pytest.approx(variance, rel=1e-14))
    assert view.confidence == confidence


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "character 1: expected the name of an asset, found the end"),
        ("AAPL", 'character 5: expected "=".*found the end'),
        ("AAPL = x per year", "character 8: expected a number such as 2%.*found 'x'"),
        ("AAPL = MSFT + 2%", "names stand to the left"),
        ("AAPL = 0,02", "character 10.*a point into decimals"),
        ("US Bonds = 1%", "character 4: .*a name with blanks stands in quotes.*found 'Bonds'"),
        ("0.5*AAPL+0.5*MSFT = 1%", "character 13: .*put blanks around"),
        ('"US Bonds = 1%', "character 1: expected its closing mark"),
        ("[Energy = 1%", "character 1: expected its closing mark"),
        ("AAPL = 2% per yaer", "character 15: expected a unit of time .*'year'"),
        ("AAPL = 2% per", "expected one of period, day"),
        ("AAPL = 2% per year per month", "character 20: .*found 'per'"),
        ("AAPL = 2% ± -1%", "character 13: .*found '-'"),
        ("AAPL = 2% (confidence 60)", "character 23: expected a confidence above 0%.*'60'"),
        ("AAPL = 2% (confidence 0%)", "expected a confidence above 0%"),
        ("AAPL = 2% (confidence high)", "expected a confidence above 0%.*'high'"),
        ("AAPL = 2% (confidence 60%", r'expected "\)", found the end'),
        ("AAPL = 2% )", r"found '\)'"),
        ("AAPL beats MSFT = 2%", "expected \"by\", found '='"),
        ("AAPL by 2%", "found 'by'"),
        ("AAPL = 1e999", "expected a number"),
        ("AAPL = 8 per year", "has 8 at character 8, which is 800%. Write 8% for 8 percent"),
        ("AAPL = 8% ± 2", "has 2 at character 13, which is 200%"),
        ("AAPL = 2% ± 1% (confidence 50%)", "not both"),
        ("AAPL - AAPL = 2%", "`pick` must give some asset a weight"),
        ('"" = 2%', "printable text"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_with_the_place_and_the_remedy(text, words):
    with pytest.raises(ConfigError, match=words) as caught:
        bl.View.from_text(text)
    assert repr(text) in str(caught.value)


def test_the_label_is_the_text_in_plain_characters_or_the_view_in_words():
    assert bl.View.from_text("KO  = 5%  a year ± 2%").label == "KO = 5% a year +/- 2%"
    assert bl.View.from_text("A − B = 2% per year").label == "A - B = 2% per year"
    assert bl.View({"A": 1 / 3, "B C": -1}, 0.005).label == '0.333333*A - "B C" = 0.5%'
    assert bl.View({"A": 1}, 0.02, unit="year", confidence=0.6).label == (
        "A = 2% per year (confidence 60%)"
    )
    assert bl.View({"A": 1}, 0.02, name="Analyst 1").label == "Analyst 1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unit": "yaer"}, "Did you mean 'year'"),
        ({"confidence": 0.0}, "`confidence`.*Drop a view"),
        ({"confidence": 1.1}, "`confidence`"),
        ({"confidence": "high"}, "`confidence`"),
        ({"confidence": 0.5, "variance": 1e-4}, "not both"),
        ({"name": "a\nb"}, "`name`"),
        ({"pick": {1: 1.0}}, "printable text"),
        ({"pick": {"A\n": 1.0}}, "printable text"),
        ({"value": True}, "finite numbers"),
    ],
)
def test_a_bad_part_of_a_view_is_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        bl.View(**{"pick": {"A": 1.0}, "value": 0.01, **arguments})


def test_views_are_made_of_views_texts_and_tables():
    table = {"pick": {"A": 1, "B": -1}, "value": 0.02, "unit": "year"}
    made = as_views([bl.View({"A": 1}, 0.01), "A = 1%", table])
    assert made == (bl.View({"A": 1}, 0.01), bl.View.from_text("A = 1%"), bl.View(**table))


@pytest.mark.parametrize("alone", ["A = 1% per year", bl.View({"A": 1}, 0.01, unit="year")])
def test_one_view_needs_no_list(alone):
    assert as_views(alone) == as_views([alone])
    assert bl.BlackLittermanPrior(alone) == bl.BlackLittermanPrior([alone])
    assert bl.MixedEffectsPrior(views=alone) == bl.MixedEffectsPrior(views=(alone,))


@pytest.mark.parametrize(
    ("given_views", "words"),
    [
        ([], "list of one view at least"),
        ((), "list of one view at least"),
        (None, "list of one view at least.*got None"),
        ("", "The view '' cannot be read"),
        ({"pick": {"A": 1}, "value": 0.01}, "list of one view at least"),
        ([3], "view 1 is 3"),
        (["A = 1%", {"pick": {"A": 1}, "valeu": 1}], "view 2 has the unknown key 'valeu'. Did you"),
        ([{"pick": {"A": 1}}], "view 1 lacks the key 'value'"),
        ([{"pick": {"A": "x"}, "value": 1}], "view 1 is wrong. A view's `pick`"),
        (["A = 1%", "B = "], "The view 'B = '"),
    ],
)
def test_what_is_no_view_is_named_with_its_place(given_views, words):
    with pytest.raises(ConfigError, match=words):
        as_views(given_views)


@pytest.mark.parametrize(
    "text", ["A + B = 10% per year", "0.5*A + 0.3*B - C = 1%", "A - B - C - D = 1%"]
)
def test_weights_of_a_text_that_look_like_a_slip_are_a_warning(text):
    with pytest.warns(BLPortfolioWarning, match=r"sum to .*0\.5\*A \+ 0\.5\*B") as caught:
        bl.BlackLittermanPrior((text,))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("text", ["A - B = 1%", "-A = 1%", "2*A = 1%", "0.33*A + 0.67*B - C = 1%"])
def test_weights_of_a_portfolio_or_a_difference_are_no_warning(text):
    as_views([text])
    as_views([{"pick": {"A": 1, "B": -1.2}, "value": 0.01}])


def test_groups_are_checked_when_they_are_given():
    views = as_views(["[Energy] - [Tech] = 2%"])
    groups = {"Energy": ["XOM"], "Tech": ["AAPL", "MSFT"]}
    assert check_groups(groups, views) == {"Energy": ("XOM",), "Tech": ("AAPL", "MSFT")}
    for wrong, words in (
        ({}, r"unknown group \[Energy\]. There are no `groups`"),
        ({"Enrgy": ["XOM"], "Tech": ["AAPL"]}, r"unknown group \[Energy\]. Did you mean 'Enrgy'"),
        ({"Energy": [], "Tech": ["AAPL"]}, "'Energy' must be a list of assets"),
        ({"Energy": "XOM", "Tech": ["AAPL"]}, "'Energy' must be a list of assets"),
        ({"Energy": ["XOM", "XOM"], "Tech": ["AAPL"]}, "stand once each"),
        ({"[Energy]": ["XOM"], "Tech": ["AAPL"]}, "without brackets"),
        (["XOM"], "lists of assets by name"),
    ):
        with pytest.raises(ConfigError, match=words):
            check_groups(wrong, views)


def make_window(assets, *, periods_per_year=252.0, universe=(), seed=0, n_obs=100):
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.2 / np.sqrt(periods_per_year), size=(n_obs, len(assets)))
    window = WindowArrays(
        returns, tuple(assets), periods_per_year=periods_per_year, universe=tuple(universe)
    )
    return window, np.cov(returns, rowvar=False).reshape(len(assets), len(assets))


def resolve(texts, window, sigma, **options):
    return resolve_views(as_views(texts), window, sigma, **{"tau": 0.05, **options})


def test_groups_average_their_members_equally_or_by_weight():
    window, sigma = make_window("ABCD")
    groups = {"G": ["A", "C"], "H": ["B", "D"]}
    equal = resolve(["[G] - 0.5*[H] - 0.5*A = 0%"], window, sigma, groups=groups)
    np.testing.assert_allclose(equal.pick, [[0.0, -0.25, 0.5, -0.25]], atol=1e-16)
    weighted = resolve(
        ["[G] - B = 0%"],
        window,
        sigma,
        groups=groups,
        member_weights=np.array([0.1, 0.3, 0.3, 0.3]),
    )
    np.testing.assert_allclose(weighted.pick, [[0.25, -1.0, 0.75, 0.0]], atol=1e-16)
    unheld = resolve(
        ["[G] = 0%"], window, sigma, groups=groups, member_weights=np.array([0.0, 0.5, 0.0, 0.5])
    )
    np.testing.assert_allclose(unheld.pick, [[0.5, 0.0, 0.5, 0.0]], atol=1e-16)
    (doubt,) = unheld.doubts
    assert "holds nothing of the group [G]" in doubt
    assert unheld.remarks == equal.doubts == weighted.doubts == ()


def test_a_view_waits_for_its_assets_and_a_group_makes_do_with_those_it_has():
    window, sigma = make_window("AB", universe="ABCD")
    groups = {"G": ["A", "C"], "H": ["C", "D"]}
    texts = ["A - C = 0%", "[G] - B = 0%", "[H] = 0%", "[G] - A = 0%", "B = 0.01%"]
    found = resolve(texts, window, sigma, groups=groups, view_covariance=np.diag(range(1, 6)))
    np.testing.assert_array_equal(found.pick, [[1, -1], [0, 1]])
    np.testing.assert_array_equal(found.omega, [[2, 0], [0, 5]])
    assert found.labels == ("[G] - B = 0%", "B = 0.01%")
    assert [remark.split("left out: ")[1] for remark in found.remarks] == [
        "not all its assets are eligible.",
        "not all its assets are eligible.",
    ]
    assert found.doubts == ("The view `[G] - A = 0%` was left out: its assets cancel one another.",)


def test_no_view_may_be_left():
    window, sigma = make_window("AB", universe="ABC")
    found = resolve(["C = 0%", "C - A = 1% (confidence 100%)"], window, sigma)
    assert (found.pick.shape, found.values.shape, found.omega.shape) == ((0, 2), (0,), (0, 0))
    assert found.labels == found.doubts == ()
    assert len(found.remarks) == 2


def test_an_unknown_asset_is_named_with_the_nearest_and_the_way_to_it():
    window, sigma = make_window(["AAPL", "MSFT"])
    with pytest.raises(DataError, match=r"names 'APPL', which.*'AAPL'"):
        resolve(["APPL = 1%"], window, sigma)
    with pytest.raises(DataError, match=r"'AAPL-MSFT'.*put blanks around it"):
        resolve(["AAPL-MSFT = 0.1%"], window, sigma)
    with pytest.raises(DataError, match=r"names 'MSTF', through its group \[T\].*'MSFT'"):
        resolve(["[T] = 0.1%"], window, sigma, groups={"T": ["AAPL", "MSTF"]})


@given(
    st.sampled_from([("day", 252), ("week", 52), ("month", 12), ("quarter", 4), ("year", 1)]),
    st.sampled_from([252.0, 250.4, 52.0, 12.0, 4.0, 1.0]),
    st.floats(-0.2, 0.2),
)
def test_a_view_means_the_same_in_every_unit(unit, periods_per_year, yearly):
    window, sigma = make_window("AB", periods_per_year=periods_per_year)
    name, per_year = unit
    if name == "day" and 200 <= periods_per_year <= 366:
        per_year = periods_per_year
    stated = bl.View({"A": 1}, yearly / per_year, 4e-4 / per_year, unit=name)
    plain = bl.View({"A": 1}, yearly / periods_per_year, 4e-4 / periods_per_year)
    found, expected = (resolve_views((view,), window, sigma, tau=0.05) for view in (stated, plain))
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-14, atol=0)
    np.testing.assert_allclose(found.omega, expected.omega, rtol=1e-14, atol=0)


def test_omega_has_the_variance_of_the_view_or_its_confidence_or_the_default():
    window, sigma = make_window("ABC", periods_per_year=12.0)
    found = resolve(
        [
            "A = 1%",
            "B = 1% per year ± 2%",
            "C = 1% (confidence 20%)",
            "A - B = 0% (confidence 100%)",
        ],
        window,
        sigma,
    )
    expected = np.diag([0.05 * sigma[0, 0], 4e-4 / 12, 4 * 0.05 * sigma[2, 2], 0.0])
    np.testing.assert_allclose(found.omega, expected, rtol=1e-13, atol=0)


@pytest.mark.parametrize(
    ("stated", "named"),
    [
        (["A = 1%", "A - B = 2%", "B - A = 1%"], ["A - B = 2%", "B - A = 1%"]),
        (["C = 0%", "A - B = 0.2%", "B - C = 0.2%", "D = 0.1%", "A - C = 0.5%"],
         ["A - B = 0.2%", "B - C = 0.2%", "A - C = 0.5%"]),
        (["A = 0.1%", "2*A = 0.3%"], ["A = 0.1%", "2*A = 0.3%"]),
    ],
)  # fmt: skip
def test_views_that_contradict_with_certainty_are_named(stated, named):
    window, sigma = make_window("ABCD")
    certain = [f"{text} (confidence 100%)" for text in stated]
    with pytest.raises(DataError, match=r"`views` held with certainty contradict") as caught:
        resolve(certain, window, sigma)
    assert [text for text in stated if f"`{text} (conf" in str(caught.value)] == named
    uncertain = [*certain[:-1], stated[-1]]
    assert len(resolve(uncertain, window, sigma).labels) == len(stated)


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
@settings(max_examples=50)
def test_a_planted_contradiction_is_found_whatever_stands_around_it(seed, size):
    rng = np.random.default_rng(seed)
    window, sigma = make_window("ABCDEF", seed=seed)
    pick = rng.normal(size=(size, 6))
    values = rng.normal(size=size) * 1e-4
    shares = rng.uniform(0.5, 2.0, size=size - 1)
    picks = np.vstack([pick, shares @ pick[:-1]])
    level = np.append(values, shares @ values[:-1] + 1e-4)
    order = rng.permutation(size + 1)
    stated = tuple(
        bl.View(dict(zip("ABCDEF", picks[i], strict=True)), level[i], 0.0, name=f"v{i}")
        for i in order
    )
    with pytest.raises(DataError, match="contradict") as caught:
        resolve_views(stated, window, sigma, tau=0.05)
    involved = {f"v{i}" for i in range(size + 1)} - {f"v{size - 1}"}
    assert {name for name in (f"v{i}" for i in range(size + 1)) if f"`{name}`" in str(caught.value)}
    assert all((f"`{name}`" in str(caught.value)) == (name in involved) for name in involved)
    assert f"`v{size - 1}`" not in str(caught.value)


def test_a_view_said_twice_is_a_doubt_in_any_scaling():
    window, sigma = make_window("AB")
    found = resolve(["A - B = 0.2%", "A = 0.1%", "B - A = -0.2%", "A = 0.2%"], window, sigma)
    (doubt,) = found.doubts
    assert "`B - A = -0.2%` says again what `A - B = 0.2%` says" in doubt
    assert found.remarks == ()
    scaled = resolve(["A = 0.1%", "2*A = 0.2%"], window, sigma)
    assert "`2*A = 0.2%` says again" in scaled.doubts[0]


@pytest.mark.parametrize(
    ("text", "periods_per_year", "words"),
    [
        (
            "A = 8%",
            252.0,
            "8% a period of the data, which is 2016% a year.*1.23% a period, 19% a year",
        ),
        ("A - B = 2%", 252.0, '504% a year.*"per year" in a text'),
        ("A = 1%", 252.0, "252% a year"),
        ("A = 8%", 52.0, "416% a year"),
        ("A = 10%", 12.0, "120% a year"),
        ("A = 800% per year", 252.0, "expects 800% a year.*whether percent were meant"),
        ("A = 8% per day", 252.0, "Check its unit, day"),
    ],
)
def test_a_view_of_absurd_size_is_a_doubt_with_the_numbers(text, periods_per_year, words):
    window, sigma = make_window("AB", periods_per_year=periods_per_year)
    found = resolve([text], window, sigma)
    (doubt,) = found.doubts
    assert text in doubt
    assert re.search(words, doubt), doubt
    assert found.remarks == ()


@pytest.mark.parametrize(
    ("text", "periods_per_year"),
    [
        ("A = 8% per year", 252.0),
        ("A = 30% per year", 252.0),
        ("A = 0.1%", 252.0),
        ("A = 1%", 12.0),
        ("A = 4%", 12.0),
        ("A - B = 3%", 12.0),
        ("A = 10% per year", 1.0),
        ("A = 10%", 1.0),
    ],
)
def test_an_ordinary_view_is_no_doubt(text, periods_per_year):
    window, sigma = make_window("AB", periods_per_year=periods_per_year)
    found = resolve([text], window, sigma)
    assert found.remarks == found.doubts == ()


def test_a_view_on_cash_is_no_doubt_although_it_carries_no_risk():
    rng = np.random.default_rng(0)
    window = WindowArrays(rng.normal(1.5e-4, 1e-5, size=(100, 1)), ("BIL",))
    sigma = np.cov(window.returns, rowvar=False).reshape(1, 1)
    found = resolve(["BIL = 4% per year"], window, sigma)
    assert found.remarks == found.doubts == ()


def test_the_order_of_assets_and_of_views_does_not_matter():
    window, sigma = make_window("ABCD")
    texts = ["A - [G] = 2% per year", "B = 1% per year ± 1%", "C - D = 1% (confidence 30%)"]
    groups = {"G": ["B", "D"]}
    found = resolve(texts, window, sigma, groups=groups)
    order = [2, 0, 3, 1]
    turned = WindowArrays(window.returns[:, order], tuple("ABCD"[i] for i in order))
    other = resolve(texts[::-1], turned, sigma[np.ix_(order, order)], groups=groups)
    np.testing.assert_allclose(other.pick, found.pick[::-1][:, order], atol=1e-16)
    np.testing.assert_allclose(other.values, found.values[::-1], rtol=1e-15)
    np.testing.assert_allclose(other.omega, found.omega[::-1, ::-1], rtol=1e-12, atol=1e-20)
    assert other.labels == found.labels[::-1]


def test_reading_a_view_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse_view("A - B = 2% per year")
    assert pd.Series(bl.View.from_text("A = 1%").pick).sum() == 1


def contradictions(found):
    return [doubt for doubt in found.doubts if "contradicts" in doubt]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (
            ["A = 50% per year", "C = 3% per year", "A = -50% per year"],
            r"`A = -50% per year` contradicts `A = 50% per year`, by which its portfolio earns "
            r"0\.00198 a period and not -0\.00198",
        ),
        (
            ["A = 10% per year", "D = 1% per year", "B = 5% per year", "A - B = -20% per year"],
            "`A - B = -20% per year` contradicts `A = 10% per year` and `B = 5% per year`, by",
        ),
        (
            ["A - B = 2% per year", "B - A = 1% per year"],
            "`B - A = 1% per year` contradicts `A - B = 2% per year`, by",
        ),
        (
            ["A = 0.08% ± 0.005%", "A = 0.1% ± 0.005%"],
            r"`A = 0\.1% \+/- 0\.005%` contradicts",
        ),
        (["[G] = 5% per year", "A - [G] = 1% per year", "A = -2% per year"], r"`\[G\] = 5%"),
    ],
)  # fmt: skip
def test_views_that_cannot_all_be_meant_are_a_doubt_that_names_them(texts, words):
    window, sigma = make_window("ABCD")
    found = resolve(texts, window, sigma, groups={"G": ["B", "C"]})
    (doubt,) = contradictions(found)
    assert re.search(words, doubt), doubt
    assert len(found.labels) == len(texts)
    assert found.remarks == ()


@pytest.mark.parametrize(
    "texts",
    [
        ["A = 8% per year", "A = 10% per year"],
        ["A = 10% per year", "B = 5% per year", "A - B = 4% per year"],
        ["A - B = 2% per year", "B - A = -1% per year"],
        ["A = 8% per year ± 1%", "A = 10% per year ± 1%"],
        ["A = 50% per year", "B = -50% per year"],
        ["A = 0%", "2*A = 0%"],
    ],
)
def test_views_that_differ_by_less_than_their_errors_are_no_contradiction(texts):
    window, sigma = make_window("ABCD")
    assert not contradictions(resolve(texts, window, sigma))


@pytest.mark.parametrize(("deviations", "doubted"), [(1.99, False), (2.01, True)])
def test_two_standard_deviations_of_the_views_errors_are_the_border(deviations, doubted):
    """Of `A - B` less what A and B say of it: the three variances add up, or Ω says how much."""
    window, sigma = make_window("ABCD")
    a, b, value = 1e-3, 2e-4, 8e-4 + deviations * np.sqrt(9e-8)
    stated = (
        bl.View({"A": 1}, a, 1e-8),
        bl.View({"B": 1}, b, 4e-8),
        bl.View({"A": 1, "B": -1}, value, 4e-8),
    )
    found = resolve_views(stated, window, sigma, tau=0.05)
    assert bool(contradictions(found)) == doubted
    plain = tuple(bl.View(view.pick, view.value) for view in stated)
    correlated = np.array([[1e-8, -1e-8, 0], [-1e-8, 4e-8, 0], [0, 0, 2e-8]])  # 9e-8 again
    found = resolve_views(plain, window, sigma, tau=0.05, view_covariance=correlated)
    assert bool(contradictions(found)) == doubted


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.booleans())
@settings(max_examples=100)
def test_consistent_views_never_contradict_and_a_planted_one_does_in_any_scaling(
    seed, size, scaled
):
    rng = np.random.default_rng(seed)
    pick = np.linalg.qr(rng.normal(size=(6, size)))[0].T
    values = rng.choice([-1, 1], size=size) * rng.uniform(1, 2, size=size) * 1e-4
    shares = rng.choice([-1, 1], size=(2, size)) * rng.uniform(0.5, 2, size=(2, size))
    rows, said = np.vstack([pick, shares @ pick]), np.append(values, shares @ values)
    factors = 10.0 ** rng.uniform(-3, 3, size=size + 2) if scaled else np.ones(size + 2)
    factors *= rng.choice([-1, 1], size=size + 2)
    order = rng.permutation(size + 2)
    root = rng.normal(size=(size + 2, size + 2)) * 1e-5
    omega = factors[:, None] * (root @ root.T) * factors
    names = [f"v{i}" for i in order]

    def doubts(said):
        return contradicting_views(
            (rows * factors[:, None])[order], (said * factors)[order], omega[np.ix_(order, order)],
            names,
        )  # fmt: skip

    assert doubts(said) == []
    wrong = said.copy()
    wrong[-1] += 1e-2
    found = doubts(wrong)
    assert found
    assert all("v" + str(size + 1) in doubt or size == 1 for doubt in found)
    # In any scaling they are the same views, doubted alike.
    factors = np.ones(size + 2)
    omega = root @ root.T
    assert [re.findall("`(.*?)`", d) for d in doubts(wrong)] == [
        re.findall("`(.*?)`", d) for d in found
    ]


@pytest.mark.parametrize(
    ("value", "variance"), [(0.0, 0.0), (1e-5, None)], ids=["certain", "sign of a zero"]
)
def test_rounding_is_no_contradiction(value, variance):
    window, sigma = make_window("ABCD")
    picks = ({"A": 1}, {"B": 1}, {"C": 1}, {"A": 1, "B": 1, "C": -1})
    levels = (1e-4, 2e-4, 3e-4, value)
    if variance is None:  # 3e-4 - 3 · 1e-4 = -5e-20, and 1e-5 is far within the errors
        picks, levels = ({"A": 1}, {"B": 1}, {"A": 1, "B": -3}), (3e-4, 1e-4, value)
    stated = tuple(bl.View(p, v, variance) for p, v in zip(picks, levels, strict=True))
    assert not contradictions(resolve_views(stated, window, sigma, tau=0.05))


def test_a_bare_name_that_is_a_group_and_no_asset_is_the_group():
    window, sigma = make_window(["A", "B", "C"])
    groups = {"Tech": ["A", "B"], "Banks": ["C"], "C": ["A", "B"]}
    for text in ("Tech - Banks = 2% per year", "[Tech] - [Banks] = 2% per year"):
        found = resolve([text], window, sigma, groups=groups)
        np.testing.assert_array_equal(found.pick, [[0.5, 0.5, -1.0]])
        assert found.labels == (text,)
    np.testing.assert_array_equal(
        resolve(["C - A = 0%", "[C] = 0%"], window, sigma, groups=groups).pick,
        [[-1, 0, 1], [0.5, 0.5, 0]],
    )
    with pytest.raises(DataError, match="names 'Tehc'"):
        resolve(["Tehc - Banks = 0%"], window, sigma, groups=groups)


def test_a_group_that_is_not_listed_yet_is_not_taken_for_its_namesake():
    """C is an asset of the market that is not eligible now, and also the name of a group."""
    window, sigma = make_window("AB", universe="ABC")
    found = resolve(["C = 0.01%"], window, sigma, groups={"C": ["A", "B"]})
    assert found.labels == ()
    assert len(found.remarks) == 1
