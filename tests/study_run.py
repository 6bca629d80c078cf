"""One center of a study, harmonized from its files, for tests that change a mapping first."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from onecohort.delivery import find_inputs, open_tables
from onecohort.harmonize import harmonize
from onecohort.mapping.load import LoadedMapping
from onecohort.pseudonym import PseudonymKey
from onecohort.study import Study

KEY = PseudonymKey(b"study", "demonstration")


@dataclass(frozen=True)
class Found:
    """The center's patients, as a table and one by one, and its findings."""

    table: pa.Table
    findings_table: pa.Table

    @property
    def patients(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows

    @property
    def findings(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.findings_table.to_pylist()
        return rows


def harmonize_files(study: Study, loaded: LoadedMapping) -> Found:
    """Harmonize a center by a mapping at hand."""
    tables = open_tables(loaded, find_inputs(loaded, study.exports), study.exports)
    received: list[pa.Table] = []
    found = harmonize(
        loaded, tables, study.schema, as_of=study.as_of, key=KEY,
        sink=received.append, restart=received.clear,
    )  # fmt: skip
    return Found(pa.concat_tables(received), found.findings)
