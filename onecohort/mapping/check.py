"""A mapping against the schema: every reference, term, unit and format in it, before any data is read.

What the export itself shows to be wrong (a column that is not there, a code nobody listed) is looked for
in `onecohort.mapping.against_export`.
"""

import re
from collections.abc import Iterator

from onecohort.errors import Mistake, StudyError
from onecohort.mapping.language import FieldRule
from onecohort.mapping.load import LoadedMapping, did_you_mean
from onecohort.mapping.references import plan_mapping, references_of, split_reference
from onecohort.rules.coded import fold
from onecohort.rules.convert import NO, YES
from onecohort.rules.dates import pattern_of
from onecohort.rules.units import convertible_to, factor_between, find_unit
from onecohort.schema import CohortSchema, Field

SOURCES = ("from", "constant", "first_of", "any_of", "filled_from", "cases")


def check_mapping(loaded: LoadedMapping, schema: CohortSchema) -> list[Mistake]:
    """Every mistake of a mapping that can be seen without its export, in the order of its lines."""
    mistakes = list(_fields(loaded, schema))
    mistakes += _tables(loaded)
    mistakes += _lists(loaded, schema)
    for name, rule in loaded.mapping.fields.items():
        field = schema.fields.get(name)
        if field is not None:
            mistakes += _rule(loaded, schema, field, rule)
    if not mistakes:
        try:
            plan_mapping(loaded, schema)
        except StudyError as error:
            mistakes += error.mistakes
    return sorted(set(mistakes), key=_line)


def _line(mistake: Mistake) -> tuple[int, int, str]:
    _, line, column = mistake.where.rsplit(":", 2)
    return int(line), int(column), mistake.what


def _fields(loaded: LoadedMapping, schema: CohortSchema) -> Iterator[Mistake]:
    known = [field.name for field in schema.mappable]
    for block in ("fields", "unavailable"):
        listed = loaded.mapping.fields if block == "fields" else loaded.mapping.unavailable
        for name in listed:
            where = loaded.where(block, name)
            if name in ("center", "patient_id"):
                yield Mistake(where, f"{name} is made by the engine", "take the line out")
            elif name not in known:
                what = f"the cohort has no field {name!r}"
                yield Mistake(where, what, did_you_mean(name, known))
    both = set(loaded.mapping.fields) & set(loaded.mapping.unavailable)
    for name in sorted(both):
        what = f"{name} is mapped and also unavailable"
        yield Mistake(loaded.where("unavailable", name), what, "keep one of the two")
    spoken = {*loaded.mapping.fields, *loaded.mapping.unavailable}
    for field in schema.mappable:
        if field.name not in spoken and not field.derived:
            need = "required, and " if field.required else ""
            fix = f"map it, or write `{field.name}: <reason>` under unavailable"
            what = f"{field.name} is {need}neither mapped nor unavailable"
            yield Mistake(loaded.where("fields"), what, fix)
        elif field.required and field.name in loaded.mapping.unavailable:
            what = f"{field.name} is required and cannot be unavailable: no patient could enter"
            yield Mistake(loaded.where("unavailable", field.name), what, "map it")


def _tables(loaded: LoadedMapping) -> Iterator[Mistake]:
    for name, table in loaded.mapping.tables.items():
        path = ("tables", name)
        if table.files is None and table.connection is None:
            fix = "write `files:` with a glob below the exports' folder"
            yield Mistake(loaded.where(*path), f"the table {name!r} comes from nowhere", fix)
        if "." in name:
            yield Mistake(
                loaded.where(*path), f"a table's name has no point: {name!r}", "take it out"
            )
        yield from _formats(loaded, (*path, "dates"), table.dates or (), table.pivot_year)
        if table.thousands and table.thousands in table.decimal:
            what = f"{table.thousands!r} is both the decimal and the thousands sign"
            yield Mistake(loaded.where(*path, "thousands"), what, "keep one of the two")


def _formats(
    loaded: LoadedMapping, path: tuple[str | int, ...], formats: tuple[str, ...], pivot: int | None
) -> Iterator[Mistake]:
    for number, date_format in enumerate(formats):
        where = loaded.where(*path, number)
        try:
            pattern_of(date_format)
        except ValueError as error:
            fix = "such as %d/%m/%Y, %d.%m.%y, %m/%Y, %d %B %Y, or excel"
            yield Mistake(where, f"not a date format: {error}", fix)
        else:
            if "%y" in date_format and pivot is None:
                what = f"{date_format!r} has two-digit years, and no pivot_year says which century"
                yield Mistake(where, what, "write `pivot_year: 1925` for the years 1925 to 2024")


def _lists(loaded: LoadedMapping, schema: CohortSchema) -> Iterator[Mistake]:
    mapping = loaded.mapping
    first = next(iter(mapping.tables))
    used = {
        split_reference(reference, mapping.tables, first): name
        for name, rule in mapping.fields.items()
        for reference in references_of(rule)
    }
    for reference in mapping.ignore:
        place = split_reference(reference, mapping.tables, first)
        if place in used:
            what = f"{reference!r} is ignored, but {used[place]} is made from it"
            yield Mistake(loaded.where("ignore", reference), what, "take it out of ignore")
    for number, correction in enumerate(mapping.corrections):
        where = loaded.where("corrections", number)
        if correction.table is not None and correction.table not in mapping.tables:
            fix = did_you_mean(correction.table, list(mapping.tables))
            yield Mistake(where, f"there is no table {correction.table!r}", fix)
        if (correction.patient is None) == (correction.row is None):
            yield Mistake(
                where, "a correction names either a patient or a row", "write one of them"
            )
        if correction.was == correction.now:
            yield Mistake(where, "was and now are the same", "take the correction out")
    for number, example in enumerate(mapping.examples):
        for table in example.given:
            if table not in mapping.tables:
                where = loaded.where("examples", number, "given", table)
                fix = did_you_mean(table, list(mapping.tables))
                yield Mistake(where, f"there is no table {table!r}", fix)
        for name in example.expect:
            if name not in schema.fields:
                where = loaded.where("examples", number, "expect", name)
                fix = did_you_mean(name, list(schema.fields))
                yield Mistake(where, f"the cohort has no field {name!r}", fix)


def _rule(
    loaded: LoadedMapping, schema: CohortSchema, field: Field, rule: FieldRule
) -> Iterator[Mistake]:
    path = ("fields", field.name)
    given = [key for key in SOURCES if key in _written(loaded, field.name)]
    if len(given) != 1:
        said = " and ".join(given) if given else "nothing"
        what = f"{field.name} must come from one of {', '.join(SOURCES)}; here it is {said}"
        yield Mistake(loaded.where(*path), what, "write exactly one")
        return
    yield from _targets(loaded, field, rule)
    yield from _formats(loaded, (*path, "dates"), rule.dates or (), _pivot(loaded, rule))
    yield from _units(loaded, field, rule)
    yield from _taking(loaded, schema, field, rule)
    if rule.pattern is not None:
        try:
            re.compile(rule.pattern)
        except re.error as error:
            what = f"not a regular expression: {error}"
            yield Mistake(loaded.where(*path, "pattern"), what, "mend it, or take it out")


def _written(loaded: LoadedMapping, name: str) -> dict[str, object]:
    tree = loaded.source.tree
    assert isinstance(tree, dict)
    fields = tree["fields"]
    assert isinstance(fields, dict)
    rule = fields[name]
    assert isinstance(rule, dict)
    return dict(rule)


def _pivot(loaded: LoadedMapping, rule: FieldRule) -> int | None:
    mapping = loaded.mapping
    first = next(iter(mapping.tables))
    for reference in references_of(rule):
        table = mapping.tables[split_reference(reference, mapping.tables, first)[0]]
        return rule.pivot_year or table.pivot_year
    return rule.pivot_year


def _targets(loaded: LoadedMapping, field: Field, rule: FieldRule) -> Iterator[Mistake]:
    path = ("fields", field.name)
    for text, target in (rule.values or {}).items():
        yield from _target(loaded, (*path, "values", text), field, target)
    folded: dict[str, str] = {}
    for text, target in (rule.values or {}).items():
        first = folded.setdefault(fold(text), text)
        if first != text and (rule.values or {})[first] != target:
            what = (
                f"{text!r} and {first!r} are the same but for case and blanks, and mean two things"
            )
            yield Mistake(loaded.where(*path, "values", text), what, "keep one of them")
    for number, case in enumerate(rule.cases or ()):
        yield from _target(loaded, (*path, "cases", number, "then"), field, case.then)
        for earlier in (rule.cases or ())[:number]:
            if _covers(earlier.when, case.when):
                what = "this case is never reached: an earlier one covers it"
                yield Mistake(
                    loaded.where(*path, "cases", number), what, "move it up, or take it out"
                )
                break
    for key, value in (("constant", rule.constant), ("otherwise", rule.otherwise)):
        if value is not None:
            yield from _target(loaded, (*path, key), field, value)
    for number, name in enumerate(rule.first_of or ()):
        if name not in (rule.values or {}):
            yield from _target(loaded, (*path, "first_of", number), field, name)


def _target(
    loaded: LoadedMapping, path: tuple[str | int, ...], field: Field, target: str
) -> Iterator[Mistake]:
    where = loaded.where(*path)
    if field.kind == "term" and target not in field.codes:
        what = f"{target!r} is no term of {field.name}"
        yield Mistake(where, what, did_you_mean(target, field.codes))
    elif field.kind == "boolean" and fold(target) not in YES | NO:
        yield Mistake(where, f"{target!r} is neither yes nor no", "write yes or no")
    elif field.kind in ("integer", "number"):
        form = r"[-+]?\d+" if field.kind == "integer" else r"[-+]?\d+(\.\d+)?"
        if not re.fullmatch(form, target):
            yield Mistake(where, f"{target!r} is not a number", "write it with a decimal point")


def _covers(earlier: dict[str, tuple[str, ...]], later: dict[str, tuple[str, ...]]) -> bool:
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
        if rule.unit or rule.unit_from:
            what = f"{field.name} has no unit in the schema"
            yield Mistake(loaded.where(*path, "unit"), what, "take the unit out")
        return
    spelled: list[tuple[tuple[str, ...], str]] = [(("unit",), rule.unit)] if rule.unit else []
    spelled += [(("units", text), unit) for text, unit in (rule.units or {}).items()]
    for place, unit in spelled:
        if factor_between(unit, wanted, field.name) is None:
            known = convertible_to(wanted, field.name)
            meant = find_unit(unit)
            what = (
                f"{unit!r} is not known" if meant is None else f"{unit!r} is no measure of {wanted}"
            )
            yield Mistake(loaded.where(*path, *place), what, did_you_mean(unit, known or [wanted]))


def _taking(
    loaded: LoadedMapping, schema: CohortSchema, field: Field, rule: FieldRule
) -> Iterator[Mistake]:
    path = ("fields", field.name)
    for key, anchor in (
        ("days_from", rule.days_from),
        ("age_at", rule.age_at),
        ("near", rule.near),
    ):
        if anchor is None:
            continue
        dates = [f.name for f in schema.mappable if f.kind == "date"]
        if anchor not in dates:
            what = f"{anchor!r} is no date field of the cohort"
            yield Mistake(loaded.where(*path, key), what, did_you_mean(anchor, dates))
        elif anchor not in loaded.mapping.fields:
            what = f"{anchor} is not mapped, so nothing can be counted from it"
            yield Mistake(loaded.where(*path, key), what, f"map {anchor}")
    if rule.days_from and field.kind != "date":
        yield Mistake(loaded.where(*path, "days_from"), f"{field.name} is no date", "take it out")
    if rule.age_at and field.kind not in ("integer", "number"):
        yield Mistake(loaded.where(*path, "age_at"), f"{field.name} is no number", "take it out")
    mapping = loaded.mapping
    first = next(iter(mapping.tables))
    homes = {split_reference(ref, mapping.tables, first)[0] for ref in references_of(rule)}
    many = any(mapping.tables[home].rows == "many" for home in homes)
    if rule.take and not many and not rule.split:
        what = "`take` is for tables with `rows: many`, or with `split`"
        yield Mistake(loaded.where(*path, "take"), what, "take it out")
    if (rule.take == "nearest") != (rule.near is not None):
        fix = "write `take: nearest`, `near: <date field>` and `by: <date column>`"
        yield Mistake(loaded.where(*path), "`take: nearest` and `near` belong together", fix)
    if rule.take == "nearest" and rule.by is None:
        what = "`take: nearest` needs the column with the date of each row"
        yield Mistake(loaded.where(*path, "take"), what, "write `by: <date column>`")
    if rule.take in ("earliest", "latest") and rule.by is None and field.kind != "date":
        what = f"`take: {rule.take}` needs the column with the date of each row"
        yield Mistake(loaded.where(*path, "take"), what, "write `by: <date column>`")
    if rule.take == "best" and field.kind != "term":
        yield Mistake(
            loaded.where(*path, "take"), f"{field.name} has no order of terms", "use max or min"
        )
