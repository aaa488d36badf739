"""What the reader of files advises, in the words of the dialogue."""

from __future__ import annotations

import re

NUMBERS, ORDER, MARK, GAPS, SHEET, ADJUST = (
    "The numbers are",
    "Order of dates",
    "Decimal mark",
    "Carry prices over gaps up to",
    "Sheet",
    "Adjust for the dividends and splits in the file",
)
PATTERNS = (
    (r"with load_prices\(path, returns=True\) or --returns", f"with “{NUMBERS}” set to returns"),
    (r"with --returns \(returns=True\)", f"with “{NUMBERS}” set to returns"),
    (r"as prices \(without --returns\)", f"with “{NUMBERS}” set to prices"),
    (r"Leave out returns=True \(--returns\)", f"Set “{NUMBERS}” to prices"),
    (r"by date_order='dmy' or 'mdy' \(--date-order\)", f"by “{ORDER}”"),
    (r"with --date-order", f"by “{ORDER}”"),
    (r"by decimal='\.' or (decimal=)?',' \(--decimal\)", f"by “{MARK}”"),
    (r"with --max-gap (\d+) \(max_gap=\d+\)", rf"by “{GAPS}” \1"),
    (r"max_gap=(\d+) carries the last price forward", rf"“{GAPS}” \1 carries the last price on"),
    (r"sheet=('.*?'|\".*?\") \(--sheet\)", rf"\1 in “{SHEET}”"),
    (r"\(adjust=True, --adjust\)", f"(“{ADJUST}”)"),
    (r"raise `max_bytes` \(--max-bytes\) if it is meant, or split it", "split it"),
)


def in_our_words(text: str) -> str:
    """Return advice that names the fields of the dialogue, not flags of a command."""
    for pattern, words in PATTERNS:
        text = re.sub(pattern, words, text)
    return text
