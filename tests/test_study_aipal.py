"""Six hospitals whose column says g/L: the run names who meant g/dL, and the mappings settle it.

AI-PAL, Alcazer et al., Lancet Digit Health 2024;6:e323 (MIT); found by ONECOHORT_REAL_DATA.
"""

import os
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from onecohort.examples import run_examples
from onecohort.mapping.check import check_mapping
from onecohort.mapping.load import LoadedMapping, parse_mapping
from onecohort.sanity import judge_cohort
from onecohort.study import Study, load_study
from tests.study_run import Found, harmonize_files

FOLDER = Path(__file__).parent / "studies" / "aipal"
REAL = os.environ.get("ONECOHORT_REAL_DATA", "")
PATIENTS = {
    "lyon": 424,
    "nantes": 130,
    "grenoble": 431,
    "clermont": 255,
    "cochin": 73,
    "mondor": 97,
}

needs_data = pytest.mark.skipif(not REAL, reason="ONECOHORT_REAL_DATA is not set")


@pytest.fixture(scope="module")
def study() -> Study:
    return load_study(FOLDER, exports=Path(REAL) / "aipal_france")


@pytest.fixture(scope="module")
def as_labelled(study: Study) -> dict[str, Found]:
    """All centers with the unit that stands in the column's name."""
    return {name: harmonize_files(study, labelled(study, name)) for name in study.centers}


@pytest.fixture(scope="module")
def settled(study: Study) -> dict[str, Found]:
    """All centers as their mappings stand."""
    return {name: harmonize_files(study, study.load_mapping(name)) for name in study.centers}


def labelled(study: Study, center: str) -> LoadedMapping:
    """The mapping before anybody had looked at the numbers."""
    text = study.mapping_path(center).read_text(encoding="utf-8")
    text = re.sub(
        r"  mchc_g_l:.*?(?=  platelets)", "  mchc_g_l: { from: MCHC_g_L }\n", text, flags=re.S
    )
    return parse_mapping(text, f"{center}.yaml")


@pytest.mark.parametrize("center", PATIENTS)
def test_a_mapping_has_no_mistake_and_keeps_its_examples(center: str) -> None:
    study = load_study(FOLDER)
    loaded = study.load_mapping(center)
    assert check_mapping(loaded, study.schema) == []
    assert run_examples(loaded, study.schema, as_of=study.as_of) == ()


@needs_data
def test_every_patient_of_every_hospital_arrives(settled: dict[str, Found]) -> None:
    assert {name: len(found.table) for name, found in settled.items()} == PATIENTS
    kinds = Counter(p["leukemia"] for found in settled.values() for p in found.patients)
    assert kinds == {"AML": 745, "APL": 185, "ALL": 480}


@needs_data
def test_the_run_names_the_centers_whose_numbers_are_in_another_unit(
    as_labelled: dict[str, Found],
) -> None:
    unusual = {
        name: [f for f in found.findings if f["check"] == "range.plausible"]
        for name, found in as_labelled.items()
    }
    counts = {name: len(rows) for name, rows in unusual.items()}
    assert counts == {
        "lyon": 0,
        "nantes": 67,
        "grenoble": 4,
        "clermont": 0,
        "cochin": 73,
        "mondor": 94,
    }
    whole = "the column as a whole would be usual in g/dL: declare `unit`"
    assert {f["hint"] for name in ("cochin", "mondor") for f in unusual[name]} == {whole}
    one = "would be usual in g/dL; correct the cell or declare its unit"
    assert Counter(f["hint"] for f in unusual["nantes"]) == {one: 66, "correct the cell": 1}


@needs_data
def test_the_look_across_centers_says_so_too(study: Study, as_labelled: dict[str, Found]) -> None:
    units = {
        s.center: (s.part, s.of)
        for s in judged(study, as_labelled)
        if s.kind == "unit" and s.field == "mchc_g_l"
    }
    assert units == {"cochin": (73, 73), "mondor": (94, 94), "nantes": (67, 129)}


@needs_data
def test_nantes_is_settled_row_by_row_and_every_row_says_so(settled: dict[str, Found]) -> None:
    concluded = [f for f in settled["nantes"].findings if f["check"] == "unit.concluded"]
    assert len(concluded) == 67
    assert {(f["severity"], f["hint"], f["column"]) for f in concluded} == {
        ("note", "g/dL", "MCHC_g_L")
    }
    values = settled["nantes"].table.column("mchc_g_l")
    assert pc.min(values).as_py() == pytest.approx(273)
    assert pc.max(values).as_py() == pytest.approx(369)


@needs_data
def test_once_the_units_are_settled_nobody_is_suspected(
    study: Study, settled: dict[str, Found]
) -> None:
    assert [s for s in judged(study, settled) if s.field == "mchc_g_l" and s.kind == "unit"] == []
    medians = {
        name: pc.quantile(found.table.column("mchc_g_l"), 0.5)[0].as_py()
        for name, found in settled.items()
    }
    assert all(335 < median < 360 for median in medians.values()), medians


def judged(study: Study, found: dict[str, Found]):  # type: ignore[no-untyped-def]
    cohort = pa.concat_tables([one.table for one in found.values()])
    findings = pa.concat_tables([one.findings_table for one in found.values()])
    return judge_cohort(cohort, findings, study.schema).suspicions
