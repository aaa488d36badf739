"""One small replication that several tests look at."""

from types import SimpleNamespace

import pytest
from helpers import make_prices

import blportfolio as bl
from blportfolio.research.replication import (
    PAPERS,
    ReplicationSettings,
    replicate,
    replication_study,
    weigh_evidence,
)

LOOKBACKS = (40, 50)


@pytest.fixture(scope="package")
def small():
    """Five assets, of which one is listed late, one leaves, and one is never a member."""
    prices = make_prices(3, 420, 5)
    prices.loc[prices.index[:200], "A3"] = float("nan")
    day = prices.index
    membership = {
        "A0": ((day[0], None),),
        "A1": ((day[0], day[300]),),
        "A2": ((day[0], None),),
        "A3": ((day[200], None),),
        "A4": (),
    }
    market = bl.MarketData(prices, membership=membership, name="small")
    settings = ReplicationSettings(
        lookbacks=LOOKBACKS, start=str(day[100].date()), end="2030-01-01", n_draws=59
    )
    calls = []
    found = replicate(
        PAPERS["etf"],
        market,
        settings,
        is_own_universe=False,
        n_jobs=1,
        progress=lambda *at: calls.append(at),
    )
    evidence = weigh_evidence(found, n_jobs=1)
    return SimpleNamespace(
        market=market,
        settings=settings,
        found=found,
        evidence=evidence,
        study=replication_study(found, evidence),
        calls=calls,
    )
