"""Errata of the paper, look-ahead, limits: what a reader has to know, in rows and sentences."""

from __future__ import annotations

ERRATA = (
    ("Definition 3.2", "Ω of the size of the assets", "one row and column a view",
     "PᵀΩ⁻¹P does not exist with fewer views than assets"),
    ("Corollary 3.1.1", "PᵀΩ⁻¹P in the precision", "γ²PᵀΩ⁻¹P",
     "50 % of the covariance at γ = 1.6"),
    ("Corollary 3.1.1", "Σ + G⁻¹ as the law of θ", "that is the law of the next return",
     "Σ too much"),
    ("Corollary 3.2.1", "mean G[…]", "mean G⁻¹[…]", "700 % in the test; wrong unit"),
    ("Remarks 3.3, 3.7", "for any P", "P of full column rank",
     "what P does not see keeps its prior variance"),
    ("Figure 3, Theorem 3.3", "θ → q ← F", "θ → q → F",
     "as drawn, features say nothing of θ while q is unseen"),
    ("(3.10)", "posterior of θ given F", "Ω keeps its prior: Jeffrey's rule, no posterior",
     "mean moves 1.4 to 2.2 times too far"),
    ("Remark 3.7", "Ω⁻¹ → 0 for certain views", "Ω⁻¹ → ∞", "the opposite end"),
    ("Corollary 3.3.1", "Ω is a function of Σ′", "several Ω share one Σ′, most Σ′ have none",
     "Ω = 1/3 and 1/11 give the same"),
    ("Lemma D.3", "t with ν′ degrees of freedom", "ν′ − m + 1",
     "density off by up to 58 %"),
    ("Lemma D.3", "covariance Ψ′/(ν′ − m + 1)", "Ψ′/(ν′ − m − 1)",
     "a third of the truth at the paper's ν′"),
    ("Appendix A", "Ψ′ = I as a rule of thumb", "Ψ′ on the scale of returns",
     "70 times the largest attainable variance"),
    ("(E.4)", "M Var[q] M⁻¹", "M Var[q] Mᵀ", "not symmetric"),
    ("Tables 1 and 2", "growth with 252 calendar days a year", "365.25 days",
     "true rates 1.45 to 1.49 times the printed, in all 24 rows"),
    ("Abstract", "Sharpe + 50 % on Markowitz and the index", "on Markowitz alone",
     "38 % on the index, 11 % on equal weight"),
    ("Released scripts", "a price level is the regression's target", "a return",
     "later splits change past weights: look-ahead"),
)  # fmt: skip
"""Where, what is printed, what is right, how far off."""

LOOK_AHEAD = (
    "A decision uses data up to and including its date, trades at that close, and earns from the "
    "next period on. Nothing trades at an open that came before the decision.",
    "Features use past data only; standardisation, regressions, covariances and forecasters are "
    "fitted inside the window. Targets that are not whole yet have no part.",
    "Macro-economic series enter after their publication lag; revised series are named.",
    "An asset is held only while it is a member of its universe, and with a full lookback of "
    "returns. One that vanishes keeps its last price until the next decision.",
    "What is learned from decision to decision (evidence, track record) is updated with returns "
    "that had been seen by then.",
    "Tests delete and scramble the future of every feature, prior and forecaster, and of the whole "
    "engine: no bit of the past changes.",
)

LIMITS = (
    "**Survivorship.** The twenty packaged stocks were chosen in 2022 because they had survived "
    "and were large. Levels of return are flattered for every strategy, equal weight included: "
    "compare "
    "strategies, not levels.",
    "**Chance.** Twenty years of daily returns fix a Sharpe ratio to about ± 0.45. Most strategies "
    "here cannot be told from minimum variance or equal weight.",
    "**Trials.** Whoever looks at many settings finds a good one. Count what you tried; the "
    "deflated ratio and Hansen's test allow for the number that they are told of.",
    "**Costs.** 10 basis points suit large US stocks of today, not those of 1970 nor small ones. "
    "Taxes, market impact, capacity and financing are not in them.",
    "**Normal returns given θ.** Fat tails reach the posterior only through Ω and the covariance; "
    "the backtest itself assumes no law.",
    "**Short windows.** The sample mean of a year carries next to no information on expected "
    "returns; that is why priors and their uncertainty matter.",
    "**Regimes.** Everything takes the returns of a window as a guide to the next periods. A "
    "crisis that is not in the record is in no interval.",
    "**Adjusted prices** know later splits and dividends. Returns are right; price levels are "
    "never a feature.",
    "**Attention.** The scalar attention model fails on steps that turn; with positions and "
    "several heads it does not have this limit.",
)

ADVICE = (
    "This is research software. Nothing it shows is investment advice, an offer or a "
    "recommendation; past results, simulated ones above all, do not tell the future. Check weights "
    "and orders yourself, and ask somebody qualified before you trade on them."
)
