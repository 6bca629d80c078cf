"""One field's rule over the rows of a table: a typed value and a state for each row.

What the rule says of distinct texts is carried to the rows here, and every finding gets its address. A
value that needs another field of the same patient (an age, days since a date) is finished here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.findings import Findings, Severity
from onecohort.mapping.language import FieldRule
from onecohort.rows import Fate, Index, Rows
from onecohort.rules.coded import Coded, Mask, combine, encode_texts, fold
from onecohort.rules.convert import Conversion, build_conversion, convert_with_units
from onecohort.rules.dates import read_dates
from onecohort.rules.outcome import Converted, Remark, State, States
from onecohort.rules.ranges import check_dates, check_range
from onecohort.rules.units import factor_between
from onecohort.schema import CohortSchema, Field


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


def apply_rule(
    rows: Rows, wanted: Field, rule: FieldRule, context: Context, anchors: pa.Array | None = None
) -> FieldRows:
    """Apply one rule to all kept rows of a table.

    anchors     (n,) date32, the date of the same patient that `days_from`, `age_at` count from
    """
    domain = rows.fates == Fate.KEPT
    if rule.where:
        domain = domain & rows.matching(rule.where)
    judged = _Rule(rows, wanted, rule, context, domain)
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
    if anchors is not None and (rule.days_from or rule.age_at):
        judged.count_from(found, anchors)
    if rule.by:
        judged.order_by(found, rule.by)
    return found


def column_of(reference: str, tables: Sequence[str]) -> str:
    """The column that `table.column` or `column` names."""
    head, _, tail = reference.partition(".")
    return tail if tail and head in tables else reference


@dataclass
class _Rule:
    rows: Rows
    wanted: Field
    rule: FieldRule
    context: Context
    domain: Mask

    def conversion(self, column: str) -> Conversion:
        declared = self.context.user_missing.get(self.rows.table, {}).get(column, frozenset())
        return build_conversion(
            self.wanted, self.rule, self.rows.rule, as_of=self.context.as_of, missing=declared
        )

    def one_column(self, name: str) -> FieldRows:
        column = self.rows.columns[name]
        convert = self.conversion(name)
        if self.rule.unit_from:
            units = self.rows.columns[self.rule.unit_from]
            codes, pairs = combine((column, units))
            converted = convert_with_units(convert, column.texts, units.texts, pairs)
            return self.carry(converted, codes, column, (name, self.rule.unit_from))
        return self.carry(convert(column.texts), column.codes, column, (name,))

    def filled_from(self, names: Sequence[str]) -> FieldRows:
        """The first filled of several columns; each cell keeps its own column as address."""
        chosen = np.full(len(self.rows), -1)
        parts: list[pa.Array] = []
        codes = np.zeros(len(self.rows), np.int32)
        offset = 0
        for number, name in enumerate(names):
            column = self.rows.columns[name]
            here = (chosen < 0) & ~column.blank_rows & ~self.absent(column)
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

    def marks(self, names: Sequence[str]) -> tuple[list[Mask], Mask]:
        """Per column where it is marked; and where any column holds neither a mark nor its absence."""
        marked = frozenset(map(fold, self.rule.marked or ("x", "1", "yes", "true", "sì", "si")))
        unmarked = frozenset(map(fold, self.rule.unmarked or ("0", "no", "false"))) - marked
        found, odd = [], np.zeros(len(self.rows), bool)
        for name in names:
            column = self.rows.columns[name]
            hit = column.where(lambda text: fold(text) in marked)
            clear = column.blank_rows | column.where(lambda text: fold(text) in unmarked)
            wrong = self.domain & ~hit & ~clear & ~self.absent(column)
            self.report(
                wrong, column, name, Remark("mark.unlisted", "is neither a mark nor the absence of one",
                "list it under marked or unmarked"), Severity.WARNING,
            )  # fmt: skip
            found.append(hit & self.domain)
            odd |= wrong
        return found, odd

    def first_of(self, names: Sequence[str]) -> FieldRows:
        marks, odd = self.marks(names)
        chosen = np.full(len(self.rows), len(names), np.int32)
        for number in reversed(range(len(names))):
            chosen[marks[number]] = number
        several = np.sum(marks, axis=0) > 1
        column = self.rows.columns[names[0]]
        self.report(
            several, column, names[0], Remark("mark.several", "has several marks; the first was taken",
            "leave one mark"), Severity.WARNING,
        )  # fmt: skip
        meant = {fold(text): target for text, target in (self.rule.values or {}).items()}
        texts = [meant.get(fold(name), name) for name in names]
        found = self.carry(self.literals([*texts, self.rule.otherwise]), chosen, None, tuple(names))
        return self.with_odd(found, odd & (chosen == len(names)), several)

    def any_of(self, names: Sequence[str]) -> FieldRows:
        marks, odd = self.marks(names)
        chosen = np.where(np.any(marks, axis=0), 0, 1).astype(np.int32)
        found = self.carry(self.literals(["yes", self.rule.otherwise]), chosen, None, tuple(names))
        return self.with_odd(found, odd & (chosen == 1), odd)

    def with_odd(self, found: FieldRows, odd: Mask, reported: Mask) -> FieldRows:
        """Withdraw what an unreadable mark leaves open."""
        found.understood = self.domain & ~reported
        if odd.any():
            found.states[odd] = State.FAULT
            found.values = pc.if_else(
                pa.array(odd), pa.scalar(None, found.values.type), found.values
            )
        found.reported |= odd | reported
        return found

    def cases(self) -> FieldRows:
        assert self.rule.cases is not None
        chosen = np.full(len(self.rows), len(self.rule.cases), np.int32)
        for number in reversed(range(len(self.rule.cases))):
            chosen[self.rows.matching(self.rule.cases[number].when)] = number
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
            says = open_ & self.domain & silent & ~column.blank_rows & ~self.absent(column)
            self.report(
                says, column, name, Remark("cases.unmatched", "no case covers what stands here",
                "add a case, or `otherwise`"), Severity.WARNING,
            )  # fmt: skip
            found.reported |= says
            found.states[says] = State.FAULT
            silent &= ~says
            declared = open_ & self.domain & self.absent(column)
            found.states[declared & (found.states == State.BLANK)] = State.MISSING

    def absent(self, column: Coded) -> Mask:
        """(n,) True where a text stands that is declared to mean: not known."""
        missing = self.rows.missing | frozenset(map(fold, self.rule.missing))
        if not missing:
            return np.zeros(len(column), bool)
        return column.where(lambda text: fold(text) in missing)

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
                where = pa.array(codes[at])
                name: str | pa.Array | None = columns[0] if columns else None
                if chosen is not None:
                    name = pa.array([columns[number] for number in chosen[at]])
                self.context.findings.add(
                    check=check,
                    severity=self.context.severity(check, severity),
                    rows=pa.array(self.rows.numbers[at]),
                    export=self.rows.export,
                    sheet=self.rows.sheet,
                    column=name,
                    field=self.wanted.name,
                    raw=raw.raw_rows(at) if raw is not None else self.raw_of(columns, at),
                    rule=self.context.rule_name(self.wanted.name),
                    message=messages.take(where),
                    hint=hints.take(where),
                )  # fmt: skip
                if severity is Severity.WARNING:
                    found.reported[at] = True
        return found

    def raw_of(self, columns: Sequence[str], at: Index) -> pa.Array | None:
        return self.rows.columns[columns[0]].raw_rows(at) if columns else None

    def report(
        self, hit: Mask, column: Coded | None, name: str, remark: Remark, severity: Severity
    ) -> None:
        at = np.flatnonzero(hit)
        self.context.findings.add(
            check=remark.check,
            severity=self.context.severity(remark.check, severity),
            rows=pa.array(self.rows.numbers[at]),
            export=self.rows.export,
            sheet=self.rows.sheet,
            column=name,
            field=self.wanted.name,
            raw=column.raw_rows(at) if column is not None else None,
            rule=self.context.rule_name(self.wanted.name),
            message=remark.message,
            hint=remark.hint,
        )

    def count_from(self, found: FieldRows, anchors: pa.Array) -> None:
        """Finish an age or a date that counts from another date of the same patient."""
        anchored = pc.is_valid(anchors).to_numpy(zero_copy_only=False)
        start = anchors.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
        carried = found.carried & anchored
        if self.rule.days_from:
            factor = factor_between(self.rule.unit or "d", "d", "")
            counted = found.values.fill_null(0).to_numpy(zero_copy_only=False)
            if factor is None:
                raise ValueError(f"{self.rule.unit!r} is not a unit of time")
            days = start + np.rint(counted).astype(np.int64)
            values = pa.array(days.astype(np.int32), pa.int32(), mask=~carried).cast(pa.date32())
        else:
            born = found.values.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False)
            years = _completed_years(born, start)
            values = pa.array(years, pa.int64(), mask=~carried)
            values = values.cast(self.wanted.arrow_type)
        lost = found.carried & ~anchored
        anchor = self.rule.days_from or self.rule.age_at
        column = found.columns[0] if found.columns else ""
        remark = Remark("anchor.missing", f"cannot be counted, because {anchor} is missing")
        self.report(lost, found.raw, column, remark, Severity.WARNING)
        found.reported |= lost
        found.states[lost] = State.FAULT
        found.values = values
        ranged = Converted(values, found.states)
        check_range(ranged, self.wanted)
        check_dates(ranged, self.context.as_of)
        found.values = ranged.seal().values
        for row, remark in ranged.remarks.items():
            hit = np.zeros(len(found.states), bool)
            hit[row] = True
            self.report(hit, found.raw, column, remark, Severity.WARNING)
            found.reported |= hit

    def order_by(self, found: FieldRows, by: str) -> None:
        """Read the date column by which rows are ordered."""
        column = self.rows.columns[by]
        convert = build_conversion(
            self.wanted, FieldRule.model_validate({"from": by, "impute": "first"}), self.rows.rule,
            as_of=self.context.as_of,
        )  # fmt: skip
        read = read_dates(column.texts, convert.dates).seal()
        days = read.values.cast(pa.int32()).cast(pa.float64())
        found.order = pc.fill_null(days, np.nan).to_numpy(zero_copy_only=False)[column.codes]
        faulty = np.zeros(len(column.texts), bool)
        for number, remark in read.remarks.items():
            faulty[number] = True
            hit = (column.codes == number) & self.domain & ~self.absent(column)
            self.report(hit, column, by, remark, Severity.WARNING)
        found.by_reported = faulty[column.codes]


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
