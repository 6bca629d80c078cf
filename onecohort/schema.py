"""The cohort's schema as the engine sees it: plain field specifications read off a pandera model.

The pandera model stays the one source; it belongs to the study and is handed in. Each of its fields
declares in its metadata what a rule, a report or a dictionary needs to know.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Literal, Protocol, cast

import pyarrow as pa

from onecohort.errors import Mistake, StudyError

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas

Kind = Literal["identifier", "text", "term", "date", "integer", "number", "boolean"]
Privacy = Literal["identifier", "quasi", "clinical"]
IdentifierCheck = Callable[["pd.Series", "pd.DataFrame"], "pd.Series"]

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "identifier": pa.string(),
    "text": pa.string(),
    "term": pa.string(),
    "date": pa.date32(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
METADATA_KEYS = (
    "title",
    "description",
    "kind",
    "unit",
    "vocabulary",
    "required",
    "privacy",
    "synonyms",
    "plausible",
    "possible",
    "published",
    "derived",
)


class Term(Protocol):
    """A permitted value of a coded field, as `schemas/vocabulary.py` declares it."""

    @property
    def code(self) -> str:
        """The text in the cohort."""
        ...

    @property
    def definition(self) -> str:
        """What it means."""
        ...

    @property
    def source(self) -> str:
        """The guideline or classification it comes from."""
        ...

    @property
    def en(self) -> Sequence[str]:
        """English synonyms."""
        ...

    @property
    def it(self) -> Sequence[str]:
        """Italian synonyms."""
        ...


@dataclass(frozen=True)
class Field:
    """One field of the cohort: what it holds, in which unit and within which limits."""

    name: str
    title: str
    description: str
    kind: Kind
    unit: str | None
    vocabulary: str | None
    required: bool
    privacy: Privacy
    synonyms: Mapping[str, Sequence[str]]
    plausible: tuple[float, float] | None
    possible: tuple[float, float] | None
    published: bool
    derived: bool
    terms: tuple[Term, ...] = ()

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type of the field's values."""
        return ARROW_TYPES[self.kind]

    @property
    def codes(self) -> tuple[str, ...]:
        """The permitted texts of a coded field, in the vocabulary's order."""
        return tuple(term.code for term in self.terms)


@dataclass(frozen=True)
class CohortSchema:
    """All that the engine is handed of a study's schema.

    derivations   name of a field -> function of the harmonised frame that gives its values
    identifier_checks   id of a check -> the identifier field it judges, and the function of the raw
                  identifiers and the harmonised frame that is True where it holds; called before
                  keyed hashes take the identifiers' place
    linkage       lists of fields by which one person is recognised at two centers, in order
    policies      id of a check -> its policy (`schemas/checks.yaml`)
    overrides     what holds otherwise at one center, with the reason
    """

    model: "type[pandera.pandas.DataFrameModel]"
    fields: Mapping[str, Field]
    vocabularies: Mapping[str, tuple[Term, ...]]
    derivations: Mapping[str, "Callable[[pd.DataFrame], pd.Series]"]
    linkage: tuple[tuple[str, ...], ...]
    identifier_checks: Mapping[str, "tuple[str, IdentifierCheck]"] = field(default_factory=dict)
    policies: Mapping[str, "Policy"] = field(default_factory=dict)
    overrides: tuple["Override", ...] = ()

    @cached_property
    def mappable(self) -> tuple[Field, ...]:
        """The fields a mapping may speak for, in the schema's order.

        Not the center, the patient's id (it comes from the key) and a date's precision, which the
        date's own rule gives.
        """
        return tuple(
            f
            for f in self.fields.values()
            if f.name not in ("center", "patient_id") and f.name not in self.companions
        )

    @cached_property
    def companions(self) -> frozenset[str]:
        """The fields that hold the precision of a date field."""
        return frozenset(
            f"{f.name}_precision"
            for f in self.fields.values()
            if f.kind == "date" and f"{f.name}_precision" in self.fields
        )

    @cached_property
    def eligibility(self) -> Mapping[str, str]:
        """Id of each check by which the study leaves a patient out -> its title.

        These are its own checks; the engine's, whose names have a dot, judge rows and not patients.
        """
        return {
            check: policy.title
            for check, policy in self.policies.items()
            if policy.severity == "note" and policy.costs == "row" and "." not in check
        }

    def policy(self, check: str) -> "Policy":
        """The study's policy for a check; raises StudyError where none is declared."""
        if check not in self.policies:
            raise StudyError(
                Mistake("schemas/checks.yaml", f"says nothing about the check {check!r}")
            )
        return self.policies[check]

    @property
    def published(self) -> tuple[Field, ...]:
        """The fields that stand in the cohort."""
        return tuple(f for f in self.fields.values() if f.published)


@dataclass(frozen=True)
class Policy:
    """What a failed check means and costs.

    costs   "row", "nothing", or the names of the fields whose value is withdrawn
    """

    check: str
    title: str
    category: str
    context: str
    severity: Literal["error", "warning", "note"]
    fields: tuple[str, ...]
    costs: Literal["row", "nothing"] | tuple[str, ...]
    threshold_pct: float


@dataclass(frozen=True)
class Override:
    """What holds for a check at one center only, and why; None leaves the policy's word."""

    center: str
    check: str
    threshold_pct: float | None
    severity: Literal["error", "warning", "note"] | None
    reason: str


def read_schema(
    cohort: ModuleType,
    vocabulary: ModuleType,
    policies: Iterable[Policy],
    overrides: Iterable[Override] = (),
) -> CohortSchema:
    """Read the specifications off a study's modules; raise StudyError for what is not declared."""
    model = cast("type[pandera.pandas.DataFrameModel]", cohort.Cohort)
    vocabularies = cast("dict[str, tuple[Term, ...]]", vocabulary.VOCABULARIES)
    fields: dict[str, Field] = {}
    mistakes: list[Mistake] = []
    for name, column in model.to_schema().columns.items():
        metadata = cast("dict[str, object]", column.metadata or {})
        where = f"schemas/cohort.py  {name}"
        absent = [key for key in METADATA_KEYS if key not in metadata]
        if absent:
            mistakes.append(Mistake(where, f"does not declare {', '.join(absent)}"))
            continue
        listed = metadata["vocabulary"]
        if listed is not None and listed not in vocabularies:
            mistakes.append(
                Mistake(where, f"the vocabulary {listed!r} is not in schemas/vocabulary.py")
            )
            continue
        declared = {key: metadata[key] for key in METADATA_KEYS}
        terms = vocabularies[str(listed)] if listed is not None else ()
        fields[str(name)] = Field(name=str(name), terms=terms, **declared)  # type: ignore[arg-type]
    if mistakes:
        raise StudyError(*mistakes)
    return CohortSchema(
        model=model,
        fields=fields,
        vocabularies=vocabularies,
        derivations=dict(getattr(cohort, "DERIVATIONS", {})),
        linkage=tuple(tuple(keys) for keys in getattr(cohort, "LINKAGE", ())),
        identifier_checks=dict(getattr(cohort, "IDENTIFIER_CHECKS", {})),
        policies={policy.check: policy for policy in policies},
        overrides=tuple(overrides),
    )
