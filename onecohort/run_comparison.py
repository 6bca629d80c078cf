"""Two runs side by side: whose patients came, went or changed, and why a center was done again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onecohort.manifest import Json, read_manifest

COHORT = "cohort.parquet"


@dataclass(frozen=True)
class CenterChange:
    """What became of a center from an old run to a new one.

    patients, findings   of the old run and of the new one; findings that ask for a person
    new, gone, changed   patients
    because              what the center was made from that differs
    """

    center: str
    patients: tuple[int, int]
    new: int
    gone: int
    changed: int
    findings: tuple[int, int]
    because: tuple[str, ...]


def compare(old: Path, new: Path) -> list[CenterChange]:
    """One `CenterChange` per center of either run, by name."""
    before, after = read_manifest(old), read_manifest(new)
    moved = _count_patients(pq.read_table(old / COHORT), pq.read_table(new / COHORT))
    there, here = _centers(before), _centers(after)
    shared = [
        name
        for name, key in (("schema", "schema_sha256"), ("engine", "engine"), ("as_of", "as_of"))
        if before.get(key) != after.get(key)
    ]
    return [
        CenterChange(
            center,
            (_patients(there.get(center)), _patients(here.get(center))),
            *moved.get(center, (0, 0, 0)),
            (_needs(there.get(center)), _needs(here.get(center))),
            (*_because(there.get(center), here.get(center)), *shared),
        )
        for center in sorted(there.keys() | here.keys())
    ]


def _count_patients(old: pa.Table, new: pa.Table) -> dict[str, tuple[int, int, int]]:
    """Center -> (new, gone, changed) patients; changed are those with any other value."""
    both = [name for name in new.column_names if name in old.column_names]
    keys = ["center", "patient_id"]
    arrived = new.select(keys).join(old.select(keys), keys, join_type="left anti")
    gone = old.select(keys).join(new.select(keys), keys, join_type="left anti")
    # A null never equals a null in a join, so a whole row is one text.
    rows = [
        pa.table(
            {**{key: table.column(key) for key in keys}, "row": _row_texts(table.select(both))}
        )
        for table in (old, new)
    ]
    paired = rows[1].join(rows[0], keys, join_type="inner", right_suffix="_old")
    changed = paired.filter(pc.not_equal(paired.column("row"), paired.column("row_old")))
    counts = [_by_center(table) for table in (arrived, gone, changed)]
    centers = {center for count in counts for center in count}
    return {
        center: (counts[0].get(center, 0), counts[1].get(center, 0), counts[2].get(center, 0))
        for center in centers
    }


def _row_texts(table: pa.Table) -> pa.Array:
    columns = [column.cast(pa.string()) for column in table.columns]
    return pc.binary_join_element_wise(
        *columns, "\x1f", null_handling="replace", null_replacement="\x00"
    )


def _by_center(table: pa.Table) -> dict[str, int]:
    return {
        item["values"]: item["counts"] for item in table.column("center").value_counts().to_pylist()
    }


def _centers(manifest: Json) -> Mapping[str, Json]:
    told = manifest["centers"]
    assert isinstance(told, dict)
    return told


def _patients(told: Json | None) -> int:
    return int(str(told["patients"])) if told else 0


def _needs(told: Json | None) -> int:
    counts = told["findings"] if told else {}
    assert isinstance(counts, dict)
    return sum(int(counts.get(severity, 0)) for severity in ("error", "warning"))


def _because(old: Json | None, new: Json | None) -> list[str]:
    if old is None or new is None:
        return ["a new center" if old is None else "no mapping any more"]
    states = (old["state"] == "failed", new["state"] == "failed")
    if any(states):
        told = {(False, True): "failed now", (True, False): "failed before", (True, True): "failed"}
        return [told[states]]
    return [
        name
        for name, same in (
            ("delivery", _hashes(old) == _hashes(new)),
            ("mapping", old["mapping_sha256"] == new["mapping_sha256"]),
        )
        if not same
    ]


def _hashes(told: Json) -> list[tuple[str, str]]:
    inputs = told["inputs"]
    assert isinstance(inputs, list)
    return sorted((str(item["table"]), str(item["sha256"])) for item in inputs)
