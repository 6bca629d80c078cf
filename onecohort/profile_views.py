"""A profile to look at: JSON for machines, a table for the terminal, a page with histograms."""

import dataclasses
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.table import Table as RichTable
from rich.text import Text

from onecohort.appearance import Appearance
from onecohort.profiling import ColumnProfile, TableProfile

SHOWN = 5  # texts shown in the terminal
LISTED = 15  # texts listed on the page and in JSON
LONGEST = 40  # characters shown of one text


def as_values(profile: TableProfile) -> dict[str, object]:
    """A profile as JSON values; of each column the most frequent texts only."""
    whole = dataclasses.asdict(profile)
    whole["sampled"] = profile.sampled
    for column in whole["columns"]:
        column["texts"] = column["texts"][:LISTED]
    return whole


def as_rich(profile: TableProfile) -> RichTable:
    """A profile as a table for the terminal, one line per column."""
    table = RichTable(
        title=title_of(profile), caption=profile.sampled or None, title_justify="left"
    )
    for heading in (
        "column",
        "filled",
        "distinct",
        "looks like",
        "most frequent",
        "perhaps missing",
    ):
        table.add_column(
            heading,
            overflow="fold",
            justify="right" if heading in ("filled", "distinct") else "left",
        )
    for column in profile.columns:
        table.add_row(*(Text(cell) for cell in line_of(column)))
    return table


def title_of(profile: TableProfile) -> str:
    """Export, sheet and size of a table, in words."""
    sheet = f"  sheet {profile.sheet}" if profile.sheet else ""
    rows = f"{profile.rows:,}{'+' if profile.more_rows else ''} rows"
    return f"{profile.export}{sheet}  {rows}, {len(profile.columns)} columns"


def line_of(column: ColumnProfile) -> tuple[str, ...]:
    """The cells of a column's line: name, filled, distinct, looks, frequent texts, missing."""
    name = f"{column.name} – {column.label}" if column.label else column.name
    share = share_of(column.filled, column.rows)
    more = "≥ " if column.distinct_at_least else ""
    return (
        name,
        f"{column.filled:,} ({share})",
        f"{more}{column.distinct:,}",
        describe(column.appearance),
        frequent(column),
        ", ".join(f"{short(text)} ({count:,})" for text, count, _ in column.appearance.missing),
    )


def share_of(part: int, whole: int) -> str:
    """In percent; what is not all is never 100 %, nor what is not nothing 0 %.

    >>> share_of(0, 9), share_of(1, 900), share_of(899, 900), share_of(9, 9), share_of(0, 0)
    ('0%', '<1%', '>99%', '100%', '–')
    """
    if not whole:
        return "–"
    share = part / whole
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def describe(appearance: Appearance) -> str:
    """What a column looks like, in words.

    Formats are spelled as in a mapping; that the order of day and month is a guess is said.
    """
    parts: list[str] = [appearance.looks]
    dates, numbers = appearance.dates, appearance.numbers
    if dates is not None:
        parts.append(", ".join(f"{form} ({cells:,})" for form, cells in dates.formats))
        if dates.day_first and dates.month_first:
            parts.append(
                f"day first in {dates.day_first:,}, month first in {dates.month_first:,} cells"
            )
        elif dates.either and not dates.day_first + dates.month_first:
            parts.append("day or month first: no cell decides")
        if dates.partial:
            parts.append(f"{dates.partial:,} without a day")
        if dates.impossible:
            parts.append(f"{dates.impossible:,} impossible")
    if numbers is not None and appearance.looks == "number":
        parts.append(f"{numbers.lowest:g} to {numbers.highest:g}")
        if numbers.decimal:
            parts.append(f"decimal {numbers.decimal!r}")
        if numbers.thousands:
            parts.append(f"thousands {numbers.thousands!r}")
        if numbers.bounds:
            parts.append(f"{numbers.bounds:,} bound{'s' * (numbers.bounds != 1)} such as <5")
        parts.extend(
            f"{unit} in {cells:,} cell{'s' * (cells != 1)}" for unit, cells in numbers.units
        )
        if numbers.doubt:
            parts.append(numbers.doubt)
    if appearance.unit:
        parts.append(f"unit {appearance.unit}")
    return "; ".join(parts)


def frequent(column: ColumnProfile) -> str:
    """The most frequent texts with their counts and value labels."""
    shown = [f"{short(labelled(column, text))} ({count:,})" for text, count in column.texts[:SHOWN]]
    more = column.distinct - len(shown)
    return ", ".join(shown) + (f", {more:,} more" if more > 0 else "")


def labelled(column: ColumnProfile, text: str) -> str:
    """A text with its value label, where the format has one."""
    label = column.value_labels.get(text)
    return f"{text} = {label}" if label else text


def short(text: str) -> str:
    """A text cut to what fits a line."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def as_html(profiles: Sequence[TableProfile]) -> str:
    """A page with one section per table; no script, nothing fetched."""
    environment = Environment(
        loader=PackageLoader("onecohort", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("profile.html.j2")
    return page.render(
        profiles=profiles,
        listed=LISTED,
        title_of=title_of,
        describe=describe,
        labelled=labelled,
        short=short,
        share_of=share_of,
    )
