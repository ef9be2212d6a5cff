"""Measurements: counted once, a second at a time, and the same however many workers there were."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.measuring import ALL, STUDY, Phase, Sample, Timeline, measured_seconds

SAMPLES = st.lists(
    st.builds(
        Sample,
        operation=st.sampled_from(["echo", "store", STUDY]),
        ended=st.floats(100, 130),
        latency=st.floats(1e-5, 20),
        error=st.sampled_from(["", "", "rejected", "no answer"]),
        bytes=st.integers(0, 10**9),
        objects=st.integers(0, 5),
    ),
    max_size=60,
)


def of(samples: list[Sample], warm_up: float = 0.0) -> Timeline:
    timeline = Timeline(100.0, warm_up)
    for sample in samples:
        timeline.note(sample)
    return timeline


def told(timeline: Timeline) -> object:
    """All that can be asked of it."""
    return {
        name: {
            number: (s.count, s.bytes, s.objects, s.errors, s.latencies.encode())
            for number, s in sorted(timeline.seconds(name).items())
        }
        for name in timeline.operations()
    }, {key: latencies.encode() for key, latencies in timeline.phases().items()}


@given(SAMPLES)
def test_each_is_counted_once(samples: list[Sample]) -> None:
    timeline = of(samples)
    for name in ("echo", "store", STUDY):
        own = [sample for sample in samples if sample.operation == name]
        whole = timeline.whole(name)
        assert whole.count == len(whole.latencies) == sum(not one.error for one in own)
        assert whole.errors == Counter(one.error for one in own if one.error)
        assert whole.bytes == sum(one.bytes for one in own if not one.error)
    assert timeline.whole(ALL).count == timeline.whole("echo").count + timeline.whole("store").count


@given(SAMPLES, st.integers(1, 4), st.integers(0, 31))
def test_workers_add_up_exactly(samples: list[Sample], workers: int, told_at: int) -> None:
    together, whole = Timeline(100.0), of(samples)
    for worker in range(workers):
        mine = of(samples[worker::workers])
        mine.note_phase("echo", Phase.CONNECT, 0.25)
        for before in (told_at, 32):
            together.put(json.loads(json.dumps(mine.take(before))))
        assert mine.operations() == () or all(not mine.seconds(name) for name in mine.operations())
        whole.note_phase("echo", Phase.CONNECT, 0.25)
    assert told(together) == told(whole)
    again = Timeline(100.0)
    again.add(together)
    assert told(again) == told(whole)


def test_warm_up_is_left_out() -> None:
    timeline = Timeline(100.0, warm_up=5.0)
    assert not timeline.note(Sample("echo", 104.9, 0.1))
    assert timeline.note(Sample("echo", 105.0, 0.1))
    assert timeline.whole("echo").count == 1
    assert list(timeline.seconds("echo")) == [5]
    assert measured_seconds(timeline, 115.0) == 10.0
    assert measured_seconds(timeline, 101.0) == 0.0


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"seconds": [], "phases": []},
        {"seconds": {"echo": {"1": [1, 2, 3, {}, "?"]}}, "phases": []},
        {"seconds": {"echo": {"1": ["1", 2, 3, {}, ""]}}, "phases": []},
        {"seconds": {"echo": {"1": [1, 2]}}, "phases": []},
        {"seconds": {}, "phases": [["echo", "unknown", ""]]},
    ],
)
def test_what_is_none_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Timeline(0.0).put(document)
