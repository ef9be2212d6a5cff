"""Certificates made for the occasion: an authority, what it issues, and what nobody vouches for (RFC 5280).

They are for archives on this machine and for the harness as a client; nothing outside trusts them.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
LIST = "http://pki.pacs-harness.invalid/authority.crl"
"""Where the revocation list of the authority would be; .invalid is nowhere (RFC 2606)."""
DAY = timedelta(days=1)
LIFE = 365 * DAY


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and the key that belongs to it."""

    certificate: x509.Certificate
    key: PrivateKey

    def write(
        self, folder: Path, name: str, *chain: x509.Certificate, key_mode: int = 0o600
    ) -> tuple[Path, Path]:
        """PEM files: the certificate with the `chain` above it, and the key, which its owner alone reads."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        certificate.write_bytes(b"".join(pem(one) for one in (self.certificate, *chain)))
        key.touch(mode=key_mode)
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, key


def rsa_key(bits: int = 2048) -> PrivateKey:
    """An RSA key: the cipher suites that PS3.15 B.10 and B.11 demand are for those."""
    return rsa.generate_private_key(65537, bits)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def authority(name: str = "PHTEST authority", above: Issued | None = None) -> Issued:
    """A root authority, or one below another."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        _builder(name, key, now - DAY, now + LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return _signed(builder, name, key, above)


def issue(
    by: Issued | None,
    name: str,
    *identities: str,
    key: PrivateKey | None = None,
    begins: datetime | None = None,
    ends: datetime | None = None,
    revocation: bool = True,
) -> Issued:
    """A certificate for host names and addresses; `by` nobody, it is signed with its own key.

    The key is a new one on P-256 where none is given; it is in force from yesterday for a year.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    begins, ends = begins or min(now, ends or now) - DAY, ends or now + LIFE
    builder = (
        _builder(name, key, begins, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in identities]), critical=False)
    )
    if revocation:
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(LIST)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([place]), critical=False)
    return _signed(builder, name, key, by)


def _signed(builder: x509.CertificateBuilder, name: str, key: PrivateKey, by: Issued | None) -> Issued:
    signer = by.key if by else key
    issuer = by.certificate.subject if by else _named(name)
    builder = builder.issuer_name(issuer).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
    )
    return Issued(builder.sign(signer, hashes.SHA256()), key)


def _builder(name: str, key: PrivateKey, begins: datetime, ends: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _general(identity: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(identity))
    except ValueError:
        return x509.DNSName(identity)
