"""One field's rule: which of a patient's rows counts, which date it counts from, which table it means."""

from collections.abc import Iterator

from onecohort.errors import Mistake
from onecohort.mapping.check_melt import check_reading
from onecohort.mapping.language import FieldRule
from onecohort.mapping.load import LoadedMapping, did_you_mean
from onecohort.mapping.references import JOINED, references_of, split_reference
from onecohort.schema import CohortSchema, Field

ORDERED = ("earliest", "latest", "first", "last", "nearest")  # words to which `by` says the order


def check_taking(
    loaded: LoadedMapping, schema: CohortSchema, field: Field, rule: FieldRule
) -> Iterator[Mistake]:
    """The mistakes of a rule in choosing its row."""
    yield from _anchors(loaded, schema, field, rule)
    yield from _taking(loaded, field, rule)
    yield from _tables_named(loaded, field, rule)
    yield from check_reading(loaded, ("fields", field.name))


def _anchors(
    loaded: LoadedMapping, schema: CohortSchema, field: Field, rule: FieldRule
) -> Iterator[Mistake]:
    """Date fields that a rule counts from."""
    path = ("fields", field.name)
    dates = [f.name for f in schema.mappable if f.kind == "date"]
    named = {"days_from": rule.days_from, "age_at": rule.age_at, "near": rule.near}
    for key, anchor in named.items():
        if anchor is None:
            continue
        if anchor not in dates:
            what = f"{anchor!r} is no date field of the cohort"
            yield Mistake(loaded.at(*path, key), what, did_you_mean(anchor, dates))
        elif anchor not in loaded.written("fields"):
            what = f"{anchor} is not mapped, so nothing can be counted from it"
            yield Mistake(loaded.at(*path, key), what, f"map {anchor}, or count from another date")
    if rule.days_from and field.kind != "date":
        yield Mistake(loaded.where(*path, "days_from"), f"{field.name} is no date", "take it out")
    if rule.age_at and field.kind not in ("integer", "number"):
        yield Mistake(loaded.where(*path, "age_at"), f"{field.name} is no number", "take it out")


def _taking(loaded: LoadedMapping, field: Field, rule: FieldRule) -> Iterator[Mistake]:
    """Which of a patient's rows counts."""
    path = ("fields", field.name)
    tables = loaded.mapping.tables
    first = next(iter(tables))
    homes = {split_reference(ref, tables, first)[0] for ref in references_of(rule)}
    unsure = any(faulty[:1] == ("tables",) and faulty[1] in homes for faulty in loaded.faulty)
    many = any(tables[home].rows == "many" or tables[home].melt for home in homes)
    if rule.take and not many and not rule.split and not unsure:
        what = "`take` is for tables with `rows: many`, or with `split`"
        fix = f"take it out, or write `rows: many` for {' and '.join(sorted(homes)) or first}"
        yield Mistake(loaded.where(*path, "take"), what, fix)
    if (rule.take == "nearest") != (rule.near is not None):
        key = "take" if rule.near is None else "near"
        fix = "write `take: nearest`, `near: <date field>` and `by: <date column>`"
        where = loaded.where(*path, key)
        yield Mistake(where, "`take: nearest` and `near` belong together", fix)
    dated = rule.take == "nearest" or (rule.take in ("earliest", "latest") and field.kind != "date")
    if dated and rule.by is None:
        what = f"`take: {rule.take}` needs the column with the date of each row"
        yield Mistake(loaded.where(*path, "take"), what, "write `by: <date column>`")
    if rule.by and rule.take not in ORDERED and rule.near is None:
        what = f"`by` has no meaning with `take: {rule.take or 'agree'}`"
        fix = f"write `take:` with one of {', '.join(ORDERED)}, or take `by` out"
        yield Mistake(loaded.where(*path, "by"), what, fix)
    if rule.within_days is not None and rule.take != "nearest" and rule.near is None:
        what = "`within_days` belongs to `take: nearest`"
        yield Mistake(loaded.where(*path, "within_days"), what, "take it out")
    if rule.take == "count" and field.kind not in ("integer", "number"):
        yield Mistake(loaded.at(*path, "take"), f"{field.name} is no number", "take it out")
    if rule.take == "best" and field.kind != "term":
        what = f"{field.name} has no order of terms"
        yield Mistake(loaded.at(*path, "take"), what, "use max or min")


def _tables_named(loaded: LoadedMapping, field: Field, rule: FieldRule) -> Iterator[Mistake]:
    """A misspelt table before a column, which would read as a column of the first table."""
    tables = loaded.mapping.tables
    first = next(iter(tables))
    homes = {split_reference(ref, tables, first)[0] for ref in references_of(rule)} - {first}
    if not any(tables[home].rows == "many" for home in homes):
        return
    for key, reference in (("from", rule.from_), ("by", rule.by), ("unit_from", rule.unit_from)):
        head, dot, _ = (reference or "").partition(JOINED)
        if dot and head not in tables:
            fix = did_you_mean(head, list(tables))
            where = loaded.at("fields", field.name, key)
            yield Mistake(where, f"there is no table {head!r}", fix)
