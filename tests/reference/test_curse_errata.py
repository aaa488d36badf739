"""What does not hold as printed in "Curse of Attention" (arXiv 2412.06061)."""

import numpy as np
import pytest
from scipy.special import softmax


def next_feature(dimension):
    """P_{d+1} by Property 3 with one core step, of orthonormal P_1 … P_d."""
    background = np.full(dimension - 1, 1 / (dimension * (dimension - 1)))
    return np.append(background, (dimension - 1) / dimension)


@pytest.mark.parametrize("dimension", [2, 3, 8, 50])
def test_property_3_contradicts_the_unit_norm_of_property_1(dimension):
    assert next_feature(dimension) @ next_feature(dimension) < 1
    assert next_feature(dimension).sum() == pytest.approx(1.0)
    assert next_feature(8) @ next_feature(8) == pytest.approx(0.768, abs=5e-4)


@pytest.mark.parametrize("dimension", [3, 8])
def test_the_matrix_that_prop_j3_inverts_is_singular(dimension):
    features = np.linalg.qr(np.random.default_rng(dimension).normal(size=(dimension,) * 2))[0]
    residuals = features - features[:, -1:]  # its last column is P_d − P_d
    assert np.linalg.matrix_rank(residuals.T @ residuals) == dimension - 1


def test_the_function_called_convex_for_theorem_53_is_not():
    rng = np.random.default_rng(0)
    ends = rng.normal(size=(2, 4_000, 8))

    def gap(logits):
        weights = softmax(logits, axis=-1)
        return weights[..., 0] - weights[..., -1]

    above = gap(ends.mean(axis=0)) > gap(ends).mean(axis=0)
    assert above.mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("weight", "last", "others"), [(-1, 0.068, 0.133), (1, 0.233, 0.110)])
def test_the_conclusion_of_theorem_53_holds_all_the_same(weight, last, others):
    windows = np.random.default_rng(1).normal(size=(200_000, 8))
    attention = softmax(weight * windows[:, -1:] * windows, axis=1).mean(axis=0)
    assert attention[-1] == pytest.approx(last, abs=0.002)
    np.testing.assert_allclose(attention[:-1], others, atol=0.002)
