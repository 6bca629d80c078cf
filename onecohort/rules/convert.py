"""From a rule to a converter: what one distinct text of the source column becomes.

The steps, in this order, each skipped where the rule does not ask for it: declared missing, `pattern`,
`split`, `values`, reading by the field's kind, unit, possible and plausible range.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.mapping.language import FieldRule, TableRule
from onecohort.mapping.load import nearest
from onecohort.rules.coded import Mask, fold
from onecohort.rules.dates import DateFormat, read_dates
from onecohort.rules.numbers import NumberFormat, read_numbers, whole_numbers
from onecohort.rules.outcome import Converted, Remark, State
from onecohort.rules.ranges import check_dates, check_range
from onecohort.rules.units import Factor, factor_between
from onecohort.schema import Field, Kind

YES, NO = frozenset({"yes", "true"}), frozenset({"no", "false"})


@dataclass(frozen=True)
class Conversion:
    """Everything that decides what a text becomes; built once per field and center."""

    field: Field
    kind: Kind  # what the cell is read as; another than the field's for ages and days
    rule: FieldRule
    numbers: NumberFormat
    dates: DateFormat
    missing: frozenset[str]
    factor: Factor | None
    as_of: date

    def __call__(self, texts: pa.Array) -> Converted:
        """Convert d distinct tidied texts, range and all."""
        found = self.read(texts)
        if self.kind == self.field.kind:
            check_range(found, self.field)
            check_dates(found, self.as_of)
        return found.seal()

    def read(self, texts: pa.Array) -> Converted:
        """Convert without the range; for cells whose unit stands in another column."""
        texts, extracted = self._extract(texts)
        absent = self._absent(texts)
        texts = pc.if_else(pa.array(absent), pa.scalar("", pa.string()), texts)
        found = self._split(texts) if self.rule.split else self._read_kind(texts)
        found.states[absent] = State.MISSING
        for number, remark in extracted.items():
            found.fault(number, remark)
        if self.factor is not None and found.values.type == pa.float64():
            numbers = found.values.to_numpy(zero_copy_only=False)
            found.values = pa.array(self.factor.apply(numbers), mask=found.states != State.CARRIED)
        if self.kind == "integer":
            found = whole_numbers(found)
        return found

    def _absent(self, texts: pa.Array) -> Mask:
        if not self.missing:
            return np.zeros(len(texts), bool)
        # Folding in Python is for the few; a column of a million distinct texts compares in Arrow.
        lowered = pc.utf8_lower(texts)
        return np.asarray(pc.is_in(lowered, value_set=pa.array(sorted(self.missing), pa.string())))

    def _extract(self, texts: pa.Array) -> tuple[pa.Array, dict[int, Remark]]:
        if self.rule.pattern is None:
            return texts, {}
        expression = re.compile(self.rule.pattern)
        listed, remarks = [], {}
        for number, text in enumerate(texts.to_pylist()):
            match = expression.search(text) if text and fold(text) not in self.missing else None
            listed.append(match[1 if expression.groups else 0] if match else text)
            if text and not match and fold(text) not in self.missing:
                hint = "widen the pattern, correct the cell, or add the text to missing"
                remarks[number] = Remark(
                    "pattern.unmatched", f"does not match the pattern {self.rule.pattern!r}", hint
                )
        return pa.array(listed, pa.string()), remarks

    def _split(self, texts: pa.Array) -> Converted:
        assert self.rule.split is not None
        parts = [
            [part.strip() for part in text.split(self.rule.split)] for text in texts.to_pylist()
        ]
        if self.rule.part is not None:
            chosen = [each[self.rule.part - 1 : self.rule.part] or [""] for each in parts]
            return self._read_kind(pa.array([each[0] for each in chosen], pa.string()))
        return self._reduce(parts)

    def _reduce(self, parts: Sequence[Sequence[str]]) -> Converted:
        """Convert each part of each text and keep the one that `take` names."""
        flat = self._read_kind(pa.array([part for each in parts for part in each], pa.string()))
        values = flat.seal().values.to_pylist()
        states = np.zeros(len(parts), np.uint8)
        found = Converted(pa.nulls(len(parts), flat.values.type), states)
        kept: list[object] = []
        at = 0
        for number, each in enumerate(parts):
            span = range(at, at + len(each))
            at += len(each)
            kept.append(None)
            faulty = [k for k in span if flat.states[k] == State.FAULT]
            carried = [values[k] for k in span if flat.states[k] == State.CARRIED]
            if faulty:
                found.fault(number, flat.remarks[faulty[0]])
            elif carried:
                kept[-1] = self._one_of(carried)
                if kept[-1] is None:
                    hint = "say which one counts with `part` or `take`"
                    found.fault(number, Remark("split.disagrees", "holds different values", hint))
                else:
                    states[number] = State.CARRIED
        found.values = pa.array(kept, flat.values.type)
        return found

    def _one_of(self, values: list[object]) -> object:
        match self.rule.take:
            case "first":
                return values[0]
            case "last":
                return values[-1]
            case "min" | "earliest":
                return min(values)  # type: ignore[type-var]
            case "max" | "latest":
                return max(values)  # type: ignore[type-var]
            case "best":
                return min(values, key=lambda code: self.field.codes.index(str(code)))
            case _:
                return values[0] if len(set(values)) == 1 else None

    def _read_kind(self, texts: pa.Array) -> Converted:
        listed = self._read_listed(texts)
        if self.kind == "term":
            return self._read_closed(texts, listed, {fold(code): code for code in self.field.codes})
        if self.kind == "boolean":
            words = {word: word for word in (*YES, *NO)}
            return as_booleans(self._read_closed(texts, listed, words))
        if listed:
            replaced = texts.to_pylist()
            for number, target in listed.items():
                replaced[number] = target
            if self.kind in ("text", "identifier"):
                return self._read_closed(texts, listed, {})
            texts = pa.array(replaced, pa.string())
        if self.kind == "date":
            return read_dates(texts, self.dates)
        if self.kind in ("number", "integer"):
            spelling = self.numbers
            if listed:  # what the mapping's author typed has a decimal point
                spelling = replace(spelling, decimal=(*spelling.decimal, "."))
            return read_numbers(texts, spelling)
        blank = pc.equal(texts, "").to_numpy(zero_copy_only=False)
        states = np.where(blank, State.BLANK, State.CARRIED).astype(np.uint8)
        if self.rule.zero_pad:
            texts = pad_ids(texts, self.rule.zero_pad)
        return Converted(texts, states)

    def _read_listed(self, texts: pa.Array) -> dict[int, str]:
        """Numbers of the texts that `values` lists, and what they become."""
        if not self.rule.values:
            return {}
        exact = self.rule.values
        folded = {fold(text): target for text, target in exact.items()}
        return {
            number: target
            for number, text in enumerate(texts.to_pylist())
            if text and (target := exact.get(text, folded.get(fold(text)))) is not None
        }

    def _read_closed(
        self, texts: pa.Array, listed: Mapping[int, str], own: Mapping[str, str]
    ) -> Converted:
        """A closed list: what `values` lists, else the field's own codes, else a finding."""
        states = np.zeros(len(texts), np.uint8)
        kept: list[str | None] = []
        found = Converted(pa.nulls(len(texts), pa.string()), states)
        for number, text in enumerate(texts.to_pylist()):
            value = listed.get(number)
            if value is None and not self.rule.values:
                value = own.get(fold(text))
            kept.append(value)
            if value is not None:
                states[number] = State.CARRIED
            elif text:
                found.fault(number, self._unlisted(text))
        found.values = pa.array(kept, pa.string())
        return found

    def _unlisted(self, text: str) -> Remark:
        known: dict[str, str] = {}
        for term in self.field.terms:
            known |= dict.fromkeys((term.code, *term.en, *term.it), term.code)
        known |= dict(self.rule.values or {})
        near = nearest(text, known)
        hint = (
            f"add it to values (nearest: {near!r}, {known[near]})" if near else "add it to values"
        )
        allowed = ", ".join(self.field.codes) if self.field.terms else "yes, no"
        return Remark("values.unlisted", f"is not listed under values ({allowed})", hint)


def build_conversion(
    field: Field,
    rule: FieldRule,
    table: TableRule,
    *,
    as_of: date,
    missing: frozenset[str] = frozenset(),
) -> Conversion:
    """The conversion of one field from one table.

    as_of       no date may lie after this day
    missing     texts that the file itself declares missing for the column (user-missing codes)
    """
    kind: Kind = field.kind
    unit, wanted = rule.unit, field.unit
    if rule.days_from:
        kind, unit, wanted = "number", rule.unit or "d", "d"
    elif rule.age_at:
        kind, unit = "date", None
    factor = None
    if unit and wanted and not rule.unit_from:
        factor = factor_between(unit, wanted, field.name)
        factor = None if factor == Factor(1, 1) else factor
    return Conversion(
        field=field,
        kind=kind,
        rule=rule,
        numbers=NumberFormat(
            decimal=rule.decimal or table.decimal,
            thousands=rule.thousands or table.thousands,
            bounds=rule.bounds,
            percent=(wanted == "%"),
        ),
        dates=DateFormat(
            formats=rule.dates or table.dates or (),
            pivot_year=rule.pivot_year or table.pivot_year,
            impute=rule.impute,
        ),
        missing=frozenset(map(fold, (*table.missing, *rule.missing, *missing))) - {""},
        factor=factor,
        as_of=as_of,
    )


def convert_with_units(
    conversion: Conversion, texts: pa.Array, units: pa.Array, pairs: Sequence[npt.NDArray[np.int64]]
) -> Converted:
    """Convert distinct (text, unit) pairs; each cell by its own unit.

    texts, units    distinct texts of the two columns
    pairs           the number of the text and of the unit in each pair
    """
    read = conversion.read(texts)
    spelled = {fold(local): unit for local, unit in (conversion.rule.units or {}).items()}
    wanted = conversion.field.unit or "1"
    of_text = pa.array(pairs[0])
    found = Converted(
        read.values.take(of_text),
        read.states[pairs[0]],
        {n: read.remarks[int(t)] for n, t in enumerate(pairs[0]) if int(t) in read.remarks},
        {n: read.notes[int(t)] for n, t in enumerate(pairs[0]) if int(t) in read.notes},
    )
    numbers = found.values.cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    for number, text in enumerate(units.to_pylist()):
        here = (pairs[1] == number) & (found.states == State.CARRIED)
        unit = spelled.get(fold(text)) or (conversion.rule.unit if not text else None) or text
        factor = factor_between(unit, wanted, conversion.field.name) if unit else None
        if factor is None:
            hint = (
                f"list {text!r} under units, as a unit of {wanted}" if unit else "state `unit` too"
            )
            what = "has a unit that is not known here" if text else "has no unit"
            for pair in np.flatnonzero(here):
                found.fault(int(pair), Remark("unit.unknown", what, hint))
        else:
            numbers[here] = factor.apply(numbers[here])
    found.values = pa.array(numbers, mask=found.states != State.CARRIED)
    if conversion.kind == "integer":
        found = whole_numbers(found)
    check_range(found, conversion.field)
    return found.seal()


def as_booleans(found: Converted) -> Converted:
    """Turn the words yes, true, no, false into truth values."""
    folded = [None if word is None else fold(word) in YES for word in found.values.to_pylist()]
    found.values = pa.array(folded, pa.bool_())
    return found


def pad_ids(texts: pa.Array, digits: int) -> pa.Array:
    """Ids of digits alone, filled with zeros at the left; other texts as they are."""
    numeric = pc.match_substring_regex(texts, r"^\d+$")
    return pc.if_else(numeric, pc.utf8_lpad(texts, digits, "0"), texts)
