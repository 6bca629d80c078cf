"""The mapping language: one model of what may stand in a center's file, and nothing else.

Every scalar arrives as the text that was typed (`onecohort.mapping.source`). The language is documented
for its authors in `center_mappings/README.md`, every rule with an example that a test runs.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

SPECIAL_DATES = ("excel", "excel1904")
CENTER_NAME = "[a-z][a-z0-9_]*"
ROW_NUMBER = "row number"  # as a key: the file names nobody, each row is a patient of its own


def _listed(value: object) -> object:
    """Let one text stand for a list of one."""
    return [value] if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(strict=True)]
Filled = Annotated[str, StringConstraints(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
Names = Annotated[tuple[Filled, ...], BeforeValidator(_listed), Field(min_length=1)]
Condition = Annotated[
    Texts,
    Field(
        description="One text or several of which one must match, `present`, `missing`, "
        "or a comparison such as `>= 5`."
    ),
]
When = Annotated[
    dict[Filled, Condition],
    Field(min_length=1, description="Column → condition; all must hold."),
]


class Node(BaseModel):
    """A part of the language: unknown keys are mistakes, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LeaveOut(Node):
    """Rows of a table that are not patients' rows (a total, a test patient), with the reason."""

    when: When
    reason: Filled


class LatestBy(Node):
    """Of several rows with one key, the one whose column is the latest date."""

    latest: Filled = Field(description="Column with the date that decides.")


class TableRule(Node):
    """Where a table's rows come from and how its texts are to be read."""

    files: Filled | None = Field(
        None, description="Glob below the exports' folder; of several matches the last one wins."
    )
    format: Filled | None = Field(None, description="Format, where the suffix does not tell it.")
    sheet: Filled | None = Field(None, description="Sheet, database table or R object.")
    header_row: int | None = Field(None, ge=1, description="Row of the column names, from 1.")
    header_rows: int = Field(1, ge=1, description="How many header rows are joined.")
    columns: Names | None = Field(None, description="Names, for a file without a header row.")
    encoding: Filled | None = None
    delimiter: Filled | None = Field(None, description="One character, `tab` or `whitespace`.")
    quote: Filled | None = None
    comment: Filled | None = Field(None, description="Lines that begin so are not rows.")
    widths: tuple[int, ...] | None = Field(None, description="Column widths of a fixed-width text.")
    merged: Literal["first", "fill"] = Field(
        "first", description="Whether every cell of a merged range has its text."
    )
    cells: Literal["codes", "labels"] = Field(
        "codes", description="What the cells of a labelled (SPSS, Stata, SAS) file show."
    )
    query: Filled | None = Field(None, description="SQL that gives the rows.")
    connection: Filled | None = Field(
        None, description="Environment variable with the database's URL."
    )
    password: Filled | None = Field(
        None, description="Environment variable with the workbook's password."
    )
    instrument: Text | None = Field(None, description="REDCap: rows of this repeating instrument.")
    event: Filled | None = Field(None, description="REDCap: rows of this event.")
    dictionary: Filled | None = Field(None, description="REDCap: file with the data dictionary.")
    record_lines: int | None = Field(
        None, ge=1, description="Lines over which a record is wrapped."
    )

    key: Names = Field(
        description="Column or columns that tell one patient from another; `row number` where none does."
    )
    zero_pad: int | None = Field(None, ge=1, description="Digits of the key, filled with zeros.")
    rows: Literal["one", "many"] = Field("one", description="Rows per patient.")
    melt: Annotated[dict[Filled, Names], Field(min_length=1)] | None = Field(
        None,
        description="New column → the columns that it is made of, in order; each a row of its own.",
    )
    repeated: Literal["quarantine", "first", "last"] | LatestBy = Field(
        "quarantine", description="Which row stays where a key comes twice with other values."
    )
    where: When | None = Field(
        None, description="Only these rows; the others are left out, counted."
    )
    leave_out: tuple[LeaveOut, ...] = ()
    dates: Names | None = Field(
        None, description="Date formats, tried in order; ISO always counts."
    )
    pivot_year: int | None = Field(
        None, ge=1000, le=9900, description="First of the hundred years that two digits may mean."
    )
    decimal: Annotated[tuple[Literal[",", "."], ...], BeforeValidator(_listed)] = (".",)
    thousands: Literal[",", ".", " ", "'"] | None = None
    missing: Texts = Field((), description="Texts that mean: not known.")


class Case(Node):
    """One case: where all conditions hold, the field has this value."""

    when: When
    then: Text


class UnitCase(Node):
    """The unit of the cells in rows where all conditions hold."""

    when: When
    unit: Filled


class FieldRule(Node):
    """How a field is made from source columns."""

    from_: Filled | None = Field(None, alias="from", description="`Column` or `table.Column`.")
    constant: Text | None = Field(None, description="The same value for every patient.")
    first_of: Names | None = Field(None, description="The first of these columns that is marked.")
    any_of: Names | None = Field(None, description="Yes where any of these columns is marked.")
    filled_from: Names | None = Field(
        None, description="The first of these columns that is filled."
    )
    cases: Annotated[tuple[Case, ...], Field(min_length=1)] | None = Field(
        None, description="The first case whose conditions all hold."
    )
    otherwise: Text | None = Field(None, description="The value where no case or mark applies.")
    marked: Texts = Field((), description="Texts that count as a mark.")
    unmarked: Texts = Field((), description="Texts that count as no mark; a blank always does.")

    values: dict[Text, Text] | None = Field(None, description="Text in the export → term.")
    missing: Texts = Field((), description="Texts that mean: not known, in this field alone.")
    dates: Names | None = Field(None, description="Date formats of this field alone.")
    pivot_year: int | None = Field(None, ge=1000, le=9900)
    impute: Literal["first", "middle", "none"] | None = Field(
        None, description="What stands for the unknown part of a partial date."
    )
    days_from: Filled | None = Field(None, description="The cell counts time from this date field.")
    age_at: Filled | None = Field(
        None, description="The cell is a birth date; the age at this field."
    )
    unit: Filled | None = Field(None, description="Unit of the cells.")
    unit_from: Filled | None = Field(None, description="Column with the unit of each cell.")
    unit_when: Annotated[tuple[UnitCase, ...], Field(min_length=1)] | None = Field(
        None, description="The unit by a condition on the row; `unit` for all others."
    )
    units: dict[Text, Filled] | None = Field(None, description="Local spelling of a unit → unit.")
    decimal: Annotated[tuple[Literal[",", "."], ...], BeforeValidator(_listed)] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
    bounds: Literal["limit", "half"] | None = Field(
        None, description="How `<5` or `>90` is taken: as the limit, or half of it."
    )
    pattern: Filled | None = Field(
        None, description="Regular expression; its first group is what counts of the cell."
    )
    split: Filled | None = Field(None, description="Text that separates several values in a cell.")
    part: int | None = Field(None, ge=1, description="Which of the separated values counts.")
    zero_pad: int | None = Field(None, ge=1)

    take: (
        Literal[
            "agree", "first", "last", "earliest", "latest", "min", "max", "best", "count", "nearest"
        ]
        | None
    ) = Field(None, description="Which of a patient's rows counts; `agree`: all must say the same.")
    where: When | None = Field(None, description="Only these rows of the table count.")
    by: Filled | None = Field(
        None, description="Column with the date, or the number, by which rows are ordered."
    )
    near: Filled | None = Field(None, description="`take: nearest` to this date field.")
    within_days: int | None = Field(None, ge=0, description="Rows further away do not count.")


class Correction(Node):
    """A known error at the source, put right here with its reason."""

    patient: Filled | None = None
    row: int | None = Field(None, ge=1)
    table: Filled | None = None
    column: Filled
    was: Text
    now: Text
    reason: Filled
    confirmed: date | Literal[""] = ""


Row = dict[Filled, Text]


class Example(Node):
    """Rows as the center would send them, and what must come out."""

    given: dict[Filled, Row | tuple[Row, ...]]
    expect: dict[Filled, Text]


class Review(Node):
    """Who has read the mapping against the export, and when."""

    by: Filled
    on: date


class Mapping(Node):
    """A center's file."""

    center: Annotated[str, StringConstraints(pattern=rf"^{CENTER_NAME}$")]
    title: Filled
    reviewed: Review | None = None
    tables: Annotated[dict[Filled, TableRule], Field(min_length=1)]
    fields: dict[Filled, FieldRule]
    unavailable: dict[Filled, Filled] = {}
    ignore: dict[Filled, Filled] = {}
    corrections: tuple[Correction, ...] = ()
    examples: tuple[Example, ...] = ()
