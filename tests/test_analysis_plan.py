import re
from pathlib import Path

import pytest
from analysis_cohort import STUDY, study_figures, study_plan

from onecohort.analysis.plan_file import check_fields, load_plan, parse_plan
from onecohort.analysis.published import load_published
from onecohort.errors import StudyError

PLAN = (STUDY / "schemas" / "analysis.yaml").read_text(encoding="utf-8")


def edited(old: str, new: str) -> str:
    assert old in PLAN, old
    return PLAN.replace(old, new, 1)


def test_the_studys_plan_computes_every_printed_figure() -> None:
    printed = {figure.id for figure in study_figures().figures}
    assert set(study_plan().plan.figures) == printed


LEVEL = "factor: best_response, level: Response }"
LOG_RANK = "{ statistic: log_rank_p, factor: aml_type }"
COX = "model: multivariate, factor: responder"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\nconfidence:", "\nconfidnce:", "'confidnce' is not a word of the plan"),
        ("\nconfidence:", "\nconfidnce:", "did you mean 'confidence'?"),
        ("confidence: 0.95", "confidence: 95", "confidence: input should be less than 1"),
        ("  time: os_months", "  tyme: os_months", "endpoint.time is missing"),
        ("by: [aml_type, best", "by: [aml_typ, best", "'aml_typ' is not declared"),
        ("aml_type, age, risk", "aml_type, aeg, risk", "neither under factors nor numbers"),
        ("  outcome: responder", "  outcome: line", "has 3 levels and needs two"),
        (LEVEL, LEVEL.replace("Response", "Respons"), "'Respons' is no level of the factor"),
        (COX, COX.replace("variate", ""), "there is no model 'multi' with that term"),
        (COX, COX.replace("responder", "drug"), "no model 'multivariate' with that term"),
        (LOG_RANK, LOG_RANK.replace("aml_type", "ecog"), "'ecog' is not under survival.by"),
        (LOG_RANK, "{ statistic: log_rank_p }", "log_rank_p needs a factor"),
        ("strata: center", "strata: centre", "did you mean 'center'?"),
        ("show: median }", "show: mean }", "show: input should be 'median' or 'counts'"),
        ("  age: { title: Age", "  risk: { title: Age", "the name is also that of a factor"),
        ("    strata: center", "    strat: center", "did you mean 'strata'?"),
        ("    title: Drug\n", "    titel: Drug\n", "did you mean 'title'?"),
        ("{ at: [3], factor", "{ att: [3], factor", "did you mean 'at'?"),
        ("rounding: { time: 1", "rounding: { time: nine", "rounding.time: input should be a valid"),
    ],
)
def test_a_mistake_in_the_plan_has_an_address_and_a_way_out(
    old: str, new: str, message: str
) -> None:
    with pytest.raises(StudyError, match=re.escape(message)) as raised:
        parse_plan(edited(old, new))
    line = edited(old, new)[: edited(old, new).index(new.strip("\n"))].count("\n") + 1
    lines = {int(mistake.where.split(":")[1]) for mistake in raised.value.mistakes}
    assert min(abs(line - found) for found in lines) <= 1


def test_all_mistakes_are_told_at_once() -> None:
    text = edited("\nconfidence:", "\nconfidnce:").replace("  time: os_months", "", 1)
    with pytest.raises(StudyError) as raised:
        parse_plan(text)
    assert len(raised.value.mistakes) == 2


def test_a_field_that_the_cohort_lacks_is_named_with_the_nearest() -> None:
    plan = parse_plan(edited("field: hma_drug\n    levels", "field: hma_drugs\n    levels"))
    columns = [field for _, field in study_plan().plan.fields()]
    with pytest.raises(StudyError, match=r"factors.drug.field: 'hma_drugs' is no field") as raised:
        check_fields(plan, columns)
    assert "did you mean 'hma_drug'?" in str(raised.value)


def test_a_single_value_needs_no_brackets() -> None:
    plan = parse_plan(edited('Second: ["2"]', 'Second: "2"')).plan
    assert plan.factors["line"].levels["Second"] == ("2",)


def test_a_missing_file_is_a_mistake_of_the_study(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"schemas/analysis.yaml  there is no such file"):
        load_plan(tmp_path / "analysis.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("source: x\nfigures:\n  - { id: a }\n", "figures.0.what: field required"),
        ("source: x\nfigurs: []\n", "figurs: extra inputs are not permitted"),
    ],
)
def test_a_mistake_among_the_printed_figures_has_an_address(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "published.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=re.escape(message)) as raised:
        load_published(path)
    assert raised.value.mistakes[0].where.startswith("schemas/published.yaml:")


def test_a_figure_printed_twice_is_a_mistake(tmp_path: Path) -> None:
    one = "  - { id: a, what: A, value: 1, digits: 0, unit: '1', comparison: equal, place: p }\n"
    path = tmp_path / "published.yaml"
    path.write_text(f"source: x\nfigures:\n{one}{one}", encoding="utf-8")
    with pytest.raises(StudyError, match="'a' stands here a second time") as raised:
        load_published(path)
    assert raised.value.mistakes[0].where == "schemas/published.yaml:4:7"
