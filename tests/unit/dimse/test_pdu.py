"""PDUs: whatever is encoded decodes to the same, any bytes give a value or the typed error."""

from __future__ import annotations

import dataclasses
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.dimse.errors import DecodeError, MisuseError
from harness.dimse.items import arranged
from harness.dimse.negotiation import (
    ABSENT_USER_INFORMATION,
    AnsweredContext,
    AsyncWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    ProposedContext,
    RawItem,
    RoleSelection,
    UserIdentity,
    UserInformation,
    contexts,
)
from harness.dimse.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    PData,
    Pdu,
    Pdv,
    ReleaseRequest,
    ReleaseResponse,
    accept_of,
    associate_request,
    decode_pdu,
)

byte = st.integers(0, 255)
short = st.integers(0, 0xFFFF)
uid = st.text("0123456789.", min_size=1, max_size=64)
name = st.text(st.characters(max_codepoint=255), max_size=20)
title = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=16)
unknown = st.builds(RawItem, st.integers(0x60, 0xFF), st.binary(max_size=20), byte)

users = st.one_of(
    st.just(ABSENT_USER_INFORMATION),
    st.builds(
        UserInformation,
        st.none() | st.integers(0, 0xFFFFFFFF),
        st.none() | uid,
        st.none() | name,
        st.lists(st.builds(RoleSelection, uid, byte, byte), max_size=3).map(tuple),
        st.none() | st.builds(AsyncWindow, short, short),
        st.lists(st.builds(ExtendedNegotiation, uid, st.binary(max_size=20)), max_size=3).map(tuple),
        st.lists(
            st.builds(
                CommonExtendedNegotiation,
                uid,
                uid,
                st.lists(uid, max_size=3).map(tuple),
                byte,
                st.binary(max_size=4),
            ),
            max_size=2,
        ).map(tuple),
        st.none() | st.builds(UserIdentity, byte, st.binary(max_size=30), st.binary(max_size=30), byte),
        st.none() | st.binary(max_size=30),
        st.lists(unknown, max_size=2).map(tuple),
    ),
)
proposed = st.builds(
    ProposedContext,
    byte,
    uid,
    st.lists(uid, max_size=4).map(tuple),
    st.binary(min_size=4, max_size=4),
    st.lists(unknown, max_size=2).map(tuple),
)
answered = st.builds(
    AnsweredContext,
    byte,
    byte,
    uid,
    st.lists(uid, max_size=2).map(tuple),
    st.binary(min_size=3, max_size=3),
    st.lists(unknown, max_size=2).map(tuple),
)
common = {
    "called_ae_title": title,
    "calling_ae_title": title,
    "user": users,
    "application_context": st.none() | uid,
    "protocol_version": short,
    "extra": st.lists(unknown, max_size=2).map(tuple),
    "reserved": st.binary(min_size=35, max_size=35),
}
pdvs = st.builds(
    Pdv, byte, st.booleans(), st.booleans(), st.binary(max_size=100), byte.map(lambda bits: bits & 0xFC)
)
pdus = st.one_of(
    st.builds(AssociateRequest, contexts=st.lists(proposed, max_size=4).map(tuple), **common),
    st.builds(AssociateAccept, contexts=st.lists(answered, max_size=4).map(tuple), **common),
    st.builds(AssociateReject, byte, byte, byte, st.binary(min_size=2, max_size=2)),
    st.builds(PData, st.lists(pdvs, min_size=1, max_size=5).map(tuple), byte),
    st.builds(ReleaseRequest, st.binary(min_size=5, max_size=5)),
    st.builds(ReleaseResponse, st.binary(min_size=5, max_size=5)),
    st.builds(Abort, byte, byte, st.binary(min_size=3, max_size=3)),
)


@settings(max_examples=400, deadline=None)
@given(pdus)
def test_what_is_encoded_decodes_to_the_same(pdu: Pdu) -> None:
    assert decode_pdu(pdu.encode()) == pdu


@settings(max_examples=400, deadline=None)
@given(pdus, st.lists(st.tuples(st.integers(0, 100_000), byte), max_size=6), st.integers(0, 200))
def test_altered_bytes_give_a_value_that_encodes_to_them_or_an_error(
    pdu: Pdu, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(pdu.encode())
    for position, value in changes:
        data[position % len(data)] = value
    if cut < 20:
        del data[len(data) - cut :]
    try:
        again = decode_pdu(bytes(data))
    except DecodeError:
        return
    assert again.encode() == bytes(data)
    assert decode_pdu(again.encode()) == again


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_decode_error(data: bytes) -> None:
    try:
        pdu = decode_pdu(data)
    except DecodeError:
        return
    assert pdu.encode() == data


@settings(max_examples=500, deadline=None)
@given(st.integers(1, 7), st.binary(max_size=200))
def test_any_body_of_a_right_length_gives_a_value_or_a_decode_error(kind: int, body: bytes) -> None:
    data = struct.pack(">BBI", kind, 0, len(body)) + body
    try:
        pdu = decode_pdu(data)
    except DecodeError:
        return
    assert pdu.encode() == data


def request() -> AssociateRequest:
    return associate_request(
        "PACS",
        "HARNESS",
        contexts(("1.2.840.10008.1.1", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"])),
        maximum_length=0,
        roles=(RoleSelection("1.2.3", 0, 1),),
    )


def test_layout_of_an_associate_request() -> None:
    data = request().encode()
    assert data[:10] == struct.pack(">BBIHH", 1, 0, len(data) - 6, 1, 0)
    assert data[10:42] == b"PACS            HARNESS         "
    assert data[42:74] == bytes(32)
    assert data[74:78] == b"\x10\0\0\x15"
    assert (
        b"\x20\0\0\x45\1\0\0\0\x30\0\0\x111.2.840.10008.1.1\x40\0\0\x111.2.840.10008.1.2\x40\0\0\x13" in data
    )
    assert b"\x51\0\0\4\0\0\0\0" in data
    assert b"\x54\0\0\x09\0\x051.2.3\0\1" in data


def test_order_of_items_is_kept_and_controllable() -> None:
    pdu = dataclasses.replace(request(), order=(0x50, 0x20, 0x10))
    assert pdu.encode()[74] == 0x50
    assert decode_pdu(pdu.encode()) == pdu
    user = dataclasses.replace(pdu.user, order=(0x55, 0x54, 0x52, 0x51))
    pdu = dataclasses.replace(pdu, user=user)
    assert decode_pdu(pdu.encode()) == pdu


@pytest.mark.timeout(30)
def test_very_many_items_are_arranged_each_once() -> None:
    """A peer may send two million of them: a search for each would take an hour."""
    items = [(number % 2, bytes((number % 2,))) for number in range(400_000)]
    assert arranged(items, (0, 1) * 200_000) == b"\0\1" * 200_000
    assert arranged(items, (1,) * 200_000 + (7,)) == b"\1" * 200_000 + b"\0" * 200_000


def test_titles_are_read_without_padding_and_kept_as_they_were() -> None:
    data = bytearray(request().encode())
    data[10:26] = b"  PACS  ".ljust(16, b"\0")
    pdu = decode_pdu(bytes(data))
    assert isinstance(pdu, AssociateRequest)
    assert pdu.called_raw == b"  PACS  \0\0\0\0\0\0\0\0"
    assert pdu.calling_ae_title == "HARNESS"
    assert pdu.encode() == bytes(data)
    data[10:26] = b"  PACS".ljust(16)
    pdu = decode_pdu(bytes(data))
    assert isinstance(pdu, AssociateRequest)
    assert pdu.called_ae_title == "PACS"


def test_accept_echoes_the_requests_fields() -> None:
    data = bytearray(request().encode())
    data[10:26] = b"  PACS".ljust(16)
    data[42:74] = b"x" * 32
    asked = decode_pdu(bytes(data))
    assert isinstance(asked, AssociateRequest)
    answer = accept_of(asked, (AnsweredContext(1, 0, "1.2.840.10008.1.2"),)).encode()
    assert answer[10:74] == bytes(data[10:74])


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFFFFF, 9 * 1024 * 1024])
def test_huge_length_fields_are_refused_by_the_header_alone(length: int) -> None:
    for kind in (1, 2, 3, 5, 6, 7):
        with pytest.raises(DecodeError, match="length"):
            decode_pdu(struct.pack(">BBI", kind, 0, length))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0\0\1\1",
        b"\0\0\0\0\1\3",
        b"\0\0\0\1\1\3",
        b"\0\0\0\3\1\3",
        b"\xff\xff\xff\xff\1\3abc",
        b"\0\0\0\2\1\3x",
    ],
)
def test_damaged_p_data(body: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        decode_pdu(struct.pack(">BBI", 4, 0, len(body)) + body)
    assert caught.value.clause.startswith("PS3.8 9.3.5")


def test_errors_carry_bounded_bytes() -> None:
    with pytest.raises(DecodeError) as caught:
        decode_pdu(b"\x09" + bytes(100_000))
    assert 0 < len(caught.value.raw) <= 4096


def test_misuse_is_told_in_words() -> None:
    with pytest.raises(MisuseError, match="16"):
        associate_request("A" * 17, "B", ())
    with pytest.raises(MisuseError, match="not allowed"):
        associate_request("A\\B", "B", ())
    with pytest.raises(MisuseError, match="128"):
        contexts(*[("1.2", ["1.2"])] * 129)
    with pytest.raises(MisuseError, match="65535"):
        AssociateRequest("A", "B", extra=(RawItem(0x60, bytes(70_000)),)).encode()


def test_a_passcode_stays_out_of_repr() -> None:
    assert "secret" not in repr(UserIdentity(2, b"me", b"secret"))
