"""Formulae of the models and of the backtest: what is computed, what it assumes, who said it."""

from __future__ import annotations

from dataclasses import dataclass

PAPER = (
    "Lin, Hu, Chiou and Lin, Latent Variable Estimation in Bayesian Black-Litterman Models, ICML "
    "2025, arXiv 2505.02185"
)


@dataclass(frozen=True, slots=True)
class Formula:
    """One thing that is computed.

    Attributes:
        title: What it is.
        lead: What it is for.
        latex: Formulae, one display each.
        assumes: What has to hold.
        source: Where it stands, with numbers; "the paper" is that of `PAPER`.
        code: The function or class that computes it.
    """

    title: str
    lead: str
    latex: tuple[str, ...]
    assumes: tuple[str, ...]
    source: str
    code: str


NOTATION = (
    ("θ, Σ", "expected returns of one period; covariance of returns given θ"),
    ("θ₀, Σ₀ = τΣ", "prior mean of θ and how unsure it is"),
    ("P, q, Ω", "picks, one row a view; the views; covariance of their errors"),
    ("x = α + Fβ, Ω^F", "forecast of θ by the features F; covariance of its error"),
    ("R = PΩ^FPᵀ, d = P(x − θ₀)", "the forecast's error and its surprise, view by view"),
    ("δ, ν, Ψ, κ", "risk aversion; freedom, scale and strength of the law of Ω"),
    ("k, m, n", "numbers of views, assets, and observations"),
)

MODELS = (
    Formula(
        "Equilibrium prior",
        "The expected returns at which a reference portfolio w is the best one, with no views.",
        (r"\theta_0 = \delta(\Sigma + \Sigma_0)w = \delta(1+\tau)\,\Sigma w",
         r"\Sigma_0 = \tau\Sigma"),
        ("The reference is a choice: equal, inverse variance, minimum variance or market weights.",
         "δ sets the level of returns, τ how unsure it is; neither is known, so both may be lists "
         "that are weighed by evidence."),
        "Lemma C.1 of the paper; He and Litterman (1999)",
        "EquilibriumPrior",
    ),
    Formula(
        "Classic Black-Litterman",
        "Stated views are data about θ; prior and views count by their precision.",
        (r"P\theta = q + \varepsilon, \qquad \varepsilon \sim N(0, \Omega)",
         r"K = \Sigma_0P^\top(P\Sigma_0P^\top + \Omega)^{-1}",
         r"E[\theta] = \theta_0 + K(q - P\theta_0)",
         r"\mathrm{Cov}[\theta] = \Sigma_0 - KP\Sigma_0"),
        ("Returns are normal given θ, and so is the prior.",
         "View errors are independent of the prior's.",
         "The portfolio sees Σ + Cov[θ], the covariance of the next return."),
        "Lemma 2.1, (2.4) and (2.5), of the paper, in gain form; Kolm and Ritter (2017); a "
        "confidence in percent becomes Ω as in Idzorek (2004)",
        "bl_posterior",
    ),
    Formula(
        "SLP-BL: the forecast is the view",
        "Nobody states a view: a regression on features says what θ is, its error how sure it is.",
        (r"\theta \mid F:\quad K = \Sigma_0(\Sigma_0 + \Omega^F)^{-1}",
         r"E[\theta] = \theta_0 + K(x - \theta_0)",
         r"\mathrm{Cov}[\theta] = \Sigma_0 - K\Sigma_0"),
        ("x is a noisy gauge of θ with a known error Ω^F: the record of the regression in the "
         "window, an upper bound.",
         "It is classic Black-Litterman with P = I, q = x, Ω = Ω^F; nothing is learned of the "
         "quality of views."),
        "Theorem 3.2 and Corollary 3.2.1 of the paper",
        "shared_latent_posterior, SharedLatentPrior",
    ),
    Formula(
        "M-BL: stated and learned views together",
        "Features say something of θ, and they leak into the views that an investor states.",
        (r"q + \varepsilon = P(\alpha + F\beta + \gamma\theta)",
         r"G = \Sigma_0^{-1} + (\Omega^F)^{-1} + \gamma^2P^\top\Omega^{-1}P",
         r"\begin{aligned}E[\theta] = G^{-1}[\,&\Sigma_0^{-1}\theta_0 + (\Omega^F)^{-1}x\\ "
         r"&+ \gamma P^\top\Omega^{-1}(q - P\alpha - PF\beta)\,]\end{aligned}",
         r"\mathrm{Cov}[\theta] = G^{-1}"),
        ("γ tells how much of a view is about θ; the rest repeats the features, and is taken out.",
         "Computed in two updates, SLP-BL and then classic, so that nothing is inverted."),
        "Definitions 3.1 to 3.3 and Theorem 3.1 of the paper, with γ² in G (see errata)",
        "mixed_effects_posterior, MixedEffectsPrior",
    ),
    Formula(
        "FIV-BL: views of unknown quality",
        "The view is latent, the features gauge it, and Ω is unknown: the error of a view is a "
        "multivariate t, which is a mixture over one number u.",
        (r"\theta \to q \to F, \qquad \Omega \sim IW(\Psi, \nu) \to q",
         r"T_u = P\Sigma_0P^\top + R + \Psi/u",
         r"p(u \mid F) \propto \chi^2_{\nu-k+1}(u)\; N(d;\, 0,\, T_u)",
         r"\begin{aligned}E[\theta \mid u, F] &= \theta_0 + \Sigma_0P^\top T_u^{-1}d\\ "
         r"\mathrm{Cov}[\theta \mid u, F] &= \Sigma_0 - \Sigma_0P^\top T_u^{-1}P\Sigma_0"
         r"\end{aligned}",
         r"E[\Omega] = \frac{\Psi + E[\varepsilon\varepsilon^\top]}{\nu - k}"),
        ("Given u everything is normal; the integral over u is a trapezoid sum in log u, exact to "
         "twelve digits against a reference in extended precision.",
         "A view that contradicts the prior strongly is taken for a bad one: its influence falls.",
         "Ψ = (ν − k − 1)Ω̄ puts the prior mean of Ω at Ω̄; ν − k − 1 counts past view errors."),
        "Model of Section 3.3 of the paper, read as a graph whose answer is a posterior; the "
        "quadrature is derived here. The paper's own (3.10) is there for comparison",
        "feature_influenced_posterior, FeatureInfluencedPrior",
    ),
    Formula(
        "How sure the features are",
        "Ω^F from the errors S of the regression and the leverage l of today's forecast.",
        (r"\text{residual:}\;\; \Omega^F_{ij} = S_{ij}\sqrt{(1 + l_i)(1 + l_j)}",
         r"\text{parameter:}\;\; \Omega^F_{ij} = S_{ij}\sqrt{l_il_j}"),
        ("One window cannot tell the noise of returns from the error of the forecast: the first is "
         "an upper bound and the default of SLP-BL, the second a lower one and that of FIV-BL.",
         "Correlations in S are shrunk, so that no forecast counts as certain."),
        "Derived here; the paper's Appendix A is the option “silverman”",
        "SharedLatentPrior(feature_uncertainty=…)",
    ),
    Formula(
        "Evidence",
        "How probable the views were before they were heard, and how settings are weighed.",
        (r"p(q) = N(q;\, P\theta_0,\, P\Sigma_0P^\top + \Omega)",
         r"\ell_g \leftarrow \ell_g + \log N\left(\bar r;\, E_g[\theta],\, "
         r"\Sigma'/h + \mathrm{Cov}_g[\theta]\right)",
         r"w_g \propto \exp(\ell_g)"),
        ("Each combination g of τ, δ, reference and strength is scored on returns r̄ of the h "
         "periods after each decision, before they enter anything.",
         "No winner is picked: the answer is the mixture. Evidence tells references apart slowly, "
         "by half δ²TE² per year, TE the tracking error between them."),
        "Prequential scores, derived here; sections “Evidence over hyper-parameters” and “Track "
        "record” of docs/methods.md",
        "replay_state; tau = [0.0005, 0.005, 0.05] in a strategy file",
    ),
)  # fmt: skip

BACKTEST = (
    Formula(
        "The view-free strategy (the default)",
        "SLP-BL with a pooled regression on momentum, volatility and two forecasts; reference "
        "portfolios and τ weighed by evidence; trades that pay for themselves.",
        (r"\begin{aligned}\max_w\; &w^\top E[\theta] - \tfrac{\delta}{2}w^\top"
         r"(\Sigma + \mathrm{Cov}[\theta])w\\ &- \tfrac{c}{h}\textstyle\sum_i|w_i - w_i^-|"
         r"\end{aligned}",
         r"\textstyle\sum_i w_i = 1, \qquad w_i \ge 0"),
        ("c is the cost of a trade, spread over the h periods of the lookback; w⁻ are the weights "
         "before the trade.",
         "It stays close to its reference portfolios until views have earned trust; in most "
         "comparisons it cannot be told from minimum variance."),
        "strategies/view_free.toml; evidence and ablation in docs/evidence.md",
        "load_strategy(\"view_free\")",
    ),
    Formula(
        "Largest Sharpe ratio",
        "The long-only, fully invested portfolio with the most expected return for its volatility.",
        (r"\max_w\; \frac{w^\top E[\theta]}{\sqrt{w^\top(\Sigma + \mathrm{Cov}[\theta])w}}",
         r"\textstyle\sum_i w_i = 1, \qquad w_i \ge 0"),
        ("Solved exactly by an active set; where no expected return is positive the fallback is "
         "minimum variance, and the decision says so.",),
        "Definition F.1 of the paper",
        "MaxSharpe, long_only_max_sharpe",
    ),
    Formula(
        "Costs and turnover",
        "What trading costs, taken from wealth at each decision.",
        (r"\text{turnover} = \tfrac12\sum_i|w_i - w_i^-|",
         r"\begin{aligned}\text{cost} &= \text{rate}\cdot\textstyle\sum_i|w_i - w_i^-|\\ "
         r"&= 2\cdot\text{rate}\cdot\text{turnover}\end{aligned}",
         r"\text{cost drag} = \text{CAGR}_{\text{gross}} - \text{CAGR}_{\text{net}}"),
        ("w⁻ are the drifted weights: last weights after price moves.",
         "10 bp on every unit bought and on every unit sold, unless said otherwise. The first "
         "purchase pays, and is left out of mean turnover. No closing sale.",
         "No taxes, no market impact unless a strategy sets one."),
        "Definitions of this project",
        "blportfolio.backtest.ledger",
    ),
    Formula(
        "Sharpe ratio and its interval",
        "Mean over standard deviation, per year, and how well a finite record knows it.",
        (r"S = \frac{\bar r}{s}\sqrt{p}",
         r"\psi_t = z_t - \tfrac12S(z_t^2 - 1), \quad z_t = (r_t - \bar r)/s",
         r"\mathrm{Var}(S) = \tfrac1n\Big[\gamma_0 + 2\textstyle\sum_{j=1}^{L}"
         r"\left(1 - \tfrac{j}{L+1}\right)\gamma_j\Big]",
         r"L = \left\lfloor 4(n/100)^{2/9}\right\rfloor"),
        ("p periods per year, risk-free rate 0 unless given; in ψ and Var the ratio is per period. "
         "γ_j is the autocovariance of ψ at lag j.",
         "Returns are stationary; below 120 periods intervals are rough, below 10 there is none.",
         "Differences of two strategies use ψ₁ − ψ₂ over the same dates, so that what both earned "
         "cancels; p-values come from a block bootstrap."),
        "Lo (2002); Newey and West (1987); Ledoit and Wolf (2008)",
        "sharpe_interval, bootstrap_sharpe_difference",
    ),
    Formula(
        "The best of many trials",
        "What luck alone would have shown, given how many configurations were looked at.",
        (r"\text{deflated} = \Phi\left(\frac{S - S_0}{\text{s.e.}}\right)",
         r"\begin{aligned}S_0 = \sqrt V\big[&(1 - \gamma)\,\Phi^{-1}(1 - \tfrac1N)\\ "
         r"&+ \gamma\,\Phi^{-1}(1 - \tfrac{1}{Ne})\big]\end{aligned}"),
        ("N counts every configuration that was tried, not those that are shown; V is the variance "
         "of their Sharpe ratios and γ Euler's constant 0.577….",
         "Hansen's test asks whether any strategy beats the baseline at all."),
        "Bailey and López de Prado (2014); Hansen (2005)",
        "deflated_sharpe, superior_predictive_ability",
    ),
    Formula(
        "Growth and drawdown",
        "What an investor would have had, and the worst that was to be borne.",
        (r"\text{CAGR} = \left(W_T/W_0\right)^{365.25/\text{days}} - 1",
         r"\text{drawdown}_t = W_t/\max_{s \le t}W_s - 1 \;\le\; 0"),
        ("By calendar days, net of costs.",
         "A deeper fall than any in the record can come: the record is one history."),
        "Definitions of this project",
        "blportfolio.report.metrics",
    ),
)  # fmt: skip
