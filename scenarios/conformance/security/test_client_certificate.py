"""Which equipment is let in over TLS, by its certificate (IHE ITI-19, node authentication).

DICOM asks for no client's certificate; IHE ATNA does.  Each refusal says something only where the right
certificate is served, and a refusal is anything but A-ASSOCIATE-AC: with TLS 1.3 it follows the handshake.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.scenario import HIGH, LOW, MEDIUM, not_tested, safeguard
from harness.scu.session import Scu
from harness.security.endpoint import NO_CERTIFICATE, Endpoint, try_association
from harness.target import Target

Pair = tuple[Path, Path]
Coming = Callable[[Pair | None], Scu]

EVERYBODY = "a client without any certificate is served already: see security.client-certificate.none"


@pytest.fixture
def checked(tls_scu: Coming, served_client: Pair) -> Pair:
    """The certificate that is served, of a product that demands one."""
    if try_association(tls_scu(None)).admitted:
        raise not_tested(EVERYBODY)
    return served_client


@safeguard(
    "IHE ITI-19",
    LOW,
    "A client with the certificate that the target file names gets an association.",
    remedy="Register the authority of the equipment's certificates in the product.",
)
def test_right_one(tls_endpoint: Endpoint, tls_scu: Coming) -> None:
    tls = tls_endpoint.tls
    if not tls.certificate:
        raise not_tested(NO_CERTIFICATE)
    attempt = try_association(tls_scu((Path(tls.certificate), Path(tls.key))))
    assert attempt.admitted, f"it is refused: {attempt.words}"


@safeguard(
    "IHE ITI-19",
    HIGH,
    "A client without a certificate is refused.",
    remedy="Have the product demand certificates of clients, or whoever reaches its port is let in.",
)
def test_none(request: pytest.FixtureRequest, tls_scu: Coming) -> None:
    assert not try_association(tls_scu(None)).admitted, "a client without a certificate gets an association"
    request.getfixturevalue("served_client")


@safeguard(
    "IHE ITI-19",
    HIGH,
    "A client with a certificate that it signed itself is refused.",
    remedy="Have the product verify clients' certificates against the hospital's authority.",
)
def test_self_signed(checked: Pair, tls_scu: Coming, tmp_path: Path) -> None:
    from harness.security.issuing import issue

    own = issue(None, "pacs-harness", "pacs-harness.invalid").write(tmp_path, "own")
    assert not try_association(tls_scu(own)).admitted, "a self-signed certificate gets an association"


@safeguard(
    "IHE ITI-19",
    HIGH,
    "A client with a certificate of another authority is refused, whatever that calls itself.",
    remedy="Have the product verify the signature of clients' certificates, not the issuer's name alone.",
)
@pytest.mark.parametrize("name", ["of another name", "of the same name"])
def test_other_authority(checked: Pair, tls_scu: Coming, tmp_path: Path, name: str) -> None:
    from harness.security.issuing import authority, issue

    other = authority(issuer_of(checked[0]) if name == "of the same name" else "PHTEST other authority")
    own = issue(other, "pacs-harness", "pacs-harness.invalid").write(tmp_path, "own", other.certificate)
    assert not try_association(tls_scu(own)).admitted, (
        f"a certificate of an authority {name}, which nobody trusts, gets an association"
    )


def issuer_of(certificate: Path) -> str:
    """The common name of who issued it."""
    from cryptography import x509

    issuer = x509.load_pem_x509_certificate(certificate.read_bytes()).issuer
    found = issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value) if found else "PHTEST authority"


@safeguard(
    "IHE ITI-19, RFC 5280 6.1",
    MEDIUM,
    "A client with a certificate of the right authority that has expired is refused.",
    remedy="Have the product look at the validity of clients' certificates, and keep its clock right.",
)
def test_expired(checked: Pair, target: Target, tls_scu: Coming) -> None:
    security = target.security
    if not security.expired_certificate:
        raise not_tested("the target file names no expired certificate: [security] expired_certificate")
    own = Path(security.expired_certificate), Path(security.expired_key)
    assert not try_association(tls_scu(own)).admitted, "an expired certificate gets an association"
