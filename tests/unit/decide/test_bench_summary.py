"""From what was told to figures, tables and words."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.decide.bench_summary import (
    errors,
    findings,
    latency,
    megabytes,
    merged,
    over_repeats,
    rate,
    rows,
)
from harness.latencies import decode
from harness.load.condensing import STRETCHES, condensed
from harness.load.measuring import ALL, STUDY, Phase, Sample, Timeline
from harness.load.running import Measured
from harness.measurement import Bench, KeptMeasured, LoadMeasured, ObjectiveMeasured, read_bench, write_bench
from harness.watching import Watched


def load(client: str = "typical", repeat: int = 1, each: float = 0.1, seconds: float = 20.0) -> LoadMeasured:
    """One object after the other, each of so many seconds, and one error."""
    timeline = Timeline(0.0)
    number = int(seconds / each)
    for count in range(1, number + 1):
        timeline.note(Sample("store", count * each - 1e-9, each, bytes=1_000_000, objects=1))
    timeline.note(Sample(STUDY, seconds - 1e-9, seconds, bytes=number * 1_000_000, objects=number))
    timeline.note(Sample("find", 1.0, 0.5, "no answer"))
    timeline.note_phase("store", Phase.RESPONSE, each)
    return condensed(Measured(timeline, seconds=seconds, begun=2, ended=2), Watched(""), client, repeat)


def test_figures() -> None:
    one = load()
    store = one.of("store")
    assert store is not None
    assert (store.count, store.bytes, store.errors) == (200, 200_000_000, {})
    assert store.rate == pytest.approx(10)
    assert store.latency is not None
    assert store.latency.p50 == pytest.approx(0.1, rel=0.01)
    assert len(decode(store.latency.histogram)) == 200
    find = one.of("find")
    assert find is not None
    assert (find.count, find.errors, find.latency) == (0, {"no answer": 1}, None)
    assert [operation.name for operation in one.operations] == ["find", "store", STUDY, ALL]
    assert [(phase.operation, phase.phase) for phase in one.phases] == [("store", "response")]
    assert one.of("move") is None


def test_stretches_add_up() -> None:
    for seconds in (20.0, 1000.0):
        one = load(seconds=seconds)
        stretches = [moment for moment in one.moments if moment.operation == "store"]
        assert sum(moment.count for moment in stretches) == int(seconds * 10)
        assert len(stretches) <= STRETCHES
        assert all(moment.p50 == pytest.approx(0.1, rel=0.01) for moment in stretches)
        assert {moment.span for moment in stretches} == {max(1.0, -(-seconds // STRETCHES))}


def test_medians_of_repeats() -> None:
    loads = [load(repeat=n, each=each) for n, each in enumerate((0.1, 0.2, 0.4), 1)]
    found = over_repeats(loads, "typical", "store", rate)
    assert found is not None
    assert (round(found.median, 3), round(found.low, 3), round(found.high, 3)) == (5, 2.5, 10)
    size = over_repeats(loads, "typical", "store", megabytes)
    assert size is not None
    assert size.median == pytest.approx(5)
    assert over_repeats(loads, "unthrottled", "store", rate) is None
    assert over_repeats(loads, "typical", "find", latency("p95")) is None


def test_the_table_has_a_line_for_each_operation_and_client() -> None:
    table = list(rows([load(), load("unthrottled", each=0.01)]))
    assert [(line.operation, line.client) for line in table][:4] == [
        ("find", "typical"),
        ("find", "unthrottled"),
        ("store", "typical"),
        ("store", "unthrottled"),
    ]
    first, _, third = table[:3]
    assert (first.errors, first.p50, first.p95, first.p99) == (1, None, None, None)
    assert first.rate is not None
    assert first.rate.median == 0
    assert third.figures[0] is not None
    assert third.figures[0].median == pytest.approx(10)


@pytest.mark.parametrize(("each", "is_told"), [(0.01, True), (0.09, False), (0.2, False)])
def test_a_stall_of_ordinary_clients_is_told(each: float, is_told: bool) -> None:
    words = list(findings([load(), load("unthrottled", each=each)], [], []))
    assert bool(words) is is_told
    if is_told:
        assert "10.0 objects a second where 100.0 would be possible" in words[0]
        assert "would gain 90.0" in words[0]


def test_clients_that_differ_by_less_than_an_acknowledgement_waits_are_no_stall() -> None:
    """The first of two loads meets a product that is not warm yet."""
    assert not list(findings([load(each=0.02), load("unthrottled", each=0.005)], [], []))


def test_repeats_are_merged_exactly() -> None:
    loads = [load(repeat=n, each=each) for n, each in enumerate((0.1, 0.2), 1)]
    whole = merged(loads, "typical", "store")
    assert whole is not None
    assert len(whole) == 300
    assert whole.longest == pytest.approx(0.2, rel=0.01)
    assert merged(loads, "typical", "find") is None
    assert errors(loads, "typical", "find") == {"no answer": 2}
    assert not errors(loads, "unthrottled", "find")


def test_losses_and_broken_objectives_are_told() -> None:
    kept = KeptMeasured(10, 7, 1, 5, 1, ("1.2.3",), ("1.2.4: another value",), "nothing more")
    missed = ObjectiveMeasured("typical", 2, "find", "p95", 100, 200, False, "find p95: 200 ms")
    met = ObjectiveMeasured("typical", 1, "find", "p95", 100, 50, True, "find p95: 50 ms")
    assert list(findings([load()], [kept, kept], [met, missed])) == [
        "20 objects were acknowledged: 4 lost, 2 not known of; 10 brought back: 2 altered",
        "nothing more",
        "not met with typical clients, in 1 of 2 repeats: find p95: 200 ms",
    ]


def test_to_a_file_and_back(tmp_path: Path) -> None:
    bench = Bench("0", {"name": "x"}, {}, {"about": "y"}, "a", "b", ("c",), {}, 0, "completed", (load(),))
    write_bench(bench, tmp_path)
    assert read_bench(tmp_path) == bench
    (tmp_path / "bench.json").write_text('{"loads": 1}')
    with pytest.raises(ValueError, match="is no benchmark of this version"):
        read_bench(tmp_path)
