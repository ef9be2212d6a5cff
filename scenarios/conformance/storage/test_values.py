"""Values and their lengths (PS3.5 7.1, 7.2).  What is judged where: see `test_sequence`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.dimse.walker import walk
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring, keep, keeps_all, store_as_is
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure
from harness.synthesis import shapes
from harness.target import Target

GROUPS = (0x0008, 0x0010)


@requirement("PS3.5 7.1.1", SHALL, "Values beyond 64 KiB are read where their VR has a length of 32 bits.")
def test_very_long(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    kept = keep(scu, corpus, target, retrieved, shapes.very_long_values)
    wrong = kept.lost if keeps_all(scu, target) else kept.unread
    assert not wrong, wrong


@requirement("PS3.5 7.2", SHALL, "Retired group length elements are read; what comes back of them is right.")
def test_group_length_tolerated(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    base = corpus.new_study().instance(0).dataset
    lengths: dict[int, bytes] = {}
    for number in GROUPS:
        group = b"".join(base[start:end] for tag, start, end in shapes.top_level(base) if tag >> 16 == number)
        lengths |= shapes.group_length(group, number)
    kept = keep(scu, corpus, target, retrieved, lambda: lengths)
    assert not kept.unread, kept.unread


@pytest.mark.parametrize(
    "shape",
    [
        shapes.sequences_of_undefined_length,
        shapes.sequences_of_defined_length,
        shapes.empty_sequence_and_empty_items,
        shapes.deep_sequences,
        shapes.un_of_defined_length,
        shapes.un_of_undefined_length,
        shapes.un_of_standard_tags,
        shapes.very_long_values,
    ],
    ids=lambda shape: shape.__name__.replace("_", "-"),
)
@requirement("PS3.4 B.4.1", QUALITY, "Elements in unusual but legal encodings come back as they were stored.")
def test_unusual_kept(
    scu: Scu, corpus: Corpus, target: Target, retrieved: Bring, shape: shapes.Shape
) -> None:
    lost = keep(scu, corpus, target, retrieved, shape).lost
    assert not lost, lost


@requirement("PS3.5 7.1", QUALITY, "Elements out of order, which is not legal, are refused or set right.")
def test_elements_out_of_order(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    instance = corpus.new_study().instance(0)
    data = instance.dataset
    parts = [(tag, data[start:end]) for tag, start, end in shapes.top_level(data)]
    at = next(number for number, (tag, _) in enumerate(parts) if tag >> 16 == 0x0018)
    parts[at], parts[at + 1] = parts[at + 1], parts[at]
    odd = replace(instance, dataset=b"".join(part for _, part in parts))
    response = store_as_is(scu, odd)
    if is_failure(response.integer("Status")):
        return
    for received in retrieved([odd]):
        tags = [
            element.tag for element in walk(received.dataset, received.transfer_syntax) if not element.depth
        ]
        assert tags == sorted(tags), f"{describe(response)}, and the elements come back out of order"
