"""Preflight: each thing that can stand in the way is named in plain words, with what to do about it."""

from __future__ import annotations

import socket
import ssl
import subprocess
from dataclasses import replace

import pytest

from harness import preflight as preflight_module
from harness.destinations import judge_registration
from harness.dimse.pdu import Abort, AssociateReject
from harness.explain import Finding, Severity
from harness.preflight import PreflightBlocked, first_echo, preflight
from harness.registration import client_lines, destination_lines, own_address, symbol
from harness.scu import session
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from harness.target import Claims, Destination, Dimse, Target, Tls, Worklist
from tests.programs import require_program
from tests.unit.acceptor import accept_all, accept_only, acceptor, listening


@pytest.fixture(autouse=True)
def _no_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "REJECTION_RETRIES", 0)


def target(port: int, *destinations: Destination, host: str = "127.0.0.1", deadline: float = 3.0) -> Target:
    return Target(
        Dimse(host, port, "PACS", "HARNESS", deadline=deadline),
        destinations=destinations,
        worklist=Worklist(entries="entries.toml"),
    )


def with_tls(plain: Target, tls: Tls) -> Target:
    return replace(plain, dimse=replace(plain.dimse, tls=tls))


def blocking(of: Target) -> Finding:
    with pytest.raises(PreflightBlocked) as caught:
        first_echo(of)
    finding = caught.value.finding
    assert finding.severity is Severity.BLOCKING
    assert finding.remedy
    assert "\n" not in finding.text
    return finding


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def limits(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.text for finding in findings if finding.severity is Severity.LIMITS]


# ---------------------------------------------------------------- the first association

REJECTIONS = {
    (1, 1, 1): ("without a reason", "product's log"),
    (1, 1, 2): ("application context", "maker"),
    (1, 1, 3): ("does not know the calling AE title HARNESS", '"harness": ["HARNESS", "127.0.0.1"'),
    (1, 1, 7): ("does not answer to the called AE title PACS", "called_ae_title"),
    (1, 2, 1): ("without a reason", "product's log"),
    (1, 2, 2): ("version 1 of the upper layer protocol", "maker"),
    (2, 3, 1): ("congested", "try again"),
    (2, 3, 2): ("as many associations as it allows", "MaxAssociations"),
    (1, 1, 5): ("does not define", "product's log"),
    (7, 9, 9): ("does not define", "product's log"),
}


@pytest.mark.parametrize("code", REJECTIONS)
def test_each_rejection(code: tuple[int, int, int]) -> None:
    words, remedy = REJECTIONS[code]
    with acceptor(lambda request: AssociateReject(*code)) as port:
        finding = blocking(target(port))
    assert words in finding.text
    assert "A-ASSOCIATE-RJ" in finding.text
    assert remedy in finding.remedy


def test_unknown_caller_has_the_line_for_each_product() -> None:
    with acceptor(lambda request: AssociateReject(1, 1, 3)) as port:
        remedy = blocking(target(port, Destination("DEST", 11113))).remedy
    assert '"harness": ["HARNESS", "127.0.0.1", 11113]' in remedy
    assert "dcmAcceptedCallingAETitle: HARNESS" in remedy
    assert "harness = (HARNESS, localhost, 11113)" in remedy
    assert "HARNESS  127.0.0.1  11113  un" in remedy


def test_a_transient_rejection_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "REJECTION_RETRIES", 1)
    answers = iter([lambda request: AssociateReject(2, 3, 1), accept_all])
    with acceptor(lambda request: next(answers)(request)) as port:
        assert first_echo(target(port)).implementation_class_uid


def test_abort() -> None:
    with acceptor(lambda request: Abort(2, 1)) as port:
        assert "A-ABORT, by the service provider: unrecognized PDU" in blocking(target(port)).text


def test_refused() -> None:
    port = free_port()
    assert blocking(target(port)).text == f"127.0.0.1:{port} refuses the connection: nothing listens there"


def test_unresolvable() -> None:
    finding = blocking(target(104, host="no-such-host.invalid"))
    assert "'no-such-host.invalid' does not resolve" in finding.text


def test_closed_without_an_answer() -> None:
    def converse(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.close()

    with listening(converse) as port:
        assert "closes it without an answer" in blocking(target(port)).text


def test_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight_module, "_PROBE_DEADLINE", 0.2)
    kept = []
    with listening(kept.append) as port:
        finding = blocking(target(port, deadline=0.2))
    assert "does not answer within 0.2 s" in finding.text
    assert "deadline" in finding.remedy
    for sock in kept:
        sock.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "speaks HTTP"), (b"SSH-2.0-x\r\n", "not DICOM")],
)
def test_another_protocol(answer: bytes, words: str) -> None:
    def converse(sock: socket.socket) -> None:
        with sock:
            sock.sendall(answer)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass

    with listening(converse) as port:
        assert words in blocking(target(port)).text


def test_verification_not_accepted() -> None:
    with acceptor(accept_only(lambda uid: uid != VERIFICATION)) as port:
        finding = blocking(target(port))
    assert "not the Verification SOP Class" in finding.text
    assert "DicomAlwaysAllowEcho" in finding.remedy


def test_echo_fails() -> None:
    with acceptor(echo_status=0x0122) as port:
        assert "answers C-ECHO with status 0x0122 (failure)" in blocking(target(port)).text


def test_greeting() -> None:
    with acceptor() as port:
        greeting = first_echo(target(port))
    assert greeting.implementation_version_name
    assert greeting.maximum_length == 65536


# ---------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """(certificate, key) for localhost and 127.0.0.1, signed by itself."""
    openssl = require_program("openssl")
    folder = tmp_path_factory.mktemp("tls")
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    files = ["-addext", names, "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([openssl, *command.split(), *files], cwd=folder, check=True, capture_output=True)
    return str(folder / "cert.pem"), str(folder / "key.pem")


def server_context(certificate: tuple[str, str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def test_tls_that_works(certificate: tuple[str, str]) -> None:
    with acceptor(tls=server_context(certificate)) as port:
        assert first_echo(with_tls(target(port), Tls(ca_file=certificate[0]))).implementation_class_uid


def test_plain_text_on_a_tls_port(certificate: tuple[str, str]) -> None:
    with acceptor(tls=server_context(certificate)) as port:
        finding = blocking(target(port))
    assert "speaks TLS, and the target file says plain DICOM" in finding.text
    assert "[dimse.tls]" in finding.remedy


def test_tls_on_a_plain_port() -> None:
    with acceptor() as port:
        finding = blocking(with_tls(target(port), Tls()))
    assert "speaks DICOM without TLS" in finding.text


def test_tls_on_a_port_that_is_neither() -> None:
    def converse(sock: socket.socket) -> None:
        with sock:
            sock.sendall(b"SSH-2.0-x\r\n")
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass

    with listening(converse) as port:
        finding = blocking(with_tls(target(port), Tls()))
    assert finding.text.startswith("TLS: the handshake with")


def test_untrusted_certificate(certificate: tuple[str, str]) -> None:
    with acceptor(tls=server_context(certificate)) as port:
        finding = blocking(with_tls(target(port), Tls()))
    assert "is not trusted" in finding.text
    assert "ca_file" in finding.remedy


def test_certificate_of_another_name(certificate: tuple[str, str]) -> None:
    with acceptor(tls=server_context(certificate)) as port:
        tls = Tls(ca_file=certificate[0], server_name="pacs.example.org")
        finding = blocking(with_tls(target(port), tls))
    assert "server_name" in finding.remedy


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_certificate_of_the_harness_is_demanded(
    certificate: tuple[str, str], version: ssl.TLSVersion
) -> None:
    context = server_context(certificate)
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificate[0])
    with acceptor(tls=context) as port:
        finding = blocking(with_tls(target(port), Tls(ca_file=certificate[0])))
    assert "demands a certificate of the harness" in finding.text
    assert "key = " in finding.remedy


# ---------------------------------------------------------------- services and destinations


def test_blocked_is_the_only_finding() -> None:
    findings = preflight(target(free_port(), Destination("DEST", free_port())))
    assert [finding.severity for finding in findings] == [Severity.BLOCKING]


def test_what_is_accepted_and_what_is_not() -> None:
    have = {VERIFICATION, STUDY_ROOT_FIND, CT_IMAGE_STORAGE}
    with acceptor(accept_only(have.__contains__)) as port:
        claimed = replace(target(port), claims=Claims(("move",)))
        findings = preflight(claimed, destinations=False)
    notes = [finding.text for finding in findings if finding.severity is Severity.NOTE]
    assert notes[1] == "accepted in negotiation: Study Root FIND, CT Image Storage"
    assert limits(findings) == [
        "the product does not accept C-MOVE from HARNESS, although [claims] services promises it",
        "the product does not accept C-GET from HARNESS",
        "the product does not accept storage commitment from HARNESS",
    ]


def test_a_rejection_of_the_services_is_no_silence_about_them() -> None:
    def answer(request):  # type: ignore[no-untyped-def]
        return accept_all(request) if len(request.contexts) == 1 else AssociateReject(1, 1, 1)

    with acceptor(answer) as port:
        findings = preflight(target(port), destinations=False)
    assert ["could not be seen" in text for text in limits(findings)] == [True]


def test_a_worklist_without_known_entries() -> None:
    with acceptor() as port:
        findings = preflight(replace(target(port), worklist=Worklist()), destinations=False)
    assert limits(findings) == [
        "the target file does not say where the entries of the product's Modality Worklist come from"
    ]


def test_no_destination() -> None:
    with acceptor() as port:
        findings = preflight(target(port))
    assert ["no [[destination]]" in text for text in limits(findings)] == [True]


def test_destination_unknown_to_the_product() -> None:
    with acceptor(move_statuses={"KNOWN": 0}) as port:
        unknown, known = Destination("DEST", free_port()), Destination("KNOWN", free_port())
        findings = preflight(target(port, unknown, known))
    (finding,) = [one for one in findings if one.severity is Severity.LIMITS]
    assert "DEST is not registered in the product" in finding.text
    for line in (
        f'"dest": ["DEST", "127.0.0.1", {unknown.port}]',
        f"AE title DEST, host 127.0.0.1, port {unknown.port}",
        f"dest = (DEST, 127.0.0.1, {unknown.port})",
        f"DEST  127.0.0.1  {unknown.port}  un",
    ):
        assert line in finding.remedy
    assert findings[-1].text.startswith("move destination KNOWN")
    assert findings[-1].text.endswith("is registered in the product")


def test_patient_root_alone_serves_for_the_question() -> None:
    with acceptor(accept_only(lambda uid: uid != STUDY_ROOT_MOVE)) as port:
        findings = preflight(target(port, Destination("DEST", free_port())))
    assert any("is not registered" in text for text in limits(findings))


def test_without_c_move_no_question_is_asked() -> None:
    moves = (PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE)
    with acceptor(accept_only(lambda uid: uid not in moves)) as port:
        findings = preflight(target(port, Destination("DEST", free_port())))
    assert limits(findings) == ["the product does not accept C-MOVE from HARNESS"]


def test_port_in_use() -> None:
    with acceptor() as port, socket.create_server(("127.0.0.1", 0)) as other:
        used = int(other.getsockname()[1])
        findings = preflight(target(port, Destination("DEST", used)))
    (finding,) = [one for one in findings if one.severity is Severity.LIMITS]
    assert finding.text.endswith("another program uses the port")
    assert f":{used}" in finding.remedy


def test_address_of_another_machine() -> None:
    with acceptor() as port:
        findings = preflight(target(port, Destination("DEST", free_port(), "192.0.2.1")))
    (finding,) = [one for one in findings if one.severity is Severity.LIMITS]
    assert "cannot listen on 192.0.2.1" in finding.text
    assert "0.0.0.0" in finding.remedy


def test_one_port_for_two_destinations() -> None:
    used = free_port()
    with acceptor(other_move_status=0) as port:
        findings = preflight(target(port, Destination("A", used), Destination("B", used)))
    assert limits(findings) == [f"port {used} is given to more than one [[destination]]"]


@pytest.mark.parametrize(
    ("status", "control", "contacted", "severity", "words"),
    [
        (0xA801, 0xA801, False, Severity.LIMITS, "is not registered"),
        (0x0000, 0xA801, False, Severity.NOTE, "is registered in the product"),
        (0xA900, 0xA801, False, Severity.NOTE, "is registered in the product"),
        (0x0000, 0xC000, False, Severity.NOTE, "is registered in the product"),
        (0x0000, 0x0000, False, Severity.NOTE, "cannot be told beforehand"),
        (0xC000, 0xC000, False, Severity.NOTE, "cannot be told beforehand"),
        (0xC000, 0x0000, False, Severity.NOTE, "cannot be told beforehand"),
        (0xA702, 0xA702, True, Severity.NOTE, "is registered in the product and reached"),
    ],
)
def test_what_two_answers_say(
    status: int, control: int, contacted: bool, severity: Severity, words: str
) -> None:
    finding = judge_registration(Destination("DEST", 11113), status, control, contacted, "192.0.2.7")
    assert finding.severity is severity
    assert words in finding.text


# ---------------------------------------------------------------- lines of configuration


def test_lines_name_what_has_to_be_registered() -> None:
    lines = destination_lines("MY DEST", "192.0.2.7", 11113)
    assert '"my_dest": ["MY DEST", "192.0.2.7", 11113]' in lines
    assert "dcmAcceptedMoveDestination: MY DEST" in lines
    assert symbol("++") == "harness"
    assert "PACS" in client_lines(target(104))


def test_own_address() -> None:
    assert own_address(target(104)) == "127.0.0.1"
    assert own_address(target(104, host="no-such-host.invalid")) == socket.gethostname()
