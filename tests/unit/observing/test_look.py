"""An observer's look negotiates, echoes and finds nobody; what fails is a remark and ends within bounds."""

from __future__ import annotations

import ssl
import subprocess
from collections import Counter
from pathlib import Path

from harness.behaviour import Policies
from harness.capabilities import Capabilities
from harness.dimse.negotiation import IdentityType
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest
from harness.dimse.transport import Address
from harness.observing import look
from harness.observing.bounds import MAX_FAILURES, Look
from harness.observing.moving import initiated
from harness.observing.policies import policies, simultaneous
from harness.observing.silence import silent_connection
from harness.scu.session import Peer, Scu
from harness.scu.uids import CT_IMAGE_STORAGE, VERIFICATION
from harness.synthesis import new_run_root
from harness.target import Claims, Dimse, Target
from tests.programs import require_program
from tests.unit.acceptor import accept_all, accept_only, acceptor

NOBODY = AssociateReject(1, 1, 7)


def scu(port: int) -> Scu:
    return Scu(Peer(Address("127.0.0.1", port), "PACS", "ME", 5.0))


def test_titles_that_are_checked() -> None:
    def strict(request: AssociateRequest) -> AssociateAccept | AssociateReject:
        known = request.called_ae_title.strip() == "PACS" and request.calling_ae_title.strip() == "ME"
        return accept_all(request) if known else NOBODY

    bounds = Look()
    with acceptor(strict) as port:
        seen = policies(scu(port), bounds)
    assert (seen.checks_called_ae_title, seen.checks_calling_ae_title) == (True, True)
    assert bounds.remarks == []


def test_titles_that_are_not_checked_and_identities_that_are_refused() -> None:
    def careless(request: AssociateRequest) -> AssociateAccept | AssociateReject:
        identity = request.user.user_identity
        if identity is not None:
            assert (identity.type, identity.response_requested) == (IdentityType.USERNAME, 1)
            return NOBODY
        return accept_all(request)

    with acceptor(careless) as port:
        seen = policies(scu(port), Look())
    assert (seen.checks_called_ae_title, seen.checks_calling_ae_title) == (False, False)
    assert (seen.user_identity, seen.tls_version) == ("rejected", "")


def test_tls(tmp_path: Path) -> None:
    openssl = require_program("openssl")
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    files = ["-keyout", "key.pem", "-out", "certificate.pem", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([openssl, *command.split(), *files], cwd=tmp_path, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    client = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    with acceptor(accept_all, tls=server) as port:
        peer = Peer(Address("127.0.0.1", port), "PACS", "ME", 5.0, tls=client, server_hostname="127.0.0.1")
        seen = policies(Scu(peer), Look())
    assert seen.tls_version == "TLSv1.2"
    assert "ECDSA" in seen.tls_cipher_suite


def test_an_observer_writes_nothing() -> None:
    proposed = Counter[str]()

    def noted(request: AssociateRequest) -> AssociateAccept:
        proposed.update(one.abstract_syntax for one in request.contexts)
        return accept_only(lambda uid: uid == VERIFICATION)(request)

    with acceptor(noted) as port:
        target = Target(Dimse("127.0.0.1", port, "PACS", "ME"))
        seen = look(scu(port), target, Capabilities("", "", None, None), new_run_root(), observe=True)
    assert seen.behaviour is not None
    assert [(one.command, one.status) for one in seen.behaviour.statuses] == [("C-ECHO", 0)]
    assert not seen.behaviour.stored_objects
    assert seen.behaviour.policies.simultaneous is None
    assert CT_IMAGE_STORAGE not in proposed
    assert all(uid == VERIFICATION or uid.endswith(".1") for uid in proposed), "Verification and FIND alone"


def test_a_product_that_aborts_everything_is_left_alone() -> None:
    asked = Counter[str]()

    def abort(request: AssociateRequest) -> Abort:
        asked["associations"] += 1
        return Abort(2, 0)

    with acceptor(abort) as port:
        target = Target(Dimse("127.0.0.1", port, "PACS", "ME"))
        seen = look(scu(port), target, Capabilities("", "", None, None), new_run_root(), observe=False)
    assert asked["associations"] == MAX_FAILURES + 1, "one to see how many are held at once"
    assert seen.behaviour is not None
    assert seen.behaviour.remarks[-1].endswith("nothing more was asked")


def test_one_association_at_a_time() -> None:
    # The acceptor of these tests serves one connection after the other, so that the second one is silent.
    with acceptor(accept_all) as port:
        peer = Peer(Address("127.0.0.1", port), "PACS", "ME", 0.3)
        assert simultaneous(Scu(peer)) == 1


def test_a_silent_connection_that_is_closed() -> None:
    # The acceptor closes a connection without a request when its deadline has passed.
    with acceptor(accept_all, deadline=0.2) as port:
        target = Target(Dimse("127.0.0.1", port, "PACS", "ME"), claims=Claims(artim=0.2))
        with silent_connection(scu(port), target) as ended:
            seen = ended(Look(), Policies())
    assert seen.silent_closed_after is not None
    assert seen.silent_watched_for == 5.2


def test_what_it_proposes() -> None:
    request = Scu(Peer(Address("127.0.0.1", 104), "PACS", "ME")).request(
        (CT_IMAGE_STORAGE, ("1.2.840.10008.1.2",)), (CT_IMAGE_STORAGE, ("1.2.840.10008.1.2.1",))
    )
    opened = initiated("C-MOVE", request)
    (proposed,) = opened.classes
    assert (proposed.uid, proposed.name) == (CT_IMAGE_STORAGE, "CT Image Storage")
    assert proposed.transfer_syntaxes == ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
    assert (opened.calling_ae_title, opened.maximum_length, opened.async_window) == ("ME", 65536, None)
