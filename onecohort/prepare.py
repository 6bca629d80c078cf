"""From a batch of an export to rows that rules can look at: corrected, keyed, and sorted out."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.exports.table import Batch, Table
from onecohort.findings import Findings, Severity
from onecohort.leave_out import leave_out
from onecohort.mapping.language import ROW_NUMBER, Correction, TableRule
from onecohort.melt import melt_missing, melt_rows
from onecohort.rows import Fate, Rows
from onecohort.rules.coded import Coded, encode, fold, is_listed, tidy
from onecohort.rules.convert import pad_ids


def prepare(
    batch: Batch,
    table: Table,
    name: str,
    rule: TableRule,
    *,
    columns: Sequence[str],
    corrections: Mapping[int, Correction],
    seen: set[int],
    findings: Findings,
) -> Rows:
    """Encode, correct, key, melt and sort out the rows of a batch.

    columns       names of the columns that the mapping speaks of, as they stand in the file
    corrections   number in the mapping -> correction of this table
    seen          numbers of the corrections that found their cell; added to
    """
    here = {"export": table.export, "sheet": table.sheet}
    rows = rows_of_file(
        batch, table, name, rule,
        columns=columns, corrections=corrections, seen=seen, findings=findings,
    )  # fmt: skip
    if rule.melt:
        rows = melt_rows(rows, rule.melt)
    declared = {
        column: frozenset(map(fold, texts))
        for column, texts in melt_missing(table.user_missing, rule.melt).items()
    }
    leave_out(rows, lambda column: declared.get(column, frozenset()), findings, here)
    keyless = (rows.fates == Fate.KEPT) & pc.equal(rows.keys, "").to_numpy(zero_copy_only=False)
    rows.fates[keyless] = Fate.QUARANTINED
    message = "has no key, so nobody knows whose row this is"
    rows.reasons |= {int(row): ("key.missing", message) for row in np.flatnonzero(keyless)}
    findings.add(
        check="key.missing",
        severity=Severity.ERROR,
        rows=rows.numbers[keyless].tolist(),
        column=rule.key[0],
        raw=rows.columns[rule.key[0]].raw_rows(np.flatnonzero(keyless)),
        rule=f"tables.{name}.key",
        message=message,
        hint=f"put the {rule.key[0]} in, or correct it by `row:` in the mapping",
        **here,
    )
    return rows


def rows_of_file(
    batch: Batch,
    table: Table,
    name: str,
    rule: TableRule,
    *,
    columns: Sequence[str],
    corrections: Mapping[int, Correction],
    seen: set[int],
    findings: Findings,
) -> Rows:
    """The rows of a batch as they stand in the file, encoded, corrected and keyed; see `prepare`."""
    here = {"export": table.export, "sheet": table.sheet}
    rows = Rows(
        table=name,
        rule=rule,
        export=table.export,
        sheet=table.sheet,
        numbers=batch.rows.to_numpy(zero_copy_only=False).astype(np.int64),
        columns={column: _encode(batch, column) for column in columns},
        keys=pa.nulls(0, pa.string()),
        fates=np.zeros(len(batch.rows), np.uint8),
        cells=batch.cells,
        missing=frozenset(map(fold, rule.missing)) - {""},
    )
    _report_faults(batch, rows, findings, here)
    rows.keys = _keys(rows)
    for number, correction in corrections.items():
        _correct(number, correction, rows, seen, findings, here)
    if any(correction.column in rule.key for correction in corrections.values()):
        rows.keys = _keys(rows)
    _note_untidy(rows, findings, here)
    return rows


def _encode(batch: Batch, column: str) -> Coded:
    if column == ROW_NUMBER and column not in batch.cells.schema.names:
        return encode(batch.rows.cast(pa.string()))
    return encode(batch.cells.column(column))


def _keys(rows: Rows) -> pa.Array:
    parts = []
    for name in rows.rule.key:
        column = rows.columns[name]
        texts = pad_ids(column.texts, rows.rule.zero_pad) if rows.rule.zero_pad else column.texts
        if rows.missing:  # as it stands, and as it would be padded
            absent = is_listed(column.texts, rows.missing) | is_listed(texts, rows.missing)
            texts = pc.if_else(pa.array(absent), "", texts)
        parts.append(column.spread(texts))
    if len(parts) == 1:
        return parts[0]
    joined = pc.binary_join_element_wise(*parts, "|")
    absent = pc.equal(parts[0], "")
    for part in parts[1:]:
        absent = pc.or_(absent, pc.equal(part, ""))
    return pc.if_else(absent, "", joined)


def _report_faults(
    batch: Batch, rows: Rows, findings: Findings, here: Mapping[str, str | None]
) -> None:
    for fault in batch.faults:
        findings.add(
            check=fault.check,
            severity=Severity.ERROR if fault.column is None else Severity.WARNING,
            rows=[fault.row],
            column=fault.column,
            raw=[fault.raw],
            message=fault.message,
            hint=fault.hint,
            **here,
        )
        if fault.column is None:
            rows.lost.append(fault)
        elif fault.column in rows.columns:
            at = np.flatnonzero(rows.numbers == fault.row)
            rows.columns[fault.column] = rows.columns[fault.column].replace(at, "")


def _correct(
    number: int,
    correction: Correction,
    rows: Rows,
    seen: set[int],
    findings: Findings,
    here: Mapping[str, str | None],
) -> None:
    if correction.row is not None:
        at = np.flatnonzero(rows.numbers == correction.row)
    else:
        wanted = pa.array([correction.patient], pa.string())
        if rows.rule.zero_pad:
            wanted = pad_ids(wanted, rows.rule.zero_pad)
        at = np.flatnonzero(pc.equal(rows.keys, wanted[0]).to_numpy(zero_copy_only=False))
    if not len(at):
        return
    column = rows.columns[correction.column]
    raws = column.raw_rows(at)
    # What nobody sees in a mapping or a cell, outer and invisible blanks, cannot be asked of `was`.
    standing = pc.equal(column.texts.take(pa.array(column.codes[at])), tidy(correction.was))
    standing = standing.to_numpy(zero_copy_only=False)
    if not standing.any():
        return
    at = at[standing]
    seen.add(number)
    rows.columns[correction.column] = column.replace(at, correction.now)
    findings.add(
        check="correction.applied",
        severity=Severity.NOTE,
        rows=rows.numbers[at].tolist(),
        column=correction.column,
        raw=raws.filter(pa.array(standing)),
        rule=f"corrections[{number}]",
        message=f"corrected as declared: {correction.reason}",
        hint=f"taken as {correction.now!r}",
        **here,
    )


def _note_untidy(rows: Rows, findings: Findings, here: Mapping[str, str | None]) -> None:
    for name, column in rows.columns.items():
        if not column.untidy.any():
            continue
        at = np.flatnonzero(column.untidy[column.codes])
        findings.add(
            check="text.untidy",
            severity=Severity.NOTE,
            rows=rows.numbers[at].tolist(),
            column=name,
            raw=column.raw_rows(at),
            message="has outer or invisible blanks, or a letter in a second Unicode form; taken without",
            hint="nothing has to be done; mending the source keeps the report short",
            **here,
        )
