"""`onecohort build` up to the published cohort, without report and report cards; for measuring apart.

    python -m benchmarks.cohort_only EXPORTS OUT

Findings, quarantine, balance, pandera's validation, gates, lineage, manifest, Parquet, publication.
"""

import atexit
import gc
import sys
from pathlib import Path

from onecohort.buffers import keep_freed_buffers
from onecohort.center import run_center
from onecohort.run import finish_run, judge_run, pool_centers, start_run
from onecohort.study import load_study

STUDY = Path(__file__).parent / "study"


def main(exports: Path, out: Path) -> None:
    keep_freed_buffers()
    study = load_study(STUDY, exports=exports)
    run = start_run(study, out)
    summaries = [run_center(study, center, run.store, run.key) for center in study.centers]
    pool_centers(study, run, summaries)
    judge_run(study, run)
    built = finish_run(run)
    if not built.published:
        sys.exit("the cohort was not published")


if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 20)  # both as the command line has it
    atexit.register(gc.freeze)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
