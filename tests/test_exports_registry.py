import gzip
import hashlib
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import pytest
from export_reading import opened, read, see, written

from onecohort.errors import ExportError
from onecohort.exports import (
    Fault,
    Layout,
    MemoryTable,
    list_tables,
    open_table,
    resolve_files,
    sha256_file,
)
from onecohort.exports.limits import MAX_MEMBERS, bounded, check_archive
from onecohort.exports.registry import FORMATS


def test_files_are_found_by_pattern_and_sorted(tmp_path: Path) -> None:
    (tmp_path / "brenta").mkdir()
    for name in ("b.csv", "a.csv", "c.txt"):
        written(tmp_path / "brenta", name, "x")
    (tmp_path / "brenta" / "sub.csv").mkdir()
    assert [path.name for path in resolve_files(tmp_path, "brenta/*.csv")] == ["a.csv", "b.csv"]
    assert [path.name for path in resolve_files(tmp_path, "**/*.txt")] == ["c.txt"]
    assert [path.name for path in resolve_files(tmp_path, "brenta\\a.csv")] == ["a.csv"]


def test_the_lock_file_of_an_open_workbook_is_no_export(tmp_path: Path) -> None:
    for name in ("~$x.xlsx", ".~lock.x.xlsx#", "x.xlsx"):
        written(tmp_path, name, "x")
    assert [path.name for path in resolve_files(tmp_path, "*x.xlsx*")] == ["x.xlsx"]


@pytest.mark.parametrize(
    "pattern",
    [
        "../x.csv",
        "brenta/../../x.csv",
        "/etc/passwd",
        "C:/x.csv",
        "C:\\x.csv",
        "..\\x.csv",
        "**/../x",
    ],
)
def test_a_pattern_that_leads_out_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ExportError, match="leads out of the exports' folder"):
        resolve_files(tmp_path, pattern)


def test_a_pattern_that_matches_nothing_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "brenta").mkdir()
    for n in range(10):
        written(tmp_path / "brenta", f"{n}.csv", "x")
    with pytest.raises(ExportError) as refused:
        resolve_files(tmp_path, "brenta/*.xlsx")
    assert str(refused.value) == (
        "brenta/*.xlsx  matches no file\n"
        "    brenta/ holds 0.csv, 1.csv, 2.csv, 3.csv, 4.csv, 5.csv, 6.csv, 7.csv and 2 more"
    )
    with pytest.raises(ExportError, match="the folder holds brenta/"):
        resolve_files(tmp_path, "adda/*.csv")
    with pytest.raises(ExportError, match="the exports' folder itself is not there"):
        resolve_files(tmp_path / "no", "*.csv")
    with pytest.raises(ExportError, match="is empty"):
        resolve_files(tmp_path, " ")


def test_links_that_leave_the_folder_are_refused_and_others_followed(tmp_path: Path) -> None:
    root = tmp_path / "exports"
    root.mkdir()
    outside = written(tmp_path, "secret.csv", "a\n1\n")
    inside = written(root, "a.csv", "a\n1\n")
    (root / "out.csv").symlink_to(outside)
    (root / "in.csv").symlink_to(inside)
    (root / "folder").symlink_to(tmp_path)
    for pattern in ("*.csv", "out.csv", "folder/secret.csv"):
        with pytest.raises(ExportError, match="lies outside the exports' folder"):
            resolve_files(root, pattern)
    assert [path.name for path in resolve_files(root, "in.csv")] == ["in.csv"]
    (root / "gone.csv").symlink_to(root / "nothing.csv")
    with pytest.raises(ExportError, match="is not there"):
        resolve_files(root, "gone.*")
    for path in (root / "out.csv", root / ".." / "secret.csv", outside):
        with pytest.raises(ExportError, match="lies outside the exports' folder"):
            open_table(path, root=root, layout=Layout())
        with pytest.raises(ExportError, match="lies outside the exports' folder"):
            list_tables(path, root=root)


def test_a_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", b"\x00\xff" * 1000)
    assert sha256_file(path) == hashlib.sha256(b"\x00\xff" * 1000).hexdigest()


@pytest.mark.parametrize("name", ["x.pdf", "x", "x.csv.gz", "x.doc"])
def test_a_suffix_that_no_reader_takes_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match="which no reader takes"):
        read(written(tmp_path, name, "a\n1\n"))


def test_a_declared_format_wins_over_the_suffix(tmp_path: Path) -> None:
    path = written(tmp_path, "x.xls", "a;b\n1;2\n")
    assert read(path, format="csv").cells == [("1", "2")]
    with pytest.raises(ExportError, match="there is no format 'excel'"):
        read(path, format="excel")


def test_a_suffix_is_read_whatever_its_case(tmp_path: Path) -> None:
    assert read(written(tmp_path, "X.CSV", "a\n1\n")).cells == [("1",)]


def test_a_table_knows_its_export_by_its_path_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "brenta").mkdir()
    path = written(tmp_path / "brenta", "x.csv", "a\n1\n")
    assert open_table(path, root=tmp_path, layout=Layout()).export == "brenta/x.csv"


@pytest.mark.parametrize("key", FORMATS)
def test_every_format_has_a_reader_that_opens_and_lists(key: str) -> None:
    form = FORMATS[key]
    module = import_module(f"onecohort.exports.{form.module}")
    assert callable(getattr(module, f"open_{form.stem}"))
    assert callable(getattr(module, f"list_{form.stem}"))


def test_every_format_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
    for key in FORMATS:
        assert f"`{key}`" in text, f"docs/formats.md does not name the format {key}"


def test_reading_a_csv_waits_for_no_other_format_s_library(tmp_path: Path) -> None:
    written(tmp_path, "x.csv", "a\n1\n")
    program = (
        "import sys; from pathlib import Path; from onecohort.exports import *;"
        f"root = Path({str(tmp_path)!r});"
        "list(open_table(root / 'x.csv', root=root, layout=Layout()).batches());"
        "heavy = {'pyreadstat', 'rdata', 'sqlalchemy', 'python_calamine', 'msoffcrypto', 'openpyxl'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_archive_of_too_many_parts_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for number in range(MAX_MEMBERS + 1):
            archive.writestr(str(number), b"")
    with (
        zipfile.ZipFile(tmp_path / "x.zip") as archive,
        pytest.raises(ExportError, match="holds 10,001 parts"),
    ):
        check_archive(archive, where="x.zip")


def test_a_compressed_r_file_that_opens_without_end_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"X\n" + b"\0" * (64 << 20))
    with pytest.raises(ExportError, match="looks like a zip bomb"):
        read(written(tmp_path, "x.rds", bomb))


def test_what_opens_within_the_limits_is_joined() -> None:
    assert bounded(iter([b"a", b"b"]), 1, where="x") == b"ab"


def test_a_table_in_memory_gives_each_fault_with_the_rows_around_it(tmp_path: Path) -> None:
    table = opened(written(tmp_path, "x.jsonl", '{"a": 1}\nx\n{"a": 2}\n{"a": 3}\ny\n'))
    assert isinstance(table, MemoryTable)
    assert [[fault.row for fault in batch.faults] for batch in table.batches(rows=2)] == [[2], [5]]
    assert see(table, columns=["a"], rows=1).cells == [("1",), ("2",), ("3",)]
    assert all(isinstance(fault, Fault) for fault in table.faults)


def test_a_folder_is_refused_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "may").mkdir()
    with pytest.raises(ExportError, match="may  is a folder"):
        open_table(tmp_path / "may", root=tmp_path, layout=Layout(format="csv"))
