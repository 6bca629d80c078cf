"""A run, step by step: centers, pool, balance, manifest, analysis, reports, publication.

The command line and the Prefect flow call the same functions, in the same order; paths and small
summaries go from step to step, never a frame.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from onecohort.accounts import account_for, count_findings
from onecohort.center import FINDINGS, LINEAGE, QUARANTINE, run_center
from onecohort.center_summary import CenterSummary, summary_from_json
from onecohort.errors import Mistake, StudyError
from onecohort.gates import as_json, judge, read_gates
from onecohort.history import next_number
from onecohort.lock import lock_output
from onecohort.manifest import Json, read_manifest, write_manifest
from onecohort.pool import COHORT, pool
from onecohort.pseudonym import PseudonymKey, find_key
from onecohort.publish import complete, draft_folder, publish, published_run
from onecohort.study import SCHEMAS, Study, no_mapping

if TYPE_CHECKING:
    from onecohort.analysis import FigureFormat

STORE = "runs/.centers"


@dataclass(frozen=True)
class Run:
    """A run that is being written.

    number    counts the runs of a folder, whatever the clock says
    folder    hidden until the run is complete
    store     where center results are kept from run to run
    """

    run_id: str
    number: int
    out: Path
    folder: Path
    store: Path
    previous: str | None
    key: PseudonymKey


@dataclass(frozen=True)
class Built:
    """What a build came to."""

    folder: Path
    published: bool
    manifest: Json
    centers: tuple[CenterSummary, ...]

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings that need a person, 2 a mistake in the study's files, 3 a failed center."""
        causes = {summary.cause for summary in self.centers if summary.state == "failed"}
        if causes - {"mapping"}:
            return 3
        if causes:
            return 2
        if self.manifest["state"] == "held":
            return 1
        needs = sum(s.findings["error"] + s.findings["warning"] for s in self.centers)
        return 1 if needs else 0


def build(
    study: Study,
    out: Path,
    *,
    centers: Sequence[str] = (),
    fresh: bool = False,
    figures: "Sequence[FigureFormat]" = ("svg",),
    on_center: Callable[[CenterSummary], None] = lambda summary: None,
    on_step: Callable[[str], None] = lambda step: None,
) -> Built:
    """Everything from exports to the published cohort, in this process; raises Busy beside another run.

    centers    only these; then the run is complete but not published, for it lacks the others
    figures    formats of the analysis's figures
    """
    with lock_output(out):
        run = start_run(study, out)
        summaries = []
        for center in centers or study.centers:
            on_step(center)
            summaries.append(run_center(study, center, run.store, run.key, fresh=fresh))
            on_center(summaries[-1])
        on_step("pooling")
        pool_centers(study, run, summaries)
        judge_run(study, run)
        on_step("analysis")
        analyze_run(study, run.folder, figures=figures)
        on_step("reports")
        report_run(study, run)
        return finish_run(run, whole=not centers)


def start_run(study: Study, out: Path) -> Run:
    """Begin a run; raises StudyError where the study has no mapping at all."""
    if not study.centers:
        raise StudyError(no_mapping())
    now = datetime.now(UTC)
    out.mkdir(parents=True, exist_ok=True)
    run_id = f"{now:%Y%m%dT%H%M%S}-{now.microsecond:06d}"
    previous = published_run(out)
    return Run(
        run_id,
        next_number(out),
        out,
        draft_folder(out, run_id),
        out / STORE,
        previous.name if previous else None,
        find_key(synthetic=study.synthetic),
    )


def pool_centers(study: Study, run: Run, summaries: Sequence[CenterSummary]) -> None:
    """Pool the centers that are done, and write the manifest with the balance."""
    started = time.perf_counter()
    if all(summary.state == "failed" for summary in summaries):
        raise StudyError(
            *(
                Mistake(error["where"], error["what"], error["fix"])
                for summary in summaries
                for error in summary.error
            )
        )
    pooled = pool(study, summaries, run.folder)
    seconds = round(time.perf_counter() - started, 3)
    manifest: Json = {
        **account_for(study, summaries, pooled, run.folder),
        "run": run.run_id,
        "number": run.number,
        "state": "pooled",
        "previous_run": run.previous,
        "pseudonym_key": run.key.origin,
        "timings": {"pool": seconds},
    }
    write_manifest(run.folder, manifest)


def analyze_run(
    study: Study, folder: Path, *, figures: "Sequence[FigureFormat]" = ("svg",)
) -> None:
    """The study's statistics, where it has a plan of analysis, and its figures in some formats."""
    plan, published = (
        study.root / SCHEMAS / "analysis.yaml",
        study.root / SCHEMAS / "published.yaml",
    )
    if not plan.is_file():
        return
    from onecohort.analysis import (
        SYNTHETIC,
        analyze,
        count_ineligible,
        exclusion_findings,
        load_plan,
        load_published,
        write_analysis,
    )

    started = time.perf_counter()
    cohort = pq.read_table(folder / COHORT)
    found = analyze(cohort, load_plan(plan), load_published(published))
    if found.excluded:
        lineage, told = pq.read_table(folder / LINEAGE), pq.read_table(folder / FINDINGS)
        more = exclusion_findings(found.excluded, cohort, lineage)
        pq.write_table(pa.concat_tables([told, more]), folder / FINDINGS)
    quarantine = pq.read_table(folder / QUARANTINE, columns=["check"])
    manifest = read_manifest(folder)
    balance = manifest["balance"]
    assert isinstance(balance, dict)
    write_analysis(
        folder,
        found,
        as_of=study.as_of,
        balance=balance,
        ineligible=count_ineligible(quarantine, study.schema.eligibility),
        synthetic=SYNTHETIC if study.synthetic else "",
        figures=figures,
    )
    _add_timing(folder, manifest, "analysis", started)


def report_run(study: Study, run: Run) -> None:
    """The validation report and each center's report card."""
    from onecohort.report.source_rows import rows_of_study
    from onecohort.report.validation import write_report

    started = time.perf_counter()
    previous = published_run(run.out)
    write_report(run.folder, study.schema, previous=previous, rows=rows_of_study(study))
    _add_timing(run.folder, read_manifest(run.folder), "report", started)


def judge_run(study: Study, run: Run) -> None:
    """Hold the run against the published one; where a gate does not hold, it will not be published."""
    verdicts = judge(read_gates(study.root), run.folder, published_run(run.out))
    manifest = read_manifest(run.folder)
    manifest["gates"] = as_json(verdicts)
    manifest["state"] = "published" if all(verdict.holds for verdict in verdicts) else "held"
    write_manifest(run.folder, manifest)


def finish_run(run: Run, *, whole: bool = True) -> Built:
    """Give the run its name and, where it covers the whole study and no gate holds it, publish it."""
    manifest = read_manifest(run.folder)
    count_findings(run.folder, manifest)
    if not whole:
        manifest["state"] = "partial"
    write_manifest(run.folder, manifest)
    built = read_built(complete(run.folder))
    if built.published:
        publish(run.out, built.folder)
    return built


def read_built(folder: Path) -> Built:
    """What a complete run came to, read back from its folder."""
    manifest = read_manifest(folder)
    told = manifest["centers"]
    assert isinstance(told, dict)
    centers = [
        summary_from_json({"center": center, "folder": "", **fields})
        for center, fields in told.items()
    ]
    return Built(folder, manifest["state"] == "published", manifest, tuple(centers))


def _add_timing(folder: Path, manifest: Json, step: str, started: float) -> None:
    timings = manifest["timings"]
    assert isinstance(timings, dict)
    timings[step] = round(time.perf_counter() - started, 3)
    write_manifest(folder, manifest)
