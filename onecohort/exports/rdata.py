"""R objects: data frames of .rds and .RData files, read without R and without running anything.

A .rds file may hold one data frame or a list of them; .RData any number of named objects. `sheet:`
names the one that is meant. Factors show their levels, dates are ISO text, NA is blank.
"""

import bz2
import gzip
import io
import lzma
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import IO, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
from rdata.parser import RData, RObject, RObjectType, parse_data

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.cell_text import column_text, floats_text
from onecohort.exports.headers import name_columns
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import Layout, MemoryTable

_CHUNK = 1 << 20
_NA_INTEGER = -(2**31)
_NA_REAL = 1954  # the low word of R's NA, which is a NaN (R internals, 1.1.1)
_EPOCH = date(1970, 1, 1)
_MAGIC = {b"\x1f\x8b": "gzip", b"BZ": "bzip2", b"\xfd7": "xz"}
_KINDS = {RObjectType.VEC: "lists", RObjectType.CPLX: "complex numbers", RObjectType.RAW: "bytes"}
_LATIN1 = 1 << 2  # bit of a CHARSXP's flags


def open_rdata(path: Path, export: str, layout: Layout) -> MemoryTable:
    """Open one data frame.

    Raises ExportError for a file that R did not write, that holds no data frame, or several when
    `sheet` names none of them.
    """
    with _refusing_damage(export):
        frames = _frames(path, export)
        wanted = layout.sheet
        if wanted is None and len(frames) == 1:
            wanted = next(iter(frames))
        if wanted is None or wanted not in frames:
            what = (
                "several data frames" if layout.sheet is None else f"no data frame {layout.sheet!r}"
            )
            raise ExportError(export, f"sheet: it holds {what}", f"one of {', '.join(frames)}")
        return _table(frames[wanted], export, wanted or None)


def list_rdata(path: Path, export: str) -> list[TableSummary]:
    """Every data frame of the file."""
    found = []
    with _refusing_damage(export):
        for name, frame in _frames(path, export).items():
            table = _table(frame, export, name or None)
            layout = Layout(sheet=name or None)
            found.append(TableSummary(export, name or None, layout, table.columns, table.facts))
    return found


@contextmanager
def _refusing_damage(export: str) -> Iterator[None]:
    """Turn what a damaged stream does to its readers into an ExportError.

    A flipped bit makes other types, lengths and trees of what R wrote, so it fails in many ways.
    """
    try:
        yield
    except ExportError:
        raise
    except Exception as error:
        line = (str(error).splitlines() or [""])[0]
        raise ExportError(
            export,
            f"is damaged or no R file ({type(error).__name__}: {line})",
            "ask for it again, saved with saveRDS()",
        ) from None


def _frames(path: Path, export: str) -> dict[str, RObject]:
    top = _parse(path, export).object
    found: dict[str, RObject] = {}
    if _is_frame(top):
        found[""] = top
    elif top.info.type is RObjectType.VEC:
        found = {
            name: value
            for name, value in zip(_names(top), top.value, strict=True)
            if _is_frame(value)
        }
    elif top.info.type is RObjectType.LIST:
        found = {name: value for name, value in _pairs(top) if _is_frame(value)}
    if not found:
        raise ExportError(export, "holds no data frame", "save the data frame itself")
    return found


def _parse(path: Path, export: str) -> RData:
    data = path.read_bytes()
    packed = _MAGIC.get(data[:2])
    if packed is not None:
        with _opened(io.BytesIO(data), packed) as stream:
            chunks = iter(lambda: stream.read(_CHUNK), b"")
            data = limits.bounded(chunks, len(data), where=export)
    kind = ".rda" if data[:3] in (b"RDX", b"RDA") else ".rds"
    return parse_data(data, extension=kind)


def _opened(data: io.BytesIO, packed: str) -> IO[bytes]:
    if packed == "gzip":
        return cast("IO[bytes]", gzip.open(data))
    return bz2.open(data) if packed == "bzip2" else lzma.open(data)


def _table(frame: RObject, export: str, sheet: str | None) -> MemoryTable:
    where = f"{export} [{sheet}]" if sheet else export
    header = name_columns([_names(frame)])
    limits.check_cells(_length(frame.value[0]) if frame.value else 0, len(frame.value), where=where)
    arrays = [
        _column(values, f"{where} column {name!r}")
        for name, values in zip(header.columns, frame.value, strict=True)
    ]
    cells = pa.RecordBatch.from_arrays(arrays, names=list(header.columns))
    labels = {
        name: _strings(values_label)[0] or ""
        for name, values in zip(header.columns, frame.value, strict=True)
        if (values_label := _attributes(values).get("label")) is not None
    }
    rows = pa.array(np.arange(1, cells.num_rows + 1, dtype=np.int64))
    facts = {"format": "R data frame"} | header.facts()
    return MemoryTable(export, sheet, rows, cells, labels=labels, facts=facts)


def _column(values: RObject, where: str) -> pa.Array:
    """Texts of one column by its type and class."""
    attributes = _attributes(values)
    classes = _strings(attributes["class"]) if "class" in attributes else []
    kind = values.info.type
    if "factor" in classes:
        levels = pa.array(_strings(attributes["levels"]), pa.string())
        codes = np.asarray(values.value)
        blank = codes == _NA_INTEGER
        indices = pa.array(np.where(blank, 0, codes - 1).astype(np.int32), mask=blank)
        return pa.DictionaryArray.from_arrays(indices, levels)
    if kind is RObjectType.STR:
        return pa.array(_strings(values), pa.string())
    if kind not in (RObjectType.REAL, RObjectType.INT, RObjectType.LGL):
        raise ExportError(
            where,
            f"holds {_KINDS.get(kind, kind.name.lower())} where cells should be",
            "turn the column into text in R",
        )
    numbers = np.ma.filled(np.ma.asarray(values.value), _NA_INTEGER)
    if kind is RObjectType.LGL:
        texts = [None if v == _NA_INTEGER else "TRUE" if v else "FALSE" for v in numbers.tolist()]
        if isinstance(values.value, np.ma.MaskedArray):
            hidden = np.ma.getmaskarray(values.value)
            texts = [None if gone else text for text, gone in zip(texts, hidden, strict=True)]
        return pa.array(texts, pa.string())
    if kind is RObjectType.INT:
        blank = (numbers == _NA_INTEGER) | np.ma.getmaskarray(np.ma.asarray(values.value))
        reals = numbers.astype(np.float64)
    else:
        reals = numbers.astype(np.float64)
        low = reals.view(np.uint64) & np.uint64(0xFFFFFFFF)
        blank = np.isnan(reals) & (low == _NA_REAL)
    if "Date" in classes:
        return _dated(reals, blank, _day)
    if "POSIXct" in classes:
        zone = _zone(attributes)
        return _dated(reals, blank, lambda seconds: _moment(seconds, zone))
    return floats_text(pa.array(reals, pa.float64(), mask=blank))


def _dated(values: np.ndarray, blank: np.ndarray, turn: Callable[[float], date]) -> pa.Array:
    gone = blank | ~np.isfinite(values)
    pairs = zip(values.tolist(), gone.tolist(), strict=True)
    return column_text([None if no else turn(value) for value, no in pairs])


def _day(days: float) -> date:
    return _EPOCH + timedelta(days=math.floor(days))


def _moment(seconds: float, zone: tzinfo) -> datetime:
    """A moment as R prints it in the column's own zone, UTC where it has none."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return moment.astimezone(zone).replace(tzinfo=None)


def _zone(attributes: dict[str, RObject]) -> tzinfo:
    names = _strings(attributes["tzone"]) if "tzone" in attributes else []
    try:
        return ZoneInfo(names[0]) if names and names[0] else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _is_frame(value: RObject) -> bool:
    classes = _attributes(value).get("class")
    return classes is not None and "data.frame" in _strings(classes)


def _names(value: RObject) -> list[str]:
    names = _attributes(value).get("names")
    return [name or "" for name in _strings(names)] if names is not None else []


def _attributes(value: RObject) -> dict[str, RObject]:
    return dict(_pairs(value.attributes)) if value.attributes is not None else {}


def _pairs(value: RObject) -> Iterator[tuple[str, RObject]]:
    """Names and values of R's linked lists, in which attributes and workspaces are kept."""
    link: RObject | None = value
    while link is not None and link.info.type is RObjectType.LIST:
        tag = link.tag
        if tag is not None and tag.info.type is RObjectType.REF:
            tag = tag.referenced_object
        name = tag.value.value.decode("utf-8", "replace") if tag is not None else ""
        yield name, link.value[0]
        link = link.value[1]


def _strings(value: RObject) -> list[str | None]:
    return [_string(one) for one in value.value]


def _string(one: RObject) -> str | None:
    if one.value is None:
        return None
    if one.info.gp & _LATIN1:
        return cast("str", one.value.decode("cp1252"))
    try:
        return cast("str", one.value.decode("utf-8"))
    except UnicodeDecodeError:
        return cast("str", one.value.decode("cp1252", "replace"))


def _length(value: RObject) -> int:
    return len(value.value)
