"""What a peer that nobody knows can make the archive do: bounded in memory, files, threads and words."""

from __future__ import annotations

import logging
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from archive_kit import CT, STUDY_FIND, Client, Wire, encode, instance, p_data, pdv
from pydicom.dataset import Dataset

from harness.archive import messages, transport
from harness.archive.config import AuditTarget, KnownCaller, Misbehaviour
from harness.archive.messages import Message, encode_command
from harness.archive.options import Printable
from harness.archive.semantics import Semantics
from harness.archive.server import Archive

IMPLICIT, EXPLICIT, DEFLATED = (f"1.2.840.10008.1.2{arc}" for arc in ("", ".1", ".1.99"))
VERIFICATION = "1.2.840.10008.1.1"


def command(field: int, sop_class: str, number: int = 1, **values: object) -> bytes:
    made = Dataset()
    made.AffectedSOPClassUID = sop_class
    made.CommandField = field
    made.MessageID = number
    made.Priority = 0
    made.CommandDataSetType = 1
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return encode_command(made)


def answers(wire: Wire, count: int) -> list[bytes]:
    return [wire.pdu() or b"" for _ in range(count)]


def test_silent_connections_are_no_more_than_a_few(
    make_archive: Callable[..., Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "UNASKED", 3)
    archive = make_archive(maximum_associations=2, artim=20.0)
    before = threading.active_count()
    silent = [Wire(archive.port) for _ in range(5)]
    for _ in range(20):  # each is closed at once, and not after the ARTIM timer
        assert Wire(archive.port).pdu() is None
    assert threading.active_count() <= before + 2 * len(silent)
    silent.pop().close()
    # A place that is free again is given to who asks for it.
    while (answer := Wire(archive.port).associate([(1, VERIFICATION, [IMPLICIT])])) is None:
        pass
    assert answer[0] == 2


class Noting(Semantics):
    """Notes how many bytes of requests an association holds whenever one is answered."""

    held: list[int]

    def response_command(self, request: Message, command: Dataset) -> Dataset:
        self.held.append(self.association_holds())
        return super().response_command(request, command)

    def association_holds(self) -> int:
        (association,) = self.archive._server.active_associations  # type: ignore[attr-defined]
        return int(association.dimse.held)


def test_requests_that_wait_are_held_back_by_their_size(
    make_archive: Callable[..., Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MOST_HELD", 100_000)
    archive = make_archive(Noting, misbehaviour=Misbehaviour(response_delay=0.01))
    semantics = archive.semantics
    assert isinstance(semantics, Noting)
    semantics.held, semantics.archive = [], archive  # type: ignore[attr-defined]
    wire = Wire(archive.port)
    assert wire.associate([(1, STUDY_FIND, [IMPLICIT])]) is not None
    identifier = b"\x10\0\x10\0\x60\xea\0\0" + b"x" * 60_000  # Patient's Name
    sender = threading.Thread(
        target=lambda: [
            wire.send(
                p_data(pdv(1, 3, command(messages.C_FIND_RQ, STUDY_FIND, number)))
                + p_data(pdv(1, 2, identifier))
            )
            for number in range(1, 31)
        ]
    )
    sender.start()
    assert all(answer[0] == 4 for answer in answers(wire, 30))
    sender.join()
    assert len(semantics.held) == 30
    # What was read at once is taken whole; without a bound it would be 1.8 MB.
    assert max(semantics.held) <= 100_000 + 262_144 + len(identifier)
    wire.close()


def test_a_small_identifier_does_not_inflate_without_end(archive: Archive) -> None:
    engine = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = engine.compress(bytes(64 * 1024 * 1024)) + engine.flush()
    wire = Wire(archive.port)
    assert wire.associate([(1, STUDY_FIND, [DEFLATED])]) is not None
    wire.send(p_data(pdv(1, 3, command(messages.C_FIND_RQ, STUDY_FIND))) + p_data(pdv(1, 2, bomb)))
    (answer,) = answers(wire, 1)
    assert b"longer than 8388608" in answer
    wire.close()


NAMES = ("../../../etc/x", "/etc/x", "1.2\0.3", "1" * 300, "", "CON", "1.2/3", "..", "1.2\\..\\x", "\u20ac")


def store_request(sop_instance: bytes) -> bytes:
    """A C-STORE-RQ whose SOP Instance UID is whatever it is."""
    values = {
        0x0002: CT.encode() + b"\0" * (len(CT) % 2),
        0x0100: b"\1\0",
        0x0110: b"\7\0",
        0x0700: b"\0\0",
        0x0800: b"\1\0",
        0x1000: sop_instance,
    }
    body = b"".join(struct.pack("<HHL", 0, tag, len(value)) + value for tag, value in values.items())
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


def test_no_uid_becomes_a_path(archive: Archive, tmp_path: Path) -> None:
    wire = Wire(archive.port)
    assert wire.associate([(1, CT, [EXPLICIT])]) is not None
    dataset = encode(instance(SOPInstanceUID="1.2.3", StudyInstanceUID="../../../x", SeriesInstanceUID="/x"))
    for name in NAMES:
        raw = name.encode() + b"\0" * (len(name.encode()) % 2)
        uid = b"\x08\0\x18\0UI"
        changed = dataset.replace(uid + b"\6\x001.2.3\0", uid + struct.pack("<H", len(raw)) + raw)
        assert changed != dataset
        wire.send(p_data(pdv(1, 3, store_request(raw))) + p_data(pdv(1, 2, changed)))
        (answer,) = answers(wire, 1)
        assert b"isn't a UID" in answer, name
    assert list(archive.storage.objects.iterdir()) == []
    wire.send(p_data(pdv(1, 3, store_request(b"1.2.3\0"))) + p_data(pdv(1, 2, dataset)))
    answers(wire, 1)
    assert archive.index.count() == 1
    assert {path.name for path in tmp_path.iterdir()} == {"archive"}
    assert not [path for path in tmp_path.rglob("*") if not path.resolve().is_relative_to(tmp_path.resolve())]
    wire.close()


def test_no_answer_tells_where_files_are(archive: Archive, client: Client) -> None:
    dataset = instance()
    assert client.store(dataset) == [0]
    (path,) = archive.storage.files()
    path.unlink()
    answer, _ = client.get(
        {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": dataset.StudyInstanceUID}, [(CT, [EXPLICIT])]
    )[-1]
    assert answer.Status == 0xA702
    assert answer.ErrorComment
    assert "/" not in answer.ErrorComment


def test_what_a_caller_says_is_no_line_of_a_log_and_no_markup_of_an_audit_message(
    make_archive: Callable[..., Archive], tmp_path: Path
) -> None:
    archive = make_archive(audit=AuditTarget(file=tmp_path / "audit"), callers=(KnownCaller("SOMEBODY"),))
    dataset = instance(PatientName="A\x01<B>\x1b", StudyInstanceUID="1.2.3")
    wire = Wire(archive.port)
    wire.associate([(1, VERIFICATION, [IMPLICIT])])
    wire.close()
    known = Client(archive.port, "SOMEBODY")
    assert known.store(dataset) == [0]
    archive.stop()
    lines = (tmp_path / "audit").read_bytes().splitlines()
    names = set()
    for line in lines:
        message = ElementTree.fromstring(line.partition(b"\xef\xbb\xbf")[2])
        names |= {element.text for element in message.iter("ParticipantObjectName")}
    assert any(name and "<B>" in name for name in names)


def test_a_log_has_a_line_for_each_message() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "from %s", ("A\n2026 all is well\x1b[2J",), None)
    assert Printable("%(message)s").format(record) == "from A\\n2026 all is well\\x1b[2J"
