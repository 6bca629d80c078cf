"""Closed lists of the study of Beat AML 2, as its data dictionary has them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A permitted value of a coded field."""

    code: str
    definition: str
    source: str
    en: tuple[str, ...] = ()
    it: tuple[str, ...] = ()


SOURCE = "Beat AML 2.0, sheet dataDictionary"

VOCABULARIES = {
    "sex": (Term("male", "Male", SOURCE, ("M",)), Term("female", "Female", SOURCE, ("F",))),
    "vital_status": (
        Term("alive", "Alive at last contact", SOURCE, ("living",)),
        Term("dead", "Died of any cause", SOURCE, ("deceased",)),
    ),
    "response": (
        Term("CR", "Complete response", SOURCE, ("Complete Response",)),
        Term("CRi", "Complete response with incomplete recovery", SOURCE, ("Complete Response i",)),
        Term("refractory", "Refractory to induction", SOURCE, ("Refractory",)),
    ),
}
