import numpy as np
import pandas as pd
import pytest

import blportfolio as bl
from blportfolio.optimise import long_only_max_sharpe


@pytest.mark.parametrize("scale", [1e-300, 1e-150, 1.0, 1e150])
def test_weights_do_not_depend_on_the_scale_of_mean_or_covariance(scale):
    mean, covariance = np.array([3.0, 2.0, -1.0]), np.diag([1.0, 2.0, 0.5])
    expected = long_only_max_sharpe(mean, covariance)
    np.testing.assert_allclose(long_only_max_sharpe(mean * 1e300, covariance * scale), expected)
    np.testing.assert_allclose(long_only_max_sharpe(mean * 1e-300, covariance * scale), expected)


def test_the_previous_weights_are_never_held_short():
    distribution = bl.ReturnDistribution([-1.0, -1.0], np.eye(2), np.zeros((2, 2)), ("a", "b"))
    previous = pd.Series({"a": -0.5, "b": 1.5})
    weights = bl.MaxSharpe(fallback="previous").solve(distribution, previous_weights=previous)
    assert weights.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("objective", [bl.MaxSharpe(), bl.MinVariance(), bl.EqualWeight()])
@pytest.mark.parametrize("mean", [0.1, -0.1])
def test_one_asset_has_weight_one_even_without_risk(objective, mean):
    distribution = bl.ReturnDistribution([mean], [[0.0]], [[0.0]], ("only",))
    assert objective.solve(distribution).tolist() == [1.0]
