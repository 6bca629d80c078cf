"""One field's rule on the rows of one table: what every kind of rule needs to read cells and to report.

What a rule says of distinct texts is carried to the rows here, and every finding gets its address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.findings import Findings, Severity
from onecohort.mapping.language import FieldRule, When
from onecohort.rows import Index, Rows
from onecohort.rules.coded import Coded, Mask, fold, is_listed
from onecohort.rules.convert import Conversion, build_conversion
from onecohort.rules.outcome import Converted, Remark, State, States
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

    def declared_missing(self, table: str, column: str) -> frozenset[str]:
        """Folded texts that the file itself declares missing for a column."""
        return frozenset(map(fold, self.user_missing.get(table, {}).get(column, ())))

    def severity(self, check: str, default: Severity) -> Severity:
        """The severity that the study declares for a check."""
        policy = self.schema.policies.get(check)
        return Severity(policy.severity) if policy else default

    def rule_name(self, field_name: str) -> str:
        """A field's rule as findings name it, with its line in the mapping."""
        line = self.lines.get(field_name)
        return f"fields.{field_name}" + (f" (line {line})" if line else "")


@dataclass
class RuleOnRows:
    """A rule with the rows it looks at.

    domain    (n,) True for the rows that the rule takes
    """

    rows: Rows
    wanted: Field
    rule: FieldRule
    context: Context
    domain: Mask

    def declared(self, column: str) -> frozenset[str]:
        """Folded texts that a column's own table and its file declare to mean: not known."""
        there = self.rows.elsewhere.get(column)
        if there is not None:
            return there.missing
        return self.rows.missing | self.context.declared_missing(self.rows.table, column)

    def missing(self, column: str) -> frozenset[str]:
        """Folded texts that mean "not known" in a column: the table's, the rule's and the file's."""
        return self.declared(column) | frozenset(map(fold, self.rule.missing))

    def matching(self, when: When) -> Mask:
        """(n,) True where all conditions hold."""
        return self.rows.matching(when, self.missing)

    def first_holding(self, whens: Sequence[When]) -> tuple[npt.NDArray[np.int32], Mask]:
        """(n,) number of the first of some conditions that holds, and where nobody can tell.

        Where none holds the number is their count. A text that leaves open whether a condition holds,
        before one that does, is a finding.
        """
        chosen = np.full(len(self.rows), len(whens), np.int32)
        stuck = np.full(len(self.rows), -1, np.int32)
        judged = [self.rows.judging(when, self.missing) for when in whens]
        for number in reversed(range(len(whens))):
            hit, doubts = judged[number]
            for doubtful in doubts.values():
                stuck[doubtful] = number
            chosen[hit], stuck[hit] = number, -1
        for number, (_, doubts) in enumerate(judged):
            for name, doubtful in doubts.items():
                shown = ", ".join(whens[number][name])
                message = f"does not tell whether the condition {shown} holds"
                hint = "correct the cell, add the text to missing, or name it in a condition above"
                at = self.domain & doubtful & (stuck == number)
                self.report(at, name, Remark("condition.open", message, hint))
        return chosen, self.domain & (stuck >= 0)

    def absent(self, name: str) -> Mask:
        """(n,) True where a text stands that is declared to mean: not known."""
        column = self.rows.columns[name]
        listed = is_listed(column.texts, self.missing(name) - {""})
        return column.per_row(listed & ~column.blank)

    def conversion(self, column: str) -> Conversion:
        """The conversion of a column's texts by this rule."""
        declared = self.declared(column)
        return build_conversion(
            self.wanted, self.rule, self.rows.rule, as_of=self.context.as_of, missing=declared
        )

    def literals(self, texts: Sequence[str | None]) -> Converted:
        """Values that the mapping's author typed, read by the field's kind."""
        plain = FieldRule.model_validate({"from": "-", "dates": ["%Y-%m-%d"], "impute": "none"})
        convert = build_conversion(
            self.wanted, plain, self.rows.rule.model_copy(update={"decimal": (".",), "thousands": None}),
            as_of=self.context.as_of,
        )  # fmt: skip
        return convert(pa.array([text or "" for text in texts], pa.string()))

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
            for hit, messages, hints, check in by_check(remarks, len(converted.states)):
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


def _by_column(
    columns: tuple[str, ...], at: Index, chosen: npt.NDArray[np.int64] | None
) -> list[tuple[str | None, Index]]:
    """Some rows by the column that their value came from."""
    if chosen is None:
        return [(columns[0] if columns else None, at)]
    return [(name, at[chosen[at] == number]) for number, name in enumerate(columns)]


def by_check(
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
