"""From the engine's own records to those of a suggestion: fields of a schema, columns, mappings."""

from collections.abc import Iterable, Sequence

from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.references import split_reference
from onecohort.profiling import ColumnProfile
from onecohort.schema import Field
from onecohort.suggest.records import Accepted, Memory, SourceColumn, TargetField, TargetTerm

MOST_TEXTS = 300  # of a column; more change no guess
KEY_FIELD = "patient_id"  # what a table's key is; no rule maps it, so no mapping names it


def target_field(field: Field) -> TargetField:
    """A field of a cohort's schema as a suggestion sees it."""
    return TargetField(
        name=field.name,
        title=field.title,
        description=field.description,
        kind=field.kind,
        synonyms=tuple(text for texts in field.synonyms.values() for text in texts),
        terms=tuple(
            TargetTerm(code=term.code, definition=term.definition, synonyms=(*term.en, *term.it))
            for term in field.terms
        ),
        unit=field.unit,
        plausible=field.plausible,
        possible=field.possible,
    )


def source_column(profile: ColumnProfile) -> SourceColumn:
    """A profiled column without what probably means: not known."""
    missing = {text for text, _, _ in profile.appearance.missing}
    return SourceColumn(
        name=profile.name,
        label=profile.label,
        texts=tuple(
            (text, count) for text, count in profile.texts[:MOST_TEXTS] if text not in missing
        ),
        value_labels=profile.value_labels,
    )


def remember(mappings: Iterable[LoadedMapping]) -> Memory:
    """What some centers' mappings decided: columns with their values, and what they ignore.

    Only the mappings are read, not the exports: memory works where the data are not at hand.
    """
    accepted: list[Accepted] = []
    ignored: list[tuple[str, str]] = []
    for loaded in mappings:
        accepted.extend(_keys(loaded))
        accepted.extend(_rules(loaded))
        ignored.extend((loaded.center, _column(loaded, name)) for name in loaded.mapping.ignore)
    return Memory(accepted=tuple(dict.fromkeys(accepted)), ignored=tuple(ignored))


def _keys(loaded: LoadedMapping) -> list[Accepted]:
    names = {name for table in loaded.mapping.tables.values() for name in table.key}
    return [Accepted(center=loaded.center, field=KEY_FIELD, column=name) for name in sorted(names)]


def _rules(loaded: LoadedMapping) -> list[Accepted]:
    found = []
    for name, rule in loaded.mapping.fields.items():
        if rule.from_ is not None:
            values = tuple((rule.values or {}).items())
            column = _column(loaded, rule.from_)
            found.append(Accepted(center=loaded.center, field=name, column=column, values=values))
        for names in (rule.first_of, rule.any_of, rule.filled_from):
            found.extend(
                Accepted(center=loaded.center, field=name, column=_column(loaded, one))
                for one in names or ()
            )
    return found


def _column(loaded: LoadedMapping, reference: str) -> str:
    tables = loaded.mapping.tables
    return split_reference(reference, tables, next(iter(tables)))[1]


def columns_of_fields(loaded: LoadedMapping) -> dict[tuple[str, str], frozenset[str]]:
    """(table, column) -> the fields that the mapping makes from it, keys included."""
    tables = loaded.mapping.tables
    first = next(iter(tables))
    found: dict[tuple[str, str], set[str]] = {}
    for table, rule in tables.items():
        for column in rule.key:
            found.setdefault((table, column), set()).add(KEY_FIELD)
    for name, field in loaded.mapping.fields.items():
        sources: Sequence[str] = (
            *((field.from_,) if field.from_ else ()),
            *(field.first_of or ()),
            *(field.any_of or ()),
            *(field.filled_from or ()),
        )
        for reference in sources:
            found.setdefault(split_reference(reference, tables, first), set()).add(name)
    return {place: frozenset(names) for place, names in found.items()}
