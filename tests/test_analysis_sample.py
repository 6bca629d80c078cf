"""The analysis of the sample's truth gives R's numbers, and with them every printed figure."""

import hashlib

import pytest
from analysis_cohort import TRUTH, study_figures, study_plan, truth
from r_numbers import GOLDEN, read_numbers

from onecohort.analysis import Analysis, analyze
from onecohort.analysis.model_results import ModelResult
from onecohort.analysis.survival_results import GroupSurvival

PATH = GOLDEN / "r_sample.tsv"
*NUMBERS, MADE_FROM = PATH.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyze(truth(), study_plan(), study_figures())


@pytest.fixture(scope="module")
def r() -> dict[str, float]:
    rows = (line.split("\t") for line in NUMBERS)
    return {name: float(text) for name, text in rows if text != "NA"}


def test_r_was_given_the_truth_that_is_committed() -> None:
    today = hashlib.md5(TRUTH.read_bytes(), usedforsecurity=False).hexdigest()
    assert MADE_FROM.split("\t")[1] == today, (
        "the truth has changed: Rscript tests/golden/r_sample.R > tests/golden/r_sample.tsv"
    )


def test_every_printed_figure_agrees(analysis: Analysis) -> None:
    assert len(analysis.published) == len(study_figures().figures) == 13
    assert {figure.id: figure.verdict for figure in analysis.published} == {
        figure.id: "agrees" for figure in analysis.published
    }


def groups(analysis: Analysis) -> list[GroupSurvival]:
    by = {factor.factor: factor for factor in analysis.survival.by}
    return [*by["best_response"].groups, *by["aml_type"].groups]


def check_group(r: dict[str, float], name: str, group: GroupSurvival) -> None:
    median = [r[f"{name}.median.{i}"] for i in (1, 2, 3)]
    assert [group.median.value, group.median.lower, group.median.upper] == pytest.approx(
        median, rel=1e-12
    )
    for place, at in enumerate(group.at, start=1):
        expected = [r[f"{name}.{part}.{place}"] for part in ("surv", "lower", "upper")]
        found = [at.survival.value, at.survival.lower, at.survival.upper]
        assert found == pytest.approx(expected, rel=1e-12)
    found = [group.restricted_mean.value, group.restricted_mean_error]
    assert found == pytest.approx([r[f"{name}.rmst.{i}"] for i in (1, 2)], rel=1e-12)


def test_survival_is_that_of_r(analysis: Analysis, r: dict[str, float]) -> None:
    check_group(r, "all", analysis.survival.everybody)
    for group in groups(analysis):
        check_group(r, group.level, group)


def test_log_rank_and_follow_up_are_those_of_r(analysis: Analysis, r: dict[str, float]) -> None:
    by = {factor.factor: factor for factor in analysis.survival.by}
    assert by["aml_type"].log_rank.p == pytest.approx(r["logrank.aml_type"], rel=1e-12)
    assert by["best_response"].log_rank.p == pytest.approx(r["logrank.best_response"], rel=1e-12)
    stratified = by["aml_type"].log_rank_stratified
    assert stratified is not None
    assert stratified.p == pytest.approx(r["stratified.aml_type"], rel=1e-12)
    assert analysis.survival.follow_up.value == pytest.approx(r["follow_up.1"], rel=1e-12)


@pytest.mark.parametrize("name", ["multivariate", "stratified", "clustered"])
def test_cox_models_are_those_of_r(analysis: Analysis, r: dict[str, float], name: str) -> None:
    model = next(model for model in analysis.cox.models if model.id == name)
    for place, row in enumerate(model.rows, start=1):
        found = row.coefficient
        expected = [r[f"{name}.{part}.{place}"] for part in ("ratio", "lower", "upper", "p")]
        assert [found.ratio, found.lower, found.upper, found.p] == pytest.approx(expected, rel=1e-8)
    assert model.likelihood_ratio.statistic == pytest.approx(r[f"{name}.lr"], rel=1e-8)
    assert model.concordance is not None
    assert model.concordance.value == pytest.approx(r[f"{name}.concordance"], rel=1e-12)
    drift = [term.proportional_hazards for term in model.terms] + [model.proportional_hazards]
    for place, test in enumerate(drift, start=1):
        assert test is not None
        assert test.statistic == pytest.approx(r[f"{name}.zph.{place}"], rel=1e-8)


def test_univariate_and_logistic_models_are_those_of_r(
    analysis: Analysis, r: dict[str, float]
) -> None:
    alone: dict[str, ModelResult] = {model.id: model for model in analysis.cox.univariate}
    names = {
        "responder": "responder",
        "aml_type": "secondary",
        "age": "age",
        "risk": "adverse",
        "ecog": "frail",
    }
    for term, name in names.items():
        ratio = alone[term].rows[0].coefficient.ratio
        assert ratio == pytest.approx(r[f"univariate.{name}"], rel=1e-8)
    odds = analysis.odds.models[0]
    for place, row in enumerate(odds.rows, start=1):
        found = [row.coefficient.ratio, row.coefficient.p]
        assert found == pytest.approx([r[f"odds.{p}.{place}"] for p in ("ratio", "p")], rel=1e-8)


def test_landmark_analysis_is_that_of_r(analysis: Analysis, r: dict[str, float]) -> None:
    landmark = analysis.survival.landmarks[0]
    assert landmark.n == r["landmark.n"]
    assert landmark.hazard_ratio.ratio == pytest.approx(r["landmark.ratio"], rel=1e-8)
    assert landmark.log_rank.p == pytest.approx(r["landmark.p"], rel=1e-12)
    lost = landmark.dead_before + landmark.censored_before + landmark.undated
    assert landmark.n + lost == analysis.analysed


def test_rates_and_fishers_tests_are_those_of_r(analysis: Analysis, r: dict[str, float]) -> None:
    rate = analysis.response.responders.rate
    assert [rate.lower, rate.upper] == pytest.approx([r["rate.1"], r["rate.2"]], rel=1e-12)
    tests = {factor.factor: factor.test.p for factor in analysis.response.by}
    names = {
        "aml_type": "secondary",
        "drug": "hma_drug",
        "risk": "adverse",
        "disease_status": "disease_status",
        "center": "center",
    }
    for factor, name in names.items():
        assert tests[factor] == pytest.approx(r[f"fisher.{name}"], rel=1e-10)


def test_centers_are_all_there_and_pooled(analysis: Analysis) -> None:
    centers = analysis.centers
    assert centers is not None
    assert len(centers.centers) == 9
    assert sum(center.n for center in centers.centers) == analysis.analysed
    assert centers.response.centers == 9
    pooled = centers.response.random
    assert pooled.value is not None
    assert pooled.lower is not None
    assert pooled.lower < 0.24 < (pooled.upper or 0)


def test_the_file_of_r_holds_no_number_twice() -> None:
    names = [line.split("\t")[0] for line in NUMBERS]
    assert len(names) == len(set(names)) > 80
    assert read_numbers(GOLDEN / "r_survival.tsv")
