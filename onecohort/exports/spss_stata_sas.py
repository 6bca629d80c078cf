"""Files of statistical programs: sav, zsav, por, dta, sas7bdat and xpt, read by pyreadstat.

Variable labels, value labels and what the file declares as user-missing come along; the cells show
codes unless the mapping asks for labels. Row numbers are case numbers: the first case is 1.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyreadstat

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.cell_text import column_text, float_text, floats_text
from onecohort.exports.headers import name_columns
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import Layout, MemoryTable

_READERS: dict[str, Callable[..., tuple[Any, Any]]] = {
    "sav": pyreadstat.read_sav,
    "zsav": pyreadstat.read_sav,
    "por": pyreadstat.read_por,
    "dta": pyreadstat.read_dta,
    "sas7bdat": pyreadstat.read_sas7bdat,
    "xpt": pyreadstat.read_xport,
    "xpt5": pyreadstat.read_xport,
    "xpt8": pyreadstat.read_xport,
}
# Formats that show less than a whole date, and that pyreadstat leaves as a count of days or seconds.
_SPSS_DATES = ["QYR", "MOYR", "WKYR"]
_SAS_DATES = [
    *("DAY", "JULDAY", "JULIAN", "MONTH", "MONNAME", "MONYY", "WEEKDAY", "DOWNAME", "WEEKV"),
    *("MMYY", "MMYYC", "MMYYD", "MMYYN", "MMYYP", "MMYYS", "QTR", "QTRR", "YEAR", "YYMON"),
    *("YYMM", "YYMMC", "YYMMD", "YYMMN", "YYMMP", "YYMMS", "WEEKDATE", "WEEKDATX"),
    *("YYQ", "YYQC", "YYQD", "YYQN", "YYQP", "YYQS", "YYQR", "WORDDATE", "WORDDATX", "NENGO"),
]
_SAS_MOMENTS = ["DTDATE", "DTMONYY", "DTYEAR", "DTWKDATX", "DATEAMPM", "MDYAMPM"]
_WITH_USER_MISSING = ("sav", "zsav", "dta", "sas7bdat")
_TITLES = {"sav": "SPSS", "zsav": "SPSS", "por": "SPSS portable", "dta": "Stata"}


def open_statistics(path: Path, export: str, layout: Layout) -> MemoryTable:
    """Open a statistical file whole; `layout.dictionary` may name a SAS catalog with the labels.

    Raises ExportError for a file that is damaged, in another format than its suffix says, or whose
    texts are not in the encoding it declares.
    """
    form = layout.format or path.suffix.lower().removeprefix(".")
    data, meta = _read(path, export, form, layout)
    header = name_columns([list(meta.column_names)])
    codes = {
        name: _codes(data[own], _stored(meta, own), form)
        for own, name in zip(meta.column_names, header.columns, strict=True)
    }
    renamed = dict(zip(meta.column_names, header.columns, strict=True))
    coded = dict(meta.variable_value_labels)
    if layout.dictionary is not None and form == "sas7bdat":
        coded |= _catalog(path.parent / layout.dictionary, str(layout.dictionary), meta)
    value_labels = {
        renamed[own]: {_code_text(code, form): str(label) for code, label in labels.items()}
        for own, labels in coded.items()
        if own in renamed
    }
    shown = codes
    if layout.values == "labels":
        shown = {name: _labelled(codes[name], value_labels.get(name, {})) for name in codes}
    cells = pa.RecordBatch.from_arrays(list(shown.values()), names=list(shown))
    rows = pa.array(np.arange(1, cells.num_rows + 1, dtype=np.int64))
    facts = _facts(meta, form, renamed) | header.facts()
    labels = {renamed[own]: text for own, text in meta.column_names_to_labels.items() if text}
    missing = _user_missing(meta, codes, renamed, form)
    if layout.values == "labels":
        missing = {
            name: frozenset(value_labels.get(name, {}).get(code, code) for code in texts)
            for name, texts in missing.items()
        }
    return MemoryTable(export, None, rows, cells, (), labels, value_labels, missing, facts)


def list_statistics(path: Path, export: str) -> list[TableSummary]:
    """The one table of a statistical file."""
    table = open_statistics(path, export, Layout())
    return [TableSummary(export, None, Layout(), table.columns, table.facts)]


def _read(
    path: Path, export: str, form: str, layout: Layout
) -> tuple[dict[str, list[object]], pyreadstat.metadata_container]:
    reader = _READERS.get(form)
    if reader is None:
        raise ExportError(export, f"format: {form} is no statistical format")
    options: dict[str, object] = {"output_format": "dict"}
    if form in _WITH_USER_MISSING:
        options["user_missing"] = True
    if layout.encoding is not None:
        options["encoding"] = layout.encoding
    if form in ("sav", "zsav", "por"):
        options["extra_date_formats"] = _SPSS_DATES
    elif form != "dta":
        options |= {"extra_date_formats": _SAS_DATES, "extra_datetime_formats": _SAS_MOMENTS}
    if path.stat().st_size == 0:
        raise ExportError(export, "is empty (0 bytes)", "ask for the file again")
    try:
        _, outline = reader(str(path), **(options | {"metadataonly": True}))
        limits.check_cells(outline.number_rows or 0, outline.number_columns or 0, where=export)
        data, meta = reader(str(path), **options)
    except ExportError:
        raise
    except UnicodeDecodeError as error:
        raise ExportError(
            export, f"holds text that is not in its encoding ({error.reason})", "declare encoding"
        ) from None
    except Exception as error:  # ReadstatError and PyreadstatError have no common base of their own
        raise ExportError(
            export, f"cannot be read as {form} ({error})", "ask for it again, or exported as CSV"
        ) from None
    return data, meta


def _catalog(
    path: Path, where: str, meta: pyreadstat.metadata_container
) -> dict[str, dict[float | int, str]]:
    """Value labels of a SAS catalog, by the variables that use its formats."""
    try:
        _, catalog = pyreadstat.read_sas7bcat(str(path), output_format="dict")
    except Exception as error:  # as above
        raise ExportError(
            where, f"dictionary: cannot be read as a SAS catalog ({error})", "ask for it again"
        ) from None
    return {
        name: dict(catalog.value_labels[form])
        for name, form in meta.variable_to_label.items()
        if form in catalog.value_labels
    }


def _stored(meta: pyreadstat.metadata_container, name: str) -> str:
    return str(meta.readstat_variable_types.get(name, "double"))


def _codes(values: Sequence[object], stored: str, form: str) -> pa.Array:
    """Texts of one variable; a 4-byte float is written with the digits that 4 bytes hold."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {float, int} and kinds:
        numbers = pa.array([None if v is None else float(v) for v in values], pa.float64())  # type: ignore[arg-type]
        numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
        return floats_text(numbers.cast(pa.float32()) if stored == "float" else numbers)
    if str in kinds and stored != "string":  # a number, or the letter of a missing one
        return pa.array([_cell(value, stored, form) for value in values], pa.string())
    return column_text(values)


def _cell(value: object, stored: str, form: str) -> str | None:
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and stored == "float":
        return float_text(float(str(np.float32(value))))
    if isinstance(value, str | float | int):
        return _code_text(value, form)
    return column_text([value])[0].as_py()  # type: ignore[no-any-return]


def _code_text(code: object, form: str) -> str:
    """A code as its program shows it: Stata's extended missing values have a point before the letter."""
    if isinstance(code, float | int):
        return float_text(float(code))
    if isinstance(code, datetime.date):
        return str(column_text([code])[0])
    text = str(code)
    is_extended = form == "dta" and len(text) == 1 and text.islower()
    return f".{text}" if is_extended else text


def _labelled(codes: pa.Array, labels: Mapping[str, str]) -> pa.Array:
    """Labels in place of codes; a code without a label stays."""
    if not labels:
        return codes
    coded = codes.dictionary_encode()
    words = [labels.get(word, word) for word in coded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(words, pa.string()))


def _user_missing(
    meta: pyreadstat.metadata_container,
    codes: Mapping[str, pa.Array],
    renamed: Mapping[str, str],
    form: str,
) -> dict[str, frozenset[str]]:
    """Texts that the file declares missing: single codes, those of a range that occur, letters."""
    found: dict[str, frozenset[str]] = {}
    declared: Mapping[str, list[dict[str, object]]] = meta.missing_ranges  # type: ignore[assignment]
    for own, ranges in declared.items():
        texts = {_code_text(one[end], form) for one in ranges for end in ("lo", "hi")}
        texts = {text for text in texts if text not in ("Inf", "-Inf")}
        distinct = [text for text in codes[renamed[own]].unique().to_pylist() if text]
        spans = [(one["lo"], one["hi"]) for one in ranges if one["lo"] != one["hi"]]
        texts |= {text for text in distinct if any(_within(text, lo, hi) for lo, hi in spans)}
        found[renamed[own]] = frozenset(texts)
    for own, letters in meta.missing_user_values.items():
        found[renamed[own]] = frozenset(_code_text(letter, form) for letter in letters)
    return found


def _within(text: str, low: object, high: object) -> bool:
    if isinstance(low, str) or isinstance(high, str):
        return str(low) <= text <= str(high)
    try:
        return float(low) <= float(text) <= float(high)  # type: ignore[arg-type]
    except ValueError:
        return False


def _facts(
    meta: pyreadstat.metadata_container, form: str, renamed: Mapping[str, str]
) -> dict[str, object]:
    title = _TITLES.get(form, "SAS")
    facts: dict[str, object] = {"format": f"{title} file"}
    if meta.file_encoding:
        facts["encoding"] = meta.file_encoding
    if meta.file_label:
        facts["file_label"] = meta.file_label
    displayed = {
        renamed[own]: kind for own, kind in meta.original_variable_types.items() if kind is not None
    }
    return facts | ({"displayed_as": displayed} if displayed else {})
