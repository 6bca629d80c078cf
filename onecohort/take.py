"""From several rows of a patient to the one that counts, as the mapping's `take` says."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.findings import Severity
from onecohort.rows import Index, Rows
from onecohort.rule_on_rows import Context, FieldRows
from onecohort.rules.outcome import Converted, Remark, State
from onecohort.rules.ranges import check_range


def pick_rows(
    found: FieldRows,
    rows: Rows,
    of_row: Index,
    count: int,
    context: Context,
    near: pa.Array | None,
    picked: dict[str, Index],
) -> tuple[pa.Array, pa.Array | None]:
    """The value and the date's precision of each of `count` patients, and in `picked` whence it came."""
    if found.rule.take == "count":
        return count_rows(found, rows, of_row, count, context), None
    days = None
    if near is not None:
        days = pc.fill_null(near.cast(pa.int32()).cast(pa.float64()), np.nan)
        days = days.to_numpy(zero_copy_only=False)
    chosen = choose_rows(found, rows, of_row, count, context, days)
    picked[found.field.name] = chosen
    at = pa.array(chosen, mask=chosen < 0)
    precision = found.precision.take(at) if found.precision is not None else None
    return found.values.take(at), precision


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
    if take == "nearest":
        usable &= ~_report_unanchored(found, rows, usable, near, context)
    order = _order(found, take, near)
    if order is not None:
        usable &= ~np.isnan(order)
        if found.rule.within_days is not None and take == "nearest":
            usable &= np.abs(order) <= found.rule.within_days
    chosen = np.full(count, -1, np.int64)
    candidates = np.flatnonzero(usable)
    rank = _rank(order, candidates, take)
    in_file = -candidates if take == "last" else candidates
    best_last = np.lexsort((in_file, rank, patients[candidates]))[::-1]
    chosen[patients[candidates[best_last]]] = candidates[best_last]
    if found.order is not None and take in ("earliest", "latest", "nearest"):
        best = np.full(count, np.nan)
        best[patients[candidates[best_last]]] = rank[best_last]
        tied = np.zeros(len(patients), bool)
        tied[candidates] = rank == best[patients[candidates]]
        torn = _report_conflicts(found, rows, patients, count, tied, context)
        chosen[patients[torn]] = -1
    return chosen


def _rank(
    order: npt.NDArray[np.float64] | None, candidates: Index, take: str
) -> npt.NDArray[np.float64]:
    """(k,) what is smallest in the candidate that counts; of two days equally near, the one before."""
    if order is None:
        return np.zeros(len(candidates))
    if take == "nearest":
        return np.abs(order[candidates]) * 2 + (order[candidates] > 0)
    return order[candidates]


def count_rows(
    found: FieldRows, rows: Rows, patients: Index, count: int, context: Context
) -> pa.Array:
    """How many filled rows each patient has; missing, not zero, for a patient without any row.

    A count outside the field's range is a finding at the first of the rows.
    """
    filled = np.flatnonzero((found.states == State.CARRIED) & (patients >= 0))
    numbers = np.bincount(patients[filled], minlength=count).astype(np.int64)
    first = np.full(count, -1, np.int64)
    first[patients[filled[::-1]]] = filled[::-1]
    states = np.where(numbers > 0, State.CARRIED, State.BLANK).astype(np.uint8)
    counted = Converted(pa.array(numbers, pa.int64(), mask=numbers == 0), states)
    check_range(counted, found.field)
    for patient, remark in counted.remarks.items():
        _report(found, rows, first[patient : patient + 1], remark, context)
    return counted.seal().values.cast(found.field.arrow_type)


def _order(
    found: FieldRows, take: str, near: npt.NDArray[np.float64] | None
) -> npt.NDArray[np.float64] | None:
    """(n,) what is smallest in the row that counts; None where the order of the rows decides."""
    by = found.order
    if take == "nearest":
        assert by is not None and near is not None
        return by - near
    if take == "agree":
        return None
    if take in ("first", "last"):
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
        values = pc.rank(values, sort_keys="ascending").cast(pa.int64())
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
    message = "differs between the rows of one patient, so none of them was taken"
    if found.rule.take not in (None, "agree"):
        message = "differs between rows of one patient that count alike, so none of them was taken"
    hint = "correct a row, or say with `take` which row counts"
    _report(found, rows, np.flatnonzero(hit), Remark("rows.disagree", message, hint), context)
    return hit


def _report_unanchored(
    found: FieldRows,
    rows: Rows,
    usable: npt.NDArray[np.bool_],
    near: npt.NDArray[np.float64] | None,
    context: Context,
) -> npt.NDArray[np.bool_]:
    """(n,) True for the rows of patients who have no date to be near to; each is a finding."""
    assert near is not None
    hit = np.asarray(usable & np.isnan(near), bool)
    message = f"cannot be chosen, because {found.rule.near} is missing"
    remark = Remark("anchor.missing", message, f"look at {found.rule.near}")
    _report(found, rows, np.flatnonzero(hit), remark, context)
    return hit


def _report(found: FieldRows, rows: Rows, at: Index, remark: Remark, context: Context) -> None:
    address = rows.address(found.columns[0] if found.columns else None, at)
    context.findings.add(
        check=remark.check,
        severity=context.severity(remark.check, Severity.WARNING),
        rows=address.rows,
        export=address.export,
        sheet=address.sheet,
        column=address.column,
        field=found.field.name,
        raw=address.raw,
        rule=context.rule_name(found.field.name),
        message=remark.message,
        hint=remark.hint,
    )
    found.reported[at] = True
