"""Elements of VR UN (PS3.5 6.2.2).  What is judged where: see `test_sequence`."""

from __future__ import annotations

from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring, keep, keeps_all
from harness.scenario import SHALL, requirement
from harness.scu.session import Scu
from harness.synthesis import shapes
from harness.target import Target


@requirement("PS3.5 6.2.2", SHALL, "The value of a UN element is opaque: any byte may be in it.")
def test_defined_length(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    kept = keep(scu, corpus, target, retrieved, shapes.un_of_defined_length)
    wrong = kept.lost if keeps_all(scu, target) else kept.unread
    assert not wrong, wrong


@requirement("PS3.5 6.2.2", SHALL, "A UN of undefined length is a sequence whose items are in Implicit VR.")
def test_undefined_length(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    kept = keep(scu, corpus, target, retrieved, shapes.un_of_undefined_length)
    wrong = kept.lost if keeps_all(scu, target) else kept.unread
    assert not wrong, wrong


@requirement("PS3.5 6.2.2", SHALL, "Attributes of the standard that come as UN are read.")
def test_standard_tag(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    kept = keep(scu, corpus, target, retrieved, shapes.un_of_standard_tags)
    wrong = kept.lost if keeps_all(scu, target) else kept.unread
    assert not wrong, wrong
