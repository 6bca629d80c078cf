"""One permitted value of a coded field."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A permitted value, what it means and how centers write it.

    code        as it stands in the cohort
    definition  what has to be true of a patient for this value
    source      the guideline or convention that the definition is taken from
    en, it      spellings met or to be expected in English and Italian exports; they are hints for a
                person who writes a mapping and decide nothing in a run
    """

    code: str
    definition: str
    source: str
    en: tuple[str, ...] = ()
    it: tuple[str, ...] = ()
