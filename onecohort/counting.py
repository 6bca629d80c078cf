"""What a rule reads beside its own cell: the date it counts from, and the order of a patient's rows."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.findings import Severity
from onecohort.mapping.language import FieldRule
from onecohort.rows import Index, Rows
from onecohort.rule_on_rows import Context, FieldRows, RuleOnRows, by_check
from onecohort.rules.coded import Mask
from onecohort.rules.convert import build_conversion
from onecohort.rules.dates import read_dates
from onecohort.rules.numbers import read_numbers
from onecohort.rules.outcome import Converted, Remark, State
from onecohort.rules.ranges import check_dates, check_range

MANY_DAYS = 3_000_000  # more than from 1900 to the last year of four digits


def count_from(
    rows: Rows, found: FieldRows, anchors: pa.Array, here: Mask, context: Context
) -> FieldRows:
    """Finish a rule whose cells count from another date of the same patient.

    anchors     (n,) date32, the patient's date
    here        (n,) True for the rows whose patients are at hand; the others are left for their batch
    """
    on = RuleOnRows(rows, found.field, found.rule, context, found.domain & here)
    return finish_counting(on, found, anchors)


def finish_counting(on: RuleOnRows, found: FieldRows, anchors: pa.Array) -> FieldRows:
    """The rows of the domain with an age, or a date, that counts from another date."""
    anchored = pc.is_valid(anchors).to_numpy(zero_copy_only=False)
    start = anchors.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    read = found.carried & on.domain
    states = np.where(on.domain, found.states, State.BLANK).astype(np.uint8)
    lost = read & ~anchored
    states[lost] = State.FAULT
    carried = states == State.CARRIED
    if on.rule.days_from:
        counted = found.values.fill_null(0).to_numpy(zero_copy_only=False)
        # Far beyond any calendar is far enough: no number of days may wrap around into a date.
        days = start + np.rint(np.clip(counted, -MANY_DAYS, MANY_DAYS)).astype(np.int64)
        values = pa.array(days.astype(np.int32), pa.int32(), mask=~carried).cast(pa.date32())
    else:
        born = found.values.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
        years = _completed_years(born.astype(np.int64), start)
        values = pa.array(years, pa.int64(), mask=~carried).cast(on.wanted.arrow_type)
    column = found.columns[0] if found.columns else None
    reported = found.reported & on.domain
    anchor = on.rule.days_from or on.rule.age_at
    message = f"cannot be counted, because {anchor} is missing"
    on.report(lost, column, Remark("anchor.missing", message, f"look at {anchor}"))
    ranged = Converted(values, states)
    check_range(ranged, on.wanted)
    check_dates(ranged, on.context.as_of)
    reported |= lost
    for hit, messages, hints, check in by_check(ranged.remarks, len(states)):
        at = np.flatnonzero(hit)
        where = pa.array(at)
        on.add(check, Severity.WARNING, column, at, messages.take(where), hints.take(where))
        reported |= hit
    return replace(found, values=ranged.seal().values, states=states, reported=reported,
        domain=on.domain, precision=None)  # fmt: skip


def order_by(on: RuleOnRows, found: FieldRows, by: str) -> None:
    """Read the date column by which rows are ordered; a value without its date is a finding."""
    column = on.rows.columns[by]
    convert = build_conversion(
        on.wanted, FieldRule.model_validate({"from": by, "impute": "first"}), on.rows.rule,
        as_of=on.context.as_of,
    )  # fmt: skip
    read = read_dates(column.texts, convert.dates).seal()
    days = read.values.cast(pa.int32()).cast(pa.float64())
    numbers = read_numbers(column.texts, convert.numbers)
    if days.null_count == len(days) and not numbers.remarks:  # visits by number, not by date
        read, days = numbers, numbers.values
    found.order = pc.fill_null(days, np.nan).to_numpy(zero_copy_only=False)[column.codes]
    faulty = np.zeros(len(column.texts), bool)
    absent = on.absent(by)
    for hit, messages, hints, check in by_check(read.remarks, len(column.texts)):
        at = np.flatnonzero(hit[column.codes] & on.domain & ~absent)
        where = pa.array(column.codes[at])
        on.add(check, Severity.WARNING, by, at, messages.take(where), hints.take(where))
        faulty |= hit
    found.by_reported = faulty[column.codes] & ~absent
    undated = found.carried & np.isnan(found.order)
    name = found.columns[0] if found.columns else by
    at = np.flatnonzero(undated)
    by_name = on.rows.column_in_file(by, at)
    what = _around(by_name, "has no date in ", ", so nobody knows whether it counts")
    hint = _around(by_name, "put the date in ", ", or correct it by `row:` in the mapping")
    on.add("order.missing", Severity.WARNING, name, at, what, hint)
    found.states[undated] = State.FAULT
    found.reported |= undated


def _around(column: str | pa.Array | None, before: str, after: str) -> str | pa.Array:
    """A sentence around a column's name; around each of several names, one for each."""
    if isinstance(column, pa.Array):
        return pc.binary_join_element_wise(before, column, after, "")
    return f"{before}{column}{after}"


def _completed_years(born: Index, day: Index) -> Index:
    """Whole years between two arrays of days since 1970, as birthdays count them."""
    first = born.astype("datetime64[D]")
    last = day.astype("datetime64[D]")
    years = last.astype("datetime64[Y]").astype(np.int64) - first.astype("datetime64[Y]").astype(
        np.int64
    )
    months = first.astype("datetime64[M]").astype(np.int64) % 12
    month_now = last.astype("datetime64[M]").astype(np.int64) % 12
    of_month = (first - first.astype("datetime64[M]")).astype(np.int64)
    now = (last - last.astype("datetime64[M]")).astype(np.int64)
    before = (month_now < months) | ((month_now == months) & (now < of_month))
    return np.asarray(years - before, np.int64)
