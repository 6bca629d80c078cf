"""The truth of the sample has the published figures, and is fit to be a cohort."""

import csv
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from sample_exports import calibrate
from sample_exports.clinic import invent_patients
from sample_exports.conventions import AS_OF, CENTERS, SEED
from sample_exports.estimates import cox_wald, logrank_p, median_months
from sample_exports.people import MONTH_LETTERS, check_letter, codice_fiscale
from sample_exports.truth import DERIVED, FIELDS, Patient, read_truth, write_truth
from schemas.cohort import Cohort
from schemas.vocabulary import VOCABULARIES

TRUTH = Path(__file__).parents[1] / "sample_exports" / "truth.csv"
PATIENTS = read_truth(TRUTH)
MONTHS = np.array([patient.os_months for patient in PATIENTS])
DIED = np.array([patient.is_dead for patient in PATIENTS])
RESPONDER = np.array([patient.is_responder for patient in PATIENTS])
SECONDARY = np.array([patient.is_secondary for patient in PATIENTS])
RESPONSE = np.array([patient.best_response for patient in PATIENTS])
COVARIATES = np.column_stack(
    [
        RESPONDER,
        SECONDARY,
        [patient.age_at_hma_years for patient in PATIENTS],
        [patient.eln2017_risk == "adverse" for patient in PATIENTS],
        [patient.ecog >= 2 for patient in PATIENTS],
    ]
).astype(float)
CODED = (
    "sex", "aml_type", "who_category", "eln2017_risk", "disease_status", "hma_drug",
    "best_response", "vital_status", "cause_of_death",
)  # fmt: skip


def test_there_are_a_hundred_patients_of_nine_centers() -> None:
    found = [patient.center for patient in PATIENTS]
    assert len(PATIENTS) == 100
    assert {center: found.count(center) for center in found} == CENTERS
    assert len({(patient.center, patient.patient_id) for patient in PATIENTS}) == 100


@pytest.mark.parametrize(
    ("group", "printed"),
    [
        pytest.param(np.ones(100, bool), 6.5, id="all"),
        pytest.param(~SECONDARY, 6.1, id="de novo"),
        pytest.param(SECONDARY, 12.3, id="secondary"),
        pytest.param(RESPONSE == "SD", 10.6, id="stable disease"),
        pytest.param(RESPONDER, 13.0, id="responders"),
    ],
)
def test_median_survival_is_the_printed_one_by_either_convention(
    group: np.ndarray, printed: float
) -> None:
    ours = median_months(MONTHS[group], DIED[group])
    theirs = SurvfuncRight(MONTHS[group], DIED[group].astype(int)).quantile(0.5)
    assert [round(value, 1) for value in (*ours, theirs)] == [printed] * 3


def test_response_counts_are_the_printed_ones() -> None:
    counts = RESPONDER.sum(), (RESPONSE == "SD").sum(), (RESPONSE == "PD").sum()
    assert counts == (24, 26, 50)


def test_logrank_p_is_the_printed_one() -> None:
    _, p = survdiff(MONTHS, DIED.astype(int), SECONDARY)
    assert round(float(p), 3) == 0.037
    assert logrank_p(MONTHS, DIED, SECONDARY) == pytest.approx(p, rel=1e-9)


def test_multivariate_p_are_the_printed_ones() -> None:
    fitted = PHReg(MONTHS, COVARIATES, status=DIED.astype(int), ties="efron").fit()
    assert round(float(fitted.pvalues[0]), 4) == 0.0037
    assert fitted.pvalues[1] < 0.00001
    assert fitted.params[1] < 0, "secondary leukemia did better"
    _, ours = cox_wald(MONTHS, DIED, COVARIATES, np.zeros(5))
    assert ours == pytest.approx(fitted.pvalues, rel=1e-6)


def test_fields_are_those_of_the_cohort_in_its_vocabulary() -> None:
    schema = Cohort.to_schema()
    assert set(FIELDS) - {"surname", "given_name"} | set(DERIVED) == set(schema.columns)
    for name in CODED:
        metadata = schema.columns[name].metadata
        assert metadata is not None
        codes = {term.code for term in VOCABULARIES[metadata["vocabulary"]]}
        assert {getattr(patient, name) for patient in PATIENTS} - {None} <= codes


def test_dates_stand_in_the_order_of_a_life() -> None:
    for patient in PATIENTS:
        start = patient.hma_start_date
        before = [patient.birth_date, patient.diagnosis_date]
        after = [
            patient.best_response_date, patient.progression_date, patient.allo_hsct_date,
            patient.hma_end_date, patient.death_date, patient.last_contact_date,
        ]  # fmt: skip
        assert all(day <= start for day in before if day)
        assert all(start <= day <= patient.last_contact_date <= AS_OF for day in after if day)
        assert (patient.death_date is not None) == patient.is_dead
        assert patient.hma_start_date.year >= 2009


def test_age_is_in_completed_years_at_the_first_dose() -> None:
    for patient in PATIENTS:
        born, start = patient.birth_date, patient.hma_start_date
        if born:
            years = start.year - born.year - ((start.month, start.day) < (born.month, born.day))
            assert patient.age_at_hma_years == years


@pytest.mark.parametrize(
    ("names", "born", "sex", "place", "code"),
    [
        # Examples that circulate with the explanation of the code.
        (("Rossi", "Mario"), date(1989, 12, 13), "male", "F205", "RSSMRA89T13F205B"),
        (("Moretti", "Matteo"), date(1991, 4, 8), "male", "F205", "MRTMTT91D08F205J"),
    ],
)
def test_codice_fiscale_follows_the_official_rule(
    names: tuple[str, str], born: date, sex: str, place: str, code: str
) -> None:
    assert codice_fiscale(*names, born, sex, place) == code


def test_codici_fiscali_are_valid_and_belong_to_nobody() -> None:
    keyed = [patient for patient in PATIENTS if patient.person_key]
    assert len({patient.person_key for patient in keyed}) == len(keyed) > 50
    for patient in keyed:
        key = patient.person_key or ""
        assert len(key) == 16
        assert key[15] == check_letter(key[:15])
        assert key[11:13] == "M9", "a place of birth that does not exist"
        assert (int(key[9:11]) > 40) == (patient.sex == "female")
        if patient.birth_date:
            born = patient.birth_date
            assert key[6:8] == f"{born:%y}"
            assert MONTH_LETTERS[born.month - 1] == key[8]
            assert int(key[9:11]) % 40 == born.day


def test_truth_written_again_is_the_same_file(tmp_path: Path) -> None:
    write_truth(PATIENTS, tmp_path / "truth.csv")
    assert (tmp_path / "truth.csv").read_bytes() == TRUTH.read_bytes()


def test_blanks_are_what_the_center_lacks() -> None:
    with TRUTH.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    model = ("age_at_hma_years", "aml_type", "eln2017_risk", "ecog", "best_response", "os_months")
    assert all(row[name] for row in rows for name in model), "the model needs every patient"
    assert not any(row["ldh_u_l"] for row in rows if row["center"] == "brenta")
    assert not any(row["person_key"] for row in rows if row["center"] == "tevere")


@pytest.mark.slow
def test_the_search_meets_every_figure_again() -> None:
    rng = np.random.default_rng(SEED)
    found = calibrate.search(calibrate.draw_covariates(rng), rng)
    off, _ = calibrate.distance(found, np.zeros(5))
    assert off < calibrate.GOOD_ENOUGH
    assert isinstance(invent_patients(found, rng)[0], Patient)
