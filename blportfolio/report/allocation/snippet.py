"""The Python that makes the same allocation and the same orders."""

from __future__ import annotations

from collections.abc import Mapping


def snippet(
    data: str,
    strategy: str,
    *,
    as_of: str,
    cost_bps: float,
    before: Mapping[str, float] | None = None,
    capital: float | None = None,
    holdings: Mapping[str, float] | None = None,
    prices: Mapping[str, float] | None = None,
    money: bool = False,
    whole_shares: bool = True,
    outside: str = "keep",
) -> str:
    """Return a script that prints target weights and orders.

    Args:
        data: Expression that loads the data, after `import blportfolio as bl`.
        strategy: Packaged name, or path of a TOML file.
        as_of: Date, ISO.
        cost_bps: Basis points of each unit bought and each unit sold.
        before: Weights before, by asset; None at a first purchase.
        capital: Money to invest besides; None leaves out the orders.
        holdings: Units held by asset.
        prices: Prices by asset in place of those of the data.
        money: Whether a unit is one unit of money, as for data that are returns.
        whole_shares: Whether orders are whole units.
        outside: As of `orders`.
    """
    lines = [
        "import pandas as pd",
        "",
        "import blportfolio as bl",
        "from blportfolio.backtest import decide",
    ]
    if capital is not None:
        lines.append("from blportfolio.report.allocation import orders")
    lines += ["", f"market = {data}"]
    given = [f"as_of={as_of!r}", f"cost_bps={cost_bps!r}"]
    if before:
        lines.append(f"before = pd.Series({dict(before)!r})  # weights held now")
        given.append("previous_weights=before")
    lines += [
        f"decision = decide({strategy!r}, market, {', '.join(given)})",
        "print(decision.weights[decision.weights != 0])",
    ]
    if capital is not None:
        if money:
            lines += ["", "prices = pd.Series(1.0, list(market.assets))  # units are money"]
        else:
            lines += ["", "prices = market.prices.loc[: decision.as_of].ffill().iloc[-1]"]
        if prices:
            lines.append(f"prices = pd.Series({dict(prices)!r}).combine_first(prices)")
        lines += [
            "found = orders(",
            "    decision.weights,",
            "    prices,",
            f"    capital={capital!r},",
            *([f"    holdings=pd.Series({dict(holdings)!r}),"] if holdings else []),
            f"    cost_bps={cost_bps!r},",
            f"    whole_shares={whole_shares!r},",
            *([] if outside == "keep" else [f"    outside={outside!r},"]),
            *(["    lot=0.01,"] if money else []),
            ")",
            'print(found.table.loc[found.table["order"] != 0, ["price", "order", "value"]])',
            'print(f"Cash left: {found.cash:.2f}, cost {found.cost:.2f}")',
        ]
    return "\n".join(lines) + "\n"
