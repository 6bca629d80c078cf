"""Files of statistical programs: sav, zsav, por, dta, sas7bdat and xpt, read by pyreadstat.

The library works in a process of its own (`statistics_worker`): a damaged file that crashes it costs
one center, not the run.

Variable labels, value labels and what the file declares as user-missing come along; the cells show
codes unless the mapping asks for labels. Row numbers are case numbers: the first case is 1.
"""

import datetime
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.cell_text import column_text, float_text, floats_text
from onecohort.exports.headers import name_columns
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import Layout, MemoryTable

_READERS = {
    "sav": "read_sav",
    "zsav": "read_sav",
    "por": "read_por",
    "dta": "read_dta",
    "sas7bdat": "read_sas7bdat",
    "xpt": "read_xport",
    "xpt5": "read_xport",
    "xpt8": "read_xport",
}
_WORKER = Path(__file__).with_name("statistics_worker.py")
_SECONDS = 1800  # for one file; a million rows take some ten
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
    value_labels = {
        renamed[own]: {_code_text(code, form): str(label) for code, label in labels.items()}
        for own, labels in meta.value_labels().items()
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


@dataclass(frozen=True)
class _Meta:
    """What pyreadstat tells of a file, by its own names; `catalog` are the labels of a SAS catalog."""

    column_names: list[str]
    column_names_to_labels: dict[str, str | None]
    variable_value_labels: dict[str, dict[object, str]]
    variable_to_label: dict[str, str]
    readstat_variable_types: dict[str, str]
    original_variable_types: dict[str, str | None]
    missing_ranges: dict[str, list[dict[str, object]]]
    missing_user_values: dict[str, list[object]]
    file_encoding: str | None
    file_label: str | None
    catalog: dict[str, dict[object, str]]

    def value_labels(self) -> dict[str, dict[object, str]]:
        """Labels of the file's own, and those of the catalog by the variables that use its formats."""
        from_catalog = {
            name: self.catalog[form]
            for name, form in self.variable_to_label.items()
            if form in self.catalog
        }
        return self.variable_value_labels | from_catalog


def _read(
    path: Path, export: str, form: str, layout: Layout
) -> tuple[dict[str, list[object]], _Meta]:
    if form not in _READERS:
        raise ExportError(export, f"format: {form} is no statistical format", "correct format:")
    if path.stat().st_size == 0:
        raise ExportError(export, "is empty (0 bytes)", "ask for the file again")
    catalog = None
    if layout.dictionary is not None and form == "sas7bdat":
        catalog = str(path.parent / layout.dictionary)
    request = (_READERS[form], str(path), _options(form, layout), limits.MAX_CELLS, catalog)
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(_WORKER)],
            input=pickle.dumps(request),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ExportError(
            export, f"is not read within {_SECONDS // 60} minutes", "ask for it exported as CSV"
        ) from None
    if done.returncode != 0:
        raise ExportError(
            export,
            f"cannot be read as {form} (its reader ends with code {done.returncode})",
            "it is damaged: ask for it again, or exported as CSV",
        )
    kind, *answer = pickle.loads(done.stdout)  # written by our own worker
    if kind == "refused":
        raise ExportError(
            export,
            f"cannot be read as {form} ({answer[0]})",
            "ask for it again, or exported as CSV",
        )
    if kind == "too large":
        limits.check_cells(*answer, where=export)
    data, told, labels = answer
    return data, _Meta(**told, catalog=labels or {})


def _options(form: str, layout: Layout) -> dict[str, object]:
    options: dict[str, object] = {"output_format": "dict"}
    if form in _WITH_USER_MISSING:
        options["user_missing"] = True
    if layout.encoding is not None:
        options["encoding"] = layout.encoding
    if form in ("sav", "zsav", "por"):
        options["extra_date_formats"] = _SPSS_DATES
    elif form != "dta":
        options |= {"extra_date_formats": _SAS_DATES, "extra_datetime_formats": _SAS_MOMENTS}
    return options


def _stored(meta: _Meta, name: str) -> str:
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
    meta: _Meta,
    codes: Mapping[str, pa.Array],
    renamed: Mapping[str, str],
    form: str,
) -> dict[str, frozenset[str]]:
    """Texts that the file declares missing: single codes, those of a range that occur, letters."""
    found: dict[str, frozenset[str]] = {}
    for own, ranges in meta.missing_ranges.items():
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


def _facts(meta: _Meta, form: str, renamed: Mapping[str, str]) -> dict[str, object]:
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
