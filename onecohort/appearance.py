"""What a column looks like, from its distinct texts: date, number, code, identifier or free text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa

from onecohort.spelling import (
    DateSpelling,
    NumberSpelling,
    read_date_spelling,
    read_number_spelling,
    unit_in_heading,
    widen,
)
from onecohort.suggest.contents import as_number, is_missing
from onecohort.suggest.wording import fold, spelled_out

Looks = Literal[
    "empty", "constant", "date", "number", "code", "yes or no", "identifier", "free text"
]

MOSTLY = 0.8  # share of the cells that must be dates (or numbers) for the column to look so
MOST_CODES = 20  # distinct texts of a closed list
REPEATS = 3  # cells per distinct text from which texts look like codes
ALL_DIFFER = 0.98  # distinct per filled cell of an identifier
BARS = 12
EXCEL_DAYS = (15_000, 60_000)  # 1941 to 2064
_YES_NO = "si no s n yes y true false vero falso ja nein oui non x 0 1"
YES_NO = frozenset(_YES_NO.split())
_DATE_WORDS = frozenset(("date", "birth", "death", "day", "start", "end", "follow"))
_IDENTIFYING = frozenset(("identifier", "code", "patient", "record", "number"))
_NUMBERED = ("number", "code", "free text")
_NINES = re.compile(r"-?9{2,6}(?:[.,]0+)?|-[19](?:[.,]0+)?")
_NO_DATE = re.compile(
    r"(?:01[/.-]01[/.-]1[89]00|1[89]00-01-01.*|1899-12-3[01].*|99[/.-]99[/.-]99(?:99)?|11[/.-]11[/.-]1111"
    r"|31[/.-]12[/.-]9999|9999-12-31.*|00[/.-]00[/.-]00(?:00)?)"
)


@dataclass(frozen=True)
class Appearance:
    """What the texts of a column look like.

    looks    the kind that fits most cells
    dates    formats, where there are dates; `numbers`: signs and limits, where there are numbers
    unit     unit that stands in the heading
    missing  (text, cells, why) that probably means: not known
    bars     (label, cells) of a small histogram
    """

    looks: Looks
    dates: DateSpelling | None
    numbers: NumberSpelling | None
    unit: str | None
    missing: tuple[tuple[str, int, str], ...]
    bars: tuple[tuple[str, int], ...]


def look_at(
    name: str,
    texts: Sequence[tuple[str, int]],
    *,
    every: pa.Array,
    filled: int,
    distinct: int,
    declared_missing: frozenset[str] = frozenset(),
) -> Appearance:
    """Describe a column by its heading and its most frequent texts.

    every              all distinct texts, of which `texts` may be the most frequent part: the
                       limits of numbers are theirs
    filled, distinct   of the whole column, or of as much of it as was counted
    declared_missing   texts that the file itself declares missing
    """
    missing = _missing(texts, declared_missing)
    gone = {text for text, _, _ in missing}
    kept = [(text, count) for text, count in texts if text not in gone]
    own = [text for text, _ in kept]
    counts = np.array([count for _, count in kept], dtype=np.int64)
    dates = read_date_spelling(own, counts) if own else None
    numbers = read_number_spelling(own, counts) if own else None
    serial = _excel(name, numbers, kept)
    looks = _looks(name, kept, dates or serial, numbers, (filled, distinct))
    return Appearance(
        looks=looks,
        dates=(dates or serial) if looks in ("date", "free text", "code") else None,
        numbers=numbers and widen(numbers, every, gone) if looks in _NUMBERED else None,
        unit=unit_in_heading(name),
        missing=missing,
        bars=_bars(looks, kept, numbers),
    )


def _missing(
    texts: Sequence[tuple[str, int]], declared: frozenset[str]
) -> tuple[tuple[str, int, str], ...]:
    found = []
    others = [
        n for t, _ in texts if not _NINES.fullmatch(t) and (n := as_number(fold(t))) is not None
    ]
    top = max(others, default=None)
    for text, count in texts:
        if text in declared:
            found.append((text, count, "declared missing in the file"))
        elif is_missing(fold(text)):
            found.append((text, count, "a usual text for: not known"))
        elif _NO_DATE.fullmatch(text):
            found.append((text, count, "a date that stands for: not known"))
        elif _NINES.fullmatch(text) and top is not None and _stands_apart(text, top, others):
            found.append((text, count, f"far from the other numbers (up to {top:g})"))
    return tuple(found)


def _stands_apart(text: str, top: float, others: Sequence[float]) -> bool:
    number = as_number(text) or 0.0  # the pattern of nines lets numbers only through
    if number < 0:
        return min(others) >= 0
    return number > max(10.0, 1.5 * top)


def _excel(
    name: str, numbers: NumberSpelling | None, texts: Sequence[tuple[str, int]]
) -> DateSpelling | None:
    """Days as Excel counts them, where the heading speaks of a date."""
    if numbers is None or not numbers.whole or not _DATE_WORDS & set(spelled_out(name)):
        return None
    if numbers.lowest < EXCEL_DAYS[0] or numbers.highest > EXCEL_DAYS[1]:
        return None
    cells = sum(count for _, count in texts)
    return DateSpelling((("excel", numbers.read),), numbers.read, 0, 0, 0, 0, 0) if cells else None


def _looks(
    name: str,
    texts: Sequence[tuple[str, int]],
    dates: DateSpelling | None,
    numbers: NumberSpelling | None,
    whole_column: tuple[int, int],
) -> Looks:
    cells = sum(count for _, count in texts)
    filled, distinct = whole_column
    unique = distinct >= ALL_DIFFER * filled and filled >= 10
    if not cells:
        return "empty"
    if dates and dates.read >= MOSTLY * cells:
        return "date"
    folded = {fold(text) for text, _ in texts}
    if folded <= YES_NO and 1 <= len(folded) <= 4:
        return "yes or no"
    if len(texts) == 1 and cells >= REPEATS:
        return "constant"
    numeric = numbers is not None and numbers.read >= MOSTLY * cells
    few = len(texts) <= MOST_CODES and cells >= REPEATS * len(texts)
    if unique and numeric and numbers and numbers.whole and _IDENTIFYING & set(spelled_out(name)):
        return "identifier"
    if numeric and numbers:
        return "code" if few and numbers.whole and len(texts) <= 10 else "number"
    short = sum(len(text) * count for text, count in texts) / cells <= 20
    if unique and short and sum(c for t, c in texts if re.search(r"\d", t)) > cells / 2:
        return "identifier"
    return "code" if few or (short and cells >= REPEATS * len(texts)) else "free text"


def _bars(
    looks: Looks, texts: Sequence[tuple[str, int]], numbers: NumberSpelling | None
) -> tuple[tuple[str, int], ...]:
    if looks == "number" and numbers is not None and numbers.highest > numbers.lowest:
        pairs = [(n, count) for text, count in texts if (n := as_number(text)) is not None]
        values, weights = [n for n, _ in pairs], [count for _, count in pairs]
        heights, edges = np.histogram(values, bins=BARS, weights=weights)
        return tuple((f"{e:.4g}", int(h)) for e, h in zip(edges, heights, strict=False))
    if looks == "date":
        years: dict[str, int] = {}
        for text, count in texts:
            match = re.search(r"(?:19|20)\d\d", text)
            if match:
                years[match[0]] = years.get(match[0], 0) + count
        return tuple(sorted(years.items()))
    if looks in ("code", "yes or no", "constant"):
        return tuple(texts[:BARS])
    return ()
