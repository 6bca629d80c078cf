"""Planted bugs: each makes a named test of the rules, or the run's own balance, fail.

The bug is put in place of a function of the engine; then the named tests run in this process, on their own
tables. A bug that no test notices fails here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from onecohort import (
    balance,
    counting,
    harmonize,
    marks,
    patients,
    prepare,
    rows,
    rule_on_rows,
    second_table,
    take,
)
from onecohort.balance import Imbalance
from onecohort.findings import Findings
from onecohort.rows import Fate
from onecohort.rules import coded, convert, dates, numbers, units
from onecohort.rules.outcome import Converted, State
from tests import test_rules_dates, test_rules_numbers, test_rules_rows, test_rules_values
from tests.small_study import mapping_of, outcome_of, read

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Bug:
    """A bug, where it is planted, and a test that has to notice it."""

    name: str
    plant: Patch
    noticed_by: Callable[[], None]


def replaced(owner: object, name: str, wrap: Callable[[Any], Any]) -> Patch:
    """A patch that puts a wrapped function in the place of the right one."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(owner, name, wrap(getattr(owner, name)))

    return plant


# --- the bugs ------------------------------------------------------------------------------------


def unmapped_becomes_missing(right: Any) -> Any:
    def wrong(self: Any, texts: pa.Array, listed: Any, own: Any) -> Converted:
        found: Converted = right(self, texts, listed, own)
        for number in list(found.remarks):
            found.states[number] = State.BLANK
            del found.remarks[number]
        return found

    return wrong


def unmapped_becomes_declared_missing(right: Any) -> Any:
    def wrong(self: Any, texts: pa.Array, listed: Any, own: Any) -> Converted:
        found: Converted = right(self, texts, listed, own)
        for number in list(found.remarks):
            found.states[number] = State.MISSING
            del found.remarks[number]
        return found

    return wrong


def unmapped_becomes_the_first_term(right: Any) -> Any:
    def wrong(self: Any, texts: pa.Array, listed: Any, own: Any) -> Converted:
        found: Converted = right(self, texts, listed, own)
        values = found.values.to_pylist()
        for number in list(found.remarks):
            found.states[number] = State.CARRIED
            values[number] = self.field.codes[0]
            del found.remarks[number]
        found.values = pa.array(values, pa.string())
        return found

    return wrong


def nearest_decides(right: Any) -> Any:
    def wrong(self: Any, texts: pa.Array, listed: Any, own: Any) -> Converted:
        from onecohort.mapping.load import nearest

        known = {**own, **(self.rule.values or {})}
        guessed = {
            n: known[near]
            for n, text in enumerate(texts.to_pylist())
            if text and (near := nearest(text, known))
        }
        found: Converted = right(self, texts, {**guessed, **listed}, own)
        return found

    return wrong


def days_roll_over(right: Any) -> Any:
    def wrong(texts: pa.Array, spelling: Any) -> Converted:
        found: Converted = right(texts, spelling)
        days = found.values.to_pylist()
        for number, remark in list(found.remarks.items()):
            if remark.check == "date.impossible":
                day, month, year = map(int, texts[number].as_py().replace("/", ".").split("."))
                first = np.datetime64(f"{year}-{month:02d}-01")
                days[number] = (first + np.timedelta64(day - 1, "D")).item()
                found.states[number] = State.CARRIED
                del found.remarks[number]
        found.values = pa.array(days, pa.date32())
        return found

    return wrong


def unreadable_dates_are_missing(right: Any) -> Any:
    def wrong(texts: pa.Array, spelling: Any) -> Converted:
        found: Converted = right(texts, spelling)
        for number in list(found.remarks):
            found.states[number] = State.MISSING
        found.remarks.clear()
        return found

    return wrong


def imputed_in_silence(right: Any) -> Any:
    def wrong(texts: pa.Array, spelling: Any) -> Converted:
        found: Converted = right(texts, spelling)
        found.notes.clear()
        return found

    return wrong


def century_is_always_this_one(right: Any) -> Any:
    return lambda texts, form, spelling: right(
        texts, form, replace(spelling, pivot_year=2000 if spelling.pivot_year else None)
    )


def factor_upside_down(right: Any) -> Any:
    def wrong(given: str, wanted: str, field_name: str) -> Any:
        factor = right(given, wanted, field_name)
        return factor and units.Factor(factor.under, factor.over)

    return wrong


def no_factor(right: Any) -> Any:
    return lambda given, wanted, name: units.Factor(1, 1) if right(given, wanted, name) else None


def bounds_as_values(right: Any) -> Any:
    return lambda value, sign, bounds: (value, None)


def no_range(right: Any) -> Any:
    return lambda found, field: None


def commas_are_points(right: Any) -> Any:
    def wrong(texts: pa.Array, spelling: Any) -> Converted:
        found: Converted = right(texts, replace(spelling, decimal=(".", ",")))
        return found

    return wrong


def faults_keep_their_values(right: Any) -> Any:
    return lambda self: self


def faults_are_not_reported(right: Any) -> Any:
    def wrong(remarks: Any, count: int) -> Any:
        return []

    return wrong


def case_matters(right: Any) -> Any:
    return lambda text: coded.tidy(text)


def every_condition_alone(right: Any) -> Any:
    def wrong(self: Any, when: Any, also_missing: Any = None) -> Any:
        found = np.zeros(len(self), bool)
        for name, condition in when.items():
            found |= right(self, {name: condition}, also_missing)[0]
        return found, {}

    return wrong


def what_is_no_number_compares_as_false(right: Any) -> Any:
    def wrong(self: Any, when: Any, also_missing: Any = None) -> Any:
        return right(self, when, also_missing)[0], {}

    return wrong


def declared_missing_compares(right: Any) -> Any:
    return lambda column, condition, missing, numbers_: right(
        column, condition, frozenset(), numbers_
    )


def unknown_marks_are_no(right: Any) -> Any:
    def wrong(self: Any, names: Any) -> Any:
        marks, odd, absent = right(self, names)
        return marks, odd, np.zeros_like(absent)

    return wrong


def conflicts_pick_the_first(right: Any) -> Any:
    def wrong(found: Any, rows_: Any, patients_: Any, *more: Any) -> Any:
        return np.zeros(len(patients_), bool)

    return wrong


def earliest_is_latest(right: Any) -> Any:
    def wrong(found: Any, take_: str, near: Any) -> Any:
        order = right(found, take_, near)
        return -order if order is not None and take_ in ("earliest", "latest") else order

    return wrong


def days_from_is_off_by_one(right: Any) -> Any:
    def wrong(self: Any, found: Any, anchors: pa.Array) -> Any:
        shifted = pc.add(anchors.cast(pa.int32()), pa.scalar(1, pa.int32())).cast(pa.date32())
        return right(self, found, shifted)

    return wrong


def age_without_birthday(right: Any) -> Any:
    return lambda born, day: np.asarray((day - born) // 365, np.int64)


def zeros_are_not_padded(right: Any) -> Any:
    return lambda texts, digits: texts


def repeats_stay(right: Any) -> Any:
    return lambda rows_, findings: None


def repeats_vanish(right: Any) -> Any:
    def wrong(rows_: Any, findings: Any) -> None:
        right(rows_, Findings("nobody"))

    return wrong


def torn_keys_are_forgotten(right: Any) -> Any:
    return lambda hashes: np.zeros(0, np.uint64)


def corrections_ignore_what_stands(right: Any) -> Any:
    def wrong(number: int, correction: Any, rows_: Any, *more: Any) -> None:
        column = rows_.columns[correction.column]
        at = np.flatnonzero(rows_.numbers == (correction.row or 2))
        text = column.raw_rows(at)[0].as_py() if len(at) else correction.was
        right(number, correction.model_copy(update={"was": text}), rows_, *more)

    return wrong


def orphans_are_dropped(right: Any) -> Any:
    def wrong(self: Any, findings: Any, counted: Any) -> None:
        lost = self.looked & (self.owners == patients.ORPHAN)
        right(self, findings, counted)
        counted.quarantined -= int(lost.sum())

    return wrong


def rows_are_lost(right: Any) -> Any:
    def wrong(self: Any, given: Any) -> None:
        right(self, given)
        self.left_out -= int((given.fates == Fate.LEFT_OUT).sum() > 0)

    return wrong


def whoever_is_set_aside_stays(right: Any) -> Any:
    return lambda self, out, reasons: None


# --- who notices ---------------------------------------------------------------------------------


def table(test: Callable[..., None], cases: list[tuple[Any, ...]]) -> Callable[[], None]:
    """A test over all rows of its own table."""

    def noticed() -> None:
        for case in cases:
            test(*case[1:])

    return noticed


UNMAPPED = table(
    test_rules_values.test_an_unmapped_value_is_a_finding_not_missing, test_rules_values.REFUSED
)
TEXTS = table(test_rules_values.test_a_text_becomes_what_the_mapping_says, test_rules_values.READ)
DATES = table(test_rules_dates.test_a_date_is_read_as_the_mapping_says, test_rules_dates.READ)
NO_DATES = table(
    test_rules_dates.test_what_is_no_date_is_a_finding_and_never_rolls_over,
    test_rules_dates.REFUSED,
)
NUMBERS = table(
    test_rules_numbers.test_a_number_is_read_as_the_mapping_says, test_rules_numbers.READ
)
NO_NUMBERS = table(
    test_rules_numbers.test_what_is_no_number_is_a_finding_and_never_missing,
    test_rules_numbers.REFUSED,
)
CONVERTED = table(
    test_rules_numbers.test_a_column_in_one_unit_is_converted_exactly,
    [("", *case) for case in test_rules_numbers.CONVERTED],
)
TAKEN = table(
    test_rules_rows.test_the_row_that_counts_is_the_one_the_mapping_names, test_rules_rows.TAKEN
)


def condition_holds() -> None:
    test_rules_values.test_a_condition_holds_or_does_not("> 5", "99", False)


def condition_open() -> None:
    test_rules_values.test_a_condition_holds_or_does_not("< 5", "abc", None)


def any_of_unknown() -> None:
    test_rules_values.test_any_mark_is_a_yes_and_what_is_unknown_is_never_a_no(
        {"a": "n.d."}, "any_of: [a, b], otherwise: no, missing: n.d.", None, []
    )


def cases_need_all() -> None:
    test_rules_values.test_the_first_case_whose_conditions_all_hold_counts(
        {"a": "t-LAM", "b": "n.d.", "c": "5"}, "PR", []
    )


def conflict_rows() -> None:
    test_rules_rows.test_rows_that_contradict_each_other_are_findings_not_silent_picks(
        "from: v.x", "differs between the rows of one patient, so none of them was taken"
    )


def days_counted() -> None:
    test_rules_dates.test_days_are_counted_from_the_date_they_name(
        "days_from: start_date", "31", date(2019, 2, 1)
    )


def birthdays() -> None:
    test_rules_dates.test_an_age_counts_birthdays("1950-01-02", 68)


def repeated_first() -> None:
    test_rules_rows.test_of_repeated_rows_the_declared_one_stays("repeated: first", 1.0, 2, 2)


def stale_correction() -> None:
    test_rules_rows.test_a_correction_whose_text_no_longer_stands_is_reported("row: 2")


CLOSED = convert.Conversion
BUGS = [
    Bug(
        "an unmapped value becomes null",
        replaced(CLOSED, "_read_closed", unmapped_becomes_missing),
        UNMAPPED,
    ),
    Bug(
        "an unmapped value becomes declared missing",
        replaced(CLOSED, "_read_closed", unmapped_becomes_declared_missing),
        UNMAPPED,
    ),
    Bug(
        "an unmapped value becomes a default",
        replaced(CLOSED, "_read_closed", unmapped_becomes_the_first_term),
        UNMAPPED,
    ),
    Bug("the nearest term decides", replaced(CLOSED, "_read_closed", nearest_decides), UNMAPPED),
    Bug("a day rolls over", replaced(convert, "read_dates", days_roll_over), NO_DATES),
    Bug(
        "an unreadable date is missing",
        replaced(convert, "read_dates", unreadable_dates_are_missing),
        NO_DATES,
    ),
    Bug(
        "a day is imputed in silence",
        replaced(convert, "read_dates", imputed_in_silence),
        test_rules_dates.test_an_imputed_day_is_noted_with_what_was_known,
    ),
    Bug(
        "two digits are always this century",
        replaced(dates, "_read_format", century_is_always_this_one),
        DATES,
    ),
    Bug("a factor upside down", replaced(convert, "factor_between", factor_upside_down), CONVERTED),
    Bug("no factor at all", replaced(convert, "factor_between", no_factor), CONVERTED),
    Bug("a bound is a value", replaced(numbers, "_take_bound", bounds_as_values), NO_NUMBERS),
    Bug("a comma is a point", replaced(convert, "read_numbers", commas_are_points), NO_NUMBERS),
    Bug(
        "nothing is impossible",
        replaced(convert, "check_range", no_range),
        test_rules_numbers.test_an_impossible_value_is_withdrawn_and_an_unusual_one_kept,
    ),
    Bug(
        "a finding leaves its value behind",
        replaced(Converted, "seal", faults_keep_their_values),
        test_rules_numbers.test_an_impossible_value_is_withdrawn_and_an_unusual_one_kept,
    ),
    Bug(
        "a fault is not reported",
        replaced(rule_on_rows, "by_check", faults_are_not_reported),
        NO_NUMBERS,
    ),
    Bug("case matters", replaced(convert, "fold", case_matters), TEXTS),
    Bug(
        "one condition of a case is enough",
        replaced(rows.Rows, "judging", every_condition_alone),
        cases_need_all,
    ),
    Bug(
        "what is no number is less than any",
        replaced(rows.Rows, "judging", what_is_no_number_compares_as_false),
        condition_open,
    ),
    Bug(
        "a number that means missing compares",
        replaced(rows, "judge", declared_missing_compares),
        condition_holds,
    ),
    Bug(
        "an unknown mark is a no",
        replaced(marks, "_marks", unknown_marks_are_no),
        any_of_unknown,
    ),
    Bug(
        "rows that disagree pick the first",
        replaced(take, "_report_conflicts", conflicts_pick_the_first),
        conflict_rows,
    ),
    Bug("earliest is latest", replaced(take, "_order", earliest_is_latest), TAKEN),
    Bug(
        "days count from the day after",
        replaced(counting, "finish_counting", days_from_is_off_by_one),
        days_counted,
    ),
    Bug(
        "years without birthdays",
        replaced(counting, "_completed_years", age_without_birthday),
        birthdays,
    ),
    Bug(
        "zeros are not put back",
        replaced(prepare, "pad_ids", zeros_are_not_padded),
        test_rules_rows.test_tables_are_joined_by_keys_whose_zeros_were_lost,
    ),
    Bug(
        "repeated rows both stay",
        replaced(harmonize, "resolve_repeats", repeats_stay),
        repeated_first,
    ),
    Bug(
        "repeated rows vanish unsaid",
        replaced(harmonize, "resolve_repeats", repeats_vanish),
        repeated_first,
    ),
    Bug(
        "a torn key comes back",
        replaced(harmonize, "repeated_hashes", torn_keys_are_forgotten),
        test_rules_rows.test_a_torn_key_that_comes_back_in_a_later_batch_does_not_enter,
    ),
    Bug(
        "a correction overwrites what was mended",
        replaced(prepare, "_correct", corrections_ignore_what_stands),
        stale_correction,
    ),
    Bug(
        "rows of nobody are dropped",
        replaced(second_table.SecondTable, "close", orphans_are_dropped),
        test_rules_rows.test_a_row_that_belongs_to_nobody_is_quarantined,
    ),
    Bug(
        "a row left out is not counted",
        replaced(balance.RowBalance, "count", rows_are_lost),
        test_rules_rows.test_rows_left_out_carry_their_reason,
    ),
    Bug(
        "whoever is set aside stays",
        replaced(patients.Patients, "set_aside", whoever_is_set_aside_stays),
        test_rules_rows.test_rows_follow_the_fate_of_their_patient,
    ),
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_makes_its_test_fail(bug: Bug) -> None:
    bug.noticed_by()
    with pytest.MonkeyPatch.context() as monkeypatch:
        bug.plant(monkeypatch)
        with pytest.raises((AssertionError, ValueError)):
            bug.noticed_by()


@pytest.mark.parametrize(
    "plant",
    [
        replaced(CLOSED, "_read_closed", unmapped_becomes_missing),
        replaced(rule_on_rows, "by_check", faults_are_not_reported),
    ],
    ids=["an unmapped value becomes null", "a fault is not reported"],
)
def test_a_cell_that_falls_through_stops_the_run_itself(plant: Patch) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        plant(monkeypatch)
        with pytest.raises(Imbalance, match="1 cells filled, 0 accounted for"):
            read("from: x, values: { M: male }", "donna", field="sex")


def test_a_row_that_is_nowhere_stops_the_run_itself() -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        replaced(balance.RowBalance, "count", rows_are_lost)(monkeypatch)
        loaded = mapping_of("sex: { from: x }", table="where: { x: male }")
        with pytest.raises(Imbalance, match="2 rows delivered, 1 accounted for"):
            outcome_of(loaded, [{"id": "1", "x": "male"}, {"id": "2", "x": "female"}])
