"""Requests that are unusual and legal, or to be turned down (PS3.8 9.3.1, 9.3.2, 9.3.4, D.2)."""

from __future__ import annotations

from dataclasses import replace

from harness.dimse.errors import PeerViolation
from harness.dimse.negotiation import Item, RawItem, RoleSelection
from harness.dimse.pdu import AssociateReject, AssociateRequest
from harness.scenario import (
    QUALITY,
    SHALL,
    SHOULD,
    expect_no_association,
    not_supported,
    not_tested,
    reply_to,
    requirement,
)
from harness.scu.acceptance import with_reserved_bytes
from harness.scu.echo import echo
from harness.scu.find import find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.survey import MANY_KEYS
from harness.scu.uids import CT_IMAGE_STORAGE, STUDY_ROOT_FIND, VERIFICATION, QueryLevel
from harness.synthesis import SyntheticStudy

REASONS = {1: (1, 2, 3, 7), 2: (1, 2), 3: (1, 2)}
"""Reasons of an A-ASSOCIATE-RJ by its source (PS3.8 9.3.4)."""


def echoes(scu: Scu, request: AssociateRequest) -> bool:
    """Whether the request is accepted and C-ECHO succeeds then."""
    with scu.negotiate(request) as association:
        return echo(association).integer("Status") == 0


@requirement("PS3.8 9.3.2", SHALL, "Of the protocol version only bit 0 is tested.")
def test_protocol_version_extra_bits(scu: Scu) -> None:
    request = replace(scu.request(VERIFICATION), protocol_version=0x0003)
    assert echoes(scu, request), "C-ECHO failed after a request with protocol version 0003H"


@requirement("PS3.8 9.3.2", SHALL, "A request without protocol version 1 isn't accepted.")
def test_protocol_version_unsupported(scu: Scu) -> None:
    with scu.connect() as association:
        association.send_pdu(replace(scu.request(VERIFICATION), protocol_version=0x0002))
        answer = expect_no_association(association, "A-ASSOCIATE-RJ to protocol version 0002H")
    assert answer is not None, "the connection was closed without A-ASSOCIATE-RJ or A-ABORT"


@requirement("PS3.8 9.3.2", SHALL, "Reserved bytes aren't tested on receipt.")
def test_reserved_bytes_ignored(scu: Scu) -> None:
    request = scu.request(VERIFICATION)
    assert echoes(scu, replace(request, raw=with_reserved_bytes(request, 0xFF))), (
        "C-ECHO failed after a request with FFH in its reserved bytes"
    )


@requirement("PS3.8 9.3.1", SHALL, "An item of unrecognised type is skipped.")
def test_unknown_item_skipped(scu: Scu) -> None:
    request = replace(scu.request(VERIFICATION), extra=(RawItem(0x60, b"of a later edition"),))
    assert echoes(scu, request), "C-ECHO failed after a request with an item of type 60H"


@requirement(
    "PS3.8 D.2", SHALL, "Unrecognised user information sub-items are ignored, and no ground for rejection."
)
def test_unknown_user_item_skipped(scu: Scu) -> None:
    request = scu.request(VERIFICATION)
    user = replace(request.user, unknown=(RawItem(0xEE, b"of a later edition"),))
    assert echoes(scu, replace(request, user=user)), (
        "C-ECHO failed after a request with a sub-item of type EEH"
    )


@requirement("PS3.8 9.3.2.3", SHOULD, "The order of user information sub-items has no meaning.")
def test_user_items_any_order(scu: Scu, stored_study: SyntheticStudy) -> None:
    request = scu.request(
        VERIFICATION,
        STUDY_ROOT_FIND,
        CT_IMAGE_STORAGE,
        maximum_length=128,
        roles=(RoleSelection(CT_IMAGE_STORAGE, 1, 0),),
    )
    order = (
        Item.ROLE_SELECTION,
        Item.IMPLEMENTATION_VERSION_NAME,
        Item.IMPLEMENTATION_CLASS_UID,
        Item.MAXIMUM_LENGTH,
    )
    reordered = replace(request, user=replace(request.user, order=order))
    assert echoes(scu, reordered), "C-ECHO failed where the sub-items came in another order"
    wrong = longer_than_declared(scu, reordered, stored_study)
    if wrong and longer_than_declared(scu, request, stored_study):
        raise not_tested(f"in the usual order it is not kept either: {wrong}")
    assert not wrong, wrong


def longer_than_declared(scu: Scu, request: AssociateRequest, study: SyntheticStudy) -> str:
    """How a response to C-FIND is longer than the request allows, in words; empty where it is not."""
    keys = {**MANY_KEYS, "StudyInstanceUID": study.study_uid}
    association = scu.negotiate(request)
    try:
        find_with(association, STUDY_ROOT_FIND, keys_of(QueryLevel.STUDY, keys))
    except PeerViolation as violation:
        if violation.clause != "PS3.8 D.1":
            raise
        return str(violation)
    finally:
        association.abort()
    return ""


def checks_called_titles(scu: Scu) -> bool:
    """Whether a made-up called AE title is turned down."""
    with scu.connect() as association:
        return isinstance(
            reply_to(association, scu.request(VERIFICATION, called="NOSUCHAE")), AssociateReject
        )


@requirement("PS3.8 9.3.2", SHALL, "Leading and trailing spaces of AE titles don't matter.")
def test_ae_title_spaces(scu: Scu) -> None:
    request = scu.request(VERIFICATION)
    title = request.called_raw.strip(b" ")
    if len(title) == 16:
        raise not_tested("the called AE title fills its field: there is no room for spaces")
    if not checks_called_titles(scu):
        raise not_supported("called AE titles are not checked, so that none can be told from another")
    shifted = replace(request, called_field=title.rjust(16))
    assert echoes(scu, shifted), "C-ECHO failed where the called AE title has leading spaces"


@requirement("PS3.8 7.1.1.4", QUALITY, "A product that checks called AE titles refuses others with reason 7.")
def test_called_title_unknown(scu: Scu) -> None:
    with scu.connect() as association:
        answer = reply_to(association, scu.request(VERIFICATION, called="NOSUCHAE"))
    if not isinstance(answer, AssociateReject):
        raise not_supported("called AE titles are not checked")
    code = (answer.result, answer.source, answer.reason)
    assert code == (1, 1, 7), f"the called AE title NOSUCHAE was rejected as {answer.words()}"


@requirement(
    "PS3.8 7.1.1.3", QUALITY, "A product that admits known callers only refuses others with reason 3."
)
def test_calling_title_unknown(scu: Scu) -> None:
    with scu.connect() as association:
        answer = reply_to(association, scu.request(VERIFICATION, calling="PHSTRANGER"))
    if not isinstance(answer, AssociateReject):
        raise not_supported("calling AE titles are not checked when an association is requested")
    code = (answer.result, answer.source, answer.reason)
    assert code == (1, 1, 3), f"the calling AE title PHSTRANGER was rejected as {answer.words()}"


@requirement("PS3.8 9.3.4", SHALL, "A rejection has a defined combination of result, source and reason.")
def test_reject_codes_valid(scu: Scu) -> None:
    plain = scu.request(VERIFICATION)
    stimuli = (
        replace(plain, protocol_version=0x0002),
        replace(plain, application_context="1.2.826.0.1.3680043.10.9999.1"),
        scu.request(VERIFICATION, called="NOSUCHAE"),
        scu.request(VERIFICATION, calling="PHSTRANGER"),
        scu.request(("1.2.840.10008.5.1.1.9", ("1.2.826.0.1.3680043.10.9999.2",))),
    )
    rejections = []
    for request in stimuli:
        with scu.connect() as association:
            answer = reply_to(association, request)
        if isinstance(answer, AssociateReject):
            rejections.append(answer)
    if not rejections:
        raise not_tested("nothing that was tried is rejected")
    for reject in rejections:
        assert reject.result in (1, 2), f"a rejection with {reject.words()}"
        assert reject.reason in REASONS.get(reject.source, ()), f"a rejection with {reject.words()}"
