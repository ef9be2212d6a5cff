"""report.html as text: escaping, links, colours.  What it does is tested in the browser."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product

import pytest

from harness.content import content_folder
from harness.report.html import anchor, capture_link, html_report
from harness.verdict import RESTARTED_AFTER, Evidence, Outcome, Run


class Elements(HTMLParser):
    """Start tags with their attributes, and the page's text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_nothing_from_a_pacs_becomes_markup(nasty_run: Run) -> None:
    elements = Elements(html_report(nasty_run))
    assert [tag for tag, _ in elements.tags].count("script") == 1
    assert "img" not in [tag for tag, _ in elements.tags]
    for tag, attributes in elements.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        for name in ("href", "src"):
            link = attributes.get(name) or "#"
            assert link.startswith(("#", "./", "data:,")), link
    assert elements.text.count("<script>window.ran") > 20


def test_no_link_leads_out_of_the_run_folder() -> None:
    assert capture_link("captures/a b.pcapng") == "./captures/a%20b.pcapng"
    assert capture_link("javascript:alert(1)") == "./javascript%3Aalert%281%29"
    for path in ("/etc/passwd", "../x", "captures/../../x", "..\\x", ""):
        assert capture_link(path) == ""


def test_every_result_is_in_the_page_once(made_up_run: Run) -> None:
    ids = [attributes.get("id") for _, attributes in Elements(html_report(made_up_run)).tags]
    present = [identifier for identifier in ids if identifier]
    assert len(present) == len(set(present))
    assert {f"r-{result.requirement.id}" for result in made_up_run.results} <= set(present)


def test_every_link_in_the_page_leads_somewhere(made_up_run: Run) -> None:
    elements = Elements(html_report(made_up_run))
    ids = {attributes.get("id") for _, attributes in elements.tags}
    for tag, attributes in elements.tags:
        link = attributes.get("href") or ""
        if tag == "a" and link.startswith("#") and "=" not in link:
            assert link[1:] in ids


def test_failures_carry_their_proof(made_up_run: Run) -> None:
    text = Elements(html_report(made_up_run)).text
    for result in made_up_run.results:
        if result.outcome is Outcome.FAIL:
            for part in (
                result.requirement.clause,
                result.evidence.expected,
                result.evidence.observed,
                result.evidence.dump,
                f"--select {result.requirement.id}",
            ):
                assert part in text


def test_secrets_are_masked(made_up_run: Run) -> None:
    target = {"dimse": {"user_identity": {"passcode": "hunter2"}}, "api_token": "hunter2"}
    assert "hunter2" not in html_report(replace(made_up_run, target=target))


@pytest.mark.parametrize("text", ["\x00\x1b[31m", "\ud800", "\u202e"])
def test_what_can_not_be_written_is_shown(made_up_run: Run, text: str) -> None:
    failed = next(item for item in made_up_run.results if item.outcome is Outcome.FAIL)
    result = replace(failed, reason=text, evidence=Evidence(text, text, text))
    page = html_report(replace(made_up_run, results=(result,), peer={"implementation_version_name": text}))
    assert text.encode("utf-8", "surrogatepass") not in page.encode()


def test_a_page_stays_openable_when_a_pacs_answers_at_length(made_up_run: Run) -> None:
    failed = next(item for item in made_up_run.results if item.outcome is Outcome.FAIL)
    long = "x" * 5_000_000
    page = html_report(replace(made_up_run, results=(replace(failed, evidence=Evidence(long, long, long)),)))
    assert len(page) < 1_000_000
    assert "characters left out" in page


def test_a_run_without_results_has_a_page(made_up_run: Run) -> None:
    page = html_report(replace(made_up_run, results=(), measurements=(), unselected=(), target={}, peer={}))
    assert "Nothing was tested on The PACS." in page


def test_a_run_that_could_not_begin_praises_nothing(made_up_run: Run) -> None:
    because = "preflight: h:104 refuses the connection"
    run = replace(made_up_run, results=(), unselected=(), ended_because=because, exit_code=4)
    text = Elements(html_report(run)).text
    for words in (
        "The run could not begin: h:104 refuses the connection.",
        "Nothing was checked: the run ended before its first requirement.",
        "No requirement was judged in this run.",
    ):
        assert words in text
    for words in (
        "Every requirement of this tool was selected",
        "had to be left untested",
        "Nothing to report",
    ):
        assert words not in text


def test_the_numbers_on_the_first_screen_agree(made_up_run: Run) -> None:
    """The verdict counts mandatory requirements, the list beside it all of them: it says how many are."""
    text = Elements(html_report(made_up_run)).text
    assert "6 could not be tested." in text
    assert "7 could not be tested (6 of them mandatory)" in text
    assert "6 more concern what it does not offer." in text
    assert "8 concern what the product does not offer (6 of them mandatory)" in text


def test_a_run_that_was_cut_off_says_what_is_missing(made_up_run: Run) -> None:
    run = replace(made_up_run, unselected=(), finished="", exit_code=None, ended_because="the run was killed")
    text = Elements(html_report(run)).text
    assert "The run ended early: the run was killed. What was seen until then stands below; what it" in text
    assert "what it had not reached is missing here" in text
    assert "Every requirement of this tool was selected" not in text


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_colours_have_the_contrast_of_wcag_aa() -> None:
    style = (content_folder("reports") / "report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, flags=re.DOTALL)
    assert len(blocks) == 3, "light, dark and print"
    inks = ("ink", "muted", "link", "pass", "fail", "warn", "error", "not-tested", "not-supported")
    for block in blocks:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", block))
        colours = {k: v if len(v) == 7 else "#" + "".join(c * 2 for c in v[1:]) for k, v in colours.items()}
        papers = [name for name in colours if name in ("paper", "surface") or name.endswith("-tint")]
        for ink, paper in product(inks, papers):
            lighter, darker = sorted((luminance(colours[ink]), luminance(colours[paper])), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, paper)


def test_the_slowest_are_named_the_slowest_first(made_up_run: Run) -> None:
    seconds = [0.1, 31.0, 0.7, 4.0]
    results = [
        replace(result, duration=duration, requirement=replace(result.requirement, id=f"find.took.n{number}"))
        for number, (result, duration) in enumerate(zip(made_up_run.results, seconds, strict=False))
    ]
    text = Elements(html_report(replace(made_up_run, results=tuple(results)))).text
    told = text[text.index("Where the time went") :]
    assert "find.took.n0" not in told
    assert told.index("find.took.n1") < told.index("find.took.n3") < told.index("find.took.n2")
    assert "31.0" in told


def test_what_a_product_died_of_is_linked_to(made_up_run: Run) -> None:
    id_ = made_up_run.results[3].requirement.id
    page = html_report(replace(made_up_run, environment={RESTARTED_AFTER: f"{id_}, {id_}"}))
    assert "It stopped answering 2 times, and had to be restarted." in page
    assert page.count(f'<li><a href="#{anchor(id_)}"><code>{id_}</code></a></li>') == 1
