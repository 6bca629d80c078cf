"""One person delivered twice: who is recognised, who stays, and what is said of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from onecohort.center_summary import CenterSummary
from onecohort.findings import Findings
from onecohort.harmonize import ROW
from onecohort.linkage import link
from onecohort.schema import CohortSchema
from onecohort.study import load_study

Person = Mapping[str, object]
BORN, START = date(1950, 3, 1), date(2019, 5, 6)
ALIKE = {"birth_date": BORN, "sex": "male", "hma_start_date": START}


@pytest.fixture(scope="module")
def schema(project: Path) -> CohortSchema:
    return load_study(project).schema


def linked(
    schema: CohortSchema, **centers: list[Person]
) -> tuple[dict[str, list[bool]], list[dict[str, object]]]:
    """Who stays at each center, and the findings."""
    fields = [*((f.name, f.arrow_type) for f in schema.fields.values()), (ROW, pa.int64())]
    tables = [
        pa.Table.from_pylist(
            [{"center": name, ROW: row, **person} for row, person in enumerate(people, 2)],
            schema=pa.schema(fields),
        )
        for name, people in centers.items()
    ]
    done = [
        CenterSummary(name, name, "done", "", first="t", inputs=(
            {"table": "t", "export": f"{name}.csv", "sheet": None},
        ))
        for name in centers
    ]  # fmt: skip
    findings = {name: Findings(name) for name in centers}
    masks = link(schema, done, tables, findings)
    told = [row for found in findings.values() for row in found.table().to_pylist()]
    return {name: mask.tolist() for name, mask in zip(centers, masks, strict=True)}, told


def test_the_fuller_record_stays_and_the_other_is_merged(schema: CohortSchema) -> None:
    stays, (told,) = linked(
        schema,
        adda=[{"person_key": "k"}],
        brenta=[{"person_key": "j"}, {"person_key": "k", "ecog": 1}],
    )
    assert stays == {"adda": [False], "brenta": [True, True]}
    assert (told["center"], told["row"], told["check"]) == ("adda", 2, "person.at_two_centers")
    said = "a patient of brenta (by person_key), whose record says as much or more and stays"
    assert told["message"] == f"the same person as {said}"


def test_of_two_equal_records_that_of_the_first_center_stays(schema: CohortSchema) -> None:
    stays, _ = linked(schema, adda=[{"person_key": "k"}], brenta=[{"person_key": "k"}])
    assert stays == {"adda": [True], "brenta": [False]}


def test_without_a_code_birth_sex_and_start_tell_who_it_is(schema: CohortSchema) -> None:
    stays, (told,) = linked(schema, adda=[ALIKE], brenta=[{**ALIKE, "person_key": "k", "ecog": 1}])
    assert stays == {"adda": [False], "brenta": [True]}
    assert "(by birth_date, sex, hma_start_date)" in str(told["message"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({**ALIKE, "person_key": "k"}, {**ALIKE, "person_key": "j"}, id="other codes"),
        pytest.param(ALIKE, {**ALIKE, "sex": "female"}, id="another sex"),
        pytest.param({"sex": "male"}, {"sex": "male"}, id="too little known"),
        pytest.param({"person_key": None}, {"person_key": None}, id="no code is no code"),
    ],
)
def test_two_persons_stay_two(schema: CohortSchema, one: Person, other: Person) -> None:
    for people in ({"adda": [one], "brenta": [other]}, {"adda": [one, other]}):
        stays, told = linked(schema, **people)
        assert all(all(mask) for mask in stays.values())
        assert told == []


def test_two_codes_of_one_center_for_one_person_both_stay_with_a_finding(
    schema: CohortSchema,
) -> None:
    stays, (told,) = linked(schema, adda=[{"person_key": "k"}, {**ALIKE, "person_key": "k"}])
    assert stays == {"adda": [True, True]}
    assert (told["row"], told["check"], told["severity"]) == (
        2,
        "person.twice_at_center",
        "warning",
    )
    assert told["message"] == (
        "the same person as row 3, under another code (by person_key), and both are in the cohort"
    )


def test_three_centers_keep_one_record(schema: CohortSchema) -> None:
    person = {**ALIKE, "person_key": "k"}
    stays, told = linked(schema, adda=[person], brenta=[{**person, "ecog": 0}], cellina=[person])
    assert stays == {"adda": [False], "brenta": [True], "cellina": [False]}
    assert {row["check"] for row in told} == {"person.at_two_centers"}
    assert len(told) == 2


def test_a_study_without_a_rule_links_nobody(project: Path) -> None:
    unlinked = replace(load_study(project).schema, linkage=())
    stays, told = linked(unlinked, adda=[{"person_key": "k"}], brenta=[{"person_key": "k"}])
    assert (stays, told) == ({"adda": [True], "brenta": [True]}, [])
