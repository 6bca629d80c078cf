"""A run as it lies in its folder, read once for all reports."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

import pyarrow as pa
import pyarrow.parquet as pq

from onecohort.findings import SCHEMA as FINDINGS
from onecohort.lineage import SCHEMA as LINEAGE

SIDES = ("cohort", "merged", "left_out", "quarantined")


class Fill(TypedDict):
    """How a field stands at a center."""

    state: Literal["mapped", "unavailable", "unmapped", "derived"]
    reason: str | None
    filled: int
    of: int


class Trouble(TypedDict):
    """Why a center failed."""

    where: str
    what: str
    fix: str


@dataclass(frozen=True)
class CenterRun:
    """What the manifest tells of a center.

    cause     "mapping", "export" or "engine" of a failed center
    rows      delivered and the four sides of the balance, of the table that has one row per patient
    filled    cells that are not blank, in all mapped columns
    """

    name: str
    title: str
    state: Literal["done", "failed", "cached"]
    cause: str | None
    errors: tuple[Trouble, ...]
    fields: Mapping[str, Fill]
    rows: Mapping[str, int]
    filled: int
    patients: int


@dataclass(frozen=True)
class RunFolder:
    """A run's files.

    linkable   whether its pseudonyms can be met again in another run with the same key
    """

    path: Path
    run: str
    study: str
    state: str
    as_of: str
    engine: str
    is_synthetic: bool
    key_origin: str
    centers: Mapping[str, CenterRun]
    balance: Mapping[str, int]
    cohort: pa.Table
    findings: pa.Table
    quarantine: pa.Table
    lineage: pa.Table

    @property
    def is_linkable(self) -> bool:
        """Whether a pseudonym of this run means the same person in the next."""
        return self.key_origin != "random"


def read_run(path: Path) -> RunFolder:
    """Read a run's folder; raises FileNotFoundError where it is not complete."""
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    cohort = pq.read_table(path / "cohort.parquet")
    filled = _count_filled(cohort)
    centers = {
        name: _read_center(name, told, filled.get(name, {}))
        for name, told in sorted(manifest["centers"].items())
    }
    lineage = path / "lineage.parquet"
    return RunFolder(
        path=path,
        run=str(manifest["run"]),
        study=str(manifest.get("study") or "the study"),
        state=str(manifest["state"]),
        as_of=str(manifest["as_of"]),
        engine=str(manifest["engine"]),
        is_synthetic=bool(manifest["synthetic"]),
        key_origin=str(manifest["pseudonym_key"]),
        centers=centers,
        balance={name: int(count) for name, count in manifest["balance"].items()},
        cohort=cohort,
        findings=pq.read_table(path / "findings.parquet").select(FINDINGS.names).cast(FINDINGS),
        quarantine=pq.read_table(path / "quarantine.parquet"),
        lineage=pq.read_table(lineage) if lineage.is_file() else LINEAGE.empty_table(),
    )


def _count_filled(cohort: pa.Table) -> dict[str, dict[str, int]]:
    """center -> field -> patients of the cohort with a value; "" -> all its patients."""
    names = [name for name in cohort.schema.names if name != "center"]
    counted = cohort.group_by("center").aggregate(
        [([], "count_all"), *((name, "count") for name in names)]
    )
    return {
        row["center"]: {"": row["count_all"], **{name: row[f"{name}_count"] for name in names}}
        for row in counted.to_pylist()
    }


def _read_center(name: str, told: Mapping[str, object], filled: Mapping[str, int]) -> CenterRun:
    tables = told.get("tables") or {}
    columns = told.get("columns") or {}
    fields = told.get("fields") or {}
    assert isinstance(tables, dict) and isinstance(columns, dict) and isinstance(fields, dict)
    first = told.get("first") or next(iter(tables), None)
    counted = tables.get(first, {})
    return CenterRun(
        name=name,
        title=str(told.get("title") or name),
        state=told["state"],  # type: ignore[arg-type]
        cause=str(told["cause"]) if told.get("cause") else None,
        errors=tuple(told.get("error") or ()),  # type: ignore[arg-type]
        fields={name: _fill(given, name, filled) for name, given in fields.items()},
        rows={side: int(counted.get(side, 0)) for side in ("delivered", *SIDES)},
        filled=sum(int(c["filled"]) for table in columns.values() for c in table.values()),
        patients=int(told.get("patients") or 0),  # type: ignore[call-overload]
    )


def _fill(given: Fill, field: str, filled: Mapping[str, int]) -> Fill:
    """The manifest counts what the center gave; here counts what came into the cohort."""
    if field not in filled:
        return given
    return {**given, "filled": filled[field], "of": filled[""]}
