"""What a sheet holds beside its values: filled by the scanner of its format."""

from dataclasses import dataclass, field

Place = tuple[int, int]
Range = tuple[Place, Place]


@dataclass
class SheetScan:
    """What was found in one sheet; rows and columns count from 1.

    rows, columns  the farthest cell, as far as it matters for the limits
    is_filled      whether any cell holds something
    errors         error cells and their texts
    uncalculated   formulas that hold no value, and their texts
    percents       numbers that are displayed as a percentage, a hundred times what is stored
    months, years  dates that are displayed without their day, or without day and month
    hidden_rows    rows that the sheet does not show, a count
    hidden_columns their numbers
    formats        column -> how its numbers or dates are displayed, where that is not "General"
    merged         merged ranges, counted from 0, both ends included; None where calamine knows them
    """

    rows: int = 0
    columns: int = 0
    is_filled: bool = False
    errors: dict[Place, str] = field(default_factory=dict)
    uncalculated: dict[Place, str] = field(default_factory=dict)
    percents: set[Place] = field(default_factory=set)
    months: set[Place] = field(default_factory=set)
    years: set[Place] = field(default_factory=set)
    hidden_rows: int = 0
    hidden_columns: list[int] = field(default_factory=list)
    formats: dict[int, str] = field(default_factory=dict)
    merged: list[Range] | None = None

    @property
    def without_value(self) -> dict[Place, str]:
        """Cells for which calamine gives nothing, and the text that is to stand there instead."""
        return self.errors | self.uncalculated

    def facts(self) -> dict[str, object]:
        """What the manifest states of it."""
        facts: dict[str, object] = {}
        if self.hidden_rows:
            facts["hidden_rows"] = self.hidden_rows
        if self.hidden_columns:
            facts["hidden_columns"] = self.hidden_columns
        return facts
