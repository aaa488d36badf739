"""Reads numbers as vendors write them; the decimal mark is decided by evidence, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from blportfolio.data.files.words import CURRENCIES
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
TURNED_PERCENT = "Turned percent into decimals."
TURNED_POINTS = "Turned basis points into decimals."
_MONEY = rf"(?:[A-Z]{{0,2}}[$€£¥₹₩₽]|{'|'.join(sorted(CURRENCIES))}|GBp|Fr\.|kr\.?)?"
_CELL = (
    rf"^(?P<opened>\(?) *(?P<sign>[+-]?) *{_MONEY} *(?P<second>[+-]?)"
    r"(?P<body>[0-9](?:[0-9., ']*[0-9])?[.,]?|[.,][0-9]+)(?P<power>(?:[eE][+-]?[0-9]{1,3})?)"
    rf" *(?P<scale>(?:%|bps?|[KMBTkmbt]|bn|mn|Mio\.?|Mrd\.?)?) *{_MONEY} *(?P<closed>\)?)"
    r"(?P<after>-?)$"
)
_FIELDS = ("opened", "sign", "second", "body", "power", "scale", "closed", "after")
_SCALES = {
    "": "",
    "%": "e-2",
    "bp": "e-4",
    "bps": "e-4",
    "k": "e3",
    "m": "e6",
    "mn": "e6",
    "b": "e9",
    "bn": "e9",
    "t": "e12",
}
_EVIDENCE = {
    mark: (
        rf"^[^{mark}]*[{other}][^{mark}]*[{mark}][^{mark}{other}]*$"  # it comes after the other
        rf"|^[^{mark}{other}]*[{other}][^{mark}{other}]*[{other}][^{mark}]*$"  # the other repeats
        rf"|^(?:0[0-9]*|[0-9]{{4,}}|[0-9]+[' ][0-9' ]*)?[{mark}][0-9]*$"  # no group before it
        rf"|^[0-9' ]+[{mark}](?:[0-9]{{0,2}}|[0-9]{{4,}})$"  # or none after it
    )
    for mark, other in ((".", ","), (",", "."))
}
"""What shows each decimal mark, by mark."""
_SIMPLE = r"^-?[0-9][0-9.,' ]*$"


@dataclass(frozen=True, slots=True)
class ReadNumbers:
    """Columns of numbers, NaN where missing or unreadable, and where the unreadable are.

    Attributes:
        values: (n_rows,) floats of each column.
        unreadable: Rows of each column whose text is no number, where there are any.
        half_percent: Columns in which some numbers have a percent sign and some have none.
        inferred: Sentences on decimal mark, thousands and percent.
    """

    values: dict[int, FloatArray]
    unreadable: dict[int, BoolArray]
    half_percent: tuple[int, ...]
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
        return ReadNumbers(values, {}, (), ())
    sizes = [len(array.dictionary) for array in coded.values()]
    texts = pa.concat_arrays([array.dictionary.cast(pa.large_string()) for array in coded.values()])
    texts = _tidy(texts)
    flat, inferred = _parse(texts, decimal, known_decimal, comma_separated, file)
    bad = np.isnan(flat) & ~_mask(_is_missing(texts))
    counts = ~np.isnan(flat) & (flat != 0)
    percent = _mask(pc.match_substring_regex(texts, "%|[0-9] *bps?$"))
    half_percent: list[int] = []
    ends = np.cumsum(sizes)
    unreadable: dict[int, BoolArray] = {}
    for (number, array), start, end in zip(coded.items(), ends - sizes, ends, strict=True):
        codes = array.indices.fill_null(len(array.dictionary)).to_numpy(zero_copy_only=False)
        values[number] = np.append(flat[start:end], np.nan)[codes]
        signs = percent[start:end][counts[start:end]]
        if signs.any() and not signs.all():
            half_percent.append(number)
        if bad[start:end].any():
            unreadable[number] = np.append(bad[start:end], False)[codes]
    return ReadNumbers(values, unreadable, tuple(half_percent), inferred)


def _tidy(texts: pa.Array) -> pa.Array:
    """Spell blanks, apostrophes and minus signs in one way."""
    if not pc.all(pc.string_is_ascii(texts)).as_py():
        for pattern, plain in ((r"[\x{a0}\x{202f}\x{2009}]", " "), ("[’´]", "'"), ("−", "-")):
            texts = pc.replace_substring_regex(texts, pattern, plain)
    return pc.utf8_trim_whitespace(texts)


def _is_missing(texts: pa.Array) -> pa.Array:
    return pc.is_in(texts, value_set=pa.array(MISSING, pa.large_string()))


def _parse(
    texts: pa.Array, decimal: str | None, known: str, comma_separated: bool, file: str
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return numbers, NaN where a text is none, and what was inferred."""
    simple = _mask(pc.match_substring_regex(texts, _SIMPLE))
    others = texts.filter(~simple)
    cells = pc.extract_regex(others, _CELL)
    plain_bodies = pc.utf8_ltrim(texts.filter(simple), characters="-")
    bodies = pa.concat_arrays([plain_bodies, pc.struct_field(cells, "body")])
    mark, inferred = _decide_mark(bodies, decimal, known, comma_separated, file)
    none = _text("")
    plain_signs = pc.if_else(pc.starts_with(texts.filter(simple), "-"), _text("-"), none)
    numbers = np.full(len(texts), np.nan)
    notes = list(inferred)
    numbers[simple], grouped = _spell(plain_bodies, mark, plain_signs, none)
    if len(others):
        fields = {name: pc.struct_field(cells, name) for name in _FIELDS}
        opened = pc.equal(fields["opened"], "(")
        signs = pc.binary_join_element_wise(fields["sign"], fields["second"], fields["after"], none)
        scale, power = fields["scale"], fields["power"]
        good = pc.equal(opened, pc.equal(fields["closed"], ")"))
        good = pc.and_(good, pc.less(pc.binary_length(signs), 2))
        good = pc.and_(good, pc.or_(pc.equal(power, ""), pc.equal(scale, "")))
        negative = pc.xor(opened, pc.equal(signs, "-"))
        body = pc.if_else(good, fields["body"], _text(None))
        numbers[~simple], more = _spell(
            body,
            mark,
            pc.if_else(negative, _text("-"), none),
            pc.binary_join_element_wise(power, _power_of(scale), none),
        )
        grouped = grouped or more
        scales = set(scale.filter(_mask(good)).unique().to_pylist())
        if "%" in scales:
            notes.append(TURNED_PERCENT)
        if scales & {"bp", "bps"}:
            notes.append(TURNED_POINTS)
        if scales - {"", "%", "bp", "bps"}:
            notes.append("Read K, M, B and T as thousands, millions, billions and trillions.")
    if grouped:
        notes.append("Read thousands separators.")
    return numbers, tuple(notes)


def _spell(body: pa.Array, mark: str, sign: pa.Array, power: pa.Array) -> tuple[FloatArray, bool]:
    """Return the floats that texts spell, and whether any has thousands separators."""
    group = "," if mark == "." else "."
    ungrouped = _mask(pc.match_substring_regex(body, rf"^[0-9]*[{mark}]?[0-9]*$"))
    grouped = np.zeros(len(body), dtype=bool)
    if not ungrouped.all():
        between = f"[{group}' ]"
        pattern = rf"^[0-9]{{1,3}}(?:{between}[0-9]{{2,3}})*{between}[0-9]{{3}}(?:[{mark}][0-9]*)?$"
        grouped = _mask(pc.match_substring_regex(body, pattern))
    digits = pc.if_else(pa.array(ungrouped | grouped), body, _text(None))
    if grouped.any():
        for character in (group, "'", " "):
            digits = pc.replace_substring(digits, character, "")
    if mark == ",":
        digits = pc.replace_substring(digits, ",", ".")
    texts = pc.binary_join_element_wise(sign, digits, power, _text(""))
    floats = texts.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return floats.astype(np.float64, copy=False), bool(grouped.any())


def _power_of(scale: pa.Array) -> pa.Array:
    """Turn a percent sign or letter into a power of ten, so that no digit is rounded twice."""
    coded = scale.dictionary_encode()
    powers = [
        _SCALES.get(
            text.lower() if text in "KMBTkmbt" else text,
            "e6" if text.startswith("Mio") else "e9",
        )
        for text in coded.dictionary.to_pylist()
    ]
    return pa.array(powers, pa.large_string()).take(coded.indices)


def _decide_mark(
    body: pa.Array, decimal: str | None, known: str, comma_separated: bool, file: str
) -> tuple[str, tuple[str, ...]]:
    """Return the decimal mark and a sentence where it is not plainly the point."""
    has_comma = bool(pc.any(pc.match_substring(body, ",")).as_py())
    has_point = bool(pc.any(pc.match_substring(body, ".")).as_py())
    if not has_comma and not has_point:
        return decimal or known or ".", ()
    evidence: dict[str, str] = {}
    for mark, pattern in _EVIDENCE.items():
        shown = _mask(pc.match_substring_regex(body, pattern))
        if shown.any():
            evidence[mark] = str(body[int(shown.argmax())])[:40]
    if known and known not in evidence:
        evidence[known] = "its plain numbers"
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
        if mark == "." and not has_comma:
            return mark, ()
        return mark, (f"Its decimal mark is {mark!r}, seen in {shown_by}.",)
    if not has_comma and comma_separated:
        # A file whose cells are separated by commas writes the point.
        return ".", ()
    first = str(body.filter(_mask(pc.match_substring_regex(body, "[.,]")))[0])
    raise DataError(
        f"The file {file!r} has numbers such as {first[:40]!r} whose point or comma may mark "
        "decimals or thousands; say which by decimal='.' or decimal=',' (--decimal)."
    )


def _text(value: str | None) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())


def _mask(mask: pa.Array) -> BoolArray:
    """Return a mask without missing entries."""
    return np.asarray(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), dtype=bool)
