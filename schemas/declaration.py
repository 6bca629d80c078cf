"""How a field of the cohort is declared: a pandera Field whose metadata say all about it."""

from typing import Any, Literal

import pandera.pandas as pa

from .vocabulary import VOCABULARIES

Kind = Literal["identifier", "text", "term", "date", "integer", "number", "boolean"]
Privacy = Literal["identifier", "quasi", "clinical"]
Bounds = tuple[float, float]


def declare(
    kind: Kind,
    title: str,
    description: str,
    *,
    en: tuple[str, ...] = (),
    it: tuple[str, ...] = (),
    unit: str | None = None,
    vocabulary: str | None = None,
    plausible: Bounds | None = None,
    possible: Bounds | None = None,
    presence: Literal["required", "optional"] = "optional",
    origin: Literal["mapped", "derived"] = "mapped",
    audience: Literal["published", "internal"] = "published",
    privacy: Privacy = "clinical",
) -> Any:
    """A pandera Field; what it enforces (terms, range, presence) is also said in its metadata.

    en, it      what exports call this column, in English and Italian
    unit        UCUM; None for a field without one
    plausible   a value outside is looked at; `possible`: a value outside is withdrawn
    presence    "required": a row without it does not enter the cohort
    origin      "derived": `DERIVATIONS` fills it where the mapping gave nothing
    audience    "internal": serves linkage, eligibility or a derivation and is not published

    Raises KeyError for a vocabulary that does not exist. The result is `Any` because that is what
    pandera gives a class attribute that stands for a column.
    """
    metadata = {
        "title": title,
        "description": description,
        "kind": kind,
        "unit": unit,
        "vocabulary": vocabulary,
        "required": presence == "required",
        "privacy": privacy,
        "synonyms": {"en": list(en), "it": list(it)},
        "plausible": plausible,
        "possible": possible,
        "published": audience == "published",
        "derived": origin == "derived",
    }
    checks: dict[str, Any] = {}
    if vocabulary is not None:
        checks["isin"] = [term.code for term in VOCABULARIES[vocabulary]]
    if possible is not None:
        checks["in_range"] = {"min_value": possible[0], "max_value": possible[1]}
    return pa.Field(
        nullable=presence != "required",
        title=title,
        description=description,
        metadata=metadata,
        **checks,
    )
