"""Files with flipped, lost and added bytes: read, or refused in one line; never anything else."""

import gzip
import io
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from onecohort.errors import ExportError
from onecohort.exports import list_tables, open_table

Mutation = tuple[float, str, bytes]
MUTATIONS = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["set", "insert", "delete"]),
        st.binary(min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=8,
)


def mutated(data: bytes, mutations: list[Mutation]) -> bytes:
    changed = bytearray(data)
    for place, how, content in mutations:
        at = int(place * len(changed))
        end = at if how == "insert" else at + len(content)
        changed[at:end] = b"" if how == "delete" else content
    return bytes(changed)


def mutated_part(data: bytes, mutations: list[Mutation]) -> bytes:
    """A zip archive that is whole, with one of its parts mutated."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w") as new:
        names = old.namelist()
        chosen = names[int(mutations[0][0] * len(names))]
        for name in names:
            content = old.read(name)
            new.writestr(name, mutated(content, mutations) if name == chosen else content)
    return packed.getvalue()


def mutated_contents(data: bytes, mutations: list[Mutation]) -> bytes:
    return gzip.compress(mutated(gzip.decompress(data), mutations))


def an_xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    assert isinstance(book.active, Worksheet)
    for row in (["id", "hb"], ["P1", 12.5], ["P2", None], ["P3", "#N/A"]):
        book.active.append(row)
    book.active.merge_cells("A5:B6")
    book.save(path)


def an_ods(path: Path) -> None:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(
        f"<table:table-row>{''.join(cell.format(text) for text in row)}</table:table-row>"
        for row in (("id", "hb"), ("P1", "12,5"), ("P2", ""))
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            '<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body>'
            f'<office:spreadsheet><table:table table:name="S">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )


def a_parquet(path: Path) -> None:
    pq.write_table(pa.table({"id": ["a", "b", None], "hb": [1.5, None, 2.0]}), path)


def a_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE lab (id TEXT PRIMARY KEY, hb REAL)")
        connection.executemany("INSERT INTO lab VALUES (?, ?)", [("P1", 1.5), ("P2", None)])
    connection.close()


def an_r_file(path: Path) -> None:
    """R's serialisation (XDR, version 2) of data.frame(id = c("a", "b"), hb = c(1.5, NA))."""

    def whole(number: int) -> bytes:
        return number.to_bytes(4, "big")

    def text(word: str) -> bytes:
        return whole(0x00040009) + whole(len(word)) + word.encode()

    def texts(*words: str) -> bytes:
        return whole(16) + whole(len(words)) + b"".join(map(text, words))

    def named(name: str, value: bytes) -> bytes:
        return whole(0x402) + whole(1) + text(name) + value

    numbers = bytes.fromhex("3ff8000000000000") + bytes.fromhex("7ff00000000007a2")
    content = texts("a", "b") + whole(14) + whole(2) + numbers
    rows = whole(13) + whole(2) + whole(0x80000000) + (2**32 - 2).to_bytes(4, "big")
    attributes = named("names", texts("id", "hb")) + named("class", texts("data.frame"))
    attributes += named("row.names", rows) + whole(254)
    start = b"X\n" + whole(2) + whole(0x00040202) + whole(0x00020300)
    path.write_bytes(gzip.compress(start + whole(0x313) + whole(2) + content + attributes))


def a_text(path: Path) -> None:
    path.write_bytes('id;hb;note\nP1;12,5;"è; ""x"""\nP2;;\n'.encode())


def json_lines(path: Path) -> None:
    path.write_text('{"id": "P1", "hb": 12.50}\n{"id": "P2", "labs": [1, {"a": null}]}\n')


FILES: dict[str, tuple[str, Callable[[Path], None], Callable[[bytes, list[Mutation]], bytes]]] = {
    "xlsx": ("x.xlsx", an_xlsx, mutated),
    "a part of an xlsx": ("x.xlsx", an_xlsx, mutated_part),
    "ods": ("x.ods", an_ods, mutated),
    "a part of an ods": ("x.ods", an_ods, mutated_part),
    "parquet": ("x.parquet", a_parquet, mutated),
    "sqlite": ("x.sqlite", a_database, mutated),
    "rds": ("x.rds", an_r_file, mutated),
    "the contents of an rds": ("x.rds", an_r_file, mutated_contents),
    "csv": ("x.csv", a_text, mutated),
    "jsonl": ("x.jsonl", json_lines, mutated),
}


def read_all(path: Path) -> int:
    rows = 0
    for summary in list_tables(path, root=path.parent):
        table = open_table(path, root=path.parent, layout=summary.layout)
        for batch in table.batches():
            batch.cells.validate(full=True)
            rows += len(batch.rows)
    return rows


@pytest.mark.parametrize("form", FILES)
def test_the_file_before_its_mutation_is_read(tmp_path: Path, form: str) -> None:
    name, write, _ = FILES[form]
    write(tmp_path / name)
    assert read_all(tmp_path / name) >= 2


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("form", FILES)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(mutations=MUTATIONS)
def test_a_mutated_file_is_read_or_refused(
    tmp_path: Path, form: str, mutations: list[Mutation]
) -> None:
    name, write, mutate = FILES[form]
    path = tmp_path / name
    path.unlink(missing_ok=True)
    write(path)
    path.write_bytes(mutate(path.read_bytes(), mutations))
    try:
        read_all(path)
    except ExportError as refused:
        (mistake,) = refused.mistakes
        assert mistake.where.startswith(name)
        assert "\n" not in mistake.what
        assert mistake.fix
