"""The paper's claims as printed, beside what a run measured."""

from __future__ import annotations

import pandas as pd

from blportfolio.forecasters.asymmetric import AsymmetricResult
from blportfolio.forecasters.asymmetric.trial import ALIGNMENT, CONTEST, GAMMA, VARIANT
from blportfolio.report.study import Section

_NOT_RUN = "not in this run"


def claims_section(result: AsymmetricResult) -> Section:
    """Return the paper's claims, what holds, and what does not hold as printed."""
    frame = pd.DataFrame(list(result.records))
    return Section(
        "What the paper claims, and what does not hold as printed",
        (
            "Source: Curse of Attention, CPAL 2025, PMLR 280: 675-738 (arXiv 2412.06061). It is a "
            "theory; of this effect it contains no experiment, so that there is no published "
            "figure to match, only a mechanism to check. Its theorems train on all steps; only its "
            "test is restricted to sign-inconsistent ones. Training on sign-consistent steps is "
            "our addition.",
            "What stands: with balanced output weights and weights of their sign, the forecast of "
            "the scalar model has the sign of the last value for every input; on sign-inconsistent "
            "steps it then cannot have a lower error than zero. Measured here: "
            f"{_follow(frame)}.",
            "What does not hold as printed:",
            "1. Theorem 5.2 has the network converge near its start and have all weights aligned "
            "with their outputs. Half of the weights start with the wrong sign, at a distance of "
            f"about one. Measured here: {_aligned(frame, 'ntk')}; {_aligned(frame, 'mean_field')}. "
            "Alignment of the first updates is real; that of the weights needs the mean-field "
            "scaling, which is not the regime of the theorem.",
            "2. The smallest eigenvalue of the kernel is positive, and of no use: all its features "
            "are slices of one smooth family of functions, and the number of neurons asked for "
            "grows with its third inverse power. Measured here (ratio of smallest and largest "
            f"eigenvalue, d 8): {_spectrum(result)}. So the training error does not go to zero: "
            f"{_stall(frame)}.",
            "3. Property 1 (all P_k have norm one) contradicts property 3 (the next is a stated "
            f"average of them): at {_norms(result)}.",
            "4. Proposition J.3 inverts a matrix whose last column is P_d - P_d = 0. The linear "
            "residual network has d - 1 weights and is any linear map whose coefficients sum to "
            "one; only where the truth is one is it exact, as it is here. Measured here: "
            f"{_linear(frame)}.",
            "5. The proof of Proposition J.1 argues about a linear map; the model is not linear. "
            "Its conclusion is right by the argument above.",
            "6. The proof of Theorem 5.3 uses a convexity that fails in half of random midpoint "
            "tests. Its conclusion, that neurons with a < 0 look away from the last step, is "
            f"there, weakly in the paper's scaling. Measured here: {_mass(frame)}.",
            "7. With γ < 0 everything is reversed: updates take the sign of -a and the model is "
            f"right where signs flip. Measured here: {_reversal(frame)}. The limit is that the "
            "sign of the forecast is tied to that of the last value, either way.",
            "8. The model is blind to the order of the values before the last, a handicap of its "
            "own. The target sym has no order to learn, so that it separates the two: "
            f"{_blind(frame)}.",
        ),
    )


def _leads(frame: pd.DataFrame) -> pd.Series:
    """Return which rows were trained on steps that keep the sign more often than not."""
    return (frame["gamma"] > 0) | (frame["regime"] == "con")


def _mean(frame: pd.DataFrame, name: str) -> float:
    return float(frame[name].astype(float).mean())


def _follow(frame: pd.DataFrame) -> str:
    rows = frame[(frame["part"] == CONTEST) & (frame["model"] == "attention GD") & _leads(frame)]
    if rows.empty:
        return f"{_NOT_RUN}, which has γ below zero only; see 7"
    return (
        f"the trained network has the sign of the last value in {_mean(rows, 'ood_follow'):.1%} of "
        "sign-inconsistent steps"
    )


def _aligned(frame: pd.DataFrame, scaling: str) -> str:
    rows = frame[(frame["part"] == ALIGNMENT) & (frame["scaling"] == scaling)]
    words = {"ntk": "in the paper's scaling", "mean_field": "in the mean-field scaling"}[scaling]
    if rows.empty:
        return f"{words} {_NOT_RUN}"
    widest = rows[rows["width"] == rows["width"].max()]
    return (
        f"{words} (m = {widest['width'].iloc[0]}) {_mean(widest, 'upd_sign'):.2f} of the updates "
        f"and {_mean(widest, 'wt_sign'):.2f} of the weights have the sign at the end"
    )


def _spectrum(result: AsymmetricResult) -> str:
    return ", ".join(f"{row['ratio']:.0e} with {row['n']} windows" for row in result.spectrum)


def _stall(frame: pd.DataFrame) -> str:
    rows = frame[(frame["part"] == CONTEST) & (frame["regime"] == "all")]
    rows = rows[rows["model"] == "attention NTK"]
    if rows.empty:
        return _NOT_RUN
    return (
        "the closed form of infinite width, hardly penalised, leaves "
        f"{_mean(rows, 'id_rel0'):.0%} of the variance"
    )


def _norms(result: AsymmetricResult) -> str:
    d = result.settings.targets[-1].dimension
    square = ((d - 1) / d) ** 2 + 1 / (d**2 * (d - 1))
    return f"d = {d} with orthonormal P_1, …, P_d, property 3 makes the squared norm {square:.3f}"


def _linear(frame: pd.DataFrame) -> str:
    rows = frame[frame["part"].isin([CONTEST, GAMMA])]
    found = [
        f"{name} {_mean(rows[rows['model'] == name], 'ood_rel0'):.3f}"
        for name in ("Linear", "NLinear", "oracle")
    ]
    return f"error on flips over that of zero, {', '.join(found)}"


def _mass(frame: pd.DataFrame) -> str:
    rows = frame[(frame["part"] == ALIGNMENT) & _leads(frame)]
    if rows.empty:
        return _NOT_RUN
    found = []
    for scaling, own in rows.groupby("scaling", sort=False):
        plus, minus = _mean(own, "last_step_plus"), _mean(own, "last_step_minus")
        found.append(f"{scaling} {plus:.3f} for a > 0 and {minus:.3f} for a < 0")
    even = 1 / rows["dimension"].iloc[0]
    return f"mass on the last step {'; '.join(found)} (even attention: {even:.3f})"


def _reversal(frame: pd.DataFrame) -> str:
    rows = frame[frame["part"].isin([CONTEST, GAMMA]) & (frame["model"] == "attention GD")]
    rows = rows[(rows["gamma"] < 0) & (rows["regime"] == "all")]
    if rows.empty:
        return _NOT_RUN
    return (
        f"trained on all steps with γ {rows['gamma'].iloc[0]:g} it has the right sign on "
        f"{_mean(rows, 'ood_sign'):.1%} of flips"
    )


def _blind(frame: pd.DataFrame) -> str:
    rows = frame[frame["part"].isin([CONTEST, VARIANT]) & (frame["kind"] == "sym")]
    rows = rows[rows["model"].isin(["attention GD", "base"])]
    if rows.empty:
        return f"it was {_NOT_RUN}"
    return (
        f"there, too, the scalar model's error on flips is {_mean(rows, 'ood_rel0'):.2f} times "
        "that of zero"
    )
