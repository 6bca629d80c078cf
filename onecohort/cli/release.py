"""`onecohort release`: a cohort that may be shared, out of the published one."""

from pathlib import Path

import pyarrow.parquet as pq

from onecohort.errors import Mistake, StudyError
from onecohort.pseudonym import find_key
from onecohort.publish import published_run
from onecohort.release import release
from onecohort.study import load_study


def release_command(folder: Path, *, study: Path, out: Path) -> int:
    """Write the shareable cohort and say what it has not."""
    opened = load_study(study)
    run = published_run(out)
    if run is None:
        raise StudyError(Mistake(str(out), "nothing is published yet", "`onecohort build` first"))
    cohort = pq.read_table(run / "cohort.parquet")
    key = find_key(synthetic=opened.synthetic)
    done = release(cohort, opened.schema, opened.anchor, key, folder)
    print(f"{done.rows} patients, {len(done.columns)} columns, in {folder.as_posix()}")
    dates = f"days since {opened.anchor}" if opened.anchor else "left out"
    print(f"dates: {dates}; ages above 89 grouped: {done.grouped_ages}")
    print(f"left out: {', '.join(done.left_out)}")
    return 0
