"""Command sets: typed values, strict decoding."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import keyword_dict

from harness.dimse.command import TAGS, Command, CommandSet, decode_command
from harness.dimse.errors import DecodeError, MisuseError, PeerViolation

ECHO = CommandSet.of(
    AffectedSOPClassUID="1.2.840.10008.1.1",
    CommandField=Command.C_ECHO_RQ,
    MessageID=7,
    CommandDataSetType=0x0101,
)


def element(tag: int, value: bytes) -> bytes:
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


def with_length(body: bytes) -> bytes:
    return element(0, struct.pack("<I", len(body))) + body


def test_layout() -> None:
    body = (
        element(2, b"1.2.840.10008.1.1\0")
        + element(0x100, b"\x30\0")
        + element(0x110, b"\7\0")
        + element(0x800, b"\1\1")
    )
    assert ECHO.encode() == with_length(body)
    assert decode_command(ECHO.encode()) == ECHO


def test_typed_values() -> None:
    command = CommandSet.of(
        Status=0xC001,
        OffendingElement=(0x00100020, 0x0020000D),
        ErrorComment="odd",
        MoveDestination="ME",
        CommandField=0x8021,
        NumberOfRemainingSuboperations=3,
    )
    again = decode_command(command.encode())
    assert dict(again) == {
        "CommandField": 0x8021,
        "MoveDestination": "ME",
        "Status": 0xC001,
        "OffendingElement": (0x00100020, 0x0020000D),
        "ErrorComment": "odd",
        "NumberOfRemainingSuboperations": 3,
    }
    assert again.name == "C-MOVE-RSP"
    assert again.get("ErrorID") is None
    assert "Status" in again
    assert 0x0900 in again
    assert again.raw("ErrorComment") == b"odd "
    assert again.replace(Status=0, ErrorComment=None)["Status"] == 0
    assert "ErrorComment" not in again.replace(ErrorComment=None)
    assert "Status = C001H" in again.lines()


def test_every_keyword_is_the_dictionarys() -> None:
    assert {TAGS[keyword]: keyword for keyword in TAGS} == {
        tag: keyword for keyword, tag in keyword_dict.items() if tag >> 16 == 0
    }


def test_require_names_what_is_missing() -> None:
    with pytest.raises(PeerViolation, match="Status in C-ECHO-RQ") as caught:
        ECHO.require("Status")
    assert caught.value.clause == "PS3.7 9.3.5"
    short = CommandSet(((0x0900, b"\0"),))
    with pytest.raises(PeerViolation, match="2 bytes"):
        short.require("Status")
    with pytest.raises(PeerViolation):
        short.get("Status")
    with pytest.raises(PeerViolation):
        _ = CommandSet.of(CommandField=1).has_data_set


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Group Length"),
        (element(0x100, b"\x30\0"), "Group Length"),
        (with_length(element(0x110, b"\1\0") + element(0x100, b"\x30\0")), "increasing"),
        (with_length(element(0x110, b"\1\0") * 2), "increasing"),
        (with_length(element(0x00080018, b"1.2\0")), "group 0000"),
        (with_length(element(0x110, b"\1")), "even"),
        (with_length(element(0x110, b"\1\0"))[:-1], "end within"),
        (with_length(element(0x110, b"\1\0")) + b"\0\0", "at least 8"),
        (element(0, b"\1\0\0\0") + element(0x110, b"\1\0"), "Command Group Length 10"),
        (element(0, b"\x0a\0") + element(0x110, b"\1\0"), "Command Group Length"),
        (with_length(struct.pack("<HHI", 0, 0x110, 0xFFFFFFFE)), "end within"),
    ],
)
def test_strictness(data: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=words) as caught:
        decode_command(data)
    assert caught.value.clause == "PS3.7 6.3.1"
    assert caught.value.raw == data


def test_misuse() -> None:
    for values in ({"NoSuchThing": 1}, {"Status": 70_000}, {"Status": "x€"}, {"MessageID": -1}):
        with pytest.raises(MisuseError):
            CommandSet.of(**values)


def test_a_wrong_group_length_can_be_sent() -> None:
    wrong = CommandSet.of(CommandGroupLength=1, MessageID=1)
    with pytest.raises(DecodeError):
        decode_command(wrong.encode())


sets = st.dictionaries(
    st.integers(1, 0xFFFF), st.binary(max_size=30).map(lambda value: value[: len(value) & ~1]), max_size=8
).map(lambda values: CommandSet(tuple(sorted(values.items()))))


@settings(max_examples=300)
@given(sets)
def test_what_is_encoded_decodes_to_the_same(command: CommandSet) -> None:
    assert decode_command(command.encode()) == command
    assert len(command.lines()) == len(command)


@settings(max_examples=300)
@given(
    sets, st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3), st.binary(max_size=60)
)
def test_any_bytes_give_a_command_set_or_a_decode_error(
    command: CommandSet, changes: list[tuple[int, int]], other: bytes
) -> None:
    data = bytearray(command.encode())
    for position, value in changes:
        data[position % len(data)] = value
    for candidate in (bytes(data), other):
        try:
            decoded = decode_command(candidate)
        except DecodeError:
            continue
        assert decoded.encode() == candidate
