"""From several rows of a patient to the one that counts, as the mapping's `take` says."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.apply import Context, FieldRows
from onecohort.findings import Severity
from onecohort.rows import Index, Rows
from onecohort.rules.outcome import State


def choose_rows(
    found: FieldRows,
    rows: Rows,
    patients: Index,
    count: int,
    context: Context,
    near: npt.NDArray[np.float64] | None = None,
) -> Index:
    """For each of `count` patients the number of the row that counts, or -1.

    patients    (n,) number of the patient of each row, -1 where it is nobody's
    near        (n,) days since 1970 of the date to which `take: nearest` looks

    `agree`, the default, reports rows of one patient that say different things and chooses none.
    """
    usable = found.carried & (patients >= 0)
    take = found.rule.take or "agree"
    if take == "agree":
        usable &= ~_report_conflicts(found, rows, patients, count, usable, context)
    order = _order(found, take, near)
    if order is not None:
        usable &= ~np.isnan(order)
        if found.rule.within_days is not None and take == "nearest":
            usable &= order <= found.rule.within_days
    chosen = np.full(count, -1, np.int64)
    candidates = np.flatnonzero(usable)
    rank = candidates if order is None else order[candidates]
    if take == "last":
        rank = -candidates
    best_last = np.lexsort((candidates, rank, patients[candidates]))[::-1]
    chosen[patients[candidates[best_last]]] = candidates[best_last]
    return chosen


def count_rows(found: FieldRows, patients: Index, count: int) -> pa.Array:
    """How many filled rows each patient has; missing, not zero, for a patient without any row."""
    filled = (found.states == State.CARRIED) & (patients >= 0)
    numbers = np.bincount(patients[filled], minlength=count).astype(np.int64)
    return pa.array(numbers, pa.int64(), mask=numbers == 0)


def _order(
    found: FieldRows, take: str, near: npt.NDArray[np.float64] | None
) -> npt.NDArray[np.float64] | None:
    """(n,) what is smallest in the row that counts; None where the order of the rows decides."""
    by = found.order
    if take == "nearest":
        assert by is not None and near is not None
        return np.abs(by - near)
    if take in ("first", "last", "agree"):
        return by if by is None or take != "last" else -by
    if take in ("earliest", "latest") and by is not None:
        return by if take == "earliest" else -by
    numbers = _as_numbers(found, take)
    return numbers if take in ("earliest", "min", "best") else -numbers


def _as_numbers(found: FieldRows, take: str) -> npt.NDArray[np.float64]:
    values = found.values
    if take == "best":
        codes = pa.array(found.field.codes, pa.string())
        values = pc.index_in(values, value_set=codes)
    elif values.type == pa.date32():
        values = values.cast(pa.int32())
    elif values.type == pa.string():
        values = pc.rank(values, sort_keys="ascending", null_placement="at_end").cast(pa.int64())
    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False))


def _report_conflicts(
    found: FieldRows,
    rows: Rows,
    patients: Index,
    count: int,
    usable: npt.NDArray[np.bool_],
    context: Context,
) -> npt.NDArray[np.bool_]:
    """(n,) True for the rows of patients whose rows disagree; each such row is a finding."""
    at = np.flatnonzero(usable)
    codes = (
        found.values.take(pa.array(at)).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    )
    lowest = np.full(count, np.iinfo(np.int64).max)
    highest = np.full(count, -1, np.int64)
    np.minimum.at(lowest, patients[at], codes)
    np.maximum.at(highest, patients[at], codes)
    torn = (highest > lowest) & (highest >= 0)
    hit = np.zeros(len(patients), bool)
    hit[at] = torn[patients[at]]
    conflict = np.flatnonzero(hit)
    column = found.columns[0] if found.columns else None
    context.findings.add(
        check="rows.disagree",
        severity=context.severity("rows.disagree", Severity.WARNING),
        rows=pa.array(rows.numbers[conflict]),
        export=rows.export,
        sheet=rows.sheet,
        column=column,
        field=found.field.name,
        raw=rows.columns[column].raw_rows(conflict) if column else None,
        rule=f"fields.{found.field.name}",
        message="differs between the rows of one patient, so none of them was taken",
        hint="correct a row, or say with `take` which row counts",
    )
    found.reported |= hit
    return hit
