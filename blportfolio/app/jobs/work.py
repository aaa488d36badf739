"""Which work can run in the background: a function of the library by kind.

Each takes settings (from JSON), a folder of its own to write to, and what to call with the name of
a step, steps done and all; it returns a document for JSON.
"""

WORK: dict[str, str] = {
    "allocation": "blportfolio.runs.allocating:allocation",
    "download": "blportfolio.runs.fetching:fetch_prices",
    "backtest": "blportfolio.runs.order:backtest",
    "contest": "blportfolio.report.forecasts.lab:run_contest",
    "asymmetric": "blportfolio.report.asymmetric_demo:run_demonstration",
}
