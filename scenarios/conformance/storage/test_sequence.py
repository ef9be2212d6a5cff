"""Sequences in every form of length (PS3.5 7.5).

Whether an object was read is judged everywhere, whether all of it is kept only at Storage Level 2
(PS3.4 B.4.1.1); `storage.structure.kept` says so of every other product.
"""

from __future__ import annotations

from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring, keep, keeps_all
from harness.scenario import SHALL, requirement
from harness.scu.session import Scu
from harness.synthesis import shapes
from harness.target import Target


@requirement("PS3.5 7.5.2", SHALL, "Sequences and items of undefined length are read.")
def test_undefined_length(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    kept = keep(scu, corpus, target, retrieved, shapes.sequences_of_undefined_length)
    wrong = kept.lost if keeps_all(scu, target) else kept.unread
    assert not wrong, wrong


@requirement("PS3.5 7.5.1", SHALL, "Sequences and items of defined length are read, and both forms mixed.")
def test_defined_length(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    kept = keep(scu, corpus, target, retrieved, shapes.sequences_of_defined_length)
    wrong = kept.lost if keeps_all(scu, target) else kept.unread
    assert not wrong, wrong


@requirement(
    "PS3.5 7.5.1", SHALL, "A sequence without items and one with an empty item are read, and not confused."
)
def test_empty_and_empty_item(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    kept = keep(scu, corpus, target, retrieved, shapes.empty_sequence_and_empty_items)
    wrong = kept.lost if keeps_all(scu, target) else kept.unread
    assert not wrong, wrong


@requirement("PS3.5 7.5", SHALL, "Sequences within sequences are read, eight levels deep.")
def test_deep_nesting(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    kept = keep(scu, corpus, target, retrieved, shapes.deep_sequences)
    wrong = kept.lost if keeps_all(scu, target) else kept.unread
    assert not wrong, wrong
