"""Closed lists of the study of AI-PAL."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A permitted value of a coded field."""

    code: str
    definition: str
    source: str
    en: tuple[str, ...] = ()
    it: tuple[str, ...] = ()


SOURCE = "Alcazer et al., Lancet Digit Health 2024;6:e323"

VOCABULARIES = {
    "leukemia": (
        Term("AML", "Acute myeloid leukemia", SOURCE, it=("LAM",)),
        Term("APL", "Acute promyelocytic leukemia", SOURCE, it=("LAP",)),
        Term("ALL", "Acute lymphoblastic leukemia", SOURCE, it=("LLA",)),
    ),
}
