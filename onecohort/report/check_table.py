"""The catalogue of checks with what came of each: denominator, failures, percent, threshold, state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pyarrow.compute as pc

from onecohort.disclosure import show_count, show_percent
from onecohort.report.finding_groups import title_of
from onecohort.report.run_folder import CenterRun, RunFolder
from onecohort.schema import CohortSchema, Override, Policy

State = Literal["passed", "passed with failures", "failed", "not applicable"]

# Which fields the checks of one value look at, by the first part of their name.
KINDS: Mapping[str, tuple[str, ...]] = {
    "values": ("term", "boolean"),
    "pattern": ("term", "boolean", "text", "identifier"),
    "split": ("term", "boolean", "text", "number", "integer"),
    "number": ("number", "integer"),
    "unit": ("number", "integer"),
    "range": ("number", "integer"),
    "date": ("date",),
}


@dataclass(frozen=True)
class Judged:
    """One check at one center, or at all that share its threshold.

    handled   failures that a mapping handles as it declares: they show, but fail no check
    """

    failures: int
    of: int
    threshold_pct: float
    handled: int = 0

    @property
    def state(self) -> State:
        """What came of it; a share that is not zero never counts as none."""
        if self.failures == 0:
            return "passed" if self.of else "not applicable"
        share = 100 * (self.failures - self.handled) / max(self.of, self.failures)
        return "failed" if share > self.threshold_pct else "passed with failures"


@dataclass(frozen=True)
class CheckRow:
    """One check over all centers, as the report shows it."""

    check: str
    title: str
    category: str
    context: str
    severity: str
    threshold: str
    of: str
    failures: str
    percent: str
    state: State
    centers: Mapping[str, State]
    overrides: tuple[Override, ...]


@dataclass(frozen=True)
class CheckTable:
    """All checks, those that failed first within each category."""

    rows: tuple[CheckRow, ...]
    by_center: Mapping[str, Mapping[str, Judged]]  # center -> check -> what came of it

    def of_category(self, category: str) -> tuple[CheckRow, ...]:
        """The checks of one of Kahn's categories."""
        return tuple(row for row in self.rows if row.category == category)

    def count(self, state: State) -> int:
        """How many checks came to a state."""
        return sum(row.state == state for row in self.rows)


def judge_checks(run: RunFolder, schema: CohortSchema) -> CheckTable:
    """Count the failures of every check and hold them against its threshold."""
    counts = _count(run)
    policies = dict(schema.policies)
    for check in sorted({check for _, check, _ in counts} - set(policies)):
        policies[check] = _unknown(check, run)
    overrides = {(o.center, o.check): o for o in schema.overrides}
    done = [c for c in run.centers.values() if c.state != "failed"]
    by_center: dict[str, dict[str, Judged]] = {center.name: {} for center in done}
    rows = []
    for check, policy in policies.items():
        for center in done:
            noted = counts.get((center.name, check, "note"), 0)
            graver = sum(counts.get((center.name, check, s), 0) for s in ("error", "warning"))
            failures = graver + noted
            override = overrides.get((center.name, check))
            given = override.threshold_pct if override is not None else None
            by_center[center.name][check] = Judged(
                failures,
                max(_denominator(policy, center, run, schema), failures),
                policy.threshold_pct if given is None else given,
                handled=noted if policy.severity != "note" else 0,
            )
        judged = {center.name: by_center[center.name][check] for center in done}
        own = tuple(o for o in schema.overrides if o.check == check)
        rows.append(_row(policy, judged, own))
    order = {"failed": 0, "passed with failures": 1, "passed": 2, "not applicable": 3}
    rows.sort(key=lambda row: order[row.state])
    return CheckTable(tuple(rows), by_center)


def _row(policy: Policy, judged: Mapping[str, Judged], overrides: tuple[Override, ...]) -> CheckRow:
    apart = {o.center for o in overrides if o.threshold_pct is not None}
    together = [j for center, j in judged.items() if center not in apart]
    pooled = Judged(
        sum(j.failures for j in together),
        sum(j.of for j in together),
        policy.threshold_pct,
        sum(j.handled for j in together),
    )
    states: list[State] = [pooled.state, *(judged[center].state for center in apart & set(judged))]
    failures, of = sum(j.failures for j in judged.values()), sum(j.of for j in judged.values())
    return CheckRow(
        check=policy.check,
        title=policy.title,
        category=policy.category,
        context=policy.context,
        severity=policy.severity,
        threshold=f"{policy.threshold_pct:g} %",
        of=show_count(of),
        failures=show_count(failures),
        percent=show_percent(failures, of),
        state=_worst(states),
        centers={center: j.state for center, j in judged.items() if j.failures},
        overrides=overrides,
    )


def _worst(states: Sequence[State]) -> State:
    ranked: tuple[State, ...] = ("failed", "passed with failures", "passed", "not applicable")
    return next(state for state in ranked if state in states)


def _count(run: RunFolder) -> dict[tuple[str, str, str], int]:
    keys = ["center", "check", "severity"]
    counted = run.findings.group_by(keys).aggregate([([], "count_all")])
    return {
        (str(row["center"]), str(row["check"]), str(row["severity"])): int(row["count_all"])
        for row in counted.to_pylist()
    }


def _denominator(policy: Policy, center: CenterRun, run: RunFolder, schema: CohortSchema) -> int:
    """How much there was to check: rows, cells, values of the kind, or patients."""
    start = policy.check.split(".")[0]
    if start in ("row", "key", "person"):
        return center.rows["delivered"]
    if start in ("cell", "text", "correction", "column"):
        return center.filled
    if start in KINDS:
        kinds = KINDS[start]
        return sum(
            fill["filled"]
            for name, fill in center.fields.items()
            if name in schema.fields
            and schema.fields[name].kind in kinds
            and fill["state"] == "mapped"
        )
    if policy.fields:
        known = [center.fields[n]["filled"] for n in policy.fields[:1] if n in center.fields]
        return min([*known, center.patients])
    return center.rows["delivered"]


def _unknown(check: str, run: RunFolder) -> Policy:
    severities = pc.unique(
        run.findings.filter(pc.equal(run.findings.column("check"), check)).column("severity")
    ).to_pylist()
    severity = next(s for s in ("error", "warning", "note") if s in severities)
    title = title_of(check, {})
    most = 100.0 if severity == "note" else 0.0
    return Policy(check, title, "conformance", "atemporal", severity, (), "nothing", most)  # type: ignore[arg-type]
