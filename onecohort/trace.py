"""Law 4: from a value back to its cell.

The rules run once more over the rows of the patients asked for, and an observer notes which row of which
table each value came from; so what is told is what a run does, not a second account of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.delivery import find_inputs, open_tables
from onecohort.exports.table import MemoryTable, Table
from onecohort.findings import Findings
from onecohort.harmonize import check_layout, harmonize, whole_table
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.references import JOINED, Step, plan_mapping, references_of
from onecohort.pseudonym import PseudonymKey
from onecohort.rows import Index, Rows, prepare
from onecohort.study import Study


@dataclass(frozen=True)
class Cell:
    """A cell that a value was made from."""

    table: str
    export: str
    sheet: str | None
    row: int
    column: str
    raw: str


@dataclass(frozen=True)
class TracedValue:
    """One field of one patient: its cells, its rule and what came of them.

    value      what stands in the cohort; None where nothing does
    rule       the rule as written in the mapping; "" for a derived field
    line       its line in the mapping; 0 for a derived field
    findings   rows of `onecohort.findings.SCHEMA` about these cells and this field, as dicts
    """

    field: str
    value: object
    cells: tuple[Cell, ...]
    rule: str
    line: int
    findings: tuple[Mapping[str, object], ...]


@dataclass
class Trace:
    """The patients asked for, in the order of their rows.

    keys       the center's own keys; patients: their pseudonyms
    enters     whether each is in the cohort
    values     patient number -> field -> traced value
    """

    center: str
    mapping_name: str
    keys: list[str]
    patients: list[str]
    enters: list[bool]
    values: list[dict[str, TracedValue]]
    findings: pa.Table


@dataclass
class _Notes:
    """What the observer saw: (patient key, field) -> cells and value as the rule gave it."""

    cells: dict[tuple[str, str], tuple[Cell, ...]] = field(default_factory=dict)
    values: dict[tuple[str, str], object] = field(default_factory=dict)
    keys: dict[str, None] = field(default_factory=dict)
    first: str = ""

    def note(self, step: Step, rows: Rows, at: Index, values: pa.Array, keys: list[str]) -> None:
        for number, key in enumerate(keys):
            row = int(at[number])
            self.values[key, step.field.name] = values[number].as_py()
            if row >= 0:
                self.cells[key, step.field.name] = tuple(
                    Cell(
                        rows.table, rows.export, rows.sheet, int(rows.numbers[row]), name,
                        str(rows.columns[name].raw_rows(np.array([row]))[0]),
                    )
                    for name in references_of(step.rule)
                )  # fmt: skip


def trace_patients(
    study: Study,
    loaded: LoadedMapping,
    key: PseudonymKey,
    *,
    patient: str | None = None,
    most: int | None = None,
) -> Trace:
    """Trace one patient, by the center's key or by pseudonym, or the first `most` of a center.

    Raises StudyError where the export cannot be read. An unknown patient gives an empty trace.
    """
    inputs = find_inputs(loaded, study.exports)
    tables = open_tables(loaded, inputs, study.exports)
    plan = plan_mapping(loaded, study.schema)
    narrowed, listed = narrow(loaded, tables, plan.columns, study, key, patient, most)
    notes = _Notes(first=plan.first)

    def observe(step: Step, rows: Rows, at: Index, values: pa.Array) -> None:
        notes.note(step, rows, at, values, current)

    taken: list[pa.Table] = []
    current: list[str] = []
    collected: list[pa.Table] = []
    traced: list[tuple[str, dict[str, object] | None]] = []
    for one in listed:
        current = [one]
        taken.clear()
        found = harmonize(
            loaded,
            only(narrowed, one),
            study.schema,
            as_of=study.as_of,
            key=key,
            sink=taken.append,
            observe=observe,
        )
        collected.append(found.findings)
        rows = [row for table in taken for row in table.to_pylist()]
        traced.append((one, rows[0] if rows else None))
    findings = pa.concat_tables(collected) if collected else Findings(loaded.center).table()
    return _assemble(study, loaded, key, traced, notes, findings)


@dataclass(frozen=True)
class Narrowed:
    """Some patients' rows of one table, with the key of each row."""

    table: MemoryTable
    keys: pa.Array


def narrow(
    loaded: LoadedMapping,
    tables: Mapping[str, Table],
    columns: Mapping[str, Sequence[str]],
    study: Study,
    key: PseudonymKey,
    patient: str | None,
    most: int | None,
) -> tuple[dict[str, Narrowed], list[str]]:
    """The rows of the patients asked for, in each table; and their keys."""
    check_layout(loaded, tables, plan_mapping(loaded, study.schema))
    found: dict[str, Narrowed] = {}
    wanted: list[str] = []
    for name, table in tables.items():
        batch = whole_table(table)
        rows = prepare(
            batch,
            table,
            name,
            loaded.mapping.tables[name],
            columns=columns[name],
            corrections={
                number: correction
                for number, correction in enumerate(loaded.mapping.corrections)
                if (correction.table or next(iter(tables))) == name
            },
            seen=set(),
            findings=Findings(loaded.center),
        )
        if not found:
            wanted = _asked_for(rows.keys, loaded.center, key, patient, most)
        hit = pc.is_in(rows.keys, value_set=pa.array(wanted, pa.string()))
        memory = MemoryTable(
            table.export,
            table.sheet,
            batch.rows.filter(hit),
            batch.cells.filter(hit),
            user_missing=table.user_missing,
            value_labels=table.value_labels,
        )
        found[name] = Narrowed(memory, rows.keys.filter(hit))
    return found, wanted


def only(narrowed: Mapping[str, Narrowed], patient: str) -> dict[str, Table]:
    """The tables with one patient's rows."""
    found: dict[str, Table] = {}
    for name, part in narrowed.items():
        hit = pc.equal(part.keys, patient)
        table = part.table
        found[name] = MemoryTable(
            table.export,
            table.sheet,
            table.rows.filter(hit),
            table.cells.filter(hit),
            user_missing=table.user_missing,
            value_labels=table.value_labels,
        )
    return found


def _asked_for(
    keys: pa.Array, center: str, key: PseudonymKey, patient: str | None, most: int | None
) -> list[str]:
    distinct = pc.unique(keys)
    distinct = distinct.filter(pc.not_equal(distinct, ""))
    if patient is not None:
        pseudonyms = key.hash(distinct, f"patient of {center}", f"{center}-")
        hit = pc.or_(pc.equal(distinct, patient), pc.equal(pseudonyms, patient))
        distinct = distinct.filter(hit)
    listed: list[str] = distinct.to_pylist()
    return listed[:most] if most is not None else listed


def _assemble(
    study: Study,
    loaded: LoadedMapping,
    key: PseudonymKey,
    traced: list[tuple[str, dict[str, object] | None]],
    notes: _Notes,
    findings: pa.Table,
) -> Trace:
    told = findings.to_pylist()
    values: list[dict[str, TracedValue]] = []
    for one, row in traced:
        mine: dict[str, TracedValue] = {}
        for name in study.schema.fields:
            cells = notes.cells.get((one, name), ())
            places = {(cell.export, cell.row, cell.column.rpartition(JOINED)[2]) for cell in cells}
            places |= {(cell.export, cell.row, cell.column) for cell in cells}
            mine[name] = TracedValue(
                name,
                row[name] if row is not None else notes.values.get((one, name)),
                cells,
                _rule_text(loaded, name),
                loaded.source.line("fields", name) if name in loaded.mapping.fields else 0,
                tuple(
                    each
                    for each in told
                    if (each["export"], each["row"], each["column"]) in places
                    and each["field"] in (None, name)
                ),
            )
        values.append(mine)
    keys = [one for one, _ in traced]
    hashed = key.hash(
        pa.array(keys, pa.string()), f"patient of {loaded.center}", f"{loaded.center}-"
    )
    return Trace(
        loaded.center,
        loaded.source.name,
        keys,
        hashed.to_pylist(),
        [row is not None for _, row in traced],
        values,
        findings,
    )


def _rule_text(loaded: LoadedMapping, name: str) -> str:
    """A field's rule as its author wrote it, on one line."""
    tree = loaded.source.tree
    assert isinstance(tree, dict)
    fields = tree.get("fields", {})
    assert isinstance(fields, dict)
    return _flow(fields[name]) if name in fields else ""


def _flow(tree: object) -> str:
    if isinstance(tree, dict):
        return "{ " + ", ".join(f"{name}: {_flow(value)}" for name, value in tree.items()) + " }"
    if isinstance(tree, list):
        return "[" + ", ".join(map(_flow, tree)) + "]"
    return str(tree)
