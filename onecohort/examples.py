"""A mapping's own examples: rows as the center would send them, and what must come out of them.

They run through the same `harmonize` as a delivery does. Only what an example leaves out is forgiven:
a column that it does not give is blank, and a required field that it does not fill keeps nobody out.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa

from onecohort.exports.table import MemoryTable
from onecohort.harmonize import ROW, harmonize
from onecohort.mapping.language import ROW_NUMBER, Example
from onecohort.mapping.load import LoadedMapping
from onecohort.mapping.references import Plan, plan_mapping
from onecohort.pseudonym import PseudonymKey
from onecohort.rules.coded import fold
from onecohort.rules.convert import NO, YES
from onecohort.schema import CohortSchema, Field

KEY = PseudonymKey(b"examples", "demonstration")
UNNAMED = "example"  # with its number, the key of rows that an example gives without one
Outcome = tuple[dict[str, object], list[dict[str, object]]]  # a patient, and findings


@dataclass(frozen=True)
class Difference:
    """One expectation of an example that does not hold.

    number      of the example in the mapping, from 1
    got         the text of the value that came out; "" for none
    where       `center_mappings/brenta.yaml:31:7`, the expectation's place
    why         what the run found about the field, if anything
    """

    number: int
    field: str
    expected: str
    got: str
    where: str
    why: str = ""

    @property
    def line(self) -> int:
        """Line of the expectation in the mapping."""
        return int(self.where.rsplit(":", 2)[1])

    def __str__(self) -> str:
        """The difference as `onecohort check` shows it."""
        wanted, got = self.expected or "nothing", self.got or "nothing"
        told = f"{self.where}  example {self.number}: {self.field} should be {wanted}, but is {got}"
        return f"{told}\n    {self.why}" if self.why else told


def run_examples(
    loaded: LoadedMapping, schema: CohortSchema, *, as_of: date
) -> tuple[Difference, ...]:
    """Run all examples of a mapping; returns what does not come out as expected.

    Raises StudyError where the mapping cannot be carried out at all.
    """
    plan = plan_mapping(loaded, schema)
    lenient = forgive(schema)
    found: list[Difference] = []
    for number, (example, came) in enumerate(_outcomes(loaded, lenient, plan, as_of)):
        patient, findings = came
        for name, expected in example.expect.items():
            field = schema.fields[name]
            got = render(patient.get(name))
            if same_value(expected, got, field):
                continue
            where = loaded.where("examples", number, "expect", name)
            why = "; ".join(
                dict.fromkeys(_told(f) for f in findings if _concerns(f, name, patient))
            )
            found.append(Difference(number + 1, name, expected, got, where, why))
    return tuple(found)


def render(value: object) -> str:
    """A value as an example writes it: ISO date, decimal point, true or false; "" for none.

    >>> render(None), render(True), render(9.8), render(3.0), render(date(2015, 3, 2))
    ('', 'true', '9.8', '3', '2015-03-02')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)


def same_value(expected: str, got: str, field: Field) -> bool:
    """Whether two texts are one value of a field: `8.90` is `8.9`, `yes` is `true`."""
    if expected == got:
        return True
    if not expected or not got:
        return False
    if field.kind in ("integer", "number"):
        try:
            return math.isclose(float(expected), float(got), rel_tol=1e-9)
        except ValueError:
            return False
    if field.kind == "boolean":
        return fold(expected) in (YES if got == "true" else NO)
    return False


def _outcomes(
    loaded: LoadedMapping, schema: CohortSchema, plan: Plan, as_of: date
) -> Iterator[tuple[Example, Outcome]]:
    """Each example with what came of it; all in one run where they cannot meet each other."""
    examples = loaded.mapping.examples
    if examples and _apart(loaded):
        yield from zip(examples, _harmonized(examples, loaded, schema, plan, as_of), strict=True)
        return
    for example in examples:
        yield example, _harmonized([example], loaded, schema, plan, as_of)[0]


def _apart(loaded: LoadedMapping) -> bool:
    """Whether no two examples share a key, and nothing in the mapping goes by the number of a row."""
    mapping = loaded.mapping
    by_row = any(correction.row is not None for correction in mapping.corrections)
    if by_row or any(ROW_NUMBER in table.key for table in mapping.tables.values()):
        return False
    seen: set[str] = set()
    for example in mapping.examples:
        own = {
            fold(row[key]).lstrip("0")
            for name, given in example.given.items()
            for row in _listed(given)
            for key in mapping.tables[name].key
            if key in row
        }
        if own & seen:
            return False
        seen |= own
    return True


def _harmonized(
    examples: Sequence[Example],
    loaded: LoadedMapping,
    schema: CohortSchema,
    plan: Plan,
    as_of: date,
) -> list[Outcome]:
    """Of each example the patient of its first row and its findings; no patient where none came out."""
    received: list[pa.Table] = []
    tables = {name: _table(name, examples, loaded, plan) for name in plan.columns}
    result = harmonize(
        loaded,
        {name: table for name, (table, _) in tables.items()},
        schema,
        as_of=as_of,
        key=KEY,
        sink=received.append,
        restart=received.clear,
    )
    patients = sorted(
        (patient for table in received for patient in table.to_pylist()),
        key=lambda patient: patient[ROW],
    )
    findings = result.findings.to_pylist()
    owners = {(name, row): n for name, (_, of_row) in tables.items() for row, n in of_row.items()}
    outcomes = []
    for number in range(len(examples)):
        mine = [one for one in patients if owners[plan.first, one[ROW]] == number]
        # What is said of no row of theirs may be about any of them.
        said = [
            finding
            for finding in findings
            if owners.get((finding["sheet"], finding["row"]), number) == number
        ]
        outcomes.append((mine[0] if mine else {}, said))
    return outcomes


def _listed(given: Mapping[str, str] | Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    return [given] if isinstance(given, Mapping) else list(given)


def _table(
    name: str, examples: Sequence[Example], loaded: LoadedMapping, plan: Plan
) -> tuple[MemoryTable, dict[int, int]]:
    """One table of all examples, and for each row the number of the example that gives it."""
    keys = [key for key in loaded.mapping.tables[name].key if key != ROW_NUMBER]
    rows: list[dict[str, str]] = []
    of_row: dict[int, int] = {}
    for number, example in enumerate(examples):
        for given in _listed(example.given.get(name, ())):
            of_row[len(rows) + 2] = number
            rows.append(dict.fromkeys(keys, f"{UNNAMED} {number + 1}") | dict(given))
    columns = dict.fromkeys((*plan.in_file[name], *(column for row in rows for column in row)))
    columns.pop(ROW_NUMBER, None)
    cells = pa.RecordBatch.from_arrays(
        [pa.array([row.get(column, "") for row in rows], pa.string()) for column in columns],
        names=list(columns),
    )
    numbers = pa.array(range(2, len(rows) + 2), pa.int64())
    return MemoryTable("example", name, numbers, cells), of_row


def forgive(schema: CohortSchema) -> CohortSchema:
    """The schema with no field required and no check that costs a row."""
    fields = {name: replace(field, required=False) for name, field in schema.fields.items()}
    policies = {
        check: replace(policy, costs="nothing") if policy.costs == "row" else policy
        for check, policy in schema.policies.items()
    }
    return replace(schema, fields=fields, policies=policies)


def _concerns(finding: Mapping[str, object], name: str, patient: Mapping[str, object]) -> bool:
    if not patient:
        return finding["severity"] == "error"
    return finding["field"] == name


def _told(finding: Mapping[str, object]) -> str:
    place = f"{finding['raw']!r} in {finding['column']!r} " if finding["raw"] else ""
    return f"{place}{finding['message']}"
