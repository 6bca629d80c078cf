"""The pool has the last word: what the center step let through by mistake is not published."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk_study import make_study

from onecohort.center import PATIENTS, run_center
from onecohort.center_summary import CenterSummary
from onecohort.run import Run, finish_run, judge_run, pool_centers, start_run
from onecohort.study import Study, load_study


@pytest.fixture
def study(tmp_path: Path, project: Path) -> Study:
    return load_study(make_study(tmp_path / "desk", project))


def harmonized(study: Study, tmp_path: Path) -> tuple[Run, CenterSummary]:
    run = start_run(study, tmp_path / "out")
    return run, run_center(study, "panaro", run.store, run.key)


def spoil(summary: CenterSummary, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change what the center step has written, as a bug of ours would."""
    path = Path(summary.folder) / PATIENTS
    with pa.OSFile(str(path)) as file:
        table = change(pa.ipc.open_file(file).read_all())
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def with_value(name: str, row: int, value: object) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        values = table.column(name).to_pylist()
        values[row] = value
        at = table.schema.get_field_index(name)
        return table.set_column(
            at, table.schema.field(name), pa.array(values, table.schema.field(name).type)
        )

    return change


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("sex", "mail", "sex: isin"),
        ("hemoglobin_g_dl", 980.0, "hemoglobin_g_dl: in_range"),
        ("hma_start_date", None, "hma_start_date: not_nullable"),
    ],
)
def test_a_patient_who_does_not_meet_the_schema_is_quarantined_and_counted(
    name: str, value: object, said: str, study: Study, tmp_path: Path
) -> None:
    run, summary = harmonized(study, tmp_path)
    spoil(summary, with_value(name, 1, value))
    pool_centers(study, run, [summary])
    judge_run(study, run)
    built = finish_run(run)
    (told,) = built.centers
    assert told.patients == summary.patients - 1
    assert told.tables["pazienti"]["quarantined"] == summary.tables["pazienti"]["quarantined"] + 1
    refused = pq.read_table(built.folder / "quarantine.parquet").to_pylist()[-1]
    assert refused["check"] == "schema.violated"
    assert refused["reason"].startswith(f"the pooled row does not meet the schema: {said}")
    found = pq.read_table(built.folder / "findings.parquet").to_pylist()[-1]
    assert (found["check"], found["row"]) == ("schema.violated", refused["row"])
    cohort = pq.read_table(built.folder / "cohort.parquet")
    assert cohort.num_rows == told.patients


def test_a_patient_never_stands_twice_in_the_cohort(study: Study, tmp_path: Path) -> None:
    run, summary = harmonized(study, tmp_path)
    spoil(summary, lambda table: pa.concat_tables([table, table.slice(0, 1)]))
    with pytest.raises(AssertionError, match="stands twice in the pool"):
        pool_centers(study, run, [summary])
