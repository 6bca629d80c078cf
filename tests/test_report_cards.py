"""What goes back to a center: its own rows, each finding where it stands, in groups to mend at once."""

import datetime
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest

from onecohort.exports import MemoryTable
from onecohort.report import card_workbook
from onecohort.report.card_groups import group_findings
from onecohort.report.card_workbook import write_workbook
from onecohort.report.review import review_run
from onecohort.report.source_rows import read_rows, rows_of_study
from onecohort.report.validation import write_report
from onecohort.study import load_study
from tests.run_folders import ROOT, cohort_of, finding, findings_of, frame, schema, write_run

EXPORT = "piave/pazienti_2021-06.csv"


def read_source(
    center: str, export: str, sheet: str | None, numbers: Sequence[int]
) -> Mapping[int, Mapping[str, str]]:
    """Stands for the exports: every row has the same cells."""
    return {n: {"codice": f"P{n}", "emoglobina": "undici", "note": "=1+1"} for n in numbers}


def cards(folder: Path, previous: Path | None = None) -> Path:
    write_report(folder, schema(), previous=previous, rows=read_source)
    return folder / "report" / "cards"


def test_a_card_tells_file_row_column_text_what_is_wrong_and_what_would_be_right(
    tmp_path: Path,
) -> None:
    told = finding(sheet="Pazienti", row=17)
    html = (
        cards(write_run(tmp_path / "run", findings=findings_of(told))) / "piave.html"
    ).read_text()
    for part in (
        "pazienti_2021-06.csv, sheet Pazienti, column <strong>emoglobina</strong>",
        '<td class="rows">17</td>',
        '<span class="raw">undici</span>',
        "<td>is not a number</td><td>write it in digits</td>",
        "For this center only",
    ):
        assert part in html


def test_one_text_in_many_rows_is_one_line_and_one_column_one_group(tmp_path: Path) -> None:
    rows = [finding(row=row) for row in (5, 6, 7, 12)] + [finding(row=20, raw="dodici")]
    rows += [finding(row=5, column="plt")]
    review = review_run(write_run(tmp_path / "run", findings=findings_of(*rows)), schema())
    groups = group_findings(review.findings, review)
    assert [(g.column, g.count) for g in groups] == [("emoglobina", 5), ("plt", 1)]
    assert [(line.raw, line.rows) for line in groups[0].lines] == [
        ("undici", "5–7, 12"),
        ("dodici", "20"),
    ]


def test_checks_of_whole_rows_are_one_group_over_all_columns(tmp_path: Path) -> None:
    rows = [finding(check="key.conflict", column=name, raw=None) for name in ("a", "b")]
    review = review_run(write_run(tmp_path / "run", findings=findings_of(*rows)), schema())
    (group,) = group_findings(review.findings, review)
    assert [line.column for line in group.lines] == ["a", "b"]


ORDER = ("hma_start_before_death", "progression_within_follow_up", "response_within_follow_up")


def test_a_row_that_many_checks_fail_is_one_group_for_one_wrong_cell_does_that(
    tmp_path: Path,
) -> None:
    rows = [
        finding(row=7, check=check, column=f"data {check[:3]}", field="", severity=severity)
        for check, severity in zip(ORDER, ("error", "warning", "warning"), strict=True)
    ]
    review = review_run(write_run(tmp_path / "run", findings=findings_of(*rows)), schema())
    (group,) = group_findings(review.findings, review)
    assert (group.row, group.severity, group.count, group.column) == (7, "error", 3, "")
    assert sorted(line.column for line in group.lines) == ["data hma", "data pro", "data res"]
    html = (cards(tmp_path / "run") / "piave.html").read_text()
    assert "pazienti_2021-06.csv, row <strong>7</strong>" in html


def test_two_checks_that_every_row_fails_stay_two_groups_for_one_code_does_that(
    tmp_path: Path,
) -> None:
    rows = [
        finding(row=row, check=check, column=check, field="")
        for row in range(2, 9)
        for check in ORDER[1:]
    ]
    review = review_run(write_run(tmp_path / "run", findings=findings_of(*rows)), schema())
    groups = group_findings(review.findings, review)
    assert [(g.row, g.column, g.count) for g in groups] == [(None, c, 7) for c in ORDER[1:]]


def test_a_check_of_several_fields_names_them_by_their_titles(tmp_path: Path) -> None:
    told = finding(
        check=ORDER[0], message="withdrawn: hma_end_date", hint="look at death_date and a_column"
    )
    folder = cards(write_run(tmp_path / "run", findings=findings_of(told)))
    html = (folder / "piave.html").read_text()
    assert "<td>withdrawn: HMA end</td><td>look at Date of death and a_column</td>" in html
    page = openpyxl.load_workbook(folder / "piave.xlsx")["Findings"]
    assert page.cell(2, 8).value == "look at Date of death and a_column"


def test_a_check_that_the_study_does_not_list_is_called_by_its_name_in_words(
    tmp_path: Path,
) -> None:
    told = finding(check="my.own_check")
    folder = cards(write_run(tmp_path / "run", findings=findings_of(told)))
    assert "Check: My: own check" in (folder / "piave.html").read_text()
    page = openpyxl.load_workbook(folder / "piave.xlsx")["Findings"]
    assert page.cell(2, 9).value == "My: own check"


def test_rows_kept_out_are_listed_with_the_reason_those_of_their_patients_last(
    tmp_path: Path,
) -> None:
    kept = [
        {"center": "piave", "export": export, "sheet": None, "row": row, "check": check,
         "reason": reason, "cells": "{}"}
        for export, row, check, reason in (
            ("piave/cicli.csv", 42, "patient.quarantined", "its patient is quarantined"),
            ("piave/cicli.csv", 43, "patient.quarantined", "its patient is quarantined"),
            ("piave/pazienti.csv", 7, "key.missing", "has no key"),
        )
    ]  # fmt: skip
    folder = write_run(tmp_path / "run", quarantine=kept)
    html = (cards(folder) / "piave.html").read_text()
    assert "Rows that are not in the cohort (3)" in html
    first, last = html.index("has no key"), html.index("its patient is quarantined")
    assert first < last and '<td class="rows">42–43</td>' in html
    assert "has no key" not in (folder / "report" / "cards" / "dora.html").read_text()


def test_what_cannot_be_seen_in_a_cell_is_spelled_and_what_never_ends_is_cut(
    tmp_path: Path,
) -> None:
    rows = [finding(raw="a\x00\u202eb\xa0"), finding(raw="x" * 40_000, row=6)]
    folder = cards(write_run(tmp_path / "run", findings=findings_of(*rows)))
    html = (folder / "piave.html").read_text()
    assert "a⟨U+0000⟩⟨U+202E⟩b⟨U+00A0⟩" in html
    assert "… (40,000 characters)" in html and len(html) < 40_000


def test_a_card_holds_nothing_of_another_center(tmp_path: Path) -> None:
    mine = finding(raw="testo-di-piave")
    other = finding(
        center="dora", export="dora/a.csv", raw="testo-di-dora", column="colonna-di-dora"
    )
    folder = cards(write_run(tmp_path / "run", findings=findings_of(mine, other)))
    piave, dora = (folder / "piave.html").read_text(), (folder / "dora.html").read_text()
    assert "testo-di-piave" in piave and "dora" not in piave.lower().replace("ignorado", "")
    assert "testo-di-dora" in dora and "piave" not in dora.lower()
    for center, foreign in (("piave", "testo-di-dora"), ("dora", "testo-di-piave")):
        book = openpyxl.load_workbook(folder / f"{center}.xlsx")
        texts = {
            str(cell) for page in book for row in page.iter_rows(values_only=True) for cell in row
        }
        assert foreign not in texts


def test_texts_of_cells_cannot_become_markup(tmp_path: Path) -> None:
    evil = finding(raw="<img src=x onerror=alert(1)>")
    html = (
        cards(write_run(tmp_path / "run", findings=findings_of(evil))) / "piave.html"
    ).read_text()
    assert "<img" not in html and "&lt;img src=x" in html


def test_a_suspicion_across_centers_names_the_rows_in_the_card(tmp_path: Path) -> None:
    data = frame()
    mine = data.index[(data["center"] == "brenta") & data["wbc_10e9_l"].notna()]
    data.loc[mine[:5], "wbc_10e9_l"] *= 1000
    html = (cards(write_run(tmp_path / "run", cohort_of(data))) / "brenta.html").read_text()
    assert "White cells: another unit" in html
    assert f"5 of {len(mine)} values" in html
    first = int(mine[0]) - int(data.index[data["center"] == "brenta"][0]) + 2
    assert f"<li>pazienti_2021-06.csv, row {first}</li>" in html


def test_a_second_delivery_is_told_patient_by_patient_where_they_stand(tmp_path: Path) -> None:
    before = frame()
    after = before.copy()
    piave = after.index[(after["center"] == "piave") & (after["vital_status"] == "dead")]
    after.loc[piave[0], ["vital_status", "death_date", "cause_of_death"]] = ["alive", None, None]
    for name in ("death_date", "last_contact_date"):
        after.loc[piave[1], name] -= datetime.timedelta(days=1967)
    after = after.drop(index=piave[2])
    first = write_run(tmp_path / "first")
    second = write_run(tmp_path / "second", cohort_of(after), run="2", date="2021-12", first_row=3)
    folder = cards(second, first)
    html = (folder / "piave.html").read_text()
    start = int(before.index[before["center"] == "piave"][0])
    assert f"<li>pazienti_2021-06.csv, row {int(piave[2]) - start + 2}</li>" in html
    assert f"<li>pazienti_2021-12.csv, row {int(piave[0]) - start + 3}</li>" in html
    assert f"row {int(piave[1]) - start + 3}: 1967 days earlier" in html
    shared = (second / "report" / "index.html").read_text()
    assert "1967" not in shared and "1,967" not in shared
    assert "follow-up ends earlier than in the last run: &lt;5" in shared
    assert "patients dead in the last run are not dead now: &lt;5" in shared
    assert "patients of the last run are no longer in the cohort: &lt;5" in shared


def test_a_failed_center_gets_a_card_that_says_what_to_do(tmp_path: Path) -> None:
    folder = cards(write_run(tmp_path / "run", failed={"po": "the sheet Pazienti is not there"}))
    html = (folder / "po.html").read_text()
    assert "the sheet Pazienti is not there" in html and "send the file again" in html
    assert (folder / "po.xlsx").is_file()


# --- workbook ------------------------------------------------------------------------------------


def workbook(path: Path, *rows: dict[str, object], **given: object) -> openpyxl.Workbook:
    quarantine = given.pop("quarantine", pa.table({"center": []}))
    write_workbook(
        path,
        findings=findings_of(*rows),
        quarantine=quarantine,  # type: ignore[arg-type]
        policies=schema().policies,
        rows=read_source,
    )
    return openpyxl.load_workbook(path)


def test_the_workbook_lists_findings_and_copies_rows_with_the_cells_marked(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx", finding(row=17), finding(row=4, severity="error"))
    page = book["Findings"]
    assert [page.cell(2, n).value for n in range(1, 9)] == [
        "error", "pazienti_2021-06.csv", None, 4, "emoglobina", "undici",
        "is not a number", "write it in digits",
    ]  # fmt: skip
    rows = book["pazienti_2021-06.csv"]
    assert [cell.value for cell in rows[1]] == ["Row", "codice", "emoglobina", "note"]
    assert [cell.value for cell in rows[2]] == [4, "P4", "undici", "=1+1"]
    marked = rows.cell(3, 3)
    assert marked.fill.fgColor.rgb == "00FFE699"
    assert rows.cell(2, 3).fill.fgColor.rgb == "00F8C4C4"
    assert marked.comment is not None and marked.comment.text.startswith("is not a number – write")
    assert rows.cell(3, 2).comment is None


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        pytest.param("=HYPERLINK(1)", "=HYPERLINK(1)", id="formula"),
        pytest.param("=cmd|'/c calc'!A0", "=cmd|'/c calc'!A0", id="command"),
        pytest.param("+1", "+1", id="plus"),
        pytest.param("@SUM(A1)", "@SUM(A1)", id="at"),
        pytest.param("#N/A", "#N/A", id="error of a program"),
        pytest.param("00123", "00123", id="leading zeros"),
        pytest.param("a\x00b\x1f", "a\ufffdb\ufffd", id="controls that no workbook holds"),
        pytest.param("x" * 40_000, "x" * 32_766 + "…", id="longer than a cell"),
        pytest.param("😀" * 20_000, "😀" * 16_383 + "…", id="longer as Excel counts"),
        pytest.param("<script>alert(1)</script>", "<script>alert(1)</script>", id="markup"),
    ],
)
def test_a_text_stays_the_text_that_it_was_also_when_typed_over(
    tmp_path: Path, raw: str, kept: str
) -> None:
    page = workbook(tmp_path / "a.xlsx", finding(raw=raw))["Findings"]
    cell = page.cell(2, 6)
    assert (cell.value, cell.data_type, cell.number_format) == (kept, "s", "@")


def test_a_formula_in_a_copied_row_stays_a_text(tmp_path: Path) -> None:
    cell = workbook(tmp_path / "a.xlsx", finding())["pazienti_2021-06.csv"].cell(2, 4)
    assert (cell.value, cell.data_type, cell.number_format) == ("=1+1", "s", "@")


def test_a_comment_does_not_cover_the_rows_it_speaks_of(tmp_path: Path) -> None:
    book = workbook(tmp_path / "a.xlsx", finding(hint="h" * 60_000))
    comment = book["pazienti_2021-06.csv"].cell(2, 3).comment
    assert comment is not None
    assert len(comment.text) == 1_000 and comment.text.endswith("…")


def test_more_columns_than_a_workbook_holds_leave_those_with_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card_workbook, "MOST_COLUMNS", 2)
    page = workbook(tmp_path / "a.xlsx", finding())["pazienti_2021-06.csv"]
    assert [cell.value for cell in page[1]] == ["Row", "emoglobina"]


def test_a_row_of_the_list_is_as_high_as_its_longest_text_and_prints_on_one_page_across(
    tmp_path: Path,
) -> None:
    rows = (finding(row=2), finding(row=3, message="much is wrong here " * 12))
    page = workbook(tmp_path / "a.xlsx", *rows)["Findings"]
    low, high = (page.row_dimensions[n].height for n in (2, 3))
    assert low is None and high is not None and high > 60
    assert (page.page_setup.orientation, page.page_setup.fitToHeight) == ("landscape", 0)
    assert page.cell(1, 1).font.name == page.cell(2, 1).font.name


def test_rows_beyond_the_limit_of_a_sheet_are_left_off_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card_workbook, "MOST_ROWS", 2)
    book = workbook(tmp_path / "a.xlsx", *(finding(row=row) for row in range(2, 7)))
    first = [row[0] for row in book["pazienti_2021-06.csv"].iter_rows(values_only=True)]
    assert first == ["Row", 2, 3, "3 more rows have findings and are left off"]


def test_notes_ask_nothing_and_mark_no_cell(tmp_path: Path) -> None:
    assert workbook(tmp_path / "a.xlsx", finding(severity="note")).sheetnames == ["Findings"]


def test_quarantined_rows_come_from_the_quarantine(tmp_path: Path) -> None:
    cells = json.dumps({"codice": "", "emoglobina": "9,1"})
    kept = pa.Table.from_pylist(
        [
            {"center": "piave", "export": EXPORT, "sheet": None, "row": 9, "check": "key.missing",
             "reason": "no key", "cells": cells},
            {"center": "piave", "export": EXPORT, "sheet": None, "row": 8, "check": "row.ragged",
             "reason": "too many cells", "cells": "P8;1;2;3"},
        ]
    )  # fmt: skip
    found = [
        finding(row=9, column="codice", raw="", check="key.missing", severity="error"),
        finding(row=8, column=None, raw="P8;1;2;3", check="row.ragged", severity="error"),
    ]
    page = workbook(tmp_path / "a.xlsx", *found, quarantine=kept)["pazienti_2021-06.csv"]
    texts = [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]
    assert [row[0] for row in texts] == [8, 9]
    assert "P8;1;2;3" in texts[0] and "9,1" in texts[1]
    assert page.cell(2, 1).comment is not None


@pytest.mark.parametrize(
    "exports",
    [
        ["a/very_long_name_of_an_export_2021.csv", "b/very_long_name_of_an_export_2021.csv"],
        ["a/[x]:*?.csv", "a/(x)____.csv"],
    ],
)
def test_sheets_have_names_that_a_workbook_can_have(tmp_path: Path, exports: list[str]) -> None:
    book = workbook(tmp_path / "a.xlsx", *(finding(export=export) for export in exports))
    assert len(book.sheetnames) == 3
    assert all(len(name) <= 31 for name in book.sheetnames)


def test_what_nobody_would_mend_cell_by_cell_is_left_off_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(card_workbook, "MOST_FINDINGS", 2)
    book = workbook(tmp_path / "a.xlsx", *(finding(row=row) for row in range(5)))
    texts = [row[0] for row in book["Findings"].iter_rows(values_only=True)]
    assert texts == ["Severity", "warning", "warning", "3 more, the least grave, are left off"]


def test_a_group_of_very_many_texts_shows_the_first_hundred(tmp_path: Path) -> None:
    rows = [finding(row=row, raw=f"text {row:03d}") for row in range(140)]
    review = review_run(write_run(tmp_path / "run", findings=findings_of(*rows)), schema())
    (group,) = group_findings(review.findings, review)
    assert (len(group.lines), group.left_off, group.count) == (100, 40, 140)
    assert (
        "40 more texts stand in the workbook"
        in (cards(tmp_path / "run") / "piave.html").read_text()
    )


def test_exports_that_are_gone_leave_what_findings_hold(tmp_path: Path) -> None:
    study = load_study(ROOT, exports=tmp_path)
    assert rows_of_study(study)("piave", EXPORT, None, [2]) == {}


def test_rows_of_the_sample_are_read_as_a_person_sees_them() -> None:
    found = rows_of_study(load_study(ROOT))("piave", "piave/pazienti.csv", None, [3])
    assert list(found) == [3]
    assert found[3]["id_paziente"].isdigit()
    assert rows_of_study(load_study(ROOT))("piave", "piave/no.csv", None, [3]) == {}


def test_rows_are_read_again_by_the_number_that_a_person_sees() -> None:
    cells = pa.record_batch(
        {"codice": pa.array(["A", "B", None]), "hb": pa.array(["9", "10", "11"])}
    )
    table = MemoryTable("a.csv", None, pa.array([2, 4, 7], pa.int64()), cells)
    assert read_rows(table, [7, 4, 99]) == {
        4: {"codice": "B", "hb": "10"},
        7: {"codice": "", "hb": "11"},
    }
