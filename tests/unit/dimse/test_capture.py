"""Recordings: what Wireshark makes of them, what is cut, what is masked."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.dimse.capture import Endpoints, Recorder, Tape
from harness.dimse.command import CommandSet
from harness.dimse.cutting import mask
from harness.dimse.fragments import fragments
from harness.dimse.negotiation import AnsweredContext, UserIdentity, contexts
from harness.dimse.pdu import (
    Abort,
    PData,
    Pdv,
    ReleaseRequest,
    ReleaseResponse,
    accept_of,
    associate_request,
)
from tests.programs import require_program

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
ENDS = Endpoints(("127.0.0.1", 40_000), ("127.0.0.1", 11_112), False)


def request(identity: UserIdentity | None = None):  # type: ignore[no-untyped-def]
    return associate_request("PACS", "HARNESS", contexts((CT, [EXPLICIT])), user_identity=identity)


def data_set(pixels: int) -> bytes:
    head = struct.pack("<HH2sH", 8, 0x18, b"UI", 8) + b"2.25.123"
    return head + struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, pixels) + bytes(pixels)


def store(tape: Tape, number: int, pixels: int = 524_288) -> None:
    asked = CommandSet.of(
        AffectedSOPClassUID=CT,
        CommandField=1,
        MessageID=number,
        Priority=0,
        CommandDataSetType=0,
        AffectedSOPInstanceUID="2.25.123",
    )
    for pdus in fragments(1, True, [memoryview(asked.encode())], 16378):
        for buffer in pdus:
            tape.sent(buffer)
    for pdus in fragments(1, False, [memoryview(data_set(pixels))], 16378):
        for buffer in pdus:
            tape.sent(buffer)
    answer = CommandSet.of(
        CommandField=0x8001, MessageIDBeingRespondedTo=number, CommandDataSetType=0x101, Status=0xA700
    )
    stream = PData((Pdv(1, True, True, answer.encode()),)).encode()
    for at in range(0, len(stream), 7):
        tape.received(stream[at : at + 7])


def exchange(recorder: Recorder, stores: int = 2, ends: Endpoints = ENDS) -> None:
    tape = recorder.tape(ends)
    asked = request(UserIdentity(2, b"doctor", b"open-sesame", 1))
    tape.sent(asked.encode())
    tape.received(accept_of(asked, (AnsweredContext(1, 0, EXPLICIT),)).encode())
    for number in range(1, stores + 1):
        store(tape, number)
    tape.sent(ReleaseRequest().encode())
    tape.received(ReleaseResponse().encode())
    tape.ended(False, "closed by the harness")


def tshark(path: Path, *options: str) -> str:
    program = require_program("tshark")
    run = subprocess.run([program, "-r", str(path), *options], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_wireshark_dissects_it_without_settings(tmp_path: Path, host: str) -> None:
    recorder = Recorder()
    exchange(recorder, ends=Endpoints((host, 40_000), (host, 11_112), False))
    exchange(recorder, 1, Endpoints((host, 11_112), (host, 40_000), True))
    path = tmp_path / "exchange.pcapng"
    recorder.write_pcapng(path)
    info = tshark(
        path, "-Y", "dicom", "-T", "fields", "-e", "tcp.stream", "-e", "tcp.dstport", "-e", "_ws.col.Info"
    )
    lines = [line.split("\t") for line in info.splitlines()]
    first = [(port == "104", text) for stream, port, text in lines if stream == "0"]
    assert [text for _, text in first] == [
        "A-ASSOCIATE request HARNESS --> PACS",
        "A-ASSOCIATE accept  HARNESS <-- PACS",
        "P-DATA, C-STORE-RQ ID=1",
        "P-DATA, CT Image Storage",
        first[4][1],
        "P-DATA, C-STORE-RQ ID=2",
        "P-DATA, CT Image Storage",
        first[7][1],
        "A-RELEASE request",
        "A-RELEASE response",
    ]
    assert first[4][1].startswith("P-DATA, C-STORE-RSP")
    assert [to_server for to_server, _ in first][:3] == [True, False, True]
    second = [(port == "104", text) for stream, port, text in lines if stream == "1"]
    assert second[0] == (False, "A-ASSOCIATE request HARNESS --> PACS")
    # TCP's own analysis finds nothing lost, repeated or out of order
    assert tshark(path, "-Y", "tcp.analysis.flags") == ""
    verify = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y")
    packets = len(tshark(path).splitlines())
    assert len(tshark(path, *verify, "tcp.checksum.status == 1").splitlines()) == packets
    if host == "127.0.0.1":
        assert len(tshark(path, *verify, "ip.checksum.status == 1").splitlines()) == packets
    details = tshark(path, "-V")
    assert "cut from here" in details
    assert "Malformed" not in details
    assert details.count("Refused: Out of resources") + details.count("0xa700") >= 2


def test_a_data_set_within_the_limit_is_whole_to_wireshark(tmp_path: Path) -> None:
    recorder = Recorder(bulk_limit=100_000)
    tape = recorder.tape(ENDS)
    tape.sent(request().encode())
    tape.received(accept_of(request(), (AnsweredContext(1, 0, EXPLICIT),)).encode())
    store(tape, 1, 50_000)
    path = tmp_path / "exchange.pcapng"
    recorder.write_pcapng(path)
    text = tshark(path, "-V")
    assert "Malformed" not in text
    assert "cut from here" not in text
    assert "SOP Instance UID" in text


def test_bulk_is_cut_and_passcodes_are_masked(tmp_path: Path) -> None:
    recorder = Recorder(bulk_limit=1000)
    exchange(recorder, 20)
    capture = recorder.pcapng()
    assert len(capture) < 20 * 4000
    for output in (capture, recorder.dump().encode()):
        assert b"open-sesame" not in output
        assert b"doctor" in output
    text = recorder.dump()
    assert "data sets are cut after 1000 bytes" in text
    assert "Status = A700H" in text
    assert "(0008,0018) UI '2.25.123'" in text
    assert "… (cut here)" in text
    assert text.index("→ A-ASSOCIATE-RQ") < text.index("← A-ASSOCIATE-AC") < text.index("→ A-RELEASE-RQ")
    sizes = sum(record.kept.length for record in recorder.records() if record.kept and record.kept.is_data)
    assert sizes > 20 * 524_288  # what was cut is still counted


def test_memory_is_bounded_and_negotiation_stays() -> None:
    recorder = Recorder(bulk_limit=4096, memory_limit=100_000)
    exchange(recorder, 100)
    assert recorder.dropped > 100
    text = recorder.dump()
    assert "left out" in text
    assert "A-ASSOCIATE-RQ" in text
    assert "A-RELEASE-RP" in text
    assert sum(len(record.kept.data) for record in recorder.records() if record.kept) < 100_000


def test_damage_garbage_and_unfinished_pdus_are_shown(tmp_path: Path) -> None:
    recorder = Recorder()
    tape = recorder.tape(ENDS)
    tape.sent(request().encode()[:100])
    tape.received(b"HTTP/1.1 400 Bad Request\r\n" + bytes(200_000))
    tape.received(bytes(200_000))
    tape.ended(True, "the peer closed the connection")
    other = recorder.tape(ENDS)
    other.sent(struct.pack(">BBIIBB", 4, 0, 6, 99, 1, 3))
    other.received(Abort(2, 2).encode())
    text = recorder.dump()
    assert "bytes that are no PDU" in text
    assert "incomplete PDU" in text
    assert "connection ended: the peer closed the connection" in text
    assert "by the service provider: unexpected PDU" in text
    assert len(recorder.pcapng()) < 300_000
    path = tmp_path / "exchange.pcapng"
    recorder.write_pcapng(path)
    assert "ABORT" in tshark(path)


@pytest.mark.parametrize("kind", [2, 3, 4, 5])
def test_masks_reach_damaged_requests_too(kind: int) -> None:
    secret = b"S3cretS3cret"
    identity = UserIdentity(kind, b"who" if kind == 2 else secret, secret if kind == 2 else b"")
    whole = request(identity).encode()
    assert secret in whole
    assert secret not in mask(whole)
    assert len(mask(whole)) == len(whole)
    assert secret not in mask(whole[:-1])
    at = whole.index(b"\x58\0")
    for position in range(at + 2, at + 8):
        for value in (0, 1, 0xFF):
            damaged = bytearray(whole)
            damaged[position] = value
            masked = mask(bytes(damaged))
            assert len(masked) == len(whole)
            if position not in (
                at + 3,
                at + 4,
            ):  # a shorter item, another type: no longer a passcode by its form
                assert secret not in masked or value == 0 or kind == 2


def test_a_request_of_impossible_length_keeps_no_passcode() -> None:
    recorder = Recorder()
    tape = recorder.tape(ENDS)
    sent = bytearray(request(UserIdentity(2, b"who", b"open-sesame")).encode())
    sent[2:6] = b"\xff\xff\xff\xff"
    for at in range(0, len(sent), 50):
        tape.sent(bytes(sent[at : at + 50]))
    assert b"open-sesame" not in recorder.pcapng()
    assert b"HARNESS" in recorder.pcapng()


def test_given_secrets_are_masked_everywhere() -> None:
    recorder = Recorder(secrets=(b"token-123",))
    tape = recorder.tape(ENDS)
    tape.sent(PData((Pdv(1, False, True, b"xx token-123 yy"),)).encode())
    assert b"token-123" not in recorder.pcapng()


@settings(max_examples=150)
@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(0, 40))
def test_any_bytes_can_be_recorded(pieces: list[bytes], limit: int) -> None:
    recorder = Recorder(bulk_limit=limit)
    tape = recorder.tape(ENDS)
    for piece in pieces:
        tape.sent(piece)
        tape.received(b"\x04\0" + piece)
    assert recorder.dump()
    assert recorder.pcapng()
