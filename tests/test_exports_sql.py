import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from export_reading import opened, read, see, written

from onecohort.errors import ExportError
from onecohort.exports import list_tables


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "ward 3?.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE lab (id TEXT PRIMARY KEY, hb REAL, cycles INTEGER, note)")
        connection.executemany(
            "INSERT INTO lab VALUES (?, ?, ?, ?)",
            [("008", 2.5, None, b"\x01\xff"), ("007", 1.0, 3, "NA"), ("10", None, -1, 12.25)],
        )
        connection.execute("CREATE VIEW old AS SELECT id FROM lab")
    connection.close()
    return path


def test_a_table_is_read_in_the_order_of_its_key(database: Path) -> None:
    table = opened(database, sheet="lab")
    seen = see(table)
    assert seen.columns == ("id", "hb", "cycles", "note")
    assert seen.cells == [
        ("007", "1", "3", "NA"),
        ("008", "2.5", "", "0x01ff"),
        ("10", "", "-1", "12.25"),
    ]
    assert seen.rows == [1, 2, 3]
    assert table.facts == {"format": "sqlite database", "table": "lab", "ordered": True}


def test_a_query_is_read_and_told(database: Path) -> None:
    query = "SELECT id AS a, id AS a, ':x' AS b FROM lab ORDER BY id"
    table = opened(database, query=query)
    assert see(table, rows=2).cells == [(i, i, ":x") for i in ("007", "008", "10")]
    assert table.columns == ("a", "a (2)", "b")
    assert table.facts["query"] == query
    assert table.facts["ordered"] is True


def test_no_rows_still_have_columns(database: Path) -> None:
    seen = read(database, query="SELECT id FROM lab WHERE 1 = 0")
    assert (seen.columns, seen.rows) == (("id",), [])


def test_columns_are_narrowed(database: Path) -> None:
    assert see(opened(database, sheet="lab"), columns=["hb"]).cells == [("1",), ("2.5",), ("",)]


REFUSED = {
    "several tables": ({}, "holds several tables"),
    "no such table": ({"sheet": "labs"}, "no table 'labs'"),
    "a query of a table that is not there": (
        {"query": "SELECT * FROM nope"},
        "no such table: nope",
    ),
    "a query that writes": ({"query": "DELETE FROM lab"}, "does not begin with SELECT"),
    "two statements": ({"query": "SELECT 1; DELETE FROM lab"}, "one statement at a time"),
    "another file": ({"query": "SELECT 1; ATTACH 'x' AS y"}, "one statement at a time"),
    "writing inside WITH": ({"query": "WITH x AS (SELECT 1) DELETE FROM lab"}, "not authorized"),
    "no connection": ({"connection": "NO_SUCH_URL"}, "NO_SUCH_URL is not set"),
}


@pytest.mark.parametrize(("layout", "message"), REFUSED.values(), ids=REFUSED)
def test_what_the_database_refuses_is_said_in_one_line(
    database: Path, layout: dict[str, object], message: str
) -> None:
    with pytest.raises(ExportError, match=message) as refused:
        read(database, **layout)
    assert "\n" not in refused.value.mistakes[0].what
    assert len(read(database, sheet="lab").rows) == 3


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="is no SQLite database"):
        read(written(tmp_path, "x.db", "id,sex\n"))
    broken = b"SQLite format 3\0" + b"\xff" * 4000
    with pytest.raises(ExportError, match="the database refuses"):
        read(written(tmp_path, "y.db", broken))


def test_a_url_that_cannot_be_used_is_refused_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in (
        "nonsense",
        "nosuch://user:secret@host/x",
        "postgresql+psycopg://u:secret@/x?port=a",
    ):
        monkeypatch.setenv("WARD_URL", url)
        with pytest.raises(ExportError) as refused:
            read(tmp_path, connection="WARD_URL", sheet="lab")
        assert "secret" not in str(refused.value)


def test_a_sqlite_url_in_the_environment_is_read_like_a_server(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = database.rename(database.parent / "ward.sqlite")
    monkeypatch.setenv("WARD_URL", f"sqlite:///{plain}")
    table = opened(plain.parent, connection="WARD_URL", sheet="lab")
    assert table.export == "$WARD_URL"
    assert len(see(table).rows) == 3


def test_a_listing_names_tables_and_views(database: Path) -> None:
    summaries = list_tables(database, root=database.parent)
    assert [(one.sheet, one.columns) for one in summaries] == [
        ("lab", ("id", "hb", "cycles", "note")),
        ("old", ("id",)),
    ]


def _postgres_programs() -> Path | None:
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of our own, listening on a socket in a temporary folder only."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    as_user: list[str] = []
    folder = tmp_path_factory.mktemp("pg")
    if os.geteuid() == 0:  # the server refuses to run as root
        if subprocess.run(["id", "postgres"], capture_output=True, check=False).returncode:
            pytest.skip("PostgreSQL does not run as root and there is no user postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
        folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
        shutil.chown(folder, "postgres")
    data = folder / "data"
    options = [
        *as_user,
        programs / "initdb",
        "-D",
        data,
        "-U",
        "reader",
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    subprocess.run(options, check=True, capture_output=True, cwd="/")
    server = subprocess.Popen(
        [*as_user, programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    url = f"postgresql+psycopg://reader@/postgres?host={folder}"
    try:
        _wait_for(url)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)
        if as_user:
            shutil.rmtree(folder)


def _wait_for(url: str) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    for _ in range(100):
        try:
            with engine.connect():
                return
        except sqlalchemy.exc.OperationalError:
            time.sleep(0.2)
    raise TimeoutError("the PostgreSQL server did not start")


@pytest.fixture
def ward(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of the variable that holds the URL of a database with one table."""
    engine = sqlalchemy.create_engine(postgres, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.execute(
            sqlalchemy.text(
                "CREATE TABLE lab (id text PRIMARY KEY, hb numeric(5,2), x double precision, "
                "died date, seen timestamp, ok boolean, n bigint, j jsonb, b bytea)"
            )
        )
        connection.execute(
            sqlalchemy.text(
                "INSERT INTO lab VALUES "
                "('b', 12.50, 0.1, '2019-03-12', '2019-03-12 08:05', true, 12345678901234567, NULL, NULL),"
                "('a', NULL, 1, NULL, '2019-03-12', false, 1, '[1.50]', '\\x01ff')"
            )
        )
    monkeypatch.setenv("WARD_URL", postgres)
    yield "WARD_URL"
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP TABLE lab"))


@pytest.mark.loopback
def test_a_postgresql_table_is_read(ward: str, tmp_path: Path) -> None:
    table = opened(tmp_path, connection=ward, sheet="lab")
    assert see(table).cells == [
        ("a", "", "1", "", "2019-03-12", "false", "1", "[1.5]", "0x01ff"),
        ("b", "12.50", "0.1", "2019-03-12", "2019-03-12 08:05:00", "true", "12345678901234567", "", ""),
    ]  # fmt: skip
    assert table.facts == {"format": "postgresql database", "table": "lab", "ordered": True}


@pytest.mark.loopback
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_url_is_taken_as_its_own_tools_write_it(
    ward: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: str, scheme: str
) -> None:
    monkeypatch.setenv(ward, f"{scheme}://{postgres.partition('://')[2]}")
    assert read(tmp_path, connection=ward, sheet="lab").rows[:1] == [1]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://reader:secret@host/ward", "needs the driver MySQLdb"),
        ("reader:secret@host", "is no SQLAlchemy URL"),
        ("postgresql://reader:secret@host:port/ward", "is no SQLAlchemy URL"),
        ("nosuch://reader:secret@host/ward", "is no SQLAlchemy URL"),
    ],
)
def test_a_url_that_cannot_be_used_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("WARD_URL", url)
    with pytest.raises(ExportError, match=message) as refused:
        read(tmp_path, connection="WARD_URL", sheet="lab")
    assert "secret" not in str(refused.value)


@pytest.mark.loopback
def test_a_postgresql_query_keeps_its_percent_signs_and_casts(ward: str, tmp_path: Path) -> None:
    query = "SELECT n::text || '%s:x' AS t FROM lab WHERE id LIKE 'a%' ORDER BY id"
    assert read(tmp_path, connection=ward, query=query).cells == [("1%s:x",)]


@pytest.mark.loopback
def test_a_postgresql_query_cannot_write(ward: str, tmp_path: Path) -> None:
    query = "WITH gone AS (DELETE FROM lab RETURNING id) SELECT * FROM gone"
    with pytest.raises(ExportError, match="read-only transaction"):
        read(tmp_path, connection=ward, query=query)
    assert len(read(tmp_path, connection=ward, query="SELECT id FROM lab").rows) == 2


@pytest.mark.loopback
def test_a_postgresql_server_that_is_not_there_is_refused_without_its_address(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARD_URL", postgres.replace("reader@", "reader:secret@") + "-gone")
    with pytest.raises(ExportError, match="cannot be reached") as refused:
        read(tmp_path, connection="WARD_URL", sheet="lab")
    assert "secret" not in str(refused.value)
    assert "gone" not in str(refused.value)
