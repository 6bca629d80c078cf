"""The closed lists of the study for measuring."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A permitted value."""

    code: str
    definition: str
    source: str
    en: tuple[str, ...] = ()
    it: tuple[str, ...] = ()


def _terms(source: str, **definitions: str) -> tuple[Term, ...]:
    return tuple(Term(code, definition, source) for code, definition in definitions.items())


VOCABULARIES: dict[str, tuple[Term, ...]] = {
    "sex": _terms("ISO/IEC 5218", male="male", female="female", unknown="not registered"),
    "stage": _terms("TNM", I="stage I", II="stage II", III="stage III", IV="stage IV"),
    "best_response": _terms(
        "RECIST 1.1",
        CR="complete response",
        PR="partial response",
        SD="stable disease",
        PD="progressive disease",
    ),
    "vital_status": _terms("the study", alive="alive at last contact", dead="dead"),
}
