import json
import math
from datetime import timedelta

import pandas as pd
import pyarrow as pa
import pytest
from analysis_cohort import START, cohort, simulated, study_figures, study_plan, truth

from onecohort.analysis import analyze, exclusion_findings
from onecohort.analysis.columns import encode, group_patients
from onecohort.analysis.plan import Factor
from onecohort.analysis.plan_file import LoadedPlan
from onecohort.analysis.population import select_population
from onecohort.analysis.published import Computed, PrintedFigure, compare_figures
from onecohort.analysis.write import as_json

PLAN = study_plan()
FIGURES = study_figures()


def cell(**changes: object) -> dict[str, object]:
    return changes


@pytest.mark.parametrize(
    ("row", "check", "reason"),
    [
        ({"is_dead": None}, "survival.unknown_status", "vital status unknown"),
        ({"os_months": None}, "survival.no_time", "no date of death or last contact"),
        (
            {"os_months": -1.0},
            "survival.negative_time",
            "time to death or last contact is negative",
        ),
        (
            {"os_months": 0.0, "is_dead": False},
            "survival.no_follow_up",
            "no follow-up after the first day",
        ),
        ({"os_months": -1.0, "is_dead": None}, "survival.unknown_status", "vital status unknown"),
    ],
)
def test_who_cannot_be_analysed_is_excluded_once_with_the_reason(
    row: dict[str, object], check: str, reason: str
) -> None:
    population = select_population(cohort({}, row, {}), PLAN.plan.endpoint)
    assert population.rows.tolist() == [0, 2]
    (excluded,) = population.excluded
    assert (excluded.check, excluded.reason, excluded.rows) == (check, reason, (1,))


def test_who_is_excluded_becomes_a_finding_at_the_row_it_came_from() -> None:
    table = cohort(cell(), cell(os_months=-1.0), cell(is_dead=None))
    table = table.append_column("patient_id", pa.array(["p1", "p2", "p3"]))
    lineage = pa.table(
        {
            "center": ["adige"] * 4,
            "patient_id": ["p1", "p2", "p2", "p3"],
            "table": ["patients", "patients", "cycles", "patients"],
            "export": ["a.csv", "a.csv", "b.csv", "a.csv"],
            "sheet": pa.array([None] * 4, pa.string()),
            "row": [2, 3, 9, 4],
        }
    )
    excluded = analyze(table, PLAN, FIGURES).excluded
    found = exclusion_findings(excluded, table, lineage).to_pylist()
    assert [(told["check"], told["export"], told["row"]) for told in found] == [
        ("survival.unknown_status", "a.csv", 4),
        ("survival.negative_time", "a.csv", 3),
    ]
    assert found[0]["message"].startswith("vital status unknown; the patient is in the cohort")
    assert exclusion_findings((), table, lineage).num_rows == 0


def test_a_death_on_the_first_day_is_an_outcome_and_stays() -> None:
    population = select_population(cohort({"os_months": 0.0, "is_dead": True}), PLAN.plan.endpoint)
    assert population.rows.tolist() == [0]
    assert population.excluded == ()


def test_excluded_and_analysed_are_all_patients() -> None:
    rows: list[dict[str, object]] = [{}, {"is_dead": None}, {"os_months": -2.0}, {"ecog": 3}]
    analysis = analyze(cohort(*rows), PLAN, FIGURES)
    assert analysis.analysed + sum(group.count for group in analysis.excluded) == 4
    assert analysis.survival.everybody.n == analysis.analysed == 2


@pytest.mark.parametrize(
    ("levels", "codes", "unlisted"),
    [
        ({}, [0, 1, 2, -1], ()),
        ({"low": ("0", "1"), "high": ("3",)}, [0, 0, 1, -1], ()),
        ({"low": ("<= 1",), "high": (">= 2",)}, [0, 0, 1, -1], ()),
        ({"low": ("< 1",), "high": ("> 2",)}, [0, -1, 1, -1], ("1",)),
        ({"one": ("1",), "any": (">= 0",)}, [1, 0, 1, -1], ()),
    ],
)
def test_patients_are_put_into_levels(
    levels: dict[str, tuple[str, ...]], codes: list[int], unlisted: tuple[str, ...]
) -> None:
    table = cohort({"ecog": 0}, {"ecog": 1}, {"ecog": 3}, {"ecog": None})
    found = group_patients(table, Factor(title="ECOG", field="ecog", levels=levels))
    assert found.code.tolist() == codes
    assert found.unlisted == unlisted


def test_a_comparison_does_not_take_a_text() -> None:
    found = group_patients(
        cohort({"sex": "male"}), Factor(title="Sex", field="sex", levels={"a": (">= 1",)})
    )
    assert found.code.tolist() == [-1]


def test_a_blank_text_is_missing() -> None:
    coded = encode(cohort({"sex": ""}, {"sex": "male"}, {"sex": None}), "sex")
    assert (coded.values, coded.known.tolist()) == (("male",), [False, True, False])


def test_a_pandas_cohort_gives_what_its_arrow_table_gives() -> None:
    table = simulated(60)
    frame: pd.DataFrame = table.to_pandas()
    first, second = (analyze(given, PLAN, FIGURES) for given in (table, frame))
    assert as_json(first) == as_json(second)


def test_patients_without_a_term_are_left_out_and_counted() -> None:
    table = simulated(80)
    model = analyze(table, PLAN, FIGURES).cox.models[0]
    missing = table["eln2017_risk"].null_count
    assert missing > 0
    assert (model.left_out, model.n) == (missing, 80 - missing)


def test_a_value_in_no_level_is_missing_there_and_named() -> None:
    table = cohort({}, {"eln2017_risk": "very adverse"}, {"eln2017_risk": "adverse"})
    by = {factor.factor: factor for factor in analyze(table, PLAN, FIGURES).survival.by}
    assert (by["risk"].missing, by["risk"].unlisted) == (1, ("very adverse",))


def test_a_response_after_the_landmark_is_none_at_the_landmark() -> None:
    def responder(days: int | None) -> dict[str, object]:
        when = None if days is None else START + timedelta(days=days)
        return {"best_response": "CR", "best_response_date": when, "os_months": 9.0}

    rows = [responder(30), responder(200), responder(None), cell(os_months=2.0)]
    rows += [cell(os_months=8.0)]
    rows.append(cell(os_months=1.0, is_dead=False))
    (landmark,) = analyze(cohort(*rows), PLAN, FIGURES).survival.landmarks
    counts = {group.level: group.n for group in landmark.groups}
    assert counts == {"No response by 3 months": 2, "Response by 3 months": 1}
    assert (landmark.dead_before, landmark.censored_before, landmark.undated) == (1, 1, 1)


def test_the_responder_set_is_configuration() -> None:
    table = cohort({"best_response": "MLFS"}, {"best_response": "CR"}, {"best_response": None})
    response = analyze(table, PLAN, FIGURES).response
    assert (response.responders.count, response.n, response.missing) == (1, 2, 1)
    wider = PLAN.plan.response.model_copy(update={"responders": ("CR", "MLFS")})
    plan = LoadedPlan(PLAN.plan.model_copy(update={"response": wider}), PLAN.source)
    assert analyze(table, plan, FIGURES).response.responders.count == 2


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(cohort({}).slice(0, 0), id="nobody"),
        pytest.param(cohort({}), id="one patient"),
        pytest.param(cohort(*[cell(is_dead=False)] * 5), id="nobody died"),
        pytest.param(cohort(*[cell(is_dead=None)] * 5), id="nobody can be analysed"),
        pytest.param(cohort(*[cell(best_response=None)] * 5), id="no response known"),
        pytest.param(cohort(*[cell(os_months=0.0)] * 5), id="all dead on the first day"),
        pytest.param(cohort(*[cell(center=f"c{i}") for i in range(9)]), id="a center each"),
    ],
)
def test_every_cohort_gives_numbers_or_statements(table: pa.Table) -> None:
    analysis = analyze(table, PLAN, FIGURES)
    text = json.dumps(as_json(analysis), allow_nan=False)
    assert "not estimable" in text
    assert len(analysis.published) == len(FIGURES.figures)


def test_json_holds_every_number_at_full_precision_and_no_nan() -> None:
    analysis = analyze(truth(), PLAN, FIGURES)
    content = json.loads(json.dumps(as_json(analysis), allow_nan=False))
    median = content["survival"]["everybody"]["median"]
    assert median["value"] == analysis.survival.everybody.median.value
    assert content["cox"]["models"][0]["method"].startswith("Cox proportional hazards")
    assert content["cox"]["models"][0]["n"] == 100
    assert "plan" not in content
    curve = content["survival"]["everybody"]["curve"]
    assert math.isclose(curve["survival"][0], 0.99)


def printed(**changes: object) -> PrintedFigure:
    given = {
        "id": "p",
        "what": "p",
        "value": "0.0037",
        "digits": 4,
        "unit": "1",
        "comparison": "equal",
        "place": "abstract",
    }
    return PrintedFigure.model_validate(given | changes)


LESS = {"value": "0.00001", "digits": 5, "comparison": "less_than"}


@pytest.mark.parametrize(
    ("figure", "value", "verdict", "shown"),
    [
        (printed(), 0.00365, "agrees", "0.0037"),  # halves up, as printed tables are rounded
        (printed(), 0.003649, "differs", "0.0036"),
        (printed(value="13", digits=0), 12.977, "agrees", "13"),
        (printed(value="13", digits=0), 13.5, "differs", "14"),
        (printed(value="6.5", digits=1), 6.45, "agrees", "6.5"),
        (printed(**LESS), 3e-6, "agrees", "< 0.00001"),
        (printed(**LESS), 1e-5, "differs", "0.00001"),
        (printed(**LESS), 0.2, "differs", "0.20000"),
    ],
)
def test_a_figure_agrees_at_its_printed_digits(
    figure: PrintedFigure, value: float, verdict: str, shown: str
) -> None:
    (found,) = compare_figures([figure], {"p": Computed(value)})
    assert (found.verdict, found.rounded) == (verdict, shown)


def test_a_figure_without_a_number_says_why() -> None:
    (found,) = compare_figures([printed()], {"p": Computed(None, "not estimable: no events")})
    assert (found.verdict, found.statement) == ("not computed", "not estimable: no events")
    (found,) = compare_figures([printed()], {})
    assert found.statement == "the plan of analysis names no statistic for this figure"


def test_many_patients_have_the_median_of_few() -> None:
    small = simulated(1_000)
    big = pa.concat_tables([small] * 20)
    analysis = analyze(big, PLAN, FIGURES)
    one = analyze(small, PLAN, FIGURES)
    assert analysis.patients == 20_000
    assert analysis.survival.everybody.median.value == one.survival.everybody.median.value
