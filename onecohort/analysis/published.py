"""What was printed beside what was computed: the first table of the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from onecohort.errors import Mistake, StudyError
from onecohort.mapping.source import read_yaml


class PrintedFigure(BaseModel):
    """One figure as printed; see `schemas/published.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    what: str
    value: Decimal
    digits: int
    unit: str
    comparison: Literal["equal", "less_than"]
    place: str


class Published(BaseModel):
    """All figures of one publication; `note` says what it leaves open and the plan had to choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    note: str = ""
    figures: tuple[PrintedFigure, ...]


@dataclass(frozen=True)
class Compared:
    """One printed figure and what the cohort gives.

    printed    as the paper shows it, "0.0037" or "< 0.00001"
    computed   full precision; None where the analysis could not give it, `statement` says why
    rounded    the computed figure to the printed digits
    """

    id: str
    what: str
    unit: str
    place: str
    printed: str
    computed: float | None
    rounded: str
    verdict: Literal["agrees", "differs", "not computed"]
    statement: str = ""


@dataclass(frozen=True)
class Computed:
    """A statistic of the analysis, to be compared with a printed figure."""

    value: float | None
    statement: str = ""


def with_unit(figure: str, unit: str) -> str:
    """A figure as a table shows it; nothing stays nothing.

    >>> with_unit("24", "%"), with_unit("6.5", "mo"), with_unit("0.037", "1"), with_unit("9", "g/dL")
    ('24%', '6.5 months', '0.037', '9 g/dL')
    """
    return figure and figure + {"1": "", "mo": " months", "%": "%"}.get(unit, f" {unit}")


def load_published(path: Path, name: str = "schemas/published.yaml") -> Published:
    """Read the printed figures; raises StudyError with every mistake of the file."""
    source = read_yaml(path, name)
    try:
        published = Published.model_validate(source.tree)
    except ValidationError as error:
        raise StudyError(
            *(
                Mistake(
                    source.where(*problem["loc"]),
                    f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].lower()}",
                )
                for problem in error.errors(include_url=False)
            )
        ) from None
    seen: set[str] = set()
    repeated = []
    for place, figure in enumerate(published.figures):
        if figure.id in seen:
            where = source.where("figures", place, "id")
            repeated.append(Mistake(where, f"the figure {figure.id!r} stands here a second time"))
        seen.add(figure.id)
    if repeated:
        raise StudyError(*repeated)
    return published


def compare_figures(
    printed: Sequence[PrintedFigure], computed: dict[str, Computed]
) -> tuple[Compared, ...]:
    """Set each printed figure beside the computed one of the same id.

    Equal means: rounded to the printed digits (halves up, as printed tables are) it is the value.
    """
    return tuple(_compare(figure, computed.get(figure.id)) for figure in printed)


def _compare(figure: PrintedFigure, found: Computed | None) -> Compared:
    less = figure.comparison == "less_than"
    printed = f"{'< ' if less else ''}{round_half_up(figure.value, figure.digits)}"
    if found is None:
        found = Computed(None, "the plan of analysis names no statistic for this figure")
    value = found.value
    verdict: Literal["agrees", "differs", "not computed"] = "not computed"
    rounded = ""
    if value is not None:
        exact = Decimal(repr(value))
        rounded = round_half_up(exact, figure.digits)
        agrees = exact < figure.value if less else Decimal(rounded) == figure.value
        verdict = "agrees" if agrees else "differs"
        if less and agrees:
            rounded = printed
    return Compared(
        id=figure.id,
        what=figure.what,
        unit=figure.unit,
        place=figure.place,
        printed=printed,
        computed=value,
        rounded=rounded,
        verdict=verdict,
        statement=found.statement,
    )


def round_half_up(value: Decimal, digits: int) -> str:
    """A number with so many decimals, halves away from zero: 0.125 to two digits is 0.13."""
    return str(value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))
