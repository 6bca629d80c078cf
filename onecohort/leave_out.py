"""Rows of a table that are nobody's: blank, outside what the mapping takes, or left out with a reason."""

from collections.abc import Callable, Mapping

import numpy as np

from onecohort.findings import Findings, Severity
from onecohort.mapping.language import ROW_NUMBER, When
from onecohort.rows import Fate, Rows
from onecohort.rules.coded import Mask


def leave_out(
    rows: Rows,
    missing: Callable[[str], frozenset[str]],
    findings: Findings,
    here: Mapping[str, str | None],
) -> None:
    """Set aside the rows that are blank, outside the table's `where`, or under its `leave_out`.

    missing    column -> folded texts that the file declares to mean: not known
    """
    everything_blank = np.ones(len(rows), bool)
    for name, column in rows.columns.items():
        everything_blank &= column.blank_rows | (name == ROW_NUMBER)
    at = np.flatnonzero(everything_blank)
    if len(at):  # also what the mapping ignores must be blank
        everything_blank[at] = [text == "{}" for text in rows.cells_texts(at)]
    _set_aside(rows, everything_blank, "row.blank", "is blank in every column", findings, here)
    rule = rows.rule
    if rule.where:
        message = "does not meet the table's `where`"
        hit, doubts = rows.judging(rule.where, missing)
        _quarantine_open(rows, rule.where, doubts, findings, here)
        _set_aside(rows, ~hit, "row.outside_where", message, findings, here)
    for declared in rule.leave_out:
        shown = next(iter(declared.when))
        message = f"left out: {declared.reason}"
        hit, doubts = rows.judging(declared.when, missing)
        _quarantine_open(rows, declared.when, doubts, findings, here)
        _set_aside(rows, hit, "row.left_out", message, findings, here, shown)


def _quarantine_open(
    rows: Rows,
    when: When,
    doubts: Mapping[str, Mask],
    findings: Findings,
    here: Mapping[str, str | None],
) -> None:
    """Rows of which nobody can tell whether they belong here neither enter nor are left out."""
    kept = rows.fates == Fate.KEPT
    for name, doubtful in doubts.items():
        at = np.flatnonzero(doubtful & kept)
        message = f"does not tell whether the condition {', '.join(when[name])} holds"
        rows.fates[at] = Fate.QUARANTINED
        rows.reasons |= {int(row): ("condition.open", f"{name} {message}") for row in at}
        findings.add(
            check="condition.open",
            severity=Severity.ERROR,
            rows=rows.numbers[at].tolist(),
            column=rows.column_in_file(name, at),
            raw=rows.columns[name].raw_rows(at),
            rule=f"tables.{rows.table}",
            message=message,
            hint="correct the cell, or add the text to missing",
            **here,
        )


def _set_aside(
    rows: Rows,
    hit: Mask,
    check: str,
    message: str,
    findings: Findings,
    here: Mapping[str, str | None],
    column: str | None = None,
) -> None:
    hit = hit & (rows.fates == Fate.KEPT)
    rows.fates[hit] = Fate.LEFT_OUT
    at = np.flatnonzero(hit)
    findings.add(
        check=check,
        severity=Severity.NOTE,
        rows=rows.numbers[hit].tolist(),
        column=rows.column_in_file(column, at),
        raw=rows.columns[column].raw_rows(at) if column else None,
        message=message,
        **here,
    )
