"""The study's cohort: what its fields declare, what its checks reject, what is derived."""

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pandera.errors
import pytest
from ruamel.yaml import YAML

from schemas.cohort import DERIVATIONS, IDENTIFIER_CHECKS, LINKAGE, Cohort
from schemas.vocabulary import VOCABULARIES

SCHEMAS = Path(__file__).parent.parent / "schemas"
SCHEMA = Cohort.to_schema()
METADATA = {name: column.metadata for name, column in SCHEMA.columns.items()}
CHECKS = [str(check.name) for check in SCHEMA.checks]
POLICY = YAML(typ="safe").load((SCHEMAS / "checks.yaml").read_text(encoding="utf-8"))
PUBLISHED = YAML(typ="safe").load((SCHEMAS / "published.yaml").read_text(encoding="utf-8"))

DTYPES = {
    "identifier": "str",
    "text": "str",
    "term": "str",
    "date": "datetime64[ns]",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
}
# One patient in whom everything is known and nothing is wrong.
PATIENT: dict[str, object] = {
    "center": "brenta",
    "patient_id": "B-017",
    "sex": "female",
    "birth_date": "1949-06-30",
    "person_key": "RSSMRA49H70F205X",
    "diagnosis_date": "2014-11-20",
    "diagnosis_date_precision": "day",
    "aml_type": "de_novo",
    "who_category": "nos",
    "eln2017_risk": "intermediate",
    "ecog": 1,
    "disease_status": "relapsed",
    "prior_lines": 1,
    "prior_allo_hsct": False,
    "hma_drug": "azacitidine",
    "hma_start_date": "2016-02-01",
    "hma_end_date": "2016-07-15",
    "hma_cycles": 6,
    "hma_line": 2,
    "has_venetoclax": False,
    "wbc_10e9_l": 3.2,
    "anc_10e9_l": 0.9,
    "hemoglobin_g_dl": 9.1,
    "platelets_10e9_l": 40.0,
    "bm_blasts_pct": 27.0,
    "pb_blasts_pct": 8.0,
    "ldh_u_l": 310.0,
    "creatinine_mg_dl": 0.9,
    "best_response": "PR",
    "best_response_date": "2016-05-10",
    "progression_date": "2016-07-20",
    "allo_hsct_after_hma": True,
    "allo_hsct_date": "2016-08-01",
    "vital_status": "dead",
    "death_date": "2016-10-02",
    "cause_of_death": "leukemia",
    "last_contact_date": "2016-10-02",
    "os_months_given": 8.0,
}
ALIVE = {"vital_status": "alive", "death_date": None, "cause_of_death": None}


def patients(*rows: Mapping[str, object]) -> pd.DataFrame:
    """Rows that differ from `PATIENT` as said, with derived fields, in the types of the schema."""
    frame = pd.DataFrame(
        {
            name: pd.Series(
                [{**PATIENT, **row}.get(name) for row in rows],
                dtype=pd.api.types.pandas_dtype(DTYPES[metadata["kind"]]),
            )
            for name, metadata in METADATA.items()
        }
    )
    for name, derive in DERIVATIONS.items():
        frame[name] = frame[name].fillna(derive(frame))
    return frame


def failures(rows: pd.DataFrame) -> set[str]:
    """Names of the checks that a frame fails, with the field where it is a check of one field."""
    try:
        Cohort.validate(rows, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        return {_failure(error) for error in errors.schema_errors}
    return set()


def _failure(error: pandera.errors.SchemaError) -> str:
    name = getattr(error.check, "name", None) or str(error.check)
    return name if name in CHECKS else f"{getattr(error.schema, 'name', '')}: {name}"


# --- the fields ----------------------------------------------------------------------------------


def test_fields_stand_in_the_order_of_a_patients_course() -> None:
    assert " ".join(METADATA) == (
        "center patient_id sex birth_date person_key age_at_hma_years diagnosis_date "
        "diagnosis_date_precision aml_type is_secondary who_category eln2017_risk ecog "
        "disease_status prior_lines prior_allo_hsct hma_drug hma_start_date hma_end_date "
        "hma_cycles hma_line has_venetoclax wbc_10e9_l anc_10e9_l hemoglobin_g_dl "
        "platelets_10e9_l bm_blasts_pct pb_blasts_pct ldh_u_l creatinine_mg_dl best_response "
        "best_response_date progression_date allo_hsct_after_hma allo_hsct_date vital_status "
        "death_date cause_of_death last_contact_date os_months_given os_months is_dead "
        "is_responder"
    )


@pytest.mark.parametrize("name", METADATA)
def test_metadata_have_exactly_the_agreed_keys(name: str) -> None:
    assert list(METADATA[name]) == [
        "title",
        "description",
        "kind",
        "unit",
        "vocabulary",
        "required",
        "privacy",
        "synonyms",
        "plausible",
        "possible",
        "published",
        "derived",
    ]
    assert METADATA[name]["title"] and METADATA[name]["description"].endswith(".")
    assert set(METADATA[name]["synonyms"]) == {"en", "it"}
    assert METADATA[name]["privacy"] in {"identifier", "quasi", "clinical"}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_say_what_pandera_enforces(name: str) -> None:
    column, metadata = SCHEMA.columns[name], METADATA[name]
    checks = {check.name: check.statistics for check in column.checks}
    listed = metadata["vocabulary"]
    assert column.nullable is not metadata["required"]
    assert (listed is not None) is (metadata["kind"] == "term") is ("isin" in checks)
    if listed is not None:
        assert checks["isin"]["allowed_values"] == [term.code for term in VOCABULARIES[listed]]
    assert (metadata["possible"] is not None) is ("in_range" in checks)
    if metadata["possible"] is not None:
        bounds = checks["in_range"]
        assert (bounds["min_value"], bounds["max_value"]) == metadata["possible"]


@pytest.mark.parametrize("name", METADATA)
def test_plausible_lies_within_possible_and_only_quantities_have_either(name: str) -> None:
    metadata = METADATA[name]
    plausible, possible = metadata["plausible"], metadata["possible"]
    assert (plausible is not None) is (metadata["kind"] in {"integer", "number"})
    if plausible is not None and possible is not None:
        assert possible[0] <= plausible[0] < plausible[1] <= possible[1]


@pytest.mark.parametrize("name", METADATA)
def test_the_name_of_a_field_says_its_kind_and_unit(name: str) -> None:
    suffixes = {
        "10*9/L": "_10e9_l",
        "g/dL": "_g_dl",
        "%": "_pct",
        "U/L": "_u_l",
        "mg/dL": "_mg_dl",
        "mo": "_months",
        "a": "_years",
    }
    metadata = METADATA[name]
    assert name.endswith("_date") is (metadata["kind"] == "date")
    assert not name.startswith(("is_", "has_")) or metadata["kind"] == "boolean"
    if metadata["unit"] is not None:
        assert suffixes[metadata["unit"]] in name
    if metadata["kind"] == "number":
        assert metadata["unit"] is not None


def test_a_missing_value_costs_the_row_only_where_no_endpoint_is_left() -> None:
    assert {name for name, metadata in METADATA.items() if metadata["required"]} == {
        "center",
        "patient_id",
        "aml_type",
        "hma_drug",
        "hma_start_date",
        "best_response",
        "vital_status",
    }


def test_identifiers_are_not_published_but_for_the_pseudonym() -> None:
    published = {name for name, metadata in METADATA.items() if metadata["published"]}
    identifiers = {name for name, data in METADATA.items() if data["privacy"] == "identifier"}
    assert identifiers == {"patient_id", "person_key"}
    assert published & identifiers == {"patient_id"}
    assert set(METADATA) - published == {
        "birth_date",
        "person_key",
        "has_venetoclax",
        "os_months_given",
    }


def test_every_date_is_a_quasi_identifier() -> None:
    assert {data["privacy"] for data in METADATA.values() if data["kind"] == "date"} == {"quasi"}


def test_no_heading_means_two_fields_in_one_language() -> None:
    for language in ("en", "it"):
        headings = [
            heading.casefold()
            for metadata in METADATA.values()
            for heading in metadata["synonyms"][language]
        ]
        repeated = {heading for heading in headings if headings.count(heading) > 1}
        # The survival that a center gives is never mapped to the derived field.
        assert repeated == set(), language


def test_linkage_names_fields() -> None:
    assert LINKAGE == [("person_key",), ("birth_date", "sex", "hma_start_date")]
    assert {name for names in LINKAGE for name in names} <= set(METADATA)


# --- the frame -----------------------------------------------------------------------------------


def test_a_patient_with_everything_known_passes() -> None:
    rows = patients({})
    assert rows.notna().all(axis=None)
    assert failures(rows) == set()


def test_a_patient_with_only_the_required_fields_and_a_last_contact_passes() -> None:
    kept = {name for name, metadata in METADATA.items() if metadata["required"]}
    bare = {name: None for name in PATIENT if name not in {*kept, "last_contact_date"}}
    assert failures(patients(bare | {"vital_status": "alive"})) == set()


@pytest.mark.parametrize("name", METADATA)
def test_only_a_required_field_may_not_be_missing(name: str) -> None:
    rows = patients({})
    rows[name] = rows[name].mask(pd.Series([True]))
    expected = {f"{name}: not_nullable"} if METADATA[name]["required"] else set()
    assert {failure for failure in failures(rows) if failure not in CHECKS} == expected


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("sex", "M", "isin(['male', 'female'])"),
        ("diagnosis_date_precision", "hour", "isin(['day', 'month', 'year'])"),
        ("hma_drug", "cytarabine", "isin(['azacitidine', 'decitabine'])"),
        ("disease_status", "de novo", "isin(['relapsed', 'refractory'])"),
        ("ecog", 5, "in_range(0, 4)"),
        ("wbc_10e9_l", 3200.0, "in_range(0, 1000)"),
        ("hemoglobin_g_dl", 91.0, "in_range(1, 25)"),
        ("platelets_10e9_l", 40000.0, "in_range(0, 5000)"),
        ("creatinine_mg_dl", 80.0, "in_range(0.05, 25)"),
        ("bm_blasts_pct", 101.0, "in_range(0, 100)"),
        ("hma_cycles", 0, "in_range(1, 150)"),
    ],
)
def test_what_no_term_or_range_admits_is_rejected(name: str, value: object, check: str) -> None:
    with pytest.raises(pandera.errors.SchemaErrors) as caught:
        Cohort.validate(patients({name: value}), lazy=True)
    errors = caught.value.schema_errors
    assert [(error.schema.name, error.check.error) for error in errors] == [(name, check)]


def test_a_column_too_many_or_too_few_is_rejected() -> None:
    rows = patients({})
    assert failures(rows.assign(note="x")) == {"cohort: column_in_schema"}
    assert failures(rows.drop(columns="ecog")) == {"cohort: column_in_dataframe"}


def test_nothing_is_converted() -> None:
    assert "ecog: dtype('Int64')" in failures(patients({}).astype({"ecog": "str"}))


def test_columns_may_stand_in_any_order() -> None:
    assert failures(patients({})[sorted(METADATA)]) == set()


# --- the checks ----------------------------------------------------------------------------------

# check -> a patient at its edge who passes, and one who fails it and no other.
CASES: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "birth_before_diagnosis": (
        {"birth_date": "1951-01-01", "diagnosis_date": "1951-01-01"},
        {"diagnosis_date": "1949-06-29"},
    ),
    "diagnosis_before_hma_start": (
        {"diagnosis_date": "2016-02-15", "diagnosis_date_precision": "month"},
        {"diagnosis_date": "2016-02-02"},
    ),
    "hma_start_before_hma_end": (
        {"hma_end_date": "2016-02-01"},
        {"hma_end_date": "2016-01-31"},
    ),
    "hma_start_before_response": (
        {"best_response_date": "2016-02-01"},
        {"best_response_date": "2016-01-31"},
    ),
    "hma_start_before_progression": (
        {"progression_date": "2016-02-01"},
        {"progression_date": "2016-01-31"},
    ),
    "hma_start_before_transplant": (
        {"allo_hsct_date": "2016-02-01"},
        {"allo_hsct_date": "2016-01-31"},
    ),
    "hma_start_before_death": (
        {
            "death_date": "2016-02-01",
            "last_contact_date": None,
            "os_months_given": 0,
            "hma_end_date": None,
            "best_response_date": None,
            "progression_date": None,
            "allo_hsct_date": None,
        },
        {
            "death_date": "2016-01-31",
            "last_contact_date": None,
            "os_months_given": None,
            "hma_end_date": None,
            "best_response_date": None,
            "progression_date": None,
            "allo_hsct_date": None,
        },
    ),
    "hma_start_before_last_contact": (
        {"last_contact_date": "2016-02-01"},
        {"last_contact_date": "2016-01-31"},
    ),
    "last_contact_not_after_death": (
        {"last_contact_date": "2016-09-30"},
        {"last_contact_date": "2016-10-03"},
    ),
    "response_within_follow_up": (
        {"best_response_date": "2016-10-02"},
        {"best_response_date": "2016-10-03"},
    ),
    "progression_within_follow_up": (
        {**ALIVE, "progression_date": "2016-10-02"},
        {**ALIVE, "progression_date": "2016-10-03"},
    ),
    "transplant_within_follow_up": (
        {"allo_hsct_date": "2016-10-02"},
        {"allo_hsct_date": "2016-10-03"},
    ),
    "hma_end_within_follow_up": (
        {**ALIVE, "vital_status": "lost", "hma_end_date": "2016-10-02"},
        {**ALIVE, "vital_status": "lost", "hma_end_date": "2016-10-03"},
    ),
    "death_date_only_if_dead": (
        {"vital_status": None},
        {"vital_status": "alive", "cause_of_death": None},
    ),
    "dead_has_death_date": (
        {"death_date": None, "os_months_given": 8.0},
        {"death_date": None, "os_months_given": None},
    ),
    "survivor_has_last_contact": (
        {**ALIVE, "last_contact_date": None, "os_months_given": 8.0},
        {**ALIVE, "last_contact_date": None, "os_months_given": None},
    ),
    "cause_of_death_only_if_dead": (
        {**ALIVE, "vital_status": None, "cause_of_death": "infection"},
        {**ALIVE, "cause_of_death": "infection"},
    ),
    "transplant_date_only_if_transplanted": (
        {"allo_hsct_after_hma": None},
        {"allo_hsct_after_hma": False},
    ),
    "os_given_agrees_with_dates": (
        # 244 days are 8.0164 months.
        {"os_months_given": 8.1164},
        {"os_months_given": 8.1166},
    ),
    "secondary_flag_agrees_with_type": (
        {"aml_type": "therapy_related", "is_secondary": True},
        {"aml_type": "therapy_related", "is_secondary": False},
    ),
    "eligibility_adult": (
        {"birth_date": "1998-02-01", "diagnosis_date": "2014-11-20"},
        {"birth_date": "1998-02-02", "diagnosis_date": "2014-11-20"},
    ),
    "eligibility_salvage_line": ({"hma_line": 2}, {"hma_line": 1}),
    "eligibility_without_venetoclax": ({"has_venetoclax": None}, {"has_venetoclax": True}),
}


def test_every_check_has_a_case() -> None:
    assert list(CASES) == CHECKS


@pytest.mark.parametrize("check", CASES)
def test_a_patient_at_the_edge_passes(check: str) -> None:
    missing_status = {"vital_status: not_nullable"}
    assert failures(patients(CASES[check][0])) <= missing_status


@pytest.mark.parametrize("check", CASES)
def test_a_patient_beyond_the_edge_fails_this_check_alone(check: str) -> None:
    assert failures(patients(CASES[check][1])) == {check}


@pytest.mark.parametrize("check", CASES)
def test_the_mask_of_a_check_names_the_row(check: str) -> None:
    passing, failing = CASES[check]
    rows = patients(passing, failing, {}, failing)
    mask = getattr(Cohort, check)(rows)
    assert mask.dtype == bool
    assert mask.tolist() == [True, False, True, False]


@pytest.mark.parametrize("check", CASES)
def test_a_row_without_values_cannot_fail(check: str) -> None:
    nothing = patients(dict.fromkeys(PATIENT))
    assert getattr(Cohort, check)(nothing).tolist() == [True]


def test_a_frame_without_rows_passes() -> None:
    assert failures(patients()) == set()


@pytest.mark.parametrize("check", SCHEMA.checks, ids=CHECKS)
def test_a_check_keeps_few_samples_of_its_failures(check: pandera.api.checks.Check) -> None:
    assert check.n_failure_cases == 5


@pytest.mark.parametrize(
    ("diagnosis", "precision", "holds"),
    [
        ("2016-02-02", "day", False),
        ("2016-02-02", None, False),
        ("2016-02-28", "month", True),
        ("2016-03-01", "month", False),
        ("2016-07-01", "year", True),
        ("2017-01-01", "year", False),
    ],
)
def test_a_partial_diagnosis_is_judged_by_what_is_known(
    diagnosis: str, precision: str | None, holds: bool
) -> None:
    rows = patients({"diagnosis_date": diagnosis, "diagnosis_date_precision": precision})
    assert Cohort.diagnosis_before_hma_start(rows).tolist() == [holds]


def test_secondary_aml_may_do_better() -> None:
    assert failures(patients({"aml_type": "secondary"})) == set()


# --- the derivations -----------------------------------------------------------------------------


def derived(name: str, row: dict[str, object]) -> list[object]:
    """The derived value as a list of one, with None for a missing one."""
    values = DERIVATIONS[name](patients(row))
    assert values.dtype == DTYPES[METADATA[name]["kind"]]
    return [None if pd.isna(value) else value for value in values]


DERIVED: list[tuple[str, dict[str, object], object]] = [
    ("age_at_hma_years", {"birth_date": "1950-02-01"}, 66),
    ("age_at_hma_years", {"birth_date": "1950-02-02"}, 65),
    ("age_at_hma_years", {"birth_date": "1952-02-29", "hma_start_date": "2015-02-28"}, 62),
    ("age_at_hma_years", {"birth_date": "1952-02-29", "hma_start_date": "2015-03-01"}, 63),
    ("age_at_hma_years", {"birth_date": None}, None),
    ("age_at_hma_years", {"hma_start_date": None}, None),
    ("is_secondary", {"aml_type": "de_novo"}, False),
    ("is_secondary", {"aml_type": "secondary"}, True),
    ("is_secondary", {"aml_type": "therapy_related"}, True),
    ("is_secondary", {"aml_type": None}, None),
    ("os_months", {"death_date": "2016-02-01"}, 0.0),
    ("os_months", {}, 244 / 30.4375),
    ("os_months", {**ALIVE, "last_contact_date": "2017-02-01"}, 366 / 30.4375),
    ("os_months", {**ALIVE, "vital_status": "lost"}, 244 / 30.4375),
    ("os_months", {"last_contact_date": "2016-09-01"}, 244 / 30.4375),
    ("os_months", {"death_date": None, "os_months_given": 7.9}, 7.9),
    ("os_months", {"death_date": None, "os_months_given": None}, None),
    ("os_months", {"hma_start_date": None, "os_months_given": None}, None),
    ("os_months", {"vital_status": None, "os_months_given": None}, None),
    ("is_dead", {"vital_status": "dead"}, True),
    ("is_dead", {"vital_status": "alive"}, False),
    ("is_dead", {"vital_status": "lost"}, False),
    ("is_dead", {"vital_status": None}, None),
    ("is_responder", {"best_response": "CR"}, True),
    ("is_responder", {"best_response": "CRi"}, True),
    ("is_responder", {"best_response": "MLFS"}, False),
    ("is_responder", {"best_response": "PR"}, True),
    ("is_responder", {"best_response": "SD"}, False),
    ("is_responder", {"best_response": "PD"}, False),
    ("is_responder", {"best_response": "NE"}, False),
    ("is_responder", {"best_response": None}, None),
]


@pytest.mark.parametrize(("name", "row", "expected"), DERIVED)
def test_a_derived_value_follows_from_the_row(
    name: str, row: dict[str, object], expected: object
) -> None:
    assert derived(name, row) == [expected]


def test_every_derived_field_has_a_derivation_and_a_case() -> None:
    declared = [name for name, metadata in METADATA.items() if metadata["derived"]]
    assert list(DERIVATIONS) == declared
    assert {name for name, _, _ in DERIVED} == set(declared)


@pytest.mark.parametrize("name", DERIVATIONS)
def test_a_derivation_keeps_rows_and_labels(name: str) -> None:
    rows = patients({}, ALIVE, {"hma_start_date": None}).set_axis([7, 3, 5])
    assert DERIVATIONS[name](rows).index.tolist() == [7, 3, 5]
    assert DERIVATIONS[name](patients()).dtype == DTYPES[METADATA[name]["kind"]]


# --- the policy ----------------------------------------------------------------------------------


def test_every_check_of_the_cohort_has_a_policy_and_every_such_policy_a_check() -> None:
    assert set(POLICY) - {"overrides"} == {"checks", "gates"}
    declared = {check for check in POLICY["checks"] if "." not in check}
    assert declared == {*CHECKS, *IDENTIFIER_CHECKS}


def test_every_check_of_the_engine_has_a_policy() -> None:
    spoken = {
        node.value
        for module in (SCHEMAS.parent / "onecohort").rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    families = {check.split(".")[0] for check in POLICY["checks"] if "." in check}
    ids = {text for text in spoken if re.fullmatch(rf"({'|'.join(families)})\.[a-z_]+", text)}
    assert ids - set(POLICY["checks"]) == set()


@pytest.mark.parametrize("check", POLICY["checks"])
def test_a_policy_says_what_a_failure_means_and_costs(check: str) -> None:
    policy = POLICY["checks"][check]
    assert list(policy) == [
        "title",
        "category",
        "context",
        "severity",
        "fields",
        "costs",
        "threshold_pct",
    ]
    assert policy["category"] in {"conformance", "completeness", "plausibility"}
    assert policy["context"] in {"atemporal", "temporal"}
    assert policy["severity"] in {"error", "warning", "note"}
    assert 0 <= policy["threshold_pct"] <= 100
    assert set(policy["fields"]) <= set(METADATA)
    assert policy["costs"] in ("row", "nothing") or set(_fields(policy["costs"])) <= set(METADATA)
    assert policy["severity"] != "error" or policy["costs"] == "row"


def _fields(costs: Sequence[str] | str) -> Sequence[str]:
    assert not isinstance(costs, str)
    return costs


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_reads_just_the_fields_of_its_policy(check: str) -> None:
    fields = POLICY["checks"][check]["fields"]
    rows = patients(CASES[check][1])
    assert getattr(Cohort, check)(rows[fields]).tolist() == [False]
    for field in fields:
        with pytest.raises(KeyError):
            getattr(Cohort, check)(rows[fields].drop(columns=field))


@pytest.mark.parametrize("check", CHECKS)
def test_no_check_withdraws_a_required_value_or_one_it_did_not_read(check: str) -> None:
    costs = POLICY["checks"][check]["costs"]
    if isinstance(costs, str):
        return
    read = {*POLICY["checks"][check]["fields"], "age_at_hma_years", "diagnosis_date_precision"}
    assert set(costs) <= read
    assert not any(METADATA[field]["required"] for field in costs)


def test_gates_have_a_title_and_a_limit() -> None:
    gates = {"center_missing", "patients_lost_pct", "quarantined_pct", "new_column", "new_code"}
    assert set(POLICY["gates"]) == gates
    assert all(list(gate) == ["title", "limit"] for gate in POLICY["gates"].values())


# --- the published figures -----------------------------------------------------------------------


def test_published_figures_are_those_of_the_abstract() -> None:
    figures = {
        figure["id"]: (figure["value"], figure["digits"], figure["unit"], figure["comparison"])
        for figure in PUBLISHED["figures"]
    }
    assert figures == {
        "patients": (100, 0, "1", "equal"),
        "centers": (9, 0, "1", "equal"),
        "response_pct": (24, 0, "%", "equal"),
        "stable_disease_pct": (26, 0, "%", "equal"),
        "progressive_disease_pct": (50, 0, "%", "equal"),
        "os_median_all": (6.5, 1, "mo", "equal"),
        "os_median_de_novo": (6.1, 1, "mo", "equal"),
        "os_median_secondary": (12.3, 1, "mo", "equal"),
        "os_logrank_p_aml_type": (0.037, 3, "1", "equal"),
        "os_median_stable_disease": (10.6, 1, "mo", "equal"),
        "os_median_responders": (13, 0, "mo", "equal"),
        "os_cox_p_response": (0.0037, 4, "1", "equal"),
        "os_cox_p_secondary": (0.00001, 5, "1", "less_than"),
    }
    assert len(figures) == len(PUBLISHED["figures"])
    assert {figure["place"] for figure in PUBLISHED["figures"]} == {"abstract"}
    assert all(figure["what"] for figure in PUBLISHED["figures"])


# --- the package ---------------------------------------------------------------------------------


@pytest.mark.parametrize("module", sorted(SCHEMAS.glob("*.py")), ids=lambda path: path.name)
def test_a_module_of_the_schema_imports_nothing_of_the_engine(module: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add(str(node.module).split(".")[0])
    # An absolute `schemas` would bind a copy of the study to another study's package.
    assert not imported & {"onecohort", "flows", "prefect", "schemas"}
