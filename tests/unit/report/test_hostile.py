"""No page, table or XML becomes something else than text by what a product, or anybody, puts into it."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pandas as pd
import pytest

from harness.measurement import write_bench
from harness.report.bench_page import render_bench
from harness.report.bench_tables import table_of, tables
from harness.report.junit import junit_report
from harness.report.tables import capabilities_table, results_table, to_csv
from tests.unit.report.hostile import ATTACK, PAGES, bench, run


class Parsed(HTMLParser):
    """A page as a browser takes it apart."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.raw: dict[str, str] = {}
        self.text = ""
        self._in = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._in = tag

    def handle_data(self, data: str) -> None:
        if self._in in ("script", "style"):
            self.raw[self._in] = self.raw.get(self._in, "") + data
        else:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        self._in = ""


@cache
def parsed(name: str) -> Parsed:
    return Parsed(PAGES[name]())


@pytest.mark.parametrize("name", PAGES)
def test_everything_in_a_page_is_text(name: str) -> None:
    page = parsed(name)
    names = [tag for tag, _ in page.tags]
    assert not {"img", "textarea", "iframe", "object", "base"} & set(names)
    assert names.count("script") == (1 if name == "run" else 0)
    for tag, attributes in page.tags:
        assert not [one for one in attributes if one.startswith("on")], (tag, attributes)
        for one in ("href", "src", "xlink:href", "action", "formaction"):
            assert attributes.get(one, "#").startswith(("#", "./", "data:,")), (tag, attributes)
    assert not any("window.ran" in raw for raw in page.raw.values())
    # It is all there, to be read: the attack is in the page as often as somebody chose it.
    assert page.text.count("<script>window.ran = true</script>") >= 10
    assert "49" not in "".join(re.findall(r"\{\{ ?(7\*7|49) ?\}\}", page.text))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_allows_nothing_that_it_does_not_need(name: str) -> None:
    policies = [
        attributes["content"]
        for tag, attributes in parsed(name).tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    (policy,) = policies
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules.keys() <= {"default-src", "base-uri", "form-action", "img-src", "style-src", "script-src"}
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]+'", rules.get("script-src", "'sha256-x'"))


def test_the_charts_of_a_benchmark_as_files_hold_text_alone(tmp_path: Path) -> None:
    whole = bench()
    loads = tuple(msgspec.structs.replace(one, moments=()) for one in whole.loads)
    write_bench(msgspec.structs.replace(whole, loads=loads, growth=(), limit=None), tmp_path)
    render_bench(tmp_path)
    drawn = list((tmp_path / "charts").glob("*.svg"))
    assert drawn
    for path in drawn:
        root = ElementTree.fromstring(path.read_text())  # its text is XML of its own
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert not {"script", "img", "foreignObject", "a", "image"} & tags
        assert not [key for element in root.iter() for key in element.attrib if key.startswith("on")]
    assert not [path for path in tmp_path.rglob("*") if not path.resolve().is_relative_to(tmp_path.resolve())]


def test_every_table_of_a_benchmark_reads_back_as_numbers_and_no_formula() -> None:
    seen = 0
    for name, frame in tables(bench("=1+1")):
        text = to_csv(table_of(frame)).decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text, newline="")):
            seen += sum("1+1" in cell for cell in row)
            assert not [cell for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))], name
        again = pd.read_csv(io.StringIO(text))
        for column in frame.columns:
            if pd.api.types.is_numeric_dtype(frame[column]):
                assert pd.api.types.is_numeric_dtype(again[column]), (name, column)
    assert seen > 5


def test_numbers_below_zero_and_what_is_not_there_stay_as_they_are() -> None:
    frame = pd.DataFrame({"text": ["-x", None], "number": [-1.5, None], "nothing": [None, None]})
    again = pd.read_csv(io.BytesIO(to_csv(table_of(frame))))
    assert again["number"].tolist()[0] == -1.5
    assert again["text"].tolist()[0] == "'-x"
    assert again.isna().iloc[1].all()


def test_tables_of_a_run_hold_no_formula() -> None:
    made = run("=1+1")
    assert made.capabilities is not None
    for table in (results_table(made), capabilities_table(made.capabilities)):
        for row in csv.reader(io.StringIO(to_csv(table).decode("utf-8-sig"), newline="")):
            assert not [cell for cell in row if cell.startswith("=")]


def test_junit_is_xml_whatever_is_in_it() -> None:
    for attack in (ATTACK, "]]>\x00\x0b\x1b[31m\ufffe\ud800&#0;"):
        root = ElementTree.fromstring(junit_report(run(attack)))
        assert {element.tag for element in root.iter()} <= {
            *("testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "skipped"),
            "system-out",
        }
