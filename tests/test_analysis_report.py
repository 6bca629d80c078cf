import csv
import doctest
import json
import re
import struct
from collections.abc import Sequence
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pytest
from analysis_cohort import cohort, simulated, study_figures, study_plan, truth
from openpyxl import load_workbook

from onecohort.analysis import (
    SYNTHETIC,
    Analysis,
    FigureFormat,
    analyze,
    count_ineligible,
    write_analysis,
    write_png,
)
from onecohort.analysis.plan_file import parse_plan
from onecohort.analysis.published import Published
from onecohort.estimates import Estimate
from onecohort.report import journal
from onecohort.report.analysis_figures import build_figures
from onecohort.report.analysis_tables import build_tables
from onecohort.report.figure_data import CurveFigure, log_axis, time_ticks
from onecohort.report.flow_chart import build_flow

AS_OF = date(2021, 6, 30)
BALANCE = {"delivered": 131, "merged": 12, "left_out": 7, "quarantined": 12}


def analysed(table: pa.Table) -> Analysis:
    return analyze(table, study_plan(), study_figures())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    write_analysis(folder, analysed(truth()), as_of=AS_OF, balance=BALANCE, synthetic=SYNTHETIC)
    return folder


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    return (run / "report" / "analysis.html").read_text(encoding="utf-8")


def test_p_values_are_printed_as_journals_do() -> None:
    assert doctest.testmod(journal).failed == 0


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (None, "–"),
        (0.0, "<0.001"),
        (0.00099, "<0.001"),
        (0.001, "0.001"),
        (0.0994, "0.099"),
        (0.0996, "0.10"),
        (0.0499, "0.050"),
        (0.5, "0.50"),
        (0.991, ">0.99"),
        (1.0, ">0.99"),
    ],
)
def test_p_value_has_the_digits_that_it_needs(p: float | None, text: str) -> None:
    assert journal.p_value(p) == text


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(6.45, 5.0, 8.0), "6.5 (5.0–8.0)"),
        (Estimate(6.45, 5.0, None, "upper limit not reached"), "6.5 (5.0–not reached)"),
        (
            Estimate(None, 5.0, None, "median and upper limit not reached"),
            "not reached (5.0–not reached)",
        ),
        (Estimate(None, statement="not estimable: no events"), "not estimable: no events"),
        (Estimate(-0.5, -1.0, 0.25), "−0.5 (−1.0 to 0.3)"),
        (Estimate(1.0, statement="no limits: no death until then"), "1.0"),
        (Estimate(-0.01, -0.04, 0.04), "0.0 (0.0–0.0)"),
    ],
)
def test_an_estimate_is_printed_with_its_interval_or_its_reason(
    estimate: Estimate, text: str
) -> None:
    assert journal.with_interval(estimate, 1) == text


@pytest.mark.parametrize(
    ("longest", "ticks"),
    [(0.0, (0, 1)), (5.0, (0, 1, 2, 3, 4, 5)), (69.4, (0, 12, 24, 36, 48, 60, 72))],
)
def test_time_axis_holds_the_longest_follow_up(longest: float, ticks: tuple[float, ...]) -> None:
    assert time_ticks(longest) == ticks


def test_time_axis_of_days_has_few_ticks_too() -> None:
    assert time_ticks(5_000)[-1] >= 5_000
    assert len(time_ticks(5_000)) <= 12


def test_ratio_axis_holds_the_intervals_within_reason() -> None:
    low, high, ticks = log_axis([Estimate(2, 0.3, 1e9), Estimate(None, statement="none")])
    assert low < 0.3
    assert high == 100
    assert 1 in ticks


class _Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given[key] or "" for key in ("href", "src") if key in given]


def test_page_stands_alone_without_script_or_network(page: str) -> None:
    outline = _Outline()
    outline.feed(page)
    assert "script" not in outline.tags
    assert all(link.startswith("#") for link in outline.links)
    assert not re.search(r"https?://|url\(|@import", page)
    assert len(outline.ids) == len(set(outline.ids))
    assert {link[1:] for link in outline.links} <= set(outline.ids)


def test_published_against_computed_comes_first(page: str) -> None:
    assert page.index('id="table-published"') == min(
        page.index(f'id="{name}"') for name in ("table-published", "flow", "table-response")
    )
    assert "13 of 13 figures agree" in page
    assert page.count("✓ agrees") == 13


def test_page_says_that_the_data_are_synthetic_and_what_agreement_proves(page: str) -> None:
    assert "Synthetic data." in page
    assert "it proves nothing about the drug" in page


def test_page_says_what_is_not_known_from_the_paper_and_what_favors_responders(page: str) -> None:
    assert "gives neither the covariates of its multivariate model" in page
    assert (
        "Response enters the models of survival as if it had been known at the first dose" in page
    )


def test_page_of_real_data_says_nothing_of_the_kind(tmp_path: Path) -> None:
    write_analysis(tmp_path, analysed(simulated(50)), as_of=AS_OF, balance={})
    text = (tmp_path / "report" / "analysis.html").read_text(encoding="utf-8")
    assert "Synthetic" not in text
    assert "Rows delivered" not in text


def test_no_number_is_nan_on_the_page_or_in_json(run: Path, page: str) -> None:
    assert not re.search(
        r"\bnan\b|\bNone\b|\binf\b", re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    )
    content = json.loads((run / "analysis.json").read_text(encoding="utf-8"))
    assert content["as_of"] == "2021-06-30"
    assert content["flow"][0] == {
        "label": "Rows delivered",
        "count": 131,
        "lost": [
            ["merged: repeated rows and patients of two centers", 12],
            ["left out by a declared rule", 7],
            ["quarantined: the row cannot be used", 12],
        ],
    }


def test_every_figure_and_table_of_the_analysis_is_on_the_page(page: str) -> None:
    analysis = analysed(truth())
    for name in build_figures(analysis):
        assert f'id="{name}-title"' in page
    for name in build_tables(analysis):
        assert f'id="table-{name}"' in page


def test_figures_are_well_formed_files_with_a_title_and_a_description(run: Path) -> None:
    files = sorted((run / "report" / "figures").glob("*.svg"))
    assert {path.stem for path in files} == {*build_figures(analysed(truth())), "flow"}
    for path in files:
        root = ElementTree.parse(path).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.find("{*}title") is not None
        assert root.find("{*}desc") is not None
        width = float(root.get("width") or 0)
        for text in root.iter("{http://www.w3.org/2000/svg}text"):
            assert 0 <= float(text.get("x") or 0) <= width


def test_numbers_at_risk_stand_under_their_ticks(run: Path) -> None:
    figure = build_figures(analysed(truth()))["survival-aml_type"]
    assert isinstance(figure, CurveFigure)
    de_novo = figure.curves[0]
    counted = [int((truth_times("false") >= tick).sum()) for tick in figure.ticks]
    assert list(de_novo.at_risk) == counted
    root = ElementTree.parse(run / "report" / "figures" / "survival-aml_type.svg").getroot()
    places: dict[str, list[float]] = {}
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        if text.get("text-anchor") == "middle" and (text.text or "").isdigit():
            places.setdefault(text.get("y") or "", []).append(float(text.get("x") or 0))
    rows = list(places.values())
    assert len(rows) == 1 + len(figure.curves)
    assert all(row == rows[0] for row in rows)


def truth_times(secondary: str) -> "pa.Array":
    table = truth().to_pandas()
    return table.loc[table["is_secondary"].astype(str).str.lower() == secondary, "os_months"]


def test_lines_differ_by_dash_as_well_as_color(page: str) -> None:
    style = page[page.index("<style>") : page.index("</style>")]
    dashes = re.findall(
        r"svg \.s\d \{ stroke: var\(--s\d\);(?: stroke-dasharray: ([\d ]+);)? \}", style
    )
    assert len(dashes) == len(set(dashes)) == 4


def test_tables_are_the_same_on_the_page_in_csv_and_in_the_workbook(run: Path) -> None:
    folder = run / "report" / "tables"
    tables = build_tables(analysed(truth()))
    book = load_workbook(folder / "analysis.xlsx")
    assert book.sheetnames == list(tables)
    for name, table in tables.items():
        with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.reader(lines))
        assert rows == [list(table.head), *(list(row.cells) for row in table.rows)]
        sheet = [[cell or "" for cell in row] for row in book[name].iter_rows(values_only=True)]
        assert [row[: len(table.head)] for row in sheet[1 : 2 + len(table.rows)]] == rows


def test_every_row_of_a_table_has_the_cells_of_its_head() -> None:
    for table in build_tables(analysed(simulated(80))).values():
        assert {len(row.cells) for row in table.rows} == {len(table.head)}


def test_table_one_counts_missing_and_orders_values_as_the_plan_does() -> None:
    table = build_tables(
        analysed(
            cohort({"eln2017_risk": "adverse", "age_at_hma_years": 61}, {"eln2017_risk": None})
        )
    )["baseline-aml_type"]
    cells = {row.cells[0]: row.cells[1] for row in table.rows}
    assert table.head[1] == "All (n = 2)"
    assert cells["Age, years"] == "63.5 (61–66)"
    labels = [row.cells[0] for row in table.rows]
    risk = labels.index("ELN 2017 risk")
    assert [row.cells[:2] for row in table.rows[risk : risk + 3]] == [
        ("ELN 2017 risk", ""),
        ("Adverse", "1 (100%)"),
        ("Missing", "1"),
    ]


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(cohort({}).slice(0, 0), id="nobody"),
        pytest.param(cohort({}), id="one patient"),
        pytest.param(cohort({"is_dead": None}, {"is_dead": None}), id="nobody can be analysed"),
        pytest.param(
            cohort({"os_months": 0.0}, {"os_months": 0.0}), id="all dead on the first day"
        ),
    ],
)
def test_every_cohort_has_a_page(tmp_path: Path, table: pa.Table) -> None:
    write_analysis(tmp_path, analysed(table), as_of=AS_OF, balance={})
    write_png(tmp_path, analysed(table), balance={})
    assert "not estimable" in (tmp_path / "report" / "analysis.html").read_text(encoding="utf-8")


def test_flow_goes_from_rows_to_patients_to_the_eligible_to_the_analysed() -> None:
    analysis = analysed(cohort({}, {"is_dead": None}, {"os_months": -1.0}))
    quarantine = pa.table({"check": ["key.missing", "adult", "adult", "patient.quarantined"]})
    ineligible = count_ineligible(quarantine, {"adult": "18 completed years", "line": "Salvage"})
    balance = {"delivered": 10, "cohort": 5, "merged": 1, "left_out": 1, "quarantined": 3}
    steps = build_flow(analysis, balance, ineligible)
    assert [(step.label, step.count) for step in steps] == [
        ("Rows delivered", 10),
        ("Patients", 5),
        ("Eligible patients in the cohort", 3),
        ("Analysed for overall survival", 1),
    ]
    assert [count for _, count in steps[0].lost] == [1, 1, 1, 2]
    assert steps[0].lost[-1] == ("further rows of the same patients", 2)
    assert steps[1].lost == (("not met: 18 completed years", 2),)
    for step, following in pairwise(steps):
        assert step.count - sum(count for _, count in step.lost) == following.count


def test_a_flow_that_loses_more_than_it_had_is_refused() -> None:
    balance = {"delivered": 3, "merged": 0, "left_out": 0, "quarantined": 1}
    with pytest.raises(ValueError, match="the flow does not balance"):
        build_flow(analysed(cohort({}, {})), balance, {"18 completed years": 2})


def test_png_figures_have_300_dots_per_inch_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    analysis = analysed(simulated(100))
    first, second = tmp_path / "a", tmp_path / "b"
    write_png(first, analysis, balance=BALANCE)
    write_png(second, analysis, balance=BALANCE)
    files = sorted((first / "report" / "figures").glob("*.png"))
    assert [path.stem for path in files] == sorted([*build_figures(analysis), "flow"])
    for path in files:
        content = path.read_bytes()
        place = content.index(b"pHYs") + 4
        assert struct.unpack(">I", content[place : place + 4])[0] == round(300 / 0.0254)
        assert content == (second / "report" / "figures" / path.name).read_bytes()


def test_writing_twice_gives_the_same_page_and_json(tmp_path: Path) -> None:
    analysis = analysed(truth())
    for name in ("a", "b"):
        write_analysis(tmp_path / name, analysis, as_of=AS_OF, balance=BALANCE)
    for path in ("analysis.json", "report/analysis.html", "report/figures/flow.svg"):
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()


@pytest.mark.parametrize(
    ("formats", "suffixes"), [((), set()), (("svg",), {".svg"}), (("svg", "png"), {".svg", ".png"})]
)
def test_figures_are_drawn_in_the_formats_asked_for(
    tmp_path: Path, formats: Sequence[FigureFormat], suffixes: set[str]
) -> None:
    analysis = analysed(cohort({}, {}))
    write_analysis(tmp_path, analysis, as_of=AS_OF, balance={}, figures=formats)
    files = list((tmp_path / "report" / "figures").iterdir())
    assert {path.suffix for path in files} == suffixes
    assert len(files) == len(suffixes) * (len(build_figures(analysis)) + 1)


def test_a_text_of_the_data_cannot_become_markup(tmp_path: Path) -> None:
    table = cohort({"center": "<script>x</script>"}, {"center": "b"}, {"sex": "<i>"})
    write_analysis(tmp_path, analysed(table), as_of=AS_OF, balance={})
    text = (tmp_path / "report" / "analysis.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<i>" not in text
    assert "&lt;script&gt;" in text


OTHER_STUDY = """
title: A register of knees
endpoint:
  title: Revision
  time: years
  event: revised
  unit: years
  start: operated
  origin: the operation
  definition: From the operation to the first revision.
  days_per_unit: 365.25
response: { title: Pain-free, field: pain, responders: ["0"], order: ["0", "1"], date: seen }
factors:
  implant: { title: Implant, field: implant }
survival: { by: [implant], at: [5], restricted_mean: 10 }
cox:
  models:
    - { id: whole, title: Whole model, terms: [implant] }
"""


def test_another_study_brings_its_own_plan_and_no_code(tmp_path: Path) -> None:
    table = pa.table(
        {
            "years": [1.0, 2.5, 8.0, 11.0, 12.0, 3.0],
            "revised": [1, 0, 1, 1, 0, 1],
            "operated": [date(2001, 1, 1)] * 6,
            "pain": [0, 1, None, 0, 0, 1],
            "seen": pa.array([None] * 6, pa.date32()),
            "implant": ["a", "b", "a", "b", "a", None],
        }
    )
    nothing_printed = Published(source="none", figures=())
    analysis = analyze(table, parse_plan(OTHER_STUDY), nothing_printed)
    write_analysis(tmp_path, analysis, as_of=AS_OF, balance={})
    page = (tmp_path / "report" / "analysis.html").read_text(encoding="utf-8")
    assert "Years from the operation" in page
    assert 'id="centers"' not in page
    assert "landmark" not in page
    assert "as if it had been known" not in page
    assert analysis.centers is None
    assert analysis.odds.models == ()
    assert analysis.survival.by[0].missing == 1
    assert (analysis.response.responders.count, analysis.response.n) == (3, 5)
