import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats

from blportfolio.errors import ConfigError
from blportfolio.report.asymmetric_checks import FAILS, HOLDS, OPEN, check_claims, finding
from blportfolio.report.asymmetric_demo import (
    FLIPS,
    DemoChoice,
    demo_command,
    demo_frame,
    demonstration,
    interval,
    plot_demo,
    run_demonstration,
)
from blportfolio.report.charts import to_svg


def silent(*_):
    """Tell nobody."""


@pytest.fixture(scope="module")
def document():
    return run_demonstration(asdict(DemoChoice(n=300, trials=3)), None, silent)


@pytest.fixture(scope="module")
def result(document):
    return demonstration(document)[1]


def test_a_run_survives_json(document):
    again = json.loads(json.dumps(document, allow_nan=False))
    choice, result = demonstration(again)
    assert choice == DemoChoice(n=300, trials=3)
    assert list(result.records) == document["records"]
    assert result.settings == choice.settings()


def test_an_interval_is_that_of_students_t():
    values = np.array([1.0, 2.0, 4.0, 3.0])
    test = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert interval(values) == pytest.approx((test.low, test.high))
    assert np.isnan(interval([1.0])).all()


def test_errors_have_intervals_over_trials_and_controls_stand_beside_them(result):
    frame = demo_frame(result)
    assert {"zero", "AR(1)", "oracle", "linear residual"} <= set(frame["model"])
    zero = frame[frame["model"] == "zero"]
    np.testing.assert_allclose(zero["error"], 1.0)
    ar = frame[(frame["model"] == "AR(1)") & (frame["test"] == FLIPS)].iloc[0]
    values = [r["ood_rel0"] for r in result.records if r["model"] == "AR(1)"]
    assert ar["error"] == pytest.approx(np.mean(values))
    assert ar["low"] < ar["error"] < ar["high"]
    assert ar["trials"] == 3


def test_the_published_effect_and_what_lifts_it_are_found_with_a_positive_gamma(result):
    verdicts = check_claims(result).set_index("claim")["verdict"]
    for words, verdict in (
        ("sign of the last value, or its opposite", HOLDS),
        ("published model is worse than no forecast", HOLDS),
        ("linear residual model is better", HOLDS),
        ("Theorem 5.2", FAILS),
        ("positions and a skip connection", HOLDS),
    ):
        (found,) = [verdicts[claim] for claim in verdicts.index if words in claim]
        assert found == verdict, words


def test_claims_turn_with_the_sign_of_gamma():
    choice = DemoChoice(gamma=-0.6, regime="all", n=300, trials=3)
    _, result = demonstration(run_demonstration(asdict(choice), None, silent))
    verdicts = check_claims(result).set_index("claim")["verdict"]
    (worse,) = [verdicts[c] for c in verdicts.index if "published model is worse" in c]
    assert worse == FAILS


def test_one_trial_decides_nothing_about_a_mean(result):
    one = replace(result, records=tuple(r for r in result.records if r["seed"] == 0))
    checks = check_claims(one)
    assert (checks["verdict"].iloc[1:] == OPEN).all()
    assert not checks["measured"].str.contains("nan").any()
    assert "NaN" not in to_svg(plot_demo(demo_frame(one)))


def test_the_finding_says_the_figures_of_the_run_and_what_mends_it(result):
    said = finding(result)
    frame = demo_frame(result).set_index(["model", "test"])["error"]
    assert f"{frame['attention as published', FLIPS]:.2f} times" in said
    assert f"{frame['linear residual', FLIPS]:.3g} for the linear residual" in said
    assert f"attention has {frame['attention, positions and skip', FLIPS]:.3g}" in said
    assert "transformers fail" not in said.lower()


def test_choices_out_of_range_are_named_before_anything_runs():
    with pytest.raises(ConfigError, match="gamma"):
        DemoChoice(gamma=-0.7, dimension=4).settings()
    with pytest.raises(ConfigError, match="seeds"):
        DemoChoice(trials=0).settings()


def test_more_work_is_expected_to_take_longer_and_the_full_run_the_longest():
    quick = DemoChoice().seconds()
    assert quick < 5
    assert DemoChoice(trials=6).seconds() > quick
    assert DemoChoice(full=True).seconds() > quick


def test_the_command_parses():
    import typer

    from blportfolio.cli import app

    words = demo_command(DemoChoice(gamma=-0.3, kind="sym", regime="all")).split()
    demo = typer.main.get_command(app).commands["forecast"].commands["demo"]
    asked = demo.commands["asymmetric"].make_context("asymmetric", words[4:]).params
    assert asked["gamma"] == [-0.3]
    assert asked["kind"] == "sym"
    assert asked["regime"] == ["all"]
