"""Weaknesses of certificates, the archive's own and how it looks at those of clients."""

from __future__ import annotations

import _ssl
import ctypes
import ssl
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness.archive.config import TlsFiles
from harness.archive.semantics import Semantics
from harness.security.endpoint import NO_CHECK_TIME
from harness.security.issuing import Issued, authority, issue, rsa_key
from harness.target import Target
from tests.mutants.security_transport import beside
from tests.mutants.seed import mutant

HERE = ("127.0.0.1", "localhost")
DAY = timedelta(days=1)


def unverified(target: Target) -> Target:
    """What a hospital has to say that goes on with such a certificate."""
    assert target.dimse.tls is not None
    return replace(target, dimse=replace(target.dimse, tls=replace(target.dimse.tls, verify=False)))


class Shows(Semantics):
    """An archive with another certificate."""

    def certificate(self) -> tuple[Issued, tuple[x509.Certificate, ...]]:
        """It, and what is sent along."""
        raise NotImplementedError

    def tls_context(self, files: TlsFiles) -> ssl.SSLContext:
        context = super().tls_context(files)
        context.set_ciphers("ECDHE+AESGCM:@SECLEVEL=0")
        shown, chain = self.certificate()
        with tempfile.TemporaryDirectory() as folder:
            context.load_cert_chain(*shown.write(Path(folder), "shown", *chain))
        return context


@mutant(
    clause="RFC 5280 4.1.2.5",
    defect="shows a certificate that has expired",
    caught_by=("security.certificate.in-force",),
    hardened=True,
    told=unverified,
)
class Expired(Shows):
    def certificate(self) -> tuple[Issued, tuple[x509.Certificate, ...]]:
        return issue(authority(), "archive", *HERE, ends=datetime.now(UTC) - DAY), ()


@mutant(
    clause="RFC 5280 4.1.2.5",
    defect="shows a certificate that is not in force yet",
    caught_by=("security.certificate.in-force",),
    hardened=True,
    told=unverified,
)
class NotYet(Shows):
    def certificate(self) -> tuple[Issued, tuple[x509.Certificate, ...]]:
        return issue(authority(), "archive", *HERE, begins=datetime.now(UTC) + DAY), ()


@mutant(
    clause="RFC 5280 4.1.2.5",
    defect="shows a certificate that ends in ten days",
    caught_by=("security.certificate.ends-later",),
    hardened=True,
    told=unverified,
)
class EndsSoon(Shows):
    def certificate(self) -> tuple[Issued, tuple[x509.Certificate, ...]]:
        return issue(authority(), "archive", *HERE, ends=datetime.now(UTC) + 10 * DAY), ()


@mutant(
    clause="RFC 9325 4.5",
    defect="has an RSA key of 1024 bits",
    caught_by=("security.certificate.key",),
    hardened=True,
    told=unverified,
)
class ShortKey(Shows):
    def certificate(self) -> tuple[Issued, tuple[x509.Certificate, ...]]:
        return issue(authority(), "archive", *HERE, key=rsa_key(1024)), ()


@mutant(
    clause="RFC 9325 4.5",
    defect="shows a certificate that is signed with SHA-1",
    caught_by=("security.certificate.signature",),
    hardened=True,
    told=unverified,
)
class Sha1(Shows):
    def certificate(self) -> tuple[Issued, tuple[x509.Certificate, ...]]:
        above = Issued(authority().certificate, rsa_key())
        made = issue(above, "archive", *HERE)
        return Issued(signed_with_sha1(made.certificate, above.key), made.key), ()


def signed_with_sha1(certificate: x509.Certificate, key: object) -> x509.Certificate:
    """The same, signed by an RSA key: what issues certificates refuses to do that."""
    assert isinstance(key, rsa.RSAPrivateKey)
    sha256, sha1 = (bytes.fromhex(f"06092a864886f70d0101{end}") for end in ("0b", "05"))
    body = certificate.tbs_certificate_bytes.replace(sha256, sha1)
    signature = key.sign(body, padding.PKCS1v15(), hashes.SHA1())
    whole = certificate.public_bytes(serialization.Encoding.DER).replace(sha256, sha1)
    whole = whole[: -len(signature)] + signature
    return x509.load_der_x509_certificate(whole)


@mutant(
    clause="RFC 5280 6.1",
    defect="shows a certificate that it signed itself",
    caught_by=("security.certificate.authority",),
    hardened=True,
    told=unverified,
)
class SelfSigned(Shows):
    def certificate(self) -> tuple[Issued, tuple[x509.Certificate, ...]]:
        return issue(None, "archive", *HERE), ()


@mutant(
    clause="RFC 5280 6.1",
    defect="shows a certificate of another authority",
    caught_by=("security.certificate.authority",),
    hardened=True,
    told=unverified,
)
class OtherAuthority(Shows):
    def certificate(self) -> tuple[Issued, tuple[x509.Certificate, ...]]:
        above = authority()
        return issue(above, "archive", *HERE), (above.certificate,)


@mutant(
    clause="RFC 9525 6",
    defect="shows a certificate for another name",
    caught_by=("security.certificate.name",),
    hardened=True,
    told=unverified,
)
class OtherName(Shows):
    def certificate(self) -> tuple[Issued, tuple[x509.Certificate, ...]]:
        return issue(authority(), "archive", "another.invalid"), ()


@mutant(
    clause="RFC 5280 4.2.1.13",
    defect="shows a certificate whose revocation nobody can look up",
    caught_by=("security.certificate.revocation",),
    hardened=True,
    told=unverified,
)
class NoRevocation(Shows):
    def certificate(self) -> tuple[Issued, tuple[x509.Certificate, ...]]:
        return issue(authority(), "archive", *HERE, revocation=False), ()


# ---------------------------------------------------------------- clients' certificates


@mutant(
    clause="IHE ITI-19",
    defect="asks no client for a certificate",
    caught_by=("security.client-certificate.none",),
    hardened=True,
)
class AsksNobody(Semantics):
    def tls_context(self, files: TlsFiles) -> ssl.SSLContext:
        context = super().tls_context(files)
        context.verify_mode = ssl.CERT_NONE
        return context


@mutant(
    clause="IHE ITI-19",
    defect="demands a certificate of clients, and takes any",
    caught_by=(
        "security.client-certificate.self-signed",
        "security.client-certificate.other-authority",
        "security.client-certificate.expired",
    ),
    hardened=True,
)
class TakesAny(Semantics):
    def tls_context(self, files: TlsFiles) -> ssl.SSLContext:
        context = super().tls_context(files)
        overrule(context, lambda fine, store: 1)
        return context


@mutant(
    clause="RFC 5280 6.1",
    defect="does not look at the validity of clients' certificates",
    caught_by=("security.client-certificate.expired",),
    hardened=True,
)
class TakesExpired(Semantics):
    def tls_context(self, files: TlsFiles) -> ssl.SSLContext:
        context = super().tls_context(files)
        context.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
        return context


@mutant(
    clause="IHE ITI-19",
    defect="knows another authority than that of its clients",
    caught_by=("security.client-certificate.right-one",),
    hardened=True,
    told=beside,
)
class TakesNobody(Semantics):
    def speaks_in_clear(self) -> bool:
        return True  # so that others have an answer

    def tls_context(self, files: TlsFiles) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        context.load_verify_locations(
            cadata=ssl.DER_cert_to_PEM_cert(authority().certificate.public_bytes(serialization.Encoding.DER))
        )
        context.verify_mode = ssl.CERT_REQUIRED
        return context


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
_KEPT: list[object] = []
"""What OpenSSL calls has to outlive the context."""


def overrule(context: ssl.SSLContext, judge: Callable[[int, int], int]) -> None:
    """Have `judge` say 1 or 0 to each certificate of a client, whatever OpenSSL finds: `ssl` has no way to.

    A Python context begins with its header, and the SSL_CTX comes next.
    """
    callback = _CALLBACK(judge)
    _KEPT.append(callback)
    handle = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    ctypes.CDLL(_ssl.__file__).SSL_CTX_set_verify(handle, 3, callback)
