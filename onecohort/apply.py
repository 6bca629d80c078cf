"""One field's rule over the rows of a table: a typed value and a state for each row.

What the rule says of distinct texts is carried to the rows here, and every finding gets its address. A
value that needs another field of the same patient (an age, days since a date) is finished here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.findings import Findings, Severity
from onecohort.mapping.language import FieldRule, When
from onecohort.rows import Fate, Index, Rows
from onecohort.rules.coded import Coded, Mask, combine, encode_texts, fold, is_listed
from onecohort.rules.convert import Conversion, build_conversion, convert_with_units
from onecohort.rules.dates import read_dates
from onecohort.rules.numbers import read_numbers
from onecohort.rules.outcome import Converted, Remark, State, States
from onecohort.rules.ranges import check_dates, check_range
from onecohort.schema import CohortSchema, Field

MANY_DAYS = 3_000_000  # more than from 1900 to the last year of four digits


@dataclass
class FieldRows:
    """What a rule gave for each row of a table.

    values      (n,) typed; null but where carried
    states      (n,) `State`
    column      name of the column that a row's value came from; one name, or one per row
    reported    (n,) True where the row has a finding of this rule
    domain      (n,) True where the rule looked at the row at all
    order       (n,) days of the `by` column; None without one
    """

    field: Field
    rule: FieldRule
    values: pa.Array
    states: States
    columns: tuple[str, ...]
    reported: Mask
    domain: Mask
    precision: pa.Array | None = None
    order: npt.NDArray[np.float64] | None = None
    by_reported: Mask | None = None
    raw: Coded | None = None  # the column whose text explains the value, where there is one
    understood: Mask | None = None  # rows whose cells were read though they gave no value

    @property
    def carried(self) -> Mask:
        """(n,) True where a value was carried."""
        return np.asarray(self.states == State.CARRIED)


@dataclass
class Context:
    """What all rules of a center share."""

    schema: CohortSchema
    findings: Findings
    as_of: date
    user_missing: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)  # field -> its line in the mapping

    def severity(self, check: str, default: Severity) -> Severity:
        """The severity that the study declares for a check."""
        policy = self.schema.policies.get(check)
        return Severity(policy.severity) if policy else default

    def rule_name(self, field_name: str) -> str:
        """A field's rule as findings name it, with its line in the mapping."""
        line = self.lines.get(field_name)
        return f"fields.{field_name}" + (f" (line {line})" if line else "")


def apply_rule(rows: Rows, wanted: Field, rule: FieldRule, context: Context) -> FieldRows:
    """Apply one rule to all kept rows of a table.

    What counts from another date (`days_from`, `age_at`) is only read here; `count_from` finishes it.
    """
    judged = _Rule(rows, wanted, rule, context, rows.fates == Fate.KEPT)
    if rule.where:
        judged.domain = judged.domain & judged.matching(rule.where)
    if rule.constant is not None:
        found = judged.constant()
    elif rule.first_of:
        found = judged.first_of(rule.first_of)
    elif rule.any_of:
        found = judged.any_of(rule.any_of)
    elif rule.cases:
        found = judged.cases()
    elif rule.filled_from:
        found = judged.filled_from(rule.filled_from)
    else:
        found = judged.one_column(rule.from_ or "")
    if rule.by:
        judged.order_by(found, rule.by)
    return found


def count_from(
    rows: Rows, found: FieldRows, anchors: pa.Array, here: Mask, context: Context
) -> FieldRows:
    """Finish a rule whose cells count from another date of the same patient.

    anchors     (n,) date32, the patient's date
    here        (n,) True for the rows whose patients are at hand; the others are left for their batch
    """
    judged = _Rule(rows, found.field, found.rule, context, found.domain & here)
    return judged.count_from(found, anchors)


@dataclass
class _Rule:
    rows: Rows
    wanted: Field
    rule: FieldRule
    context: Context
    domain: Mask

    def declared(self, column: str) -> frozenset[str]:
        """Texts that the file itself declares missing for a column."""
        return self.context.user_missing.get(self.rows.table, {}).get(column, frozenset())

    def missing(self, column: str) -> frozenset[str]:
        """Folded texts that mean "not known" in a column: the table's, the rule's and the file's."""
        return self.rows.missing | frozenset(
            map(fold, (*self.rule.missing, *self.declared(column)))
        )

    def matching(self, when: When) -> Mask:
        return self.rows.matching(when, self.missing)

    def absent(self, name: str) -> Mask:
        """(n,) True where a text stands that is declared to mean: not known."""
        column = self.rows.columns[name]
        listed = is_listed(column.texts, self.missing(name) - {""})
        return column.per_row(listed & ~column.blank)

    def conversion(self, column: str) -> Conversion:
        declared = self.declared(column)
        return build_conversion(
            self.wanted, self.rule, self.rows.rule, as_of=self.context.as_of, missing=declared
        )

    def one_column(self, name: str) -> FieldRows:
        column = self.rows.columns[name]
        convert = self.conversion(name)
        if self.rule.unit_when:
            return self.by_conditions(convert, column, name)
        if self.rule.unit_from:
            units = self.rows.columns[self.rule.unit_from]
            codes, pairs = combine((column, units))
            converted = convert_with_units(convert, column.texts, units.texts, pairs)
            return self.carry(converted, codes, column, (name,))
        return self.carry(convert(column.texts), column.codes, column, (name,))

    def by_conditions(self, convert: Conversion, column: Coded, name: str) -> FieldRows:
        """The unit of each cell by a condition on its row, noted because nobody wrote it there."""
        cases = self.rule.unit_when or ()
        chosen = np.full(len(self.rows), len(cases), np.int32)
        for number in reversed(range(len(cases))):
            chosen[self.matching(cases[number].when)] = number
        units = pa.array([*(case.unit for case in cases), ""], pa.string())
        codes, pairs = combine((column, encode_texts(chosen, units)))
        found = self.carry(
            convert_with_units(convert, column.texts, units, pairs), codes, column, (name,)
        )
        concluded = np.flatnonzero(found.carried & (chosen < len(cases)))
        message = "has no unit; taken in the one that a condition of the mapping names"
        hint = units.take(pa.array(chosen[concluded]))
        self.add("unit.concluded", Severity.NOTE, name, concluded, message, hint)
        return found

    def filled_from(self, names: Sequence[str]) -> FieldRows:
        """The first filled of several columns; each cell keeps its own column as address."""
        chosen = np.full(len(self.rows), -1)
        absent = np.zeros(len(self.rows), bool)
        parts: list[pa.Array] = []
        codes = np.zeros(len(self.rows), np.int32)
        offset = 0
        for number, name in enumerate(names):
            column = self.rows.columns[name]
            unknown = self.absent(name)
            absent |= unknown
            here = (chosen < 0) & ~column.blank_rows & ~unknown
            chosen[here] = number
            codes[here] = column.codes[here] + offset
            parts.append(column.raw)
            offset += len(column.raw)
        codes[chosen < 0] = offset
        column = encode_texts(codes, pa.concat_arrays([*parts, pa.array([""], pa.string())]))
        found = self.carry(
            self.conversion(names[0])(column.texts), codes, column, tuple(names), chosen
        )
        found.understood = self.domain & ~found.reported & (chosen >= 0)
        found.states[self.domain & absent & (chosen < 0)] = State.MISSING
        return found

    def constant(self) -> FieldRows:
        texts = pa.array([self.rule.constant], pa.string())
        column = encode_texts(np.zeros(len(self.rows), np.int32), texts)
        return self.carry(self.literals([self.rule.constant or ""]), column.codes, None, ())

    def literals(self, texts: Sequence[str | None]) -> Converted:
        """Values that the mapping's author typed, read by the field's kind."""
        plain = FieldRule.model_validate({"from": "-", "dates": ["%Y-%m-%d"], "impute": "none"})
        convert = build_conversion(
            self.wanted, plain, self.rows.rule.model_copy(update={"decimal": (".",), "thousands": None}),
            as_of=self.context.as_of,
        )  # fmt: skip
        return convert(pa.array([text or "" for text in texts], pa.string()))

    def marks(self, names: Sequence[str]) -> tuple[list[Mask], Mask, Mask]:
        """Per column where it is marked; where any holds neither a mark nor its absence; where any is
        declared missing.
        """
        marked = frozenset(map(fold, self.rule.marked or ("x", "1", "yes", "true", "sì", "si")))
        unmarked = frozenset(map(fold, self.rule.unmarked or ("0", "no", "false"))) - marked
        found, odd = [], np.zeros(len(self.rows), bool)
        absent = np.zeros(len(self.rows), bool)
        for name in names:
            column = self.rows.columns[name]
            hit = column.where(lambda text: fold(text) in marked)
            clear = column.blank_rows | column.where(lambda text: fold(text) in unmarked)
            unknown = self.domain & self.absent(name) & ~hit
            wrong = self.domain & ~hit & ~clear & ~unknown
            self.report(
                wrong, name, Remark("mark.unlisted", "is neither a mark nor the absence of one",
                "list it under marked or unmarked"))  # fmt: skip
            found.append(hit & self.domain)
            odd |= wrong
            absent |= unknown
        return found, odd, absent

    def first_of(self, names: Sequence[str]) -> FieldRows:
        marks, odd, absent = self.marks(names)
        chosen = np.full(len(self.rows), len(names), np.int32)
        for number in reversed(range(len(names))):
            chosen[marks[number]] = number
        several = np.sum(marks, axis=0) > 1
        self.report(
            several, names[0], Remark("mark.several", "has several marks; the first was taken",
            "leave one mark"))  # fmt: skip
        meant = {fold(text): target for text, target in (self.rule.values or {}).items()}
        texts = [meant.get(fold(name), name) for name in names]
        found = self.carry(self.literals([*texts, self.rule.otherwise]), chosen, None, tuple(names))
        return self.with_open(found, chosen == len(names), odd, absent, several)

    def any_of(self, names: Sequence[str]) -> FieldRows:
        marks, odd, absent = self.marks(names)
        chosen = np.where(np.any(marks, axis=0), 0, 1).astype(np.int32)
        found = self.carry(self.literals(["yes", self.rule.otherwise]), chosen, None, tuple(names))
        return self.with_open(found, chosen == 1, odd, absent, np.zeros(len(self.rows), bool))

    def with_open(
        self, found: FieldRows, unmarked: Mask, odd: Mask, absent: Mask, several: Mask
    ) -> FieldRows:
        """Where nothing is marked, a mark that cannot be read, or is not known, leaves the value open."""
        found.states[unmarked & absent] = State.MISSING
        found.states[unmarked & odd] = State.FAULT
        open_ = pa.array(unmarked & (absent | odd))
        found.values = pc.if_else(open_, pa.scalar(None, found.values.type), found.values)
        found.reported |= odd | several
        found.understood = self.domain & ~found.reported & (found.states != State.MISSING)
        return found

    def cases(self) -> FieldRows:
        assert self.rule.cases is not None
        chosen = np.full(len(self.rows), len(self.rule.cases), np.int32)
        for number in reversed(range(len(self.rule.cases))):
            chosen[self.matching(self.rule.cases[number].when)] = number
        names = tuple(dict.fromkeys(name for case in self.rule.cases for name in case.when))
        texts = [*(case.then for case in self.rule.cases), self.rule.otherwise]
        found = self.carry(self.literals(texts), chosen, None, names)
        if self.rule.otherwise is None:
            self.unmatched(found, names, chosen == len(self.rule.cases))
        return found

    def unmatched(self, found: FieldRows, names: Sequence[str], open_: Mask) -> None:
        """No case holds: a finding where any column says something, missing where none does."""
        silent = np.ones(len(self.rows), bool)
        for name in names:
            column = self.rows.columns[name]
            absent = self.absent(name)
            says = open_ & self.domain & silent & ~column.blank_rows & ~absent
            self.report(
                says, name, Remark("cases.unmatched", "no case covers what stands here",
                "add a case, or `otherwise`"))  # fmt: skip
            found.reported |= says
            found.states[says] = State.FAULT
            silent &= ~says
            declared = open_ & self.domain & absent
            found.states[declared & (found.states == State.BLANK)] = State.MISSING

    def carry(
        self,
        converted: Converted,
        codes: npt.NDArray[np.int32],
        raw: Coded | None,
        columns: tuple[str, ...],
        chosen: npt.NDArray[np.int64] | None = None,
    ) -> FieldRows:
        """Carry the outcome of distinct texts to the rows, and report what they gave rise to."""
        taken = pa.array(codes)
        whole = bool(self.domain.all())
        values = converted.values.take(taken)
        states = converted.states[codes]
        precision = converted.precision.take(taken) if converted.precision is not None else None
        if not whole:
            outside = pa.array(~self.domain)
            values = pc.if_else(outside, pa.scalar(None, values.type), values)
            states[~self.domain] = State.BLANK
            if precision is not None:
                precision = pc.if_else(outside, pa.scalar(None, pa.string()), precision)
        found = FieldRows(
            self.wanted, self.rule, values, states, columns, np.zeros(len(codes), bool), self.domain,
            precision, raw=raw,
        )  # fmt: skip
        for remarks, severity in (
            (converted.remarks, Severity.WARNING),
            (converted.notes, Severity.NOTE),
        ):
            for hit, messages, hints, check in _by_check(remarks, len(converted.states)):
                at = np.flatnonzero(hit[codes] & self.domain)
                for name, some in _by_column(columns, at, chosen):
                    where = pa.array(codes[some])
                    given = raw.raw_rows(some) if raw is not None else None
                    self.add(
                        check, severity, name, some, messages.take(where), hints.take(where), given
                    )
                if severity is Severity.WARNING:
                    found.reported[at] = True
        return found

    def report(self, hit: Mask, name: str | None, remark: Remark) -> None:
        """Report some rows, at a column."""
        self.add(
            remark.check, Severity.WARNING, name, np.flatnonzero(hit), remark.message, remark.hint
        )

    def add(
        self,
        check: str,
        severity: Severity,
        name: str | None,
        at: Index,
        message: str | pa.Array,
        hint: str | pa.Array,
        raw: pa.Array | None = None,
    ) -> None:
        """Add a finding for each of some rows; a joined column's stand where they were delivered."""
        address = self.rows.address(name, at)
        self.context.findings.add(
            check=check,
            severity=self.context.severity(check, severity),
            rows=address.rows,
            export=address.export,
            sheet=address.sheet,
            column=address.column,
            field=self.wanted.name,
            raw=raw if raw is not None else address.raw,
            rule=self.context.rule_name(self.wanted.name),
            message=message,
            hint=hint,
        )

    def count_from(self, found: FieldRows, anchors: pa.Array) -> FieldRows:
        """The rows of the domain with an age, or a date, that counts from another date."""
        anchored = pc.is_valid(anchors).to_numpy(zero_copy_only=False)
        start = (
            anchors.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        )
        read = found.carried & self.domain
        states = np.where(self.domain, found.states, State.BLANK).astype(np.uint8)
        lost = read & ~anchored
        states[lost] = State.FAULT
        carried = states == State.CARRIED
        if self.rule.days_from:
            counted = found.values.fill_null(0).to_numpy(zero_copy_only=False)
            # Far beyond any calendar is far enough: no number of days may wrap around into a date.
            days = start + np.rint(np.clip(counted, -MANY_DAYS, MANY_DAYS)).astype(np.int64)
            values = pa.array(days.astype(np.int32), pa.int32(), mask=~carried).cast(pa.date32())
        else:
            born = found.values.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
            years = _completed_years(born.astype(np.int64), start)
            values = pa.array(years, pa.int64(), mask=~carried).cast(self.wanted.arrow_type)
        column = found.columns[0] if found.columns else None
        reported = found.reported & self.domain
        anchor = self.rule.days_from or self.rule.age_at
        message = f"cannot be counted, because {anchor} is missing"
        self.report(lost, column, Remark("anchor.missing", message, f"look at {anchor}"))
        ranged = Converted(values, states)
        check_range(ranged, self.wanted)
        check_dates(ranged, self.context.as_of)
        reported |= lost
        for hit, messages, hints, check in _by_check(ranged.remarks, len(states)):
            at = np.flatnonzero(hit)
            where = pa.array(at)
            self.add(check, Severity.WARNING, column, at, messages.take(where), hints.take(where))
            reported |= hit
        return replace(found, values=ranged.seal().values, states=states, reported=reported,
            domain=self.domain, precision=None)  # fmt: skip

    def order_by(self, found: FieldRows, by: str) -> None:
        """Read the date column by which rows are ordered; a value without its date is a finding."""
        column = self.rows.columns[by]
        convert = build_conversion(
            self.wanted, FieldRule.model_validate({"from": by, "impute": "first"}), self.rows.rule,
            as_of=self.context.as_of,
        )  # fmt: skip
        read = read_dates(column.texts, convert.dates).seal()
        days = read.values.cast(pa.int32()).cast(pa.float64())
        numbers = read_numbers(column.texts, convert.numbers)
        if days.null_count == len(days) and not numbers.remarks:  # visits by number, not by date
            read, days = numbers, numbers.values
        found.order = pc.fill_null(days, np.nan).to_numpy(zero_copy_only=False)[column.codes]
        faulty = np.zeros(len(column.texts), bool)
        absent = self.absent(by)
        for hit, messages, hints, check in _by_check(read.remarks, len(column.texts)):
            at = np.flatnonzero(hit[column.codes] & self.domain & ~absent)
            where = pa.array(column.codes[at])
            self.add(check, Severity.WARNING, by, at, messages.take(where), hints.take(where))
            faulty |= hit
        found.by_reported = faulty[column.codes] & ~absent
        undated = found.carried & np.isnan(found.order)
        name = found.columns[0] if found.columns else by
        hint = f"put the date in {by}, or correct it by `row:` in the mapping"
        what = f"has no date in {by}, so nobody knows whether it counts"
        self.report(undated, name, Remark("order.missing", what, hint))
        found.states[undated] = State.FAULT
        found.reported |= undated


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


def _by_column(
    columns: tuple[str, ...], at: Index, chosen: npt.NDArray[np.int64] | None
) -> list[tuple[str | None, Index]]:
    """Some rows by the column that their value came from."""
    if chosen is None:
        return [(columns[0] if columns else None, at)]
    return [(name, at[chosen[at] == number]) for number, name in enumerate(columns)]


def _by_check(
    remarks: Mapping[int, Remark], count: int
) -> list[tuple[Mask, pa.Array, pa.Array, str]]:
    """Remarks grouped by check: which texts, and per text its message and hint."""
    grouped = []
    for check in sorted({remark.check for remark in remarks.values()}):
        hit = np.zeros(count, bool)
        messages: list[str | None] = [None] * count
        hints: list[str | None] = [None] * count
        for number, remark in remarks.items():
            if remark.check == check:
                hit[number] = True
                messages[number], hints[number] = remark.message, remark.hint
        grouped.append((hit, pa.array(messages, pa.string()), pa.array(hints, pa.string()), check))
    return grouped
