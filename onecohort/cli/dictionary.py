"""`onecohort fields`, `terms` and `schema`: the data dictionary, and the mapping's schema for editors."""

import json
import os
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from onecohort.cli.output import write_text, write_with
from onecohort.dictionary import (
    COLUMNS,
    as_html,
    as_markdown,
    rows_of,
    term_rows,
    write_workbook,
)
from onecohort.errors import Mistake, StudyError
from onecohort.mapping.json_schema import mapping_json_schema
from onecohort.mapping.load import did_you_mean
from onecohort.study import MAPPINGS, load_study

JSON_SCHEMA = "mapping.schema.json"  # the name that the first line of a mapping gives to editors


def fields_command(
    *, study: Path, html: Path | None, xlsx: Path | None, markdown: Path | None, as_json: bool
) -> int:
    """Show or write the dictionary."""
    opened = load_study(study)
    if html is not None:
        write_text(html, as_html(opened.schema, opened.title))
    if markdown is not None:
        write_text(markdown, as_markdown(opened.schema, opened.title))
    if xlsx is not None:
        write_with(xlsx, partial(write_workbook, opened.schema))
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
    if field in schema.fields and field not in coded:
        fix = f"coded are {', '.join(coded)}"
        raise StudyError(Mistake("schemas/cohort.py", f"{field} is no coded field", fix))
    if field not in coded:
        what = f"the cohort has no field {field!r}"
        raise StudyError(Mistake("schemas/cohort.py", what, did_you_mean(field, coded)))
    head = ("term", "definition", "source", "English", "Italian")
    rows = list(term_rows(schema.fields[field]))
    if as_json:
        told = [dict(zip(head, row, strict=True)) for row in rows]
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _show(head, rows)
    return 0


def schema_command(*, study: Path, output: Path | None) -> int:
    """Write the JSON Schema of this study's mappings."""
    path = output or study / MAPPINGS / JSON_SCHEMA
    text = json.dumps(mapping_json_schema(load_study(study).schema), ensure_ascii=False, indent=1)
    write_text(path, text + "\n")
    print(f"written: {path}")
    print("editors find it by the first line of a mapping:")
    print(f"# yaml-language-server: $schema={beside(path, study)}")
    return 0


def beside(output: Path, study: Path) -> str:
    """The path of a file as a mapping of the study names it."""
    return Path(os.path.relpath(output.resolve(), (study / MAPPINGS).resolve())).as_posix()


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
