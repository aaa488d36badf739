"""What the terms of the model mean, one sentence each."""

from __future__ import annotations

MODEL = {
    "prior": "What is believed of expected returns before any view is heard: a mean and how sure "
    "it is.",
    "view": "A statement about the expected return of an asset or of a combination of assets, "
    "with an error of its own.",
    "latent_view": "A view that nobody states: the model learns it, and its error, from features "
    "of past prices.",
    "posterior": "Expected returns after the views, and how sure they are: prior and views, each "
    "weighed by its precision.",
    "theta": "θ, the unknown expected returns of one period, which prior and views are about.",
    "tau": "τ says how unsure the prior is: the covariance of expected returns is τ times that of "
    "returns. A small τ makes views count less.",
    "delta": "δ, risk aversion: how much expected return one unit of variance must earn. It sets "
    "the level of the equilibrium returns.",
    "nu": "ν, degrees of freedom of the law of Ω: ν − k − 1 is the number of past view errors "
    "that the prior on Ω is worth, for k views.",
    "kappa": "κ, strength: how many past view errors the prior belief about the quality of views "
    "is worth.",
    "omega": "Ω, covariance of the views' errors: the larger it is, the less the views move the "
    "posterior.",
    "psi": "Ψ, scale of the prior law of Ω, whose mean is Ψ/(ν − k − 1).",
    "view_scale": "s, the expected size of view errors in units of the prior's own variance; 1 "
    "is the choice of He and Litterman.",
    "view_influence": "γ: how much of a stated view is about the true expected return; the rest "
    "repeats what the features say.",
    "effective_view_covariance": "V_eff, the error covariance with which classic Black-Litterman "
    "would give the same posterior mean.",
    "evidence": "How probable the model made the views before it heard them; log evidence "
    "compares settings on the same data.",
    "surprise": "View less prior, in standard deviations expected of that difference: beyond 2 or "
    "3 the view contradicts the prior.",
    "trust": "Share of the way from prior to view that the posterior goes: 0 ignored, 1 believed "
    "outright.",
    "attribution": "What each view added to each asset's expected return; the parts add up to "
    "posterior less prior, exactly.",
    "pick": "P, one row a view: the combination of assets that the view speaks of.",
    "equilibrium": "The expected returns at which a reference portfolio would be the best one to "
    "hold, with no views at all.",
    "reference_portfolio": "The portfolio that the equilibrium prior explains, and that is held "
    "where views say nothing: equal, inverse-variance, minimum-variance or market weights.",
    "feature": "A number made of past data only, such as momentum, from which views are learned.",
    "feature_uncertainty": "Ω^F, covariance of the error of the features' forecast: the residual "
    "of its regression, or that of its parameters alone.",
    "classic_bl": "Classic Black-Litterman: somebody states the views and how sure they are.",
    "slp_bl": "SLP-BL, shared latent parametrisation: the features' forecast is the view, the "
    "error of the forecast its uncertainty.",
    "m_bl": "M-BL, mixed effects: views that an investor states, combined with what the features "
    "say.",
    "fiv_bl": "FIV-BL, feature-influenced views: how good the views are is unknown and learned; "
    "views far from the prior lose their influence.",
    "view_free": "No investor states a view: q and Ω are learned from data up to the decision.",
    "view_confidence": "How sure an investor is of a stated view, in percent, turned into Ω as "
    "Idzorek proposed: 0 leaves the prior, 100 fulfils the view.",
    "track_record": "Errors that past views turned out to have, from which the size of Ω is "
    "learned.",
    "averaging": "Several values of a setting at once, each weighed by how well it foretold past "
    "returns; no winner is picked.",
    "prequential_score": "Log probability that a setting gave to each return before it was seen, "
    "added up over past decisions.",
    "predictive_covariance": "Covariance of the next return: that of returns given their mean, "
    "plus that of the mean itself.",
    "ledoit_wolf": "Sample covariance drawn towards a simple target by an amount that is "
    "estimated; steadier where assets are many and dates few.",
    "max_sharpe": "The long-only portfolio with the largest expected return over volatility, as "
    "the model sees both.",
    "min_variance": "The portfolio with the smallest variance; it needs no expected returns.",
    "mean_variance": "The portfolio with the largest expected return less δ/2 times variance.",
    "equal_weight": "The same weight for every asset at each rebalance: hard to beat, and always "
    "shown beside the rest.",
    "markowitz": "Largest Sharpe ratio on the means and covariances of the window as they are; "
    "known to chase noise.",
    "inverse_variance": "Weights in proportion to 1 / variance: low risk counts, correlations do "
    "not.",
    "standard_deviation": "The square root of the variance: two times in three the truth lies "
    "within one of the mean, if the law is normal.",
    "correlation": "How closely two assets move together, from −1 to 1.",
}
