"""Readers: one file per format, one contract (`onecohort.exports.table`), found by suffix."""

from onecohort.exports.limits import resolve_files, sha256_file
from onecohort.exports.registry import list_tables, open_table
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import Batch, Fault, Layout, MemoryTable, Table

__all__ = [
    "Batch",
    "Fault",
    "Layout",
    "MemoryTable",
    "Table",
    "TableSummary",
    "list_tables",
    "open_table",
    "resolve_files",
    "sha256_file",
]
