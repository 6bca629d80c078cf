"""Every value of the sample's cohort walks back to a cell, and that cell holds that text.

The files are read here a second time, by other libraries than the engine's own where there are any.
"""

import csv
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pyreadstat
import pytest
from desk_study import MAPPING, make_study

from onecohort.center import run_center
from onecohort.pool import pool
from onecohort.pseudonym import find_key
from onecohort.study import Study, load_study
from onecohort.trace import Cell, Trace, TracedPatient, TracedValue, trace_patients

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_exports"
KEY = find_key(synthetic=True)
STUDY = load_study(ROOT)


@pytest.fixture(scope="module")
def traces() -> Mapping[str, Trace]:
    return {
        center: trace_patients(STUDY, STUDY.load_mapping(center), KEY) for center in STUDY.centers
    }


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    store, folder = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("run")
    summaries = [run_center(STUDY, center, store, KEY) for center in STUDY.centers]
    pool(STUDY, summaries, folder)
    rows: list[dict[str, object]] = pq.read_table(folder / "cohort.parquet").to_pylist()
    return rows


# --- the same files, read another way ------------------------------------------------------------------


@cache
def text_rows(export: str) -> list[list[str]]:
    encoding = "cp1252" if export.startswith("dora") else "utf-8-sig"
    with (SAMPLE / export).open(encoding=encoding, newline="") as file:
        delimiter = "," if export.startswith("adige") else ";"
        return list(csv.reader(file, delimiter=delimiter))


def from_text(cell: Cell) -> object:
    rows = text_rows(cell.export)
    return rows[cell.row - 1][rows[0].index(cell.column)]


@cache
def workbook(export: str) -> openpyxl.Workbook:
    return openpyxl.load_workbook(SAMPLE / export, data_only=True)


def from_workbook(cell: Cell) -> object:
    sheet = workbook(cell.export)[cell.sheet or ""]
    header = 4 if cell.sheet == "Pazienti" else 1
    names = [each.value for each in sheet[header]]
    return sheet.cell(cell.row, names.index(cell.column) + 1).value


@cache
def statistics(export: str) -> list[dict[str, object]]:
    read = pyreadstat.read_sav if export.endswith(".sav") else pyreadstat.read_dta
    labelled = export.endswith(".dta")
    frame, _ = read(SAMPLE / export, apply_value_formats=labelled, user_missing=True)
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def from_statistics(cell: Cell) -> object:
    return statistics(cell.export)[cell.row - 1][cell.column]


@cache
def database_rows(table: str) -> list[dict[str, object]]:
    with (
        closing(sqlite3.connect(SAMPLE / "volturno" / "registro_lam.sqlite")) as connection,
        connection,
    ):
        connection.row_factory = sqlite3.Row
        # A table is named by the mapping, never by data.
        found = connection.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()
    return [dict(row) for row in found]


def from_database(cell: Cell) -> object:
    return database_rows(cell.table)[cell.row - 1][cell.column]


READERS: Mapping[str, Callable[[Cell], object]] = {
    "csv": from_text,
    "xlsx": from_workbook,
    "sav": from_statistics,
    "dta": from_statistics,
    "sqlite": from_database,
}


def same(raw: str, there: object) -> bool:
    """Whether a cell's text is what another library found there."""
    if there is None or there != there:  # a NaN is unequal to itself
        return raw == ""
    if isinstance(there, datetime | date):
        return there.isoformat()[:10] == raw[:10]
    if isinstance(there, bool | int | float):
        return float(there) == float(raw.replace(",", "."))
    return str(there) == raw


def values_of(trace: Trace) -> Iterator[tuple[TracedPatient, TracedValue]]:
    for patient in trace.patients:
        for traced in patient.values.values():
            yield patient, traced


# --- the sample ------------------------------------------------------------------------------------------


def test_every_published_value_has_its_cells_or_its_derivation(
    traces: Mapping[str, Trace], cohort: list[dict[str, object]]
) -> None:
    patients = {one.patient_id: one for trace in traces.values() for one in trace.patients}
    told = 0
    for row in cohort:
        patient = patients[str(row["patient_id"])]
        assert patient.enters
        for name, value in row.items():
            traced = patient.values[name]
            assert traced.value == value, f"{patient.key}: {name}"
            if value is not None:
                assert traced.cells or traced.origin, f"{patient.key}: {name}"
                assert bool(traced.cells) <= bool(traced.rule)
                told += 1
    assert len(cohort) == 100
    assert told > 2500


@pytest.mark.parametrize("center", STUDY.centers)
def test_a_traced_cell_holds_that_text_in_the_file(
    center: str, traces: Mapping[str, Trace]
) -> None:
    looked = 0
    for patient, traced in values_of(traces[center]):
        for cell in traced.cells:
            there = READERS[cell.export.rpartition(".")[2]](cell)
            assert same(cell.raw, there), f"{patient.key}: {cell} holds {there!r}"
            looked += 1
    assert looked > 200


def test_the_line_of_a_rule_is_that_of_its_field(traces: Mapping[str, Trace]) -> None:
    for center, trace in traces.items():
        lines = STUDY.mapping_path(center).read_text(encoding="utf-8").splitlines()
        for traced in trace.patients[0].values.values():
            if traced.rule:
                assert lines[traced.line - 1].startswith(f"  {traced.field}:")
            else:
                assert traced.line == 0


def test_a_derived_value_names_the_function_that_made_it(traces: Mapping[str, Trace]) -> None:
    origin = traces["brenta"].patients[0].values["os_months"].origin
    path, _, name = origin.removeprefix("derived by ").partition(" ")
    file, line = path.rsplit(":", 1)
    source = (ROOT / file).read_text(encoding="utf-8").splitlines()
    assert source[int(line) - 1].startswith(f"def {name}(")


def test_a_corrected_cell_shows_what_stood_there_and_the_correction() -> None:
    traced = trace_patients(STUDY, STUDY.load_mapping("brenta"), KEY, patient="B-004")
    value = traced.patients[0].values["death_date"]
    assert value.value == date(2012, 1, 23)
    assert [cell.raw for cell in value.cells] == ["23/01/2109"]
    (finding,) = value.findings
    assert (finding["check"], finding["rule"]) == ("correction.applied", "corrections[0]")


def test_a_count_shows_the_cells_that_were_counted() -> None:
    traced = trace_patients(STUDY, STUDY.load_mapping("brenta"), KEY, patient="B-004")
    cycles = traced.patients[0].values["hma_cycles"]
    assert cycles.value == len(cycles.cells) == len({cell.row for cell in cycles.cells})
    assert {cell.column for cell in cycles.cells} == {"Ciclo"}


def test_a_pseudonym_finds_the_patient_as_the_key_does() -> None:
    loaded = STUDY.load_mapping("brenta")
    by_key = trace_patients(STUDY, loaded, KEY, patient="B-005").patients
    assert by_key == trace_patients(STUDY, loaded, KEY, patient=by_key[0].patient_id).patients
    assert trace_patients(STUDY, loaded, KEY, patient="B-00").patients == ()
    assert len(trace_patients(STUDY, loaded, KEY, most=2).patients) == 2


# --- what the sample has not -----------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, project: Path) -> Study:
    return load_study(make_study(tmp_path / "desk", project))


def traced(study: Study, patient: str, mapping: str = MAPPING) -> TracedPatient:
    study.mapping_path("panaro").write_text(mapping, encoding="utf-8")
    (found,) = trace_patients(study, study.load_mapping("panaro"), KEY, patient=patient).patients
    return found


def edit(study: Study, name: str, old: str, new: str) -> None:
    path = study.exports / "panaro" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_joined_column_has_the_address_of_its_own_table(desk: Study) -> None:
    mapping = MAPPING.replace("    rows: many\n", "").replace(
        "hma_line: { from: Linea }", "hma_line: { filled_from: [esami.Linea, Linea] }"
    )
    for rule in (
        ", take: nearest, near: hma_start_date, by: esami.Data",
        ", take: earliest, by: esami.Data",
    ):
        mapping = mapping.replace(rule, "")
    path = desk.exports / "panaro" / "esami_2021-06.csv"
    path.write_text("Codice;Data;Hb (g/L);LDH;Linea\nP-01;28/04/2016;92;310;3\n", encoding="utf-8")
    assert traced(desk, "P-01", mapping).values["hma_line"].cells == (
        Cell("esami", "panaro/esami_2021-06.csv", None, 2, "Linea", "3"),
        Cell("pazienti", "panaro/pazienti_2021-06.csv", None, 2, "Linea", "2"),
    )
    absent = traced(desk, "P-02", mapping).values["hma_line"]
    assert absent.value == 2
    assert absent.cells[0] == Cell("esami", "panaro/esami_2021-06.csv", None, 0, "Linea", "")


def test_a_text_that_no_rule_carries_is_shown_with_its_finding(desk: Study) -> None:
    edit(desk, "pazienti_2021-06.csv", "P-01;M;", "P-01;maschio?;")
    value = traced(desk, "P-01").values["sex"]
    assert value.value is None
    assert value.cells[0].raw == "maschio?"
    assert [finding["check"] for finding in value.findings] == ["values.unlisted"]


def test_a_value_that_a_check_withdrew_says_which(desk: Study) -> None:
    edit(desk, "pazienti_2021-06.csv", "20/12/2016;20/12/2016", "20/12/2015;20/12/2015")
    patient = traced(desk, "P-01")
    checks = {finding["check"] for finding in patient.values["death_date"].findings}
    assert "hma_start_before_death" in checks


def test_every_value_that_a_check_withdrew_says_so(desk: Study) -> None:
    edit(desk, "pazienti_2021-06.csv", "03/04/1948;12/01/2016", "03/04/1948;12/01/1940")
    patient = traced(desk, "P-01")
    for name in ("birth_date", "diagnosis_date"):
        assert patient.values[name].value is None
        checks = [finding["check"] for finding in patient.values[name].findings]
        assert "birth_before_diagnosis" in checks, name


def test_a_patient_who_cannot_enter_is_shown_with_the_reason(desk: Study) -> None:
    edit(desk, "pazienti_2021-06.csv", "Vidaza;02/05/2016", ";02/05/2016")
    patient = traced(desk, "P-01")
    assert not patient.enters
    assert patient.values["sex"].value == "male"
    (finding,) = patient.values["hma_drug"].findings
    assert finding["check"] == "required.missing"


def test_what_is_said_of_a_row_as_a_whole_stands_with_the_patient(desk: Study) -> None:
    edit(desk, "pazienti_2021-06.csv", "P-02;F;", "P-01;F;")
    patient = traced(desk, "P-01")
    assert not patient.enters
    assert {finding["check"] for finding in patient.findings} == {"key.conflict"}


def test_another_schema_file_is_named_where_it_lies_outside_the_study(desk: Study) -> None:
    elsewhere = replace(desk, root=desk.root / "center_mappings")
    loaded = desk.load_mapping("panaro")
    (patient,) = trace_patients(elsewhere, loaded, KEY, patient="P-01").patients
    assert str(desk.root) in patient.values["is_dead"].origin
