"""How to read each part of the page Views, and the formulae behind it."""

from __future__ import annotations

import streamlit as st

from blportfolio.app import show
from blportfolio.report.views import ViewExplanation

SLP = (
    r"K = \Sigma_0(\Sigma_0 + \Omega^F)^{-1}, \quad "
    r"E[\theta] = \theta_0 + K(x - \theta_0), \quad "
    r"\mathrm{Cov}[\theta] = \Sigma_0 - K\Sigma_0"
)
FIV = (
    r"q = P\theta + \varepsilon,\ \varepsilon \sim N(0, \Omega),\ \Omega \sim IW(\Psi, \nu), "
    r"\quad E[\theta] = \theta_0 + \Sigma_0 P^\top (P\Sigma_0P^\top + V_{\mathrm{eff}})^{-1} d"
)
CLASSIC = (
    r"K = \Sigma_0P^\top(P\Sigma_0P^\top + \Omega)^{-1}, \quad "
    r"E[\theta] = \theta_0 + K(q - P\theta_0)"
)
MODEL_FORMULAE = {
    "slp": (SLP,),
    "fiv": (FIV, r"\Psi = \kappa\,\bar\Omega,\quad \nu = k + 1 + \kappa"),
    "mbl": (SLP, r"\text{then, with stated views } q:\quad " + CLASSIC),
    "classic": (CLASSIC,),
}
PRIOR = r"\theta_0 = \delta(1 + \tau)\Sigma w, \qquad \Sigma_0 = \tau\Sigma"
TRUST = (
    r"t_i = \left[A(A + V)^{-1}\right]_{ii},\ A = P\Sigma_0P^\top, \qquad "
    r"\text{one asset: } \frac{\tau\sigma^2}{\tau\sigma^2 + \omega}"
)
SURPRISE = r"z_i = \frac{q_i - (P\theta_0)_i}{\sqrt{(P\Sigma_0P^\top + V)_{ii}}}"
ATTRIBUTION = (
    r"\mathrm{attribution} = \Sigma_0P^\top(P\Sigma_0P^\top + V)^{-1}D_d,\ d = q - P\theta_0, "
    r"\qquad \textstyle\sum_j \mathrm{attribution}_{ij} = E[\theta_i] - \theta_{0,i}"
)
EVIDENCE = (
    r"\log p(x) = \log N(x;\ P\theta_0,\ P\Sigma_0P^\top + \Omega), \qquad "
    r"\text{FIV-BL: } \log \int \chi^2_n(u)\,N(d;\ 0,\ P\Sigma_0P^\top + R + \Psi/u)\,du"
)

READ = {
    "chart": "Squares are what the prior expects, triangles what the view says, circles the "
    "posterior between them; bars are one standard deviation. The surer of the two pulls harder.",
    "weights": "The same objective before the views were heard and after. Where the two marks "
    "part, the views moved money.",
    "trust": "Trust is how far the posterior follows a view on its own: 0 % is ignored, 100 % "
    "believed outright. A small Ω, or an unsure prior, earns more of it.",
    "attribution": "Each row is an asset, each column a view: what that view added to the asset's "
    "expected return. A row adds up to posterior less prior, exactly; views on other assets count "
    "through correlation.",
    "correlation": "How the errors of expected returns move together, before and after. Views "
    "that are surer of some assets than of others change it.",
    "evidence": "How probable the model made what the features say, before it heard it. The "
    "higher, the better a value fits this window; where the curve is flat, the window does not "
    "know.",
    "past": "The sum over past decisions of the log density that each value gave to the returns "
    "until the next one. Differences are evidence; the level depends on the unit.",
    "models": "The same window, prior and objective through every model. Where models disagree "
    "most stands out; which is right, only a backtest can say.",
}


def convention(period: str, periods_per_year: float, *, annual: bool) -> str:
    """Return what figures are multiplied by, in words."""
    if not annual:
        return f"Figures are of one {period}, as the model has them."
    root = periods_per_year**0.5
    return (
        f"Figures are per year: means of one {period} times {periods_per_year:g}, and so are "
        f"variances, Black-Litterman's convention, in which typed views are read too. Taken "
        f"as an error of the yearly mean itself, a bar would be {root:.1f} times as long: choose "
        f"“one {period}” to see both in one unit. Surprise is measured there."
    )


def pace(explanation: ViewExplanation, horizon: int, period: str) -> str:
    """Say what a view per year is of the time that it looks ahead, of the furthest one."""
    learned = explanation.views.query("kind == 'learned'")
    name = str((learned["view"] - learned["prior"]).abs().idxmax())
    mean, prior = float(learned["view"][name]), float(learned["prior"][name])
    share = horizon / explanation.periods_per_year
    ahead = period if horizon == 1 else f"{horizon} {period}s"
    return (
        f"A learned view is of the next {ahead}; per year it is that pace kept up, which nobody "
        f"foretells. The furthest from its prior, {show.plain(name)} at {100 * mean:z.1f} % per "
        f"year, says {100 * share * mean:z.2f} % in that time, where the prior says "
        f"{100 * share * prior:z.2f} %; it is trusted by "
        f"{100 * float(learned['trust'][name]):z.1f} %."
    )


def formulae(*lines: str) -> None:
    """Draw an expander with formulae."""
    with st.expander("The formula", icon=":material/function:"):
        for line in lines:
            st.latex(line)
