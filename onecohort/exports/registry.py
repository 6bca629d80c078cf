"""Which reader opens which file: by the format that the mapping declares, else by the suffix.

A reader's libraries are imported when its first file is opened, so that a study of CSV files never
waits for the others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from onecohort.errors import ExportError
from onecohort.exports import limits
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import Layout, Table

type_of_open = Callable[[Path, str, Layout], Table]
type_of_list = Callable[[Path, str], list[TableSummary]]


@dataclass(frozen=True)
class Format:
    """One format: its key is also its suffix.

    key      what a mapping writes under `format:`
    title    its name in messages and in the documentation
    module   the module below onecohort.exports that reads it
    stem     its functions are open_<stem> and list_<stem>
    """

    key: str
    title: str
    module: str
    stem: str


_TEXT = ("delimited text", "csv", "csv")
_STATISTICS = ("spss_stata_sas", "statistics")
FORMATS = {
    one.key: one
    for one in (
        *(Format(key, *_TEXT) for key in ("csv", "tsv", "tab", "txt", "dat", "data", "asc")),
        Format("fixed_width", "fixed-width text", "fixed_width", "fixed_width"),
        Format("redcap", "REDCap export", "redcap", "redcap"),
        Format("xlsx", "Excel workbook", "excel", "workbook"),
        Format("xlsm", "Excel workbook with macros", "excel", "workbook"),
        Format("xlsb", "binary Excel workbook", "excel", "workbook"),
        Format("xls", "Excel 97-2003 workbook", "excel", "workbook"),
        Format("ods", "OpenDocument spreadsheet", "excel", "workbook"),
        Format("sav", "SPSS file", *_STATISTICS),
        Format("zsav", "compressed SPSS file", *_STATISTICS),
        Format("por", "portable SPSS file", *_STATISTICS),
        Format("dta", "Stata file", *_STATISTICS),
        Format("sas7bdat", "SAS data set", *_STATISTICS),
        Format("xpt", "SAS transport file", *_STATISTICS),
        Format("xpt5", "SAS transport file, version 5", *_STATISTICS),
        Format("xpt8", "SAS transport file, version 8", *_STATISTICS),
        Format("sqlite", "SQLite database", "sql", "sql"),
        Format("sqlite3", "SQLite database", "sql", "sql"),
        Format("db", "SQLite database", "sql", "sql"),
        Format("sql", "database, by the connection in an environment variable", "sql", "sql"),
        Format("parquet", "Parquet file", "parquet", "parquet"),
        Format("jsonl", "JSON lines", "json_lines", "json"),
        Format("ndjson", "JSON lines", "json_lines", "json"),
        Format("json", "JSON array of records", "json_lines", "json"),
        Format("rds", "R object", "rdata", "rdata"),
        Format("rdata", "R workspace", "rdata", "rdata"),
        Format("rda", "R workspace", "rdata", "rdata"),
    )
}
_WAYS_OUT = {
    "sas7bcat": "it holds labels only: name it as dictionary: of the data set that lies beside it",
    "xml": "from a REDCap project export the records as CSV, and the data dictionary",
    "zip": "unpack it",
    "gz": "unpack it",
    "doc": "copy the table into a spreadsheet",
    "docx": "copy the table into a spreadsheet",
    "pdf": "ask for the table that it was made from",
}


def open_table(path: Path, *, root: Path, layout: Layout) -> Table:
    """Open one table of the export `path`, which lies below `root`, and check what can be checked.

    With `layout.connection` the table comes from a database and `path` is not looked at.

    Raises ExportError, with a way out, for a file that is missing, elsewhere, unreadable, hostile or
    laid out otherwise than declared.
    """
    if layout.connection is not None:
        return _opener(FORMATS["sql"])(path, f"${layout.connection}", layout)
    export = limits.inside(path, root)
    if layout.dictionary is not None:
        limits.inside(beside(path, layout.dictionary), root)
    return _opener(_format_for(path, export, layout))(path, export, layout)


def list_tables(path: Path, *, root: Path) -> list[TableSummary]:
    """Every table that the export holds, each with the layout that reads it.

    Raises ExportError as `open_table` does.
    """
    export = limits.inside(path, root)
    form = _format_for(path, export, Layout())
    found = _lister(form)(path, export)
    if form.module == "csv":
        from onecohort.exports.redcap import is_project, list_redcap

        return list_redcap(path, export) if is_project(found[0].columns) else found
    return found


def beside(path: Path, name: Path) -> Path:
    """The file `name` as seen from the folder of the export `path`."""
    return path.parent / name


def _format_for(path: Path, export: str, layout: Layout) -> Format:
    declared = layout.format
    if declared is not None:
        if declared not in FORMATS:
            raise ExportError(
                export, f"format: there is no format {declared!r}", f"one of {', '.join(FORMATS)}"
            )
        return FORMATS[declared]
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        shown = f"a .{suffix} file" if suffix else "a file without a suffix"
        way_out = _WAYS_OUT.get(
            suffix, f"export it as CSV, or declare format: {', '.join(FORMATS)}"
        )
        raise ExportError(export, f"is {shown}, which no reader takes", way_out)
    if FORMATS[suffix].module == "csv":
        if layout.widths is not None:
            return FORMATS["fixed_width"]
        if (
            layout.instrument is not None
            or layout.event is not None
            or layout.dictionary is not None
        ):
            return FORMATS["redcap"]
    return FORMATS[suffix]


def _opener(form: Format) -> type_of_open:
    module = import_module(f"onecohort.exports.{form.module}")
    return cast("type_of_open", getattr(module, f"open_{form.stem}"))


def _lister(form: Format) -> type_of_list:
    module = import_module(f"onecohort.exports.{form.module}")
    return cast("type_of_list", getattr(module, f"list_{form.stem}"))
