"""C-MOVE: the C-STORE sub-operations and the associations they run on (PS3.4 C.4.2.3.1, PS3.7 9.1.1)."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from harness.dimse.capture import Recorder
from harness.dimse.command import Command
from harness.dimse.negotiation import RoleSelection
from harness.plugin.arranging import StoreStudy, lossless_studies, mixed_study
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.destination import Destination
from harness.scu.identifier import keys_of
from harness.scu.inbox import Ending, Inbox, Received, answering
from harness.scu.move import begin_move, move, move_to, move_with
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import odd_ones
from harness.scu.session import Scu
from harness.scu.status import PENDING, describe, is_request, response_to
from harness.scu.suboperations import came_in, ill_prioritised, mislabelled, sent_ahead
from harness.scu.uids import CT_IMAGE_STORAGE, IMPLICIT_VR_LITTLE_ENDIAN, QueryLevel, Root
from harness.synthesis import SyntheticStudy

MESSAGE_ID = 4711
HIGH = 0x0001
HELD = 0.2
"""Seconds for which each object is left unanswered, to see what comes ahead."""
SLOW = 3.0
"""Seconds that a slow destination takes for one object, at most."""
RELEASE_WAIT = 2.0
"""Seconds to look how associations end; one that is open still is kept for reuse, which is legal."""


@pytest.fixture(scope="module")
def mixed(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    return mixed_study(corpus, store_study)


@pytest.fixture(scope="module")
def lossless(corpus: Corpus, store_study: StoreStudy) -> list[SyntheticStudy]:
    return lossless_studies(corpus, store_study)


@pytest.fixture
def moved(scu: Scu, mixed: SyntheticStudy, destination: Destination, recorder: Recorder) -> Inbox:
    """The inbox after a move of the mixed study, message ID 4711, priority HIGH."""
    keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, mixed))
    with destination.inbox(recorder) as inbox, scu.open(Root.STUDY.move) as association:
        move_with(
            association, Root.STUDY.move, destination.ae_title, keys, message_id=MESSAGE_ID, priority=HIGH
        )
        # A product may release behind its final response, or keep the association for the next move.
        inbox.wait_for(_all_ended, RELEASE_WAIT)
    if not inbox.received:
        raise not_tested("nothing arrived; see move.level.study")
    return inbox


@requirement(
    "PS3.4 C.4.2", SHALL, "The objects go on another association than the move, roles offered or not."
)
def test_other_association(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, stored_study))
    role = RoleSelection(CT_IMAGE_STORAGE, 0, 1)
    with (
        destination.inbox(recorder) as inbox,
        scu.open(Root.STUDY.move, CT_IMAGE_STORAGE, roles=(role,)) as association,
    ):
        request = begin_move(association, Root.STUDY.move, destination.ae_title, keys)
        message = association.receive_message()
        while message.command.get("Status") in PENDING:
            message = association.receive_message()
        is_store = is_request(message.command, Command.C_STORE_RQ)
        assert not is_store, "C-STORE-RQ came on the association of the move"
        answer = response_to(request, message)
    odd = odd_ones(stored_study.instances, inbox.received)
    assert not odd, f"{odd}; final status {describe(answer)}"


def _all_ended(inbox: Inbox) -> bool:
    return all(incoming.ending is not Ending.OPEN for incoming in inbox.associations)


@requirement(
    "PS3.7 9.3.1.1", SHALL, "Each sub-operation names class and instance of its object, on their context."
)
def test_request_fields(moved: Inbox) -> None:
    wrong = mislabelled(moved.received)
    assert not wrong, wrong


@requirement(
    "PS3.7 9.1.1.1.6", SHALL, "Move Originator AE Title and Message ID, if given, are those of the move."
)
def test_originator(scu: Scu, moved: Inbox) -> None:
    own = scu.peer.calling_ae_title.strip()
    for item in moved.received:
        if "MoveOriginatorApplicationEntityTitle" in item.command:
            title = item.command.string("MoveOriginatorApplicationEntityTitle")
            assert title == own, f"Move Originator AE Title {title!r}; the move came from {own!r}"
        if "MoveOriginatorMessageID" in item.command:
            number = item.command.integer("MoveOriginatorMessageID")
            assert number == MESSAGE_ID, f"Move Originator Message ID {number}; the move has {MESSAGE_ID}"


@requirement("PS3.7 A.4", SHALL, "No object is sent before the one ahead of it was answered.")
def test_waits_for_response(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    # The destination agrees to no Asynchronous Operations Window, whatever the product proposes.
    early: list[str] = []

    def status_of(received: Received) -> int | None:
        words = sent_ahead(received, HELD)
        if words:
            early.append(words)
        return None if words else 0

    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, status_of=status_of)
    assert not early, early[0]
    if len(brought.received) < 2:
        raise not_tested("nothing arrived that could be early; see move.level.study")


@requirement(
    "PS3.4 C.4.2.1.2", SHALL, "All sub-operations of a move have the same priority, one of the three."
)
def test_priority(moved: Inbox) -> None:
    wrong = ill_prioritised(moved.received)
    assert not wrong, wrong


@requirement("PS3.7 9.1.4.1.4", QUALITY, "Sub-operations have the priority of their move.")
def test_priority_of_the_move(moved: Inbox) -> None:
    priorities = {item.command.integer("Priority") for item in moved.received}
    assert priorities == {HIGH}, f"priority {sorted(priorities)}; the move has {HIGH} (high)"


@requirement(
    "PS3.8 9.2.3", SHALL, "The connection of a sub-operation isn't cut while its association stands."
)
def test_not_cut(moved: Inbox) -> None:
    for incoming in moved.associations:
        assert incoming.ending is not Ending.CUT, f"an association {incoming.ending.value} or A-ABORT"


@requirement("PS3.7 A.5", QUALITY, "The associations of the sub-operations are released, not aborted.")
def test_released(moved: Inbox) -> None:
    for incoming in moved.associations:
        # One that is kept for reuse is legal (PS3.4 C.4.2.3.1).
        assert incoming.ending not in (Ending.CUT, Ending.ABORTED), f"an association {incoming.ending.value}"


@requirement("PS3.8 9.3.2", SHALL, "What the product sends to the destination keeps to the protocol.")
def test_legal(moved: Inbox) -> None:
    violation = moved.violation()
    if violation is not None:
        raise violation


@requirement("PS3.4 C.4.2.3.1", SHALL, "Each object is sent once.")
def test_once_each(moved: Inbox) -> None:
    repeated = [uid for uid, count in Counter(moved.uids()).items() if count > 1]
    assert not repeated, f"{len(repeated)} objects were sent more than once, {repeated[0]} first"


@requirement(
    "PS3.5 10.1", SHALL, "For each class that it sends, the product offers Implicit VR Little Endian."
)
def test_proposes_default_syntax(moved: Inbox) -> None:
    sent = {(item.association, item.sop_class) for item in moved.received}
    for number, sop_class in sent:
        offered = [
            context.transfer_syntaxes
            for context in moved.associations[number].request.contexts
            if context.abstract_syntax.strip("\0 ") == sop_class
        ]
        has_default = any(
            syntax.strip("\0 ") == IMPLICIT_VR_LITTLE_ENDIAN for syntaxes in offered for syntax in syntaxes
        )
        words = "; ".join(", ".join(syntaxes) for syntaxes in offered)
        assert has_default, f"{sop_class} was offered in {words} only"


@requirement("PS3.8 D.1", SHALL, "P-DATA-TF PDUs keep to the maximum length that the destination declares.")
def test_maximum_length(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, destination: Destination, recorder: Recorder
) -> None:
    study = store_study(corpus.new_study("CT", instances=2, rows=128, columns=128))
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
    with destination.inbox(recorder, answer=answering(maximum_length=4096)) as inbox:
        answer = move(scu, Root.STUDY, QueryLevel.STUDY, destination.ae_title, keys)
    violation = inbox.violation()
    if violation is not None:
        raise violation
    odd = odd_ones(study.instances, inbox.received)
    assert not odd, f"with a maximum length of 4096: {odd}; final status {describe(answer.final)}"


@requirement("PS3.8 D.1", SHALL, "A destination that declares no maximum length, 0, gets its objects.")
def test_no_maximum_length(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    no_limit = answering(maximum_length=0)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, answer=no_limit)
    wrong = brought.unlike(stored_study.instances)
    assert not wrong, f"with maximum length 0, which is no limit: {wrong}"


@requirement("PS3.4 C.4.2.3.1", QUALITY, "A destination that is slow with an object gets all of them.")
def test_slow_destination(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    # How long a product waits for a C-STORE-RSP is its own affair: a hospital's slow disk takes longer.
    # But it says nothing to us meanwhile, so that we have to wait longer than the destination takes.
    seconds = min(SLOW, scu.peer.deadline / 2)
    first = threading.Event()

    def status_of(received: Received) -> int:
        if not first.is_set():
            first.set()
            threading.Event().wait(seconds)
        return 0

    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, status_of=status_of)
    wrong = brought.other_than(stored_study.instances)
    assert not wrong, f"the first object was answered after {seconds:g} s: {wrong}"
    assert brought.status == 0, f"the first object was answered after {seconds:g} s: {brought.words}"


@requirement("PS3.4 C.4.2.3.1", QUALITY, "A compressed object is offered in the syntax it was stored in.")
def test_proposes_stored_syntax(
    scu: Scu, lossless: list[SyntheticStudy], destination: Destination, recorder: Recorder
) -> None:
    for study in lossless:
        stored = study.instance(0).transfer_syntax
        keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
        with destination.inbox(recorder) as inbox:
            move(scu, Root.STUDY, QueryLevel.STUDY, destination.ae_title, keys)
        if not inbox.received:
            raise not_tested("nothing arrived; see move.suboperation.compressed")
        offered = {
            syntax.strip("\0 ")
            for request in inbox.requests
            for context in request.contexts
            for syntax in context.transfer_syntaxes
        }
        assert stored in offered, (
            f"an object stored in {stored} was offered in {', '.join(sorted(offered))} only, so that every "
            "destination gets it decompressed"
        )


@requirement(
    "PS3.5 10.1",
    SHALL,
    "An uncompressed object goes in Implicit VR Little Endian to who takes nothing else.",
)
def test_default_syntax(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    plain = answering(syntaxes=(IMPLICIT_VR_LITTLE_ENDIAN,))
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, answer=plain)
    wrong = brought.unlike(stored_study.instances)
    assert not wrong, f"the default transfer syntax alone is accepted: {wrong}"


@requirement(
    "PS3.5 10.1", SHALL, "A lossless compressed object goes uncompressed to who takes no compression."
)
def test_decompresses(
    scu: Scu, lossless: list[SyntheticStudy], destination: Destination, recorder: Recorder
) -> None:
    plain = answering(syntaxes=(IMPLICIT_VR_LITTLE_ENDIAN,))
    for study in lossless:
        keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
        brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, answer=plain)
        wrong = brought.unlike(study.instances)
        assert not wrong, f"stored in {study.instance(0).transfer_syntax}: {wrong}"


@requirement(
    "PS3.5 10.1", SHALL, "A compressed object arrives as it was stored, or in another syntax undamaged."
)
def test_compressed(
    scu: Scu, lossless: list[SyntheticStudy], destination: Destination, recorder: Recorder
) -> None:
    for study in lossless:
        keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
        brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys)
        wrong = brought.unlike(study.instances)
        came = came_in(brought.received)
        assert not wrong, f"stored in {study.instance(0).transfer_syntax}, {came}: {wrong}"
