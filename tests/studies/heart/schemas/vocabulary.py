"""Closed lists of the study of heart disease, as heart-disease.names has them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A permitted value of a coded field."""

    code: str
    definition: str
    source: str
    en: tuple[str, ...] = ()
    it: tuple[str, ...] = ()


SOURCE = "UCI heart disease, heart-disease.names"

VOCABULARIES = {
    "sex": (Term("male", "Male", SOURCE), Term("female", "Female", SOURCE)),
    "chest_pain": (
        Term("typical", "Typical angina", SOURCE),
        Term("atypical", "Atypical angina", SOURCE),
        Term("non_anginal", "Non-anginal pain", SOURCE),
        Term("asymptomatic", "Asymptomatic", SOURCE),
    ),
    "thal": (
        Term("normal", "Normal", SOURCE),
        Term("fixed", "Fixed defect", SOURCE),
        Term("reversible", "Reversible defect", SOURCE),
    ),
}
