"""What a new delivery brought that a mapping does not speak of yet, added to it as marked lines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from onecohort.delivery import find_inputs, open_tables
from onecohort.draft.guess import LEAST, LEAST_DERIVED
from onecohort.draft.rules import open_value
from onecohort.draft.surgery import Surgery
from onecohort.draft.texts import amount, looks_personal, yes_or_no
from onecohort.draft.write import scalar
from onecohort.mapping.language import FieldRule
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.marks import MARK
from onecohort.mapping.references import plan_mapping, split_reference
from onecohort.profiling import ColumnProfile, TableProfile, profile_table
from onecohort.rules.coded import fold, tidy
from onecohort.rules.convert import NO, YES
from onecohort.schema import CohortSchema, Field
from onecohort.study import Study
from onecohort.suggest import Memory, SourceColumn, Suggestion, assign, rank_fields, rank_terms
from onecohort.suggest.sources import remember, source_column, target_field

NOT_LISTED = "new, not in values: "
NO_CODE = "with a text that is no code"


@dataclass(frozen=True)
class Updated:
    """A mapping's text with what was added to it; every line that stood there stands there still.

    added  one line for each thing that is new
    gone   columns that the mapping speaks of and the delivery has not
    """

    center: str
    text: str
    added: tuple[str, ...]
    gone: tuple[str, ...]


def update_mapping(
    study: Study, loaded: LoadedMapping, text: str, others: Iterable[LoadedMapping]
) -> Updated:
    """Compare a mapping with the newest delivery and add columns and codes that are new.

    text    the mapping's file as it stands

    Raises StudyError for a mapping that cannot be carried out, ExportError for an export that cannot be
    read.
    """
    plan = plan_mapping(loaded, study.schema)
    tables = open_tables(loaded, find_inputs(loaded, study.exports), study.exports)
    profiles = {name: profile_table(table) for name, table in tables.items()}
    memory = remember(others)
    surgery = Surgery(text)
    added = list(_codes(loaded, profiles, study.schema, memory, surgery))
    known = {name: plan.spoken_for(name) for name in tables if plan.sharing[name][0] == name}
    told_once = {name: profiles[name] for name in known}
    added += _columns(loaded, told_once, known, study.schema, memory, surgery)
    gone = tuple(
        _reference(name, column, plan.first)
        for name, profile in profiles.items()
        for column in (*plan.in_file[name], *sorted(plan.ignored[name]))
        if column not in {one.name for one in profile.columns}
        and column not in tables[name].columns
        and "." not in column
    )
    return Updated(loaded.center, surgery.operate(), tuple(added), gone)


def _reference(table: str, column: str, first: str) -> str:
    return column if table == first else f"{table}.{column}"


def _columns(
    loaded: LoadedMapping,
    profiles: Mapping[str, TableProfile],
    known: Mapping[str, set[str]],
    schema: CohortSchema,
    memory: Memory,
    surgery: Surgery,
) -> list[str]:
    """Add each new column: to a field that nobody spoke of, else under `ignore`."""
    first = next(iter(profiles))
    new = [
        (name, column)
        for name, profile in profiles.items()
        for column in profile.columns
        if column.name not in known[name]
        and (column.filled or loaded.mapping.tables[name].instrument is None)
    ]
    if not new:
        return []
    targets = [target_field(field) for field in schema.mappable]
    rankings = rank_fields([source_column(c) for _, c in new], targets, memory, limit=len(targets))
    silent = set(schema.fields) - set(loaded.mapping.fields) - set(loaded.mapping.unavailable)
    free = [
        tuple(g for g in ranking if g.field in silent and _enough(g, schema.fields))
        for ranking in rankings
    ]
    added, ignored = [], []
    for (table, column), ranking, guess in zip(
        new, rankings, assign(free, least=LEAST), strict=True
    ):
        reference = _reference(table, column.name, first)
        if guess is not None:
            why = f"{MARK} new column; {guess.score:.2f} {guess.why}"
            surgery.add_entry(("fields",), guess.field, f"{{ from: {scalar(reference)} }}", [why])
            added.append(f"column {reference!r}, perhaps {guess.field}")
        else:
            ignored.append((reference, _note(column, ranking, loaded)))
            added.append(f"column {reference!r}, under ignore")
    if ignored and surgery.has(("ignore",)):
        for reference, note in ignored:
            surgery.add_entry(("ignore",), reference, "not in the protocol", [note])
    elif ignored:
        lines = [
            line for ref, note in ignored for line in (note, f"{scalar(ref)}: not in the protocol")
        ]
        surgery.add_block("ignore", lines)
    return added


def _enough(guess: Suggestion, fields: Mapping[str, Field]) -> bool:
    return guess.score >= (LEAST_DERIVED if fields[guess.field].derived else LEAST)


def _note(column: ColumnProfile, ranking: Sequence[Suggestion], loaded: LoadedMapping) -> str:
    note = f"{MARK} new column; {column.appearance.looks}"
    for guess in ranking[:1]:
        if guess.score >= LEAST:
            where = "is mapped" if guess.field in loaded.mapping.fields else "is under unavailable"
            note += f"; perhaps {guess.field}, which {where} ({guess.score:.2f} {guess.why})"
    return note


def _codes(
    loaded: LoadedMapping,
    profiles: Mapping[str, TableProfile],
    schema: CohortSchema,
    memory: Memory,
    surgery: Surgery,
) -> Iterable[str]:
    """Add each text of a coded column that no list speaks of."""
    tables = loaded.mapping.tables
    first = next(iter(tables))
    for name, rule in loaded.mapping.fields.items():
        field = schema.fields[name]
        closed = bool(field.terms) or field.kind == "boolean"
        if not (closed and rule.from_) or rule.pattern or rule.split:
            continue
        table, wanted = split_reference(rule.from_, tables, first)
        column = next((c for c in profiles[table].columns if c.name == wanted), None)
        if column is None:
            continue
        texts = _unlisted(loaded, table, rule, field, column)
        if texts:
            yield from _add_codes(field, rule, column, texts, memory, surgery)


def _unlisted(
    loaded: LoadedMapping, table: str, rule: FieldRule, field: Field, column: ColumnProfile
) -> list[tuple[str, int]]:
    corrected = [c.was for c in loaded.mapping.corrections if c.column == column.name]
    native = set(field.codes) if field.terms else {*YES, *NO}
    listed = set(rule.values or ()) or native
    spoken = {
        fold(text)
        for text in (
            *listed,
            *loaded.mapping.tables[table].missing,
            *rule.missing,
            *column.user_missing,
            *corrected,
        )
    }
    return [(tidy(text), count) for text, count in column.texts if fold(text) not in spoken]


def _add_codes(
    field: Field,
    rule: FieldRule,
    column: ColumnProfile,
    texts: Sequence[tuple[str, int]],
    memory: Memory,
    surgery: Surgery,
) -> Iterable[str]:
    source = SourceColumn(name=column.name, texts=tuple(texts), value_labels=column.value_labels)
    ranked = rank_terms(source, target_field(field), memory)
    block = ("fields", field.name, "values")
    said_before = surgery.around(("fields", field.name))
    for text, cells in texts:
        if (
            f"{MARK} {scalar(text)}: " in said_before
            or f"{NOT_LISTED}{scalar(text)}: " in said_before
        ):
            continue  # still waiting for a person
        if looks_personal(text):
            if NO_CODE in said_before:
                continue
            note = f"{MARK} new: {amount(cells)} of {column.name!r} {NO_CODE}"
            surgery.add_above(("fields", field.name), [note])
            yield f"{field.name}: {amount(cells)} that hold no code"
            continue
        guesses = ranked.get(text, ())
        _, term, why = open_value(text, cells, guesses, field, column)
        said = yes_or_no(fold(text)) if field.kind == "boolean" else None
        certain = guesses[0].why if guesses and guesses[0].certain else said and f"says {said}"
        if certain and rule.values:
            note = f"{MARK} new: {text} ({amount(cells)}; {certain})"
            surgery.add_entry(block, text, scalar(said or term), [" ".join(note.split())])
        elif surgery.has_block(block):
            surgery.add_lines(block, [f"{MARK} {scalar(text)}: {scalar(term)}  # new; {why}"])
        else:
            note = f"{MARK} {NOT_LISTED}{scalar(text)}: {scalar(term)} ({why})"
            surgery.add_above(("fields", field.name), [note])
        yield f"{field.name}: {text!r} ({amount(cells)})"
