"""Nine centers into one cohort: who is the same person, the schema's last word, one Parquet file.

Centers' patients pass in batches, as the center step wrote them, so that memory does not grow with
them. Two centers that treated the same person are told apart from two persons by the study's linkage
rule; one record stays, the other is merged into it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from onecohort.center import FINDINGS, LINEAGE, PATIENTS, QUARANTINE
from onecohort.center_summary import CenterSummary
from onecohort.errors import Mistake, StudyError
from onecohort.findings import SCHEMA as FINDINGS_SCHEMA
from onecohort.findings import Findings, Severity
from onecohort.harmonize import ROW
from onecohort.lineage import SCHEMA as LINEAGE_SCHEMA
from onecohort.lineage import lineage_rows
from onecohort.linkage import link
from onecohort.quarantine import SCHEMA as QUARANTINE_SCHEMA
from onecohort.repeats import Hashes, hash_texts, repeated_hashes
from onecohort.rows import Index
from onecohort.rules.coded import Mask
from onecohort.schema import CohortSchema
from onecohort.study import Study
from onecohort.validate import to_frame
from onecohort.version import engine_version

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas

ROWS_PER_GROUP = 131_072
COHORT = "cohort.parquet"


@dataclass(frozen=True)
class Pooled:
    """What the pool did: rows in the cohort, and what it did not take of each center."""

    rows: int
    merged: dict[str, "Untaken"]
    quarantined: dict[str, "Untaken"]


@dataclass(frozen=True)
class Untaken:
    """Patients of a center, and their rows in each of its tables."""

    patients: int
    rows: Mapping[str, int]


def pool(study: Study, summaries: Sequence[CenterSummary], folder: Path) -> Pooled:
    """Write cohort, findings, quarantine and lineage of the centers that are done into a run's folder."""
    done = [summary for summary in summaries if summary.state != "failed"]
    patients = [_open_patients(summary) for summary in done]
    findings = {summary.center: Findings(summary.center) for summary in done}
    keep = link(study.schema, done, patients, findings)
    refused: list[dict[str, object]] = []
    untaken: dict[str, tuple[Untaken, Untaken]] = {}
    sound = _are_sound(study.schema, patients, keep)
    lineage = _lineage_writer(folder / LINEAGE)
    with _cohort_writer(study, done, folder / COHORT) as writer:
        rows = 0
        for summary, table, mask in zip(done, patients, keep, strict=True):
            hashes, bad = [np.zeros(0, np.uint64)], [pa.array([], pa.string())]
            for batch in _batches(summary, mask):
                ids = batch.column("patient_id").combine_chunks()
                hashes.append(hash_texts(ids))
                fine = np.ones(len(batch), bool)
                if not sound:
                    fine = _validate(
                        study.schema, batch, summary, findings[summary.center], refused
                    )
                good = batch if fine.all() else batch.filter(pa.array(fine))
                bad.append(ids.filter(pa.array(~fine)))
                writer.write_table(_published(study.schema, good), row_group_size=ROWS_PER_GROUP)
                lineage.write_table(_first_lineage(summary, good))
                rows += len(good)
            _check_unique(summary, table, mask, np.concatenate(hashes))
            merged = table.column("patient_id").filter(pa.array(~mask)).combine_chunks()
            further = pq.read_table(Path(summary.folder) / LINEAGE)
            untaken[summary.center] = (
                _untaken(summary, further, merged),
                _untaken(summary, further, pa.concat_arrays(bad)),
            )
            gone = pa.concat_arrays([merged, *bad])
            lineage.write_table(_without(further, gone))
    lineage.close()
    _write_findings(done, findings, folder)
    _write_quarantine(done, refused, folder)
    return Pooled(
        rows,
        {center: merged for center, (merged, _) in untaken.items()},
        {center: bad for center, (_, bad) in untaken.items()},
    )


def _open_patients(summary: CenterSummary) -> pa.Table:
    """All patients of a center, mapped: what is not looked at is not read."""
    path = Path(summary.folder) / PATIENTS
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _batches(summary: CenterSummary, mask: Mask) -> Iterator[pa.Table]:
    """The patients of a center that stay.

    Read, not mapped: the pages of a mapped file count as memory until the last batch.
    """
    with pa.OSFile(str(Path(summary.folder) / PATIENTS)) as file:
        reader = pa.ipc.open_file(file)
        start = 0
        for number in range(reader.num_record_batches):
            batch = pa.Table.from_batches([reader.get_batch(number)])
            kept = mask[start : start + len(batch)]
            start += len(batch)
            yield batch if kept.all() else batch.filter(pa.array(kept))


# --- the schema's last word ----------------------------------------------------------------------


def _are_sound(schema: CohortSchema, patients: Sequence[pa.Table], keep: Sequence[Mask]) -> bool:
    """Whether pandera lets all patients through, where they are few enough to be asked about at once.

    To validate nine centers of a dozen patients one by one costs nine times as much.
    """
    if sum(int(mask.sum()) for mask in keep) > ROWS_PER_GROUP:
        return False
    tables = [
        table.filter(pa.array(mask))
        for table, mask in zip(patients, keep, strict=True)
        if len(table)
    ]
    return not tables or not _failing_rows(schema, pa.concat_tables(tables))


def _validate(
    schema: CohortSchema,
    batch: pa.Table,
    summary: CenterSummary,
    findings: Findings,
    refused: list[dict[str, object]],
) -> Mask:
    """(p,) True for the patients that pandera lets through; the others are refused with a finding each."""
    failing = _failing_rows(schema, batch)
    export, sheet = summary.first_export
    bad = np.zeros(len(batch), bool)
    for check, rows in failing.items():
        bad[rows] = True
        numbers = batch.column(ROW).take(pa.array(rows)).combine_chunks()
        message = f"the pooled row does not meet the schema: {check}"
        findings.add(
            check="schema.violated",
            severity=Severity.ERROR,
            rows=numbers,
            export=export,
            sheet=sheet,
            message=message,
            hint="the schema and its rules disagree; please report it with this mapping",
        )
        refused += [
            {
                "center": summary.center, "export": export, "sheet": sheet, "row": row,
                "check": "schema.violated", "reason": message,
                "cells": json.dumps(batch.slice(int(n), 1).to_pylist()[0], default=str),
            }
            for n, row in zip(rows.tolist(), numbers.to_pylist(), strict=True)
        ]  # fmt: skip
    return ~bad


def _failing_rows(schema: CohortSchema, patients: pa.Table) -> dict[str, Index]:
    """Check -> rows that may not be published for it.

    A cross-field check that costs nothing, or values that are withdrawn already, keeps nobody out.
    Raises StudyError where pandera refuses the whole frame: that is the schema's mistake.
    """
    import pandera.errors

    frame = to_frame({name: patients.column(name) for name in schema.fields}, schema.fields)
    try:
        schema.model.to_schema().validate(frame, lazy=True, inplace=True)
    except pandera.errors.SchemaErrors as errors:
        return _read_failures(errors, schema, len(frame))
    return {}


def _read_failures(
    errors: "pandera.errors.SchemaErrors", schema: CohortSchema, count: int
) -> dict[str, Index]:
    found: dict[str, Index] = {}
    for error in errors.schema_errors:
        check = error.check
        name = str(getattr(check, "name", None) or check)
        policy = schema.policies.get(name)
        if policy is not None and policy.costs != "row":
            continue
        output = error.check_output
        if output is not None and len(output) == count:
            rows = np.flatnonzero(~np.asarray(output, bool))
        else:
            cases: pd.DataFrame = error.failure_cases
            rows = np.unique(np.asarray(cases["index"].dropna(), np.int64))
            if not len(rows):
                what = f"pandera refuses the cohort as a whole: {error.reason_code}: {name}"
                raise StudyError(Mistake("schemas/cohort.py", what))
        column = getattr(error.schema, "name", None)
        found[f"{column}: {name}" if column else name] = rows
    return found


def _check_unique(summary: CenterSummary, table: pa.Table, mask: Mask, hashes: Hashes) -> None:
    """No patient may come twice; repeated keys are decided about in the center step.

    hashes    of the patients that stay
    """
    repeated = repeated_hashes(hashes)
    if not len(repeated):
        return
    ids = table.column("patient_id").filter(pa.array(mask)).combine_chunks()
    candidates = ids.filter(pa.array(np.isin(hashes, repeated)))
    if len(candidates) != len(pc.unique(candidates)):
        raise AssertionError(f"{summary.center}: a patient_id stands twice in the pool")


# --- files ------------------------------------------------------------------------------------------


def cohort_schema(study: Study, done: Sequence[CenterSummary]) -> pa.Schema:
    """Arrow schema of the cohort; its metadata say what each column is and what it was made from."""
    fields = []
    for spec in study.schema.published:
        told = {"title": spec.title, "description": spec.description, "privacy": spec.privacy}
        if spec.unit:
            told["unit"] = spec.unit
        if spec.vocabulary:
            told["terms"] = ", ".join(spec.codes)
        fields.append(pa.field(spec.name, spec.arrow_type, metadata=told))
    inputs = sorted(
        {
            f"{export} {sha256}"
            for summary in done
            for item in summary.inputs
            for export, sha256 in ((item["export"], item["sha256"]), *_beside(item))
        }
    )
    metadata = {
        "study": study.title,
        "as_of": study.as_of.isoformat(),
        "synthetic": "yes" if study.synthetic else "no",
        "engine": f"onecohort {engine_version()}",
        "schema_sha256": study.schema_sha256,
        "mappings": json.dumps({s.center: s.mapping_sha256 for s in done}, sort_keys=True),
        "inputs": json.dumps(inputs),
    }
    return pa.schema(fields, metadata=metadata)


def _beside(item: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    beside = item["beside"]
    assert isinstance(beside, dict)
    return beside.items()


def _cohort_writer(study: Study, done: Sequence[CenterSummary], path: Path) -> pq.ParquetWriter:
    schema = cohort_schema(study, done)
    repeating = [name for name in schema.names if name != "patient_id"]
    return pq.ParquetWriter(path, schema, compression="snappy", use_dictionary=repeating)


def _lineage_writer(path: Path) -> pq.ParquetWriter:
    """Names repeat, rows and ids go on from one another: stored so, the file is a fortieth."""
    return pq.ParquetWriter(
        path,
        LINEAGE_SCHEMA,
        use_dictionary=["center", "table", "export", "sheet"],
        column_encoding={"patient_id": "DELTA_BYTE_ARRAY", "row": "DELTA_BINARY_PACKED"},
    )


def _published(schema: CohortSchema, batch: pa.Table) -> pa.Table:
    return batch.select([spec.name for spec in schema.published])


def _first_lineage(summary: CenterSummary, batch: pa.Table) -> pa.Table:
    export, sheet = summary.first_export
    ids = batch.column("patient_id").combine_chunks()
    return lineage_rows(
        summary.center, ids, summary.first, export, sheet, batch.column(ROW).combine_chunks()
    )


def _untaken(summary: CenterSummary, further: pa.Table, ids: pa.Array) -> Untaken:
    """Some patients of a center with all their rows.

    further    the center's rows behind patients, but for the one in the first table that each has
    """
    theirs = further.filter(pc.is_in(further.column("patient_id"), value_set=ids))
    rows = Counter({summary.first: len(ids)})
    for counted in pc.value_counts(theirs.column("table").combine_chunks()).to_pylist():
        rows[counted["values"]] += counted["counts"]
    return Untaken(len(ids), rows)


def _without(lineage: pa.Table, gone: pa.Array) -> pa.Table:
    if not len(gone):
        return lineage
    return lineage.filter(pc.invert(pc.is_in(lineage.column("patient_id"), value_set=gone)))


def _write_findings(
    done: Sequence[CenterSummary], added: dict[str, Findings], folder: Path
) -> None:
    tables = [FINDINGS_SCHEMA.empty_table()]
    for summary in done:
        tables += [pq.read_table(Path(summary.folder) / FINDINGS), added[summary.center].table()]
    pq.write_table(pa.concat_tables(tables), folder / FINDINGS)


def _write_quarantine(
    done: Sequence[CenterSummary], refused: list[dict[str, object]], folder: Path
) -> None:
    tables = [pq.read_table(Path(summary.folder) / QUARANTINE) for summary in done]
    tables.append(pa.Table.from_pylist(refused, schema=QUARANTINE_SCHEMA))
    pq.write_table(pa.concat_tables(tables), folder / QUARANTINE)
