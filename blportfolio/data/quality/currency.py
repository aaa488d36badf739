"""Currencies of the assets, where the source or their tickers tell them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from blportfolio.data.quality.evidence import Evidence
from blportfolio.data.quality.findings import Finding
from blportfolio.data.sessions import currency_of, suffix_of
from blportfolio.data.tickers import shortened


def check_currencies(evidence: Evidence) -> Iterator[Finding]:
    """Find assets quoted in different currencies."""
    stated = evidence.bars.currencies
    # A bare name says nothing by itself: only beside tickers with suffixes is it an American one.
    currencies = {
        asset: stated.get(asset) or (currency_of(asset) if suffix_of(asset) else "")
        for asset in evidence.assets
    }
    if any(currencies.values()) and not stated:
        currencies = {asset: its or currency_of(asset) for asset, its in currencies.items()}
    known = {asset: its for asset, its in currencies.items() if its}
    counts = Counter(known.values()).most_common()
    if len(counts) < 2:
        return
    main = sorted(counts, key=lambda item: (-item[1], item[0]))[0][0]
    others = sorted(asset for asset, its in known.items() if its != main)
    shown = shortened([f"{asset} in {known[asset]}" for asset in others], 5)
    minor = {"GBp", "GBX", "ZAc", "ILA"} & {its for its, _ in counts}
    yield Finding(
        kind="mixed_currency",
        severity="warning",
        message=f"Assets are quoted in {len(counts)} currencies: most in {main}, but {shown}.",
        cause="Assets of several countries stand in one file."
        + (f" {', '.join(sorted(minor))} is a hundredth of its currency." if minor else ""),
        remedy="Convert prices to one currency; returns in different ones do not add up.",
        ticker=others[0] if len(others) == 1 else None,
        size=float(len(counts)),
    )
