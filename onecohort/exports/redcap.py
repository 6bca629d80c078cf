"""REDCap exports: one flat CSV that holds the rows of several instruments, events and groups.

A table of a mapping is the base rows of a project (`instrument: ""`), those of one repeating
instrument, or those of one event. With the data dictionary (`dictionary:`) come field labels, the
labels of choices and checkboxes, and a table keeps only the columns of its own forms.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.errors import ExportError
from onecohort.exports.csv import open_csv
from onecohort.exports.redcap_dictionary import Dictionary, read_dictionary
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import Fault, Layout, MemoryTable

# The project's own columns: in an export with variable names, and in one with labels.
_INSTRUMENT = ("redcap_repeat_instrument", "Repeat Instrument")
_INSTANCE = ("redcap_repeat_instance", "Repeat Instance")
_EVENT = ("redcap_event_name", "Event Name")
_GROUP = ("redcap_data_access_group", "Data Access Group")
_SURVEY = ("redcap_survey_identifier", "Survey Identifier")
_OWN = {name for pair in (_INSTRUMENT, _INSTANCE, _EVENT, _GROUP, _SURVEY) for name in pair}


def open_redcap(path: Path, export: str, layout: Layout) -> MemoryTable:
    """Open the rows of one instrument or event, or all rows where neither is declared.

    Raises ExportError where the project has no such instrument or event, and as `open_csv` does.
    """
    rows, cells, faults, facts = _read(path, export, layout)
    names = cells.schema.names
    dictionary = None
    if layout.dictionary is not None:
        dictionary = read_dictionary(path.parent / layout.dictionary, str(layout.dictionary))
    instruments = _counts(cells, _INSTRUMENT)
    project: dict[str, object] = {"headers": "labels" if _labelled_headers(names) else "variables"}
    for title, pair in (("instruments", _INSTRUMENT), ("events", _EVENT), ("groups", _GROUP)):
        if _present(names, pair) is not None:
            project[title] = dict(sorted(_counts(cells, pair).items()))
    keep = pa.array([True] * cells.num_rows)
    if layout.instrument is not None:
        known = dictionary.forms if dictionary else ()
        keep = pc.and_(
            keep, _rows_of(cells, _INSTRUMENT, layout.instrument, known, "instrument", export)
        )
    if layout.event is not None:
        keep = pc.and_(keep, _rows_of(cells, _EVENT, layout.event, (), "event", export))
    rows, cells = rows.filter(keep), cells.filter(keep)
    project["rows_of_other_tables"] = len(keep) - len(rows)
    if dictionary is not None and layout.instrument is not None:
        cells = _own_columns(cells, dictionary, layout.instrument, instruments)
    labels: dict[str, str] = {}
    value_labels: dict[str, Mapping[str, str]] = {}
    if dictionary is not None:
        labels, value_labels = dictionary.describe(cells.schema.names)
        if layout.values == "labels":
            cells = _with_labels(cells, value_labels)
    facts = facts | {"format": "REDCap export", "redcap": project}
    sheet = layout.instrument or layout.event
    return MemoryTable(export, sheet, rows, cells, faults, labels, value_labels, facts=facts)


def list_redcap(path: Path, export: str) -> list[TableSummary]:
    """The base rows and every repeating instrument of a project."""
    _, cells, _, facts = _read(path, export, Layout())
    found = []
    for instrument in sorted(_counts(cells, _INSTRUMENT)):
        layout = Layout(format="redcap", instrument=instrument)
        keep = _rows_of(cells, _INSTRUMENT, instrument, (), "instrument", export)
        filled = _filled_columns(cells.filter(keep))
        found.append(TableSummary(export, instrument or None, layout, filled, facts))
    return found or [TableSummary(export, None, Layout(), tuple(cells.schema.names), facts)]


def is_project(columns: Sequence[str]) -> bool:
    """Whether these are the columns of a project with repeating instruments."""
    return _present(columns, _INSTRUMENT) is not None


def _read(
    path: Path, export: str, layout: Layout
) -> tuple[pa.Array, pa.RecordBatch, tuple[Fault, ...], dict[str, object]]:
    table = open_csv(path, export, replace(layout, format=None))
    batches = list(table.batches())
    plain = [
        pa.table([_plain(column) for column in batch.cells.columns], names=list(table.columns))
        for batch in batches
    ]
    empty = pa.table([pa.array([], pa.string()) for _ in table.columns], names=list(table.columns))
    whole = pa.concat_tables([empty, *plain]).combine_chunks()
    cells = (whole.to_batches() or [pa.RecordBatch.from_pylist([], schema=whole.schema)])[0]
    rows = pa.concat_arrays([pa.array([], pa.int64()), *[batch.rows for batch in batches]])
    faults = tuple(fault for batch in batches for fault in batch.faults)
    return rows, cells, faults, dict(table.facts)


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _present(names: Sequence[str], pair: tuple[str, str]) -> str | None:
    return next((name for name in pair if name in names), None)


def _labelled_headers(names: Sequence[str]) -> bool:
    return any(pair[1] in names for pair in (_INSTRUMENT, _EVENT, _GROUP)) or any(
        "(choice=" in name for name in names
    )


def _counts(cells: pa.RecordBatch, pair: tuple[str, str]) -> Counter[str]:
    name = _present(cells.schema.names, pair)
    return Counter() if name is None else Counter(cells.column(name).to_pylist())


def _rows_of(
    cells: pa.RecordBatch,
    pair: tuple[str, str],
    wanted: str,
    known: Sequence[str],
    word: str,
    export: str,
) -> pa.Array:
    """Which rows carry `wanted` in the project's own column."""
    name = _present(cells.schema.names, pair)
    if name is None:
        raise ExportError(
            export,
            f"{word}: the export has no column {pair[0]}",
            f"leave {word}: out, or export the project with it",
        )
    there = set(cells.column(name).to_pylist())
    if wanted and wanted not in there and wanted not in known:
        listed = ", ".join(sorted(text for text in there if text)) or "none"
        raise ExportError(export, f"{word}: there is no {wanted!r}", f"the export holds {listed}")
    return pc.equal(cells.column(name), wanted)


def _own_columns(
    cells: pa.RecordBatch, dictionary: Dictionary, instrument: str, instruments: Mapping[str, int]
) -> pa.RecordBatch:
    """Columns of the instrument's form (of all forms that do not repeat, for the base rows).

    A column of another form that holds a text in these rows stays: nothing is lost by this.
    """
    names = cells.schema.names
    forms = dictionary.forms_of(names)
    filled = set(_filled_columns(cells))
    repeating = {dictionary.form_named(name) for name in instruments if name}
    own = dictionary.form_named(instrument)

    def belongs(name: str) -> bool:
        form = forms.get(name)
        if form is None or name in filled or name in _OWN or name == names[0]:
            return True
        return form == own if instrument else form not in repeating

    return cells.select([name for name in names if belongs(name)])


def _filled_columns(cells: pa.RecordBatch) -> tuple[str, ...]:
    return tuple(
        name
        for name, column in zip(cells.schema.names, cells.columns, strict=True)
        if pc.any(pc.not_equal(column, "")).as_py()
    )


def _with_labels(
    cells: pa.RecordBatch, value_labels: Mapping[str, Mapping[str, str]]
) -> pa.RecordBatch:
    arrays = []
    for name, column in zip(cells.schema.names, cells.columns, strict=True):
        known = value_labels.get(name, {})
        coded = column.dictionary_encode()
        words = [known.get(word, word) for word in coded.dictionary.to_pylist()]
        arrays.append(
            pa.DictionaryArray.from_arrays(coded.indices, pa.array(words, pa.string()))
            if known
            else column
        )
    return pa.RecordBatch.from_arrays(arrays, names=cells.schema.names)
