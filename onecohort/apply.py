"""One field's rule over the rows of a table: a typed value and a state for each row."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.counting import order_by
from onecohort.findings import Severity
from onecohort.mapping.language import FieldRule
from onecohort.marks import take_any_marked, take_first_case, take_first_marked
from onecohort.rows import Fate, Rows
from onecohort.rule_on_rows import Context, FieldRows, RuleOnRows
from onecohort.rules.coded import Coded, combine, encode_texts
from onecohort.rules.convert import Conversion, convert_with_units
from onecohort.rules.outcome import State
from onecohort.schema import Field


def apply_rule(rows: Rows, wanted: Field, rule: FieldRule, context: Context) -> FieldRows:
    """Apply one rule to all kept rows of a table.

    What counts from another date (`days_from`, `age_at`) is only read here;
    `onecohort.counting.count_from` finishes it.
    """
    on = RuleOnRows(rows, wanted, rule, context, rows.fates == Fate.KEPT)
    if rule.where:
        on.domain = on.domain & on.matching(rule.where)
    found = _apply(on, rule)
    if rule.by:
        order_by(on, found, rule.by)
    return found


def _apply(on: RuleOnRows, rule: FieldRule) -> FieldRows:
    if rule.constant is not None:
        return _constant(on, rule.constant)
    if rule.first_of:
        return take_first_marked(on, rule.first_of)
    if rule.any_of:
        return take_any_marked(on, rule.any_of)
    if rule.cases:
        return take_first_case(on, rule.cases)
    if rule.filled_from:
        return _filled_from(on, rule.filled_from)
    return _one_column(on, rule.from_ or "")


def _one_column(on: RuleOnRows, name: str) -> FieldRows:
    column = on.rows.columns[name]
    convert = on.conversion(name)
    if on.rule.unit_when:
        return _by_conditions(on, convert, column, name)
    if on.rule.unit_from:
        units = on.rows.columns[on.rule.unit_from]
        codes, pairs = combine((column, units))
        converted = convert_with_units(convert, column.texts, units.texts, pairs)
        return on.carry(converted, codes, column, (name,))
    return on.carry(convert(column.texts), column.codes, column, (name,))


def _by_conditions(on: RuleOnRows, convert: Conversion, column: Coded, name: str) -> FieldRows:
    """The unit of each cell by a condition on its row, noted because nobody wrote it there."""
    cases = on.rule.unit_when or ()
    # Only of a value is it asked which unit it has; what is none is a finding of its own.
    is_value = column.per_row(convert.read(column.texts).states == State.CARRIED)
    asked = replace(on, domain=on.domain & is_value)
    chosen, stuck = asked.first_holding([case.when for case in cases])
    units = pa.array([*(case.unit for case in cases), ""], pa.string())
    codes, pairs = combine((column, encode_texts(chosen, units)))
    found = on.carry(
        convert_with_units(convert, column.texts, units, pairs), codes, column, (name,)
    )
    found.states[stuck] = State.FAULT
    found.values = pc.if_else(pa.array(stuck), pa.scalar(None, found.values.type), found.values)
    found.reported |= stuck
    concluded = np.flatnonzero(found.carried & (chosen < len(cases)))
    message = "has no unit; taken in the one that a condition of the mapping names"
    hint = units.take(pa.array(chosen[concluded]))
    on.add("unit.concluded", Severity.NOTE, name, concluded, message, hint)
    return found


def _filled_from(on: RuleOnRows, names: Sequence[str]) -> FieldRows:
    """The first filled of several columns; each cell keeps its own column as address."""
    chosen = np.full(len(on.rows), -1)
    absent = np.zeros(len(on.rows), bool)
    parts: list[pa.Array] = []
    codes = np.zeros(len(on.rows), np.int32)
    offset = 0
    for number, name in enumerate(names):
        column = on.rows.columns[name]
        unknown = on.absent(name)
        absent |= unknown
        here = (chosen < 0) & ~column.blank_rows & ~unknown
        chosen[here] = number
        codes[here] = column.codes[here] + offset
        parts.append(column.raw)
        offset += len(column.raw)
    codes[chosen < 0] = offset
    column = encode_texts(codes, pa.concat_arrays([*parts, pa.array([""], pa.string())]))
    found = on.carry(on.conversion(names[0])(column.texts), codes, column, tuple(names), chosen)
    found.understood = on.domain & ~found.reported & (chosen >= 0)
    found.states[on.domain & absent & (chosen < 0)] = State.MISSING
    return found


def _constant(on: RuleOnRows, value: str) -> FieldRows:
    texts = pa.array([value], pa.string())
    column = encode_texts(np.zeros(len(on.rows), np.int32), texts)
    return on.carry(on.literals([value]), column.codes, None, ())
