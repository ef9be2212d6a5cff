"""PDUs whose lengths cannot be (PS3.8 9.2.3, 9.3)."""

from __future__ import annotations

import struct

import pytest

from harness.scenario import QUALITY, SHALL, expect_abort, expect_no_association, expect_service, requirement
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION

pytestmark = pytest.mark.hostile

FIRST_ITEM = 74


def first_context(request: bytes) -> int:
    """Where the first presentation context item begins: after the application context item."""
    (length,) = struct.unpack_from(">H", request, FIRST_ITEM + 2)
    return FIRST_ITEM + 4 + int(length)


@requirement("PS3.8 9.2.3", SHALL, "A request with an item that runs over the PDU's end is invalid.")
def test_item_overruns_pdu(scu: Scu) -> None:
    damaged = bytearray(scu.request(VERIFICATION).encode())
    struct.pack_into(">H", damaged, first_context(damaged) + 2, len(damaged))
    with scu.connect() as association:
        association.send_raw(bytes(damaged))
        answer = expect_no_association(association, "A-ABORT or A-ASSOCIATE-RJ")
    assert answer is not None, "the connection was closed without A-ABORT or A-ASSOCIATE-RJ"
    expect_service(scu, "a request with an item that runs over its end")


@requirement("PS3.8 9.2.3", SHALL, "A request of length 0 is invalid.")
def test_zero_length_request(scu: Scu) -> None:
    with scu.connect() as association:
        association.send_raw(struct.pack(">BBI", 1, 0, 0))
        answer = expect_no_association(association, "A-ABORT or A-ASSOCIATE-RJ")
    assert answer is not None, "the connection was closed without A-ABORT or A-ASSOCIATE-RJ"
    expect_service(scu, "a request of length 0")


@requirement("PS3.8 9.2.3", QUALITY, "A length field of four gigabytes does no harm.")
def test_four_gigabyte_length(scu: Scu) -> None:
    with scu.connect() as association:
        association.send_raw(struct.pack(">BBI", 1, 0, 0xFFFFFFFF) + bytes(200))
        association.half_close()
        expect_no_association(association, "the end of the connection")
    expect_service(scu, "a request that claims to be four gigabytes long")


@requirement("PS3.8 9.2.3", SHALL, "A PDV whose length doesn't fit its P-DATA-TF is invalid.")
@pytest.mark.parametrize("length", [0, 1, 1000])
def test_pdv_length(scu: Scu, length: int) -> None:
    pdv = struct.pack(">IBB", length, 1, 3) + bytes(20)
    association = scu.open(VERIFICATION)
    try:
        association.send_raw(struct.pack(">BBI", 4, 0, len(pdv)) + pdv)
        expect_abort(association)
    finally:
        association.close()
    expect_service(scu, f"a PDV of length {length}")
