"""What stands in an export before anybody has declared it: the start of a draft mapping."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from onecohort.exports.table import Layout


@dataclass(frozen=True)
class TableSummary:
    """One table that an export holds: a sheet, an object, a database table, or the file itself.

    layout  what would read it: its sheet and the header row that was found
    """

    export: str
    sheet: str | None
    layout: Layout
    columns: tuple[str, ...]
    facts: Mapping[str, object] = field(default_factory=dict)
