"""Text in every character set is kept (PS3.5 6.1.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.identifier import read_identifier
from harness.scu.inbox import Received
from harness.scu.retrieved import odd_ones
from harness.synthesis import SyntheticInstance, SyntheticStudy

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]
Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]

NAMES = {
    "latin-1": ("ISO_IR 100", "PHTEST^Äneas Müßig"),
    "utf-8": ("ISO_IR 192", "PHTEST^Łukasz Ωmega"),
    "japanese": (["", "ISO 2022 IR 87"], "PHTEST^Yamada=山田^太郎=やまだ^たろう"),
    "chinese": ("GB18030", "PHTEST^Wang=王^小东"),
}


@pytest.mark.parametrize("kind", NAMES)
@requirement(
    "PS3.5 6.1.2.3", SHALL, "A retrieved object's text reads as it was stored, in the set that it declares."
)
def test_text_kept(corpus: Corpus, store_study: StoreStudy, retrieved: Bring, kind: str) -> None:
    charset, name = NAMES[kind]
    study = store_study(corpus.new_study(SpecificCharacterSet=charset, PatientName=name))
    received = retrieved(study.instances)
    odd = odd_ones(study.instances, received)
    assert not odd, odd
    for one in received:
        text = read_identifier(one.dataset, one.transfer_syntax).text("PatientName")
        assert text == name, f"Patient's Name {text!r}, stored was {name!r}"
