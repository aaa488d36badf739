"""Takes labels apart that name a field and an asset at once, as flattened headers do."""

from __future__ import annotations

import re

from blportfolio.data.files.words import PRICE_FIELDS, field_of

LONGEST_LABEL = 100
_TUPLE = re.compile(r"""\(\s*['"]([^'"]*)['"]\s*,\s*['"]([^'"]*)['"]\s*\)\Z""")


def affixed_labels(flat: dict[int, str]) -> dict[int, tuple[str, ...]] | None:
    """Take apart labels such as `AAPL.Close`, `Close_AAPL` and `('Close', 'AAPL')`."""
    if max(map(len, flat.values())) > LONGEST_LABEL:
        return None
    tuples = {n: _TUPLE.match(label) for n, label in flat.items()}
    if all(tuples.values()):
        return {n: (match[1], match[2]) for n, match in tuples.items() if match is not None}
    for field_first in (False, True):
        parts = {n: _split(label, field_first) for n, label in flat.items()}
        split: dict[int, tuple[str, ...]] = {n: part for n, part in parts.items() if part}
        # BAS.DE is an asset, not the low of one called DE.
        if len(split) == len(flat) and any(field_of(f) in PRICE_FIELDS for f, *_ in split.values()):
            return split
    return None


def _split(label: str, field_first: bool) -> tuple[str, str] | None:
    """Split a label into a field, as long as can be, and an asset."""
    cuts = [(cut.start(), cut.end()) for cut in re.finditer(r"[._ |:-]+", label)]
    for start, end in cuts[::-1] if field_first else cuts:
        before, after = label[:start], label[end:]
        name, asset = (before, after) if field_first else (after, before)
        if asset and field_of(name):
            return name, asset
    return None
