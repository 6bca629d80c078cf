"""One field's rule against the schema: its source, its terms, its unit, its dates, its conditions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from onecohort.errors import Mistake
from onecohort.mapping.check_taking import check_taking
from onecohort.mapping.language import FieldRule, When
from onecohort.mapping.load import LoadedMapping, did_you_mean, nearest
from onecohort.mapping.references import references_of, split_reference
from onecohort.rules.coded import fold
from onecohort.rules.convert import NO, YES
from onecohort.rules.dates import pattern_of
from onecohort.rules.units import convertible_to, factor_between, find_unit
from onecohort.schema import CohortSchema, Field

SOURCES = ("from", "constant", "first_of", "any_of", "filled_from", "cases")
_ROWS = {"missing", "where", "take", "by", "near", "within_days"}
_READING = {
    "values", "dates", "pivot_year", "impute", "days_from", "age_at", "unit", "decimal", "thousands",
    "bounds", "pattern", "split", "part", "zero_pad",
}  # fmt: skip
# The words that say something beside each source; any other would be passed over in silence.
BESIDE: Mapping[str, set[str]] = {
    "from": {*_ROWS, *_READING, "unit_from", "unit_when", "units"},
    "filled_from": {*_ROWS, *_READING},
    "first_of": {*_ROWS, "values", "marked", "unmarked", "otherwise"},
    "any_of": {*_ROWS, "marked", "unmarked", "otherwise"},
    "cases": {*_ROWS, "otherwise"},
    "constant": set(),
}
ABOUT_DATES = ("dates", "pivot_year", "impute")
ABOUT_NUMBERS = ("decimal", "thousands", "bounds")
COMPANIONS = {"part": "split", "units": "unit_from"}  # words that say something only beside another
COMPARISON = re.compile(r"^[<>≤≥]")
NUMBER = re.compile(r"^(<=|>=|<|>|≤|≥)\s*[-+]?\d+([.,]\d+)?$")
# How people write formats who have not met %d: day/month/year in English and Italian.
SPELLED_OUT = (
    ("%Y", r"yyyy|aaaa|jjjj"),
    ("%y", r"yy|aa|jj"),
    ("%m", r"mm|m"),
    ("%d", r"dd|gg|tt|d|g|t"),
)


def check_rule(
    loaded: LoadedMapping, schema: CohortSchema, field: Field, rule: FieldRule
) -> Iterator[Mistake]:
    """The mistakes of one field's rule."""
    path = ("fields", field.name)
    tree = loaded.source.tree
    fields = tree["fields"] if isinstance(tree, dict) else {}
    typed = fields[field.name] if isinstance(fields, dict) else {}
    written = list(typed) if isinstance(typed, dict) else []
    given = [key for key in SOURCES if key in written]
    if len(given) != 1:
        said = " and ".join(given) if given else "nothing"
        what = f"{field.name} must come from one of {', '.join(SOURCES)}; here it is {said}"
        yield Mistake(loaded.where(*path), what, "write exactly one")
        return
    for word in written:
        needed = COMPANIONS.get(word)
        if word != given[0] and word not in BESIDE[given[0]]:
            what = f"`{word}` says nothing beside `{given[0]}`"
            yield Mistake(loaded.where(*path, word), what, "take it out")
        elif needed is not None and needed not in written:
            what = f"`{word}` says nothing without `{needed}`"
            yield Mistake(loaded.where(*path, word), what, f"take it out, or write `{needed}:`")
    yield from _idle_words(loaded, field, rule, [w for w in written if w in BESIDE[given[0]]])
    yield from _targets(loaded, field, rule)
    yield from check_formats(loaded, (*path, "dates"), rule.dates or (), _pivot(loaded, rule))
    yield from _units(loaded, field, rule)
    yield from _signs(loaded, field, rule)
    yield from check_taking(loaded, schema, field, rule)
    yield from check_conditions(loaded, (*path, "where"), rule.where or {})
    for number, case in enumerate(rule.cases or ()):
        yield from check_conditions(loaded, (*path, "cases", number, "when"), case.when)
    for number, unit_case in enumerate(rule.unit_when or ()):
        yield from check_conditions(loaded, (*path, "unit_when", number, "when"), unit_case.when)
    if rule.pattern is not None:
        try:
            re.compile(rule.pattern)
        except re.error as error:
            what = f"not a regular expression: {error}"
            yield Mistake(loaded.at(*path, "pattern"), what, "mend it, or take it out")


def _idle_words(
    loaded: LoadedMapping, field: Field, rule: FieldRule, written: Sequence[str]
) -> Iterator[Mistake]:
    """Words about dates where none is read, and about numbers where none is."""
    ordered = rule.by is not None or rule.near is not None  # then a date or number is read beside
    dated = field.kind == "date" or rule.age_at is not None
    numeric = field.kind in ("integer", "number") or rule.days_from is not None
    for words, said, read in ((ABOUT_DATES, "dates", dated), (ABOUT_NUMBERS, "numbers", numeric)):
        for word in words:
            if word in written and not read and not ordered and not rule.where:
                what = f"`{word}` is about {said}, and {field.name} holds none"
                yield Mistake(loaded.where("fields", field.name, word), what, "take it out")


def check_conditions(
    loaded: LoadedMapping, path: tuple[str | int, ...], when: When
) -> Iterator[Mistake]:
    """Comparisons that compare with nothing."""
    for column, condition in when.items():
        for number, text in enumerate(condition):
            if COMPARISON.match(text) and not NUMBER.match(text):
                listed = (*path, column, number) in loaded.source.places
                where = loaded.at(*path, column, *([number] if listed else []))
                yield Mistake(where, f"{text!r} compares with no number", "write it as `>= 5`")


def check_formats(
    loaded: LoadedMapping, path: tuple[str | int, ...], formats: tuple[str, ...], pivot: int | None
) -> Iterator[Mistake]:
    """Date formats that nobody can read, or whose years have no century."""
    for number, date_format in enumerate(formats):
        listed = (*path, number) in loaded.source.places
        where = loaded.at(*path, number) if listed else loaded.at(*path)
        try:
            pattern_of(date_format)
        except ValueError as error:
            spelled = _spelled(date_format)
            fix = f"did you mean {spelled!r}?" if spelled else "such as %d/%m/%Y, %m/%Y or excel"
            yield Mistake(where, f"not a date format: {error}", fix)
        else:
            if "%y" in date_format and pivot is None:
                what = f"{date_format!r} has two-digit years, and no pivot_year says which century"
                yield Mistake(where, what, "write `pivot_year: 1925` for the years 1925 to 2024")


def _spelled(text: str) -> str | None:
    """`dd/mm/yyyy` as %d/%m/%Y; None where it is nothing of the kind."""
    found = text.lower()
    if "%" in found:
        return None
    for code, spelling in SPELLED_OUT:
        found = re.sub(rf"(?<![a-z%])({spelling})(?![a-z])", code, found, count=1)
    try:
        pattern_of(found)
    except ValueError:
        return None
    return found


def _pivot(loaded: LoadedMapping, rule: FieldRule) -> int | None:
    tables = loaded.mapping.tables
    first = next(iter(tables))
    homes = [split_reference(reference, tables, first)[0] for reference in references_of(rule)]
    return rule.pivot_year or (tables[homes[0]].pivot_year if homes else None)


def _targets(loaded: LoadedMapping, field: Field, rule: FieldRule) -> Iterator[Mistake]:
    path = ("fields", field.name)
    values = rule.values or {}
    folded: dict[str, str] = {}
    for text, target in values.items():
        yield from _target(loaded, (*path, "values", text), field, target, _read_as(field, rule))
        first = folded.setdefault(fold(text), text)
        if values[first] != target:
            what = (
                f"{text!r} and {first!r} are the same but for case and blanks, and mean two things"
            )
            yield Mistake(loaded.where(*path, "values", text), what, "keep one of them")
    for number, case in enumerate(rule.cases or ()):
        yield from _target(loaded, (*path, "cases", number, "then"), field, case.then)
        if any(_covers(earlier.when, case.when) for earlier in (rule.cases or ())[:number]):
            what = "this case is never reached: an earlier one covers it"
            where = loaded.at(*path, "cases", number)
            yield Mistake(where, what, "move it up, or take it out")
    for key, value in (("constant", rule.constant), ("otherwise", rule.otherwise)):
        if value is not None:
            yield from _target(loaded, (*path, key), field, value)
    for number, name in enumerate(rule.first_of or ()):
        if name not in values:
            for mistake in _target(loaded, (*path, "first_of", number), field, name):
                yield Mistake(mistake.where, mistake.what, _named_marks(field, name))


def _target(
    loaded: LoadedMapping,
    path: tuple[str | int, ...],
    field: Field,
    target: str,
    kind: str | None = None,
) -> Iterator[Mistake]:
    """What an author typed as a value; `kind` where the cell is read as another than the field's."""
    where = loaded.at(*path)
    kind = kind or field.kind
    if kind == "term" and target not in field.codes:
        yield Mistake(where, f"{target!r} is no term of {field.name}", _term_meant(field, target))
    elif kind == "boolean" and fold(target) not in YES | NO:
        yield Mistake(where, f"{target!r} is neither yes nor no", "write yes or no")
    elif kind == "date" and not _is_day(target):
        yield Mistake(where, f"{target!r} is not a day", "write it as 2021-06-30")
    elif kind in ("integer", "number"):
        form = r"[-+]?\d+" if kind == "integer" else r"[-+]?\d+(\.\d+)?"
        if not re.fullmatch(form, target):
            meant, fix = "a whole number", "write the number that the text means"
            meant, fix = (meant, fix) if kind == "integer" else ("a number", f"{fix}, as 1.5")
            yield Mistake(where, f"{target!r} is not {meant}", fix)


def _read_as(field: Field, rule: FieldRule) -> str:
    """The kind as which a cell is read; another than the field's where it counts or is counted."""
    if rule.days_from:
        return "number"
    if rule.age_at:
        return "date"
    return "text" if rule.take == "count" else field.kind


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2021-06-30")


def _term_meant(field: Field, target: str) -> str:
    """The term that was meant, by synonym or spelling, and all that are permitted."""
    near = _synonym(field, target) or nearest(target, field.codes)
    permitted = f"permitted: {', '.join(field.codes)}"
    return f"did you mean {near!r}? {permitted}" if near else permitted


def _named_marks(field: Field, column: str) -> str:
    near = _synonym(field, column) or field.codes[0] if field.codes else "yes"
    return f"say which term the column marks: `values: {{ {column}: {near} }}`"


def _synonym(field: Field, text: str) -> str | None:
    for term in field.terms:
        if fold(text) in {fold(word) for word in (term.code, *term.en, *term.it)}:
            return term.code
    return None


def _covers(earlier: When, later: When) -> bool:
    """Whether wherever the later conditions hold the earlier ones hold too, as far as texts tell."""
    for column, condition in earlier.items():
        if column not in later:
            return False
        wanted = {fold(text) for text in later[column]}
        allowed = {fold(text) for text in condition}
        plain = not any(text == "missing" or text[:1] in "<>≤≥" for text in wanted)
        if not wanted <= allowed and not ("present" in allowed and plain):
            return False
    return True


def _units(loaded: LoadedMapping, field: Field, rule: FieldRule) -> Iterator[Mistake]:
    path = ("fields", field.name)
    wanted = "d" if rule.days_from else field.unit
    if wanted is None or rule.age_at:
        if rule.unit or rule.unit_from or rule.unit_when:
            what = f"{field.name} has no unit in the schema"
            yield Mistake(loaded.where(*path, "unit"), what, "take the unit out")
        return
    spelled: list[tuple[tuple[str | int, ...], str]] = [(("unit",), rule.unit)] if rule.unit else []
    spelled += [(("units", text), unit) for text, unit in (rule.units or {}).items()]
    for number, case in enumerate(rule.unit_when or ()):
        spelled.append((("unit_when", number, "unit"), case.unit))
    if rule.unit_when and rule.unit_from:
        what = "`unit_from` and `unit_when` both say the unit of a cell"
        yield Mistake(loaded.at(*path, "unit_when"), what, "keep one of the two")
    for place, unit in spelled:
        if factor_between(unit, wanted, field.name) is not None:
            continue
        known = convertible_to(wanted, field.name) or [wanted]
        where = loaded.at(*path, *place)
        if find_unit(unit) is None:
            yield Mistake(where, f"the unit {unit!r} is not known", did_you_mean(unit, known))
        else:
            what = f"{unit!r} cannot be converted into {wanted}, the unit of {field.name}"
            yield Mistake(where, what, f"one of: {', '.join(known[:12])}")


def _signs(loaded: LoadedMapping, field: Field, rule: FieldRule) -> Iterator[Mistake]:
    """A sign that would be both decimal and between thousands."""
    tables = loaded.mapping.tables
    first = next(iter(tables))
    homes = [split_reference(reference, tables, first)[0] for reference in references_of(rule)]
    decimal = rule.decimal or tables[homes[0] if homes else first].decimal
    if rule.thousands and rule.thousands in decimal:
        what = f"{rule.thousands!r} is both the decimal and the thousands sign of {field.name}"
        where = loaded.at("fields", field.name, "thousands")
        yield Mistake(where, what, "keep one of the two")
