"""What an operator sees on a run's page: progress, one row per center, links. Counts, never a patient."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.runtime import flow_run

from flows.outcome import why_held
from onecohort.center_summary import CenterSummary
from onecohort.deliveries import Received
from onecohort.history import PastRun
from onecohort.run import Built

STEPS = {"pooled": 80.0, "analyzed": 90.0, "reported": 97.0}
CENTERS_DONE = 70.0
SECONDS_BETWEEN_MOVES = 3.0
PAGES = {
    "Validation report": "report/index.html",
    "Analysis": "report/analysis.html",
    "Report cards": "report/cards/",
    "Cohort": "cohort.parquet",
}


class Page:
    """The page of this flow run.

    reports_url    where the output folder is served; without one the page shows paths
    """

    def __init__(self, reports_url: str | None) -> None:
        self.reports_url = reports_url.rstrip("/") if reports_url else None
        self._progress: UUID | None = None
        self._done = 0
        self._moved = 0.0

    def place(self) -> dict[str, object]:
        """Where this page is, for the manifest."""
        return {"flow_run": {"id": flow_run.id, "name": flow_run.name, "page": flow_run.ui_url}}

    def show_deliveries(self, received: Received | None) -> None:
        """One row per delivery, and the progress bar."""
        self._progress = _id(create_progress_artifact(0, key="progress"))
        if received is not None:
            rows = [
                {
                    "center": each.center,
                    "delivery": each.date,
                    "state": each.state,
                    "files": each.files,
                    "why": each.why,
                }
                for each in received.deliveries
            ]
            create_table_artifact(
                rows, key="deliveries", description="What became of each delivery"
            )

    def show_center(self, summary: CenterSummary, of: int) -> None:
        """One center more is done; the bar moves at most every few seconds."""
        self._done += 1
        if self._done == of or time.monotonic() - self._moved > SECONDS_BETWEEN_MOVES:
            self._move(CENTERS_DONE * self._done / of, f"{summary.center} {summary.state}")

    def show_centers(self, summaries: Sequence[CenterSummary]) -> None:
        """One row per center."""
        _show_centers({summary.center: vars(summary) for summary in summaries})

    def show_step(self, step: str) -> None:
        """A step after the centers is done."""
        self._move(STEPS[step], step)

    def show_unchanged(self, same: PastRun, summaries: Sequence[CenterSummary]) -> None:
        """Nothing to do, and why that is known."""
        self._move(100.0, "nothing has changed")
        self.show_centers(summaries)
        held = "".join(f"\n- {line}" for line in why_held(same.manifest))
        decide = f"\n\nIt is still held:\n{held}\n" if same.state == "held" else ""
        text = f"# Nothing has changed\n\nEvery center is as in `{same.run_id}` "
        text += f"(key `{same.manifest.get('key')}`). Nothing was published.{decide}"
        create_markdown_artifact(text, key="summary", description="What the run came to")

    def show_build(self, built: Built, out: Path) -> None:
        """What was built, and where its reports are."""
        self._move(100.0, str(built.manifest["state"]))
        centers = built.manifest["centers"]
        assert isinstance(centers, dict)
        _show_centers(centers)
        create_markdown_artifact(
            self._summary(built, out), key="summary", description="What the run came to"
        )

    def _summary(self, built: Built, out: Path) -> str:
        manifest, run = built.manifest, built.folder.name
        balance, cohort = manifest["balance"], manifest["cohort"]
        assert isinstance(balance, dict)
        assert isinstance(cohort, dict)
        lines = [f"# {'Published' if built.published else 'Held'}: {cohort['rows']} patients", ""]
        if not built.published:
            lines += ["The old cohort stays until a person has decided:", ""]
            lines += [f"- {line}" for line in why_held(manifest)]
            publish = f'onecohort publish {run} --out {out} --because "…"'
            lines += ["", f"To let it through all the same: `{publish}`", ""]
        lines += [
            f"{balance['delivered']} rows delivered = {balance['cohort']} in the cohort"
            f" + {balance['quarantined']} quarantined + {balance['merged']} merged"
            f" + {balance['left_out']} left out",
            "",
            f"Run `{run}`, key `{manifest['key']}`, data as of {manifest['as_of']}",
            "",
            *(
                self._link(name, built.folder / path, out)
                for name, path in PAGES.items()
                if (built.folder / path).exists()
            ),
        ]
        return "\n".join(lines)

    def _link(self, name: str, path: Path, out: Path) -> str:
        if self.reports_url is None:
            return f"- {name}: `{path}`"
        return f"- [{name}]({self.reports_url}/{path.relative_to(out).as_posix()})"

    def _move(self, progress: float, told: str) -> None:
        self._moved = time.monotonic()
        if self._progress is not None:
            update_progress_artifact(self._progress, progress, description=told)


def _show_centers(centers: Mapping[str, Mapping[str, object]]) -> None:
    rows = [_center_row(center, told) for center, told in centers.items()]
    create_table_artifact(rows, key="centers", description="One row per center")


def _center_row(center: str, told: Mapping[str, object]) -> dict[str, object]:
    if told["state"] == "failed":
        errors = told["error"]
        assert isinstance(errors, list | tuple)
        why = "; ".join(f"{error['where']}  {error['what']}" for error in errors)
        return {"center": center, "state": "failed", "why": why}
    tables, findings = told["tables"], told["findings"]
    assert isinstance(tables, dict)
    assert isinstance(findings, dict)
    balance = tables[told["first"]]
    return {
        "center": center,
        "state": "unchanged" if told["state"] == "cached" else "done",
        "rows": balance["delivered"],
        "cohort": balance["cohort"],
        "quarantined": balance["quarantined"],
        "merged": balance["merged"],
        "left out": balance["left_out"],
        "errors": findings["error"],
        "warnings": findings["warning"],
        "notes": findings["note"],
        "key": told["key"],
    }


def _id(artifact: object) -> UUID:
    assert isinstance(artifact, UUID)
    return artifact
