"""Which column of which table each rule reads, and in which order the rules can run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from onecohort.errors import Mistake, StudyError
from onecohort.mapping.language import FieldRule, TableRule
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.melted import in_file, melted_into, sharing
from onecohort.schema import CohortSchema, Field

JOINED = "."  # between the table and the column of a reference to another table


@dataclass(frozen=True)
class Step:
    """One field's rule with its columns named as its home table names them."""

    field: Field
    rule: FieldRule
    home: str

    @property
    def anchor(self) -> str | None:
        """The date field of the same patient that the rule counts from."""
        return self.rule.days_from or self.rule.age_at or self.rule.near

    @property
    def column(self) -> str | None:
        """The column to look at first when the value is doubted; None for a constant."""
        return next(iter(references_of(self.rule)), None)


@dataclass(frozen=True)
class Plan:
    """How a mapping is carried out.

    first     the table whose rows are the patients
    steps     the rules, each after the field it counts from
    columns   table -> the columns that the mapping speaks of, as rules read them
    in_file   table -> the same as they stand in its file, where none is melted yet
    whole     table -> the columns that a key, a condition or an order reads as a whole
    joined    references from rules of the first table to columns of tables with one row per patient
    ignored   table -> the columns under `ignore`
    sharing   table -> the tables that read the same sheet, where one of them is melted; itself too
    """

    first: str
    steps: tuple[Step, ...]
    columns: Mapping[str, tuple[str, ...]]
    in_file: Mapping[str, tuple[str, ...]]
    whole: Mapping[str, frozenset[str]]
    joined: tuple[tuple[str, str], ...]
    ignored: Mapping[str, frozenset[str]]
    sharing: Mapping[str, tuple[str, ...]]
    _by_field: Mapping[str, Step] = field(default_factory=dict)

    def step(self, name: str | None) -> Step | None:
        """The step that fills a field, if a rule does."""
        return self._by_field.get(name or "")

    def of_table(self, table: str) -> Iterator[Step]:
        """The steps whose home is a table."""
        return (step for step in self.steps if step.home == table)

    def spoken_for(self, table: str) -> set[str]:
        """The columns of a table's file that are read or ignored, in this table or beside it."""
        return {
            column
            for name in self.sharing[table]
            for column in (*self.in_file[name], *self.ignored[name])
        }


def split_reference(reference: str, tables: Mapping[str, TableRule], first: str) -> tuple[str, str]:
    """Table and column of `table.column`, or of a column of the first table."""
    head, dot, tail = reference.partition(JOINED)
    return (head, tail) if dot and head in tables else (first, reference)


def references_of(rule: FieldRule) -> list[str]:
    """Every column that a rule names, as written."""
    found = [rule.from_, rule.unit_from, rule.by]
    for names in (rule.first_of, rule.any_of, rule.filled_from, rule.where):
        found += list(names or ())
    for when in (case.when for cases in (rule.cases, rule.unit_when) for case in cases or ()):
        found += list(when)
    return list(dict.fromkeys(name for name in found if name))


def plan_mapping(loaded: LoadedMapping, schema: CohortSchema) -> Plan:
    """Resolve all references of a mapping.

    Raises StudyError for a field that the schema has not, for rules that count from each other in a
    circle, and for a rule whose columns stand in tables that cannot be joined for it.
    """
    mapping = loaded.mapping
    first = next(iter(mapping.tables))
    mistakes: list[Mistake] = []
    steps: list[Step] = []
    joined: dict[tuple[str, str], None] = {}
    for name, rule in mapping.fields.items():
        if name not in schema.fields:
            mistakes.append(
                Mistake(loaded.where("fields", name), f"the cohort has no field {name!r}")
            )
            continue
        places = {
            reference: split_reference(reference, mapping.tables, first)
            for reference in references_of(rule)
        }
        tables = list(dict.fromkeys(table for table, _ in places.values()))
        home = tables[0] if len(tables) == 1 else first
        others = [t for t in tables if t != home]
        many = [t for t in others if mapping.tables[t].rows == "many"]
        if many:
            fix = f"give {many[0]} fields of its own, with `take`, or `rows: one`"
            what = f"fields.{name} joins {many[0]!r}, which has many rows per patient"
            mistakes.append(Mistake(loaded.where("fields", name), what, fix))
            continue
        joined |= dict.fromkeys(place for place in places.values() if place[0] in others)
        local = {
            reference: column if table == home else f"{table}{JOINED}{column}"
            for reference, (table, column) in places.items()
        }
        steps.append(Step(schema.fields[name], _renamed(rule, local), home))
    if mistakes:
        raise StudyError(*mistakes)
    ordered = _in_order(steps, loaded)
    whole = {name: _read_whole(name, mapping.tables[name], ordered) for name in mapping.tables}
    for table, column in joined:
        whole[table] |= {column}
    columns = {name: _spoken_columns(name, ordered, whole[name], loaded) for name in mapping.tables}
    return Plan(
        first=first,
        steps=ordered,
        columns=columns,
        in_file={name: in_file(mapping.tables[name], columns[name]) for name in mapping.tables},
        whole={name: frozenset(columns) for name, columns in whole.items()},
        joined=tuple(joined),
        ignored=_ignored(loaded, first),
        sharing=sharing(mapping.tables),
        _by_field={step.field.name: step for step in ordered},
    )


def _renamed(rule: FieldRule, local: Mapping[str, str]) -> FieldRule:
    """The rule with its columns as the home table names them."""

    def names(given: Sequence[str] | None) -> tuple[str, ...] | None:
        return tuple(local[name] for name in given) if given is not None else None

    changed: dict[str, object] = {
        "from_": local.get(rule.from_ or "", rule.from_),
        "unit_from": local.get(rule.unit_from or "", rule.unit_from),
        "by": local.get(rule.by or "", rule.by),
        "first_of": names(rule.first_of),
        "any_of": names(rule.any_of),
        "filled_from": names(rule.filled_from),
    }
    if rule.where:
        changed["where"] = {local[name]: condition for name, condition in rule.where.items()}
    for key, cases in (("cases", rule.cases), ("unit_when", rule.unit_when)):
        if cases:
            changed[key] = tuple(
                case.model_copy(update={"when": {local[n]: c for n, c in case.when.items()}})
                for case in cases
            )
    return rule.model_copy(update=changed)


def _in_order(steps: Sequence[Step], loaded: LoadedMapping) -> tuple[Step, ...]:
    """Each step after the one it counts from."""
    by_name = {step.field.name: step for step in steps}
    ordered: dict[str, Step] = {}

    def place(step: Step, waiting: tuple[str, ...]) -> None:
        name = step.field.name
        if name in waiting:
            circle = " → ".join((*waiting[waiting.index(name) :], name))
            what = f"these fields count from each other: {circle}"
            fix = "count one of them from another date, or read it from a column of dates"
            raise StudyError(Mistake(loaded.where("fields", name), what, fix))
        if step.anchor in by_name:
            place(by_name[step.anchor], (*waiting, name))
        ordered.setdefault(name, step)

    for step in steps:
        place(step, ())
    return tuple(ordered.values())


def _read_whole(name: str, table: TableRule, steps: Sequence[Step]) -> set[str]:
    found = {*table.key, *(table.where or ())}
    for leave_out in table.leave_out:
        found |= set(leave_out.when)
    if not isinstance(table.repeated, str):
        found.add(table.repeated.latest)
    for step in steps:
        if step.home == name:
            found |= set(step.rule.where or ())
    return found


def _spoken_columns(
    name: str, steps: Sequence[Step], whole: set[str], loaded: LoadedMapping
) -> tuple[str, ...]:
    found = dict.fromkeys(loaded.mapping.tables[name].key)
    found |= dict.fromkeys(sorted(whole))
    found |= dict.fromkeys(loaded.mapping.tables[name].melt or ())
    tables = loaded.mapping.tables
    for step in steps:
        if step.home == name:
            for reference in references_of(step.rule):
                head, dot, _ = reference.partition(JOINED)
                if not (dot and head in tables and head != name):
                    found[reference] = None
    first = next(iter(tables))
    for correction in loaded.mapping.corrections:
        if (correction.table or first) == name:
            found[melted_into(tables[name]).get(correction.column, correction.column)] = None
    return tuple(found)


def _ignored(loaded: LoadedMapping, first: str) -> dict[str, frozenset[str]]:
    tables = loaded.mapping.tables
    found: dict[str, set[str]] = {name: set() for name in tables}
    for reference in loaded.mapping.ignore:
        table, column = split_reference(reference, tables, first)
        found[table].add(column)
    return {name: frozenset(columns) for name, columns in found.items()}
