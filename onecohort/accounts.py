"""The accounts of a run: what it was made from, and both sides of law 2, center by center."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from onecohort.balance import Imbalance
from onecohort.center import FINDINGS
from onecohort.center_summary import CenterSummary, count_severities
from onecohort.manifest import Json
from onecohort.pool import COHORT, Pooled
from onecohort.study import SCHEMAS, Study
from onecohort.version import engine_version

LIBRARIES = (
    "numpy",
    "pandas",
    "pandera",
    "pyarrow",
    "python-calamine",
    "pyreadstat",
    "scipy",
    "statsmodels",
)
SIDES = ("delivered", "cohort", "quarantined", "merged", "left_out")
DECIDING = ("analysis.yaml", "checks.yaml", "published.yaml", "study.yaml")  # of a run's results


def account_for(
    study: Study, summaries: Sequence[CenterSummary], pooled: Pooled, folder: Path
) -> Json:
    """Everything a run was made from and came to; raises Imbalance where law 2 does not hold.

    folder    of the run, in which the cohort stands
    """
    centers: dict[str, Json] = {}
    total = dict.fromkeys(SIDES, 0)
    patients = 0
    for summary in summaries:
        told = {k: v for k, v in asdict(summary).items() if k not in ("center", "folder")}
        if summary.state != "failed":
            tables = _after_the_pool(summary, pooled)
            told["tables"] = tables
            told["patients"] = _patients_after_the_pool(summary, pooled)
            patients += told["patients"]
            for side in SIDES:
                total[side] += tables[summary.first][side]
        centers[summary.center] = told
    cohort = folder / COHORT
    check_balance(total, patients, pq.read_metadata(cohort).num_rows)
    return {
        "key": run_key(study, summaries),
        "study": study.title,
        "as_of": study.as_of.isoformat(),
        "synthetic": study.synthetic,
        "engine": engine_version(),
        "schema_sha256": study.schema_sha256,
        "versions": {name: metadata.version(name) for name in LIBRARIES},
        "centers": centers,
        "balance": total,
        "cohort": {"rows": pooled.rows, "sha256": _sha256(cohort)},
    }


def _after_the_pool(summary: CenterSummary, pooled: Pooled) -> dict[str, dict[str, int]]:
    """The balance of a center's tables, with what the pool did not take."""
    tables = {name: dict(balance) for name, balance in summary.tables.items()}
    for side, untaken in (("merged", pooled.merged), ("quarantined", pooled.quarantined)):
        for table, rows in untaken[summary.center].rows.items():
            tables[table]["cohort"] -= rows
            tables[table][side] += rows
    return tables


def _patients_after_the_pool(summary: CenterSummary, pooled: Pooled) -> int:
    center = summary.center
    return summary.patients - pooled.merged[center].patients - pooled.quarantined[center].patients


def run_key(study: Study, summaries: Sequence[CenterSummary]) -> str:
    """Hash over all that decides what a run comes to; the same key, the same cohort and reports."""
    digest = hashlib.sha256()
    for summary in summaries:
        failed = "" if summary.state != "failed" else f"{summary.cause} {summary.error}"
        digest.update(f"{summary.center}\0{summary.key}\0{failed}\0".encode())
    for name in DECIDING:
        path = study.root / SCHEMAS / name
        digest.update(path.read_bytes() + b"\0" if path.is_file() else b"\0")
    return digest.hexdigest()[:24]


def check_balance(total: Mapping[str, int], patients: int, rows: int) -> None:
    """Law 2 over the whole run: both sides were counted by themselves, and must agree."""
    right = sum(total[side] for side in SIDES[1:])
    if total["delivered"] != right:
        raise Imbalance(
            f"{total['delivered']} rows delivered, {right} accounted for: {dict(total)}"
        )
    if patients != rows:
        raise Imbalance(f"the centers have {patients} patients, the cohort {rows} rows")


def count_findings(folder: Path, manifest: Json) -> None:
    """Each center's findings of the whole run: the pool and the analysis have added theirs."""
    findings = pq.read_table(folder / FINDINGS, columns=["center", "severity"])
    centers = manifest["centers"]
    assert isinstance(centers, dict)
    for center, told in centers.items():
        if told["state"] != "failed":
            theirs = findings.filter(pc.equal(findings.column("center"), center))
            told["findings"] = count_severities(theirs)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
