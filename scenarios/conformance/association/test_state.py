"""What the state machine answers to PDUs that are legal, but not now (PS3.8 9.2.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.dimse.association import Association
from harness.dimse.errors import ConnectionClosed, NoAnswer, PeerAborted, PeerViolation
from harness.dimse.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    PData,
    Pdu,
    Pdv,
    ReleaseRequest,
    ReleaseResponse,
    accept_of,
    name_of,
)
from harness.plugin.fixtures import Corpus
from harness.plugin.outcomes import NotTested
from harness.scenario import (
    QUALITY,
    SHALL,
    SHOULD,
    expect_abort,
    expect_closed,
    expect_no_association,
    expect_service,
    not_tested,
    reply_to,
    requirement,
)
from harness.scu.echo import echo
from harness.scu.find import find
from harness.scu.session import Scu
from harness.scu.status import describe
from harness.scu.store import open_for, store_request
from harness.scu.uids import VERIFICATION, QueryLevel, Root

pytestmark = pytest.mark.hostile

UNKNOWN_PDU = b"\x0a\x00\x00\x00\x00\x04" + bytes(4)
"""As long as the shortest PDU of PS3.8 9.3: its type alone is what is wrong with it."""
BARE_UNKNOWN_PDU = b"\x0a\x00\x00\x00\x00\x00"
"""For who closes the connection over bytes that he has not read, which resets it."""
SERVED_WITHIN = 5.0
"""Seconds, far below the ARTIM timers that are common: whoever waits for one is blocked by it."""
ABORT_REASONS = (0, 1, 2, 4, 5, 6)
FRAGMENT = PData((Pdv(1, is_command=True, is_last=False, data=bytes(8)),))
UNEXPECTED: dict[str, Pdu] = {
    "AC": AssociateAccept("A", "B"),
    "RJ": AssociateReject(1, 1, 1),
    "RELEASE-RP": ReleaseResponse(),
}


def after_first(scu: Scu, pdu: Pdu | bytes) -> Abort:
    """The A-ABORT that answers this as the first PDU of a connection."""
    with scu.connect() as association:
        association.send_raw(pdu if isinstance(pdu, bytes) else pdu.encode())
        return expect_abort(association)


def tried(stimulus: Callable[[Scu, Pdu], Abort], scu: Scu, pdu: Pdu) -> Abort | None:
    """The abort, where there is one: what has none is judged by the requirements that are about it."""
    try:
        return stimulus(scu, pdu)
    except (PeerViolation, NotTested):
        return None


def when_established(scu: Scu, pdu: Pdu | bytes) -> Abort:
    """The A-ABORT that answers this on an idle association."""
    association = scu.open(VERIFICATION)
    try:
        association.send_raw(pdu if isinstance(pdu, bytes) else pdu.encode())
        return expect_abort(association)
    finally:
        association.close()


def after_unknown(stimulus: Callable[[Scu, bytes], Abort], scu: Scu) -> Abort:
    """The A-ABORT that answers an unknown PDU: one without data where a reset may have swallowed it."""
    try:
        return stimulus(scu, UNKNOWN_PDU)
    except NotTested:
        return stimulus(scu, BARE_UNKNOWN_PDU)


def refused_again(association: Association, scu: Scu) -> None:
    """A valid request on a connection whose association is over must not be accepted."""
    try:
        association.send_pdu(scu.request(VERIFICATION))
    except (ConnectionClosed, PeerAborted):
        return
    expect_no_association(association, "A-ABORT or the end of the connection")


@requirement("PS3.8 9.2.3", SHALL, "Data before an association request is answered with an abort.")
def test_await_request_pdata(scu: Scu) -> None:
    after_first(scu, FRAGMENT)


@requirement(
    "PS3.8 9.2.3", SHALL, "A release request before an association request is answered with an abort."
)
def test_await_request_release(scu: Scu) -> None:
    after_first(scu, ReleaseRequest())


@requirement("PS3.8 9.2.3", SHALL, "An answer before an association request is answered with an abort.")
@pytest.mark.parametrize("pdu", UNEXPECTED.values(), ids=UNEXPECTED)
def test_await_request_accept(scu: Scu, pdu: Pdu) -> None:
    after_first(scu, pdu)


@requirement("PS3.8 9.2.3", SHALL, "An unknown PDU before an association request is answered with an abort.")
def test_await_request_unknown_pdu(scu: Scu) -> None:
    after_unknown(after_first, scu)
    expect_service(scu, "an unknown PDU")


@requirement(
    "PS3.8 9.2.3", SHALL, "An abort before an association request closes the connection, without an answer."
)
def test_await_request_abort(scu: Scu) -> None:
    association = scu.connect()
    association.send_pdu(Abort(0, 0))
    came = expect_closed(association, "since it received A-ABORT")
    assert not came, f"A-ABORT was answered with {name_of(came[0])}"


@requirement(
    "PS3.8 9.2.2", SHOULD, "The abort before an association exists names the service user (action AA-1)."
)
def test_await_request_abort_source(scu: Scu) -> None:
    abort = tried(after_first, scu, FRAGMENT)
    if abort is None:
        raise not_tested("there is no abort: see association.state.await-request-pdata")
    assert abort.source == 0, f"the abort is {abort.words()}"


@requirement(
    "PS3.8 9.2.3", SHALL, "A second association request on an association is answered with an abort."
)
def test_established_second_request(scu: Scu) -> None:
    when_established(scu, scu.request(VERIFICATION))


@requirement(
    "PS3.8 9.2.3", SHALL, "An acceptance instead of data on an association is answered with an abort."
)
def test_established_accept(scu: Scu) -> None:
    association = scu.open(VERIFICATION, Root.STUDY.find)
    try:
        association.send_pdu(FRAGMENT)
        association.send_pdu(accept_of(association.request, association.accepted.contexts))
        expect_abort(association)
    finally:
        association.close()
    expect_service(scu, "an A-ASSOCIATE-AC in the middle of a message")


@requirement("PS3.8 9.2.3", SHALL, "A release response that nobody asked for is answered with an abort.")
def test_established_release_response(scu: Scu) -> None:
    when_established(scu, ReleaseResponse())


@requirement("PS3.8 9.2.3", SHALL, "An unknown PDU on an association is answered with an abort.")
def test_established_unknown_pdu(scu: Scu) -> None:
    after_unknown(when_established, scu)


@requirement(
    "PS3.8 9.3.8", SHALL, "An abort has a defined source, and a defined reason where the provider is it."
)
def test_abort_fields_valid(scu: Scu) -> None:
    aborts = [tried(after_first, scu, pdu) for pdu in (FRAGMENT, ReleaseRequest())]
    aborts += [tried(when_established, scu, pdu) for pdu in (scu.request(VERIFICATION), ReleaseResponse())]
    if not any(aborts):
        raise not_tested("nothing that was tried is answered with an abort")
    for abort in filter(None, aborts):
        assert abort.source in (0, 2), f"an abort {abort.words()}"
        # The reason of a service user's abort is not significant.
        assert abort.source == 0 or abort.reason in ABORT_REASONS, f"an abort {abort.words()}"


@requirement("PS3.8 9.2.3", SHALL, "After the peer's abort the connection is closed, without a word.")
def test_established_abort(scu: Scu) -> None:
    association = scu.open(VERIFICATION)
    association.send_pdu(Abort(0, 0))
    came = expect_closed(association, "since it received A-ABORT")
    assert not came, f"A-ABORT was answered with {name_of(came[0])}"


@requirement("PS3.8 9.2.3", SHALL, "Data after the requestor's own release request isn't served.")
def test_data_after_release_request(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study()
    instance = study.instance(0)
    association, instance = open_for(scu, instance)
    try:
        context = association.context_for(instance.sop_class, instance.transfer_syntax).id
        request = store_request(association, instance.sop_class, instance.sop_instance_uid)
        command = Pdv(context, is_command=True, is_last=True, data=request.encode())
        data = Pdv(context, is_command=False, is_last=True, data=instance.dataset)
        association.send_raw(ReleaseRequest().encode() + PData((command,)).encode() + PData((data,)).encode())
        answer = association.receive_pdu(awaited="A-RELEASE-RP or A-ABORT")
        assert isinstance(answer, ReleaseResponse | Abort), (
            f"{name_of(answer)} came after the release request"
        )
    finally:
        association.close()
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, StudyInstanceUID=study.study_uid)
    assert not matches.identifiers, "an object that was sent after the release request is stored"


@requirement("PS3.8 9.2.3", SHALL, "After a rejection a new request on the same connection isn't accepted.")
def test_request_after_reject(scu: Scu) -> None:
    association = scu.connect()
    try:
        answer = reply_to(association, replace(scu.request(VERIFICATION), protocol_version=0x0002))
        if not isinstance(answer, AssociateReject):
            raise not_tested(
                f"protocol version 0002H was answered with {name_of(answer)}, not with a rejection"
            )
        refused_again(association, scu)
    finally:
        association.close()


@requirement("PS3.8 9.1.1", SHALL, "A transport connection serves one association only.")
def test_one_association_per_connection(scu: Scu) -> None:
    association = scu.open(VERIFICATION)
    try:
        echo(association)
        association.send_pdu(ReleaseRequest())
        answer = association.receive_pdu()
        assert isinstance(answer, ReleaseResponse), f"A-RELEASE-RQ was answered with {name_of(answer)}"
        refused_again(association, scu)
    finally:
        association.close()


@pytest.mark.alone
@requirement(
    "PS3.8 9.1.2", QUALITY, "A connection on which nothing is said keeps nobody else from an association."
)
def test_silent_connection_blocks_nobody(scu: Scu) -> None:
    hurried = replace(scu, peer=replace(scu.peer, deadline=min(SERVED_WITHIN, scu.peer.deadline)))
    with scu.connect() as silent:
        try:
            with hurried.open(VERIFICATION) as association:
                response = echo(association)
        except NoAnswer as silence:
            awaited = f"{silence.awaited}, while another connection is silent"
            raise NoAnswer(silence.seconds, awaited) from None
        silent.connection.poll()
        assert silent.connection.end is None, "others were served after the silent connection was closed only"
    assert response.integer("Status") == 0, f"C-ECHO beside a silent connection: {describe(response)}"
