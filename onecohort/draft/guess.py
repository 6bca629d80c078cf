"""Which column each field comes from: ranked over all tables, one column to one field."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from onecohort.draft.long import find_long, long_rules
from onecohort.draft.rules import DraftRule, draft_rule
from onecohort.draft.spelled import TableSpelling, spell_table
from onecohort.draft.tables import DraftTable
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.references import split_reference
from onecohort.profiling import ColumnProfile
from onecohort.schema import Field
from onecohort.study import Study
from onecohort.suggest import (
    Memory,
    SourceColumn,
    Suggestion,
    TargetField,
    assign,
    rank_fields,
    rank_terms,
)
from onecohort.suggest.flags import term_of_flag
from onecohort.suggest.sources import source_column, target_field

LEAST = 0.15  # a column scored lower is not taken for the field
LEAST_DERIVED = 0.6  # a field that the schema derives anyway needs a surer column
RUNNERS_UP = 4
WORTH_NAMING = 0.05


_REASONS = {"empty": "empty in this delivery", "constant": "the same wherever it is filled"}
RUNNING = 10  # numbers that follow each other without a gap, from which they only count the rows


@dataclass(frozen=True)
class Place:
    """A column of a draft's table, and how the mapping names it."""

    table: DraftTable
    column: ColumnProfile
    reference: str


@dataclass(frozen=True)
class DraftFields:
    """The blocks of a draft below its tables.

    unavailable  (field, what comes nearest)
    ignore       (column as the mapping names it, reason, what it might be)
    """

    spellings: tuple[TableSpelling, ...]
    rules: tuple[DraftRule, ...]
    unavailable: tuple[tuple[str, str], ...]
    ignore: tuple[tuple[str, str, str], ...]


def guess_fields(
    study: Study,
    tables: Sequence[DraftTable],
    memory: Memory,
    others: Sequence[LoadedMapping],
) -> DraftFields:
    """Give each field its likeliest column, and each column that is left a line under `ignore`."""
    schema = study.schema
    wanted = [target_field(field) for field in schema.mappable]
    longs = [long for table in tables if (long := find_long(table, wanted, memory)) is not None]
    measured = {name for long in longs for name in long.fields}
    parts = {(long.table.name, column) for long in longs for column in long.columns}
    places = [p for p in places_of(tables) if (p.table.name, p.column.name) not in parts]
    sources = [source_column(place.column) for place in places]
    targets = [target for target in wanted if target.name not in measured]
    rankings = rank_fields(sources, targets, memory, limit=len(targets))
    flags = flag_groups(sources, rankings, targets)
    flagged = {row for group in flags.values() for row in group}
    free = [
        ()
        if row in flagged or _counts_rows(places[row].column)
        else tuple(g for g in ranking if _open(g, schema.fields, flags))
        for row, ranking in enumerate(rankings)
    ]
    taken = {
        guess.field: (row, guess)
        for row, guess in enumerate(assign(free, least=LEAST))
        if guess is not None
    }
    claimed = _terms(taken, places, schema.fields, memory)
    spellings = tuple(
        spell_table(table.profile.columns, year=study.as_of.year, terms=claimed.get(table.name, ()))
        for table in tables
    )
    spelled = {table.name: spelling for table, spelling in zip(tables, spellings, strict=True)}
    takes = takes_of(others)
    near = _first_treatment(taken, schema.fields)
    from_long = {
        rule.field: rule for long in longs for rule in long_rules(long, schema.mappable, near)
    }
    rules: list[DraftRule] = []
    unavailable: list[tuple[str, str]] = []
    for field in schema.mappable:
        best = _best_columns(field.name, rankings, places)
        if field.name in from_long:
            rules.append(from_long[field.name])
        elif field.name in flags:
            rules.append(_flag_rule(field, flags[field.name], places, sources))
        elif field.name in taken:
            row, guess = taken[field.name]
            place = places[row]
            rules.append(
                draft_rule(
                    field,
                    place.column,
                    place.reference,
                    place.table,
                    spelled[place.table.name],
                    why=f"{guess.score:.2f} {guess.why}",
                    memory=memory,
                    take=takes.get(field.name),
                    others=tuple(text for other, text in best if other != row)[:RUNNERS_UP],
                )
            )
        elif not field.derived:
            unavailable.append((field.name, best[0][1] if best else ""))
    used = flagged | {row for row, _ in taken.values()}
    ignore = tuple(
        _ignored(places[row], rankings[row], taken) for row in range(len(places)) if row not in used
    )
    return DraftFields(spellings, tuple(rules), tuple(unavailable), ignore)


def _first_treatment(
    taken: Mapping[str, tuple[int, Suggestion]], fields: Mapping[str, Field]
) -> str | None:
    """The mapped date field that is called a start; measurements are looked for next to it."""
    starts = [name for name in taken if fields[name].kind == "date" and "start" in name.split("_")]
    return starts[0] if starts else None


def places_of(tables: Sequence[DraftTable]) -> list[Place]:
    """All columns but the keys, named as a mapping names them."""
    return [
        Place(table, column, column.name if number == 0 else f"{table.name}.{column.name}")
        for number, table in enumerate(tables)
        for column in table.profile.columns
        if column.name != table.key
    ]


def _open(guess: Suggestion, fields: Mapping[str, Field], flags: Mapping[str, list[int]]) -> bool:
    least = LEAST_DERIVED if fields[guess.field].derived else LEAST
    return guess.score >= least and guess.field not in flags


def _counts_rows(column: ColumnProfile) -> bool:
    """Whether a column holds 1, 2, 3 … and so measures nothing; a total at its end does not matter."""
    numbers = sorted(int(text) for text, _ in column.texts if text.isdecimal())
    unique = column.distinct == column.filled and len(numbers) >= max(RUNNING, column.filled - 1)
    return unique and numbers == list(range(1, len(numbers) + 1))


def flag_groups(
    sources: Sequence[SourceColumn],
    rankings: Sequence[Sequence[Suggestion]],
    targets: Sequence[TargetField],
) -> dict[str, list[int]]:
    """Field -> the columns that are one value of it each, where there are at least two."""
    by_name = {target.name: target for target in targets}
    groups: dict[str, list[int]] = {}
    for row, (source, ranking) in enumerate(zip(sources, rankings, strict=True)):
        if ranking and ranking[0].score >= LEAST:
            target = by_name[ranking[0].field]
            if target.terms and term_of_flag(source, target) is not None:
                groups.setdefault(target.name, []).append(row)
    return {name: rows for name, rows in groups.items() if len(rows) > 1}


def _flag_rule(
    field: Field, rows: Sequence[int], places: Sequence[Place], sources: Sequence[SourceColumn]
) -> DraftRule:
    target = target_field(field)
    terms = {row: term_of_flag(sources[row], target) or "" for row in rows}
    order = sorted(rows, key=lambda row: field.codes.index(terms[row]))
    marks = Counter(text for row in rows for text, _ in places[row].column.texts)
    marked = tuple(text for text, _ in marks.most_common() if text.casefold() not in ("0", "no"))
    keys: dict[str, str | tuple[str, ...] | dict[str, str]] = {
        "first_of": tuple(places[row].reference for row in order),
        "marked": marked,
    }
    unmarked = tuple(text for text in marks if text not in marked)
    if unmarked:
        keys["unmarked"] = unmarked
    if any(places[row].reference != terms[row] for row in order):
        keys["values"] = {places[row].reference: terms[row] for row in order}
    why = f"{len(rows)} columns are called like terms of {field.name} and hold marks"
    return DraftRule(field.name, keys, (why,))


def _terms(
    taken: dict[str, tuple[int, Suggestion]],
    places: Sequence[Place],
    fields: Mapping[str, Field],
    memory: Memory,
) -> dict[str, set[str]]:
    """Table -> texts that are certainly a term of a mapped field, so not missing in the table."""
    found: dict[str, set[str]] = {}
    for name, (row, _) in taken.items():
        if fields[name].terms:
            place = places[row]
            source = SourceColumn(
                name=place.column.name,
                texts=place.column.texts,
                value_labels=place.column.value_labels,
            )
            for text, guesses in rank_terms(source, target_field(fields[name]), memory).items():
                if guesses and guesses[0].certain:
                    found.setdefault(place.table.name, set()).add(text)
    return found


def takes_of(others: Iterable[LoadedMapping]) -> dict[str, str]:
    """Field -> what the other centers take of a table with many rows per patient."""
    votes: dict[str, Counter[str]] = {}
    for loaded in others:
        tables = loaded.mapping.tables
        first = next(iter(tables))
        for name, rule in loaded.mapping.fields.items():
            if rule.from_ and rule.take and not rule.where:
                table, _ = split_reference(rule.from_, tables, first)
                if tables[table].rows == "many":
                    votes.setdefault(name, Counter())[rule.take] += 1
    return {name: counted.most_common(1)[0][0] for name, counted in votes.items()}


def _best_columns(
    field: str, rankings: Sequence[Sequence[Suggestion]], places: Sequence[Place]
) -> list[tuple[int, str]]:
    """The columns nearest to a field, (row, wording), the nearest first."""
    scored = [
        (guess.score, row, guess.why)
        for row, ranking in enumerate(rankings)
        for guess in ranking
        if guess.field == field and guess.score >= WORTH_NAMING
    ]
    scored.sort(key=lambda item: (-item[0], item[1]))
    return [(row, f"{places[row].reference} ({score:.2f} {why})") for score, row, why in scored]


def _ignored(
    place: Place, ranking: Sequence[Suggestion], taken: dict[str, tuple[int, Suggestion]]
) -> tuple[str, str, str]:
    looks = place.column.appearance.looks
    reason = _REASONS.get(looks, "not in the protocol")
    if looks == "constant" and place.column.filled == place.column.rows:
        reason = "the same in every row"
    if _counts_rows(place.column):
        looks, reason = "identifier", "numbers the rows"
    near = [guess for guess in ranking[:1] if guess.score >= WORTH_NAMING]
    notes: list[str] = [looks]
    for guess in near:
        other = " which comes from another column" if guess.field in taken else ""
        notes.append(f"perhaps {guess.field}{other} ({guess.score:.2f} {guess.why})")
    return place.reference, reason, "; ".join(notes)
