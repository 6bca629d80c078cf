"""Dates as hospitals write them: several formats, partial dates, two-digit years, Excel serials.

A format is compiled to a regular expression and its parts are checked as numbers, because the usual
parsers roll 31.02. over into March. ISO dates are always understood: readers hand on real dates so.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.rules.full_dates import Days, count_days, read_full_dates
from onecohort.rules.outcome import Converted, Remark, State

MONTHS = {
    name: number
    for names in (
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "genn febbr mar apr magg giu lug ago sett ott nov dic",
        "jan feb mar apr may jun jul aug sept oct nov dec",
    )
    for number, name in enumerate(names.split(), 1)
}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_PARTS = {
    "%d": r"(?P<day>\d{1,2})",
    "%m": r"(?P<month>\d{1,2})",
    "%Y": r"(?P<year>\d{4})",
    "%y": r"(?P<short>\d{2})",
    "%b": rf"(?P<name>{_MONTH})\.?",
    "%B": rf"(?P<name>{_MONTH})\.?",
    "%H": r"\d{1,2}",
    "%M": r"\d{2}",
    "%S": r"\d{2}(?:\.\d+)?",
}
ISO, ISO_MONTH = "%Y-%m-%d", "%Y-%m"
_ISO_TIME = r"(?:[t ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:z|[+-]\d{2}:?\d{2})?)?"
COMMON_FORMATS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d/%m/%y", "%m/%d/%y",
    "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d-%m-%Y %H:%M:%S",
    "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%m/%Y", "%Y-%m", "%B %Y", "%Y", "excel",
)  # fmt: skip
_EPOCHS = {"excel": np.datetime64("1899-12-30"), "excel1904": np.datetime64("1904-01-01")}


@dataclass(frozen=True)
class DateFormat:
    """How dates are spelled.

    formats      tried in order, then ISO, then the month of ISO
    pivot_year   first of the hundred years that two digits may mean
    impute       what stands for the unknown part of a partial date; None: it is a finding
    """

    formats: tuple[str, ...] = ()
    pivot_year: int | None = None
    impute: str | None = None


@lru_cache(maxsize=256)
def pattern_of(date_format: str) -> str:
    """Regular expression of a date format, whole text, case folded; raises ValueError if unknown.

    >>> pattern_of("%d/%m")
    Traceback (most recent call last):
    ValueError: '%d/%m' has no year
    """
    if date_format in _EPOCHS:
        return r"^(?P<serial>\d{1,6})(?:\.\d+)?$"
    unknown = sorted(set(re.findall(r"%.", date_format)) - set(_PARTS))
    if unknown:
        raise ValueError(f"{date_format!r} has {unknown[0]!r}; known are {' '.join(_PARTS)}")
    pieces = re.split(r"(%[a-zA-Z])", date_format)
    twice = sorted(piece for piece in _PARTS if pieces.count(piece) > 1)
    if twice or {"%b", "%B"} <= set(pieces) or {"%y", "%Y"} <= set(pieces):
        raise ValueError(f"{date_format!r} names {twice[0] if twice else 'the same'} part twice")
    body = "".join(_PARTS.get(piece) or re.escape(piece.lower()) for piece in pieces)
    if "(?P<year>" not in body and "(?P<short>" not in body:
        raise ValueError(f"{date_format!r} has no year")
    if "(?P<day>" in body and "(?P<month>" not in body and "(?P<name>" not in body:
        raise ValueError(f"{date_format!r} has a day but no month")
    return f"^{body}{_ISO_TIME if date_format == ISO else ''}$"


def read_dates(texts: pa.Array, spelling: DateFormat) -> Converted:
    """Read d distinct texts as dates.

    Returns date32 values and their precision ("day", "month", "year"). A day that does not exist, a
    text in no format and a partial date without `impute` are faults.
    """
    count = len(texts)
    blank = pc.equal(texts, "").to_numpy(zero_copy_only=False)
    days: Days = np.zeros(count, np.int64)
    precision = np.zeros(count, np.uint8)  # 0 unread, 1 day, 2 month, 3 year
    folded = pc.utf8_lower(texts)
    for date_format in (*spelling.formats, ISO, ISO_MONTH):
        open_ = np.flatnonzero(~blank & (precision == 0))
        if not len(open_):
            break
        left = folded if len(open_) == count else folded.take(pa.array(open_))
        read, exact = _read_format(left, date_format, spelling)
        days[open_] = read
        precision[open_] = exact
    states = np.where(blank, State.BLANK, State.CARRIED).astype(np.uint8)
    found = Converted(pa.nulls(count, pa.date32()), states)
    unread = np.flatnonzero(~blank & (precision == 0))
    if len(unread):
        hints = _other_formats(folded, unread, ~blank, spelling)
        for number, hint in zip(unread, hints, strict=True):
            found.fault(int(number), _unreadable(folded[int(number)].as_py(), spelling, hint))
    for number in np.flatnonzero(precision > 1):
        _note_partial(found, int(number), int(precision[number]), spelling.impute)
    # The precision is kept even of a partial date that is not imputed: that much is known.
    found.precision = pa.array([None, "day", "month", "year"]).take(pa.array(precision))
    lost = found.states != State.CARRIED
    found.values = pa.array(days.astype(np.int32), pa.int32(), mask=lost).cast(pa.date32())
    return found


def _read_format(
    texts: pa.Array, date_format: str, spelling: DateFormat
) -> tuple[Days, npt.NDArray[np.uint8]]:
    """Days since 1970 and precision (0 where the text is no date in this format)."""
    full = read_full_dates(texts, date_format)
    if full is None:
        return _read_parts(texts, date_format, spelling)
    days, good = full
    precision = good.astype(np.uint8)
    rest = np.flatnonzero(~good)
    if len(rest):
        days[rest], precision[rest] = _read_parts(texts.take(pa.array(rest)), date_format, spelling)
    return days, precision


def _read_parts(
    texts: pa.Array, date_format: str, spelling: DateFormat
) -> tuple[Days, npt.NDArray[np.uint8]]:
    """The same by the format's regular expression."""
    parts = pc.extract_regex(texts, pattern_of(date_format))
    matched = pc.is_valid(parts).to_numpy(zero_copy_only=False)
    names = [field.name for field in parts.type]

    def number(name: str, default: int) -> Days:
        if name not in names:
            return np.full(len(texts), default, np.int64)
        column = pc.struct_field(parts, name)
        if name == "name":
            listed = [MONTHS.get(text, 0) if text else 0 for text in column.to_pylist()]
            return np.array(listed, np.int64)
        return np.asarray(pc.fill_null(column, "0").cast(pa.int64()))

    if "serial" in names:
        epoch = _EPOCHS[date_format].astype("datetime64[D]").astype(np.int64)
        return number("serial", 0) + epoch, matched.astype(np.uint8)
    year = number("year", 0)
    if "short" in names:
        if spelling.pivot_year is None:
            return np.zeros(len(texts), np.int64), np.zeros(len(texts), np.uint8)
        first = spelling.pivot_year
        year = first + (number("short", 0) - first) % 100
    month = number("name" if "name" in names else "month", 0)
    exact = 1 if "day" in names else 2 if {"name", "month"} & set(names) else 3
    filled = {"middle": (7, 15)}.get(spelling.impute or "", (1, 1))
    if exact == 3:
        month = np.full(len(texts), filled[0], np.int64)
    day = number("day", filled[1] if exact == 2 else 1)
    days, good = count_days(year, month, day)
    good &= matched
    return np.where(good, days, 0), np.where(good, exact, 0).astype(np.uint8)


def _note_partial(found: Converted, number: int, precision: int, impute: str | None) -> None:
    known = {2: "the month", 3: "the year"}[precision]
    if impute is None:
        hint = "say in the mapping how to take it: `impute: middle`, `first` or `none`"
        found.fault(number, Remark("date.partial", f"gives only {known}", hint))
    elif impute == "none":
        found.states[number] = State.MISSING
        found.notes[number] = Remark("date.partial", f"gives only {known}; kept without a day")
    else:
        message = f"gives only {known}; the {impute} of it was taken"
        found.notes[number] = Remark("date.imputed", message)


def _unreadable(text: str, spelling: DateFormat, hint: str) -> Remark:
    """Why a text is no date, and what would make it one."""
    formats = (*spelling.formats, ISO)
    if any(re.match(pattern_of(form), text) for form in formats):
        if spelling.pivot_year is None and any("%y" in form for form in formats):
            return Remark("date.unreadable", "has a two-digit year", "declare pivot_year")
        return Remark("date.impossible", "is a day that does not exist", hint)
    return Remark("date.unreadable", f"is not a date in the form {' or '.join(formats)}", hint)


def _other_formats(
    texts: pa.Array, unread: Days, filled: npt.NDArray[np.bool_], spelling: DateFormat
) -> list[str]:
    """For each unread text the common format in which it would be a date, in words.

    A format that fits every filled text of the column goes before one that fits the text alone.
    """
    hints = ["set the right date under corrections, or add the text to missing"] * len(unread)
    column, own = texts.filter(pa.array(filled)), texts.take(pa.array(unread))
    loose = DateFormat((), pivot_year=1925, impute="first")  # any century, partial dates too
    open_ = np.ones(len(unread), bool)
    for other in (form for form in COMMON_FORMATS if form not in spelling.formats):
        reads = _read_format(own, other, loose)[1] > 0
        if not reads.any():
            continue
        if bool((_read_format(column, other, loose)[1] > 0).all()):
            return [f"every date of this column fits {other!r}"] * len(unread)
        for number in np.flatnonzero(reads & open_):
            hints[number] = (
                f"would be a date in the form {other!r}; correct the cell or add the form"
            )
        open_ &= ~reads
    return hints
