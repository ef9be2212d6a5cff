"""What an A-ASSOCIATE-AC holds (PS3.8 9.3.3 and annexes D and F, PS3.7 D.3.3)."""

from __future__ import annotations

from dataclasses import replace

from harness.dimse.negotiation import APPLICATION_CONTEXT, Item
from harness.dimse.pdu import AssociateAccept
from harness.scenario import QUALITY, SHALL, reply_to, requirement
from harness.scu.acceptance import is_uid, items_of, user_items_of
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    STUDY_ROOT_FIND,
    VERIFICATION,
)

UNKNOWN_APPLICATION_CONTEXT = "1.2.826.0.1.3680043.10.9999.1"
PATTERN = bytes(range(0xA0, 0xC0))


@requirement("PS3.8 9.3.3", SHALL, "The acceptance repeats the request's two AE title fields byte for byte.")
def test_echoes_called_and_calling(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        asked, answered = association.request, association.accepted
    assert answered.called_raw == asked.called_raw, (
        f"bytes 11-26 were {asked.called_raw!r} in the request, {answered.called_raw!r} in the acceptance"
    )
    assert answered.calling_raw == asked.calling_raw, (
        f"bytes 27-42 were {asked.calling_raw!r} in the request, {answered.calling_raw!r} in the acceptance"
    )


@requirement("PS3.8 9.3.3", QUALITY, "The acceptance repeats the 32 reserved bytes of the request.")
def test_echoes_reserved_32_bytes(scu: Scu) -> None:
    request = replace(scu.request(VERIFICATION), reserved=bytes(3) + PATTERN)
    with scu.negotiate(request) as association:
        kept = association.accepted.reserved[3:]
    assert kept == PATTERN, f"bytes 43-74 of the acceptance are {kept.hex(' ')}"


@requirement(
    "PS3.8 9.3.3",
    SHALL,
    "An acceptance holds one application context, presentation contexts and one user information item.",
)
def test_variable_items_present(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        types = [type_ for type_, _ in items_of(association.accepted)]
    shown = " ".join(f"{type_:02X}H" for type_ in types)
    assert types.count(Item.APPLICATION_CONTEXT) == 1, f"the acceptance holds the items {shown}"
    assert types.count(Item.USER_INFORMATION) == 1, f"the acceptance holds the items {shown}"
    assert Item.ANSWERED_CONTEXT in types, f"the acceptance holds the items {shown}"


@requirement("PS3.8 9.3.1", SHALL, "The items of the acceptance come in increasing order of item type.")
def test_items_in_rising_order(scu: Scu) -> None:
    with scu.open(VERIFICATION, STUDY_ROOT_FIND, CT_IMAGE_STORAGE) as association:
        types = [type_ for type_, _ in items_of(association.accepted)]
    assert types == sorted(types), f"the items come as {' '.join(f'{type_:02X}H' for type_ in types)}"


@requirement(
    "PS3.8 9.3.3", SHALL, "The lengths of the acceptance and of its items describe the bytes that follow."
)
def test_lengths_consistent(scu: Scu) -> None:
    # A wrong length does not decode, or leaves bytes over that then stand in for the next PDU.
    with scu.open(*[VERIFICATION] * 20) as association:
        response = echo(association)
    assert response.integer("Status") == 0, "C-ECHO failed after an acceptance of 20 contexts"


@requirement(
    "PS3.8 7.1.1.2", SHALL, "The acceptance names the DICOM application context where it was offered."
)
def test_application_context_dicom(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        name = association.accepted.application_context
    assert name == APPLICATION_CONTEXT, f"the acceptance names the application context {name!r}"


@requirement(
    "PS3.8 7.1.1.2",
    SHALL,
    "An unknown application context is refused, or answered with one that the acceptor knows.",
)
def test_unknown_application_context(scu: Scu) -> None:
    request = replace(scu.request(VERIFICATION), application_context=UNKNOWN_APPLICATION_CONTEXT)
    with scu.connect() as association:
        answer = reply_to(association, request)
    if isinstance(answer, AssociateAccept):
        name = answer.application_context
        assert name == APPLICATION_CONTEXT, f"the association was accepted in application context {name!r}"


@requirement(
    "PS3.8 F.1", SHALL, "The UIDs of the acceptance are digits and dots, without padding or leading zeros."
)
def test_uids_well_formed(scu: Scu) -> None:
    proposals = [
        (sop_class, (syntax,))
        for sop_class in (VERIFICATION, STUDY_ROOT_FIND, CT_IMAGE_STORAGE)
        for syntax in (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN)
    ]
    with scu.open(*proposals) as association:
        accept = association.accepted
    # The transfer syntax of a rejected context is not significant (9.3.3.2).
    uids = [context.transfer_syntax for context in accept.contexts if context.accepted]
    uids += [accept.application_context or "", accept.user.implementation_class_uid or ""]
    wrong = [uid for uid in uids if not is_uid(uid)]
    assert not wrong, f"ill-formed in the acceptance: {', '.join(map(repr, wrong))}"


@requirement("PS3.8 D.1", SHALL, "The acceptance states the longest P-DATA that the acceptor takes.")
def test_maximum_length_present(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        stated = [
            value for type_, value in user_items_of(association.accepted) if type_ == Item.MAXIMUM_LENGTH
        ]
    assert len(stated) == 1, f"the acceptance holds {len(stated)} maximum length sub-items (51H)"


@requirement("PS3.7 D.3.3.2", SHALL, "The acceptance identifies the implementation by a class UID.")
def test_implementation_class_uid_present(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        items = user_items_of(association.accepted)
    uids = [value for type_, value in items if type_ == Item.IMPLEMENTATION_CLASS_UID]
    assert len(uids) == 1, f"the acceptance holds {len(uids)} implementation class UID sub-items (52H)"


@requirement(
    "PS3.7 D.3.3.2.4", SHALL, "An implementation version name has 1 to 16 characters of the basic set."
)
def test_version_name_length(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        name = association.accepted.user.implementation_version_name
    if name is not None:
        assert 1 <= len(name) <= 16, f"the implementation version name {name!r} has {len(name)} characters"
        assert name.isascii(), f"the implementation version name {name!r} is no ASCII"
        assert name.isprintable(), f"the implementation version name {name!r} holds control characters"


@requirement(
    "PS3.7 D.3.3.2", QUALITY, "A request without an implementation version name is accepted like any other."
)
def test_version_name_optional(scu: Scu) -> None:
    request = scu.request(VERIFICATION)
    nameless = replace(request, user=replace(request.user, implementation_version_name=None))
    with scu.negotiate(nameless) as association:
        response = echo(association)
    assert response.integer("Status") == 0, "C-ECHO failed where the version name was left out"
