"""A center that codes sex the other way round is named by its tax codes, at any size."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq

from onecohort.center import run_center
from onecohort.pseudonym import find_key
from onecohort.study import load_study


def test_every_patient_of_a_center_with_swapped_sexes_is_named_by_the_tax_code(
    tmp_path: Path, project: Path
) -> None:
    for name in ("schemas", "center_mappings", "sample_exports"):
        shutil.copytree(project / name, tmp_path / name, ignore=shutil.ignore_patterns("*.pyc"))
    path = tmp_path / "center_mappings" / "brenta.yaml"
    text = path.read_text(encoding="utf-8").partition("examples:")[0]
    swapped = text.replace("M: male", "M: female").replace("F: female", "F: male")
    assert swapped != text
    path.write_text(swapped, encoding="utf-8")
    summary = run_center(
        load_study(tmp_path), "brenta", tmp_path / "store", find_key(synthetic=True)
    )
    findings = pq.read_table(Path(summary.folder) / "findings.parquet").to_pylist()
    named = [row for row in findings if row["check"] == "tax_code_agrees_with_sex"]
    assert len(named) == summary.patients == 13
    assert {row["column"] for row in named} == {"Sesso"}
    assert {row["raw"].strip() for row in named} == {"M", "F"}
