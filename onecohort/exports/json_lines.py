"""JSON: one record per line (.jsonl, .ndjson), or one array of records (.json).

Numbers keep the digits that stand in the file; a nested value is compact JSON text. The columns are
the keys of all records, in the order in which they first come.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from onecohort.errors import ExportError
from onecohort.exports import limits, sniff
from onecohort.exports.headers import name_columns
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import Fault, Layout, MemoryTable

_HALF = re.compile("[\ud800-\udfff]")  # of a letter beyond the 65,536 first, cut in two


class _Damaged(ValueError):
    """A record that is JSON, but of which something would be lost or is no text."""


class _Number(str):
    """A number, as its digits stand in the file."""

    __slots__ = ()


def open_json(path: Path, export: str, layout: Layout) -> MemoryTable:
    """Open JSON records whole; the row is the line, or the place in the array.

    A line that is no record is a fault with its text. Raises ExportError for a file that holds
    nothing, or no records at all.
    """
    text = _text(path, export, layout)
    lines = (layout.format or path.suffix.lower().removeprefix(".")) != "json"
    rows: list[int] = []
    records: list[dict[str, object]] = []
    faults: list[Fault] = []
    for number, raw, value in _by_line(text) if lines else _by_element(text, export):
        if isinstance(value, dict):
            rows.append(number)
            records.append(value)
        else:
            what = value if isinstance(value, str) else "is no record but a list or a single value"
            faults.append(
                Fault(number, None, raw, "row.unreadable", what, "correct it at the source")
            )
    if not records:
        fix = f"row {faults[0].row} {faults[0].message}" if faults else "ask for the file again"
        raise ExportError(export, "holds no JSON record", fix)
    keys = list(dict.fromkeys(key for record in records for key in record))
    limits.check_cells(len(records), len(keys), where=export)
    header = name_columns([keys])
    arrays = [pa.array([_cell(record.get(key)) for record in records], pa.string()) for key in keys]
    cells = pa.RecordBatch.from_arrays(arrays, names=list(header.columns))
    facts: dict[str, object] = {"format": "JSON lines" if lines else "JSON records"}
    return MemoryTable(
        export, None, pa.array(rows, pa.int64()), cells, tuple(faults), facts=facts | header.facts()
    )


def list_json(path: Path, export: str) -> list[TableSummary]:
    """The one table of a JSON file."""
    table = open_json(path, export, Layout())
    return [TableSummary(export, None, Layout(), table.columns, table.facts)]


def _text(path: Path, export: str, layout: Layout) -> str:
    contents = sniff.scan(path)
    encoding = layout.encoding or sniff.byte_order_mark(path) or "utf-8"  # RFC 8259, section 8.1
    sniff.check_text(path, contents, encoding, where=export)
    try:
        return path.read_text(encoding=encoding)
    except UnicodeError:
        raise sniff.undecodable(path, encoding, where=export) from None


def _by_line(text: str) -> Iterator[tuple[int, str, object]]:
    """Line number, its text, and the record or what is wrong with it; blank lines only count."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, line, _parse(line)
        except (ValueError, RecursionError) as error:
            yield number, line, f"is no JSON record ({error})"


def _by_element(text: str, export: str) -> Iterator[tuple[int, str, object]]:
    try:
        whole = _parse(text)
    except (ValueError, RecursionError) as error:
        raise ExportError(
            export, f"is no JSON ({error})", "for JSON lines declare format: jsonl"
        ) from None
    if isinstance(whole, dict):
        lists = [value for value in whole.values() if isinstance(value, list)]
        whole = lists[0] if len(lists) == 1 else whole
    if not isinstance(whole, list):
        raise ExportError(export, "is JSON, but no array of records", "export an array of records")
    for number, value in enumerate(whole, start=1):
        yield (
            number,
            "" if isinstance(value, dict) else str(_cell(value)),
            value if not isinstance(value, str) else ["text"],
        )


def _parse(text: str) -> object:
    value: object = json.loads(
        text,
        parse_int=_Number,
        parse_float=_Number,
        parse_constant=_Number,
        object_pairs_hook=_pairs,
    )
    return value if not isinstance(value, str) else [value]


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    for one in (*record, *record.values()):
        if isinstance(one, str | list) and _HALF.search(_cell(one) or ""):
            raise _Damaged("half of a surrogate pair stands where a letter should be")
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise _Damaged(f"the key {twice[0]!r} stands twice")
    return record


def _cell(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return _compact(value)


def _compact(value: object) -> str:
    """JSON text of a nested value, its numbers as they stood."""
    if isinstance(value, dict):
        inside = ", ".join(
            f"{json.dumps(k, ensure_ascii=False)}: {_compact(v)}" for k, v in value.items()
        )
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(_compact(one) for one in value)}]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)
