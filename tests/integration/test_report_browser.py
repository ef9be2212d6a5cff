"""report.html in a real browser: filters, keyboard, print, and nothing but itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.measurement import write_bench
from harness.report import load_run, render
from harness.report.bench_page import render_bench
from harness.verdict import Evidence, Outcome, Requirement, Run, to_json
from tests.programs import require_program
from tests.unit.report.hostile import PAGES
from tests.unit.report.test_bench_page import bench as made_up_bench

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

MADE_UP = Path(__file__).parent / "data" / "made_up_run"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
NASTY = (
    "</pre></script><script>window.ran = true</script>"
    "\"'><img src=http://127.0.0.1:9/x onerror='window.ran = true'>"
)


@dataclass
class Opened:
    """A page and everything it did that a report must not do."""

    page: sync_api.Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def shown(self) -> int:
        """Results that a reader sees or can unfold."""
        return int(self.page.locator("[data-outcome]:not([hidden])").count())

    def control(self, name: str) -> sync_api.Locator:
        """A field of the filter bar."""
        return self.page.locator(f"#filters [name={name}]")

    def chip(self, outcome: str) -> sync_api.Locator:
        """The box of an outcome."""
        return self.page.locator(f"#filters [value={outcome}]")

    def hash(self) -> str:
        return str(self.page.evaluate("decodeURIComponent(location.hash)"))


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    program = require_program("chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "made_up"
    shutil.copytree(MADE_UP, folder)
    (folder / "captures").mkdir()
    (folder / "captures" / "move.status.all-fail.pcapng").touch()
    render(folder)
    return folder / "report.html"


@pytest.fixture
def opened(browser: sync_api.Browser, report: Path) -> Iterator[Opened]:
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        opened = watched(context, report.as_uri())
        yield opened
        assert opened.complaints == []
        assert {request.split("#")[0] for request in opened.requests} <= {report.as_uri(), "data:,"}


def watched(context: sync_api.BrowserContext, address: str) -> Opened:
    """The page at `address`, what it asks for and what it complains of being noted."""
    opened = Opened(context.new_page())
    opened.page.on("request", lambda request: opened.requests.append(request.url))
    opened.page.on("console", lambda message: opened.complaints.append(message.text))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.goto(address)
    return opened


def test_opens_whole_with_nothing_but_itself(opened: Opened, report: Path) -> None:
    assert opened.shown() == 122
    assert opened.page.locator("#filter-status").inner_text() == "All 122 results shown."
    assert opened.requests[0] == report.as_uri()


def test_outcome_filter(opened: Opened) -> None:
    opened.chip("FAIL").check()
    assert opened.shown() == 6
    assert opened.hash() == "#outcome=FAIL"
    assert opened.page.locator("#filter-status").inner_text() == "6 of 122 results shown."
    opened.chip("WARN").check()
    assert opened.shown() == 11
    opened.page.get_by_role("button", name="Show all").click()
    assert opened.shown() == 122
    assert opened.hash() == ""


def test_group_level_and_words_narrow_together(opened: Opened) -> None:
    opened.control("group").select_option("move")
    assert opened.shown() == 18
    opened.control("level").select_option("SHALL")
    assert opened.shown() == 16
    opened.page.get_by_role("searchbox").fill("maximum LENGTH")
    assert opened.shown() == 1
    assert opened.hash() == "#group=move&level=SHALL&q=maximum+LENGTH"
    opened.page.get_by_role("searchbox").fill("no such words")
    assert opened.shown() == 0
    assert "None of 122" in opened.page.locator("#filter-status").inner_text()


def test_words_of_an_exchange_do_not_match(opened: Opened) -> None:
    assert opened.page.locator(".exchange", has_text="A-RELEASE-RP").count() == 1
    opened.page.get_by_role("searchbox").fill("A-RELEASE-RP")
    assert opened.shown() == 0


def test_the_address_holds_the_filter(browser: sync_api.Browser, report: Path) -> None:
    with browser.new_context() as context:
        opened = watched(context, report.as_uri() + "#outcome=FAIL,WARN&group=storage&q=private")
        assert opened.shown() == 1
        assert opened.control("group").input_value() == "storage"
        opened.page.evaluate("location.hash = 'group=get'")
        opened.page.wait_for_function(
            "document.querySelectorAll('[data-outcome]:not([hidden])').length === 14"
        )
        opened.page.evaluate("location.hash = 'group=nonsense&outcome=NONSENSE'")
        opened.page.wait_for_function(
            "document.querySelectorAll('[data-outcome]:not([hidden])').length === 122"
        )
        opened.page.evaluate("location.hash = '%'")
        assert opened.complaints == []


def test_a_number_of_the_matrix_leads_to_its_results(opened: Opened) -> None:
    opened.page.get_by_label("2 FAIL, move: show them").click()
    opened.page.wait_for_function("document.querySelectorAll('[data-outcome]:not([hidden])').length === 2")
    assert opened.page.locator("article.result:visible").count() == 2


def test_passed_results_unfold_when_a_filter_finds_them(opened: Opened) -> None:
    result = opened.page.locator("[id='r-verification.echo.success']")
    assert not result.is_visible()
    opened.page.get_by_role("searchbox").fill("verification.echo.success")
    assert result.is_visible()
    opened.page.get_by_role("searchbox").fill("")
    assert not result.is_visible()


def test_a_link_to_a_result_unfolds_it_even_if_filtered_away(opened: Opened) -> None:
    opened.chip("FAIL").check()
    opened.page.evaluate("location.hash = 'r-verification.echo.success'")
    opened.page.wait_for_function("document.getElementById('r-verification.echo.success').checkVisibility()")


def test_the_keyboard_is_enough(opened: Opened) -> None:
    keyboard = opened.page.keyboard
    keyboard.press("/")
    keyboard.type("move")
    assert opened.page.get_by_role("searchbox").input_value() == "move"
    keyboard.press("Escape")
    assert opened.shown() == 122
    box = opened.chip("FAIL")
    box.focus()
    keyboard.press("Space")
    assert opened.shown() == 6
    keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.value") == "ERROR"
    opened.page.locator(".exchange summary").first.focus()
    keyboard.press("Enter")
    assert opened.page.locator(".exchange pre").first.is_visible()


def test_one_press_leads_back_to_the_filter(opened: Opened) -> None:
    back = opened.page.get_by_role("button", name="Filter")
    assert back.is_hidden()
    opened.page.locator("#words").scroll_into_view_if_needed()
    back.click()
    sync_api.expect(back).to_be_hidden()
    assert opened.page.locator("#filters").is_visible()
    assert opened.hash() == "", "what was chosen stays as it was"


def test_captures_are_linked_beside_the_report(opened: Opened) -> None:
    links = opened.page.locator("a[download]").evaluate_all("links => links.map(a => a.getAttribute('href'))")
    assert links == ["./captures/move.status.all-fail.pcapng"], "what is not in the folder is not linked to"
    assert opened.page.get_by_text("(not in this folder)").count() > 0


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(browser: sync_api.Browser, report: Path, width: int) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        page = watched(context, report.as_uri()).page
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_where_the_reader_likes_it(browser: sync_api.Browser, report: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        with browser.new_context(color_scheme=scheme) as context:
            page = watched(context, report.as_uri()).page
            colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            bar = "getComputedStyle(document.querySelector('figure path[style*=fill]')).fill"
            colours.append(page.evaluate(bar))
    assert len(set(colours)) == 4


def test_paper_shows_what_is_folded(opened: Opened) -> None:
    folded = opened.page.locator("[id='r-verification.echo.success']")
    seen = opened.page.evaluate_handle(
        "() => { const seen = []; addEventListener('beforeprint', () => seen.push("
        "document.getElementById('r-verification.echo.success').checkVisibility())); return seen; }"
    )
    assert opened.page.pdf().startswith(b"%PDF")
    assert seen.json_value() == [True]
    assert not folded.is_visible()


def test_a_run_without_results_opens_as_well(browser: sync_api.Browser, tmp_path: Path) -> None:
    run = replace(load_run(MADE_UP), results=(), ended_because="preflight: nothing listens there")
    (tmp_path / "run.json").write_text(json.dumps(to_json(run)), encoding="utf-8")
    with browser.new_context() as context:
        opened = watched(context, render(tmp_path)[0].as_uri() + "#outcome=FAIL")
        assert opened.page.locator("#filters").count() == 0
        assert opened.page.get_by_text("The run could not begin: nothing listens there.").is_visible()
        assert opened.complaints == []


@pytest.mark.parametrize("width", [320, pytest.param(1280, marks=pytest.mark.slow)])
def test_the_page_of_a_benchmark(browser: sync_api.Browser, tmp_path: Path, width: int) -> None:
    """Nothing is wider than the screen, fetched or complained of; its charts are there."""
    write_bench(made_up_bench(), tmp_path)
    address = render_bench(tmp_path).as_uri()
    with browser.new_context(viewport={"width": width, "height": 700}) as context:
        opened = watched(context, address)
        wide = opened.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        assert opened.page.locator("svg[role=img]:visible").count() > 3
        assert opened.complaints == []
        assert set(opened.requests) <= {address, "data:,"}


def test_readable_without_scripts(browser: sync_api.Browser, report: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(report.as_uri())
        assert page.locator("article.result").count() == 12
        assert page.locator("#filters").is_hidden()
        page.locator("details.fold summary").last.click()
        assert page.locator("details.fold[open] li").first.is_visible()


@pytest.mark.parametrize("bypass_csp", [False, True], ids=["policy", "escaping alone"])
def test_what_a_pacs_sent_does_not_run(browser: sync_api.Browser, tmp_path: Path, bypass_csp: bool) -> None:
    (tmp_path / "run.json").write_text(json.dumps(to_json(attack(load_run(MADE_UP)))), encoding="utf-8")
    html = render(tmp_path)[0]
    with browser.new_context(bypass_csp=bypass_csp) as context:
        opened = watched(context, html.as_uri())
        opened.page.get_by_role("searchbox").fill("window.ran")
        assert opened.shown() == len(Outcome)
        opened.control("group").select_option(NASTY)
        assert opened.shown() == len(Outcome)
        opened.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert opened.page.evaluate("window.ran") is None
        assert opened.page.locator("img").count() == 0
        assert opened.page.locator("script").count() == 1
        assert opened.complaints == []
        assert {request.split("#")[0] for request in opened.requests} <= {html.as_uri(), "data:,"}


def test_no_page_runs_what_anybody_put_into_it(browser: sync_api.Browser, tmp_path: Path) -> None:
    """Escaping alone keeps it from that, without the policy; nothing is fetched either."""
    with browser.new_context(bypass_csp=True) as context:
        opened = watched(context, "about:blank")
        for name, page in PAGES.items():
            path = tmp_path / f"{name}.html"
            path.write_text(page(), encoding="utf-8", errors="replace")
            opened.page.goto(path.as_uri())
            opened.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
            assert opened.page.evaluate("window.ran") is None, name
            assert opened.page.locator("img, textarea, a[href^=javascript]").count() == 0, name
            assert opened.complaints == [], name
        assert {one.rpartition(".")[2] for one in opened.requests} <= {"html", "data:,"}
        assert {one[:5] for one in opened.requests} <= {"file:", "data:"}


def attack(run: Run) -> Run:
    """`run` with markup in every text that a PACS or a target file can choose."""
    requirement: Requirement = replace(
        run.results[0].requirement, clause=NASTY, text=NASTY, group=NASTY, location=NASTY, edition=NASTY
    )
    evidence = Evidence(NASTY, NASTY, NASTY, (NASTY, "javascript:window.ran=true"))
    results = tuple(
        replace(
            run.results[0],
            requirement=replace(requirement, id=f"{outcome}{NASTY}"),
            outcome=outcome,
            reason=NASTY,
            evidence=evidence,
            cases=((NASTY, outcome),),
        )
        for outcome in Outcome
    )
    return replace(
        run,
        target={"name": NASTY, "dimse": {"host": NASTY, "port": 104, "called_ae_title": NASTY}, NASTY: NASTY},
        tool_version=NASTY,
        edition=NASTY,
        started=NASTY,
        finished=NASTY,
        command=("pacs-harness", NASTY),
        ended_because=NASTY,
        peer={"implementation_version_name": NASTY, "implementation_class_uid": NASTY},
        environment={NASTY: NASTY},
        results=results,
        measurements=(replace(run.measurements[0], name=NASTY, unit=NASTY),),
        unselected=(requirement,),
    )
