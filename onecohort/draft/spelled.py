"""How a table spells dates, numbers and "not known", as far as its columns agree."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from onecohort.profiling import ColumnProfile
from onecohort.rules.dates import ISO

YEARS_BACK = 99  # two digits mean a year of the hundred that end with the year of the data
USUAL = "a usual text for: not known"  # as `onecohort.appearance` gives the reason


@dataclass(frozen=True)
class TableSpelling:
    """What a table's block in a mapping says of its texts.

    dates        formats in the order of their cells; ISO needs no saying
    pivot_year   where a format has two-digit years
    order        "%d{s}%m" or "%m{s}%d": which of day and month comes first, where both are possible
    why_dates    the evidence for that order, in words
    """

    dates: tuple[str, ...]
    pivot_year: int | None
    month_first: bool
    why_dates: str
    decimal: tuple[str, ...]
    thousands: str
    missing: tuple[str, ...]


def spell_table(
    columns: Iterable[ColumnProfile], *, year: int, terms: Collection[str] = ()
) -> TableSpelling:
    """Read a table's spelling off its columns.

    year    of the data, for two-digit years
    terms   texts that are a term somewhere in the table, so that they are not missing everywhere
    """
    given = list(columns)
    dated = [
        c.appearance.dates for c in given if c.appearance.dates and c.appearance.looks == "date"
    ]
    day_first = sum(found.day_first for found in dated)
    month_first = sum(found.month_first for found in dated)
    order_is_month = month_first > day_first
    cells: Counter[str] = Counter()
    for found in dated:
        for form, count in found.formats:
            cells[in_order(form, month_first=order_is_month)] += count
    formats = tuple(form for form, _ in cells.most_common() if form not in (ISO, "excel"))
    decimal = _decimal(given)
    return TableSpelling(
        dates=formats,
        pivot_year=year - YEARS_BACK if any("%y" in form for form in formats) else None,
        month_first=order_is_month,
        why_dates=_why(day_first, month_first, formats),
        decimal=decimal,
        thousands=_thousands(given, decimal),
        missing=_missing(given, terms),
    )


def in_order(form: str, *, month_first: bool) -> str:
    """A format with day and month in the table's order.

    >>> in_order("%d/%m/%Y", month_first=True), in_order("%Y-%m", month_first=True)
    ('%m/%d/%Y', '%Y-%m')
    """
    wrong, right = ("%d{}%m", "%m{}%d") if month_first else ("%m{}%d", "%d{}%m")
    for sign in "/.-":
        if form.startswith(wrong.format(sign)):
            return form.replace(wrong.format(sign), right.format(sign), 1)
    return form


def _why(day_first: int, month_first: int, formats: tuple[str, ...]) -> str:
    if not any("%d" in form and "%m" in form for form in formats):
        return ""
    if not day_first and not month_first:
        return "no cell decides between day and month first"
    return (
        f"dates only with the day first: {day_first:,}; only with the month first: {month_first:,}"
    )


def _decimal(columns: Iterable[ColumnProfile]) -> tuple[str, ...]:
    found = [
        (numbers.decimal, bool(numbers.doubt))
        for column in columns
        if (numbers := column.appearance.numbers)
        and column.appearance.looks == "number"
        and numbers.decimal
    ]
    # "122.000" beside "9,8" has no fraction: of doubtful signs only what nobody contradicts counts.
    sure = [sign for sign, doubtful in found if not doubtful]
    signs = Counter(sure or [sign for sign, _ in found])
    return tuple(sign for sign, _ in signs.most_common())


def _thousands(columns: Iterable[ColumnProfile], decimal: Collection[str]) -> str:
    found = [numbers for column in columns if (numbers := column.appearance.numbers)]
    signs = Counter(numbers.thousands for numbers in found if numbers.thousands)
    signs.update(
        numbers.decimal for numbers in found if numbers.doubt and {numbers.decimal} - set(decimal)
    )
    return signs.most_common(1)[0][0] if signs else ""


def _missing(columns: Iterable[ColumnProfile], terms: Collection[str]) -> tuple[str, ...]:
    cells: Counter[str] = Counter()
    for column in columns:
        for text, count, why in column.appearance.missing:
            if why == USUAL and text not in terms:
                cells[text] += count
    return tuple(text for text, _ in cells.most_common())
