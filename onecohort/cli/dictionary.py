"""`onecohort fields`, `terms` and `schema`: the data dictionary, and the mapping's schema for editors."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from onecohort.dictionary import (
    COLUMNS,
    as_html,
    as_markdown,
    mapping_json_schema,
    rows_of,
    term_rows,
    write_workbook,
)
from onecohort.errors import Mistake, StudyError
from onecohort.mapping.load import did_you_mean
from onecohort.study import load_study


def fields_command(
    *, study: Path, html: Path | None, xlsx: Path | None, markdown: Path | None, as_json: bool
) -> int:
    """Show or write the dictionary."""
    opened = load_study(study)
    if html is not None:
        html.write_text(as_html(opened.schema, opened.title), encoding="utf-8")
    if markdown is not None:
        markdown.write_text(as_markdown(opened.schema, opened.title), encoding="utf-8")
    if xlsx is not None:
        write_workbook(opened.schema, xlsx)
    if html or xlsx or markdown:
        for path in (html, xlsx, markdown):
            if path is not None:
                print(f"written: {path}")
        return 0
    if as_json:
        told = [dict(zip(COLUMNS, row, strict=True)) for row in rows_of(opened.schema)]
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return 0
    _show(COLUMNS[:6], [row[:6] for row in rows_of(opened.schema)])
    return 0


def terms_command(field: str, *, study: Path, as_json: bool) -> int:
    """Show the terms of a coded field."""
    schema = load_study(study).schema
    coded = [spec.name for spec in schema.fields.values() if spec.terms]
    if field not in coded:
        what = f"{field!r} is no coded field" if field in schema.fields else f"no field {field!r}"
        raise StudyError(Mistake("schemas/cohort.py", what, did_you_mean(field, coded)))
    head = ("term", "definition", "source", "English", "Italian")
    rows = list(term_rows(schema.fields[field]))
    if as_json:
        told = [dict(zip(head, row, strict=True)) for row in rows]
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _show(head, rows)
    return 0


def schema_command(*, study: Path, output: Path) -> int:
    """Write the JSON Schema of this study's mappings."""
    text = json.dumps(mapping_json_schema(load_study(study).schema), ensure_ascii=False, indent=1)
    output.write_text(text + "\n", encoding="utf-8")
    print(f"written: {output}")
    print("a mapping's first line lets editors find it:")
    print(f"# yaml-language-server: $schema=../{output.name}")
    return 0


def _show(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 160
    console.print(table)
