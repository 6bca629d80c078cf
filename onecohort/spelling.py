"""How the dates and numbers of a column are spelled, read off its distinct texts.

Nothing is declared here: the outcome is evidence for the author of a mapping (which formats, which
decimal sign, day or month first), never a rule of a run.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.rules.dates import DateFormat, read_dates
from onecohort.rules.numbers import NumberFormat
from onecohort.rules.outcome import State
from onecohort.rules.units import find_unit

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

PIVOT_YEAR = 1925  # only to test whether a two-digit year is a date at all
PLAUSIBLE_YEARS = (1900, 2100)
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_LAST_WORDS = frozenset(  # plain enough to be a unit without brackets: "os_months"
    ("cm", "mm", "kg", "pct", "percent", "giorni", "days", "mesi", "months", "anni", "years")
)
_SHAPES = (  # shape of a text (digits 9, words A) -> formats it may be in; {s} is the separator
    (r"9{1,2}(?P<s>[/.-])9{1,2}(?P=s)9{4}", ("%d{s}%m{s}%Y", "%m{s}%d{s}%Y")),
    (r"9{1,2}(?P<s>[/.-])9{1,2}(?P=s)9{2}", ("%d{s}%m{s}%y", "%m{s}%d{s}%y")),
    (r"9{4}(?P<s>[/.-])9{1,2}(?P=s)9{1,2}", ("%Y{s}%m{s}%d",)),
    (r"9{4}(?P<s>-)99(?P=s)99[T ]99:99(?::99)?", ("%Y{s}%m{s}%d",)),
    (r"9{1,2}(?P<s>[/.-])9{1,2}(?P=s)9{4} 9{1,2}:99", ("%d{s}%m{s}%Y %H:%M", "%m{s}%d{s}%Y %H:%M")),
    (
        r"9{1,2}(?P<s>[/.-])9{1,2}(?P=s)9{4} 9{1,2}:99:99",
        ("%d{s}%m{s}%Y %H:%M:%S", "%m{s}%d{s}%Y %H:%M:%S"),
    ),
    (r"9{1,2}(?P<s>[/ .-])A\.?(?P=s)9{4}", ("%d{s}%b{s}%Y",)),
    (r"9{1,2}(?P<s>[/ .-])A\.?(?P=s)9{2}", ("%d{s}%b{s}%y",)),
    (r"9{1,2}(?P<s>[/.-])9{4}", ("%m{s}%Y",)),
    (r"9{4}(?P<s>[/-])9{1,2}", ("%Y{s}%m",)),
    (r"A\.?(?P<s>[/ -])9{4}", ("%b{s}%Y",)),
    (r"9{8}", ("%Y%m%d",)),
)
_NUMBER_FORMATS = (  # the simplest first: it wins where several fit
    NumberFormat((".",)),
    NumberFormat((",",)),
    NumberFormat((",",), "."),
    NumberFormat((".",), ","),
    NumberFormat((",",), " "),
    NumberFormat((".",), "'"),
)
_BOUND = r"^(?:<=|>=|<|>|≤|≥)\s*"
_UNIT_TAIL = r"^(?P<number>[-+<>≤≥=]*\s*\d[\d.,]*)\s*(?P<unit>[^\d\s.,;:].*)$"


@dataclass(frozen=True)
class DateSpelling:
    """The formats met, the most frequent first, with the cells that each reads.

    formats      (format of the mapping language, cells)
    read         cells that are a date in one of them, partial dates included
    partial      cells without a day
    impossible   cells that have a date's shape but are no day of the calendar
    day_first    cells that are a date only with the day first; month_first likewise
    either       cells that are a date both ways; only with these two the order is a guess
    """

    formats: tuple[tuple[str, int], ...]
    read: int
    partial: int
    impossible: int
    day_first: int
    month_first: int
    either: int


@dataclass(frozen=True)
class NumberSpelling:
    """How numbers are spelled, and between which limits they lie.

    decimal, thousands   signs; decimal is "" where no number has a fraction
    read                 cells that are numbers, bounds and units in the cell included
    bounds               cells such as `<5`
    units                (unit as written in the cells, cells)
    whole                whether all are whole numbers
    doubt                what may be wrong with this reading; may be empty
    """

    decimal: str
    thousands: str
    read: int
    lowest: float
    highest: float
    whole: bool
    bounds: int = 0
    units: tuple[tuple[str, int], ...] = ()
    doubt: str = ""


def read_date_spelling(texts: Sequence[str], counts: Counts) -> DateSpelling | None:
    """The date formats of a column's distinct texts, or None where none looks like a date."""
    shapes = [re.sub(r"[^\W\d_]+", "A", re.sub(r"\d", "9", text)) for text in texts]
    met: dict[str, int] = {}
    partial = impossible = day_first = month_first = either = 0
    for shape in sorted(set(shapes)):
        formats = _formats_of(shape)
        if not formats:
            continue
        at = np.array([i for i, other in enumerate(shapes) if other == shape])
        own, cells = [texts[i] for i in at], counts[at]
        reads = [_reads(own, form) for form in formats]
        if not np.any(reads):
            impossible += int(cells.sum()) if "A" not in shape else 0
            continue
        impossible += int(cells[~np.logical_or.reduce(reads)].sum())
        if len(reads) == 2:
            day, month = reads
            day_first += int(cells[day & ~month].sum())
            month_first += int(cells[month & ~day].sum())
            either += int(cells[month & day].sum())
        for form, read in zip(formats, reads, strict=True):
            met[form] = met.get(form, 0) + int(cells[read].sum())
        partial += int(cells.sum()) if "%d" not in formats[0] else 0
    if not met:
        return None
    dropped = "%m{}%d" if day_first >= month_first else "%d{}%m"
    pure = min(day_first, month_first) == 0
    unwanted = [f for f in met if pure and any(dropped.format(s) in f[:5] for s in "/.-")]
    kept = {form: cells for form, cells in met.items() if form not in unwanted}
    formats_met = tuple(sorted(kept.items(), key=lambda item: (-item[1], item[0])))
    read_cells = sum(cells for form, cells in kept.items())
    if not pure:  # both orders read the cells that are a date either way: count them once
        read_cells -= either
    return DateSpelling(
        formats_met, read_cells, partial, impossible, day_first, month_first, either
    )


def _formats_of(shape: str) -> tuple[str, ...]:
    for pattern, formats in _SHAPES:
        match = re.fullmatch(pattern, shape)
        if match:
            separator = match.groupdict().get("s", "")
            return tuple(form.replace("{s}", separator) for form in formats)
    return ()


def _reads(texts: Sequence[str], form: str) -> Mask:
    """Which texts are a day, or a month, of a plausible year in this format."""
    spelling = DateFormat((form,), pivot_year=PIVOT_YEAR, impute="first")
    found = read_dates(pa.array(texts, pa.string()), spelling)
    years = pc.year(found.values).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        plausible = (years >= PLAUSIBLE_YEARS[0]) & (years <= PLAUSIBLE_YEARS[1])
    return np.asarray((found.states == State.CARRIED) & plausible, dtype=np.bool_)


def read_number_spelling(texts: Sequence[str], counts: Counts) -> NumberSpelling | None:
    """The spelling that reads most cells as numbers, or None where there is no number."""
    given = pa.array(list(texts), pa.string())
    bound = pc.match_substring_regex(given, _BOUND).to_numpy(zero_copy_only=False)
    bare = pc.replace_substring_regex(given, _BOUND, "")
    bare, units = _without_units(bare)
    fits = [_matches(bare, form) for form in _NUMBER_FORMATS]
    cells = [int(counts[fit].sum()) for fit in fits]
    best = int(np.argmax(cells))
    if not cells[best]:
        return None
    fit, form = fits[best], _NUMBER_FORMATS[best]
    own = bare.filter(pa.array(fit))
    numbers = form.plain(own).cast(pa.float64()).to_numpy(zero_copy_only=False)
    whole = bool(np.all(numbers == np.floor(numbers)))
    fraction = pc.any(pc.match_substring(own, form.decimal[0])).as_py()
    written = {unit: int(counts[fit & (units == unit)].sum()) for unit in set(units[fit]) - {""}}
    return NumberSpelling(
        decimal=form.decimal[0] if fraction else "",
        thousands=form.thousands or "",
        read=cells[best],
        lowest=float(numbers.min()),
        highest=float(numbers.max()),
        whole=whole,
        bounds=int(counts[fit & bound].sum()),
        units=tuple(sorted(written.items(), key=lambda item: (-item[1], item[0]))),
        doubt=_doubt(own, form),
    )


def widen(spelling: NumberSpelling, texts: pa.Array, without: Collection[str]) -> NumberSpelling:
    """The same spelling with the limits of all `texts` but those in `without`."""
    form = NumberFormat((spelling.decimal or ".",), spelling.thousands or None)
    kept = texts.filter(pc.invert(pc.is_in(texts, pa.array(list(without), pa.string()))))
    bare = pc.replace_substring_regex(kept, _BOUND, "")
    own = bare.filter(pa.array(_matches(bare, form)))
    if not len(own):
        return spelling
    limits = pc.min_max(form.plain(own).cast(pa.float64()))
    return replace(
        spelling,
        lowest=min(spelling.lowest, limits["min"].as_py()),
        highest=max(spelling.highest, limits["max"].as_py()),
    )


def _without_units(texts: pa.Array) -> tuple[pa.Array, npt.NDArray[np.object_]]:
    """The texts without a known unit at their end, and that unit ("" for none)."""
    parts = pc.extract_regex(texts, _UNIT_TAIL)
    tails = pc.struct_field(parts, "unit").to_pylist()
    units = np.array([t if t and find_unit(t) else "" for t in tails], dtype=object)
    numbers = pc.struct_field(parts, "number")
    return pc.if_else(pa.array(units != ""), numbers, texts), units


def _matches(texts: pa.Array, form: NumberFormat) -> Mask:
    regular = pc.match_substring_regex(texts, form.regex).to_numpy(zero_copy_only=False)
    digits = pc.match_substring_regex(texts, r"\d").to_numpy(zero_copy_only=False)
    return np.asarray(regular & digits, dtype=np.bool_)


def _doubt(texts: pa.Array, form: NumberFormat) -> str:
    """Whether every fraction has three digits, as groups of thousands have."""
    sign = form.decimal[0]
    with_sign = texts.filter(pc.match_substring(texts, sign))
    if form.thousands or len(with_sign) < 2:
        return ""
    grouped = pc.match_substring_regex(with_sign, rf"^[+-]?\d{{1,3}}[{sign}]\d{{3}}$")
    if pc.all(grouped).as_py():
        return f"every {sign!r} is followed by three digits: it may separate thousands"
    return ""


def unit_in_heading(heading: str) -> str | None:
    """The known unit that stands in a heading's brackets or is its end, as written there.

    >>> unit_in_heading("Hb (g/L)"), unit_in_heading("PLT, 10^3/uL"), unit_in_heading("Sesso (M/F)")
    ('g/L', '10^3/uL', None)
    """
    candidates = [inside.strip() for inside in reversed(_BRACKETS.findall(heading))]
    candidates += [part.strip() for part in re.split(r"[,;\s]", heading)[1:][::-1]]
    parts = heading.casefold().split("_")
    candidates += ["/".join(parts[-2:])] if len(parts) > 2 else []  # hemoglobin_g_dl
    if len(parts) > 1 and parts[-1] in _LAST_WORDS and "per" not in parts:
        candidates.append(parts[-1])
    known = (text for text in candidates if len(text) > 1 or text in "%")
    return next((text for text in known if text and find_unit(text)), None)
