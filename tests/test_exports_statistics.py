import datetime
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from export_reading import opened, read, see, written

from onecohort.errors import ExportError
from onecohort.exports import Layout, Table, limits, list_tables, spss_stata_sas
from onecohort.exports.spss_stata_sas import open_statistics

FRAME = pd.DataFrame(
    {
        "id": ["007", "12345678901234567", ""],
        "sex": [1.0, 2.0, 9.0],
        "hb": [12.5, 0.1, None],
        "died": [datetime.date(2019, 3, 12), None, datetime.date(1900, 1, 1)],
        "seen": [datetime.datetime(2019, 3, 12, 8, 5), datetime.datetime(2020, 1, 1), None],
    }
)
LABELS = {"id": "Patient", "sex": "Sex at birth"}
VALUES = {"sex": {1: "male", 2: "female"}}
CELLS = [
    ("007", "1", "12.5", "2019-03-12", "2019-03-12 08:05:00"),
    ("12345678901234567", "2", "0.1", "", "2020-01-01"),
    ("", "9", "", "1900-01-01", ""),
]


def sav(path: Path, **more: object) -> Path:
    pyreadstat.write_sav(
        FRAME, str(path), column_labels=LABELS, variable_value_labels=VALUES, **more
    )
    return path


def test_an_spss_file_comes_with_labels_and_codes(tmp_path: Path) -> None:
    table = opened(sav(tmp_path / "x.sav"))
    seen = see(table)
    assert (seen.rows, seen.cells) == ([1, 2, 3], CELLS)
    assert table.labels == LABELS
    assert table.value_labels == {"sex": {"1": "male", "2": "female"}}
    assert table.facts["format"] == "SPSS file"


def test_labels_stand_in_the_cells_where_they_are_asked_for(tmp_path: Path) -> None:
    path = sav(tmp_path / "x.sav", missing_ranges={"sex": [{"lo": 1, "hi": 1}]})
    assert [cells[1] for cells in read(path, values="labels").cells] == ["male", "female", "9"]
    assert opened(path, values="labels").user_missing == {"sex": frozenset({"male"})}


def test_what_the_file_declares_missing_is_told_and_the_text_stays(tmp_path: Path) -> None:
    ranges = {"sex": [{"lo": 8, "hi": 99}], "hb": [-1.0]}
    table = opened(sav(tmp_path / "x.sav", missing_ranges=ranges))
    assert table.user_missing == {"sex": frozenset({"8", "9", "99"}), "hb": frozenset({"-1"})}
    assert [cells[1] for cells in see(table).cells] == ["1", "2", "9"]


def test_a_compressed_and_a_portable_spss_file_hold_the_same(tmp_path: Path) -> None:
    pyreadstat.write_sav(FRAME, str(tmp_path / "x.zsav"), row_compress=False, compress=True)
    assert read(tmp_path / "x.zsav").cells == CELLS
    pyreadstat.write_por(FRAME[["id", "sex", "hb"]], str(tmp_path / "x.por"))
    portable = opened(tmp_path / "x.por")
    assert see(portable).cells == [cells[:3] for cells in CELLS]
    assert portable.facts["format"] == "SPSS portable file"


def stata(path: Path) -> Table:
    frame = pd.DataFrame(
        {
            "id": ["007", "8", "9"],
            "sex": [1, 2, "a"],
            "hb": [12.5, 1.1, None],
        }
    )
    pyreadstat.write_dta(
        frame,
        str(path),
        missing_user_values={"sex": ["a"]},
        variable_value_labels={"sex": {1: "male", 2: "female", "a": "refused"}},
    )
    return opened(path)


def test_a_stata_file_shows_extended_missing_values_as_stata_does(tmp_path: Path) -> None:
    table = stata(tmp_path / "x.dta")
    assert see(table).cells == [("007", "1", "12.5"), ("8", "2", "1.1"), ("9", ".a", "")]
    assert table.user_missing == {"sex": frozenset({".a"})}
    assert table.value_labels == {"sex": {"1": "male", "2": "female", ".a": "refused"}}


def test_a_number_of_four_bytes_shows_the_digits_that_four_bytes_hold(tmp_path: Path) -> None:
    frame = pd.DataFrame({"hb": pd.Series([1.1, 12.3], dtype="float32")})
    frame.to_stata(tmp_path / "x.dta", write_index=False)
    assert read(tmp_path / "x.dta").cells == [("1.1",), ("12.3",)]


def test_a_sas_transport_file(tmp_path: Path) -> None:
    pyreadstat.write_xport(FRAME[["id", "sex", "died"]], str(tmp_path / "x.xpt"))
    seen = read(tmp_path / "x.xpt")
    assert seen.cells == [(one[0], one[1], one[3]) for one in CELLS]


def test_an_empty_statistical_table_has_columns_and_no_rows(tmp_path: Path) -> None:
    pyreadstat.write_sav(FRAME[["sex", "hb"]].iloc[:0], str(tmp_path / "x.sav"))
    seen = read(tmp_path / "x.sav")
    assert (seen.columns, seen.rows) == (("sex", "hb"), [])


@pytest.mark.parametrize("suffix", ["sav", "zsav", "por", "dta", "sas7bdat", "xpt"])
@pytest.mark.parametrize(
    "content", [b"", b"id;sex\n1;m\n", b"\x00" * 500], ids=["none", "text", "0"]
)
def test_what_is_no_statistical_file_is_refused(
    tmp_path: Path, suffix: str, content: bytes
) -> None:
    with pytest.raises(ExportError, match=r"is empty|cannot be read as"):
        read(written(tmp_path, f"x.{suffix}", content))


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
def test_a_statistical_file_cut_short_is_refused(tmp_path: Path, cut: float) -> None:
    data = sav(tmp_path / "x.sav").read_bytes()
    with pytest.raises(ExportError, match="cannot be read as sav"):
        read(written(tmp_path, "y.sav", data[: int(len(data) * cut)]))


def test_a_listing_names_the_one_table(tmp_path: Path) -> None:
    (summary,) = list_tables(sav(tmp_path / "x.sav"), root=tmp_path)
    assert summary.columns == tuple(FRAME.columns)


def test_texts_that_spss_declares_missing_may_be_a_range(tmp_path: Path) -> None:
    frame = pd.DataFrame({"arm": ["A", "B", "C", "Z"]})
    pyreadstat.write_sav(frame, str(tmp_path / "x.sav"), missing_ranges={"arm": ["Z", "Y"]})
    assert opened(tmp_path / "x.sav").user_missing == {"arm": frozenset({"Y", "Z"})}


def test_a_declared_encoding_is_used(tmp_path: Path) -> None:
    path = sav(tmp_path / "x.sav")
    assert opened(path, encoding="utf-8").columns == tuple(FRAME.columns)
    with pytest.raises(ExportError, match="cannot be read as sav"):
        opened(path, encoding="no-such")


def test_months_and_quarters_are_dates(tmp_path: Path) -> None:
    seconds = (datetime.date(2014, 10, 1) - datetime.date(1582, 10, 14)).total_seconds()
    frame = pd.DataFrame({"quarter": [seconds]})
    pyreadstat.write_sav(frame, str(tmp_path / "x.sav"), variable_format={"quarter": "QYR8"})
    table = opened(tmp_path / "x.sav")
    assert see(table).cells == [("2014-10-01",)]
    assert table.facts["displayed_as"] == {"quarter": "QYR8"}


def test_a_file_that_crashes_its_library_costs_one_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = written(tmp_path, "crash.py", "import os\nos.abort()\n")
    monkeypatch.setattr(spss_stata_sas, "_WORKER", crash)
    with pytest.raises(ExportError, match=r"its reader ends with code -?\d+"):
        opened(sav(tmp_path / "x.sav"))


def test_a_file_that_takes_too_long_costs_one_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = written(tmp_path, "sleep.py", "import time\ntime.sleep(60)\n")
    monkeypatch.setattr(spss_stata_sas, "_WORKER", sleep)
    monkeypatch.setattr(spss_stata_sas, "_SECONDS", 0.2)
    with pytest.raises(ExportError, match="is not read within"):
        opened(sav(tmp_path / "x.sav"))


def test_a_table_of_too_many_cells_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_CELLS", 10)
    with pytest.raises(ExportError, match="spans 3 rows x 5 columns"):
        opened(sav(tmp_path / "x.sav"))


def test_a_format_that_is_not_statistical_cannot_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="csv is no statistical format"):
        open_statistics(sav(tmp_path / "x.sav"), "x.sav", Layout(format="csv"))
