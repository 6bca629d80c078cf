"""The center step of a run: one center's delivery into a folder of its own, whatever happens to it.

A mistake in its mapping, a file that is missing or cannot be read, a changed layout, even a bug of ours
costs this center and no other. What comes back is small and holds no patient: a `CenterSummary`.
"""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from onecohort.center_summary import SUMMARY, CenterSummary, Json, count_severities, read_summary
from onecohort.delivery import Input, find_inputs, open_tables
from onecohort.errors import ExportError, StudyError
from onecohort.exports.table import ROWS_PER_BATCH, Table
from onecohort.harmonize import ROW, Harmonized, harmonize
from onecohort.mapping.check import check_mapping
from onecohort.mapping.load import LoadedMapping
from onecohort.pseudonym import PseudonymKey
from onecohort.study import Study
from onecohort.version import engine_fingerprint

log = logging.getLogger(__name__)

PATIENTS, FINDINGS, QUARANTINE, LINEAGE = (
    "patients.arrow",
    "findings.parquet",
    "quarantine.parquet",
    "lineage.parquet",
)


def run_center(
    study: Study, center: str, store: Path, key: PseudonymKey, *, fresh: bool = False
) -> CenterSummary:
    """Harmonize one center into `store/<center>/<key>/`, or take what stands there already.

    store    folder of all center results
    fresh    do it again even where nothing has changed
    """
    started = time.perf_counter()
    title, mapping_hash = center, ""
    try:
        mapping_hash = _hash_file(study.mapping_path(center))
        loaded = study.load_mapping(center)
        title = loaded.mapping.title
        mistakes = check_mapping(loaded, study.schema)
        if mistakes:
            raise StudyError(*mistakes)
        inputs = find_inputs(loaded, study.exports)
        result = center_key(study, mapping_hash, inputs, key)
        folder = store / center / result
        if (folder / SUMMARY).is_file() and not fresh and _has_files_only(loaded):
            return read_summary(folder, state="cached")
        tables = open_tables(loaded, inputs, study.exports)
        summary = _write(study, loaded, tables, inputs, folder, key, result, mapping_hash, started)
    except StudyError as error:
        cause = _cause(error, study)
        told = tuple(asdict(mistake) for mistake in error.mistakes)
        log.warning("%s failed: %s", center, cause)
    except Exception as error:  # one center's surprise must never cost the other eight
        cause = "engine"
        told = (_bug(error, center),)
        log.exception("%s failed", center)
    else:
        return summary
    return CenterSummary(
        center,
        title,
        "failed",
        "",
        cause=cause,
        error=told,
        mapping_sha256=mapping_hash,
        seconds=time.perf_counter() - started,
    )


def find_center_key(study: Study, center: str, key: PseudonymKey) -> str | None:
    """The key that `run_center` would find now; None where it would fail, or its rows have no files."""
    try:
        mapping_hash = _hash_file(study.mapping_path(center))
        loaded = study.load_mapping(center)
        if not _has_files_only(loaded):
            return None
        return center_key(study, mapping_hash, find_inputs(loaded, study.exports), key)
    except (StudyError, OSError):
        return None


def center_key(study: Study, mapping_sha256: str, inputs: list[Input], key: PseudonymKey) -> str:
    """Hash over all that decides a center's result: files, mapping, schema, engine, key, as_of."""
    parts = [
        engine_fingerprint(),
        study.schema_sha256,
        study.as_of.isoformat(),
        mapping_sha256,
        hashlib.sha256(b"fingerprint\0" + key.secret).hexdigest(),
        *(f"{item.table} {item.export} {item.sha256} {item.beside}" for item in inputs),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _write(
    study: Study,
    loaded: LoadedMapping,
    tables: Mapping[str, Table],
    inputs: list[Input],
    folder: Path,
    key: PseudonymKey,
    result: str,
    mapping_hash: str,
    started: float,
) -> CenterSummary:
    """Harmonize into a neighbour of the folder, then rename: a folder that is there is complete."""
    draft = folder.with_name(f".{folder.name}.{time.time_ns()}")
    draft.mkdir(parents=True)
    try:
        harmonized, seconds = _harmonize_into(draft, study, loaded, tables, key)
        summary = CenterSummary(
            center=loaded.center,
            title=loaded.mapping.title,
            state="done",
            folder=str(folder),
            key=result,
            mapping_sha256=mapping_hash,
            inputs=_inputs(inputs, tables),
            first=next(iter(loaded.mapping.tables)),
            tables={name: asdict(balance) for name, balance in harmonized.tables.items()},
            columns={
                table: {name: asdict(balance) for name, balance in columns.items()}
                for table, columns in harmonized.columns.items()
            },
            fields=_fields(study, loaded, harmonized),
            findings=count_severities(harmonized.findings),
            patients=harmonized.patients,
            seconds=round(time.perf_counter() - started, 3),
        )
        text = json.dumps(asdict(summary), ensure_ascii=False, indent=1, sort_keys=True)
        (draft / SUMMARY).write_text(text + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    log.info(
        "%s: %d patients, %s, %.2f s", loaded.center, summary.patients, summary.findings, seconds
    )
    return summary


def _harmonize_into(
    folder: Path,
    study: Study,
    loaded: LoadedMapping,
    tables: Mapping[str, Table],
    key: PseudonymKey,
) -> tuple[Harmonized, float]:
    started = time.perf_counter()
    sink = _PatientFile(folder / PATIENTS, patient_schema(study))
    try:
        harmonized = harmonize(
            loaded,
            tables,
            study.schema,
            as_of=study.as_of,
            key=key,
            sink=sink.write,
            restart=sink.restart,
            batch_rows=ROWS_PER_BATCH,
        )
    finally:
        sink.close()
    pq.write_table(harmonized.findings, folder / FINDINGS)
    pq.write_table(harmonized.quarantine, folder / QUARANTINE)
    pq.write_table(harmonized.lineage, folder / LINEAGE)
    return harmonized, time.perf_counter() - started


def patient_schema(study: Study) -> pa.Schema:
    """Arrow schema of a center's patients: every field of the cohort's schema, and the row."""
    fields = [(spec.name, spec.arrow_type) for spec in study.schema.fields.values()]
    return pa.schema([*fields, (ROW, pa.int64())])


class _PatientFile:
    """Patients batch by batch in an Arrow file, which the pool maps into memory."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path, self.schema = path, schema
        self.writer = pa.ipc.new_file(str(path), schema)

    def restart(self) -> None:
        """Begin again with an empty file."""
        self.writer.close()
        self.writer = pa.ipc.new_file(str(self.path), self.schema)

    def write(self, table: pa.Table) -> None:
        """Append a batch."""
        self.writer.write_table(table.cast(self.schema))

    def close(self) -> None:
        """Finish the file."""
        self.writer.close()


def _fields(study: Study, loaded: LoadedMapping, harmonized: Harmonized) -> dict[str, Json]:
    """How each field of the cohort stands at this center, for the harmonisation matrix."""
    found: dict[str, Json] = {}
    mapping = loaded.mapping
    for name, spec in study.schema.fields.items():
        if name in mapping.fields or name in ("center", "patient_id"):
            state = "mapped"
        elif name in mapping.unavailable:
            state = "unavailable"
        elif spec.derived or name in study.schema.companions:
            state = "derived"
        else:
            state = "unmapped"
        found[name] = {
            "state": state,
            "reason": mapping.unavailable.get(name),
            "filled": harmonized.filled[name],
            "of": harmonized.patients,
        }
    return found


def _inputs(inputs: list[Input], tables: Mapping[str, Table]) -> tuple[Json, ...]:
    told: list[Json] = []
    hashes = {item.table: item for item in inputs}
    for name, table in tables.items():
        item = hashes.get(name)
        told.append(
            {
                "table": name,
                "export": table.export,
                "sheet": table.sheet,
                "sha256": item.sha256 if item else None,
                "bytes": item.bytes if item else None,
                "beside": dict(item.beside) if item else {},
                "facts": dict(table.facts),
            }
        )
    return tuple(told)


def _has_files_only(loaded: LoadedMapping) -> bool:
    """Whether every table comes from a file; a database's rows cannot be known to be unchanged."""
    return all(rule.files is not None for rule in loaded.mapping.tables.values())


def _hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _cause(error: StudyError, study: Study) -> str:
    """What can pass (a share that is away, a file that is locked) apart from what a person must mend."""
    if not isinstance(error, ExportError):
        return "mapping"
    passing = isinstance(error.__context__, OSError) or not study.exports.is_dir()
    return "unreachable" if passing else "export"


def _bug(error: Exception, center: str) -> dict[str, str]:
    """What a report may say of a bug of ours: its kind and place, not the data in its message."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    place = f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else "?"
    return {
        "where": center,
        "what": f"an error in onecohort itself: {type(error).__name__} at {place}",
        "fix": "the log has the traceback; please report it",
    }
