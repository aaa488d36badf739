"""Recall of planted faults, and alarms on clean data.

Run it from the project: PYTHONPATH=tests python tests/data/quality/measure.py

Every fault of `planted_faults` and `planted_joins` is planted N times (default 20, the first
argument) into the data below, each time at another asset, date and size. Alarms are counted per
million rows (dates × assets).
"""

import datetime as dt
import sys
import time
from collections import Counter

import numpy as np
from planted_faults import faults_for, matches
from planted_joins import joins_for
from real_bars import CLEAN, thinned

from blportfolio.data.quality import examine


def write(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


TODAY = dt.date(2026, 11, 25)


def recall(bars, plant, times, seed):
    """Shares of the draws in which the fault was found, and found to be serious."""
    found = serious = 0
    for number in range(times):
        rng = np.random.default_rng([seed, number])
        planted = plant(rng, thinned(bars, rng))
        hits = [
            f for f in examine(planted.bars, name="x", today=TODAY).findings if matches(f, planted)
        ]
        found += bool(hits)
        serious += any(f.severity == "serious" for f in hits)
    return found / times, serious / times


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    names = sys.argv[2:] or ["sp500_20", "sp500_427", "dow", "sector_etfs"]
    write(f"Recall of {times} draws each: found (serious)")
    data = {name: CLEAN[name]() for name in names}
    faults = {name: faults_for(bars) | joins_for(bars) for name, bars in data.items()}
    for fault in dict.fromkeys(name for its in faults.values() for name in its):
        cells = []
        for name, bars in data.items():
            if fault in faults[name]:
                found, serious = recall(bars, faults[name][fault], times, seed=len(name))
                cells.append(f"{name} {found:4.0%} ({serious:4.0%})")
        write(f"{fault:<28}{'  '.join(cells)}")
    write("\nAlarms per million rows on clean data")
    for name, make in CLEAN.items():
        bars = make()
        began = time.perf_counter()
        report = examine(bars, name=name, today=TODAY)
        took = time.perf_counter() - began
        counts = Counter(f.severity for f in report.findings)
        rows = bars.prices.size / 1e6
        write(
            f"{name:<18}{bars.prices.shape!s:<14}{took:5.2f} s  "
            + "  ".join(
                f"{s} {counts[s]} ({counts[s] / rows:.1f})" for s in ("serious", "warning", "note")
            )
        )


if __name__ == "__main__":
    main()
