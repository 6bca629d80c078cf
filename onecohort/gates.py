"""Gates: what must hold before a new cohort takes the place of the old one.

A gate compares the run with the one that is published. Where it does not hold, the run is complete but
held: the old cohort stays, and a person decides. The limits stand under `gates:` in `schemas/checks.yaml`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from onecohort.errors import Mistake, StudyError
from onecohort.manifest import Json, read_manifest
from onecohort.mapping.load import did_you_mean
from onecohort.mapping.source import YamlSource, read_yaml

NAMED = 5  # a page names so many columns or centers; the report has them all
NEW_CODE_CHECKS = ("values.unlisted", "mark.unlisted")
COHORT, FINDINGS = "cohort.parquet", "findings.parquet"


@dataclass(frozen=True)
class Gate:
    """A gate as the study declares it: it holds while the measure is not above the limit."""

    gate: str
    title: str
    limit: float


@dataclass(frozen=True)
class Verdict:
    """What a gate found.

    value    the measure; None where it cannot be judged, and then the gate holds and `detail` says why
    detail   the places, without any value of a patient
    """

    gate: str
    title: str
    limit: float
    value: float | None
    holds: bool
    detail: str = ""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    limit: float = Field(ge=0, allow_inf_nan=False)


@dataclass(frozen=True)
class _Pair:
    """A run and the published one before it; each a folder and its manifest."""

    folder: Path
    manifest: Json
    before: Path | None
    manifest_before: Json


def read_gates(root: Path) -> list[Gate]:
    """The gates of a study; raises StudyError for one that is unknown or not declared rightly."""
    path = root / "schemas" / "checks.yaml"
    if not path.is_file():
        return []
    source = read_yaml(path, "schemas/checks.yaml")
    declared = source.tree.get("gates", {}) if isinstance(source.tree, dict) else {}
    if not isinstance(declared, dict):
        raise StudyError(Mistake(source.where("gates"), "gates: holds no gates by name"))
    found: list[Gate] = []
    mistakes: list[Mistake] = []
    for name, tree in declared.items():
        if name not in MEASURES:
            what = f"there is no gate {name!r}"
            mistakes.append(
                Mistake(source.where("gates", name), what, did_you_mean(name, tuple(MEASURES)))
            )
            continue
        try:
            gate = _Declared.model_validate(tree)
        except ValidationError as error:
            mistakes += _mistakes(error, source, name)
        else:
            found.append(Gate(name, gate.title, gate.limit))
    if mistakes:
        raise StudyError(*mistakes)
    return found


def judge(gates: Sequence[Gate], folder: Path, before: Path | None) -> list[Verdict]:
    """Hold a run against the published one.

    folder   of the run, with cohort, findings and manifest
    before   of the published run; without one only the gates that need none are judged
    """
    earlier = read_manifest(before) if before else {}
    pair = _Pair(folder, read_manifest(folder), before, earlier)
    return [_judge(gate, pair) for gate in gates]


def as_json(verdicts: Sequence[Verdict]) -> list[Json]:
    """Verdicts for the manifest."""
    return [asdict(verdict) for verdict in verdicts]


def _judge(gate: Gate, pair: _Pair) -> Verdict:
    value, detail = MEASURES[gate.gate](pair)
    holds = value is None or value <= gate.limit
    return Verdict(gate.gate, gate.title, gate.limit, value, holds, detail)


Measured = tuple[float | None, str]
FIRST: Measured = (None, "there is no published run to compare with")


def _missing_centers(pair: _Pair) -> Measured:
    """Centers that were in the published cohort and now have failed or have no mapping any more."""
    if pair.before is None:
        return FIRST
    missing = sorted(_usable(pair.manifest_before) - _usable(pair.manifest))
    return float(len(missing)), _name(missing)


def _lost_patients(pair: _Pair) -> Measured:
    """Share of the published patients whose center delivered, but them no more, in per cent."""
    if pair.before is None:
        return FIRST
    if "random" in (pair.manifest["pseudonym_key"], pair.manifest_before["pseudonym_key"]):
        return None, "without a key of its own, patients cannot be followed from run to run"
    now, before = _patients(pair.folder), _patients(pair.before)
    usable = pa.array(sorted(_usable(pair.manifest)), pa.string())
    before = before.filter(pc.is_in(before.column("center"), value_set=usable))
    if not len(before):
        return 0.0, ""
    there = pc.is_in(
        before.column("patient_id"), value_set=now.column("patient_id").combine_chunks()
    )
    lost = before.filter(pc.invert(there))
    counts = lost.group_by("center").aggregate([("patient_id", "count")]).to_pylist()
    named = sorted(f"{item['center']} {item['patient_id_count']}" for item in counts)
    return 100 * len(lost) / len(before), _name(named)


def _quarantined_rows(pair: _Pair) -> Measured:
    """Share of delivered rows that went to quarantine, in per cent."""
    balance = pair.manifest["balance"]
    assert isinstance(balance, dict)
    delivered, quarantined = balance["delivered"], balance["quarantined"]
    return (
        100 * quarantined / delivered if delivered else 0.0
    ), f"{quarantined} of {delivered} rows"


def _new_columns(pair: _Pair) -> Measured:
    """Columns that no mapping speaks for and that were not there, or spoken for, before."""
    if pair.before is None:
        return FIRST
    new = _columns(pair.folder, pair) - _columns(pair.before, pair)
    return float(len(new)), _name(sorted(f"{center}: {column}" for center, column in new))


def _new_codes(pair: _Pair) -> Measured:
    """Codes that no mapping lists and that were not met before; told by column, never by text."""
    if pair.before is None:
        return FIRST
    new = _codes(pair.folder, pair) - _codes(pair.before, pair)
    return float(len(new)), _name(sorted({f"{center}: {column}" for center, column, _ in new}))


MEASURES: Mapping[str, Callable[[_Pair], Measured]] = {
    "center_missing": _missing_centers,
    "patients_lost_pct": _lost_patients,
    "quarantined_pct": _quarantined_rows,
    "new_column": _new_columns,
    "new_code": _new_codes,
}


def _usable(manifest: Json) -> set[str]:
    centers = manifest["centers"]
    assert isinstance(centers, dict)
    return {center for center, told in centers.items() if told["state"] != "failed"}


def _patients(folder: Path) -> pa.Table:
    return pq.read_table(folder / COHORT, columns=["center", "patient_id"])


def _columns(folder: Path, pair: _Pair) -> set[tuple[str, str]]:
    found = _findings(folder, pair, ("column.unmapped",), ["center", "column"])
    return {(item["center"], item["column"]) for item in found}


def _codes(folder: Path, pair: _Pair) -> set[tuple[str, str, str]]:
    found = _findings(folder, pair, NEW_CODE_CHECKS, ["center", "column", "raw"])
    return {(item["center"], item["column"], item["raw"]) for item in found}


def _findings(
    folder: Path, pair: _Pair, checks: Sequence[str], columns: list[str]
) -> list[dict[str, str]]:
    """Distinct findings of some checks, of the centers that both runs have."""
    both = _usable(pair.manifest) & _usable(pair.manifest_before)
    table = pq.read_table(
        folder / FINDINGS,
        columns=columns,
        filters=(pc.field("check").isin(list(checks))) & (pc.field("center").isin(sorted(both))),
    )
    found: list[dict[str, str]] = table.group_by(columns).aggregate([]).to_pylist()
    return found


def _name(places: Sequence[str]) -> str:
    more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
    return ", ".join(places[:NAMED]) + more


def _mistakes(error: ValidationError, source: YamlSource, name: str) -> list[Mistake]:
    return [
        Mistake(
            source.where("gates", name, *problem["loc"]),
            f"{'.'.join(str(part) for part in problem['loc']) or name}: {problem['msg']}",
        )
        for problem in error.errors()
    ]
