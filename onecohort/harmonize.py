"""One center: from its tables to its patients in the cohort's terms, with every finding on the way.

Tables of several rows per patient, and second tables, are read whole; the first table passes in batches,
so that memory does not grow with it. A key that comes back in a later batch is noticed at the end; then
the table is read once more, with the rows of such keys held back and decided about together.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from onecohort.apply import apply_rule
from onecohort.balance import ColumnBalance, RowBalance, Use, close_columns
from onecohort.center_rows import CenterRows
from onecohort.counting import count_from
from onecohort.coverage import check_layout, report_unmapped, report_unused_corrections
from onecohort.exports.table import ROWS_PER_BATCH, Table
from onecohort.findings import Findings, once
from onecohort.lineage import SCHEMA as LINEAGE
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.references import JOINED, Plan, Step, plan_mapping
from onecohort.melt import melt_missing
from onecohort.patients import Patients, first_rows
from onecohort.pseudonym import PseudonymKey, normalise_identifier
from onecohort.quarantine import Quarantine
from onecohort.repeats import (
    Hashes,
    distinct_hashes,
    hash_texts,
    repeated_hashes,
    resolve_repeats,
)
from onecohort.rows import Fate, Index, Rows
from onecohort.rule_on_rows import Context, FieldRows
from onecohort.rules.coded import Mask
from onecohort.schema import CohortSchema
from onecohort.second_table import SecondTable
from onecohort.validate import Columns, Failure, Validated, reasons_of, validate

Sink = Callable[[pa.Table], None]
Judge = Callable[[Columns, CohortSchema, Callable[[str], bool], Columns], Validated]
Observer = Callable[[Step, Rows, Index, pa.Array], None]
ROW = "_row"  # in what the sink receives: the row of the first table


@dataclass(frozen=True)
class Harmonized:
    """What is known of a center once it is through; its patients went to the sink.

    lineage    rows that stand behind patients, but for the one in `_row`
    tables     table -> the balance of its rows
    columns    table -> mapped column -> the balance of its cells
    filled     field -> patients who have a value
    """

    findings: pa.Table
    quarantine: pa.Table
    lineage: pa.Table
    tables: Mapping[str, RowBalance]
    columns: Mapping[str, Mapping[str, ColumnBalance]]
    filled: Mapping[str, int]
    patients: int


def harmonize(
    loaded: LoadedMapping,
    tables: Mapping[str, Table],
    schema: CohortSchema,
    *,
    as_of: date,
    key: PseudonymKey,
    sink: Sink,
    restart: Callable[[], None] = lambda: None,
    observe: Observer | None = None,
    judge: Judge = validate,
    batch_rows: int = ROWS_PER_BATCH,
) -> Harmonized:
    """Translate one center's tables into patients.

    tables     name in the mapping -> the opened table
    sink       receives the patients batch by batch: every field of the schema and `_row`
    restart    called before the sink receives everything a second time
    observe    is told of every rule: the rows it read, per patient the row that counts (-1 for none)
               and the value
    judge      derives, checks and withdraws; who checks a mapping needs less than a run does

    Raises ExportError where a table has not the columns that the mapping speaks of.
    """
    plan = plan_mapping(loaded, schema)
    check_layout(loaded, tables, plan)
    held_back: Hashes = np.zeros(0, np.uint64)
    while True:
        center = _Center(loaded, tables, schema, plan, as_of, key, sink, held_back, observe, judge)
        again = np.setdiff1d(repeated_hashes(center.run(batch_rows)), held_back)
        if not len(again):
            return center.finish()
        held_back = np.union1d(held_back, again)
        restart()


class _Center:
    """One pass over a center's tables."""

    def __init__(
        self,
        loaded: LoadedMapping,
        tables: Mapping[str, Table],
        schema: CohortSchema,
        plan: Plan,
        as_of: date,
        key: PseudonymKey,
        sink: Sink,
        held_back: Hashes,
        observe: Observer | None,
        judge: Judge,
    ) -> None:
        self.mapping, self.tables, self.schema, self.plan = loaded.mapping, tables, schema, plan
        self.key, self.sink, self.held_back, self.observe = key, sink, held_back, observe
        self.judge = judge
        self.findings = Findings(loaded.center)
        self.quarantine = Quarantine(loaded.center)
        self.context = Context(
            schema,
            self.findings,
            as_of,
            {
                name: melt_missing(table.user_missing, self.mapping.tables[name].melt)
                for name, table in tables.items()
            },
            {name: loaded.source.line("fields", name) for name in self.mapping.fields},
        )
        self.center_rows = CenterRows(loaded, tables, plan, self.findings)
        self.balance = self.center_rows.balance
        self.cells = {
            name: {column: ColumnBalance() for column in plan.columns[name]} for name in tables
        }
        self.filled = dict.fromkeys(schema.fields, 0)
        self.identifiers: Columns = {}  # of the batch at hand, before hashes take their place
        self.patients = 0
        self.further_rows: list[pa.Table] = []  # of patients who have several in the first table
        self.seconds = {name: self.read_second(name) for name in tables if name != plan.first}

    def read_second(self, name: str) -> SecondTable:
        """A second table, whole, with the rules that need no other table already applied."""
        rows = self.center_rows.whole(name)
        if rows.rule.rows == "one":
            resolve_repeats(rows, self.findings)
        second = SecondTable(rows, Use(rows))
        for step in self.plan.of_table(name):
            second.found[step.field.name] = self.apply(step, rows, second.use)
        return second

    # --- the story ------------------------------------------------------------------------------

    def run(self, batch_rows: int) -> Hashes:
        """Pass the first table through; returns hashes of the keys, each of which should be alone."""
        hashes = [np.zeros(0, np.uint64)]
        for rows, complete in self.center_rows.batches(self.held_back, batch_rows):
            if not complete:  # a key that is torn here and comes back later is noticed too
                here = hash_texts(rows.keys)[rows.fates == Fate.KEPT]
                hashes.append(distinct_hashes(here))
            if rows.rule.rows == "one":
                resolve_repeats(rows, self.findings)
            self.translate(rows)
        return np.concatenate(hashes)

    def translate(self, rows: Rows) -> None:
        """From the rows of a batch to patients in the sink."""
        use = Use(rows)
        looked = rows.fates == Fate.KEPT
        patients = first_rows(rows)
        given = self.apply_rules(patients, use)
        self.close_cells(use, looked)
        result = self.judge(
            given, self.schema, lambda name: self.plan.step(name) is not None, self.identifiers
        )
        for failure in result.failures:
            self.report(failure, patients)
        patients.set_aside(result.out, reasons_of(result.failures))
        self.quarantine.add(rows)
        self.balance[rows.table].count(rows)
        for second in self.seconds.values():
            second.settle(patients, result.columns["patient_id"])
        if rows.rule.rows == "many":
            self.further_rows.append(
                patients.further_rows(self.mapping.center, result.columns["patient_id"])
            )
        self.write(result.columns, ~result.out, patients)

    def apply_rules(self, patients: Patients, use: Use) -> Columns:
        """Every field of the schema for the patients of a batch."""
        count = len(patients)
        columns: Columns = {
            name: pa.nulls(count, spec.arrow_type) for name, spec in self.schema.fields.items()
        }
        for second in self.seconds.values():
            second.follow(patients)
        self.join(patients)
        for step in self.plan.steps:
            anchor = columns[step.anchor] if step.anchor else None
            values, precision = self.values_of(step, patients, use, anchor)
            if self.observe is not None:
                self.tell(step, patients, values)
            columns[step.field.name] = self.protect(step, values)
            companion = f"{step.field.name}_precision"
            if companion in columns and precision is not None:
                columns[companion] = precision
        columns["center"] = pa.repeat(pa.scalar(self.mapping.center), count)
        columns["patient_id"] = patients.keys
        if self.schema.fields["patient_id"].privacy == "identifier":
            columns["patient_id"] = self.key.hash_keys(patients.keys, self.mapping.center)
        return columns

    def values_of(
        self, step: Step, patients: Patients, use: Use, anchor: pa.Array | None
    ) -> tuple[pa.Array, pa.Array | None]:
        """Value and date precision of one field for the patients of a batch."""
        second = self.seconds.get(step.home)
        if second is None:
            rows, of_row = patients.rows, patients.of_row
            found = self.apply(step, rows, use)
        else:
            rows, of_row, use = second.rows, second.of_row, second.use
            found = second.found[step.field.name]
        near = None
        if anchor is not None:
            dates = anchor.take(pa.array(of_row, mask=of_row < 0))
            if step.rule.near:
                near = dates
            else:
                found = count_from(rows, found, dates, of_row >= 0, self.context)
        if second is None:
            picked = patients.pick(found, self.context, near)
        else:
            picked = second.pick(found, len(patients), self.context, near)
        use.record(found)  # with what the choice between rows brought up
        return picked

    def apply(self, step: Step, rows: Rows, use: Use) -> FieldRows:
        found = apply_rule(rows, step.field, step.rule, self.context)
        use.record(found)
        return found

    def tell(self, step: Step, patients: Patients, values: pa.Array) -> None:
        """Tell the observer which row of which table gave each patient's value."""
        assert self.observe is not None
        second = self.seconds.get(step.home)
        rows = patients.rows if second is None else second.rows
        picked = (patients if second is None else second).picked.get(step.field.name)
        if picked is None:
            picked = patients.row_of if second is None else np.full(len(patients), -1)
        self.observe(step, rows, picked, values)

    def join(self, patients: Patients) -> None:
        """Columns of second tables that rules of the first table read, row by row of the first."""
        for table, column in self.plan.joined:
            declared = self.context.declared_missing(table, column)
            self.seconds[table].lend(column, f"{table}{JOINED}{column}", patients, declared)

    def protect(self, step: Step, values: pa.Array) -> pa.Array:
        """Identifiers as keyed hashes; everything else as it is."""
        if step.field.privacy == "identifier" and step.field.kind == "identifier":
            self.identifiers[step.field.name] = normalise_identifier(values)
            return self.key.hash(self.identifiers[step.field.name], step.field.name)
        return values

    # --- the accounts ---------------------------------------------------------------------------

    def close_cells(self, use: Use, looked: Mask) -> None:
        """Balance the cells of some rows; raises Imbalance where one is nowhere."""
        table = use.rows.table
        for name in self.plan.whole[table]:
            use.used(name)
        closed = close_columns(use, self.plan.columns[table], self.findings, looked)
        for name, balance in closed.items():
            balance.check(f"{self.mapping.center}, {use.rows.export}, column {name!r}")
            self.cells[table][name].add(balance)

    def report(self, failure: Failure, patients: Patients) -> None:
        """A failed check as findings, at the cell that is the likely culprit."""
        step = self.plan.step(failure.field)
        name = failure.field or ""
        column = step.column if step is not None else None
        if step is not None and step.home != self.plan.first:
            there = self.seconds[step.home].address(name, column, failure.patients)
        else:
            there = patients.address(name, column, failure.patients)
        self.findings.add(
            check=failure.check,
            severity=failure.severity,
            rows=there.rows,
            export=there.export,
            sheet=there.sheet,
            column=there.column,
            field=failure.field,
            raw=there.raw,
            rule=self.context.rule_name(name) if step is not None else None,
            message=failure.message,
            hint=failure.hint,
        )

    def write(self, columns: Columns, enters: Mask, patients: Patients) -> None:
        """Hand the patients who enter to the sink, and count."""
        table = pa.table({**columns, ROW: pa.array(patients.row_numbers)})
        if not enters.all():
            table = table.filter(pa.array(enters))
        for name in self.filled:
            self.filled[name] += len(table) - table.column(name).null_count
        self.patients += len(table)
        self.sink(table)

    def finish(self) -> Harmonized:
        """Close second tables, report what was never met, and sum up."""
        lineage = [LINEAGE.empty_table(), *self.further_rows]
        for name, second in self.seconds.items():
            self.close_cells(second.use, second.looked)
            second.close(self.findings, self.balance[name])
            self.quarantine.add(second.rows)
            lineage.append(second.lineage(self.mapping.center))
        for name, balance in self.balance.items():
            balance.check(f"{self.mapping.center}, table {name}")
        report_unmapped(self.tables, self.plan, self.context)
        report_unused_corrections(
            self.tables,
            self.mapping.corrections,
            self.plan,
            self.center_rows.corrections_seen,
            self.context,
        )
        findings, stands_behind = self.findings.table(), pa.concat_tables(lineage)
        if any(rule.melt for rule in self.mapping.tables.values()):
            # A key or a column that is not melted stands in several rows, and in one of the file.
            findings, stands_behind = once(findings), once(stands_behind)
        return Harmonized(
            findings,
            self.quarantine.table(),
            stands_behind,
            self.balance,
            self.cells,
            self.filled,
            self.patients,
        )
