"""How long the report of a large cohort takes to write and to open.

Run from the project's folder: `python -m benchmarks.report [patients]`. Opening is measured in
Chromium, from navigation to the first page of findings: the median of five times.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from onecohort.report.review import review_run
from onecohort.report.validation import render_report
from tests.run_folders import enlarged, finding, findings_of, schema, write_run

GROUPS = 5_000


def main(patients: int) -> None:
    """Write, measure, open, measure."""
    rows = [
        finding(row=row, column=f"column {row % GROUPS:04d}", raw=None) for row in range(20_000)
    ]
    with tempfile.TemporaryDirectory() as home:
        run = write_run(Path(home) / "run", enlarged(patients), findings=findings_of(*rows))
        started, cpu = time.perf_counter(), time.process_time()
        html = render_report(review_run(run, schema()))
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
        path = Path(home) / "index.html"
        path.write_text(html, encoding="utf-8")
        print(f"{patients:,} patients, {GROUPS:,} groups of findings")
        print(f"written in {wall:.1f} s ({cpu:.1f} s CPU), {path.stat().st_size / 1e6:.2f} MB")
        print(f"opened in {open_in_chromium(path):.2f} s")


def open_in_chromium(path: Path) -> float:
    """Seconds until the findings stand there, median of five."""
    chromium = os.environ.get("ONECOHORT_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        seconds = []
        for _ in range(5):
            page = browser.new_page()
            started = time.perf_counter()
            page.goto(path.as_uri())
            page.wait_for_selector("#findings tbody tr")
            seconds.append(time.perf_counter() - started)
            page.close()
        browser.close()
    return median(seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
