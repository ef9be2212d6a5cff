"""Families of SOP classes (PS3.4 B.3, B.4.1.2, B.5)."""

from __future__ import annotations

from dataclasses import replace

from harness.dimse.negotiation import CommonExtendedNegotiation
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring
from harness.plugin.studies import await_visible
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe, is_warning
from harness.scu.store import proposals_for, store, store_as_encoded
from harness.synthesis import SyntheticInstance, assemble, instance_of, variant
from harness.target import Target

NOT_SUPPORTED = 0x0122
"""Refused: SOP Class not supported (PS3.7 9.1.1.1.9)."""
STORAGE_SERVICE_CLASS = "1.2.840.10008.4.2"
CLASSES = {
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "OT": "1.2.840.10008.5.1.4.1.1.7",
    "XA": "1.2.840.10008.5.1.4.1.1.12.1",
    "RF": "1.2.840.10008.5.1.4.1.1.12.2",
    "NM": "1.2.840.10008.5.1.4.1.1.20",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "RTIMAGE": "1.2.840.10008.5.1.4.1.1.481.1",
}
"""SOP classes of images by their modality."""


@requirement(
    "PS3.4 B.3", SHALL, "Objects of a storage class that was accepted are not refused for their class."
)
def test_accepted_are_stored(scu: Scu, corpus: Corpus) -> None:
    base = corpus.new_study("CT").instance(0)
    objects = [
        variant(corpus.identity, base, SOPClassUID=sop_class, Modality=modality, SeriesInstanceUID=uid)
        for (modality, sop_class), uid in zip(
            CLASSES.items(), (corpus.identity.uid() for _ in CLASSES), strict=True
        )
    ]
    with scu.open(*CLASSES.values()) as association:
        accepted = {context.abstract_syntax for context in association.accepted_contexts.values()}
        if not accepted:
            raise not_supported("none of 12 storage classes of images is accepted")
        for instance in objects:
            if instance.sop_class not in accepted:
                continue
            context = association.context_for(instance.sop_class)
            sent = instance_of(instance.attributes, context.transfer_syntax)
            response = store_as_encoded(scu, association, sent)
            assert response.integer("Status") != NOT_SUPPORTED, (
                f"{sent.text('Modality')} images are accepted, and then answered {describe(response)}"
            )


def private_object(corpus: Corpus) -> SyntheticInstance:
    """A CT image under a private SOP class."""
    base = corpus.new_study("CT").instance(0)
    return variant(corpus.identity, base, SOPClassUID=f"{corpus.identity.uid()}.4", Modality="OT")


@requirement(
    "PS3.4 B.4.1.2",
    SHALL,
    "A private storage class that is accepted by common extended negotiation is stored and comes back.",
)
def test_private_by_common_negotiation(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    instance = private_object(corpus)
    common = CommonExtendedNegotiation(instance.sop_class, STORAGE_SERVICE_CLASS)
    request = scu.request(*proposals_for([instance]))
    with scu.negotiate(
        replace(request, user=replace(request.user, common_extended=(common,)))
    ) as association:
        if not association.accepted_contexts:
            raise not_supported("private storage classes are refused, announced or not (PS3.4 B.4.1.2)")
        response = store(scu, association, instance)
    status = response.integer("Status")
    assert status == SUCCESS or is_warning(status), (
        f"the private class was accepted, and its object is answered {describe(response)}"
    )
    assert await_visible(scu, assemble([instance])[0], target.dimse.visible_within), (
        f"the object of the private class was answered {describe(response)}, and is not found"
    )
    (received, *_) = retrieved([instance]) or (None,)
    assert received is not None, "the object of the private class does not come back"
    assert received.sop_class == instance.sop_class, f"it comes back as an object of {received.sop_class}"
