"""Columns that are one value of a coded field: "CR" with an x in it, a REDCap checkbox."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from onecohort.suggest.containment import YES_NO
from onecohort.suggest.contents import Contents
from onecohort.suggest.records import SourceColumn, TargetField
from onecohort.suggest.wording import fold

FloatArray = npt.NDArray[np.float64]

_CHOICE = re.compile(r"\(choice=(?P<choice>.*)\)$")  # so REDCap labels the columns of a checkbox
MARKS = frozenset((*YES_NO, "+", "checked", "unchecked"))


def headings_of(column: SourceColumn) -> tuple[str, ...]:
    """What a column is called: name, label, and of a checkbox the choice it stands for.

    >>> headings_of(SourceColumn(name="drug___1", label="Drug (choice=Vidaza)"))
    ('drug___1', 'Drug', 'Vidaza')
    """
    choice = _CHOICE.search(column.label)
    if choice is None:
        return (column.name, column.label) if column.label else (column.name,)
    return column.name, column.label[: choice.start()].strip(), choice["choice"]


def term_of_flag(column: SourceColumn, field: TargetField) -> str | None:
    """The term that a column is called like, if there is exactly one."""
    called = {fold(heading) for heading in headings_of(column)}
    found = [
        term.code
        for term in field.terms
        if called & {fold(text) for text in (term.code, *term.synonyms)}
    ]
    return found[0] if len(found) == 1 else None


def flags(
    columns: Sequence[SourceColumn], contents: Sequence[Contents], fields: Sequence[TargetField]
) -> FloatArray:
    """(columns, fields) 1 where a column is called like a term of the field and holds marks only."""
    out = np.zeros((len(columns), len(fields)))
    coded = [(place, field) for place, field in enumerate(fields) if field.terms]
    for row, (column, seen) in enumerate(zip(columns, contents, strict=True)):
        if set(seen.texts) <= MARKS:
            for place, field in coded:
                out[row, place] = term_of_flag(column, field) is not None
    return out
