"""The real reports in a real browser: filter, sort, search, hover, print, dark, narrow, accessible."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from onecohort.report.review import review_run
from onecohort.report.validation import render_report, write_report
from onecohort.run import build
from onecohort.study import load_study
from tests.run_folders import cohort_of, enlarged, finding, findings_of, frame, schema, write_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("ONECOHORT_CHROMIUM") or shutil.which("chromium") or ""
pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed"),
]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report folder of a run over the nine deliveries of the sample."""
    study = load_study(ROOT)
    folder = build(study, tmp_path_factory.mktemp("out")).folder
    return folder / "report"


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with everything on it: suspicions, changes, overrides of a long list of findings."""
    home = tmp_path_factory.mktemp("second")
    first = write_run(home / "first", findings=findings_of(finding(row=3), finding(row=9)))
    data = frame()
    data.loc[data["center"] == "brenta", "hemoglobin_g_dl"] *= 10
    rows = [
        finding(row=row, column=f"column {row % 60:02d}", severity=("note", "warning")[row % 2])
        for row in range(300)
    ]
    rows += [finding(center="dora", row=1, check="key.missing", severity="error", column="codice")]
    folder = write_run(home / "second", cohort_of(data), findings=findings_of(*rows), run="2")
    write_report(folder, schema(), previous=first)
    return folder / "report"


@pytest.fixture
def requests() -> list[str]:
    return []


@pytest.fixture
def page(browser: "Browser", requests: list[str]) -> "Iterator[Page]":
    """A page that notes what it asks for, and fails on an error of its script."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
    yield opened
    context.close()
    assert errors == []


def open_file(page: "Page", path: Path) -> None:
    page.goto(path.as_uri())


def column(page: "Page", number: int) -> list[str]:
    return page.locator(f"#findings tbody td:nth-child({number})").all_inner_texts()


def test_no_request_leaves_the_file(page: "Page", report: Path, requests: list[str]) -> None:
    files = [report / "index.html", *sorted((report / "cards").glob("*.html"))]
    assert len(files) == 10
    for path in files:
        open_file(page, path)
    page.wait_for_timeout(200)
    assert requests == [path.as_uri() for path in files]


def test_search_narrows_the_findings_and_clear_brings_them_back(page: "Page", second: Path) -> None:
    open_file(page, second / "index.html")
    assert page.locator("#matches").inner_text() == "1 to 25 of 61"
    page.get_by_label("Search").fill("column 07 warning")
    assert page.locator("#matches").inner_text() == "1 to 1 of 1"
    assert column(page, 6) == ["column 07"]
    page.get_by_label("Search").fill("nothing like this")
    assert page.locator("#matches").inner_text() == "nothing matches"
    page.get_by_role("button", name="Clear").click()
    page.wait_for_function("document.getElementById('matches').textContent.endsWith('61')")


def choose(page: "Page", name: str, value: str) -> None:
    page.locator(f"select[data-column={name}]").select_option(value)


def test_filters_narrow_by_center_severity_category_and_status(page: "Page", second: Path) -> None:
    open_file(page, second / "index.html")
    choose(page, "center", "dora")
    assert column(page, 2) == ["error"]
    choose(page, "center", "")
    choose(page, "severity", "note")
    assert set(column(page, 2)) == {"note"}
    choose(page, "severity", "")
    choose(page, "category", "completeness")
    assert [text.lower() for text in column(page, 1)] == ["dora"]
    choose(page, "category", "")
    choose(page, "status", "new")
    assert set(column(page, 9)) == {"new"}


def test_heads_sort_up_and_down_and_say_so(page: "Page", second: Path) -> None:
    open_file(page, second / "index.html")
    head = page.locator("#findings th[data-name=column]")
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(page, 6) == sorted(column(page, 6))
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(page, 6)[0] == "column 59"
    page.locator("#findings th[data-name=count] button").click()
    assert column(page, 8)[0] == "5"
    assert head.get_attribute("aria-sort") is None


def test_pages_turn(page: "Page", second: Path) -> None:
    open_file(page, second / "index.html")
    assert page.get_by_role("button", name="Earlier").is_disabled()
    page.get_by_role("button", name="Later").click()
    page.get_by_role("button", name="Later").click()
    assert page.locator("#matches").inner_text() == "51 to 61 of 61"
    assert page.get_by_role("button", name="Later").is_disabled()


def test_pointer_and_arrow_keys_tell_the_counts_of_a_cell(page: "Page", report: Path) -> None:
    open_file(page, report / "index.html")
    told = page.locator("#told")
    page.locator(".matrix td.unavailable").first.hover()
    assert "unavailable (" in told.inner_text()
    first = page.locator(".matrix td[tabindex='0']")
    first.focus()
    assert told.inner_text() == "Sex, adige: 14 of 14 patients"
    page.keyboard.press("ArrowRight")
    assert told.inner_text() == "Sex, brenta: 13 of 13 patients"
    page.keyboard.press("ArrowDown")
    assert told.inner_text().startswith("Age at HMA start, brenta")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert told.inner_text() == "Sex, brenta: 13 of 13 patients"
    assert page.locator(".matrix td[tabindex='0']").count() == 1


def test_the_keyboard_reaches_the_skip_link_first_and_then_the_filters(
    page: "Page", report: Path
) -> None:
    open_file(page, report / "index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
    page.get_by_label("Search").focus()
    page.keyboard.type("dora")
    page.keyboard.press("Enter")
    assert page.url.endswith("index.html")
    assert {text.lower() for text in column(page, 1)} == {"dora"}


def test_print_shows_the_list_whole_and_no_controls(page: "Page", second: Path) -> None:
    open_file(page, second / "index.html")
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert not page.get_by_label("Search").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#findings tbody tr").count() == 61
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("#findings tbody tr").count() == 25
    page.set_viewport_size({"width": 794, "height": 1123})  # A4
    assert page.evaluate("document.documentElement.scrollWidth") <= 794
    assert len(page.pdf()) > 20_000


def test_print_opens_what_is_folded_and_folds_it_again(page: "Page", second: Path) -> None:
    open_file(page, second / "index.html")
    folded = page.locator("#checks details").first
    assert folded.get_attribute("open") is None
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert folded.get_attribute("open") is not None
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert folded.get_attribute("open") is None


def test_names_of_files_break_at_their_joints(page: "Page", report: Path) -> None:
    open_file(page, report / "index.html")
    cell = page.locator("#findings tbody td", has_text="hma_lam_garigliano.sav").first
    assert cell.inner_html() == "hma_<wbr>lam_<wbr>garigliano.<wbr>sav"


def test_a_dark_screen_prints_on_white(page: "Page", report: Path) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    open_file(page, report / "index.html")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize(
    ("scheme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 24, 31)")]
)
def test_the_report_follows_light_and_dark(
    page: "Page", report: Path, scheme: str, ground: str
) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    open_file(page, report / "index.html")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground


@pytest.mark.parametrize("name", ["index.html", "cards/piave.html", "cards/dora.html"])
def test_nothing_sticks_out_at_400_pixels(page: "Page", report: Path, name: str) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    open_file(page, report / name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize(
    ("which", "name", "scheme"),
    [
        ("report", "index.html", "light"),
        ("second", "index.html", "dark"),
        ("second", "cards/brenta.html", "light"),
        ("report", "cards/piave.html", "dark"),
    ],
)
def test_axe_finds_no_serious_fault(
    page: "Page", request: pytest.FixtureRequest, which: str, name: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    open_file(page, request.getfixturevalue(which) / name)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = axe.Axe().run(page).response["violations"]
    grave = [
        (fault["id"], [node["target"] for node in fault["nodes"]][:3])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert grave == []


def test_the_report_of_a_hundred_thousand_patients_works(page: "Page", tmp_path: Path) -> None:
    rows = [finding(row=row, column=f"column {row % 5_000:04d}", raw=None) for row in range(20_000)]
    folder = write_run(tmp_path / "run", enlarged(100_000), findings=findings_of(*rows))
    path = tmp_path / "large.html"
    path.write_text(render_report(review_run(folder, schema())), encoding="utf-8")
    assert path.stat().st_size < 8_000_000
    open_file(page, path)
    assert page.locator("#matches").inner_text() == "1 to 25 of 5,000"
    page.get_by_label("Search").fill("column 4321")
    assert column(page, 6) == ["column 4321"]


def test_the_cards_of_the_sample_say_where_to_mend(page: "Page", report: Path) -> None:
    open_file(page, report / "cards" / "piave.html")
    assert page.get_by_role("heading", name="What to mend").is_visible()
    told = page.locator("#todo").get_by_text("nobody knows whose row this is")
    assert told.is_visible()
