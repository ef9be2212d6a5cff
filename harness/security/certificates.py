"""What is to be said of the certificate that a product shows (RFC 5280, RFC 9325 4.5, RFC 9525)."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID

from harness.dimse.errors import Unreachable
from harness.dimse.transport import connect
from harness.security.endpoint import NO_CHECK_TIME, Endpoint
from harness.security.issuing import pem
from harness.security.scanning import Untold

SOON = timedelta(days=30)
"""Before its end a certificate is to be renewed."""
LEAST_RSA, LEAST_EC = 2048, 224
_BROKEN_DIGESTS = ("md2", "md5", "sha1")


def out_of_force(certificate: x509.Certificate, now: datetime) -> str:
    """Why it is not in force at that moment; empty where it is (RFC 5280 4.1.2.5)."""
    if now < certificate.not_valid_before_utc:
        return f"in force from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC alone"
    if now > certificate.not_valid_after_utc:
        return f"expired since {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    return ""


def ends_soon(certificate: x509.Certificate, now: datetime) -> str:
    """When it ends, where that is within `SOON`; one that has ended is not about to."""
    end = certificate.not_valid_after_utc
    return f"it ends on {end:%Y-%m-%d}" if now <= end < now + SOON else ""


def weak_key(certificate: x509.Certificate) -> str:
    """Its key in words, where that is too short (RFC 9325 4.5); empty otherwise."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_RSA:
        return f"an RSA key of {key.key_size} bits"
    if isinstance(key, dsa.DSAPublicKey) and key.key_size < LEAST_RSA:
        return f"a DSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < LEAST_EC:
        return f"{key.curve.name} with {key.key_size} bits"
    return ""


def has_rsa_key(certificate: x509.Certificate) -> bool:
    return isinstance(certificate.public_key(), rsa.RSAPublicKey)


def weak_signatures(chain: Sequence[x509.Certificate]) -> list[str]:
    """The certificates signed with a broken digest, a root's own signature aside: nobody relies on it."""
    found = []
    for certificate in chain:
        digest = certificate.signature_hash_algorithm
        if digest and digest.name in _BROKEN_DIGESTS and certificate.subject != certificate.issuer:
            found.append(f"{certificate.subject.rfc4514_string()} with {digest.name.upper()}")
    return found


def tells_of_revocation(certificate: x509.Certificate) -> bool:
    """Whether it says where its revocation list is, or who answers by OCSP (RFC 5280 4.2.1.13, 4.2.2.1)."""
    extensions = certificate.extensions
    try:
        extensions.get_extension_for_class(x509.CRLDistributionPoints)
    except x509.ExtensionNotFound:
        pass
    else:
        return True
    try:
        access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(one.access_method == AuthorityInformationAccessOID.OCSP for one in access)


def names(certificate: x509.Certificate) -> list[str]:
    """The names and addresses that it is for; what stands in its subject does not count (RFC 9525 2)."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [
        *found.get_values_for_type(x509.DNSName),
        *(str(one) for one in found.get_values_for_type(x509.IPAddress)),
    ]


def untrusted(endpoint: Endpoint, deadline: float) -> str:
    """Why its chain does not lead to the authority of the target file; empty where it does (RFC 5280 6.1).

    Times and names are not looked at.  Untold where no handshake came about for another reason.
    """
    context = _lenient()
    try:
        if endpoint.tls.ca_file:
            context.load_verify_locations(endpoint.tls.ca_file)
        else:
            context.load_default_certs()
    except (OSError, ssl.SSLError) as error:
        raise Untold(f"{endpoint.tls.ca_file}: {error}") from None
    context.check_hostname = False
    return _verified(endpoint, context, deadline)


def misnamed(endpoint: Endpoint, certificate: x509.Certificate, deadline: float) -> str:
    """Why the certificate is not for the name that the product is reached by; empty where it is.

    Whom it is signed by is not looked at: it is its own authority here.  Untold as `untrusted`.
    """
    context = _lenient()
    context.load_verify_locations(cadata=pem(certificate).decode())
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return _verified(endpoint, context, deadline)


def _lenient() -> ssl.SSLContext:
    """A context that takes any key, cipher suite and moment: they are others' subjects."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
    return context


def _verified(endpoint: Endpoint, context: ssl.SSLContext, deadline: float) -> str:
    if endpoint.tls.certificate:
        context.load_cert_chain(endpoint.tls.certificate, endpoint.tls.key)
    try:
        connect(endpoint.address, deadline, context, endpoint.name).close()
    except Unreachable as error:
        if isinstance(error.__cause__, ssl.SSLCertVerificationError):
            return error.__cause__.verify_message
        raise Untold(error.message) from None
    return ""


def now() -> datetime:
    """This moment, as certificates count."""
    return datetime.now(UTC)
