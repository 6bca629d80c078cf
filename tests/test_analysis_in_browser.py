"""The analysis page in a real browser: readable by everybody, on paper and on a narrow screen."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from analysis_cohort import study_figures, study_plan, truth
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, sync_playwright

from onecohort.analysis import SYNTHETIC, analyze, write_analysis

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("run")
    found = analyze(truth(), study_plan(), study_figures())
    balance = {"delivered": 111, "merged": 3, "left_out": 3, "quarantined": 5}
    write_analysis(folder, found, as_of=date(2021, 6, 30), balance=balance, synthetic=SYNTHETIC)
    return Path(folder / "report" / "analysis.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_has_no_barrier_that_axe_finds(browser: Browser, page: str, scheme: str) -> None:
    opened = browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
    opened.goto(page)
    results = Axe().run(opened)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("width", [360, 1200])
def test_page_does_not_run_over_its_edge(browser: Browser, page: str, width: int) -> None:
    opened = browser.new_page(viewport={"width": width, "height": 800})
    opened.goto(page)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_no_two_labels_of_a_figure_overlap(browser: Browser, page: str) -> None:
    opened = browser.new_page(viewport={"width": 1200, "height": 800})
    opened.goto(page)
    overlaps = opened.evaluate(
        """() => [...document.querySelectorAll("figure svg")].flatMap((svg) => {
            const box = (text) => [text.textContent, text.getBoundingClientRect()];
            const texts = [...svg.querySelectorAll("text")].map(box);
            const found = [];
            texts.forEach(([a, r], i) => texts.slice(i + 1).forEach(([b, s]) => {
                const wide = Math.min(r.right, s.right) - Math.max(r.left, s.left);
                const high = Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top);
                if (wide > 1 && high > 3) found.push(`${a} / ${b}`);
            }));
            return found;
        })"""
    )
    assert overlaps == []


def test_page_asks_for_nothing_from_the_network(browser: Browser, page: str) -> None:
    opened = browser.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(page)
    assert asked == [page]
