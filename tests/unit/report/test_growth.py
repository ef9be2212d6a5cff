"""The page of a growing archive."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

import pytest

from harness.decide.growth import Growth, growths
from harness.latencies import Latencies
from harness.load.condensing import spread_of
from harness.measurement import Bench, GrowthMeasured, GrowthOperation
from harness.report.bench_page import bench_page
from harness.report.bench_tables import tables
from harness.report.growth_chart import latency_by_size
from harness.report.plotting import PAGE, for_page

NAMES = (
    "C-FIND by PatientID",
    "C-FIND by StudyDate",
    "C-STORE",
    "C-GET of a study",
    "C-MOVE of a study",
    "C-ECHO",
)


def measured(studies: int, *milliseconds: float) -> GrowthMeasured:
    """Operations that took so long, and others that failed."""
    operations = []
    for number, name in enumerate(NAMES):
        latencies = Latencies()
        if number < len(milliseconds):
            latencies.record(milliseconds[number] / 1000)
        errors = {} if number < len(milliseconds) else {"no answer": 3}
        operations.append(GrowthOperation(name, errors, spread_of(latencies)))
    return GrowthMeasured("unthrottled", studies, studies, 0.5, tuple(operations))


def svg_of(found: Iterable[Growth]) -> str:
    return for_page(latency_by_size(PAGE, list(found)), "latency by size")


def bench(*growth: GrowthMeasured) -> Bench:
    workload = {"name": "growth", "about": "A test.", "arrival": {"clients": 1}}
    started, finished = "2026-11-25T10:00:00+00:00", "2026-11-25T10:01:00+00:00"
    peer = {"name": "<b>"}
    return Bench("1", {}, peer, workload, started, finished, ("bench",), {}, 0, "completed", growth=growth)


def test_a_chart_a_row_and_a_sentence_for_each_operation() -> None:
    sizes = tuple(measured(size, 1.3, 1.3, 8, 2.5, 12, 0.7) for size in (1000, 10_000, 100_000))
    page = bench_page(bench(*sizes))
    assert "Measured from 1,000 to 100,000 studies" in page
    assert "C-STORE takes 8.00 ms at 1,000 studies and 8.00 ms at 100,000 (× 1.00): can&#39;t" not in page
    assert "C-STORE takes 8.00 ms at 1,000 studies and 8.00 ms at 100,000 (× 1.00): flat." in page
    for name in NAMES:
        assert f'<th scope="row">{name}</th>' in page
    (svg,) = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert all(f"{name}: flat" in svg for name in NAMES)
    assert "<b>" not in page


@pytest.mark.parametrize(
    "growth",
    [
        (measured(10),),
        (measured(10, 1.0),),
        (measured(10, 1.0), measured(20)),
        (measured(10), measured(20, 1.0, 5.0)),
    ],
)
def test_what_failed_is_on_the_page(growth: tuple[GrowthMeasured, ...]) -> None:
    page = bench_page(bench(*growth))
    assert "C-ECHO failed 3 times at 10 studies: no answer." in page
    assert "As the archive grows" in page


def test_names_do_not_lie_on_each_other() -> None:
    sizes = [measured(size, 1.0, 1.01, 1.02, 1.03, 1.04, 1.05) for size in (10, 100, 1000)]
    svg = ET.fromstring(svg_of(growths(sizes)).replace("xlink:", ""))
    texts = [one for one in svg.iter() if one.tag.endswith("text") and (one.text or "").startswith("C-")]
    assert len(texts) == len(NAMES)
    heights = sorted(float(one.attrib["y"]) for one in texts)
    assert min(after - before for before, after in itertools.pairwise(heights)) > 10


def test_what_is_plotted_is_in_a_table() -> None:
    tables_ = dict(tables(bench(measured(10, 1.0), measured(20, 2.0))))
    assert list(tables_) == ["growth"]
    growth = tables_["growth"]
    assert list(growth["studies"]) == [10] * len(NAMES) + [20] * len(NAMES)
    assert growth["p50_ms"].dropna().tolist() == pytest.approx([1.0, 2.0], rel=0.01)
    assert growth["errors"].sum() == 3 * 2 * (len(NAMES) - 1)


def test_no_chart_of_nothing() -> None:
    assert "<svg" not in bench_page(bench())
