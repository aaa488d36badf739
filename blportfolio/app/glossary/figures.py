"""What the figures and settings of a backtest or an allocation mean, one sentence each."""

from __future__ import annotations

FIGURES = {
    "sharpe": "Mean return over its standard deviation, per year, risk-free rate 0 unless one is "
    "given.",
    "sharpe_interval": "Where the true Sharpe ratio lies with 95 % confidence; twenty years of "
    "daily returns fix it to about ± 0.45.",
    "hac_interval": "Interval that allows for returns that depend on one another and change their "
    "variance (Newey-West); rough below 120 periods.",
    "bootstrap": "Interval or p-value from histories drawn anew in blocks from the observed one.",
    "cagr": "Compound annual growth rate: the constant yearly return that leads to the same "
    "wealth, by calendar days / 365.25.",
    "volatility": "Standard deviation of returns, times the square root of the periods in a year.",
    "drawdown": "Fall of wealth below its highest value so far; 0 at a new high, never above.",
    "max_drawdown": "The deepest fall of wealth below an earlier high.",
    "turnover": "Share of the portfolio exchanged at a rebalance, one way: half the sum of all "
    "weight changes, the first purchase left out.",
    "cost_drag": "Growth per year before costs less growth per year after them.",
    "costs": "Rate times all that is bought and sold at each rebalance, taken from wealth.",
    "cost_bps": "Cost of each unit bought and of each unit sold, in basis points; 10 is a common "
    "allowance for large stocks.",
    "basis_point": "One hundredth of one percent, 0.01 %.",
    "net": "After trading costs.",
    "gross": "Before trading costs.",
    "growth": "What 1 invested at the start has become; steps of equal size mean equal growth on "
    "a logarithmic axis.",
    "final_wealth": "What 1 invested at the start has become at the end, net of costs unless "
    "gross is chosen.",
    "log_scale": "A logarithmic axis shows equal growth rates as equal slopes.",
    "annualised": "Stated per year: means times the periods in a year, deviations times its root.",
    "per_period": "Stated for one period of the data, such as a day or a month.",
    "rolling_sharpe": "Sharpe ratio of the latest year at each date; it swings widely by chance "
    "alone.",
    "rolling_volatility": "Volatility of the latest year at each date.",
    "monthly_returns": "Return of each calendar month, net of costs unless gross is chosen.",
    "worst_drawdowns": "The deepest falls with the dates of their high, their low and their "
    "recovery.",
    "weight": "Share of wealth in an asset; weights add up to 100 % with cash.",
    "drifted_weights": "What the last weights have become through price moves before the next "
    "rebalance.",
    "effective_number": "1 / sum of squared weights: how many equal positions would be as "
    "concentrated.",
    "risk_contribution": "Share of the portfolio's variance that comes from an asset; shares add "
    "up to 100 %.",
    "expected_return": "Mean of the next return as the model sees it, an estimate with a wide "
    "error.",
    "tracking_error": "Standard deviation per year of the difference to the benchmark's return.",
    "benchmark": "What a strategy is held against; equal weight is always among them.",
    "sharpe_difference": "Sharpe ratio less that of the other strategy over the same dates, with "
    "an interval that takes out what both earned.",
    "p_value": "How often chance alone would show a difference this large if there were none.",
    "p_adjusted": "p-value that allows for the number of comparisons made.",
    "trials": "Number of configurations that were looked at; the best of many looks good by luck.",
    "probabilistic_sharpe": "Probability that the true Sharpe ratio is above a hurdle.",
    "deflated_sharpe": "Probability that the best Sharpe ratio of all trials is more than the "
    "luck of having tried so many.",
    "spa": "Hansen's test of superior predictive ability: is any of these better than the "
    "baseline, given how many were tried?",
    "confidence_set": "The strategies or models that cannot be told from the best one.",
    "minimum_track_record": "How long a record must be before its Sharpe ratio is known to be "
    "above a hurdle.",
    "lookback": "How many past returns a decision sees.",
    "rebalance": "When weights are decided: at the close of the date shown, held from the next "
    "period on.",
    "as_of": "Last date whose data the decision may use.",
    "walk_forward": "Each decision uses data up to its own date only, then earns what came after.",
    "look_ahead": "Use of data that were not known at the decision; it makes any backtest look "
    "good.",
    "out_of_sample": "Judged on data that had no part in the fit.",
    "fallback": "What is held where no expected return is positive: minimum variance by default.",
    "constraint": "A limit that the weights must obey, such as 10 % in any one asset.",
    "capital": "The amount to invest, in the currency of the prices.",
    "holdings": "Units of each asset that you hold now.",
    "order": "Units to buy or sell to get from the holdings to the target weights, in whole units "
    "where asked.",
    "cash": "What is not invested; it earns nothing in the backtest.",
    "period_choice": "How much of the history is shown, counted back from its last date.",
    "seed": "Where random draws begin: the same seed gives the same figures.",
}
