"""Values that several columns tell together: marks, and cases of conditions.

A mark that cannot be read, or that is declared not to be known, leaves the value open: it is never taken
for the absence of a mark.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.mapping.language import Case
from onecohort.rule_on_rows import FieldRows, RuleOnRows
from onecohort.rules.coded import Mask, fold
from onecohort.rules.outcome import Remark, State


def take_first_marked(on: RuleOnRows, names: Sequence[str]) -> FieldRows:
    """The first of several columns that holds a mark."""
    marks, odd, absent = _marks(on, names)
    chosen = np.full(len(on.rows), len(names), np.int32)
    for number in reversed(range(len(names))):
        chosen[marks[number]] = number
    several = np.sum(marks, axis=0) > 1
    on.report(
        several, names[0], Remark("mark.several", "has several marks; the first was taken",
        "leave one mark"))  # fmt: skip
    meant = {fold(text): target for text, target in (on.rule.values or {}).items()}
    texts = [meant.get(fold(name), name) for name in names]
    found = on.carry(on.literals([*texts, on.rule.otherwise]), chosen, None, tuple(names))
    return _with_open(on, found, chosen == len(names), odd, absent, several)


def take_any_marked(on: RuleOnRows, names: Sequence[str]) -> FieldRows:
    """Yes where any of several columns holds a mark."""
    marks, odd, absent = _marks(on, names)
    chosen = np.where(np.any(marks, axis=0), 0, 1).astype(np.int32)
    found = on.carry(on.literals(["yes", on.rule.otherwise]), chosen, None, tuple(names))
    return _with_open(on, found, chosen == 1, odd, absent, np.zeros(len(on.rows), bool))


def take_first_case(on: RuleOnRows, cases: Sequence[Case]) -> FieldRows:
    """The first case whose conditions all hold."""
    chosen, stuck = on.first_holding([case.when for case in cases])
    names = tuple(dict.fromkeys(name for case in cases for name in case.when))
    texts = [*(case.then for case in cases), on.rule.otherwise]
    found = on.carry(on.literals(texts), chosen, None, names)
    found.states[stuck] = State.FAULT
    found.values = pc.if_else(pa.array(stuck), pa.scalar(None, found.values.type), found.values)
    found.reported |= stuck
    if on.rule.otherwise is None:
        _unmatched(on, found, names, (chosen == len(cases)) & ~stuck)
    return found


def _marks(on: RuleOnRows, names: Sequence[str]) -> tuple[list[Mask], Mask, Mask]:
    """Per column where it is marked; where any holds neither a mark nor its absence; where any is
    declared missing.
    """
    marked = frozenset(map(fold, on.rule.marked or ("x", "1", "yes", "true", "sì", "si")))
    unmarked = frozenset(map(fold, on.rule.unmarked or ("0", "no", "false"))) - marked
    found, odd = [], np.zeros(len(on.rows), bool)
    absent = np.zeros(len(on.rows), bool)
    for name in names:
        column = on.rows.columns[name]
        hit = column.where(lambda text: fold(text) in marked)
        clear = column.blank_rows | column.where(lambda text: fold(text) in unmarked)
        unknown = on.domain & on.absent(name) & ~hit
        wrong = on.domain & ~hit & ~clear & ~unknown
        on.report(
            wrong, name, Remark("mark.unlisted", "is neither a mark nor the absence of one",
            "list it under marked or unmarked"))  # fmt: skip
        found.append(hit & on.domain)
        odd |= wrong
        absent |= unknown
    return found, odd, absent


def _with_open(
    on: RuleOnRows, found: FieldRows, unmarked: Mask, odd: Mask, absent: Mask, several: Mask
) -> FieldRows:
    """Where nothing is marked, a mark that cannot be read, or is not known, leaves the value open."""
    found.states[unmarked & absent] = State.MISSING
    found.states[unmarked & odd] = State.FAULT
    open_ = pa.array(unmarked & (absent | odd))
    found.values = pc.if_else(open_, pa.scalar(None, found.values.type), found.values)
    found.reported |= odd | several
    found.understood = on.domain & ~found.reported & (found.states != State.MISSING)
    return found


def _unmatched(on: RuleOnRows, found: FieldRows, names: Sequence[str], open_: Mask) -> None:
    """No case holds: a finding where any column says something, missing where none does."""
    silent = np.ones(len(on.rows), bool)
    for name in names:
        column = on.rows.columns[name]
        absent = on.absent(name)
        says = open_ & on.domain & silent & ~column.blank_rows & ~absent
        on.report(
            says, name, Remark("cases.unmatched", "no case covers what stands here",
            "add a case, or `otherwise`"))  # fmt: skip
        found.reported |= says
        found.states[says] = State.FAULT
        silent &= ~says
        declared = open_ & on.domain & absent
        found.states[declared & (found.states == State.BLANK)] = State.MISSING
