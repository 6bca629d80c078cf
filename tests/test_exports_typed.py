"""Fixed-width text, JSON, Parquet and R objects."""

import base64
import datetime
import decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from export_reading import opened, read, see, written

from onecohort.errors import ExportError
from onecohort.exports import list_tables

WIDE = "id sex hb  \n001M   12,5\n002F\n\n003  \n\n"


def test_fixed_width_fields_are_cut_by_characters(tmp_path: Path) -> None:
    table = opened(written(tmp_path, "x.txt", WIDE), widths=(3, 4, 4))
    seen = see(table)
    assert seen.columns == ("id", "sex", "hb")
    assert dict(zip(seen.rows, seen.cells, strict=True)) == {
        2: ("001", "M", "12,5"),
        3: ("002", "F", ""),
        4: ("", "", ""),
        5: ("003", "", ""),
    }
    assert table.facts["format"] == "fixed-width text"


def test_fixed_width_counts_letters_not_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, "x.dat", "Forlì1\nRimin2\n".encode("cp1252"))
    assert read(path, widths=(5, 1), columns=("town", "n")).cells == [
        ("Forlì", "1"),
        ("Rimin", "2"),
    ]


def test_text_beyond_the_widths_is_a_fault(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "x.txt", "ab\nabc \nab   \n"), widths=(1, 1), columns=("a", "b"))
    assert seen.rows == [1, 3]
    assert [(fault.row, fault.raw, fault.message) for fault in seen.faults] == [
        (2, "abc ", "has 3 characters where the widths make 2")
    ]


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"format": "fixed_width"}, "says no width"),
        ({"widths": (3, 0)}, "says no width"),
        ({"widths": (3, 3)}, "2 widths for 3 columns"),
        ({"widths": (3,), "header_row": 40}, "ends in row 6, before the header row 40"),
    ],
)
def test_a_fixed_width_layout_that_does_not_fit_is_refused(
    tmp_path: Path, layout: dict[str, object], message: str
) -> None:
    columns = None if "header_row" in layout else ("a", "b", "c")
    with pytest.raises(ExportError, match=message):
        read(written(tmp_path, "x.txt", WIDE), columns=columns, **layout)


JSON_LINES = """{"id": "007", "hb": 12.50, "n": 12345678901234567890}

{"id": 8, "hb": null, "ok": true, "labs": [1.50, {"a": "è"}]}
not json
{"id": 1, "id": 2}
[1]
"""


def test_json_lines_keep_the_digits_and_the_line_numbers(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "x.jsonl", JSON_LINES))
    assert seen.columns == ("id", "hb", "n", "ok", "labs")
    assert dict(zip(seen.rows, seen.cells, strict=True)) == {
        1: ("007", "12.50", "12345678901234567890", "", ""),
        3: ("8", "", "", "true", '[1.50, {"a": "è"}]'),
    }
    assert [(one.row, one.raw, one.check) for one in seen.faults] == [
        (4, "not json", "row.unreadable"),
        (5, '{"id": 1, "id": 2}', "row.unreadable"),
        (6, "[1]", "row.unreadable"),
    ]
    assert "the key 'id' stands twice" in seen.faults[1].message


@pytest.mark.parametrize("value", [r'"a\ud800"', r'["\udfff"]', r'{"b": "\ud800"}'])
def test_half_a_letter_in_json_is_a_fault(tmp_path: Path, value: str) -> None:
    seen = read(written(tmp_path, "x.jsonl", f'{{"id": {value}}}\n{{"id": "\\ud83d\\ude00"}}\n'))
    assert seen.cells == [("\N{GRINNING FACE}",)]
    assert [(one.row, one.check) for one in seen.faults] == [(1, "row.unreadable")]
    assert "half of a surrogate pair" in seen.faults[0].message


@pytest.mark.parametrize(
    "content",
    ['[{"id": "1", "hb": 2.0}, {"id": "2"}]', '{"records": [{"id": "1", "hb": 2.0}, {"id": "2"}]}'],
)
def test_a_json_array_is_one_row_per_record(tmp_path: Path, content: str) -> None:
    seen = read(written(tmp_path, "x.json", content))
    assert (seen.rows, seen.cells) == ([1, 2], [("1", "2.0"), ("2", "")])


JSON_REFUSED = {
    "no bytes": ("x.jsonl", b"", "is empty"),
    "no record": ("x.jsonl", b"1\n", "holds no JSON record"),
    "a blank": ("x.jsonl", b"\n", "holds no JSON record"),
    "not an array": ("x.json", b'{"a": 1}', "no array of records"),
    "a text": ("x.json", b'"a"', "holds no JSON record"),
    "lines under the name json": ("x.json", b'{"a": 1}\n{"a": 2}\n', "for JSON lines declare"),
    "nested without end": ("x.json", b"[" * 100_000, "is no JSON"),
    "not utf-8": ("x.json", b'[{"a": "\xe8"}]', "byte 8 (0xe8, line 1) is not utf-8"),
}


@pytest.mark.parametrize(("name", "content", "message"), JSON_REFUSED.values(), ids=JSON_REFUSED)
def test_json_that_holds_no_table_is_refused(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(ExportError) as refused:
        read(written(tmp_path, name, content))
    assert message in str(refused.value)


def test_a_line_nested_without_end_is_a_fault(tmp_path: Path) -> None:
    seen = read(written(tmp_path, "x.jsonl", '{"a": 1}\n' + "[" * 100_000))
    assert [fault.row for fault in seen.faults] == [2]


TYPED = pa.table(
    {
        "id": ["007", None, "9"],
        "n": pa.array([1, None, -3], pa.int64()),
        "x": pa.array([1.0, 0.1, float("nan")]),
        "f": pa.array([1.1, None, 2.0], pa.float32()),
        "d": pa.array([datetime.date(2019, 3, 12), None, datetime.date(1900, 1, 1)]),
        "t": pa.array([datetime.datetime(2019, 3, 12, 8, 5), datetime.datetime(2019, 3, 12), None]),
        "z": pa.array(
            [datetime.datetime(2019, 3, 12, 8, 5)] * 3, pa.timestamp("us", "Europe/Rome")
        ),
        "ok": [True, False, None],
        "m": pa.array([decimal.Decimal("12.50"), None, decimal.Decimal("0.10")]),
        "k": pa.array(["a", "b", "a"]).dictionary_encode(),
        "l": [[1, 2], None, []],
        "b": [b"\x01", None, b""],
        "none": pa.nulls(3),
    }
)
TYPED_CELLS = [
    (
        "007",
        "1",
        "1",
        "1.1",
        "2019-03-12",
        "2019-03-12 08:05:00",
        "2019-03-12 09:05:00+01:00",
        "true",
        "12.50",
        "a",
        "[1, 2]",
        "0x01",
        "",
    ),
    (
        "",
        "",
        "0.1",
        "",
        "",
        "2019-03-12",
        "2019-03-12 09:05:00+01:00",
        "false",
        "",
        "b",
        "",
        "",
        "",
    ),
    (
        "9",
        "-3",
        "NaN",
        "2",
        "1900-01-01",
        "",
        "2019-03-12 09:05:00+01:00",
        "",
        "0.10",
        "a",
        "[]",
        "0x",
        "",
    ),
]


def test_every_type_of_a_parquet_file_becomes_its_text(tmp_path: Path) -> None:
    pq.write_table(TYPED, tmp_path / "x.parquet")
    table = opened(tmp_path / "x.parquet")
    for rows in (1, 2, 1000):
        seen = see(table, rows=rows)
        assert seen.rows == [1, 2, 3]
        assert seen.cells == TYPED_CELLS
    assert see(table, columns=["m", "id"]).cells[0] == ("12.50", "007")
    assert table.facts == {"format": "Parquet file", "rows": 3}


def test_an_empty_parquet_file_has_columns_and_no_rows(tmp_path: Path) -> None:
    pq.write_table(TYPED.slice(0, 0), tmp_path / "x.parquet")
    seen = read(tmp_path / "x.parquet")
    assert (seen.columns, seen.rows) == (tuple(TYPED.column_names), [])


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"id,sex\n1,m\n", b"PAR1" + b"\0" * 99 + b"PAR1"]
)
def test_a_damaged_parquet_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ExportError, match="cannot be read as Parquet"):
        read(written(tmp_path, "x.parquet", content))


# Written by R 4.2.2 from a data frame of every kind of column and a missing value of each:
R_FRAME = (
    "H4sIAAAAAAAAA3VSvU7DMBA2TkKbQBESKwM8AKUbbBQJKjGB+JG6muSKKtwYJaaFLmVj4C14DKa8AgvwEAxssEC5JL6o"
    "WOKki+9O9933+ZxuwBhzmMs5czwMmXd22tnYxtoKJnX05bKB+fnZam2ZcA57mD9FY4w3ih4s3rHCMHZ5nptmT4pzkGYY"
    "FRfD21BCunbRH0KM+Q/6Ug7e+SqnTD7yb+1xYnK0wCLK04ocnZf1P+TzEoYgU8PO6SpiLCiMILQFh1KkBKkG9USoVVJK"
    "dQqp7eeHbFZq9vaZsUqCM7UmuHtCwyx+93X95R4DPJ9WZ+ZYeBJdOzo8OeiGmgQVqba167GKwWJe2L9O1BVsHquBEWAe"
    "lrULTEcl8p2e9sYE9ia9WAyAtlI3Rd6PCBfbA7i6rNadDGgJUR8I4qYAhHK1GsUWo5+oUZNYG/TA+NN9/7PhIBJaNHuJ"
    "KK/5C919MbHfAgAA"
)
R_SPACE = (
    "QlpoOTFBWSZTWa7HEOsAAZ7/3///SARgA8jA5yDeQL+v//DAiBAAABBAACHAAAVAw7ABmBBDUymQmNUemmSbRqaHpB6g"
    "AaZND0g8kB6nqHohxoyZGEYgGE0GATQaBkyaMmQwgMJEo1GCEyQ2UYaQB6hgIGamyaQ9RkaaNpL+r9fcsib/Y5RbnYVY"
    "PAWJNpg56kEjL28mGgLa1Ogd+sPFaHKWIIEQNsGwaolMeZhdz116iVyeTIyymnceSbq3LtebBXTogjEW0CUFRCCNblw9"
    "OmzVp/ma7YAXwaTabSFU0kBDQqeCbM8/22e6946a7VFNB+GVUwGBlppXAVLADIJA0hA0DTFPAQxKGGRpIUOTIaFJgC9j"
    "QEtHxmSUyaDBIQgh+SWCe2KrzXc8Wv2pWQWRF6QZKblIpGbNNnpGhvLRoG3FWYyCr4xjfF7mZmDzanY5RuW658ShRU1d"
    "DrnDFc5TIPwOMw4w8lLQiGH2HrM6v6qv/etgh7wtOEM3wCY57RvuKcTC/yLlXb6MDDGxlW8W6CuV0KkkPC6bULB4oAYd"
    "IGp8Xa43L1oMIbtO9UZTmyCFlnSiuzU3nTYP6NelGkaiOtIjIyQClYV5zCnMfeLuSKcKEhXY4h1g"
)
R_VECTOR = (
    "/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj4ACEAFBdACwCfBn5r/QdO56YNX7q0PQhTbNFUsTU1gy0osCkR2YyajC4VMBv"
    "u5x4D2f8vi27WY3HXHauSqXEncrt399c0fNz1nlzREfza6NBOd3Xk4AAAPdYGxwAAWiFAQAAAG0BSOY+MA2LAgAAAAAB"
    "WVo="
)
R_LISTS = (
    "H4sIAAAAAAAAA4vgYmBgYGZgYWJiYGYFMhlYQ0PcdC2AYsJADhMQv4PSjAwsDJxAmi85P7cgMbkkPjOvpDi1EE2WJSmx"
    "OBUqxgsWh9D/QDpBVjkwQID9B1QaogZuK0gtI5IcmO8A57Ig28manJNYXAxkCCA7xLHYsxhiKKrivMTcVJhiJqggYyKM"
    "kYOmnLMov1wPpgXkEaYGIPH//3+oucz/0ezlSkksSdRLKwJqAdkOAEMS8kdgAQAA"
)
R_COLUMNS = ("id", "n", "x", "ok", "arm", "died", "seen", "town")
R_CELLS = [
    ("007", "1", "1.5", "TRUE", "aza", "2019-03-12", "2019-03-12 08:05:00", "Forlì"),
    ("8", "", "", "", "dec", "", "2019-03-12", "x"),
    ("", "3", "NaN", "FALSE", "", "1900-01-01", "", ""),
]


def test_every_kind_of_r_column_becomes_its_text(tmp_path: Path) -> None:
    table = opened(written(tmp_path, "x.rds", base64.b64decode(R_FRAME)))
    seen = see(table)
    assert (seen.columns, seen.rows, seen.cells) == (R_COLUMNS, [1, 2, 3], R_CELLS)
    assert table.labels == {"n": "cycles given"}


def test_a_workspace_lists_its_data_frames_and_one_must_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, "x.RData", base64.b64decode(R_SPACE))
    assert [one.sheet for one in list_tables(path, root=tmp_path)] == ["patients", "labs"]
    with pytest.raises(ExportError, match="holds several data frames"):
        read(path)
    with pytest.raises(ExportError, match="no data frame 'lab'"):
        read(path, sheet="lab")
    assert read(path, sheet="labs").cells == [("1", "a"), ("2", "b")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged or no R file"),
        (b"id,sex\n", "damaged or no R file"),
        (b"\x1f\x8b" + b"\0" * 40, "damaged or no R file"),
        (base64.b64decode(R_VECTOR), "holds no data frame"),
        (base64.b64decode(R_LISTS), "column 'l'  holds lists"),
    ],
    ids=["none", "text", "half a gzip", "a vector", "a column of lists"],
)
def test_what_is_no_data_frame_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        read(written(tmp_path, "x.rds", content))


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
def test_an_r_file_cut_short_is_refused(tmp_path: Path, cut: float) -> None:
    data = base64.b64decode(R_FRAME)
    with pytest.raises(ExportError, match="is damaged or no R file"):
        read(written(tmp_path, "x.rds", data[: int(len(data) * cut)]))


def test_a_text_of_a_parquet_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    offsets, data = pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")
    texts = pa.StringArray.from_buffers(1, offsets, data)
    pq.write_table(pa.table({"a": texts}), tmp_path / "x.parquet")
    with pytest.raises(ExportError, match="cannot be read as Parquet"):
        read(tmp_path / "x.parquet")
