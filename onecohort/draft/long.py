"""Long tables: one row per measurement, with a column that names what was measured.

Such a table holds many fields in one column of values. Which text of the naming column is which field
is guessed as if each text were a column's heading.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onecohort.draft.rules import DraftRule
from onecohort.draft.tables import DraftTable
from onecohort.draft.texts import amount
from onecohort.profiling import ColumnProfile
from onecohort.rules.units import factor_between, find_unit
from onecohort.schema import Field
from onecohort.suggest import Memory, SourceColumn, Suggestion, TargetField, assign, rank_fields

FEWEST = 3  # names that must be fields before a column is taken to name measurements
LEAST = 0.05  # a text alone, without values of its own, scores lower than a column
MOST_NAMES = 200


@dataclass(frozen=True)
class LongTable:
    """The columns of a long table by their part.

    names   the column that names what was measured; fields: field -> (its text, score, why)
    values  the column of the numbers; units and date may be missing
    """

    table: DraftTable
    names: ColumnProfile
    fields: Mapping[str, tuple[str, float, str]]
    values: ColumnProfile
    units: ColumnProfile | None
    date: ColumnProfile | None

    @property
    def columns(self) -> frozenset[str]:
        """The names of the columns that have a part."""
        parts = (self.names, self.values, self.units, self.date)
        return frozenset(part.name for part in parts if part is not None)


def find_long(
    table: DraftTable, targets: Sequence[TargetField], memory: Memory
) -> LongTable | None:
    """The parts of a long table, or None where a table is none."""
    if table.rows != "many":
        return None
    measured = [target for target in targets if target.kind in ("number", "integer")]
    naming = [
        column
        for column in table.profile.columns
        if column.appearance.looks == "code" and FEWEST <= column.distinct <= MOST_NAMES
    ]
    # All texts are ranked in one go: a table may have a hundred columns of codes.
    texts = sorted({text for column in naming for text, _ in column.texts})
    guesses = rank_fields([SourceColumn(name=text) for text in texts], measured, memory)
    ranked = dict(zip(texts, guesses, strict=True))
    best: LongTable | None = None
    for names in naming:
        fields = _named_fields(names, ranked)
        values = _values(table, names)
        if values is None or len(fields) < max(FEWEST, len(best.fields) + 1 if best else 0):
            continue
        best = LongTable(table, names, fields, values, _units(table, names), _date(table))
    return best


def _named_fields(
    names: ColumnProfile, ranked: Mapping[str, Sequence[Suggestion]]
) -> dict[str, tuple[str, float, str]]:
    texts = [text for text, _ in names.texts]
    assigned = assign([ranked[text] for text in texts], least=LEAST)
    return {
        guess.field: (text, guess.score, guess.why)
        for text, guess in zip(texts, assigned, strict=True)
        if guess is not None
    }


def _values(table: DraftTable, names: ColumnProfile) -> ColumnProfile | None:
    numbers = [
        column
        for column in table.profile.columns
        if column.appearance.looks == "number" and column.name not in (table.key, names.name)
    ]
    return max(numbers, key=lambda column: column.distinct, default=None)


def _units(table: DraftTable, names: ColumnProfile) -> ColumnProfile | None:
    """The column whose texts are mostly units."""
    for column in table.profile.columns:
        cells = sum(count for _, count in column.texts)
        known = sum(count for text, count in column.texts if find_unit(text))
        if column.name != names.name and cells and known > cells / 2:
            return column
    return None


def _date(table: DraftTable) -> ColumnProfile | None:
    dates = [column for column in table.profile.columns if column.appearance.looks == "date"]
    return dates[0] if len(dates) == 1 else None


def long_rules(long: LongTable, fields: Sequence[Field], near: str | None) -> list[DraftRule]:
    """The rules of the fields that a long table holds.

    near  the date field next to which a measurement is looked for, or None
    """
    return [_rule(long, field, near) for field in fields if field.name in long.fields]


def _rule(long: LongTable, field: Field, near: str | None) -> DraftRule:
    def reference(column: ColumnProfile) -> str:
        return f"{long.table.name}.{column.name}"

    text, score, why = long.fields[field.name]
    keys: dict[str, str | tuple[str, ...] | dict[str, str]] = {
        "from": reference(long.values),
        "where": {reference(long.names): text},
    }
    guesses = [f"{score:.2f} {text!r} {why}"]
    if long.units is not None and field.unit is not None:
        keys["unit_from"] = reference(long.units)
        spelled = _spelled(long.units, field)
        if spelled:
            keys["units"] = spelled
        unknown = [(t, n) for t, n in long.units.texts if find_unit(t) is None]
        guesses += [f"{t!r} in {amount(n)} is no unit known here" for t, n in unknown]
    if long.date is not None and near is not None:
        keys |= {"take": "nearest", "by": reference(long.date), "near": near}
        guesses.append(f"several rows per patient: the one nearest to {near} counts")
    else:
        keys["take"] = "first"
        guesses.append("several rows per patient: the first counts")
    return DraftRule(field.name, keys, tuple(guesses))


def _spelled(units: ColumnProfile, field: Field) -> dict[str, str]:
    """Spellings of the units that this field can have, where they are not UCUM's own."""
    assert field.unit is not None
    found = {text: find_unit(text) for text, _ in units.texts}
    return {
        text: unit
        for text, unit in found.items()
        if unit and unit != text and factor_between(unit, field.unit, field.name) is not None
    }
