"""C-MOVE: where the objects go (PS3.4 C.4.2.1.3) and what happens if they can't get there (C.4.2.3.1)."""

from __future__ import annotations

import itertools
import secrets

from harness.dimse.capture import Recorder
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, SHOULD, not_tested, requirement
from harness.scu.destination import Destination
from harness.scu.inbox import Received, prefer_given_order, refuse_permanently
from harness.scu.move import move, move_to
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import odd_ones
from harness.scu.session import Scu
from harness.scu.status import MOVE_DESTINATION_UNKNOWN, SUB_OPERATIONS_FAILED, describe, is_failure
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


def _unknown_title() -> str:
    return "NOSUCH" + secrets.token_hex(5).upper()


def abort_at_once(request: AssociateRequest) -> Abort:
    return Abort(0, 0)


@requirement("PS3.4 C.4.2.3.1", SHALL, "A move to a destination that the product doesn't know is refused.")
def test_unknown(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    with destination.inbox(recorder) as inbox:
        answer = move(scu, Root.STUDY, QueryLevel.STUDY, _unknown_title(), keys)
    assert is_failure(answer.status), f"final status {describe(answer.final)}"
    assert not inbox.received, f"{len(inbox.received)} objects were sent to another destination"


@requirement("PS3.4 C.4.2.1.5", SHOULD, "The refusal of an unknown move destination has status A801H.")
def test_unknown_status(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    answer = move(scu, Root.STUDY, QueryLevel.STUDY, _unknown_title(), keys)
    assert answer.status == MOVE_DESTINATION_UNKNOWN, f"final status {describe(answer.final)}"


@requirement("PS3.4 C.4.2.3.1", SHALL, "A move whose destination can't be reached ends with a failure.")
def test_unreachable(scu: Scu, stored_study: SyntheticStudy, destination: Destination) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    with destination.unreachable():
        answer = move(scu, Root.STUDY, QueryLevel.STUDY, destination.ae_title, keys)
    assert is_failure(answer.status), (
        f"nothing could be sent, yet the final status is {describe(answer.final)}"
    )
    wrong = answer.miscounted(0, len(stored_study.instances), 0) if answer.counts.failed else ""
    assert not wrong, wrong


@requirement(
    "PS3.4 C.4.2.3.1", SHALL, "A move whose destination rejects the association ends with a failure."
)
def test_rejects_association(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    refuse = refuse_permanently
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, answer=refuse)
    assert is_failure(brought.status), (
        f"nothing could be sent, yet the final status is {describe(brought.retrieval.final)}"
    )


@requirement(
    "PS3.4 C.4.2.3.1", SHALL, "A move whose destination aborts midway still ends with a final response."
)
def test_aborts_midway(
    scu: Scu, corpus: Corpus, store_study: StoreStudy, destination: Destination, recorder: Recorder
) -> None:
    study = store_study(corpus.new_study("CT", instances=6))
    lost = {instance.sop_instance_uid for instance in study.instances[2:]}

    def status_of(received: Received) -> int | None:
        return None if received.sop_instance_uid in lost else 0

    keys = keys_for(Root.STUDY, QueryLevel.STUDY, study)
    answer = move_to(
        scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, status_of=status_of
    ).retrieval
    # How many went through before the first abort, and whether a new association was tried, is open.
    words = f"four of six objects were never acknowledged, yet the final status is {describe(answer.final)}"
    assert answer.status == SUB_OPERATIONS_FAILED or is_failure(answer.status), words


@requirement(
    "PS3.4 C.4.2.1.3", SHALL, "Sub-operations go to the AE that Move Destination names, under that title."
)
def test_title_is_called(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    with destination.inbox(recorder) as inbox:
        answer = move(scu, Root.STUDY, QueryLevel.STUDY, destination.ae_title, keys)
    assert inbox.requests, f"no association was opened to the destination; {describe(answer.final)}"
    called = {request.called_ae_title.strip() for request in inbox.requests}
    assert called == {destination.ae_title}, f"called AE title {', '.join(sorted(called))}"


@requirement("PS3.4 C.4.2.1.3", SHALL, "Of two destinations the one that is named gets the objects.")
def test_named_one(
    scu: Scu,
    stored_study: SyntheticStudy,
    destinations: tuple[Destination, ...],
    recorder: Recorder,
) -> None:
    if len(destinations) < 2:
        raise not_tested("the target file registers one [[destination]] only; this needs two")
    first, second = destinations[:2]
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    with first.inbox(recorder) as wrong, second.inbox(recorder) as right:
        answer = move(scu, Root.STUDY, QueryLevel.STUDY, second.ae_title, keys)
    assert not wrong.received, (
        f"{len(wrong.received)} objects went to {first.ae_title}, not {second.ae_title}"
    )
    odd = odd_ones(stored_study.instances, right.received)
    assert not odd, f"{odd}; final status {describe(answer.final)}"


@requirement(
    "PS3.4 C.4.2.3.1", SHALL, "A move whose destination aborts the association at once ends with a failure."
)
def test_aborts_association(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    abort = abort_at_once
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, answer=abort)
    assert is_failure(brought.status), (
        f"nothing could be sent, yet the final status is {describe(brought.retrieval.final)}"
    )


@requirement(
    "PS3.4 C.4.2.3.1", SHALL, "A destination that rejects for now gets the objects later, or the move fails."
)
def test_rejects_for_now(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    turns = itertools.count()

    def answer(request: AssociateRequest) -> AssociateAccept | AssociateReject | Abort:
        return AssociateReject(2, 1, 1) if next(turns) == 0 else prefer_given_order(request)

    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    brought = move_to(scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys, answer=answer)
    if brought.received:
        wrong = brought.unlike(stored_study.instances)
        assert not wrong, f"at the second try {wrong}"
    assert brought.received or is_failure(brought.status), (
        f"the association was rejected, yet the final status is {describe(brought.retrieval.final)}"
    )


@requirement(
    "PS3.4 C.4.2.3.1", SHALL, "A destination that aborted a move gets all that the next one sends to it."
)
def test_works_again(
    scu: Scu, stored_study: SyntheticStudy, destination: Destination, recorder: Recorder
) -> None:
    keys = keys_for(Root.STUDY, QueryLevel.STUDY, stored_study)
    model = (scu, destination, recorder, Root.STUDY, QueryLevel.STUDY, keys)
    move_to(*model, status_of=lambda received: None)
    wrong = move_to(*model).unlike(stored_study.instances)
    assert not wrong, f"after a move whose sub-operation was aborted {wrong}"
