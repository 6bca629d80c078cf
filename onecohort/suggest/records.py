"""What goes into a suggestion and what comes out: source columns, fields, memory, ranked guesses.

Frozen records without behaviour, so that the scorers stay pure functions over them.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SourceColumn:
    """A column of an export, as far as a guess needs it.

    name          the heading, as shown
    label         variable label, where the format has one
    texts         distinct texts with their counts, most frequent first; may be a sample
    value_labels  text of a code -> its label, where the format has them
    """

    name: str
    label: str = ""
    texts: tuple[tuple[str, int], ...] = ()
    value_labels: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TargetTerm:
    """A permitted value of a coded field, with what it is called elsewhere in any language."""

    code: str
    definition: str = ""
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TargetField:
    """A field of the cohort, as far as a guess needs it.

    kind       identifier, text, term, date, integer, number or boolean; None where nobody said
    synonyms   other names of the field, in any language
    unit       UCUM, or None
    plausible  lowest and highest value that is not suspicious, in `unit`
    possible   lowest and highest value that can be true, in `unit`
    """

    name: str
    title: str = ""
    description: str = ""
    kind: str | None = None
    synonyms: tuple[str, ...] = ()
    terms: tuple[TargetTerm, ...] = ()
    unit: str | None = None
    plausible: tuple[float, float] | None = None
    possible: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """One column of another center that a person mapped to a field.

    values  (text, term), as that center's mapping lists them
    """

    center: str
    field: str
    column: str
    label: str = ""
    texts: tuple[tuple[str, int], ...] = ()
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What the other centers' mappings decided.

    accepted  columns that went to a field
    ignored   (center, column) that a person set aside
    """

    accepted: tuple[Accepted, ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Suggestion:
    """A guess: which field, how likely (0 to 1, comparable across columns), and why in words."""

    field: str
    score: float
    why: str


@dataclass(frozen=True)
class TermSuggestion:
    """A guess for one text of a coded column.

    certain  True where the text is the term, its synonym or what another center decided; anything
             else has to be accepted by a person
    """

    term: str
    score: float
    why: str
    certain: bool


NO_MEMORY = Memory()
