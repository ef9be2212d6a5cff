"""SOP class extended negotiation (PS3.7 D.3.3.5 and D.3.3.6, PS3.4 C.5.1.1)."""

from __future__ import annotations

from dataclasses import replace

from harness.dimse.negotiation import CommonExtendedNegotiation, ExtendedNegotiation, Item
from harness.scenario import SHALL, requirement
from harness.scu.acceptance import user_items_of
from harness.scu.session import Scu
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    PATIENT_ROOT_FIND,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)

QUERY_CLASSES = (STUDY_ROOT_FIND, PATIENT_ROOT_FIND, STUDY_ROOT_MOVE, STUDY_ROOT_GET)
PRIVATE_CLASS = "1.2.826.0.1.3680043.10.9999.4"
STORAGE_SERVICE_CLASS = "1.2.840.10008.4.2"


def answered(scu: Scu, data: bytes) -> bytes | None:
    """The answer to an extended negotiation for Study Root FIND; None where there is none."""
    with scu.open(
        VERIFICATION, STUDY_ROOT_FIND, extended=(ExtendedNegotiation(STUDY_ROOT_FIND, data),)
    ) as association:
        association.context_for(STUDY_ROOT_FIND)
        items = association.accepted.user.extended
    return next((item.data for item in items if item.sop_class == STUDY_ROOT_FIND), None)


@requirement("PS3.7 D.3.3.5", SHALL, "No extended negotiation is answered where none was offered.")
def test_absent_stays_absent(scu: Scu) -> None:
    with scu.open(VERIFICATION, CT_IMAGE_STORAGE, *QUERY_CLASSES) as association:
        items = association.accepted.user.extended
    classes = ", ".join(item.sop_class for item in items)
    assert not items, f"extended negotiation items for {classes}, none was offered"


@requirement("PS3.4 C.5.1.1", SHALL, "A query negotiation of one byte is answered with one byte at most.")
def test_one_byte_for_one_byte(scu: Scu) -> None:
    answer = answered(scu, b"\x01")
    if answer is not None:
        assert len(answer) <= 1, f"one byte was offered, {len(answer)} are answered"
        assert answer in (b"", b"\x00", b"\x01"), f"the answer is {answer.hex()}"


@requirement("PS3.4 C.5.1.1", SHALL, "A query option that was offered as 0 isn't answered as 1.")
def test_nothing_granted_unasked(scu: Scu) -> None:
    answer = answered(scu, bytes(5))
    assert answer is None or not any(answer), (
        f"00 00 00 00 00 was offered, {(answer or b'').hex(' ')} answered"
    )


@requirement("PS3.7 D.3.3.6", SHALL, "Common extended negotiation has no answer.")
def test_common_never_answered(scu: Scu) -> None:
    request = scu.request(VERIFICATION, PRIVATE_CLASS)
    common = (CommonExtendedNegotiation(PRIVATE_CLASS, STORAGE_SERVICE_CLASS, (CT_IMAGE_STORAGE,)),)
    with scu.negotiate(replace(request, user=replace(request.user, common_extended=common))) as association:
        types = [type_ for type_, _ in user_items_of(association.accepted)]
    assert Item.COMMON_EXTENDED_NEGOTIATION not in types, (
        "the acceptance holds a common extended negotiation item"
    )
