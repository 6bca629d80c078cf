"""A draft as the text of a mapping: it reads aloud, and every guess carries a mark."""

import json
import re
from collections.abc import Mapping, Sequence

from onecohort.draft.guess import DraftFields
from onecohort.draft.rules import DraftRule
from onecohort.draft.spelled import TableSpelling
from onecohort.draft.tables import DraftTable
from onecohort.mapping.marks import MARK

WIDTH = 100
SCHEMA_LINE = "# yaml-language-server: $schema=mapping.schema.json"
HOW_TO = (
    "# Drafted. Every line with a question mark is a guess: compare it with the export, correct what",
    "# it stands above, then delete it. A value that is still commented out is not decided yet: put in",
    "# the term and take the mark away. `onecohort check` tells what is left.",
)
_PLAIN = re.compile(r"[^\W_][\w .+/()%°²³^<>=*–-]*")


def write_mapping(
    center: str, tables: Sequence[DraftTable], fields: DraftFields, notes: Sequence[str]
) -> str:
    """The text of a drafted mapping; `notes` stand at its head."""
    exports = ", ".join(dict.fromkeys(table.profile.export for table in tables))
    lines = [SCHEMA_LINE, *HOW_TO, *(f"# {note}" for note in notes)]
    lines += [f"center: {center}", f"{MARK} say in a line what this center sends"]
    lines += [f"title: {scalar(center.capitalize() + ' – ' + exports)}", "", "tables:"]
    for table, spelling in zip(tables, fields.spellings, strict=True):
        lines += _table(table, spelling)
    lines += ["", "fields:"]
    for rule in fields.rules:
        lines += write_rule(rule)
    if fields.unavailable:
        lines += ["", "unavailable:"]
        for name, nearest in fields.unavailable:
            lines.append(
                f"  {MARK} " + (f"nearest: {nearest}" if nearest else "nothing is like it")
            )
            lines.append(f"  {name}: not in the export")
    if fields.ignore:
        lines += ["", "ignore:"]
        for reference, reason, note in fields.ignore:
            lines += [f"  {MARK} {_one_line(note)}", f"  {scalar(reference)}: {reason}"]
    return "\n".join(lines) + "\n"


def _table(table: DraftTable, spelling: TableSpelling) -> list[str]:
    lines = [f"  {table.name}:", f"    files: {scalar(table.files)}"]
    lines += [f"    {key}: {scalar(text)}" for key, text in table.declared.items()]
    lines += [f"    {MARK} {table.why_key}", f"    key: {scalar(table.key)}"]
    if table.totals:
        lines += [f"    {MARK} no patients", "    leave_out:"]
        lines += [
            f"      - {{ when: {{ {scalar(column)}: {scalar(text)} }}, reason: total row }}"
            for column, text in table.totals
        ]
    if table.zero_pad:
        lines.append(f"    {MARK} ids of another table have their leading zeros")
        lines.append(f"    zero_pad: {table.zero_pad}")
    if table.rows == "many":
        lines.append("    rows: many")
    if spelling.dates:
        lines.append(f"    {MARK} {spelling.why_dates or 'as the cells show'}")
        lines.append(f"    dates: {flow(spelling.dates)}")
    if spelling.pivot_year:
        lines.append(f"    {MARK} two digits mean {spelling.pivot_year} and the 99 years after it")
        lines.append(f"    pivot_year: {spelling.pivot_year}")
    if spelling.decimal and spelling.decimal != (".",):
        lines.append(f"    decimal: {flow(spelling.decimal)}")
    if spelling.thousands:
        lines.append(f"    thousands: {scalar(spelling.thousands)}")
    if spelling.missing:
        lines.append(f"    {MARK} texts that probably mean: not known")
        lines.append(f"    missing: {flow(spelling.missing)}")
    return lines


def write_rule(rule: DraftRule) -> list[str]:
    """The lines of one field under `fields:`."""
    lines = [f"  {MARK} {_one_line(text)}" for text in rule.guesses]
    lines += [f"  #   or {_one_line(text)}" for text in rule.others]
    inline = f"  {rule.field}: {flow(rule.keys)}"
    if len(inline) <= WIDTH and not rule.open:
        return [*lines, inline]
    lines.append(f"  {rule.field}:")
    for key, value in rule.keys.items():
        short = f"    {key}: {flow(value)}"
        if isinstance(value, dict) and (rule.open or len(short) > WIDTH):
            # Without a sure value the block itself waits for a person, or it would be no block.
            lines.append(f"    {key}:" if value else f"    {MARK} {key}:")
            lines += [f"      {scalar(text)}: {scalar(term)}" for text, term in value.items()]
            lines += [open_line(item) for item in rule.open]
        else:
            lines.append(short)
    return lines


def open_line(item: tuple[str, str, str]) -> str:
    """An undecided value as a comment that becomes its line when the mark is taken away."""
    text, term, why = item
    return f"      {MARK} {scalar(text)}: {scalar(term)}  # {_one_line(why)}"


def flow(value: object) -> str:
    """A text, list or block of texts on one line."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{scalar(str(k))}: {flow(v)}" for k, v in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, tuple):
        inside = ", ".join(scalar(text) for text in value)
        return scalar(value[0]) if len(value) == 1 else f"[{inside}]"
    return scalar(str(value))


def scalar(text: str) -> str:
    """A text as YAML reads it back, plain where nothing in it is YAML's own.

    >>> scalar("Hb (g/L)"), scalar("a: b"), scalar("t-LAM"), scalar("no"), scalar(","), scalar("")
    ('Hb (g/L)', '"a: b"', 't-LAM', 'no', '","', '""')
    """
    plain = _PLAIN.fullmatch(text) and not text.endswith(" ") and "  " not in text
    return text if plain and ": " not in text else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())
