"""Looking at what a product offers: bounded, writing nothing, and never put off by a product that chokes."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import pytest

from harness.dimse.errors import DimseError
from harness.dimse.negotiation import AnsweredContext, AsyncWindow, ExtendedNegotiation, RoleSelection
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest, accept_of
from harness.dimse.transport import Address
from harness.scu import offer
from harness.scu.catalogue import OTHER_SERVICES, storage_classes, transfer_syntaxes
from harness.scu.offer import observe
from harness.scu.session import Peer, Scu
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    STORAGE_COMMITMENT_PUSH,
    VERIFICATION,
    Root,
)
from tests.unit.acceptor import acceptor

MPEG2 = "1.2.840.10008.1.2.4.100"
VIDEO_ENDOSCOPIC = "1.2.840.10008.5.1.4.1.1.77.1.1.1"
OFFERED = {
    VERIFICATION: (IMPLICIT_VR_LITTLE_ENDIAN,),
    CT_IMAGE_STORAGE: (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN),
    VIDEO_ENDOSCOPIC: (MPEG2,),
    Root.STUDY.move: (IMPLICIT_VR_LITTLE_ENDIAN,),
}


def scu(port: int, deadline: float = 5.0) -> Scu:
    return Scu(Peer(Address("127.0.0.1", port), "PACS", "ME", deadline))


def answer(request: AssociateRequest) -> AssociateAccept:
    """OFFERED; roles and extended negotiation are answered for what was asked."""
    contexts = []
    for one in request.contexts:
        syntaxes = [uid for uid in one.transfer_syntaxes if uid in OFFERED.get(one.abstract_syntax, ())]
        result = 0 if syntaxes else 4 if one.abstract_syntax in OFFERED else 3
        contexts.append(AnsweredContext(one.id, result, syntaxes[0] if syntaxes else ""))
    accept = accept_of(request, tuple(contexts))
    asked = {item.sop_class for item in request.user.extended}
    extended = [
        ExtendedNegotiation(CT_IMAGE_STORAGE, bytes((2, 0, 1, 0, 1, 0))),
        ExtendedNegotiation(Root.STUDY.move, bytes((1,))),
    ]
    user = replace(
        accept.user,
        roles=tuple(
            RoleSelection(role.sop_class, 1, int(role.sop_class == CT_IMAGE_STORAGE))
            for role in request.user.roles
        ),
        extended=tuple(item for item in extended if item.sop_class in asked),
        async_window=AsyncWindow(0, 4) if request.user.async_window else None,
    )
    return replace(accept, user=user)


def test_what_is_accepted_is_seen() -> None:
    with acceptor(answer) as port:
        seen = observe(scu(port))
    assert {one.uid: set(one.transfer_syntaxes) for one in seen.accepted()} == {
        uid: set(syntaxes) for uid, syntaxes in OFFERED.items()
    }
    assert seen.services() == ("verification", "move", "storage")
    by_uid = {one.uid: one for one in seen.classes}
    ct = by_uid[CT_IMAGE_STORAGE]
    assert [(option.name, option.value) for option in ct.options] == [
        ("storage-level", 2),
        ("signature-level", 1),
        ("element-coercion", 1),
    ]
    assert (ct.gives_back, by_uid[VIDEO_ENDOSCOPIC].gives_back) == (True, False)
    assert [option.name for option in by_uid[Root.STUDY.move].options] == ["relational-retrieval"]
    assert by_uid[Root.STUDY.find].result == 3
    assert seen.async_window == (0, 4)
    assert seen.levels == ()
    assert seen.remarks == ()


def test_a_product_that_chokes_on_many_contexts_is_asked_in_smaller_portions() -> None:
    sizes: list[int] = []

    def small(request: AssociateRequest) -> AssociateAccept | Abort:
        sizes.append(len(request.contexts))
        return answer(request) if len(request.contexts) <= 60 else Abort(2, 0)

    with acceptor(small) as port:
        seen = observe(scu(port))
    assert {one.uid for one in seen.accepted()} == set(OFFERED)
    assert max(sizes) == offer.CONTEXTS - 1  # those first ones have Verification among them
    assert all("A-ABORT" in remark for remark in seen.remarks)
    assert seen.remarks


def test_a_product_that_takes_one_of_several_contexts_is_asked_one_by_one() -> None:
    """PS3.5 10.1 b."""

    def first_of_each(request: AssociateRequest) -> AssociateAccept:
        accept = answer(request)
        taken: set[str] = set()
        contexts = []
        for asked, answered in zip(request.contexts, accept.contexts, strict=True):
            is_free = answered.accepted and asked.abstract_syntax not in taken
            taken |= {asked.abstract_syntax} if is_free else set()
            contexts.append(answered if is_free else replace(answered, result=answered.result or 2))
        return replace(accept, contexts=tuple(contexts))

    with acceptor(first_of_each) as port:
        seen = {one.uid: set(one.transfer_syntaxes) for one in observe(scu(port)).accepted()}
    assert seen == {uid: set(syntaxes) for uid, syntaxes in OFFERED.items()}


def test_a_product_that_fails_again_and_again_is_left_alone() -> None:
    asked = Counter[str]()

    def one_at_a_time(request: AssociateRequest) -> AssociateAccept | Abort:
        asked["associations"] += 1
        return answer(request) if len(request.contexts) == 1 else Abort(2, 0)

    with acceptor(one_at_a_time) as port:
        seen = observe(scu(port))
    assert asked["associations"] == 1 + offer.MAX_FAILURES
    assert seen.remarks[-1].endswith("nothing more was asked")
    assert {one.result for one in seen.classes} == {None}


def test_a_product_without_room_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.scu.session.REJECTION_RETRIES", 0)
    first = threading.Event()

    def full(request: AssociateRequest) -> AssociateAccept | AssociateReject:
        if not first.is_set():
            first.set()
            return answer(request)
        return AssociateReject(2, 3, 2)

    with acceptor(full) as port:
        seen = observe(scu(port))
    (remark,) = seen.remarks
    assert remark.endswith("nothing more was asked")


def test_the_look_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offer, "MAX_ASSOCIATIONS", 3)
    asked = Counter[str]()

    def counted(request: AssociateRequest) -> AssociateAccept:
        asked["associations"] += 1
        return answer(request)

    with acceptor(counted) as port:
        seen = observe(scu(port))
    assert asked["associations"] == 1 + 3
    assert "3 associations were opened" in seen.remarks[-1]


def test_a_product_that_rejects_everybody_is_an_error() -> None:
    with acceptor(lambda request: AssociateReject(1, 1, 3)) as port, pytest.raises(DimseError):
        observe(scu(port))


def test_the_catalogue_is_what_a_network_carries() -> None:
    classes = storage_classes()
    assert CT_IMAGE_STORAGE in classes
    assert VIDEO_ENDOSCOPIC in classes
    assert "1.2.840.10008.1.3.10" not in classes, "a DICOMDIR is never sent"
    assert STORAGE_COMMITMENT_PUSH not in classes
    assert len({uid for uid, _ in OTHER_SERVICES}) == len(OTHER_SERVICES)
    syntaxes = transfer_syntaxes()
    assert syntaxes[:2] == (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN)
    assert MPEG2 in syntaxes
