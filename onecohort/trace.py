"""Law 4: from a value back to its cell.

The rules run once more over the rows of the patients asked for, and an observer notes which row of which
table each value came from; so what is told is what a run does, not a second account of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from onecohort.delivery import find_inputs, open_tables
from onecohort.exports.table import Table, whole_table
from onecohort.harmonize import harmonize
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.references import JOINED, Step, plan_mapping, references_of
from onecohort.pseudonym import PseudonymKey
from onecohort.rows import Fate, Index, Rows
from onecohort.some_patients import narrow, only
from onecohort.study import Study

Finding = Mapping[str, object]


@dataclass(frozen=True)
class Cell:
    """A cell that a value was made from.

    raw    the text as it stands in the export, before any correction
    """

    table: str
    export: str
    sheet: str | None
    row: int
    column: str
    raw: str


@dataclass(frozen=True)
class TracedValue:
    """One field of one patient: its cells, its rule and what came of them.

    value       what stands in the cohort; None where nothing does
    rule        the rule as written in the mapping; "" where none gives the field
    line        its line in the mapping; 0 where there is none
    origin      of a value that no rule gave: `schemas/derivations.py:12 age_at_hma_years`, or in words
    findings    rows of `onecohort.findings.SCHEMA` about these cells and this field, as dicts
    """

    field: str
    value: object
    cells: tuple[Cell, ...]
    rule: str
    line: int
    origin: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class TracedPatient:
    """A patient by the center's own key and by pseudonym, and whether they are in the cohort.

    findings    what is said of the patient's rows as a whole
    """

    key: str
    patient_id: str
    enters: bool
    values: Mapping[str, TracedValue]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Trace:
    """The patients asked for, in the order of their rows."""

    center: str
    mapping_name: str
    patients: tuple[TracedPatient, ...]


@dataclass
class _Notes:
    """What the observer saw of one patient: field -> the cells and the value that the rule gave."""

    joined: Mapping[str, Table]
    cells: dict[str, tuple[Cell, ...]] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)

    def note(self, step: Step, rows: Rows, at: Index, values: pa.Array) -> None:
        if not len(values):
            return
        self.values[step.field.name] = values[0].as_py()
        row = int(at[0])
        counted = [row] if row >= 0 else []
        if step.rule.take == "count" and step.column is not None:
            filled = ~rows.columns[step.column].blank_rows & (rows.fates == Fate.KEPT)
            counted = np.flatnonzero(filled).tolist()
        self.cells[step.field.name] = tuple(
            self.cell(rows, number, name) for number in counted for name in references_of(step.rule)
        )

    def cell(self, rows: Rows, number: int, name: str) -> Cell:
        """A cell as the reader gave it; of a joined table the one row that the patient has there."""
        own = rows.cell_in_file(name, number)
        if own is not None:
            return Cell(rows.table, rows.export, rows.sheet, int(rows.numbers[number]), *own)
        table, _, column = name.partition(JOINED)
        batch = whole_table(self.joined[table])
        export, sheet = self.joined[table].export, self.joined[table].sheet
        if not len(batch.rows):
            return Cell(table, export, sheet, 0, column, "")
        raw = batch.cells.column(column)[0].as_py() or ""
        return Cell(table, export, sheet, batch.rows[0].as_py(), column, str(raw))


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
    tables = open_tables(loaded, find_inputs(loaded, study.exports), study.exports)
    plan = plan_mapping(loaded, study.schema)
    narrowed, listed = narrow(loaded, tables, plan.in_file, study, key, patient, most)
    hashed = key.hash_keys(pa.array(listed, pa.string()), loaded.center)
    return Trace(
        loaded.center,
        loaded.source.name,
        tuple(
            _trace_one(study, loaded, key, only(narrowed, one), one, name)
            for one, name in zip(listed, hashed.to_pylist(), strict=True)
        ),
    )


def _trace_one(
    study: Study,
    loaded: LoadedMapping,
    key: PseudonymKey,
    tables: Mapping[str, Table],
    own_key: str,
    patient_id: str,
) -> TracedPatient:
    """Run the rules over one patient's rows and note where each value comes from."""
    notes = _Notes(tables)
    taken: list[pa.Table] = []
    found = harmonize(
        loaded,
        tables,
        study.schema,
        as_of=study.as_of,
        key=key,
        sink=taken.append,
        restart=taken.clear,
        observe=notes.note,
    )
    rows = [row for table in taken for row in table.to_pylist()]
    # About a column, or a correction of somebody else: not about this patient.
    findings = [each for each in found.findings.to_pylist() if each["row"] is not None]
    values = {
        name: _value(study, loaded, name, rows[0] if rows else None, notes, findings)
        for name in study.schema.fields
    }
    told = [each for value in values.values() for each in value.findings]
    others = tuple(each for each in findings if each not in told)
    return TracedPatient(own_key, patient_id, bool(rows), values, others)


def _value(
    study: Study,
    loaded: LoadedMapping,
    name: str,
    row: Mapping[str, object] | None,
    notes: _Notes,
    findings: Sequence[Finding],
) -> TracedValue:
    cells = notes.cells.get(name, ())
    places = {(cell.export, cell.sheet, cell.row, cell.column) for cell in cells}
    given = notes.values.get(name)
    value = row[name] if row is not None else given
    return TracedValue(
        name,
        value,
        cells,
        _rule_text(loaded, name),
        loaded.source.line("fields", name) if name in loaded.mapping.fields else 0,
        _origin(study, loaded, name) if given is None and value is not None else "",
        tuple(each for each in findings if _concerns(each, name, places, study)),
    )


def _concerns(
    finding: Finding, name: str, places: set[tuple[str, str | None, int, str]], study: Study
) -> bool:
    """Whether a finding is about a field: by name, by its cells, or because it cost the value."""
    if finding["field"] == name:
        return True
    policy = study.schema.policies.get(str(finding["check"]))
    if policy is not None and isinstance(policy.costs, tuple) and name in policy.costs:
        return True
    place = (finding["export"], finding["sheet"], finding["row"], finding["column"])
    return place in places and finding["field"] is None


def _origin(study: Study, loaded: LoadedMapping, name: str) -> str:
    """Where a value comes from that no rule gave."""
    if name == "center":
        return "the mapping's own name"
    if name == "patient_id":
        key = next(iter(loaded.mapping.tables.values())).key
        return f"keyed hash of {' and '.join(key)}"
    if name in study.schema.companions:
        return f"how exact {name.removesuffix('_precision')} is"
    derive = study.schema.derivations[name]
    code = derive.__code__
    path = Path(code.co_filename)
    shown = path.relative_to(study.root) if path.is_relative_to(study.root) else path
    return f"derived by {shown.as_posix()}:{code.co_firstlineno} {derive.__name__}"


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
