from pathlib import Path

import pytest
from export_reading import opened, read, see, written

from onecohort.errors import ExportError
from onecohort.exports import list_tables

DICTIONARY = (
    '"Variable / Field Name","Form Name","Field Type","Field Label",'
    '"Choices, Calculations, OR Slider Labels"\n'
    "record_id,demographics,text,Record ID,\n"
    'sex,demographics,radio,Sex,"0, Female | 1, Male"\n'
    'race,demographics,checkbox,<b>Race</b>,"1, White | -9, Not told, or unknown"\n'
    "fit,demographics,yesno,Fit?,\n"
    "sbp,blood_pressure,text,Systolic,\n"
)
RAW = (
    "record_id,redcap_repeat_instrument,redcap_repeat_instance,redcap_data_access_group,"
    "sex,race___1,race____9,fit,demographics_complete,sbp,blood_pressure_complete\n"
    "1,,,padova,1,1,0,1,2,,\n"
    "1,blood_pressure,1,padova,,,,,,120,2\n"
    "1,blood_pressure,2,padova,,,,,,130,0\n"
    "2,,,milano,0,0,1,0,1,,\n"
)
LABELLED = (
    '"Record ID","Repeat Instrument","Repeat Instance",Sex,"Race (choice=White)",Systolic\n'
    "1,,,Male,Checked,\n"
    "1,Blood Pressure,1,,,120\n"
)
EVENTS = "id,redcap_event_name,hb\n1,baseline_arm_1,12\n1,cycle_1_arm_1,9\n2,baseline_arm_1,11\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    written(tmp_path, "dictionary.csv", DICTIONARY)
    return written(tmp_path, "data.csv", RAW)


def test_the_base_rows_keep_the_forms_that_do_not_repeat(project: Path) -> None:
    table = opened(project, instrument="", dictionary=Path("dictionary.csv"))
    seen = see(table)
    assert seen.rows == [2, 5]
    assert seen.columns == (
        "record_id",
        "redcap_repeat_instrument",
        "redcap_repeat_instance",
        "redcap_data_access_group",
        "sex",
        "race___1",
        "race____9",
        "fit",
        "demographics_complete",
    )
    assert seen.cells[0] == ("1", "", "", "padova", "1", "1", "0", "1", "2")
    assert table.facts["redcap"] == {
        "headers": "variables",
        "instruments": {"": 2, "blood_pressure": 2},
        "groups": {"milano": 1, "padova": 3},
        "rows_of_other_tables": 2,
    }


def test_a_repeating_instrument_is_a_table_with_its_instances(project: Path) -> None:
    table = opened(project, instrument="blood_pressure", dictionary=Path("dictionary.csv"))
    seen = see(table)
    assert table.sheet == "blood_pressure"
    assert seen.columns[4:] == ("sbp", "blood_pressure_complete")
    assert dict(zip(seen.rows, [cells[2:5] for cells in seen.cells], strict=True)) == {
        3: ("1", "padova", "120"),
        4: ("2", "padova", "130"),
    }


def test_labels_and_choices_come_from_the_dictionary(project: Path) -> None:
    table = opened(project, dictionary=Path("dictionary.csv"))
    assert table.labels["race____9"] == "Race (choice=Not told, or unknown)"
    assert table.labels["sbp"] == "Systolic"
    assert table.value_labels["sex"] == {"0": "Female", "1": "Male"}
    assert table.value_labels["race___1"] == {"0": "Unchecked", "1": "Checked"}
    assert table.value_labels["fit"] == {"1": "Yes", "0": "No"}
    assert table.value_labels["demographics_complete"]["1"] == "Unverified"


def test_labels_stand_in_the_cells_where_they_are_asked_for(project: Path) -> None:
    seen = read(project, instrument="", dictionary=Path("dictionary.csv"), values="labels")
    assert seen.cells[1] == (
        "2",
        "",
        "",
        "milano",
        "Female",
        "Unchecked",
        "Checked",
        "No",
        "Unverified",
    )


def test_a_labelled_export_is_read_by_its_labels(tmp_path: Path) -> None:
    written(tmp_path, "dictionary.csv", DICTIONARY)
    path = written(tmp_path, "labels.csv", LABELLED)
    table = opened(path, instrument="Blood Pressure", dictionary=Path("dictionary.csv"))
    assert see(table).cells == [("1", "Blood Pressure", "1", "120")]
    assert table.labels["Systolic"] == "sbp"
    base = opened(path, instrument="", dictionary=Path("dictionary.csv"))
    assert see(base).columns[-2:] == ("Sex", "Race (choice=White)")


def test_an_event_of_a_longitudinal_project_is_a_table(tmp_path: Path) -> None:
    path = written(tmp_path, "data.csv", EVENTS)
    seen = read(path, event="baseline_arm_1")
    assert dict(zip(seen.rows, seen.cells, strict=True)) == {
        2: ("1", "baseline_arm_1", "12"),
        4: ("2", "baseline_arm_1", "11"),
    }


def test_a_text_under_another_form_is_never_dropped(project: Path) -> None:
    project.write_text(RAW + "3,blood_pressure,1,padova,1,,,,,140,2\n")
    table = opened(project, instrument="blood_pressure", dictionary=Path("dictionary.csv"))
    assert "sex" in table.columns


REFUSED = {
    "no such instrument": ({"instrument": "labs"}, RAW, "there is no 'labs'"),
    "no such event": ({"event": "cycle_9"}, EVENTS, "there is no 'cycle_9'"),
    "no column of events": ({"event": "cycle_9"}, RAW, "has no column redcap_event_name"),
    "no dictionary": ({"dictionary": Path("no.csv")}, RAW, "is not there"),
    "no dictionary's columns": ({"dictionary": Path("data.csv")}, RAW, "has no column 'Variable"),
    "a dictionary elsewhere": (
        {"dictionary": Path("../no.csv")},
        RAW,
        "outside the exports' folder",
    ),
}


@pytest.mark.parametrize(("layout", "content", "message"), REFUSED.values(), ids=REFUSED)
def test_what_a_project_does_not_have_is_refused(
    tmp_path: Path, layout: dict[str, object], content: str, message: str
) -> None:
    with pytest.raises(ExportError, match=message):
        read(written(tmp_path, "data.csv", content), **layout)


def test_a_listing_gives_the_base_rows_and_every_instrument(project: Path) -> None:
    summaries = list_tables(project, root=project.parent)
    assert [(one.layout.instrument, one.sheet) for one in summaries] == [
        ("", None),
        ("blood_pressure", "blood_pressure"),
    ]
    assert summaries[1].columns[-2:] == ("sbp", "blood_pressure_complete")


def test_a_ragged_row_of_a_project_is_a_fault(project: Path) -> None:
    project.write_text(RAW + "9,x\n")
    assert [fault.row for fault in read(project, instrument="").faults] == [6]
