"""The page of a benchmark, its charts and its tables."""

from __future__ import annotations

import csv
import functools
import json
import re
from pathlib import Path

import msgspec
import pytest
from markupsafe import escape

from harness.decide.intervals import Change, interval_of
from harness.latencies import Latencies
from harness.load.condensing import spread_of
from harness.measurement import (
    Baseline,
    Bench,
    Compared,
    ExamsMeasured,
    KeptMeasured,
    LimitMeasured,
    LoadMeasured,
    Moment,
    ObjectiveMeasured,
    OperationMeasured,
    PhaseMeasured,
    ResourceMoment,
    TrialMeasured,
    write_bench,
)
from harness.report.bench_charts import charts_of
from harness.report.bench_page import bench_page, render_bench
from harness.report.plotting import PAGE, for_page
from tests.unit.report.conftest import NASTY


@functools.cache
def operation(name: str, number: int = 50, **errors: int) -> OperationMeasured:
    latencies = Latencies()
    for count in range(number):
        latencies.record(0.01 + count / 1000)
    return OperationMeasured(
        name, number, errors, 1_000_000 * number, number, number / 10, spread_of(latencies)
    )


def load(client: str = "typical", repeat: int = 1, **errors: int) -> LoadMeasured:
    store = operation("store", **errors)
    assert store.latency is not None
    moments = tuple(
        Moment(float(at), 1.0, name, 5, errors if at == 3 else {}, 5_000_000, 0.02, 0.05, 0.06)
        for name in ("store", "all")
        for at in range(10)
    )
    return LoadMeasured(
        client,
        repeat,
        10.0,
        50,
        50,
        0,
        (store, operation("all", **errors)),
        (PhaseMeasured("store", "first byte", store.latency),),
        moments,
        "archived",
        tuple(
            ResourceMoment(float(at), 0.5, 10_000_000 + at, None if at == 4 else 2e6, 1e6, 20)
            for at in range(1, 10)
        ),
    )


def bench(**changed: object) -> Bench:
    whole = Bench(
        tool_version="0",
        target={"name": "Made up"},
        peer={"name": "Made up"},
        workload={"name": "w", "about": "A test.", "arrival": {"clients": 2}},
        started="2026-11-25T10:00:00+01:00",
        finished="2026-11-25T10:05:00+01:00",
        command=("pacs-harness", "bench"),
        environment={"python": "3"},
        exit_code=0,
        ended_because="completed",
        loads=(load(), load("unthrottled"), load(repeat=2), load("unthrottled", 2)),
    )
    return msgspec.structs.replace(whole, **changed)


MET = ObjectiveMeasured("typical", 1, "store", "p95", 100, 58, True, "store p95: 58 ms")
MISSED = ObjectiveMeasured("typical", 2, "store", "p95", 100, 158, False, "store p95: 158 ms")
LIMIT = LimitMeasured(
    8.0,
    8.5,
    "the product",
    False,
    1000,
    "8 operations a second, and not 8.5",
    (TrialMeasured(8, True, "", (operation("all"),)), TrialMeasured(8.5, False, "p95", (operation("all"),))),
)


@pytest.mark.parametrize(
    ("changed", "tone", "label"),
    [
        ({}, "conforms", "Nothing was lost"),
        ({"objectives": (MET,)}, "conforms", "Every objective was met, and nothing was lost"),
        ({"objectives": (MET, MISSED)}, "deviates", "Objectives were not met"),
        ({"kept": (KeptMeasured(10, 9, 0, 5, 0, ("1.2",), (), ""),)}, "deviates", "lost or altered"),
        ({"kept": (KeptMeasured(10, 10, 0, 5, 1, (), ("1.2: x",), ""),)}, "deviates", "lost or altered"),
        ({"kept": (KeptMeasured(10, 0, 10, 0, 0, (), (), "no"),)}, "incomplete", "could not be seen"),
        ({"ended_because": "interrupted"}, "incomplete", "Not complete: interrupted"),
        ({"ended_because": "it is gone", "objectives": (MISSED,)}, "deviates", "Not complete: it is gone"),
    ],
)
def test_the_verdict_in_a_line(changed: dict[str, object], tone: str, label: str) -> None:
    page = bench_page(bench(loads=(load(),), **changed))
    found = re.search(r'class="verdict (\w+)".*?class="label">([^<]*)<', page, re.DOTALL)
    assert found is not None
    assert found[1] == tone
    assert label in found[2]


def test_what_a_reader_finds() -> None:
    page = bench_page(
        bench(
            objectives=(MET, MISSED),
            limit=LIMIT,
            exams=ExamsMeasured(10, 1000, False, "its busiest hour carries 1,000 exams a year", ("so",)),
            loads=(load(rejected=3), load("unthrottled")),
        )
    )
    for words in (
        "It sustains 8 operations a second, and not 8.5.",
        "Its busiest hour carries 1,000 exams a year.",
        "C-STORE, an object: 95 % within 100 ms",
        "58; 158 ms",
        "1 of 2",
        "25 November 2026, 10:00:00 to 10:05:00",
        "rejected",
        "from the request to the first byte of an answer",
        "archived",
        "The harness itself reaches 1,000 operations a second here",
    ):
        assert words in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "<script" not in page


def test_nothing_that_a_product_says_is_markup() -> None:
    nasty = json.loads(
        msgspec.json.encode(bench(objectives=(MET,), limit=LIMIT, loads=(load(rejected=3),))).replace(
            b'"rejected"', json.dumps(NASTY).encode()
        )
    )
    nasty["target"]["name"] = nasty["peer"]["name"] = nasty["ended_because"] = NASTY
    nasty["loads"][0]["server"] = nasty["loads"][0]["client"] = nasty["workload"]["about"] = NASTY
    nasty["limit"]["words"] = nasty["environment"]["python"] = NASTY
    page = bench_page(msgspec.convert(nasty, Bench))
    assert page.count("&lt;script&gt;") > 8
    assert "<script" not in page
    assert "<img" not in page


def test_every_chart_is_drawn_and_described() -> None:
    whole = bench(limit=LIMIT, loads=(load(rejected=3), load("unthrottled")))
    charts = {one.name: one for one in charts_of(whole)}
    assert list(charts) == [
        "limit",
        "store-rate",
        "store-latency",
        "store-percentiles",
        "errors",
        "server-typical",
        "server-unthrottled",
    ]
    for one in charts.values():
        svg = for_page(one.draw(PAGE), one.description)
        assert svg.startswith("<svg ")
        assert f'aria-label="{escape(one.description)}"' in svg
        assert "#0000" not in svg, "a colour that is no variable of the style sheet"
        assert "var(--ink)" in svg
        assert "<text" in svg, "letters are text, not paths"


def test_nothing_measured_is_a_page_too() -> None:
    page = bench_page(bench(loads=(), ended_because="interrupted"))
    assert "Not complete: interrupted" in page
    assert "<svg" not in page


def without_charts(page: str) -> str:
    # matplotlib shares the paths of marks as addresses in memory happen to be.
    return re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL)


@pytest.mark.slow
def test_all_files(tmp_path: Path) -> None:
    write_bench(bench(objectives=(MET,), limit=LIMIT, loads=(load(**{"=1+1": 3}),)), tmp_path)
    page = render_bench(tmp_path)
    assert page == tmp_path / "report.html"
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {
        f"{name}.csv"
        for name in (
            *("figures", "operations", "errors", "phases", "moments"),
            *("percentiles", "objectives", "resources", "limit"),
        )
    }
    for path in (tmp_path / "tables").iterdir():
        rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
        assert rows
    (wrong, *_) = csv.DictReader((tmp_path / "tables" / "errors.csv").read_text("utf-8-sig").splitlines())
    assert wrong["kind"] == "'=1+1", "a spreadsheet would compute it"
    assert (tmp_path / "charts" / "limit.png").read_bytes().startswith(b"\x89PNG")
    assert "var(" not in (tmp_path / "charts" / "limit.svg").read_text()
    before = without_charts(page.read_text())
    assert without_charts(render_bench(tmp_path).read_text()) == before, "the same folder gives the same page"


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        ((Change.SAME, Change.WORSE, Change.BETTER), "Worse than the baseline"),
        ((Change.SAME, Change.BETTER), "Nothing was lost"),
    ],
)
def test_beside_a_baseline(changes: tuple[Change, ...], label: str) -> None:
    figures = tuple(
        Compared("typical", NASTY if change is Change.SAME else "find", "p50", was, now, change)
        for change in changes
        for was, now in [(interval_of([1.0, 2.0]), interval_of([3.0]))]
    )
    baseline = Baseline("/an/earlier/run", "2026-11-24T10:00:00+01:00", "0", figures)
    page = bench_page(bench(baseline=baseline))
    assert label in page
    assert ("Worse" in page) is (Change.WORSE in changes)
    assert "24 November 2026" in page
    assert "1.5 ms (1 to 2)" in page
    assert ">3 ms<" in page
    assert NASTY not in page
