"""Reads numbers as vendors write them; the decimal mark is decided by evidence, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from blportfolio.data.files.sources import printable
from blportfolio.data.files.table import CURRENCIES
from blportfolio.errors import DataError
from blportfolio.validation import BoolArray, FloatArray

Decimal = Literal[".", ","]
MISSING = tuple(
    {
        form
        for word in (
            *("", "-", "--", "---", "–", "—", ".", "..", "?", "null", "none", "n/a", "na", "nan"),
            *("n.a.", "n.a", "<na>", "#n/a", "#na", "#n/a n/a", "#nv", "#n/d", "nil", "missing"),
            *("n/d", "nd", "#n/a invalid security", "-nan", "nat"),
        )
        for form in (word, word.upper(), word.capitalize(), word.title())
    }
    | {"NaN", "-NaN", "#N/A N/A", "#N/A Invalid Security"}
)
"""Marks of a missing number."""
_MONEY = rf"(?:[A-Z]{{0,2}}[$€£¥₹₩₽]|{'|'.join(sorted(CURRENCIES))}|GBp|Fr\.|kr\.?)?"
_CELL = (
    rf"^(?P<opened>\(?) *(?P<sign>[+-]?) *{_MONEY} *(?P<second>[+-]?)"
    r"(?P<body>[0-9](?:[0-9., ']*[0-9])?[.,]?|[.,][0-9]+)(?P<power>(?:[eE][+-]?[0-9]{1,3})?)"
    rf" *(?P<scale>(?:%|[KMBTkmbt]|bn|mn|Mio\.?|Mrd\.?)?) *{_MONEY} *(?P<closed>\)?)$"
)
_SCALES = {"": "", "%": "e-2", "k": "e3", "m": "e6", "mn": "e6", "b": "e9", "bn": "e9", "t": "e12"}
_EVIDENCE = {
    ".": (r",.*\.", r",.*,", r"^[^,.]*\.[^,.]*$", r"^[1-9][0-9]{0,2}\.[0-9]{3}$"),
    ",": (r"\..*,", r"\..*\.", r"^[^.,]*,[^,.]*$", r"^[1-9][0-9]{0,2},[0-9]{3}$"),
}
"""Patterns by decimal mark: it comes last; the other repeats; it stands alone; as a group would."""


@dataclass(frozen=True, slots=True)
class ReadNumbers:
    """Columns of numbers, NaN where missing or unreadable, and where the unreadable are.

    Attributes:
        values: (n_rows,) floats of each column.
        unreadable: Rows of each column whose text is no number, where there are any.
        is_percent: Whether most of a text column was written with a percent sign, by column.
        inferred: Sentences on decimal mark, thousands and percent.
    """

    values: dict[int, FloatArray]
    unreadable: dict[int, BoolArray]
    inferred: tuple[str, ...]


def read_numbers(
    columns: dict[int, pa.ChunkedArray],
    *,
    decimal: str | None,
    known_decimal: str,
    comma_separated: bool,
    file: str,
) -> ReadNumbers:
    """Read columns of numbers; all of the file has one decimal mark.

    Args:
        columns: Float or text columns by position.
        decimal: Decimal mark that the reader of the file decides.
        known_decimal: Decimal mark that plain numbers of the file were seen to have, or "".
        comma_separated: Whether commas separate the file's cells.
        file: The file's name, for messages.

    Raises:
        DataError: If the file's numbers contradict each other, or do not tell the decimal mark.
    """
    values: dict[int, FloatArray] = {}
    coded: dict[int, pa.DictionaryArray] = {}
    for number, column in columns.items():
        if pa.types.is_floating(column.type):
            values[number] = column.to_numpy().astype(np.float64, copy=False)
        else:
            coded[number] = column.combine_chunks().dictionary_encode()
    if not coded:
        return ReadNumbers(values, {}, ())
    sizes = [len(array.dictionary) for array in coded.values()]
    texts = pa.concat_arrays([array.dictionary.cast(pa.large_string()) for array in coded.values()])
    numbers, inferred = _parse(texts, decimal, known_decimal, comma_separated, file)
    flat = numbers.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    missing = _is_missing(_tidy(texts)).to_numpy(zero_copy_only=False)
    bad = np.isnan(flat) & ~missing
    ends = np.cumsum(sizes)
    unreadable: dict[int, BoolArray] = {}
    for (number, array), start, end in zip(coded.items(), ends - sizes, ends, strict=True):
        codes = array.indices.fill_null(len(array.dictionary)).to_numpy(zero_copy_only=False)
        values[number] = np.append(flat[start:end], np.nan)[codes]
        if bad[start:end].any():
            unreadable[number] = np.append(bad[start:end], False)[codes]
    return ReadNumbers(values, unreadable, inferred)


def _tidy(texts: pa.Array) -> pa.Array:
    """Spell blanks, apostrophes and minus signs in one way."""
    for pattern, plain in ((r"[\x{a0}\x{202f}\x{2009}\t]", " "), ("[’`´]", "'"), ("−", "-")):
        texts = pc.replace_substring_regex(texts, pattern, plain)
    return pc.utf8_trim_whitespace(texts)


def _is_missing(texts: pa.Array) -> pa.Array:
    return pc.is_in(texts, value_set=pa.array(MISSING, pa.large_string()))


def _parse(
    raw: pa.Array, decimal: str | None, known: str, comma_separated: bool, file: str
) -> tuple[pa.Array, tuple[str, ...]]:
    """Return numbers, null where a text is none, and what was inferred."""
    texts = _tidy(raw)
    cells = pc.extract_regex(texts, _CELL)
    body = pc.struct_field(cells, "body")
    mark, inferred = _decide_mark(body, texts, decimal, known, comma_separated, file)
    group = "," if mark == "." else "."
    spelled = rf"^[0-9]*(?:\{mark}[0-9]*)?$"
    grouped = rf"^[0-9]{{1,3}}(?:[{group}' ][0-9]{{2,3}})*[{group}' ][0-9]{{3}}(?:\{mark}[0-9]*)?$"
    is_grouped = pc.match_substring_regex(body, grouped)
    good = pc.or_(pc.match_substring_regex(body, spelled), is_grouped)
    opened = pc.equal(pc.struct_field(cells, "opened"), "(")
    good = pc.and_(good, pc.equal(opened, pc.equal(pc.struct_field(cells, "closed"), ")")))
    signs = pc.binary_join_element_wise(
        pc.struct_field(cells, "sign"), pc.struct_field(cells, "second"), _text("")
    )
    good = pc.and_(good, pc.less(pc.binary_length(signs), 2))
    power, scale = pc.struct_field(cells, "power"), pc.struct_field(cells, "scale")
    good = pc.and_(good, pc.or_(pc.equal(power, ""), pc.equal(scale, "")))
    negative = pc.xor(opened, pc.equal(signs, "-"))
    digits = pc.replace_substring(pc.replace_substring_regex(body, f"[{group}' ]", ""), mark, ".")
    spelled_out = pc.binary_join_element_wise(
        pc.if_else(negative, _text("-"), _text("")), digits, power, _power_of(scale), _text("")
    )
    numbers = pc.if_else(good, spelled_out, _text(None)).cast(pa.float64())
    notes = list(inferred)
    if _any(pc.and_(good, is_grouped)):
        notes.append("Read thousands separators.")
    if _any(pc.and_(good, pc.equal(scale, "%"))):
        notes.append("Turned percent into decimals.")
    if _any(
        pc.and_(good, pc.is_in(pc.utf8_lower(scale), pa.array(list("kmbt"), pa.large_string())))
    ):
        notes.append("Read K, M, B and T as thousands, millions, billions and trillions.")
    return numbers, tuple(notes)


def _power_of(scale: pa.Array) -> pa.Array:
    """Turn a percent sign or letter into a power of ten, so that no digit is rounded twice."""
    coded = scale.dictionary_encode()
    powers = [
        _SCALES.get(
            text.lower() if text in "KMBTkmbt" or text in {"bn", "mn"} else text,
            "e6" if text.startswith("Mio") else "e9",
        )
        for text in coded.dictionary.to_pylist()
    ]
    return pa.array(powers, pa.large_string()).take(coded.indices)


def _decide_mark(
    body: pa.Array, texts: pa.Array, decimal: str | None, known: str, comma: bool, file: str
) -> tuple[str, tuple[str, ...]]:
    """Return the decimal mark and a sentence where it is not plainly the point."""
    has_point, has_comma = _matches(body, r"\."), _matches(body, ",")
    if not _any(has_comma) and not _any(has_point):
        return decimal or known or ".", ()
    evidence: dict[str, str] = {}
    for mark, (last, repeated, alone, like_group) in _EVIDENCE.items():
        both = pc.and_(_matches(body, last), pc.invert(_matches(body, rf"\{mark}.*\{mark}")))
        single = pc.and_(_matches(body, alone), pc.invert(_matches(body, like_group)))
        twice = pc.and_(_matches(body, repeated), pc.invert(_matches(body, rf"\{mark}.*\{mark}")))
        shown = pc.or_(pc.or_(both, single), twice)
        if _any(shown):
            evidence[mark] = printable(str(texts.filter(shown)[0]))[:40]
    if known and known not in evidence:
        evidence[known] = "plain numbers"
    if decimal is not None:
        other = "," if decimal == "." else "."
        if other in evidence and decimal not in evidence:
            raise DataError(
                f"`decimal` is {decimal!r}, but the file {file!r} has the number "
                f"{evidence[other]!r}; give the other mark or leave it out."
            )
        return decimal, (f"Its decimal mark is {decimal!r}, as told.",)
    if len(evidence) == 2:
        raise DataError(
            f"The file {file!r} has numbers with different decimal marks, {evidence['.']!r} and "
            f"{evidence[',']!r}; write them all alike, or say which one is right by decimal='.' or "
            "',' (--decimal)."
        )
    if evidence:
        mark, shown_by = next(iter(evidence.items()))
        if mark == "." and not _any(has_comma):
            return mark, ()
        return mark, (f"Its decimal mark is {mark!r}, as {shown_by} shows.",)
    if not _any(has_comma) and comma:
        # A file whose cells are separated by commas writes the point.
        return ".", ()
    first = str(texts.filter(pc.fill_null(pc.or_(has_point, has_comma), False))[0])
    raise DataError(
        f"The file {file!r} has numbers such as {printable(first)[:40]!r} whose point or comma may "
        "mark decimals or thousands; say which by decimal='.' or decimal=',' (--decimal)."
    )


def _text(value: str | None) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())


def _matches(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.match_substring_regex(texts, pattern)


def _any(mask: pa.Array) -> bool:
    return bool(pc.any(mask).as_py())
