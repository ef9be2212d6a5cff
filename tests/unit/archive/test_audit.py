"""Audit messages, PS3.15 A.5, and their way out, A.6 and A.7."""

from __future__ import annotations

import base64
import re
import socket
import ssl
import subprocess
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_kit import CT, Client, Wire, instance
from pydicom.uid import ExplicitVRLittleEndian

from harness.archive import syslog
from harness.archive.config import AuditTarget, Destination, KnownCaller, TlsFiles
from harness.archive.server import Archive
from harness.archive.syslog import Sender, line

HEADER = re.compile(rb"<85>1 \S+Z \S+ pacs-harness \d+ DICOM\+RFC3881 - \xef\xbb\xbf(<\?xml.*)", re.DOTALL)


def messages(path: Path) -> list[ElementTree.Element]:
    found = []
    for entry in path.read_bytes().splitlines():
        match = HEADER.fullmatch(entry)
        assert match, entry
        found.append(ElementTree.fromstring(match[1]))
    return found


def events(roots: list[ElementTree.Element]) -> list[str]:
    return [root.find("EventIdentification/EventID").get("originalText") for root in roots]  # type: ignore[union-attr]


def test_what_happens_is_told(make_archive: Callable[..., Archive], tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    archive = make_archive(audit=AuditTarget(file=path), callers=(KnownCaller("TESTER"),))
    client = Client(archive.port)
    first = instance(PatientName="Ömer", SpecificCharacterSet="ISO_IR 100")
    client.store(first, instance(StudyInstanceUID=first.StudyInstanceUID))
    client.find({"QueryRetrieveLevel": "STUDY", "PatientID": "HX1"})
    keys = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": str(first.StudyInstanceUID)}
    client.get(keys, [(CT, [ExplicitVRLittleEndian])])
    assert (
        not Client(archive.port, calling="STRANGER")
        .associate([(CT, [ExplicitVRLittleEndian])])
        .is_established
    )
    archive.stop()
    found = messages(path)
    assert sorted(events(found)) == sorted(
        ["Application Activity", "DICOM Instances Transferred", "Query", "DICOM Instances Transferred",
         "Security Alert", "Application Activity"]
    )  # fmt: skip
    stored = next(root for root in found if root.find("EventIdentification").get("EventActionCode") == "C")  # type: ignore[union-attr]
    objects = stored.findall("ParticipantObjectIdentification")
    assert [o.get("ParticipantObjectID") for o in objects] == [str(first.StudyInstanceUID), "HX1"]
    assert objects[1].findtext("ParticipantObjectName") == "Ömer"
    assert objects[0].find("ParticipantObjectDescription/SOPClass").get("NumberOfInstances") == "2"  # type: ignore[union-attr]
    roles = [p.find("RoleIDCode").get("csd-code") for p in stored.findall("ActiveParticipant")]  # type: ignore[union-attr]
    assert roles == ["110153", "110152"]
    query = next(root for root in found if events([root]) == ["Query"])
    subject = query.find("ParticipantObjectIdentification")
    assert subject is not None
    assert b"HX1" in base64.b64decode(subject.findtext("ParticipantObjectQuery") or "")
    assert subject.find("ParticipantObjectDetail").get("type") == "TransferSyntax"  # type: ignore[union-attr]


def test_known_objects_and_odd_names(make_archive: Callable[..., Archive], tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    archive = make_archive(audit=AuditTarget(file=path))
    known = instance(PatientName="A\x01<B")
    Client(archive.port).store(known)
    Client(archive.port).store(known, instance(StudyInstanceUID=known.StudyInstanceUID))
    archive.stop()
    stored = [root for root in messages(path) if events([root]) == ["DICOM Instances Transferred"]]
    actions = [root.find("EventIdentification").get("EventActionCode") for root in stored]  # type: ignore[union-attr]
    assert actions == ["C", "R", "C"]
    names = [o.findtext("ParticipantObjectName") for o in stored[0].iter("ParticipantObjectIdentification")]
    assert names[1] == "A\ufffd<B"


def test_over_udp(make_archive: Callable[..., Archive]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("127.0.0.1", 0))
        collector.settimeout(5)
        make_archive(audit=AuditTarget(udp=collector.getsockname()))
        match = HEADER.fullmatch(collector.recv(65536))
    assert match
    assert events([ElementTree.fromstring(match[1])]) == ["Application Activity"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return cert, key


def test_over_tls(certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    received = bytearray()
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def collect() -> None:
            plain, _ = listening.accept()
            with context.wrap_socket(plain, server_side=True) as peer:
                while piece := peer.recv(4096):
                    received.extend(piece)
                    if received.count(b"</AuditMessage>") == 2:
                        break
            done.set()

        thread = threading.Thread(target=collect, daemon=True)
        thread.start()
        sender = Sender(AuditTarget(tls=listening.getsockname(), tls_authority=certificate[0]))
        sender.send(b"<AuditMessage>1</AuditMessage>")
        sender.send(b"<AuditMessage>2</AuditMessage>")
        assert done.wait(10)
        sender.close()
    length, _, rest = bytes(received).partition(b" ")
    assert rest[: int(length)].endswith(b"<AuditMessage>1</AuditMessage>")


def test_an_absent_collector_holds_nothing_up(make_archive: Callable[..., Archive]) -> None:
    archive = make_archive(audit=AuditTarget(tls=("127.0.0.1", 9)))
    assert Client(archive.port).store(instance()) == [0]


def test_a_line_is_a_line() -> None:
    assert b"\n" not in line(b"<a>\n</a>")


def test_dicom_over_tls_with_client_certificates(
    make_archive: Callable[..., Archive], certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "audit.log"
    archive = make_archive(
        tls=TlsFiles(*certificate, client_authority=certificate[0]), audit=AuditTarget(file=path)
    )
    context = ssl.create_default_context(cafile=certificate[0])
    client = Client(archive.port)
    proposal = [(CT, [ExplicitVRLittleEndian])]
    refused = client.associate(proposal, tls_args=(context, "127.0.0.1"))
    assert not refused.is_established
    context.load_cert_chain(*certificate)
    association = client.associate(proposal, tls_args=(context, "127.0.0.1"))
    assert association.is_established
    dataset = instance(PixelData=bytes(300_000))
    dataset["PixelData"].VR = "OB"
    from archive_kit import encode

    assert client.store_bytes(association, CT, dataset.SOPInstanceUID, encode(dataset)).Status == 0
    association.release()
    wire = Wire(archive.port)  # no handshake: the others aren't held up
    assert Client(archive.port).associate(proposal, tls_args=(context, "127.0.0.1")).is_established
    wire.close()
    archive.stop()
    assert "Security Alert" in events(messages(path))


def test_moving_over_tls(
    make_archive: Callable[..., Archive], certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    files = TlsFiles(*certificate, client_authority=certificate[0])
    target = make_archive(folder=tmp_path / "target", tls=files, ae_title="TARGET")
    source = make_archive(
        folder=tmp_path / "source",
        tls=files,
        destinations=(Destination("TARGET", "127.0.0.1", target.port, tls=True),),
    )
    from harness.archive.requesting import close, open_association

    association = open_association(source, source.config.destinations[0], [(CT, (ExplicitVRLittleEndian,))])
    assert association.is_open
    close(association)


def test_a_collector_that_is_slow_costs_no_more_memory_than_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(syslog, "WAITING_BYTES", 10_000)
    is_slow = threading.Event()
    monkeypatch.setattr(Sender, "_send_now", lambda self, message: is_slow.wait())
    sender = Sender(AuditTarget(file=tmp_path / "audit"))
    for _ in range(10):
        sender.send(b"x" * 3_000)
    assert sender._queue.qsize() <= 3
    assert "the collector is too slow" in caplog.text
    is_slow.set()
    sender.close()
    assert sender._bytes == 0
