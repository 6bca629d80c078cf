"""What the shared report says, section by section."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from onecohort.report.balance_flow import balance_rows, draw_balance
from onecohort.report.check_table import Judged, judge_checks
from onecohort.report.distribution_data import RARE, summarise_numbers, summarise_terms
from onecohort.report.distributions import draw_distributions
from onecohort.report.finding_groups import group_shared
from onecohort.report.matrix import build_matrix
from onecohort.report.review import Review, review_run
from onecohort.report.run_folder import read_run
from onecohort.report.summary import count_findings, summary_markdown
from onecohort.report.validation import render_report, write_report
from onecohort.schema import CohortSchema, Override
from tests.run_folders import (
    cohort_of,
    enlarged,
    finding,
    findings_of,
    frame,
    schema,
    truth,
    write_run,
)


def review(folder: Path, previous: Path | None = None) -> Review:
    return review_run(folder, schema(), previous)


def with_overrides(*overrides: Override) -> CohortSchema:
    return replace(schema(), overrides=overrides)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run")


def test_a_clean_cohort_is_fit_to_use(clean: Path) -> None:
    verdict = review(clean).verdict
    assert verdict.sentence == "The cohort (100 patients from 9 centers) is fit to use."
    assert {light.level for light in verdict.lights} == {"go"}


def test_a_wrong_unit_makes_the_cohort_unfit_until_it_is_mended(tmp_path: Path) -> None:
    data = frame()
    data.loc[data["center"] == "brenta", "hemoglobin_g_dl"] *= 10
    verdict = review(write_run(tmp_path / "run", cohort_of(data))).verdict
    assert verdict.sentence.endswith("is not fit to use before Brenta is mended.")
    (light,) = (light for light in verdict.lights if light.center == "brenta")
    assert (light.level, light.sign, light.reasons) == ("stop", "■", ("Hemoglobin: another unit",))


def test_a_failed_center_stops_and_says_why(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", failed={"po": "the sheet Pazienti is not there"})
    verdict = review(run).verdict
    assert verdict.sentence.endswith("is not fit to use before Po is mended.")
    (po,) = (light for light in verdict.lights if light.center == "po")
    assert po.reasons == ("its delivery could not be read",)
    html = render_report(review(run))
    assert "the center could not be read" in html
    assert "Pazienti" not in html  # what exactly may quote the file: that is for its card


@pytest.mark.parametrize("state", ["held", "failed"])
def test_a_run_that_was_not_published_is_not_fit(tmp_path: Path, state: str) -> None:
    verdict = review(write_run(tmp_path / "run", state=state)).verdict
    assert verdict.sentence == (
        f"The cohort is not fit to use: this run was {state} and not published."
    )


def test_a_quarantined_row_wants_a_look_and_many_stop(tmp_path: Path) -> None:
    row = {"export": "a.csv", "row": 4, "check": "key.missing", "reason": "no key", "cells": "{}"}
    few = [row | {"center": "dora"}]
    many = [row | {"center": "ticino"}] * 3
    lights = {
        light.center: light
        for light in review(write_run(tmp_path / "run", quarantine=few + many)).verdict.lights
    }
    assert (lights["dora"].level, lights["dora"].reasons) == ("look", ("rows in quarantine: <5",))
    assert lights["ticino"].level == "stop"


# --- checks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failures", "of", "threshold", "state"),
    [
        (0, 100, 0.0, "passed"),
        (0, 0, 0.0, "not applicable"),
        (1, 100, 1.0, "passed with failures"),
        (1, 1_000_000, 0.0, "failed"),
        (2, 100, 1.0, "failed"),
        (3, 0, 100.0, "passed with failures"),
    ],
)
def test_the_states_of_a_check(failures: int, of: int, threshold: float, state: str) -> None:
    assert Judged(failures, of, threshold).state == state


def test_failures_that_a_mapping_handles_show_but_fail_no_check() -> None:
    assert Judged(3, 100, 0.0, handled=3).state == "passed with failures"
    assert Judged(3, 100, 0.0, handled=2).state == "failed"


def test_a_check_shows_denominator_failures_percent_threshold_and_where(tmp_path: Path) -> None:
    rows = [finding(row=row) for row in range(5, 11)]
    run = read_run(write_run(tmp_path / "run", findings=findings_of(*rows)))
    row = next(r for r in judge_checks(run, schema()).rows if r.check == "number.unreadable")
    values = sum(
        truth().num_rows - truth().column(f.name).null_count
        for f in schema().published
        if f.kind in ("integer", "number")
    )
    assert row.of == f"{values:,}"
    assert (row.failures, row.threshold, row.state) == ("6", "1 %", "passed with failures")
    assert row.percent == f"{600 / values:.2f} %"
    assert row.centers == {"piave": "failed"}
    assert (row.category, row.context, row.severity) == ("conformance", "atemporal", "warning")


def test_a_center_with_its_own_threshold_is_judged_by_it_and_the_reason_shown(
    tmp_path: Path,
) -> None:
    rows = [finding(row=row, check="date.impossible") for row in range(5, 11)]
    folder = write_run(tmp_path / "run", findings=findings_of(*rows))
    strict = judge_checks(read_run(folder), schema())
    assert next(r for r in strict.rows if r.check == "date.impossible").state == "failed"
    own = with_overrides(
        Override("piave", "date.impossible", 60.0, None, "years typed from memory until 2015")
    )
    row = next(r for r in judge_checks(read_run(folder), own).rows if r.check == "date.impossible")
    assert row.state == "passed with failures"
    html = render_report(review_run(folder, own))
    assert "Piave: threshold 60 %, because years typed from memory until 2015" in html


def test_a_center_with_its_own_severity_has_findings_of_that_severity(tmp_path: Path) -> None:
    found = findings_of(finding(), finding(center="dora", export="dora/a.csv"))
    folder = write_run(tmp_path / "run", findings=found)
    own = with_overrides(Override("piave", "number.unreadable", None, "note", "typed from memory"))
    judged = review_run(folder, own)
    told = judged.findings.select(["center", "severity"]).to_pylist()
    assert told == [
        {"center": "piave", "severity": "note"},
        {"center": "dora", "severity": "warning"},
    ]
    assert "Piave: note, because typed from memory" in render_report(judged)


def test_every_policy_stands_in_the_report_and_a_check_without_one_too(tmp_path: Path) -> None:
    odd = finding(check="brand.new", severity="note")
    run = read_run(write_run(tmp_path / "run", findings=findings_of(odd)))
    rows = {row.check: row for row in judge_checks(run, schema()).rows}
    assert set(rows) == {*schema().policies, "brand.new"}
    assert rows["brand.new"].state == "passed with failures"


# --- matrix, balance, distributions --------------------------------------------------------------


def test_the_matrix_tells_complete_partial_unavailable_and_unmapped(tmp_path: Path) -> None:
    states = {
        ("adige", "hma_cycles"): ("unmapped", None),
        ("brenta", "ldh_u_l"): ("unavailable", "not recorded before 2015"),
        ("dora", "creatinine_mg_dl"): ("mapped", None),
    }
    data = frame()
    data.loc[data["center"] == "adige", "hma_cycles"] = None
    run = read_run(write_run(tmp_path / "run", cohort_of(data), states=states))
    matrix = build_matrix(run, schema())
    cells = {
        (center, line.field): cell
        for line in matrix.lines
        for center, cell in zip(matrix.centers, line.cells, strict=True)
    }
    assert cells["adige", "sex"].state == "complete"
    assert cells["adige", "sex"].told == "Sex, adige: 14 of 14 patients"
    assert cells["adige", "hma_cycles"].state == "unmapped"
    assert cells["brenta", "ldh_u_l"].told == (
        "LDH, brenta: unavailable (not recorded before 2015)"
    )
    assert cells["dora", "creatinine_mg_dl"].state == "empty"
    partial = cells["adige", "hemoglobin_g_dl"]
    assert (partial.state, partial.shown) == ("partial", "71–93")
    assert partial.told == "Hemoglobin, adige: 10 to 13 of 14 patients"
    assert not {"center", "patient_id"} & {line.field for line in matrix.lines}


def test_the_balance_shows_no_side_below_five_nor_by_subtraction(tmp_path: Path) -> None:
    row = {"center": "dora", "export": "a", "row": 4, "check": "c", "reason": "r", "cells": "{}"}
    run = read_run(write_run(tmp_path / "run", quarantine=[row]))
    dora = next(row for row in balance_rows(run) if row.center == "dora")
    assert (dora.delivered, dora.sides) == ("13 to 16", ("12", "<5", "<5", "<5"))
    adige = next(row for row in balance_rows(run) if row.center == "adige")
    assert (adige.delivered, adige.sides) == ("14", ("14", "0", "0", "0"))
    svg = draw_balance(run.balance)
    assert 'aria-label="101 to 104 rows delivered: 100 in the cohort, &lt;5 merged' in svg


def test_terms_of_fewer_than_five_are_one_part_that_tells_no_number() -> None:
    drawn = {
        summarise_terms("a", {"yes": 11 - few, "no": few}, 11).shares["yes"] for few in (1, 2, 3, 4)
    }
    assert {round(share, 4) for share in drawn} == {0.6364}
    parts = summarise_terms("a", {"x": 6, "y": 3, "z": 3}, 12)
    assert parts.shares == {"x": 0.5, RARE: 0.5}
    assert summarise_terms("a", {"x": 3, "y": 1}, 4).shares == {}


def test_shares_are_rounded_where_they_would_tell_how_many_lack_the_value() -> None:
    drawn = {missing: summarise_terms("a", {"x": 12 - missing}, 12) for missing in (1, 2, 3)}
    assert {parts.n for parts in drawn.values()} == {"8–11"}
    nine, ten = (summarise_terms("a", {"x": 5, "y": n}, 12).shares["x"] for n in (5, 6))
    assert (nine, ten) == pytest.approx((0.5, 0.45))


def test_all_centers_are_not_summed_where_that_would_tell_the_one_that_is_masked() -> None:
    data = frame()
    data = data[data["center"].isin(["adige", "brenta", "dora"])].assign(sex="male")
    whole = {"adige": 14, "brenta": 13, "dora": 12}
    (sex,) = (d for d in draw_distributions(cohort_of(data), schema(), whole) if d.field == "sex")
    assert [row[0] for row in sex.rows] == ["adige", "brenta", "dora", "all"]
    data.loc[data.index[data["center"] == "dora"][0], "sex"] = "female"
    (sex,) = (d for d in draw_distributions(cohort_of(data), schema(), whole) if d.field == "sex")
    assert [row[0] for row in sex.rows] == ["adige", "brenta", "dora"]


def test_numbers_show_quartiles_from_five_and_percentiles_from_twenty_but_no_extremes() -> None:
    import numpy as np

    assert summarise_numbers("a", np.arange(4.0), 4).quantiles is None
    five = summarise_numbers("a", np.arange(5.0), 5)
    assert (five.quantiles, five.whiskers) == ((1.0, 2.0, 3.0), None)
    assert summarise_numbers("a", np.arange(21.0), 21).whiskers == (1.0, 19.0)
    assert summarise_numbers("a", np.arange(11.0), 12).n == "8–11"
    assert summarise_numbers("a", np.arange(1408.0), 1410).n == "1,406–1,409"


def test_units_and_terms_are_written_as_a_person_writes_them(tmp_path: Path) -> None:
    html = render_report(review(write_run(tmp_path / "run")))
    assert "10⁹/L" in html and "10*9/L" not in html
    assert "de novo" in html and "de_novo" not in html


def test_a_center_with_a_long_name_keeps_it_within_the_drawing(tmp_path: Path) -> None:
    data = frame()
    data.loc[data["center"] == "dora", "center"] = "santa_maria_della_misericordia"
    html = render_report(review(write_run(tmp_path / "run", cohort_of(data))))
    assert 'lengthAdjust="spacingAndGlyphs">santa_maria_della…</text>' in html


def test_who_has_to_act_comes_first(tmp_path: Path) -> None:
    data = frame()
    data.loc[data["center"] == "volturno", "hemoglobin_g_dl"] *= 10
    html = render_report(review(write_run(tmp_path / "run", cohort_of(data))))
    lights = re.findall(r"</span><strong>(\w+)</strong>", html)
    assert lights[:2] == ["volturno", "adige"] and len(lights) == 9


def test_checks_without_failures_are_folded_away(tmp_path: Path) -> None:
    told = findings_of(finding(check="key.missing", severity="error"))
    html = render_report(review(write_run(tmp_path / "run", findings=told)))
    shown, folded = html.split("<h3>Completeness</h3>")[1].split("without failures</summary>")[:2]
    assert "key.missing" in shown and "required.missing" not in shown
    assert "required.missing" in folded


# --- findings ------------------------------------------------------------------------------------


def test_findings_are_grouped_and_small_groups_are_sorted_as_one_size() -> None:
    rows = [finding(row=row) for row in range(7)] + [finding(row=1, column="plt", severity="error")]
    shared = group_shared(findings_of(*rows), schema())
    assert [row[-2:] for row in shared.rows] == [[4, "<5"], [7, "7"]]
    assert shared.columns["severity"] == ["error", "warning"]
    assert shared.columns["title"] == ["A number can be read as one"]


@pytest.mark.parametrize("check", ["correction.applied", "key.repeated", "person.at_two_centers"])
def test_messages_that_may_quote_a_reason_or_another_row_stay_in_the_card(check: str) -> None:
    told = finding(check=check, message="says the same as row 7; the visit was on 8 June")
    assert group_shared(findings_of(told), schema()).columns["message"] == [""]


def test_texts_cannot_end_the_script_that_holds_them(tmp_path: Path) -> None:
    evil = finding(column="</script><script>alert(1)</script>", field="", check="cell.error")
    html = render_report(review(write_run(tmp_path / "run", findings=findings_of(evil))))
    (data,) = re.findall(r'id="findings-data">(.*?)</script>', html, flags=re.S)
    assert "</script><script>alert(1)</script>" in json.loads(data)["columns"]["column"]
    assert "<script>alert" not in html


def test_centers_without_patients_are_not_counted_among_those_of_the_cohort(
    tmp_path: Path,
) -> None:
    folder = write_run(tmp_path / "run", failed={"po": "the sheet Pazienti is not there"})
    assert "from 9 centers" in review(folder).verdict.sentence


# --- changes, summary, files ---------------------------------------------------------------------


def second_delivery(tmp_path: Path) -> tuple[Path, Path]:
    old = [finding(row=row, raw=raw) for row, raw in ((3, "a"), (5, "b"), (7, "c"), (9, "d"))]
    old.append(finding(center="dora", row=3, export="dora/pazienti_2021-06.csv"))
    first = write_run(tmp_path / "first", findings=findings_of(*old))
    new = [
        finding(row=4, raw="d", severity="error"),
        finding(row=11, raw="e", export="piave/pazienti_2021-12.csv"),
        finding(row=12, raw="f", export="piave/pazienti_2021-12.csv"),
        finding(center="dora", row=8, export="dora/pazienti_2021-12.csv"),
    ]
    second = write_run(
        tmp_path / "second",
        findings=findings_of(*new),
        run="20211201T090000-000001",
        date="2021-12",
    )
    return first, second


def test_new_fixed_persisting_and_worse_are_counted_since_the_last_run(tmp_path: Path) -> None:
    first, second = second_delivery(tmp_path)
    since = review(second, first).since
    assert since is not None
    counts = since.counts("piave")
    assert (counts["fixed"], counts["new"], counts["worse"], counts["persisting"]) == (3, 2, 1, 0)
    assert since.counts("dora")["persisting"] == 1
    html = render_report(review(second, first))
    assert "findings of the last run that are fixed" in html
    assert "20210630T090000-000001" in html


def test_writing_the_report_fills_the_status_of_the_findings(tmp_path: Path) -> None:
    first, second = second_delivery(tmp_path)
    write_report(second, schema(), previous=first)
    status = pq.read_table(second / "findings.parquet").column("status").to_pylist()
    assert sorted(status) == ["new", "new", "persisting", "worse"]


def test_pseudonyms_of_random_keys_are_not_compared(tmp_path: Path) -> None:
    first = write_run(tmp_path / "first", key="random")
    second = write_run(tmp_path / "second", key="random")
    judged = review(second, first)
    assert judged.since is not None and judged.since.cohort is None
    assert "Patients cannot be compared" in render_report(judged)


def test_the_summary_says_the_same_in_short(tmp_path: Path) -> None:
    data = frame()
    data.loc[data["center"] == "brenta", "hemoglobin_g_dl"] *= 10
    found = findings_of(
        *(finding(row=row, check="key.missing", severity="error") for row in range(6))
    )
    folder = write_run(tmp_path / "run", cohort_of(data), findings=found)
    told = summary_markdown(review(folder, write_run(tmp_path / "old")))
    assert told.startswith("**The cohort (100 patients from 9 centers) is not fit to use")
    assert "| brenta | ■ not fit as it is | 13 | Hemoglobin: another unit |" in told
    assert "Synthetic data" in told and "read as g/L it is" in told
    assert "| A row names its patient | error | 6 of 100 |" in told
    assert "| findings that are new | 6 |" in told
    assert count_findings(review(folder)) == {"error": "6", "warning": "0", "note": "0"}


@pytest.mark.parametrize(("synthetic", "said"), [(True, True), (False, False)])
def test_a_synthetic_sample_says_so_on_top(tmp_path: Path, synthetic: bool, said: bool) -> None:
    html = render_report(review(write_run(tmp_path / "run", synthetic=synthetic)))
    assert ("Synthetic data." in html) is said


def test_the_report_is_one_file_that_asks_for_nothing_and_is_small(clean: Path) -> None:
    write_report(clean, schema())
    html = (clean / "report" / "index.html").read_text(encoding="utf-8")
    assert len(html.encode()) < 1_500_000
    assert not re.findall(r"""(?:src|href)=["']?(?!#)[^"'\s>]+""", html)
    assert not re.findall(r"url\(|@import|https?://", html)
    assert "default-src 'none'" in html
    assert sorted(path.name for path in (clean / "report").iterdir()) == [
        "cards",
        "index.html",
        "summary.md",
    ]


def test_the_report_of_a_hundred_thousand_patients_stays_below_eight_megabytes(
    tmp_path: Path,
) -> None:
    rows = [
        finding(center=center, export=f"{center}/p.csv", row=row, column=f"column {row % 400}")
        for center in ("adige", "brenta", "dora")
        for row in range(4_000)
    ]
    folder = write_run(tmp_path / "run", enlarged(100_000), findings=findings_of(*rows))
    assert len(render_report(review(folder)).encode()) < 8_000_000
