"""The linear support-vector regression of the paper's scripts, solved whatever the unit."""

from __future__ import annotations

import warnings

import numpy as np

from blportfolio.types import FloatArray

PENALTY = 1.0
TUBE = 0.1
"""C and ε of scikit-learn's `SVR` by default."""

MOST_ITERATIONS = 200_000
"""Of libsvm. A few hundredths of a second; on prices in the hundreds it may need millions."""
MOST_STEPS = 100
"""Of the interior point, which needs a dozen."""


def fit_svr(features: FloatArray, target: FloatArray) -> tuple[FloatArray, float]:
    """Return slopes (n_features,) and intercept of `SVR(kernel="linear")` with its defaults.

    Features and target are not scaled, as in the study. Where libsvm has not ended by
    `MOST_ITERATIONS`, the same problem is solved by `solve_svr`.

    Args:
        features: (n_obs, n_features).
        target: (n_obs,).
    """
    from sklearn.svm import SVR

    model = SVR(kernel="linear", C=PENALTY, epsilon=TUBE, max_iter=MOST_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not ended is seen to below
        model.fit(features, target)
    if model.fit_status_:
        return solve_svr(features, target)
    return np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])


def solve_svr(features: FloatArray, target: FloatArray) -> tuple[FloatArray, float]:
    """Return slopes w and intercept b that minimise ½|w|² + C Σ max(0, |y − Xw − b| − ε).

    A primal-dual interior point with Mehrotra's predictor and corrector, in as many unknowns as
    there are features. Scaling within changes the path and not the solution.

    Args:
        features: (n_obs, n_features).
        target: (n_obs,).

    References:
        Mehrotra (1992), On the implementation of a primal-dual interior point method.
    """
    n_obs, n_features = features.shape
    centre, middle = features.mean(axis=0), float(target.mean())
    unit = features.std(axis=0)
    unit = np.where(unit > 0, unit, 1.0)
    size = max(float(target.std()), TUBE)
    design = np.column_stack([(features - centre) / unit, np.ones(n_obs)])
    scaled, tube = (target - middle) / size, TUBE / size
    # In z: ½ zᵀ diag(ridge) z + C Σ ξ with ξ ≥ rows z + offset and ξ ≥ 0.
    ridge = np.append(size / unit**2, 0.0)
    rows = np.vstack([-design, design])
    offset = np.concatenate([scaled - tube, -scaled - tube])
    z = np.zeros(n_features + 1)
    dual = np.full(2 * n_obs, PENALTY / 2)
    excess = np.maximum(offset, 0.0) + 1.0
    slack = excess - offset
    for _ in range(MOST_STEPS):
        other = PENALTY - dual
        gap = float(dual @ slack + other @ excess) / (4 * n_obs)
        stationary = ridge * z + rows.T @ dual
        if gap < 1e-12 and np.abs(stationary).max() < 1e-9 * n_obs:
            break
        feasible = slack - (excess - rows @ z - offset)
        weight = slack / dual + excess / other
        matrix = (rows.T / weight) @ rows + np.diag(ridge)

        def direction(
            first: FloatArray | float, second: FloatArray | float
        ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
            """Solve Newton's system for products `first` of dual and slack, `second` of others."""
            pull = first / dual - slack - second / other + excess + feasible  # noqa: B023
            move = np.linalg.solve(matrix, -stationary - rows.T @ (pull / weight))  # noqa: B023
            up = (rows @ move + pull) / weight  # noqa: B023
            return (
                move,
                up,
                second / other - excess + excess * up / other,  # noqa: B023
                first / dual - slack - slack * up / dual,  # noqa: B023
            )

        _, up, more, wider = direction(0.0, 0.0)
        step = _longest((dual, up), (other, -up), (slack, wider), (excess, more))
        reached = (dual + step * up) @ (slack + step * wider)
        reached += (other - step * up) @ (excess + step * more)
        aim = gap * (float(reached) / (4 * n_obs) / gap) ** 3
        move, up, more, wider = direction(aim - up * wider, aim + up * more)
        step = 0.99 * _longest((dual, up), (other, -up), (slack, wider), (excess, more))
        z, dual = z + step * move, dual + step * up
        slack, excess = slack + step * wider, excess + step * more
    slopes = size * z[:-1] / unit
    return slopes, float(size * z[-1] + middle - centre @ slopes)


def _longest(*pairs: tuple[FloatArray, FloatArray]) -> float:
    """Return the longest step, 1 / 0.99 at most, that leaves values at or above 0."""
    ratios = [-value[change < 0] / change[change < 0] for value, change in pairs]
    return min(1 / 0.99, *(float(ratio.min(initial=np.inf)) for ratio in ratios))
