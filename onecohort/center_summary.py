"""What a center's step tells of itself: small, and without any patient."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import pyarrow as pa

SUMMARY = "summary.json"
State = Literal["done", "cached", "failed"]
Json = dict[str, object]


@dataclass(frozen=True)
class CenterSummary:
    """What a run tells of a center: counts, names and hashes, never a patient.

    key      hash over everything that decides the result; the same key, the same result
    cause    of a failed center: "mapping", "export", "engine"; "unreachable" where its files could not be
             read for now; "timeout" or "crash" where its process was lost
    """

    center: str
    title: str
    state: State
    folder: str
    key: str = ""
    cause: str | None = None
    error: tuple[Mapping[str, str], ...] = ()
    mapping_sha256: str = ""
    inputs: tuple[Json, ...] = ()
    first: str = ""
    tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    columns: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    fields: Mapping[str, Json] = field(default_factory=dict)
    findings: Mapping[str, int] = field(default_factory=dict)
    patients: int = 0
    seconds: float = 0.0

    @property
    def first_export(self) -> tuple[str, str | None]:
        """Export and sheet of the first table."""
        item = next(item for item in self.inputs if item["table"] == self.first)
        sheet = item["sheet"]
        return str(item["export"]), str(sheet) if sheet is not None else None


def read_summary(folder: Path, *, state: State | None = None) -> CenterSummary:
    """Read back what `run_center` wrote."""
    told = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    told["folder"] = str(folder)
    if state is not None:
        told["state"] = state
    return summary_from_json(told)


def summary_from_json(told: Mapping[str, object]) -> CenterSummary:
    """A summary that went through JSON, which knows no tuples."""
    fields = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
    }
    return CenterSummary(**cast("dict[str, Any]", fields))


def count_severities(findings: pa.Table) -> dict[str, int]:
    """Number of findings of each severity."""
    column = findings.column("severity")
    counted = {item["values"]: item["counts"] for item in column.value_counts().to_pylist()}
    return {name: int(counted.get(name, 0)) for name in ("error", "warning", "note")}
