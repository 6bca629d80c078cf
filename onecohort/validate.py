"""One center's patients against the schema: derived fields, cross-field checks, required values.

The checks are those of the study's pandera model, called one by one: a mask per check, where pandera's
own failure report would copy every column of every failing row. What a failure costs is the study's
policy (`schemas/checks.yaml`). The pooled cohort is validated by pandera as a whole (`onecohort.pool`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from onecohort.findings import Severity
from onecohort.rules.coded import Mask
from onecohort.rules.outcome import Converted, State
from onecohort.rules.ranges import check_range
from onecohort.schema import CohortSchema, Field, Policy

Columns = dict[str, pa.Array]
TEXT = pd.StringDtype(na_value=np.nan)  # what pandas calls "str"


@dataclass(frozen=True)
class Failure:
    """A check that failed for some patients.

    field       the field whose cell is the likely culprit; None where none of them has a cell
    patients    numbers of the patients
    costs_row   whether they cannot enter the cohort for it
    """

    check: str
    severity: Severity
    field: str | None
    patients: npt.NDArray[np.int64]
    message: str
    hint: str
    costs_row: bool


@dataclass(frozen=True)
class Validated:
    """What may enter, who may not, and why.

    columns   every field -> (p,) values, derived fields filled, withdrawn values gone
    out       (p,) True for patients who may not enter
    """

    columns: Columns
    out: Mask
    failures: list[Failure]


def validate(
    given: Columns,
    schema: CohortSchema,
    has_cell: Callable[[str], bool],
    identifiers: Columns | None = None,
) -> Validated:
    """Derive, check, and withdraw what the policies withdraw.

    given         every field of the schema -> (p,) values; a derived field may be given in part
    has_cell      whether a field's values come from cells, so that it can be a culprit
    identifiers   identifier field -> (p,) the raw identifiers, of which `given` has keyed hashes
    """
    columns, frame = _derive(given, schema)
    failures = _outside_range(columns, given, schema)
    out = np.zeros(len(frame), bool)
    withdrawn: dict[str, Mask] = {}
    for policy, failed in (
        *_cross_field(frame, schema),
        *_of_identifiers(frame, schema, identifiers or {}),
    ):
        failures.append(_failure(policy, failed, has_cell))
        if policy.costs == "row":
            out |= failed
        elif policy.costs != "nothing":
            for name in policy.costs:
                withdrawn[name] = withdrawn.get(name, False) | failed
    if withdrawn:
        if schema.derivations:
            left = {name: _without(values, withdrawn.get(name)) for name, values in given.items()}
            columns, _ = _derive(left, schema)
        columns = {name: _without(values, withdrawn.get(name)) for name, values in columns.items()}
    failures += _not_filled(columns, schema, out)
    return Validated(columns, out, failures)


def validate_given(
    given: Columns,
    schema: CohortSchema,
    has_cell: Callable[[str], bool],
    identifiers: Columns | None = None,
) -> Validated:
    """Look only at what the mapping itself gives: nothing is derived, fields are not held together.

    For the author of a mapping, who cannot mend there what contradicts itself in the source.
    """
    out = np.zeros(len(given["patient_id"]), bool)
    return Validated(given, out, _not_filled(given, schema, out))


def to_frame(columns: Mapping[str, pa.Array], fields: Mapping[str, Field]) -> pd.DataFrame:
    """Arrow columns as the frame that the study's model expects."""
    series = {name: to_series(values, fields[name]) for name, values in columns.items()}
    return pd.DataFrame(series, copy=False)  # a block of columns would be strided, and a copy


def to_series(values: pa.Array | pa.ChunkedArray, field: Field) -> pd.Series:
    """One Arrow column in the pandas type of the field's kind."""
    if field.kind == "integer":
        return pd.Series(values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get))
    if field.kind == "boolean":
        return pd.Series(values.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get))
    if field.kind == "date":
        return pd.Series(values.cast(pa.timestamp("s")).to_pandas())
    if field.kind == "number":
        return pd.Series(values.cast(pa.float64()).to_pandas())
    return pd.Series(values.to_pandas(types_mapper={pa.string(): TEXT}.get))


def from_series(values: pd.Series, field: Field) -> pa.Array:
    """A derived column in the field's Arrow type; NaN and NaT are null."""
    if field.kind == "date":
        return pa.array(values, pa.timestamp("s"), from_pandas=True).cast(pa.date32())
    found = pa.array(values, from_pandas=True)
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return found.cast(field.arrow_type)


def _derive(given: Columns, schema: CohortSchema) -> tuple[Columns, pd.DataFrame]:
    """Fill derived fields where the center gave nothing, in the order of the derivations."""
    columns = dict(given)
    frame = to_frame(columns, schema.fields)
    for name, derive in schema.derivations.items():
        derived = from_series(derive(frame), schema.fields[name])
        columns[name] = pc.coalesce(columns[name], derived)
        frame[name] = to_series(columns[name], schema.fields[name])
    return columns, frame


def _cross_field(frame: pd.DataFrame, schema: CohortSchema) -> Iterator[tuple[Policy, Mask]]:
    """The cross-field checks that fail for somebody, and for whom."""
    for check in schema.model.to_schema().checks:
        failed = _failing(getattr(schema.model, str(check.name))(frame))
        if failed.any():
            yield schema.policy(str(check.name)), failed


def _of_identifiers(
    frame: pd.DataFrame, schema: CohortSchema, identifiers: Mapping[str, pa.Array]
) -> Iterator[tuple[Policy, Mask]]:
    """The checks of raw identifiers that fail for somebody, and for whom; no identifier goes on."""
    for check, (name, holds) in schema.identifier_checks.items():
        if name in identifiers:
            failed = _failing(holds(to_series(identifiers[name], schema.fields[name]), frame))
            if failed.any():
                yield schema.policy(check), failed


def _failing(holds: pd.Series) -> Mask:
    if holds.dtype != bool:  # with missing answers: what cannot be judged holds
        holds = holds.fillna(True)
    return ~np.asarray(holds.to_numpy(dtype=bool))


def _failure(policy: Policy, failed: Mask, has_cell: Callable[[str], bool]) -> Failure:
    culprit = next((name for name in policy.fields if has_cell(name)), None)
    others = [name for name in policy.fields if name != culprit]
    lost = {"row": "the patient is not in the cohort", "nothing": "all values stay"}
    cost = (
        lost[policy.costs]
        if isinstance(policy.costs, str)
        else f"withdrawn: {', '.join(policy.costs)}"
    )
    return Failure(
        policy.check,
        Severity(policy.severity),
        culprit,
        np.flatnonzero(failed),
        f"does not hold: {policy.title}; {cost}",
        f"look at {' and '.join([culprit or 'the row', *others])}",
        policy.costs == "row",
    )


def _missing(field: Field, missing: Mask) -> Failure:
    return Failure(
        "required.missing",
        Severity.ERROR,
        field.name,
        np.flatnonzero(missing),
        f"{field.title} is required, and nothing stands here that could be taken",
        f"fill or correct the cell of {field.name}",
        True,
    )


def _outside_range(columns: Columns, given: Columns, schema: CohortSchema) -> list[Failure]:
    """Derived values outside their ranges; a given value was judged with its text."""
    failures = []
    for name in schema.derivations:
        field, values = schema.fields[name], columns[name]
        derived = pc.and_(pc.is_valid(values), pc.is_null(given[name]))
        states = np.where(derived.to_numpy(zero_copy_only=False), State.CARRIED, State.BLANK)
        judged = Converted(values, states.astype(np.uint8))
        check_range(judged, field)
        for check in sorted({remark.check for remark in judged.remarks.values()}):
            at = np.array([n for n, r in judged.remarks.items() if r.check == check], np.int64)
            message = judged.remarks[int(at[0])].message
            if check == "range.possible":
                mask = np.zeros(len(values), bool)
                mask[at] = True
                columns[name] = _without(values, mask)
            failures.append(
                Failure(check, Severity.WARNING, name, at, f"derived, {message}", "", False)
            )
    return failures


def _not_filled(columns: Columns, schema: CohortSchema, out: Mask) -> list[Failure]:
    """Required fields without a value; adds to `out` who cannot enter for it."""
    failures = []
    for field in schema.fields.values():
        if field.required:
            missing = columns[field.name].is_null().to_numpy(zero_copy_only=False) & ~out
            if missing.any():
                failures.append(_missing(field, missing))
                out |= missing
    return failures


def _without(values: pa.Array, mask: Mask | None) -> pa.Array:
    if mask is None:
        return values
    return pc.if_else(pa.array(mask), pa.scalar(None, values.type), values)


def reasons_of(failures: list[Failure]) -> dict[int, tuple[str, str]]:
    """Patient -> the first check that keeps them out, and its words."""
    found: dict[int, tuple[str, str]] = {}
    for failure in failures:
        if failure.costs_row:
            for number in failure.patients:
                found.setdefault(int(number), (failure.check, failure.message))
    return found
