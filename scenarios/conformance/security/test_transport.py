"""What protects an association on its way (PS3.15 B.9 to B.11, which name BCP 195: RFC 8996 and RFC 9325).

PS3.15 of this edition calls BCP 195 by its number, and RFC 7525 what it was then.  A claim is held to what
both that one and today's demand, and to RFC 8996; what RFC 9325 alone demands is told and is no failure.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness.dimse.errors import DimseError
from harness.dimse.pdu import AssociateAccept, AssociateReject
from harness.dimse.transport import Address
from harness.plugin.secure_transport import BCP_195, told
from harness.scenario import CRITICAL, HIGH, LOW, MEDIUM, not_supported, not_tested, reply_to, safeguard
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION
from harness.security import hello, suites
from harness.security.endpoint import Endpoint, ResumingContext, try_association
from harness.security.suites import Suite, Version
from harness.target import Target

if TYPE_CHECKING:
    from harness.security.scanning import Scan

LEAST_CURVE = 224


def listed(found: list[Suite]) -> str:
    """Names, and with which versions each was accepted."""
    versions: dict[str, list[str]] = {}
    for suite in found:
        versions.setdefault(suite.name, []).append(suite.version)
    return ", ".join(f"{name} ({', '.join(where)})" for name, where in versions.items())


def said(ask: Callable[[], hello.ServerHello | hello.Alert]) -> hello.ServerHello | hello.Alert:
    """The answer to a ClientHello; NOT_TESTED where there is none."""
    try:
        return ask()
    except hello.NoHello as silence:
        raise not_tested(str(silence)) from None


@safeguard(
    "PS3.15 B.9",
    HIGH,
    "The port that is named for TLS speaks TLS.",
    remedy="Switch TLS on for DICOM, on a port of its own (2762 is registered for it), with a certificate.",
    profiles=BCP_195,
)
def test_offered(tls_endpoint: Endpoint, scu: Scu) -> None:
    there = replace(scu.peer, address=tls_endpoint.address, tls=None)
    with replace(scu, peer=there).connect():
        pass  # somebody listens, or the requirement is not tested
    try:
        hello.ask(tls_endpoint.address, scu.peer.deadline)
    except hello.NoHello as silence:
        raise AssertionError(f"{tls_endpoint.address} does not speak TLS: {silence}") from None


@safeguard(
    "PS3.15 B.9, RFC 8996, RFC 9325 3.1.1",
    HIGH,
    "SSL 2.0, SSL 3.0, TLS 1.0 and TLS 1.1 are refused.",
    remedy="Set the lowest version to TLS 1.2; equipment that knows no newer one belongs behind a gateway.",
    profiles=BCP_195,
)
@pytest.mark.parametrize("version", [version.value for version in suites.RETIRED])
def test_retired_versions(tls_scan: Scan, version: str) -> None:
    found = told(lambda: list(tls_scan.accepted(Version(version))))
    assert not found, f"{version} is accepted, with {', '.join(suite.name for suite in found)}"


@safeguard(
    "PS3.15 B.9, RFC 9325 3.1.1",
    LOW,
    "TLS 1.2 is accepted.",
    remedy="Leave TLS 1.2 on, with the cipher suites of RFC 9325 4.2: much equipment has nothing newer.",
    profiles=BCP_195,
)
def test_tls_1_2(tls_scan: Scan) -> None:
    assert told(lambda: list(tls_scan.accepted(Version.TLS_1_2))), (
        f"TLS 1.2 is refused; accepted: {', '.join(tls_scan.versions())}"
    )


@safeguard(
    "RFC 9325 3.1.1",
    LOW,
    "TLS 1.3 is accepted.",
    remedy="Switch TLS 1.3 on, or plan for a version of the product that has it.",
)
def test_tls_1_3(tls_scan: Scan) -> None:
    assert told(lambda: list(tls_scan.accepted(Version.TLS_1_3))), (
        f"TLS 1.3 is refused; accepted: {', '.join(tls_scan.versions())}"
    )


@safeguard(
    "PS3.15 B.9, RFC 9325 4.1",
    CRITICAL,
    "Cipher suites that encrypt nothing (NULL), or with RC4, DES or the keys of EXPORT, are refused.",
    remedy="Remove these suites from the configuration: what they carry can be read by whoever listens.",
    profiles=BCP_195,
)
def test_unencrypted(tls_scan: Scan) -> None:
    found = told(lambda: tls_scan.those(suites.encrypts_nothing_or_next_to_nothing))
    assert not found, f"accepted: {listed(found)}"


@safeguard(
    "RFC 5246 F.1.1.1",
    HIGH,
    "Anonymous cipher suites, in which no side proves who it is, are refused.",
    remedy="Remove the suites named anon, ADH or AECDH: whoever sits in between can read and change all.",
)
def test_anonymous(tls_scan: Scan) -> None:
    found = told(lambda: tls_scan.those(suites.is_anonymous))
    assert not found, f"accepted: {listed(found)}"


@safeguard(
    "PS3.15 B.9, RFC 9325 4.1",
    HIGH,
    "Cipher suites with forward secrecy are accepted.",
    remedy="Add suites with ephemeral keys: TLS_ECDHE_…_WITH_AES_128_GCM_SHA256 and …_256_GCM_SHA384.",
    profiles=BCP_195,
)
def test_forward_secrecy(tls_scan: Scan) -> None:
    assert told(lambda: tls_scan.those(lambda suite: not suites.keeps_no_secret(suite))), (
        "none is accepted: who gets the server's key reads all that was recorded before"
    )


@safeguard(
    "RFC 9325 4.1",
    MEDIUM,
    "Cipher suites without forward secrecy (TLS_RSA_…, static DH and ECDH) are refused.",
    remedy="Remove the suites that exchange keys by RSA; leave those with ECDHE.",
)
def test_static_keys(tls_scan: Scan) -> None:
    found = told(lambda: tls_scan.those(suites.keeps_no_secret))
    assert not found, f"accepted: {listed(found)}"


@safeguard(
    "RFC 9325 4.2, RFC 7366",
    LOW,
    "Cipher suites in CBC mode are refused, or protected by encrypt-then-MAC.",
    remedy="Leave the suites with GCM and ChaCha20-Poly1305 alone, or have encrypt-then-MAC negotiated.",
)
def test_block_chaining(tls_endpoint: Endpoint, scu: Scu) -> None:
    answer = said(lambda: hello.ask(tls_endpoint.address, scu.peer.deadline, suites=hello.CBC_SUITES))
    if isinstance(answer, hello.ServerHello):
        assert hello.Extension.ENCRYPT_THEN_MAC in answer.extensions, (
            f"the suite 0x{answer.suite:04X} in CBC mode is chosen in TLS 1.2 or earlier without"
            " encrypt-then-MAC, which was offered"
        )


@safeguard(
    "RFC 9325 4.5",
    MEDIUM,
    "Ephemeral keys are long enough: 2048 bits with DHE, curves of 224 bits and more with ECDHE.",
    remedy="Use the groups ffdhe2048 or larger (RFC 7919), and X25519, P-256 or P-384.",
)
def test_key_exchange(tls_scan: Scan) -> None:
    short = told(lambda: [suite for suite in tls_scan.those(lambda suite: True) if suites.too_short(suite)])
    words = [f"{suite} with {suite.exchange} of {suite.bits} bits" for suite in short]
    words += [f"the curve {name}" for name in tls_scan.curves() if 0 < bits_of(name) < LEAST_CURVE]
    assert not words, f"accepted: {', '.join(words)}"


def bits_of(curve: str) -> int:
    """By its name, where that says it: secp160r1, prime192v1, sect163k1, X25519."""
    found = re.search(r"[a-z](\d{3})[a-z]", curve)
    return int(found[1]) if found else 0


def claimed(target: Target, *profiles: str) -> None:
    """NOT_SUPPORTED where none of the profiles is claimed: they are asked of nobody else."""
    if not set(profiles) & set(target.claims.security_profiles):
        raise not_supported(f"[claims] security_profiles does not name {' or '.join(profiles)}")


@safeguard(
    "PS3.15 B.10, B.11",
    MEDIUM,
    "All four cipher suites that the claimed profile demands are accepted.",
    remedy="Add the missing suites, or withdraw the claim: RFC 9325 4.1 advises against those with DHE.",
    profiles=BCP_195[1:],
)
def test_profile_suites(target: Target, tls_scan: Scan) -> None:
    from harness.security.certificates import has_rsa_key

    claimed(target, *BCP_195[1:])
    if not has_rsa_key(tls_scan.certificate()):
        raise not_tested("the product's certificate has no RSA key, which the suites of the profile are for")
    missing = suites.lacks_of_b10(told(lambda: list(tls_scan.accepted(Version.TLS_1_2))))
    assert not missing, f"refused: {', '.join(missing)}"


@safeguard(
    "PS3.15 B.11",
    MEDIUM,
    "No other cipher suites than those of the claimed Extended BCP 195 TLS Profile are accepted.",
    remedy="Remove the suites named here, or claim the Non-Downgrading profile, which allows others.",
    profiles=BCP_195[2:],
)
def test_extended_suites(target: Target, tls_scan: Scan) -> None:
    claimed(target, *BCP_195[2:])
    beyond = suites.beyond_b11(told(lambda: tls_scan.those(lambda suite: True)))
    assert not beyond, f"accepted: {', '.join(beyond)}"


@safeguard(
    "RFC 9325 3.3",
    MEDIUM,
    "TLS does not compress (CRIME).",
    remedy="Switch compression in TLS off; what is compressed in the objects themselves does no harm.",
)
def test_compression(tls_endpoint: Endpoint, scu: Scu) -> None:
    answer = said(
        lambda: hello.ask(tls_endpoint.address, scu.peer.deadline, compression=(hello.DEFLATE, hello.NULL))
    )
    assert isinstance(answer, hello.Alert) or answer.compression == hello.NULL, (
        f"compression method {answer.compression} is chosen in TLS 1.2"
    )


@safeguard(
    "PS3.15 B.9, RFC 9325 3.5, RFC 5746",
    MEDIUM,
    "Renegotiation in TLS 1.2 is bound to the connection (renegotiation_info).",
    remedy="Update the TLS library: without it, somebody can put words in front of a client's.",
    profiles=BCP_195,
)
def test_secure_renegotiation(tls_endpoint: Endpoint, scu: Scu) -> None:
    answer = said(lambda: hello.ask(tls_endpoint.address, scu.peer.deadline))
    if isinstance(answer, hello.Alert):
        raise not_supported(f"TLS 1.2 and earlier are refused (alert {answer.description})")
    assert hello.Extension.RENEGOTIATION_INFO in answer.extensions, (
        "the ServerHello has no renegotiation_info, though it was offered"
    )


@safeguard(
    "RFC 9325 3.5, RFC 7627",
    LOW,
    "Keys in TLS 1.2 are bound to the whole handshake (extended_master_secret).",
    remedy="Update the TLS library, or switch the extension on.",
)
def test_extended_master_secret(tls_endpoint: Endpoint, scu: Scu) -> None:
    answer = said(lambda: hello.ask(tls_endpoint.address, scu.peer.deadline))
    if isinstance(answer, hello.Alert):
        raise not_supported(f"TLS 1.2 and earlier are refused (alert {answer.description})")
    assert hello.Extension.EXTENDED_MASTER_SECRET in answer.extensions, (
        "the ServerHello has no extended_master_secret, though it was offered"
    )


@safeguard(
    "CWE-400, RFC 9325 3.5",
    LOW,
    "A client cannot have one handshake after the other on a connection (TLS 1.2).",
    remedy="Refuse renegotiation that clients begin: each costs the server far more than them.",
)
def test_client_renegotiation(tls_scan: Scan) -> None:
    from harness.security.scanning import Untold

    try:
        renegotiates = tls_scan.renegotiates()
    except Untold as untold:
        raise not_tested(str(untold)) from None
    assert not renegotiates, "renegotiation that the client begins is accepted again and again"


@safeguard(
    "RFC 7507, RFC 8446 4.1.3",
    LOW,
    "A client that was talked into an older version of TLS is told so.",
    remedy="Update the TLS library, so that it knows TLS_FALLBACK_SCSV; or offer one version alone.",
)
def test_downgrade(tls_endpoint: Endpoint, tls_scan: Scan, scu: Scu) -> None:
    versions = [version for version in tls_scan.versions() if version >= Version.TLS_1_0]
    if len(versions) < 2:
        raise not_supported(f"{' and '.join(versions) or 'no version'} alone is accepted: nothing is older")
    older = versions[-2]
    answer = said(
        lambda: hello.ask(
            tls_endpoint.address,
            scu.peer.deadline,
            version=older,
            suites=(*hello.SUITES, hello.FALLBACK),
        )
    )
    assert isinstance(answer, hello.Alert) or answer.random[-8:-1] == hello.DOWNGRADED, (
        f"{older} is accepted with TLS_FALLBACK_SCSV, though {versions[-1]} is offered, and without a mark"
    )


@safeguard(
    "CVE-2014-0160, CWE-1395",
    CRITICAL,
    "The TLS library has none of Heartbleed, early ChangeCipherSpec and ROBOT.",
    remedy="Update the product: its TLS library has a hole that has been known and mended for years.",
)
@pytest.mark.intrusive
def test_known_bugs(tls_scan: Scan) -> None:
    from harness.security.scanning import Untold

    try:
        found = tls_scan.known_bugs()
    except Untold as untold:
        raise not_tested(str(untold)) from None
    assert not found, f"it has {', '.join(found)}"


@safeguard(
    "RFC 9325 3.4",
    HIGH,
    "A session that was refused for want of a certificate cannot be resumed into an association.",
    remedy="Give out session tickets after the client is known alone, and check it on resumption as well.",
)
@pytest.mark.parametrize("version", ["TLS 1.2", "TLS 1.3"])
def test_resumption(
    served_client: object, resuming_scu: Callable[[ssl.TLSVersion], Scu], version: str
) -> None:
    scu = resuming_scu(ssl.TLSVersion.TLSv1_2 if version == Version.TLS_1_2 else ssl.TLSVersion.TLSv1_3)
    context = scu.peer.tls
    assert isinstance(context, ResumingContext)
    sessions: list[ssl.SSLSession] = []

    def keep() -> None:
        if context.last is not None and context.last.session is not None:
            sessions.append(context.last.session)

    if try_association(scu, keep).admitted:
        raise not_tested("a client without a certificate is served: nothing is left to be got round")
    if not sessions:
        return
    context.resumed = sessions[0]
    assert not try_association(scu).admitted, (
        "a client without a certificate is refused first, and served when it resumes that session"
    )


@safeguard(
    "PS3.15 B.9, RFC 9325 3.2",
    HIGH,
    "Associations in clear are refused, on the port that speaks TLS and on the one that there was before.",
    remedy="Close the port without TLS, or leave it to equipment without TLS on a network of its own.",
)
def test_in_clear(target: Target, tls_endpoint: Endpoint, scu: Scu) -> None:
    dimse, security = target.dimse, target.security
    # No user's passcode goes over a connection that anybody reads.
    bare = replace(scu, peer=replace(scu.peer, tls=None, server_hostname=None, user_identity=None))
    open_ports = []
    if isinstance(answer_in_clear(bare, tls_endpoint.address), AssociateAccept | AssociateReject):
        open_ports.append(
            f"port {tls_endpoint.address.port}, which speaks TLS, answers A-ASSOCIATE-RQ in clear"
        )
    others = {security.plain_port, dimse.port} - {None, tls_endpoint.address.port}
    for port in sorted(port for port in others if port is not None):
        if isinstance(answer_in_clear(bare, Address(dimse.host, port)), AssociateAccept):
            open_ports.append(f"port {port} takes associations in clear")
    assert not open_ports, "; ".join(open_ports)


def answer_in_clear(scu: Scu, address: Address) -> object:
    """What comes back there for an A-ASSOCIATE-RQ; None where nothing does that is DICOM."""
    there = replace(scu, peer=replace(scu.peer, address=address))
    try:
        with there.connect() as association:
            return reply_to(association, there.request(VERIFICATION))
    except DimseError:
        return None
