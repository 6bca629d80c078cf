"""What may be mailed to every center holds no text of a cell and no code of a patient."""

import csv
import logging
import re
import shutil
from html import unescape
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from onecohort.delivery import find_inputs, open_tables
from onecohort.report.source_rows import rows_of_study
from onecohort.report.validation import write_report
from onecohort.run import build
from onecohort.study import load_study

ROOT = Path(__file__).resolve().parents[1]
IDENTIFIERS = ("surname", "given_name", "person_key", "birth_date")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run of the whole sample, and all that was logged on the way."""
    records: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(self.format(record))

    handler, logger = Keep(), logging.getLogger()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        folder = build(load_study(ROOT), tmp_path_factory.mktemp("out")).folder
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    return folder, "\n".join(records)


@pytest.fixture(scope="module")
def shared(built: tuple[Path, str]) -> str:
    """All that leaves the run for everybody: the report, its summary, the log."""
    folder, log = built
    html = (folder / "report" / "index.html").read_text(encoding="utf-8")
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    return unescape(html) + (folder / "report" / "summary.md").read_text(encoding="utf-8") + log


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[\w.,/:+-]+", text))


def test_no_pseudonym_of_a_patient_stands_in_what_is_shared(
    built: tuple[Path, str], shared: str
) -> None:
    ids = pq.read_table(built[0] / "cohort.parquet").column("patient_id").to_pylist()
    assert len(ids) == 100
    assert [code for code in ids if code in shared or code.split("-", 1)[1] in shared] == []


def test_no_identifier_of_the_sample_stands_in_what_is_shared(shared: str) -> None:
    words = words_of(shared)
    with (ROOT / "sample_exports" / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    named = {row[name] for row in rows for name in IDENTIFIERS if row[name]}
    dates = {row[name] for row in rows for name in row if name.endswith("_date") and row[name]}
    centers = {row["center"].capitalize() for row in rows}  # Dora is a river and a given name
    assert sorted((named | dates) & words - centers) == []


def test_no_raw_text_of_a_finding_or_of_a_quarantined_row_stands_in_what_is_shared(
    built: tuple[Path, str], shared: str
) -> None:
    words = words_of(shared)
    raw = pq.read_table(built[0] / "findings.parquet").column("raw").drop_null().to_pylist()
    assert raw
    own = {"n.d.", "Totale", "TEST", "TEST-1"}  # words that the report may use itself
    telling = {text for text in raw if len(text) > 3 and not text.isalpha()} - own
    assert sorted(telling & words) == []


def test_no_telling_text_of_an_export_stands_in_what_is_shared(shared: str) -> None:
    """Every text of every cell that could single out a patient: codes, dates, precise numbers, remarks."""
    words = words_of(shared)
    texts: set[str] = set()
    study = load_study(ROOT)
    for center in study.centers:
        loaded = study.load_mapping(center)
        for table in open_tables(
            loaded, find_inputs(loaded, study.exports), study.exports
        ).values():
            for batch in table.batches():
                for column in batch.cells.columns:
                    texts.update(str(text) for text in column.to_pylist() if text)
    telling = {text for text in texts if re.search(r"\d", text) and len(text) >= 5}
    telling |= {text for text in texts if len(text) > 20}
    assert len(telling) > 500
    assert sorted(telling & words) == []
    assert [text for text in texts if len(text) > 20 and text in shared] == []


def test_the_cards_do_show_the_texts_so_the_search_can_find_them(built: tuple[Path, str]) -> None:
    folder = built[0]
    found = pq.read_table(folder / "findings.parquet").to_pylist()
    row = next(r for r in found if r["raw"] and len(r["raw"]) > 3 and r["severity"] != "note")
    card = (folder / "report" / "cards" / f"{row['center']}.html").read_text(encoding="utf-8")
    assert row["raw"] in unescape(card)


def test_a_card_of_the_sample_holds_rows_of_its_own_center_only(
    built: tuple[Path, str], tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    shutil.copytree(built[0], folder)
    study = load_study(ROOT)
    asked: set[tuple[str, str]] = set()
    reader = rows_of_study(study)

    def watched(center: str, export: str, sheet: str | None, numbers: object) -> object:
        asked.add((center, export))
        return reader(center, export, sheet, numbers)  # type: ignore[arg-type]

    write_report(folder, study.schema, rows=watched)  # type: ignore[arg-type]
    assert asked
    assert all(export.startswith(f"{center}/") for center, export in asked)
