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
from onecohort.rules.coded import Mask, fold, is_listed
from onecohort.rules.dates import DateFormat, read_dates
from onecohort.rules.numbers import NumberFormat, read_numbers, whole_numbers
from onecohort.rules.outcome import Converted, Remark, State
from onecohort.rules.parts import Parts
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
    unit: str | None  # in which the field, or the time counted, is to come out
    factor: Factor | None
    as_of: date
    whole: bool = True  # whether a field of whole numbers is held to them already here

    def __call__(self, texts: pa.Array) -> Converted:
        """Convert d distinct tidied texts, range and all."""
        found = self.read(texts)
        if self.kind == self.field.kind:
            check_range(found, self.field)
            check_dates(found, self.as_of)
        return found.seal()

    def read(self, texts: pa.Array) -> Converted:
        """Convert without the range; for cells whose unit stands in another column."""
        absent = is_listed(texts, self.missing)
        texts, extracted = self._extract(texts, absent)
        absent |= is_listed(texts, self.missing)
        texts = pc.if_else(pa.array(absent), pa.scalar("", pa.string()), texts)
        found = self._split(texts) if self.rule.split else self._read_kind(texts)
        found.states[absent] = State.MISSING
        for number, remark in extracted.items():
            found.fault(number, remark)
        if self.factor is not None and found.values.type == pa.float64():
            numbers = found.values.to_numpy(zero_copy_only=False)
            found.values = pa.array(self.factor.apply(numbers), mask=found.states != State.CARRIED)
        if self.kind == "integer" and self.whole:
            found = whole_numbers(found)
        return found

    def _extract(self, texts: pa.Array, absent: Mask) -> tuple[pa.Array, dict[int, Remark]]:
        """What the pattern takes out of each text; a text of which it takes nothing is a finding."""
        if self.rule.pattern is None:
            return texts, {}
        expression = re.compile(self.rule.pattern)
        listed, remarks = [], {}
        for number, text in enumerate(texts.to_pylist()):
            wanted = bool(text) and not absent[number]
            match = expression.search(text) if wanted else None
            taken = (match[1 if expression.groups else 0] or "").strip() if match else ""
            listed.append(taken or text)
            if wanted and not taken:
                hint = "widen the pattern, correct the cell, or add the text to missing"
                remarks[number] = Remark(
                    "pattern.unmatched", f"does not match the pattern {self.rule.pattern!r}", hint
                )
        return pa.array(listed, pa.string()), remarks

    def _split(self, texts: pa.Array) -> Converted:
        """Convert each part of each text and keep the one that `part` or `take` names."""
        separator = self.rule.split or ""
        parts = [[part.strip() for part in text.split(separator)] for text in texts.to_pylist()]
        wanted = self.rule.part
        if wanted is not None:
            parts = [each[wanted - 1 : wanted] or [""] for each in parts]
        flat_texts = pa.array([part for each in parts for part in each], pa.string())
        absent = is_listed(flat_texts, self.missing)
        flat_texts = pc.if_else(pa.array(absent), pa.scalar("", pa.string()), flat_texts)
        flat = self._read_kind(flat_texts)
        flat.states[absent] = State.MISSING
        kept = Parts(wanted, self.rule.take, self.field.codes)
        return kept.reduce(flat, [len(each) for each in parts], texts)

    def _read_kind(self, texts: pa.Array) -> Converted:
        listed = self._read_listed(texts)
        if self.kind == "term":
            return self._read_closed(texts, listed, {fold(code): code for code in self.field.codes})
        if self.kind == "boolean":
            words = {word: word for word in (*YES, *NO)}
            return as_booleans(self._read_closed(texts, listed, words))
        if self.kind in ("text", "identifier"):
            return self._read_text(texts, listed)
        if not listed:
            return self._read_open(texts, self.numbers, self.dates)
        # What the mapping's author typed has a decimal point and ISO dates, whatever the center writes.
        own = np.zeros(len(texts), bool)
        own[list(listed)] = True
        blank = pa.scalar("", pa.string())
        typed = [listed.get(number, "") for number in range(len(texts))]
        theirs = self._read_open(pc.if_else(pa.array(own), blank, texts), self.numbers, self.dates)
        ours = self._read_open(
            pa.array(typed, pa.string()),
            NumberFormat(percent=self.numbers.percent),
            DateFormat(impute=self.dates.impute),
        )
        theirs.values = pc.if_else(pa.array(own), ours.values, theirs.values)
        theirs.states = np.where(own, ours.states, theirs.states)
        theirs.remarks |= ours.remarks
        theirs.notes |= ours.notes
        if theirs.precision is not None:
            theirs.precision = pc.if_else(pa.array(own), ours.precision, theirs.precision)
        return theirs

    def _read_open(self, texts: pa.Array, numbers: NumberFormat, dates: DateFormat) -> Converted:
        return read_dates(texts, dates) if self.kind == "date" else read_numbers(texts, numbers)

    def _read_text(self, texts: pa.Array, listed: Mapping[int, str]) -> Converted:
        if self.rule.values:
            return self._read_closed(texts, listed, {})
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
        allowed = ", ".join(self.field.codes) or ("yes, no" if self.kind == "boolean" else "")
        shown = f" ({allowed})" if allowed else ""
        return Remark("values.unlisted", f"is not listed under values{shown}", hint)


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
    elif rule.take == "count":
        kind, unit = "text", None  # a cell counts for being filled, whatever stands in it
    factor = None
    if unit and wanted and not rule.unit_from and not rule.unit_when:
        factor = factor_between(unit, wanted, field.name)
        factor = None if factor == Factor(1, 1) else factor
    decimal = rule.decimal or table.decimal
    thousands = rule.thousands
    if thousands is None and table.thousands not in decimal:  # a field's own point is no separator
        thousands = table.thousands
    return Conversion(
        field=field,
        kind=kind,
        rule=rule,
        numbers=NumberFormat(
            decimal=decimal,
            thousands=thousands,
            bounds=rule.bounds,
            percent=(unit or wanted) == "%" and not (rule.unit_from or rule.unit_when),
        ),
        dates=DateFormat(
            formats=rule.dates or table.dates or (),
            pivot_year=rule.pivot_year or table.pivot_year,
            impute=rule.impute,
        ),
        missing=frozenset(map(fold, (*table.missing, *rule.missing, *missing))) - {""},
        unit=wanted,
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
    read = replace(conversion, whole=False).read(texts)
    units = pc.if_else(pa.array(is_listed(units, conversion.missing)), "", units)
    spelled = {fold(local): unit for local, unit in (conversion.rule.units or {}).items()}
    wanted = conversion.unit or "1"
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
        unit = spelled.get(fold(text)) or text or conversion.rule.unit
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
    if conversion.kind == conversion.field.kind:
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
