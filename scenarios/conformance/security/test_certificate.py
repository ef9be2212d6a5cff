"""The certificate that a product shows (RFC 5280, RFC 9325 4.5, RFC 9525)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.plugin.secure_transport import BCP_195, told
from harness.scenario import HIGH, LOW, MEDIUM, safeguard
from harness.scu.session import Scu
from harness.security.endpoint import Endpoint

if TYPE_CHECKING:
    from harness.security.scanning import Scan


@safeguard(
    "RFC 5280 4.1.2.5",
    HIGH,
    "The product's certificate is in force: it has not expired, and has begun.",
    remedy="Renew the certificate: equipment that checks it cannot connect, and other equipment is unsafe.",
)
def test_in_force(tls_scan: Scan) -> None:
    from harness.security import certificates

    why = certificates.out_of_force(told(tls_scan.certificate), certificates.now())
    assert not why, why


@safeguard(
    "RFC 5280 4.1.2.5",
    LOW,
    "The product's certificate stays in force for another 30 days.",
    remedy="Renew it in time, and have somebody or something watch its end.",
)
def test_ends_later(tls_scan: Scan) -> None:
    from harness.security import certificates

    why = certificates.ends_soon(told(tls_scan.certificate), certificates.now())
    assert not why, why


@safeguard(
    "PS3.15 B.9, RFC 9325 4.5",
    HIGH,
    "The key of the product's certificate is long enough: RSA from 2048 bits, curves from 224.",
    remedy="Have a certificate issued for a new key: RSA with 3072 bits, or P-256.",
    profiles=BCP_195,
)
def test_key(tls_scan: Scan) -> None:
    from harness.security import certificates

    why = certificates.weak_key(told(tls_scan.certificate))
    assert not why, f"its key is {why}"


@safeguard(
    "RFC 9325 4.5",
    MEDIUM,
    "No certificate that the product shows is signed with MD5 or SHA-1.",
    remedy="Have it issued anew with SHA-256: with these digests certificates can be forged.",
)
def test_signature(tls_scan: Scan) -> None:
    from harness.security import certificates

    weak = certificates.weak_signatures(told(tls_scan.chain))
    assert not weak, f"signed: {', '.join(weak)}"


@safeguard(
    "RFC 5280 6.1",
    HIGH,
    "The product's certificates lead to an authority that is trusted, and none in between is missing.",
    remedy="Use a certificate of the hospital's authority, and have the intermediate ones sent along.",
)
def test_authority(tls_endpoint: Endpoint, tls_scan: Scan, scu: Scu) -> None:
    from harness.security import certificates

    shown = told(tls_scan.chain)
    why = told(lambda: certificates.untrusted(tls_endpoint, scu.peer.deadline))
    trusted = tls_endpoint.tls.ca_file or "the system's authorities"
    assert not why, f"{why}, by {trusted}; shown: {', '.join(one.subject.rfc4514_string() for one in shown)}"


@safeguard(
    "RFC 9525 6",
    MEDIUM,
    "The product's certificate names the host that it is reached by (Subject Alternative Name).",
    remedy="Have it issued for the host name that equipment is configured with.",
)
def test_name(tls_endpoint: Endpoint, tls_scan: Scan, scu: Scu) -> None:
    from harness.security import certificates

    certificate = told(tls_scan.certificate)
    why = told(lambda: certificates.misnamed(tls_endpoint, certificate, scu.peer.deadline))
    named = ", ".join(certificates.names(certificate)) or "nobody"
    assert not why, f"it is for {named}, not for {tls_endpoint.name}"


@safeguard(
    "RFC 5280 4.2.1.13, 4.2.2.1",
    LOW,
    "The product's certificate says where its revocation can be looked up (CRL or OCSP).",
    remedy="Have the authority put the address of its revocation list or OCSP server into certificates.",
)
def test_revocation(tls_scan: Scan) -> None:
    from harness.security import certificates

    assert certificates.tells_of_revocation(told(tls_scan.certificate)), (
        "it names neither a revocation list nor an OCSP server"
    )
