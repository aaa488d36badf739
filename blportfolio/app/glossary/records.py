"""What the terms of data sets and stored runs mean, one sentence each."""

from __future__ import annotations

RECORDS = {
    "adjusted_close": "Closing price divided by all later splits and dividends: its returns are "
    "right, its level must not be a signal.",
    "coverage": "Share of the dates on which an asset has a price.",
    "missing_values": "Dates without a price between the first and the last of the data.",
    "gap": "Missing prices inside an asset's life.",
    "late_listing": "An asset whose first price is later than the first date of the data.",
    "delisting": "An asset whose last price is earlier than the last date of the data.",
    "universe": "The assets that a strategy may hold, at each date those that belong to it then.",
    "membership": "When an asset belonged to the universe; outside those dates it is not held.",
    "point_in_time": "As it was known on that date, not as corrected or selected later.",
    "survivorship": "Only companies that are still there are in the data: levels of return are "
    "flattered for every strategy.",
    "finding": "Something in the prices that looks wrong to the data doctor.",
    "severity": "Serious: correct it before use. Warning: look at it. Note: good to know.",
    "repair": "A correction that is certain, such as a split that was not applied; it goes to a "
    "new file with a log.",
    "outlier": "A return so large beside the asset's usual ones that it may be a wrong print.",
    "robust_score": "Distance from the median in units of 1.4826 times the median absolute "
    "deviation.",
    "risk_free": "Rate earned without risk over each period, subtracted to give excess returns.",
    "market_weights": "Capitalisations over time, which an equilibrium prior can take as its "
    "reference.",
    "periods_per_year": "Number of returns in a year of these data, used to annualise.",
    "frequency": "How far apart the dates of the data are.",
    "sha256": "Fingerprint of a file: one changed byte changes it.",
    "last_date": "Last date with a price.",
    "stale": "Older than expected: the data end before the last finished session.",
    "cache": "Prices that were fetched earlier and are kept on this machine.",
    "experiment": "What was run: strategies, data, windows, dates and costs.",
    "run": "One finished experiment with its results, in a folder of its own.",
    "run_id": "Time at which the run began, in UTC, and the first letters of its settings' hash.",
    "run_label": "A name of your own for a run; the run itself is not changed.",
    "manifest": "Record of what ran, on which data, with which versions and settings.",
    "commit": "Version of the source code that ran.",
    "reference_run": "The example that comes with blportfolio, never changed or deleted.",
    "study": "A contest of forecasters, a demonstration or a replication: figures and sentences, "
    "no portfolio to open.",
    "duration": "How long the run took, in seconds.",
    "strategy": "What is decided at each rebalance: features, prior, covariance and objective.",
}
