import numpy as np
import pytest

from blportfolio.forecasters.comparison import ComparisonSettings, compare
from blportfolio.forecasters.evaluation import loss_by_date

SETTINGS = ComparisonSettings(
    context_length=6, horizons=(1, 3), n_refits=3, n_seeds=2, max_windows=80, n_resamples=100
)


@pytest.fixture(scope="module", params=["returns", "levels"])
def contest(request):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(260, 2)) * 0.01
    if request.param == "levels":
        values = np.cumsum(values, axis=0)
    kept = []
    found = compare(
        values,
        forecasters=["linear", "attention"],
        settings=SETTINGS,
        kind=request.param,
        keep=kept.append,
    )
    return found, kept


def test_every_forecaster_hands_over_its_forecasts_at_every_horizon(contest):
    found, kept = contest
    assert {(one.name, one.horizon) for one in kept} == {
        (row.name, row.horizon) for row in found.standings
    }


def test_kept_forecasts_are_those_that_were_judged(contest):
    found, kept = contest
    by_name = {(one.name, one.horizon): one for one in kept}
    for row in found.standings:
        one = by_name[row.name, row.horizon]
        assert one.values.shape == one.windows.target.shape
        if row.n_seeds == 1:
            loss = loss_by_date((one.values - one.windows.target) ** 2, one.windows.origins)
            np.testing.assert_allclose(loss, row.losses, rtol=1e-12)


def test_a_fit_is_known_by_the_row_at_whose_close_it_was_made(contest):
    found, kept = contest
    assert found.data["n_fits"] == 3
    for one in kept:
        rows = [row for row, _ in one.fits]
        assert rows == sorted(rows)
        assert len(rows) == 3
        assert rows[0] < one.windows.origins.min() + 1
    first = next(one for one in kept if one.name == "linear" and one.horizon == 1)
    due = (first.windows.origins >= first.fits[1][0]) & (first.windows.origins < first.fits[2][0])
    windows = first.windows.take(due)
    again = first.fits[1][1].predict(windows.context, channel=windows.channels)
    np.testing.assert_allclose(again, first.values[due], rtol=1e-9, atol=1e-15)
