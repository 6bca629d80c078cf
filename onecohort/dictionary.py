"""The data dictionary for people: as rows, Markdown, a page, a workbook."""

from collections.abc import Iterator
from pathlib import Path

from onecohort.schema import CohortSchema, Field

COLUMNS = ("field", "title", "kind", "unit", "values", "required", "privacy", "description")


def values_of(field: Field) -> str:
    """What a field may hold, in one line."""
    if field.terms:
        return ", ".join(field.codes)
    window = field.plausible or field.possible
    if window is not None:
        return f"{window[0]:g} to {window[1]:g}" + (" usual" if field.plausible else "")
    return {"boolean": "yes, no", "date": "year-month-day"}.get(field.kind, "")


def rows_of(schema: CohortSchema) -> Iterator[tuple[str, ...]]:
    """One row per field, as `COLUMNS` names them."""
    for field in schema.fields.values():
        required = "required" if field.required else "derived" if field.derived else ""
        published = field.privacy if field.published else f"{field.privacy}, not published"
        yield (
            field.name,
            field.title,
            field.kind,
            field.unit or "",
            values_of(field),
            required,
            published,
            field.description,
        )


def term_rows(field: Field) -> Iterator[tuple[str, ...]]:
    """Code, definition, source, English and Italian synonyms of each term."""
    for term in field.terms:
        yield term.code, term.definition, term.source, ", ".join(term.en), ", ".join(term.it)


def as_markdown(schema: CohortSchema, title: str) -> str:
    """The whole dictionary as Markdown: the fields, then each vocabulary."""
    lines = [f"# Data dictionary: {title}", ""]
    lines += _markdown_table(COLUMNS, rows_of(schema))
    told: set[str] = set()
    for field in schema.fields.values():
        if field.vocabulary and field.vocabulary not in told:
            told.add(field.vocabulary)
            lines += ["", f"## {field.vocabulary}", ""]
            head = ("term", "definition", "source", "English", "Italian")
            lines += _markdown_table(head, term_rows(field))
    return "\n".join(lines) + "\n"


def _markdown_table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for row in rows:
        cells = (" ".join(cell.split()).replace("|", "\\|") for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def as_html(schema: CohortSchema, title: str) -> str:
    """The dictionary as one page without any link, to hand to a center."""
    from html import escape

    def table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
        top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
        )
        return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"

    parts = [table(COLUMNS, rows_of(schema))]
    told: set[str] = set()
    for field in schema.fields.values():
        if field.vocabulary and field.vocabulary not in told:
            told.add(field.vocabulary)
            head = ("term", "definition", "source", "English", "Italian")
            parts.append(f"<h2>{escape(field.vocabulary)}</h2>{table(head, term_rows(field))}")
    style = (
        "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color-scheme:light dark}"
        "table{border-collapse:collapse}td,th{border:1px solid #8888;padding:.3rem .6rem;"
        "text-align:left;vertical-align:top}"
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style><h1>Data dictionary: {escape(title)}</h1>{''.join(parts)}</html>\n"
    )


def write_workbook(schema: CohortSchema, path: Path) -> None:
    """The dictionary as a workbook: a sheet of fields, a sheet of terms."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    fields = book.active
    assert fields is not None
    fields.title = "fields"
    fields.append(list(COLUMNS))
    for row in rows_of(schema):
        fields.append(list(row))
    terms = book.create_sheet("terms")
    terms.append(["field", "term", "definition", "source", "English", "Italian"])
    for field in schema.fields.values():
        for row in term_rows(field):
            terms.append([field.name, *row])
    for sheet in (fields, terms):
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
    book.save(path)
