"""A small cohort and a center of a few rows, for tests that say what one word of a mapping does."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import ModuleType
from typing import Any

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
from pandera.typing import Series

from onecohort.exports.table import ROWS_PER_BATCH, Fault, MemoryTable
from onecohort.harmonize import Harmonized, harmonize
from onecohort.mapping.load import LoadedMapping, parse_mapping
from onecohort.pseudonym import PseudonymKey
from onecohort.schema import CohortSchema, Policy, read_schema

AS_OF = date(2021, 6, 30)
KEY = PseudonymKey(b"test", "demonstration")
Cells = Mapping[str, str | None]
Patient = dict[str, Any]


@dataclass(frozen=True)
class SmallTerm:
    code: str
    en: tuple[str, ...] = ()
    it: tuple[str, ...] = ()
    definition: str = ""
    source: str = ""


VOCABULARIES = {
    "sex": (SmallTerm("male", ("man",), ("maschio",)), SmallTerm("female", (), ("femmina",))),
    "response": tuple(SmallTerm(code) for code in ("CR", "CRi", "PR", "SD", "PD")),
}


def _field(kind: str, **more: Any) -> Any:
    declared = {
        "title": kind, "description": kind, "kind": kind, "unit": None, "vocabulary": None,
        "required": False, "privacy": "clinical", "synonyms": {"en": [], "it": []},
        "plausible": None, "possible": None, "published": True, "derived": False,
    } | more  # fmt: skip
    return pandera.Field(nullable=not declared["required"], metadata=declared)


class Cohort(pandera.DataFrameModel):
    center: Series[str] = _field("text")
    patient_id: Series[str] = _field("identifier")
    sex: Series[str] = _field("term", vocabulary="sex")
    response: Series[str] = _field("term", vocabulary="response")
    birth_date: Series[pd.Timestamp] = _field("date")
    start_date: Series[pd.Timestamp] = _field("date")
    start_date_precision: Series[str] = _field("text")
    death_date: Series[pd.Timestamp] = _field("date")
    age_years: Series[pd.Int64Dtype] = _field("integer", unit="a", possible=(0, 120))
    hemoglobin_g_dl: Series[float] = _field(
        "number", unit="g/dL", possible=(1, 30), plausible=(4, 18)
    )
    wbc_10e9_l: Series[float] = _field("number", unit="10*9/L")
    blasts_pct: Series[float] = _field("number", unit="%", possible=(0, 100))
    creatinine_mg_dl: Series[float] = _field("number", unit="mg/dL")
    cycles: Series[pd.Int64Dtype] = _field("integer", possible=(0, 60))
    is_treated: Series[pd.BooleanDtype] = _field("boolean")
    note: Series[str] = _field("text")
    person: Series[str] = _field("identifier", privacy="identifier", published=False)
    survival_days: Series[pd.Int64Dtype] = _field("integer", derived=True, possible=(0, 20000))

    @pandera.dataframe_check(n_failure_cases=5)
    def start_before_death(cls, frame: pd.DataFrame) -> pd.Series:
        return ~(frame["death_date"] < frame["start_date"])


def _survival_days(frame: pd.DataFrame) -> pd.Series:
    return (frame["death_date"] - frame["start_date"]).dt.days.astype("Int64")


def _module(**names: object) -> ModuleType:
    module = ModuleType("small")
    vars(module).update(names)
    return module


POLICY = Policy(
    "start_before_death", "Death is not before the start", "plausibility", "temporal", "warning",
    ("death_date", "start_date"), ("death_date",), 0.0,
)  # fmt: skip
SCHEMA = read_schema(
    _module(Cohort=Cohort, DERIVATIONS={"survival_days": _survival_days}),
    _module(VOCABULARIES=VOCABULARIES),
    [POLICY],
)


def require(*names: str, schema: CohortSchema = SCHEMA) -> CohortSchema:
    """The schema with some fields required."""
    changed = {name: replace(schema.fields[name], required=True) for name in names}
    return replace(schema, fields={**schema.fields, **changed})


@dataclass(frozen=True)
class Outcome:
    """What became of a few rows."""

    patients: list[Patient]
    findings: list[dict[str, Any]]
    harmonized: Harmonized
    loaded: LoadedMapping

    def column(self, name: str) -> list[Any]:
        """A field of all patients, in their order."""
        return [patient[name] for patient in self.patients]

    def of(self, patient_id: str) -> Patient:
        """One patient."""
        (found,) = [one for one in self.patients if one["patient_id"] == patient_id]
        return found

    @property
    def checks(self) -> list[str]:
        """The checks of all findings, in their order."""
        return [finding["check"] for finding in self.findings]

    def finding(self, check: str) -> dict[str, Any]:
        """The one finding of a check."""
        (found,) = [one for one in self.findings if one["check"] == check]
        return found

    def count(self, check: str) -> int:
        """How many findings a check has."""
        return self.checks.count(check)


def mapping_of(fields: str, *, table: str = "", more: str = "", tables: str = "") -> LoadedMapping:
    """A mapping with a first table `t` (key `id`) and these fields, as typed in a file."""
    parts = [
        "center: test",
        "title: Test",
        "tables:",
        f"  t: {{ files: t.csv, key: id{', ' + table if table else ''} }}"
        if "key:" not in table
        else f"  t: {{ files: t.csv, {table} }}",
        textwrap.indent(textwrap.dedent(tables).strip("\n"), "  "),
        "fields:" if fields.strip() else "fields: {}",
        textwrap.indent(textwrap.dedent(fields).strip("\n"), "  "),
        textwrap.dedent(more),
    ]
    return parse_mapping("\n".join(part for part in parts if part.strip()))


def table_of(
    rows: Sequence[Cells],
    *,
    name: str = "t",
    faults: tuple[Fault, ...] = (),
    columns: Sequence[str] = (),
    **more: Any,
) -> MemoryTable:
    """Rows as a reader would give them, numbered as under a header in line 1."""
    columns = list(dict.fromkeys((*columns, *(column for row in rows for column in row))))
    cells = pa.RecordBatch.from_arrays(
        [pa.array([row.get(column) for row in rows], pa.string()) for column in columns],
        names=columns,
    )
    numbers = pa.array(range(2, len(rows) + 2), pa.int64())
    return MemoryTable(f"{name}.csv", None, numbers, cells, faults, **more)


def outcome_of(
    loaded: LoadedMapping,
    rows: Sequence[Cells] | MemoryTable,
    *,
    schema: CohortSchema = SCHEMA,
    batch_rows: int = ROWS_PER_BATCH,
    **others: Sequence[Cells] | MemoryTable,
) -> Outcome:
    """Harmonize a few rows; every balance is checked on the way."""
    tables = {
        name: given if isinstance(given, MemoryTable) else table_of(given, name=name)
        for name, given in {next(iter(loaded.mapping.tables)): rows, **others}.items()
    }
    received: list[pa.Table] = []
    found = harmonize(
        loaded, tables, schema, as_of=AS_OF, key=KEY, batch_rows=batch_rows,
        sink=received.append, restart=received.clear,
    )  # fmt: skip
    patients = [patient for table in received for patient in table.to_pylist()]
    return Outcome(patients, found.findings.to_pylist(), found, loaded)


def cells_of(column: str, *texts: str | None) -> list[Cells]:
    """Rows with the ids 1, 2, … and one column."""
    return [{"id": str(number), column: text} for number, text in enumerate(texts, 1)]


def read(rule: str, *texts: str | None, field: str, table: str = "") -> Outcome:
    """What one rule makes of the texts of the column `x`."""
    return outcome_of(mapping_of(f"{field}: {{ {rule} }}", table=table), cells_of("x", *texts))
