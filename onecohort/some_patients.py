"""The rows of some patients, taken out of a center's tables whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from onecohort.coverage import check_layout
from onecohort.exports.table import MemoryTable, Table, whole_table
from onecohort.findings import Findings
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.references import plan_mapping
from onecohort.prepare import rows_of_file
from onecohort.pseudonym import PseudonymKey
from onecohort.study import Study


@dataclass(frozen=True)
class Narrowed:
    """Some patients' rows of one table, with the key of each row."""

    table: MemoryTable
    keys: pa.Array


def narrow(
    loaded: LoadedMapping,
    tables: Mapping[str, Table],
    columns: Mapping[str, Sequence[str]],
    study: Study,
    key: PseudonymKey,
    patient: str | None,
    most: int | None,
) -> tuple[dict[str, Narrowed], list[str]]:
    """The rows of the patients asked for, in each table; and their keys."""
    check_layout(loaded, tables, plan_mapping(loaded, study.schema))
    found: dict[str, Narrowed] = {}
    wanted: list[str] = []
    for name, table in tables.items():
        batch = whole_table(table)
        rows = rows_of_file(
            batch,
            table,
            name,
            loaded.mapping.tables[name],
            columns=columns[name],
            corrections={
                number: correction
                for number, correction in enumerate(loaded.mapping.corrections)
                if (correction.table or next(iter(tables))) == name
            },
            seen=set(),
            findings=Findings(loaded.center),
        )
        if not found:
            wanted = _asked_for(rows.keys, loaded.center, key, patient, most)
        hit = pc.is_in(rows.keys, value_set=pa.array(wanted, pa.string()))
        memory = MemoryTable(
            table.export,
            table.sheet,
            batch.rows.filter(hit),
            batch.cells.filter(hit),
            user_missing=table.user_missing,
            value_labels=table.value_labels,
        )
        found[name] = Narrowed(memory, rows.keys.filter(hit))
    return found, wanted


def only(narrowed: Mapping[str, Narrowed], patient: str) -> dict[str, Table]:
    """The tables with one patient's rows."""
    found: dict[str, Table] = {}
    for name, part in narrowed.items():
        hit = pc.equal(part.keys, patient)
        table = part.table
        found[name] = MemoryTable(
            table.export,
            table.sheet,
            table.rows.filter(hit),
            table.cells.filter(hit),
            user_missing=table.user_missing,
            value_labels=table.value_labels,
        )
    return found


def _asked_for(
    keys: pa.Array, center: str, key: PseudonymKey, patient: str | None, most: int | None
) -> list[str]:
    distinct = pc.unique(keys)
    distinct = distinct.filter(pc.not_equal(distinct, ""))
    if patient is not None:
        pseudonyms = key.hash_keys(distinct, center)
        hit = pc.or_(pc.equal(distinct, patient), pc.equal(pseudonyms, patient))
        distinct = distinct.filter(hit)
    listed: list[str] = distinct.to_pylist()
    return listed[:most] if most is not None else listed
