"""Numbers as hospitals write them: decimal comma, thousands point, percent, `x10^3`, `<5`.

What is not a number in the declared spelling is a finding; where another spelling fits every text of the
column, the message says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.rules.outcome import Converted, Remark, State

# The power needs its sign: "2x103" may be 2·10³ or 2·103, and "2x100" is no power at all.
_POWER = re.compile(
    r"^(?P<number>.*?)\s*[x×*·]\s*10\s*"
    r"(?:(?:\^|\*\*|[eE])\s*(?P<power>[-+]?\d{1,2})|(?P<raised>⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))$"
)
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_BOUND = re.compile(r"^(?P<sign><=|>=|<|>|≤|≥)\s*(?P<number>.+)$")


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are spelled.

    decimal     the decimal signs that may occur; thousands, the sign between groups of three
    bounds      None, "limit" or "half": how `<5` is taken
    percent     whether a trailing % belongs to the field's unit
    """

    decimal: tuple[str, ...] = (".",)
    thousands: str | None = None
    bounds: str | None = None
    percent: bool = False

    @property
    def regex(self) -> str:
        """RE2 pattern of a number so spelled, whole text."""
        signs = "".join(re.escape(sign) for sign in self.decimal)
        grouped = ""
        if self.thousands:
            grouped = rf"[1-9]\d{{0,2}}(?:{re.escape(self.thousands)}\d{{3}})+|"
        tail = r"\s*%?" if self.percent else ""
        mantissa = rf"(?:(?:{grouped}\d+)(?:[{signs}]\d+)?|[{signs}]\d+)"
        return rf"^[+-]?{mantissa}(?:[eE][+-]?\d{{1,3}})?{tail}$"

    def plain(self, texts: pa.Array) -> pa.Array:
        """Texts of numbers so spelled, in the spelling that a cast understands."""
        if self.thousands:
            texts = pc.replace_substring(texts, self.thousands, "")
        for sign in self.decimal:
            if sign != ".":
                texts = pc.replace_substring(texts, sign, ".")
        if self.percent:
            texts = pc.utf8_trim(texts, "% ")
        return texts


@dataclass(frozen=True)
class _OtherSpelling:
    """A spelling that was not declared, in the mapping's words."""

    spelling: NumberFormat
    words: str
    fits_all: bool


def read_numbers(texts: pa.Array, spelling: NumberFormat) -> Converted:
    """Read d distinct texts as numbers.

    Returns float64 values; blank texts are BLANK; a text that is no number is a FAULT. A bound is a
    fault unless the rule says how to take it, and then noted.
    """
    count = len(texts)
    blank = pc.equal(texts, "").to_numpy(zero_copy_only=False)
    regular = pc.match_substring_regex(texts, spelling.regex).to_numpy(zero_copy_only=False)
    regular &= ~blank
    states = np.where(blank, State.BLANK, State.CARRIED).astype(np.uint8)
    plain = pc.if_else(pa.array(regular), spelling.plain(texts), pa.scalar(None, pa.string()))
    numbers = plain.cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    found = Converted(pa.nulls(count, pa.float64()), states)
    odd = np.flatnonzero(~regular & ~blank)
    if len(odd):
        others = _other_spellings(texts.filter(pa.array(~blank)), spelling)
        for number in odd:
            value, remark = _read_odd(texts[int(number)].as_py(), spelling, others)
            if value is None:
                assert remark is not None
                found.fault(int(number), remark)
            else:
                numbers[number] = value
                if remark:
                    found.notes[int(number)] = remark
    infinite = np.isinf(numbers)
    too_large = Remark("number.unreadable", "is larger than any number can be", "correct the cell")
    for number in np.flatnonzero(infinite):
        found.fault(int(number), too_large)
    found.values = pa.array(numbers, pa.float64(), mask=states != State.CARRIED)
    return found


def whole_numbers(found: Converted) -> Converted:
    """Turn float64 outcomes into int64; a fraction in a field of whole numbers is a finding."""
    numbers = found.values.to_numpy(zero_copy_only=False)
    carried = found.states == State.CARRIED
    with np.errstate(invalid="ignore"):
        broken = carried & ((numbers != np.floor(numbers)) | (np.abs(numbers) >= 2.0**53))
    hint = "correct the cell, declare its unit, or add the text to missing"
    for number in np.flatnonzero(broken):
        found.fault(int(number), Remark("number.fraction", "is not a whole number", hint))
    keep = carried & ~broken
    found.values = pa.array(np.where(keep, numbers, 0).astype(np.int64), pa.int64(), mask=~keep)
    return found


def _other_spellings(known: pa.Array, spelling: NumberFormat) -> list[_OtherSpelling]:
    """The spellings that the mapping could have declared, and whether all texts of the column fit."""
    others = []
    for other, words in (
        (NumberFormat((",",), None), 'decimal: ","'),
        (NumberFormat((".",), None), 'decimal: "."'),
        (NumberFormat((",",), "."), 'decimal: "," with thousands: "."'),
        (NumberFormat((".",), ","), 'decimal: "." with thousands: ","'),
    ):
        if other.decimal != spelling.decimal or other.thousands != spelling.thousands:
            fits = pc.all(pc.match_substring_regex(known, other.regex)).as_py()
            others.append(_OtherSpelling(other, words, bool(fits)))
    return others


def _read_odd(
    text: str, spelling: NumberFormat, others: Sequence[_OtherSpelling]
) -> tuple[float | None, Remark | None]:
    """Read a text that the plain spelling does not cover; a value, a remark, or both."""
    power = _POWER.match(text)
    if power:
        value = _read_plain(power["number"], spelling)
        if value is not None:
            raised = power["power"] or power["raised"].translate(_RAISED)
            return value * 10.0 ** int(raised), None
    bound = _BOUND.match(text)
    if bound:
        value = _read_plain(bound["number"], spelling)
        if value is not None:
            return _take_bound(value, bound["sign"], spelling.bounds)
    return None, Remark("number.unreadable", "is not a number", _way_out(text, spelling, others))


def _take_bound(value: float, sign: str, bounds: str | None) -> tuple[float | None, Remark | None]:
    if bounds is None:
        hint = "say `bounds: limit` (or half) in the mapping, or correct the cell"
        return None, Remark("number.bound", "is a bound, not a value", hint)
    if bounds == "half" and sign[0] in "<≤":
        value = value / 2
    return value, Remark("number.bound_taken", f"a bound, taken as declared (bounds: {bounds})")


def _read_plain(text: str, spelling: NumberFormat) -> float | None:
    if not re.fullmatch(spelling.regex[1:-1], text.strip(), re.ASCII):
        return None
    return float(spelling.plain(pa.array([text.strip()]))[0].as_py())


def _way_out(text: str, spelling: NumberFormat, others: Sequence[_OtherSpelling]) -> str:
    fitting = [other for other in others if _read_plain(text, other.spelling) is not None]
    for other in fitting:
        if other.fits_all:
            return f"every text of this column is a number with {other.words}"
    if fitting:
        return f"would be a number with {fitting[0].words}, but the column's other texts would not"
    if text.endswith("%") and _read_plain(text[:-1], replace(spelling, percent=False)) is not None:
        return (
            'a percentage where no percentage is expected: declare unit: "%", or correct the cell'
        )
    inside = re.search(r"\d+(?:[.,]\d+)?", text, re.ASCII)
    if inside:
        return f"correct the cell, or say with `pattern` how to take {inside[0]} out of it"
    return "correct the cell, or add the text to missing"
