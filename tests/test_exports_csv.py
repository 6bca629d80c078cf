import codecs
from pathlib import Path

import pyarrow as pa
import pytest
from export_reading import opened, read, see, written

from onecohort.errors import ExportError
from onecohort.exports import Layout, list_tables
from onecohort.exports.cell_text import float_text
from onecohort.exports.csv_stream import repeating_columns

AB = ("a", "b")
CASES = {
    "plain": ("a,b\n1,2\n3,4\n", {}, AB, {2: ("1", "2"), 3: ("3", "4")}),
    "leading zeros, NA and blanks stay": (
        "a,b\n007,NA\n 1 ,\n",
        {},
        AB,
        {2: ("007", "NA"), 3: (" 1 ", "")},
    ),
    "a 17-digit id keeps its digits": (
        "a,b\n12345678901234567,1.50\n",
        {},
        AB,
        {2: ("12345678901234567", "1.50")},
    ),
    "semicolon with decimal commas": (
        "a;b\n1,5;2,5\n3,5;4,5\n",
        {},
        AB,
        {2: ("1,5", "2,5"), 3: ("3,5", "4,5")},
    ),
    "tab": ("a\tb\n1,1\t2;2\n", {}, AB, {2: ("1,1", "2;2")}),
    "pipe": ("a|b\n1|2\n", {}, AB, {2: ("1", "2")}),
    "declared delimiter wins": (
        "a;b,c\n1;2,3\n",
        {"delimiter": ","},
        ("a;b", "c"),
        {2: ("1;2", "3")},
    ),
    "delimiter by name": ("a\tb\n1\t2\n", {"delimiter": "tab"}, AB, {2: ("1", "2")}),
    "quoted delimiter, quote and line break": (
        'a,b\n"x,1","say ""hi"""\n"two\nlines",4\n5,6\n',
        {},
        AB,
        {2: ("x,1", 'say "hi"'), 3: ("two\nlines", "4"), 4: ("5", "6")},
    ),
    "single quotes": ("a,b\n'x,1','y'\n'z','w'\n", {}, AB, {2: ("x,1", "y"), 3: ("z", "w")}),
    "quotes that mean themselves": ('a,b\n5" pipe,"x\n', {"quote": ""}, AB, {2: ('5" pipe', '"x')}),
    "blank rows in the middle stay": (
        "a,b\n1,2\n\n3,4\n\n\n",
        {},
        AB,
        {2: ("1", "2"), 3: ("", ""), 4: ("3", "4")},
    ),
    "trailing rows of delimiters go": ("a,b\n1,2\n,\n,\n", {}, AB, {2: ("1", "2")}),
    "windows and old mac line ends": (
        "a,b\r\n1,2\r\n3,4\r\n",
        {},
        AB,
        {2: ("1", "2"), 3: ("3", "4")},
    ),
    "only carriage returns": ("a,b\r1,2\r3,4\r", {}, AB, {2: ("1", "2"), 3: ("3", "4")}),
    "no line end at the end": ("a,b\n1,2", {}, AB, {2: ("1", "2")}),
    "header further down": ("Ward 3\n\na,b\n1,2\n", {"header_row": 3}, AB, {4: ("1", "2")}),
    "two header rows": (
        "Hb,Hb\ng/L,g/dL\n1,2\n",
        {"header_rows": 2},
        ("Hb g/L", "Hb g/dL"),
        {3: ("1", "2")},
    ),
    "a title with a quoted line break above": (
        '"Ward\n3",\na,b\n1,2\n',
        {"header_row": 2},
        AB,
        {3: ("1", "2")},
    ),
    "a header cell over two lines": (
        '"Hb\n(g/L)",b\n1,2\n',
        {},
        ("Hb (g/L)", "b"),
        {2: ("1", "2")},
    ),
    "repeated and empty names": (
        "x,x,,x\n1,2,3,4\n",
        {},
        ("x", "x (2)", "column 3", "x (3)"),
        {2: ("1", "2", "3", "4")},
    ),
    "a name that looks like a made-up one": (
        "x,x,x (2)\n1,2,3\n",
        {},
        ("x", "x (3)", "x (2)"),
        {2: ("1", "2", "3")},
    ),
    "no header": ("1,2\n3,4\n", {"columns": AB}, AB, {1: ("1", "2"), 2: ("3", "4")}),
    "no header, first data further down": (
        "x\n1,2\n",
        {"columns": AB, "header_row": 2},
        AB,
        {2: ("1", "2")},
    ),
    "comment lines count and do not come": (
        "# made by a\n#\na,b\n1,2\n# x,y,z\n3,4\n",
        {"comment": "#"},
        AB,
        {4: ("1", "2"), 6: ("3", "4")},
    ),
    "a comment sign inside a text": (
        'a,b\n1,"x\n# y"\n',
        {"comment": "#"},
        AB,
        {2: ("1", "x\n# y")},
    ),
    "blanks, the first column unnamed (R)": (
        '"age" "sex"\n"1" 63 "fe male"\n"2" 41 "m"\n',
        {"delimiter": "whitespace"},
        ("column 1", "age", "sex"),
        {2: ("1", "63", "fe male"), 3: ("2", "41", "m")},
    ),
    "blanks are found": ("a b\n1   2\n3 4\n", {}, AB, {2: ("1", "2"), 3: ("3", "4")}),
    "commas, the first column unnamed (R), as declared": (
        "a,b\nr1,1,2\nr2,3,4\n",
        {"columns": ("name", "a", "b"), "header_row": 2},
        ("name", "a", "b"),
        {2: ("r1", "1", "2"), 3: ("r2", "3", "4")},
    ),
    "every row ends with a delimiter": (
        "a;b\n1;2;\n3;4;\n",
        {},
        ("a", "b", "column 3"),
        {2: ("1", "2", ""), 3: ("3", "4", "")},
    ),
    "records over two lines": (
        "1 2\n3\n4 5\n6\n",
        {"record_lines": 2, "delimiter": "whitespace", "columns": ("a", "b", "c")},
        ("a", "b", "c"),
        {1: ("1", "2", "3"), 3: ("4", "5", "6")},
    ),
    "a delimiter beyond ASCII": ("a¦b\n1¦2\n", {"delimiter": "¦"}, AB, {2: ("1", "2")}),
    "one column": ("a\n1\n\n2\n", {}, ("a",), {2: ("1",), 3: ("",), 4: ("2",)}),
    "header only": ("a,b\n", {}, AB, {}),
    "a row of other width at the very end of a comment file": (
        "a,b\n1,2\n",
        {"comment": "//"},
        AB,
        {2: ("1", "2")},
    ),
}


@pytest.mark.parametrize(("content", "layout", "columns", "rows"), CASES.values(), ids=CASES)
def test_every_cell_is_the_text_in_the_file(
    tmp_path: Path,
    content: str,
    layout: dict[str, object],
    columns: object,
    rows: dict[int, object],
) -> None:
    seen = read(written(tmp_path, "x.csv", content), **layout)
    assert seen.columns == columns
    assert dict(zip(seen.rows, seen.cells, strict=True)) == rows
    assert seen.faults == []


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("comment", [None, "#"], ids=["streamed", "record by record"])
def test_ragged_rows_are_faults_in_their_place_whatever_the_batch(
    tmp_path: Path, size: int, comment: str | None
) -> None:
    text = 'a,b\n1,2\n3,4,5\n\n"x\ny",6\n7\n8,9\n10,11,12\n\n'
    table = opened(written(tmp_path, "x.csv", text), comment=comment)
    seen = see(table, rows=size)
    assert dict(zip(seen.rows, seen.cells, strict=True)) == {
        2: ("1", "2"),
        4: ("", ""),
        5: ("x\ny", "6"),
        7: ("8", "9"),
    }
    assert [(one.row, one.raw, one.message) for one in seen.faults] == [
        (3, "3,4,5", "has 3 fields where the header has 2"),
        (6, "7", "has 1 field where the header has 2"),
        (8, "10,11,12", "has 3 fields where the header has 2"),
    ]
    assert {one.check for one in seen.faults} == {"row.ragged"}


def test_a_fault_never_comes_before_rows_that_stand_above_it(tmp_path: Path) -> None:
    lines = ["a,b", *[f"{n},x" if n % 7 else f"{n}" for n in range(2, 60)]]
    table = opened(written(tmp_path, "x.csv", "\n".join(lines)))
    met = 0
    for batch in table.batches(rows=10):
        assert all(fault.row > met for fault in batch.faults)
        met = max([met, *batch.rows.to_pylist(), *(fault.row for fault in batch.faults)])
    assert met == 59


def test_ragged_rows_beyond_the_first_block_keep_their_numbers(tmp_path: Path) -> None:
    lines = ["a,b", *[f"{n},{'x' * 40}" for n in range(2, 90_000)]]
    lines[80_000] = "one field"
    seen = read(written(tmp_path, "x.csv", "\n".join(lines)))
    assert [fault.row for fault in seen.faults] == [80_001]
    assert all(row == int(cells[0]) for row, cells in zip(seen.rows, seen.cells, strict=True))
    assert len(seen.rows) == 89_998 - 1


def test_a_wrapped_record_that_breaks_elsewhere_is_a_fault(tmp_path: Path) -> None:
    text = "1 2\n3\n4\n5 6\n7 8\n9\n1\n"
    seen = read(
        written(tmp_path, "x.data", text),
        record_lines=2,
        delimiter="whitespace",
        columns=("a", "b", "c"),
    )
    assert dict(zip(seen.rows, seen.cells, strict=True)) == {1: ("1", "2", "3"), 5: ("7", "8", "9")}
    assert [(fault.row, fault.raw) for fault in seen.faults] == [(3, "4\n5 6"), (7, "1")]


ENCODED = "età,città\n5°,Forlì\n– €,“x”\n"


@pytest.mark.parametrize(
    ("encoding", "stated"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp1252", "cp1252"),
        ("mac_roman", "mac_roman"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
def test_the_encoding_is_found_and_stated(tmp_path: Path, encoding: str, stated: str) -> None:
    path = written(tmp_path, "x.csv", ENCODED.encode(encoding))
    table = opened(path)
    assert table.facts["encoding"] == stated
    assert table.facts["encoding_from"] == "detected"
    assert see(table).columns == ("età", "città")
    assert see(table).cells == [("5°", "Forlì"), ("– €", "“x”")]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("perché così più", "cp850"),
        ("Città, è già là", "cp850"),
        ("für Männer", "cp850"),
        ("perché così più", "mac_roman"),
        ("perché così più", "cp1252"),
        ("dopo l’età – 5°", "cp1252"),
        ("5 µL", "cp1252"),
        ("PERCHÉ CITTÀ", "cp1252"),
    ],
)
def test_few_letters_tell_one_code_page_from_another(
    tmp_path: Path, text: str, encoding: str
) -> None:
    path = written(tmp_path, "x.csv", f'a;b\n1;"{text}"\n'.encode(encoding))
    assert read(path).cells == [("1", text)]


@pytest.mark.parametrize("encoding", ["utf-16", "UTF16", "utf_32"])
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_a_declared_encoding_whose_mark_is_absent_is_refused(
    tmp_path: Path, name: str, encoding: str
) -> None:
    path = written(tmp_path, name, '{"a": 1}\n')
    with pytest.raises(ExportError, match=f"does not begin with the mark of {encoding}"):
        read(path, encoding=encoding)


MIXED = {
    "a line of Windows in UTF-8": ("a,b\nForlì,1\nCittà,2\n", "perché,3\n", "cp1252"),
    "degrees": ("a,b\n37 °C,1\n", "perché,3\n", "cp1252"),
    "a line of UTF-8 in Windows": ("a,b\nForli,1\n5 µL,2\n", "più,3\nPERCHÉ,4\n", "cp1252"),
}


@pytest.mark.parametrize("case", MIXED)
def test_lines_in_two_encodings_are_refused_with_their_places(tmp_path: Path, case: str) -> None:
    utf8, other, encoding = MIXED[case]
    path = written(tmp_path, "x.csv", utf8.encode() + other.encode(encoding))
    with pytest.raises(ExportError) as refused:
        read(path)
    assert "mixes two encodings: line " in str(refused.value)
    other_line = utf8.count("\n") + 1
    assert f"is UTF-8, line {other_line} is not" in str(refused.value)
    assert read(path, encoding=encoding).cells[-1][1]  # declared, it is read


@pytest.mark.parametrize("word", ["“CAFFÈ”", "L’ETÀ È…", "È«", "SÃO", "90°–95°"])
def test_two_signs_of_windows_are_not_taken_for_utf8(tmp_path: Path, word: str) -> None:
    path = written(tmp_path, "x.csv", f"a,b\n{word},1\nperché,2\n".encode("cp1252"))
    assert read(path).cells == [(word, "1"), ("perché", "2")]


def test_one_accent_far_down_decides_the_encoding(tmp_path: Path) -> None:
    lines = "a,b\n" + "x,y\n" * 400_000 + "Forlì,z\n"
    table = opened(written(tmp_path, "x.csv", lines.encode("cp1252")))
    assert table.facts["encoding"] == "cp1252"
    assert see(table).cells[-1] == ("Forlì", "z")


def test_a_declared_encoding_is_never_guessed_over(tmp_path: Path) -> None:
    path = written(tmp_path, "x.csv", "a,b\nForlì,1\n")
    assert read(path, encoding="cp1252").cells == [("ForlÃ¬", "1")]
    assert opened(path, encoding="cp1252").facts["encoding_from"] == "declared"


def test_a_declared_utf_8_with_a_mark_does_not_put_the_mark_into_the_first_name(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "x.csv", codecs.BOM_UTF8 + b"a,b\n1,2\n")
    assert read(path, encoding="utf-8").columns == AB


REFUSED = {
    "no bytes": (b"", {}, "is empty (0 bytes)"),
    "blank lines only": (b"\n\n\n", {}, "holds no text in any row"),
    "a blank header": (b"\n\na,b\n1,2\n", {}, "row 1 is blank and cannot be the header"),
    "header beyond the end": (
        b"a,b\n1,2\n",
        {"header_row": 9},
        "ends in row 2, before the header row 9",
    ),
    "nul bytes": (b"a,b\n1,2\n\x00\x00,4\n", {}, "holds a NUL byte at byte 8 (line 3)"),
    "bytes outside the declared encoding": (
        b"a,b\n1,2\n3,\xe8\n",
        {"encoding": "utf-8"},
        "byte 10 (0xe8, line 3) is not utf-8",
    ),
    "bytes that cp1252 does not have": (
        b"a,b\n1,\x81\n",
        {"encoding": "cp1252"},
        "byte 6 (0x81, line 2) is not cp1252",
    ),
    "no such encoding": (b"a,b\n", {"encoding": "utf8000"}, "there is no encoding 'utf8000'"),
    "a quote that never closes": (
        b'a,b\n1,2\n3,"4\n5,6\n7,8\n',
        {},
        "row 3  opens a quote that never closes",
    ),
    "two columns named, three there": (
        b"1,2,3\n",
        {"columns": AB},
        "names 2 columns, the rows have 3 fields",
    ),
    "a decimal comma in a file of commas": (
        b"id,hb\nP1,12,5\nP2,11,3\n",
        {},
        "has 2 names in its header and 3 fields in every row",
    ),
    "no row as wide as the header": (
        b"a;b;c\n" + b"1;2\n" * 20,
        {"delimiter": ";"},
        "has 3 names in its header, but no row has 3 fields (most have 2)",
    ),
    "a name twice": (b"1,2\n", {"columns": ("a", "a")}, "names a more than once"),
    "a delimiter of two signs": (b"a||b\n", {"delimiter": "||"}, "delimiter: '||' is not one sign"),
    "a quote of two signs": (b"a,b\n", {"quote": "<<"}, "quote: '<<' is not one sign"),
}


@pytest.mark.parametrize(("content", "layout", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line(
    tmp_path: Path, content: bytes, layout: dict[str, object], message: str
) -> None:
    with pytest.raises(ExportError) as refused:
        read(written(tmp_path, "x.csv", content), **layout)
    (mistake,) = refused.value.mistakes
    assert message in str(mistake)
    assert mistake.where.startswith("x.csv")
    assert "\n" not in mistake.what


def test_a_blank_header_names_the_row_that_looks_like_one(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="declare header_row: 3"):
        opened(written(tmp_path, "x.csv", "\n\nid,sex\n1,2\n"))


def test_a_stray_quote_inside_a_field_is_text(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "x.csv", 'a,b\n1,5" x\n2,y\n'))
    assert seen.cells == [("1", '5" x'), ("2", "y")]


def test_only_the_columns_asked_for_are_read_in_the_order_asked(tmp_path: Path) -> None:
    table = opened(written(tmp_path, "x.csv", "a,b,c\n1,2,3\n"))
    seen = see(table, columns=["c", "a"])
    assert (seen.columns, seen.cells) == (("c", "a"), [("3", "1")])
    records = opened(written(tmp_path, "y.csv", "a,b,c\n1,2,3\n"), comment="#")
    assert see(records, columns=["c", "a"]).cells == [("3", "1")]


def test_batches_hold_at_most_the_rows_asked_for_and_start_anew(tmp_path: Path) -> None:
    table = opened(written(tmp_path, "x.csv", "a\n" + "1\n" * 25))
    for _ in range(2):
        assert [len(batch.rows) for batch in table.batches(rows=10)] == [10, 10, 5]


def test_columns_whose_texts_repeat_come_as_dictionaries(tmp_path: Path) -> None:
    lines = ["id,sex", *[f"P{n},{'mf'[n % 2]}" for n in range(5000)]]
    table = opened(written(tmp_path, "x.csv", "\n".join(lines)))
    (batch,) = table.batches()
    assert [pa.types.is_dictionary(kind) for kind in batch.cells.schema.types] == [False, True]


def test_the_expected_repetition_is_worked_out_from_a_sample() -> None:
    dates = [[str(n * 7919 % 25_000)] for n in range(0, 60_000, 20)]
    assert repeating_columns([*dates, *dates[:400]], ["date"], batch=131_072) == {"date"}
    assert repeating_columns([], ["date"], batch=10) == frozenset()


@pytest.mark.parametrize(
    ("content", "header_row"),
    [
        ("id,sex\n1,m\n2,f\n", 1),
        ("Export of 2026\n\nid,sex\n1,m\n2,f\n", 3),
        ("id;sex;hb\n1;m;12,5\n", 1),
    ],
)
def test_a_listing_finds_the_header_row(tmp_path: Path, content: str, header_row: int) -> None:
    path = written(tmp_path, "x.csv", content)
    (summary,) = list_tables(path, root=tmp_path)
    assert summary.layout.header_row == header_row
    assert summary.columns[:2] == ("id", "sex")
    assert read(path, header_row=header_row, delimiter=summary.layout.delimiter).cells[0][0] == "1"


def test_facts_say_what_was_declared_and_what_detected(tmp_path: Path) -> None:
    table = opened(written(tmp_path, "x.csv", "a;b\n1;2\n"), delimiter=";")
    assert table.facts == {
        "format": "delimited text",
        "encoding": "utf-8",
        "encoding_from": "detected",
        "delimiter": ";",
        "delimiter_from": "declared",
        "quote": '"',
        "header_row": 1,
    }


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1.0, 17, "1"),
        (-0.0, 17, "0"),
        (0.1 + 0.2, 17, "0.30000000000000004"),
        (0.1 + 0.2, 15, "0.3"),
        (1e-5, 17, "0.00001"),
        (1.5e-9, 17, "1.5e-09"),
        (1e20, 17, "100000000000000000000"),
        (1e300, 17, "1e+300"),
        (12345678901234567.0, 15, "12345678901234600"),
        (float("nan"), 17, "NaN"),
        (float("-inf"), 17, "-Inf"),
    ],
)
def test_numbers_are_written_as_a_person_reads_them(value: float, digits: int, text: str) -> None:
    assert float_text(value, digits) == text


def test_a_layout_without_anything_is_the_default() -> None:
    assert Layout() == Layout(header_rows=1, merged="first", values="codes")


@pytest.mark.parametrize(("encoding", "bad"), [("utf-8", b"\xe8"), ("cp1252", b"\x81")])
def test_an_undecodable_byte_far_down_is_named(tmp_path: Path, encoding: str, bad: bytes) -> None:
    content = b"a,b\n" + b"1,2\n" * 400_000 + bad + b",3\n"
    table = opened(written(tmp_path, "x.csv", content), encoding=encoding)
    with pytest.raises(ExportError) as refused:
        see(table)
    assert f"byte 1,600,004 (0x{bad.hex()}, line 400,002) is not {encoding}" in str(refused.value)


def test_a_cell_longer_than_any_text_is_an_open_quote(tmp_path: Path) -> None:
    content = 'a,b\n1,2\n3,"' + "x,y\n" * 100_000 + '",5\n'
    with pytest.raises(ExportError, match="look for a quote without its pair"):
        read(written(tmp_path, "x.csv", content))
    late = "a,b\n" + "1,2\n" * 5000 + '3,"' + "x,y\n" * 3_000_000 + '"\n'
    with pytest.raises(ExportError, match="look for a quote without its pair"):
        read(written(tmp_path, "y.csv", late))


def test_a_header_that_does_not_split_like_the_rows_is_one_column(tmp_path: Path) -> None:
    assert read(written(tmp_path, "x.csv", "Note, and more\nx\ny\n")).columns == (
        "Note",
        "and more",
    )


@pytest.mark.parametrize("layout", [{}, {"comment": "#"}], ids=["streamed", "by record"])
def test_a_blank_row_before_a_ragged_one_is_no_trailing_one(
    tmp_path: Path, layout: dict[str, str]
) -> None:
    path = written(tmp_path, "x.csv", "a,b\n1,2\n\n3\n\n")
    for rows in (1, 2, 3, 100):
        seen = see(opened(path, **layout), rows=rows)
        assert (seen.rows, seen.cells) == ([2, 3], [("1", "2"), ("", "")])
        assert [fault.row for fault in seen.faults] == [4]


def test_a_column_without_a_name_takes_none_that_another_has(tmp_path: Path) -> None:
    table = opened(written(tmp_path, "x.csv", "id,,column 2\n1,2,3\n"))
    assert table.columns == ("id", "column 2 (2)", "column 2")
    assert table.facts["unnamed_columns"] == ["column 2 (2)"]


SWALLOWED = {
    "three rows, closed by the next stray quote": (
        'id,note,sex\n1,ok,M\n2,"5 cm,F\n3,x,M\n4,y,F\n5,"hello,M\n6,z,F\n',
        "3 more rows",
    ),
    "one row": ('id,note,sex\n1,ok,M\n2,"5 cm,F\n5,"hello,M\n6,z,F\n', "another row"),
    "in the last column": ('id,sex,note\n1,M,a\n2,F,"5 cm\n3,M,x\n5,M,"\n6,F,z\n', "2 more rows"),
    "between semicolons": ('id;note;sex\n1;ok;M\n2;"5 cm;F\n5;"hello;M\n6;z;F\n', "another row"),
    "beside comment lines": (
        '# of May\nid,note,sex\n1,ok,M\n2,"5 cm,F\n5,"hello,M\n6,z,F\n',
        "another row",
    ),
}


@pytest.mark.parametrize("case", SWALLOWED)
def test_rows_that_a_stray_quote_swallowed_are_a_fault(tmp_path: Path, case: str) -> None:
    content, words = SWALLOWED[case]
    layout = {"comment": "#"} if content.startswith("#") else {}
    seen = read(written(tmp_path, "x.csv", content), **layout)
    assert [cells[0] for cells in seen.cells] == ["1", "6"]
    (fault,) = seen.faults
    assert (fault.column, fault.check) == (None, "row.swallowed")
    assert words in fault.message
    assert "'note'" in fault.message
    assert fault.raw.startswith("2")
    assert "\n5" in fault.raw


@pytest.mark.parametrize(
    ("note", "layout"),
    [
        ("fever, cough\nrash, pain", {}),  # prose: every comma is followed by a blank
        ("first line\nsecond line", {}),
        ("a,b\nc,d,e", {}),  # not where the delimiters of rows would lie
        ("5 cm,F\n3,x", {"quote": '"'}),  # the mapping says what the quotes mean
    ],
)
def test_a_text_of_several_lines_stays_a_cell(
    tmp_path: Path, note: str, layout: dict[str, str]
) -> None:
    path = written(tmp_path, "x.csv", f'id,note,sex\n1,"{note}",M\n2,b,F\n')
    seen = read(path, **layout)
    assert seen.cells == [("1", note, "M"), ("2", "b", "F")]
    assert seen.faults == []
