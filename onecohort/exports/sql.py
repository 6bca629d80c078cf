"""Databases through SQLAlchemy, read-only: a SQLite file, or a server whose URL the environment holds.

The mapping names a table (`sheet:`) or a query, and for a server the environment variable with its
URL; the URL itself, with its password, never stands in a mapping, a fact or a message.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import sqlalchemy
from sqlalchemy.exc import SQLAlchemyError

from onecohort.errors import ExportError
from onecohort.exports.cell_text import column_text
from onecohort.exports.headers import name_columns
from onecohort.exports.summary import TableSummary
from onecohort.exports.table import ROWS_PER_BATCH, Batch, Layout

_FETCHED = 10_000  # rows that a server sends at once
LARGEST_FETCH = 2**31 - 1  # sqlite3 takes a C int
_FAILURES = (SQLAlchemyError, sqlite3.Error, UnicodeError)  # a damaged file fails in any of them
_SQLITE = b"SQLite format 3\0"
_READING = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(select|with|values|table)\b", re.I | re.S
)


@dataclass(frozen=True)
class QueryTable:
    """The rows of one query, numbered from 1 in the order in which the database gives them."""

    export: str
    sheet: str | None
    columns: tuple[str, ...]
    facts: Mapping[str, object]
    engine: sqlalchemy.Engine = field(repr=False)
    query: str
    labels: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    user_missing: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def batches(
        self, columns: Sequence[str] | None = None, *, rows: int = ROWS_PER_BATCH
    ) -> Iterator[Batch]:
        """Run the query again and hand its rows on as they come."""
        names = list(self.columns if columns is None else columns)
        places = [self.columns.index(name) for name in names]
        given = 0
        try:
            with (
                _reading(self.engine) as connection,
                closing(self._result(connection, rows)) as result,
            ):
                for part in result.partitions(min(rows, LARGEST_FETCH)):
                    fields = list(zip(*part, strict=True))
                    arrays = [column_text(fields[p], truth=("true", "false")) for p in places]
                    numbers = np.arange(given + 1, given + 1 + len(part), dtype=np.int64)
                    yield Batch(pa.array(numbers), pa.RecordBatch.from_arrays(arrays, names=names))
                    given += len(part)
        except _FAILURES as error:
            raise _refusal(error, self.export) from None
        if given == 0:
            empty = [pa.array([], pa.string()) for _ in names]
            yield Batch(pa.array([], pa.int64()), pa.RecordBatch.from_arrays(empty, names=names))

    def _result(
        self, connection: sqlalchemy.Connection, rows: int
    ) -> sqlalchemy.CursorResult[tuple[object, ...]]:
        streaming = connection.execution_options(yield_per=min(rows, _FETCHED))
        return streaming.execute(sqlalchemy.text(self.query.replace(":", "\\:")))


def open_sql(path: Path, export: str, layout: Layout) -> QueryTable:
    """Open a table or a query of a database.

    Raises ExportError for a file that is no SQLite database, a URL that is not set, a table that is
    not there, a query that does not read or that the database refuses.
    """
    engine = _engine(path, export, layout)
    query, facts = _query(engine, export, layout)
    try:
        with _reading(engine) as connection:
            result = connection.execute(sqlalchemy.text(query.replace(":", "\\:")))
            header = name_columns([list(result.keys())])
            result.close()
    except _FAILURES as error:
        raise _refusal(error, export) from None
    facts = {"format": f"{engine.dialect.name} database"} | facts | header.facts()
    return QueryTable(export, layout.sheet, header.columns, facts, engine, query)


def list_sql(path: Path, export: str) -> list[TableSummary]:
    """Every table and view of a SQLite file."""
    found = []
    engine = _engine(path, export, Layout())
    for name in _tables(engine, export):
        layout = Layout(sheet=name)
        table = open_sql(path, export, layout)
        found.append(TableSummary(export, name, layout, table.columns, table.facts))
    return found


def _engine(path: Path, export: str, layout: Layout) -> sqlalchemy.Engine:
    if layout.connection is not None:
        return _server(layout.connection, export)
    with path.open("rb") as stream:
        if stream.read(len(_SQLITE)) != _SQLITE:
            raise ExportError(
                export,
                "is no SQLite database",
                "for a database server declare connection: with the name of an environment variable",
            )
    uri = f"file:{quote(str(path.resolve()))}?mode=ro"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        connection.set_authorizer(_reading_only)
        return connection

    return sqlalchemy.create_engine("sqlite://", creator=connect, poolclass=sqlalchemy.NullPool)


def _reading_only(action: int, first: str | None, *_: str | None) -> int:
    """Let SQLite read this file and nothing else: no other file attached, nothing written."""
    allowed = {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
    }
    if action in allowed:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and first in _DESCRIBING:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


_DESCRIBING = frozenset(
    (
        "table_info",
        "table_xinfo",
        "table_list",
        "index_list",
        "index_info",
        "foreign_key_list",
        "read_uncommitted",  # SQLAlchemy asks for the isolation level
    )
)


def _server(variable: str, export: str) -> sqlalchemy.Engine:
    url = os.environ.get(variable)
    if not url:
        raise ExportError(
            export,
            f"connection: the environment variable {variable} is not set",
            "set it to an SQLAlchemy URL, such as postgresql+psycopg://user@host/database",
        )
    try:
        address = sqlalchemy.make_url(url)
        if address.drivername in ("postgresql", "postgres"):  # as its own tools write the URL
            address = address.set(drivername="postgresql+psycopg")
        return sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
    except ModuleNotFoundError as error:
        raise ExportError(
            export,
            f"connection: the URL in {variable} needs the driver {error.name}, which is not installed",
            "install it, or name one that is: postgresql+psycopg://user@host/database",
        ) from None
    except (SQLAlchemyError, ValueError) as error:
        raise ExportError(
            export,
            f"connection: what stands in {variable} is no SQLAlchemy URL ({type(error).__name__})",
            "write it as postgresql+psycopg://user@host/database",
        ) from None


def _reading(engine: sqlalchemy.Engine) -> sqlalchemy.Connection:
    """A connection that may only read; on PostgreSQL the server itself sees to it."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        connection = connection.execution_options(postgresql_readonly=True)
    return connection


def _query(engine: sqlalchemy.Engine, export: str, layout: Layout) -> tuple[str, dict[str, object]]:
    """The SQL, and whether its order is one that the next run will find again."""
    if layout.query is not None:
        if not _READING.match(layout.query):
            raise ExportError(export, "query: does not begin with SELECT", "write a SELECT")
        ordered = re.search(r"\border\s+by\b", layout.query, re.I) is not None
        return layout.query.rstrip().rstrip(";"), {"query": layout.query, "ordered": ordered}
    names = _tables(engine, export)
    wanted = layout.sheet
    if wanted is None and len(names) == 1:
        wanted = names[0]
    if wanted is None or wanted not in names:
        what = "several tables" if layout.sheet is None else f"no table {layout.sheet!r}"
        raise ExportError(
            export, f"sheet: it holds {what}", f"one of {', '.join(names) or 'none: it is empty'}"
        )
    quoted = engine.dialect.identifier_preparer.quote_identifier(wanted)
    keys = _key_columns(engine, wanted, export)
    order = ", ".join(engine.dialect.identifier_preparer.quote_identifier(key) for key in keys)
    by = f" ORDER BY {order}" if order else ""
    return f"SELECT * FROM {quoted}{by}", {"table": wanted, "ordered": bool(order)}


def _tables(engine: sqlalchemy.Engine, export: str) -> list[str]:
    try:
        inspector = sqlalchemy.inspect(engine)
        return sorted([*inspector.get_table_names(), *inspector.get_view_names()])
    except _FAILURES as error:
        raise _refusal(error, export) from None


def _key_columns(engine: sqlalchemy.Engine, table: str, export: str) -> list[str]:
    try:
        found = sqlalchemy.inspect(engine).get_pk_constraint(table)
    except _FAILURES as error:
        raise _refusal(error, export) from None
    return list(found["constrained_columns"])


def _refusal(error: Exception, export: str) -> ExportError:
    """The database's own first line, without the statement, its values or the address."""
    cause = getattr(error, "orig", None) or error
    lines = str(cause).splitlines() or [type(cause).__name__]
    address = "connection" in lines[0].lower() and "failed" in lines[0].lower()
    line = "the server cannot be reached, or refuses the user" if address else lines[0]
    return ExportError(export, f"the database refuses: {line}", "correct sheet:, query: or the URL")
