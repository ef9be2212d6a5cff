"""The C-STORE response: what it says, and with which status (PS3.7 9.1.1, PS3.4 B.2.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.dimse.command import CommandSet
from harness.dimse.errors import PeerAborted
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.session import Scu
from harness.scu.status import describe, response_to
from harness.scu.store import fitted, note_stored, proposals_for, store_request
from harness.synthesis import ABSENT, SyntheticInstance, instance_of, variant

WARNINGS = frozenset((0xB000, 0xB006, 0xB007))
GENERAL = frozenset((0x0110, 0x0111, 0x0117, 0x0122, 0x0124, 0x0210, 0x0211, 0x0212))
"""Of PS3.7 9.1.1.1.9; and 0110H and 0111H of annex C, which are in use for failures of C-STORE."""
CASES = ("valid", "sent-twice", "other-content", "other-instance-uid", "no-study-uid", "no-patient-id")


def is_defined(status: int) -> bool:
    """PS3.4 table B.2-1, and the general statuses."""
    return (
        status == 0
        or status in WARNINGS
        or status in GENERAL
        or status & 0xFF00 in (0xA700, 0xA900)
        or status & 0xF000 == 0xC000
    )


def objects_of(case: str, corpus: Corpus) -> list[SyntheticInstance]:
    """What is stored, one after the other: the last one is the case."""
    instance = corpus.new_study().instance(0)
    uid = instance.sop_instance_uid
    if case == "sent-twice":
        return [instance, instance]
    if case == "other-content":
        again = variant(corpus.identity, instance, SOPInstanceUID=uid, SeriesDescription="Other")
        return [instance, again]
    if case == "other-instance-uid":
        return [replace(instance, sop_instance_uid=corpus.identity.uid())]
    if case == "no-study-uid":
        return [variant(corpus.identity, instance, StudyInstanceUID=ABSENT)]
    if case == "no-patient-id":
        return [variant(corpus.identity, instance, PatientID=None)]
    return [instance]


def responses(scu: Scu, instances: list[SyntheticInstance]) -> list[tuple[CommandSet, CommandSet, bool]]:
    """(request, response, whether the response had a data set) for each, up to an abort by the product."""
    found = []
    association = scu.open(*proposals_for(instances))
    try:
        for instance in instances:
            sent = replace(fitted(association, instance), sop_instance_uid=instance.sop_instance_uid)
            context = association.context_for(sent.sop_class, sent.transfer_syntax)
            request = store_request(association, sent.sop_class, sent.sop_instance_uid)
            association.send_message(context.id, request, sent.dataset)
            try:
                message = association.receive_message()
            except PeerAborted:
                break  # an answer to odd objects that no clause forbids; valid ones are judged elsewhere
            response = response_to(request, message)
            note_stored(scu, instance, response)
            found.append((request, response, message.dataset is not None))
    finally:
        association.abort()
    return found


@pytest.mark.parametrize("case", CASES)
@requirement(
    "PS3.4 B.2.3", SHALL, "C-STORE is answered with one of its statuses, whatever the object is like."
)
def test_status_defined(scu: Scu, corpus: Corpus, case: str) -> None:
    for _, response, _ in responses(scu, objects_of(case, corpus)):
        assert is_defined(response.integer("Status")), (
            f"{describe(response)} is neither in table B.2-1 nor among the general statuses of C-STORE"
        )


@requirement(
    "PS3.7 9.1.1.1", SHALL, "What the response repeats of its request is the same, and it has no data set."
)
def test_fields(scu: Scu, corpus: Corpus) -> None:
    for request, response, has_data_set in responses(scu, list(corpus.new_study(instances=2).instances)):
        for keyword in ("AffectedSOPClassUID", "AffectedSOPInstanceUID"):
            if keyword in response:
                sent = request.string(keyword)
                assert response.string(keyword) == sent, (
                    f"{keyword} of the response is {response.string(keyword)}, of the request {sent}"
                )
        assert not has_data_set, "a C-STORE response came with a data set"
