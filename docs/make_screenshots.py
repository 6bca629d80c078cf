"""Take the pictures of the README from the reports of the sample: `python docs/make_screenshots.py`.

Needs Chromium (`chromium` on the path, or its path in ONECOHORT_CHROMIUM) and playwright.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT))

# name, file, scheme, width, height, element to scroll to
SHOTS = (
    ("validation", "index.html", "light", 1100, 860, "h1"),
    ("validation-matrix", "index.html", "light", 1100, 820, "#matrix"),
    ("validation-distributions", "index.html", "dark", 1100, 700, "#field-hemoglobin_g_dl"),
    ("validation-findings", "index.html", "light", 1100, 640, "#list"),
    ("report-card", "cards/piave.html", "light", 900, 860, "#state-title"),
    ("validation-narrow", "index.html", "dark", 400, 760, "#fit"),
)


def main() -> None:
    """Build the sample in a folder of its own and photograph it."""
    from onecohort.run import build
    from onecohort.study import load_study

    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        built = build(load_study(ROOT), Path(home))
        failed = [center.center for center in built.centers if center.state == "failed"]
        if failed:
            sys.exit(f"no pictures: {', '.join(failed)} failed")
        chromium = os.environ.get("ONECOHORT_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in SHOTS:
            take(browser, built.folder / "report", *shot)
        browser.close()


def take(
    browser: Browser,
    report: Path,
    name: str,
    file: str,
    scheme: str,
    width: int,
    height: int,
    at: str,
) -> None:
    """One picture of a window of that size, with the element near its top."""
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page.goto((report / file).as_uri())
    page.evaluate("at => scrollTo(0, document.querySelector(at).offsetTop - 60)", at)
    page.wait_for_timeout(100)
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")
    page.close()


if __name__ == "__main__":
    main()
