"""Runs as they lie in their folders, built from the sample's truth without the engine."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from onecohort.findings import SCHEMA as FINDINGS
from onecohort.lineage import SCHEMA as LINEAGE
from onecohort.quarantine import SCHEMA as QUARANTINE
from onecohort.schema import CohortSchema
from onecohort.study import load_study

ROOT = Path(__file__).resolve().parents[1]


@cache
def schema() -> CohortSchema:
    """The study's own schema."""
    return load_study(ROOT).schema


@cache
def truth() -> pa.Table:
    """The 100 patients of the sample, published fields, with the pseudonyms of a run."""
    kinds = {f.name: f.arrow_type for f in schema().fields.values()}
    options = pv.ConvertOptions(strings_can_be_null=True, column_types=kinds)
    table = pv.read_csv(ROOT / "sample_exports" / "truth.csv", convert_options=options)
    ids = [
        pseudonym(center, number)
        for center, number in zip(
            table.column("center").to_pylist(), table.column("patient_id").to_pylist(), strict=True
        )
    ]
    place = table.schema.names.index("patient_id")
    return table.set_column(place, "patient_id", pa.array(ids)).select(
        [f.name for f in schema().published]
    )


def pseudonym(center: str, number: object) -> str:
    return f"{center}-{hashlib.sha256(f'{center} {number}'.encode()).hexdigest()[:12]}"


def frame() -> pd.DataFrame:
    """The truth as a frame of Python objects, to plant errors in."""
    return cast(pd.DataFrame, truth().to_pandas(types_mapper=pd.ArrowDtype))


def cohort_of(data: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(data, schema=truth().schema, preserve_index=False)


def enlarged(patients: int, seed: int = 1) -> pa.Table:
    """The truth drawn again and again, each time under a code of its own."""
    draw = np.random.default_rng(seed).integers(0, truth().num_rows, patients)
    table = truth().take(pa.array(draw))
    centers = table.column("center").to_pylist()
    ids = [pseudonym(center, number) for number, center in enumerate(centers)]
    place = table.schema.names.index("patient_id")
    return table.set_column(place, "patient_id", pa.array(ids))


def finding(**given: object) -> dict[str, object]:
    """One finding; what is not given is ordinary."""
    ordinary: dict[str, object] = {
        "center": "piave",
        "export": "piave/pazienti_2021-06.csv",
        "sheet": None,
        "row": 5,
        "column": "emoglobina",
        "field": "hemoglobin_g_dl",
        "raw": "undici",
        "rule": "number",
        "check": "number.unreadable",
        "severity": "warning",
        "message": "is not a number",
        "hint": "write it in digits",
        "status": None,
    }
    return ordinary | given


def findings_of(*rows: Mapping[str, object]) -> pa.Table:
    return pa.Table.from_pylist([dict(row) for row in rows], schema=FINDINGS)


def withdrawn(data: pd.DataFrame, center: str, field: str, texts: Sequence[str]) -> pa.Table:
    """Findings of values that no patient can have, one per row of a center."""
    return findings_of(
        *(
            finding(
                center=center,
                export=f"{center}/pazienti_2021-06.csv",
                row=2 + number,
                field=field,
                raw=text,
                check="range.possible",
                message="is outside what is possible",
            )
            for number, text in enumerate(texts)
        )
    )


def write_run(
    folder: Path,
    cohort: pa.Table | None = None,
    *,
    findings: pa.Table | None = None,
    quarantine: Sequence[Mapping[str, object]] = (),
    run: str = "20210630T090000-000001",
    state: str = "pooled",
    synthetic: bool = True,
    key: str = "demonstration",
    failed: Mapping[str, str] | None = None,
    states: Mapping[tuple[str, str], tuple[str, str | None]] | None = None,
    first_row: int = 2,
    date: str = "2021-06",
) -> Path:
    """Write the files of a run and give its folder back.

    failed   center -> why it could not be read
    states   (center, field) -> state and reason in the matrix; else mapped, or unavailable where empty
    """
    cohort = truth() if cohort is None else cohort
    findings = FINDINGS.empty_table() if findings is None else findings
    refused = pa.Table.from_pylist([dict(row) for row in quarantine], schema=QUARANTINE)
    folder.mkdir(parents=True)
    pq.write_table(cohort, folder / "cohort.parquet")
    pq.write_table(findings, folder / "findings.parquet")
    pq.write_table(refused, folder / "quarantine.parquet")
    pq.write_table(_lineage(cohort, first_row, date), folder / "lineage.parquet")
    centers: dict[str, object] = {}
    total = dict.fromkeys(("delivered", "cohort", "quarantined", "merged", "left_out"), 0)
    for center in sorted(set(cohort.column("center").to_pylist())):
        mine = cohort.filter(pc.equal(cohort.column("center"), center))
        lost = sum(row["center"] == center for row in quarantine)
        told = _center(center, mine, lost, states or {})
        centers[center] = told
        for side, count in told["tables"]["pazienti"].items():  # type: ignore[index]
            total[side] += count
    for center, why in (failed or {}).items():
        error = {"where": f"{center}.xlsx", "what": why, "fix": "send the file again"}
        centers[center] = {"title": center, "state": "failed", "cause": "export", "error": [error]}
    manifest = {
        "run": run, "study": "A study", "as_of": "2021-06-30", "engine": "0.1.0", "state": state,
        "previous_run": None, "pseudonym_key": key, "synthetic": synthetic, "centers": centers,
        "balance": total, "cohort": {"rows": cohort.num_rows},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def _lineage(cohort: pa.Table, first_row: int, date: str) -> pa.Table:
    centers = cohort.column("center").to_pandas()
    number = centers.groupby(centers).cumcount() + first_row
    return pa.table(
        {
            "center": cohort.column("center"),
            "patient_id": cohort.column("patient_id"),
            "table": pa.repeat("pazienti", cohort.num_rows),
            "export": pa.array([f"{center}/pazienti_{date}.csv" for center in centers]),
            "sheet": pa.nulls(cohort.num_rows, pa.string()),
            "row": pa.array(number.to_numpy(), pa.int64()),
        },
        schema=LINEAGE,
    )


def _center(
    center: str,
    cohort: pa.Table,
    lost: int,
    states: Mapping[tuple[str, str], tuple[str, str | None]],
) -> dict[str, object]:
    fields: dict[str, object] = {}
    filled_cells = 0
    for name in schema().fields:
        known = name in cohort.schema.names
        filled = cohort.num_rows - cohort.column(name).null_count if known else 0
        given = ("mapped", None) if filled else ("unavailable", "not recorded")
        state, reason = states.get((center, name), given)
        fields[name] = {"state": state, "reason": reason, "filled": filled, "of": cohort.num_rows}
        filled_cells += filled
    rows = {
        "delivered": cohort.num_rows + lost,
        "cohort": cohort.num_rows,
        "quarantined": lost,
        "merged": 0,
        "left_out": 0,
    }
    return {
        "title": f"{center.capitalize()} – a center",
        "state": "done",
        "error": [],
        "first": "pazienti",
        "tables": {"pazienti": rows},
        "columns": {"pazienti": {"all": {"filled": filled_cells}}},
        "fields": fields,
        "patients": cohort.num_rows,
    }
