"""Units to buy and sell to get from what is held to target weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from blportfolio.backtest.strategy import check_cost
from blportfolio.errors import ConfigError, DataError
from blportfolio.report.allocation.order_text import order_notes
from blportfolio.types import FloatArray
from blportfolio.validation import check_choice, check_weights, shown

FRACTION = 1e-4
"""Smallest part of a unit that is traded where fractions are allowed."""
EDGE = 1e-9
"""Part of a lot by which rounding of floats may miss a whole one."""


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """What to buy and sell, at the prices given.

    Attributes:
        table: By asset: `price`, `held` units before, `order` units to buy (above 0) or sell,
            `units` after, `value` of the order (order × price), `cost`, `target` weight and
            `weight` after, as a share of `wealth` less costs.
        capital: Money that was to be invested, besides what is held.
        wealth: Capital and the value of what is held, before costs.
        cash: Money left after all orders and costs.
        cost: Estimated cost of all orders, in money.
        cost_bps: Basis points of each unit of money bought and sold.
        kept: Units by asset that are held, have no part in the orders, and are left as they are.
        notes: What to know, in sentences.
    """

    table: pd.DataFrame
    capital: float
    wealth: float
    cash: float
    cost: float
    cost_bps: float
    kept: Mapping[str, float]
    notes: tuple[str, ...]

    @property
    def turnover(self) -> float:
        """Half of all that is bought and sold, as a share of wealth."""
        return float(self.table["value"].abs().sum()) / (2 * self.wealth)


def orders(
    weights: pd.Series,
    prices: pd.Series,
    *,
    capital: float,
    holdings: pd.Series | None = None,
    cost_bps: float = 10.0,
    whole_shares: bool = True,
    lot: float | None = None,
    outside: str = "keep",
    priced_on: pd.Series | None = None,
) -> Orders:
    """Return the orders that lead from holdings to weights, and never cost more than there is.

    Wealth after costs V solves V + c·Σ|V·w − held value| = capital + held value, with c the cost
    rate: the engine's cost of a decision. The ideal order of an asset is (V·w / price − held); it
    is rounded down to whole lots (for a sale that is one more), and the money left by that is
    given out by largest remainder: the assets furthest below their target, in money, get one lot
    more each as long as it can be paid for and the target's own cash is left. A position with
    target 0 is sold whole, fractions included.

    Args:
        weights: Target weights by asset; what they lack of 1 stays in cash.
        prices: Price of a unit by asset, at least of those to be bought.
        capital: Money to be invested, 0 or more, besides what is held.
        holdings: Units held by asset; those not named are 0.
        cost_bps: Basis points of each unit of money bought and sold.
        whole_shares: Whether orders are whole units; else multiples of a ten-thousandth.
        lot: Units that an order must be a multiple of, instead.
        outside: `keep` or `sell`: what becomes of holdings that `weights` does not name. Kept
            ones have no part in wealth; without a price they cannot be sold.
        priced_on: Date of each price; those older than the latest are named in `notes`.

    Returns:
        The orders, with what they cost, what cash is left, and what to know.

    Raises:
        DataError: If a price that is needed is missing, weights need borrowed money, or there is
            nothing to invest.
        ConfigError: If a setting is out of range.
    """
    target = check_weights(weights, name="weights")
    rate = check_cost(cost_bps) / 10_000
    check_choice(outside, ("keep", "sell"), name="outside")
    size = _lot(lot, whole_shares=whole_shares)
    money = _number(capital, name="capital")
    if float(target.sum()) > 1 + 1e-6:
        raise DataError(
            f"`weights` add up to {float(target.sum()):.4g}: the part above 1 would have to be "
            "borrowed. Give weights that add up to 1 at most."
        )
    held = pd.Series(dtype=float) if holdings is None else check_weights(holdings, name="holdings")
    price = _prices(prices)
    kept = _kept(held, target.index, price, outside)
    counted = held.drop(list(kept))
    assets = list(dict.fromkeys([*target.index, *counted.index[counted != 0]]))
    lacking = [asset for asset in assets if asset not in price.index and target.get(asset, 0.0)]
    if lacking:
        raise DataError(
            f"`prices` lacks a price above 0 of {', '.join(lacking[:5])}, which should be held. "
            "Give the price you would pay."
        )
    assets = [asset for asset in assets if asset in price.index]
    w = target.reindex(assets).fillna(0.0).to_numpy(dtype=float)
    p = price[assets].to_numpy(dtype=float)
    h = counted.reindex(assets).fillna(0.0).to_numpy(dtype=float)
    wealth = money + float(h @ p)
    if not wealth > 0:
        raise DataError(
            f"There is nothing to invest: capital {money:g} and holdings worth {wealth - money:g}. "
            "Give capital or holdings."
        )
    after_costs = _after_costs(w, h * p, wealth, rate)
    trade = _rounded(w, p, h, after_costs, money, rate, size)
    table = _table(assets, w, p, h, trade, rate)
    cost = float(table["cost"].sum())
    cash = money - float(trade @ p) - cost
    cash = 0.0 if abs(cash) < 1e-8 * wealth else cash  # rounding of floats
    table["weight"] = table["units"] * table["price"] / (wealth - cost)
    return Orders(
        table=table,
        capital=money,
        wealth=wealth,
        cash=cash,
        cost=cost,
        cost_bps=rate * 10_000,
        kept=kept,
        notes=order_notes(table, cash, wealth, kept, price, size, priced_on),
    )


def _after_costs(w: FloatArray, values: FloatArray, wealth: float, rate: float) -> float:
    """Return wealth after the costs of moving from `values` to w in proportion."""

    def excess(left: float) -> float:
        return left + rate * float(np.abs(left * w - values).sum()) - wealth

    if excess(0.0) >= 0:
        raise DataError(
            f"Costs of {10_000 * rate:g} basis points use up all there is; give a lower `cost_bps`."
        )
    return float(brentq(excess, 0.0, wealth, xtol=1e-13 * wealth, rtol=1e-15))


def _rounded(
    w: FloatArray,
    p: FloatArray,
    h: FloatArray,
    wealth: float,
    capital: float,
    rate: float,
    lot: float,
) -> FloatArray:
    """Return (n_assets,) units to buy or sell in whole lots, by largest remainder."""
    ideal = (wealth * w / p - h) / lot
    lots = np.floor(ideal + EDGE)
    trade = np.round(lots * lot, 10)
    sold = (w == 0) | ((w > 0) & (h + trade < 0) & (h >= 0))
    trade[sold] = 0.0 - h[sold]  # no -0.0 where nothing was held
    cash = capital - float(trade @ p) - rate * float(np.abs(trade) @ p)
    spare = cash - wealth * max(1 - float(w.sum()), 0.0)
    short = wealth * w - (h + trade) * p
    for i in np.argsort(-short, kind="stable").tolist():
        if w[i] == 0 or short[i] <= EDGE * lot * p[i]:
            continue
        more = round(float((lots[i] + 1) * lot), 10)
        spent = (more - trade[i]) * p[i] + rate * (abs(more) - abs(trade[i])) * p[i]
        if spent <= spare:
            trade[i], spare = more, spare - spent
    return trade + 0.0


def _table(
    assets: list[str],
    w: FloatArray,
    p: FloatArray,
    h: FloatArray,
    trade: FloatArray,
    rate: float,
) -> pd.DataFrame:
    value = trade * p
    return pd.DataFrame(
        {
            "price": p,
            "held": h,
            "order": trade,
            "units": np.round(h + trade, 10),
            "value": value,
            "cost": rate * np.abs(value),
            "target": w,
        },
        index=pd.Index(assets, name="asset", dtype=str),
    )


def _prices(prices: pd.Series) -> pd.Series:
    """Return the prices that are known, all above 0.

    Raises:
        DataError: If they are no Series by asset, or one is not above 0.
    """
    if not isinstance(prices, pd.Series):
        raise DataError(f"`prices` must be a pandas Series by asset, got {shown(prices)}.")
    known = check_weights(prices.dropna(), name="prices")
    if (known <= 0).any():
        asset = str(known.index[known <= 0][0])
        raise DataError(f"`prices` must be above 0; {asset} has {known[asset]:g}.")
    return known


def _kept(held: pd.Series, universe: pd.Index, price: pd.Series, outside: str) -> dict[str, float]:
    """Return what is held and has no part in the orders: outside the weights, or unpriced."""
    kept = {}
    for asset, units in held[held != 0].items():
        is_outside = asset not in universe
        if asset not in price.index or (is_outside and outside == "keep"):
            kept[str(asset)] = float(units)
    return kept


def _lot(lot: float | None, *, whole_shares: bool) -> float:
    size = (1.0 if whole_shares else FRACTION) if lot is None else _number(lot, name="lot")
    if not size > 0 or (whole_shares and size != round(size)):
        kind = "a whole number above 0" if whole_shares else "above 0"
        raise ConfigError(f"`lot` must be {kind}, got {shown(lot)}.")
    return size


def _number(value: float, *, name: str) -> float:
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not is_number or not np.isfinite(value) or value < 0:
        raise ConfigError(f"`{name}` must be a number from 0 on, got {shown(value)}.")
    return float(value)
