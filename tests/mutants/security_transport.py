"""Weaknesses of TLS, seeded into the hardened archive: versions, cipher suites, extensions, what is in clear.

OpenSSL 3 has no SSL 2.0 or 3.0, no RC4, DES or EXPORT, no compression and no ROBOT any more, so that none of
these can be seeded by its settings: a proxy says what such a server would say, where nothing depends on keys.
"""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import replace
from typing import cast

from cryptography.hazmat.primitives.asymmetric import dh
from cryptography.hazmat.primitives.serialization import Encoding, ParameterFormat

from harness.archive.config import TlsFiles
from harness.archive.semantics import Semantics
from harness.target import Target
from tests.mutants.seed import mutant
from tests.mutants.wire import Wire

NO_EXTENDED_MASTER_SECRET = 1 << 0
ALLOW_CLIENT_RENEGOTIATION = 1 << 8
NO_ENCRYPT_THEN_MAC = 1 << 19
"""SSL_OP_… of OpenSSL 3, for which `ssl` has no names."""


def beside(target: Target) -> Target:
    """A target that speaks in clear, and is said to speak TLS too."""
    return replace(
        target,
        dimse=replace(target.dimse, tls=None),
        security=replace(target.security, tls_port=target.dimse.port, tls=target.dimse.tls),
    )


class Speaking(Semantics):
    """TLS with other settings than the archive's; what is None or empty is as it has it."""

    lowest: ssl.TLSVersion | None = None
    highest: ssl.TLSVersion | None = None
    ciphers = ""
    options = 0
    verifies: ssl.VerifyMode | None = None

    def tls_context(self, files: TlsFiles) -> ssl.SSLContext:
        context = super().tls_context(files)
        if self.lowest is not None:
            context.minimum_version = self.lowest
        if self.highest is not None:
            context.maximum_version = self.highest
        if self.ciphers:
            context.set_ciphers(self.ciphers)
        context.options |= self.options
        if self.verifies is not None:
            context.verify_mode = self.verifies
        return context


@mutant(
    clause="PS3.15 B.9",
    defect="serves in clear on the port that is named for TLS",
    caught_by=("security.transport.offered",),
    hardened=True,
    told=beside,
)
class NoTls(Semantics):
    def tls_context(self, files: TlsFiles) -> ssl.SSLContext:
        return cast(ssl.SSLContext, None)


@mutant(
    clause="RFC 8996",
    defect="accepts TLS 1.0 and 1.1",
    caught_by=("security.transport.retired-versions",),
    hardened=True,
)
class OldVersions(Speaking):
    lowest = ssl.TLSVersion.TLSv1
    ciphers = "ECDHE+AES:@SECLEVEL=0"


@mutant(
    clause="RFC 9325 3.1.1",
    defect="accepts TLS 1.3 alone",
    caught_by=("security.transport.tls-1-2",),
    hardened=True,
)
class NewestAlone(Speaking):
    lowest = ssl.TLSVersion.TLSv1_3


@mutant(
    clause="RFC 9325 3.1.1",
    defect="accepts TLS 1.2 alone",
    caught_by=("security.transport.tls-1-3",),
    hardened=True,
)
class Tls12Alone(Speaking):
    highest = ssl.TLSVersion.TLSv1_2


@mutant(
    clause="RFC 9325 4.1",
    defect="accepts a cipher suite that encrypts nothing",
    caught_by=("security.transport.unencrypted",),
    hardened=True,
)
class NullCipher(Speaking):
    ciphers = "ECDHE+AESGCM:NULL-SHA256:@SECLEVEL=0"


@mutant(
    clause="RFC 5246 F.1.1.1",
    defect="accepts a cipher suite in which no side proves who it is",
    caught_by=("security.transport.anonymous",),
    hardened=True,
)
class Anonymous(Speaking):
    ciphers = "ECDHE+AESGCM:AECDH-AES256-SHA:@SECLEVEL=0"
    # No certificate can be asked for where the server shows none.
    verifies = ssl.CERT_NONE


@mutant(
    clause="RFC 9325 4.1",
    defect="exchanges keys by RSA alone, so that its key opens what was recorded before",
    caught_by=("security.transport.forward-secrecy", "security.transport.static-keys"),
    hardened=True,
)
class NoForwardSecrecy(Speaking):
    highest = ssl.TLSVersion.TLSv1_2
    ciphers = "kRSA+AESGCM"


@mutant(
    clause="RFC 9325 4.2",
    defect="accepts cipher suites in CBC mode without encrypt-then-MAC",
    caught_by=("security.transport.block-chaining",),
    hardened=True,
)
class BlockChaining(Speaking):
    ciphers = "ECDHE+AES"
    options = NO_ENCRYPT_THEN_MAC


OAKLEY_2 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    16,
)
"""A prime of 1024 bits (RFC 2409 6.2)."""


@mutant(
    clause="RFC 9325 4.5",
    defect="agrees on keys in a group of 1024 bits",
    caught_by=("security.transport.key-exchange",),
    hardened=True,
)
class ShortGroup(Semantics):
    def tls_context(self, files: TlsFiles) -> ssl.SSLContext:
        context = super().tls_context(files)
        context.set_ciphers("ECDHE+AESGCM:DHE+AESGCM:@SECLEVEL=0")
        group = dh.DHParameterNumbers(OAKLEY_2, 2).parameters()
        with tempfile.NamedTemporaryFile() as file:
            file.write(group.parameter_bytes(Encoding.PEM, ParameterFormat.PKCS3))
            file.flush()
            context.load_dh_params(file.name)
        return context


@mutant(
    clause="PS3.15 B.11",
    defect="claims the Extended BCP 195 profile, lacks suites of it and has others",
    caught_by=("security.transport.profile-suites", "security.transport.extended-suites"),
    hardened=True,
    told=lambda target: replace(
        target, claims=replace(target.claims, security_profiles=("extended-bcp-195-tls",))
    ),
)
class ClaimsTooMuch(Semantics):
    """The archive as it is: TLS_DHE_… is missing, and ChaCha20-Poly1305 too much."""


@mutant(
    clause="RFC 9325 3.5",
    defect="lets a client renegotiate as often as it likes",
    caught_by=("security.transport.client-renegotiation",),
    hardened=True,
)
class ClientRenegotiation(Speaking):
    options = ALLOW_CLIENT_RENEGOTIATION


@mutant(
    clause="RFC 7627",
    defect="does not know extended_master_secret",
    caught_by=("security.transport.extended-master-secret",),
    hardened=True,
)
class NoExtendedMasterSecret(Speaking):
    options = NO_EXTENDED_MASTER_SECRET


@mutant(
    clause="RFC 9325 3.2",
    defect="serves in clear whoever does not begin with TLS",
    caught_by=("security.transport.in-clear",),
    hardened=True,
)
class SpeaksInClear(Semantics):
    def speaks_in_clear(self) -> bool:
        return True


@mutant(
    clause="RFC 9325 3.4",
    defect="looks for a client's certificate in the first handshake of a session alone",
    caught_by=("security.transport.resumption",),
    hardened=True,
)
class ForgetsOnResumption(Speaking):
    verifies = ssl.CERT_OPTIONAL

    def admits(self, connection: ssl.SSLSocket) -> bool:
        return bool(connection.session_reused) or bool(connection.getpeercert())


# ---------------------------------------------------------------- what a proxy says


class Records(Wire):
    """TLS, as it comes."""

    longest = -1


@mutant(
    clause="RFC 9325 3.3",
    defect="compresses in TLS",
    caught_by=("security.transport.compression",),
    hardened=True,
    wire=True,
)
class Compresses(Records):
    def from_server(self, pdu: bytes) -> bytes:
        if pdu[:1] == b"\x16" and pdu[5:6] == b"\x02" and len(pdu) > 44:
            at = 44 + pdu[43] + 2
            return pdu[:at] + b"\x01" + pdu[at + 1 :]
        return pdu


@mutant(
    clause="RFC 5746",
    defect="does not know renegotiation_info",
    caught_by=("security.transport.secure-renegotiation",),
    hardened=True,
    wire=True,
)
class InsecureRenegotiation(Records):
    def from_server(self, pdu: bytes) -> bytes:
        # An extension that nobody asked for stands in its place.
        return pdu.replace(b"\xff\x01\x00\x01\x00", b"\xfa\xfa\x00\x01\x00", 1)


@mutant(
    clause="RFC 7507",
    defect="lets a client be talked into an older version, and does not mark it",
    caught_by=("security.transport.downgrade",),
    hardened=True,
    wire=True,
)
class Downgrades(Records):
    asked = False

    def from_client(self, pdu: bytes) -> bytes:
        self.asked = self.asked or b"\x56\x00" in pdu[:200]
        # TLS_EMPTY_RENEGOTIATION_INFO_SCSV says nothing new.
        return pdu.replace(b"\x56\x00", b"\x00\xff") if self.asked else pdu

    def from_server(self, pdu: bytes) -> bytes:
        return pdu.replace(b"DOWNGRD", b"0123456") if self.asked else pdu


@mutant(
    clause="CVE-2014-0160",
    defect="answers a heartbeat with more than it was sent (Heartbleed)",
    caught_by=("security.transport.known-bugs",),
    hardened=True,
    wire=True,
    options=("--semantics", "tests.mutants.security_transport:Tls12Alone"),
)
class Bleeds(Records):
    HEARTBEAT = b"\x18\x03"
    ANSWER = b"\x18\x03\x03\x00\x20\x02\x00\x1d" + b"\x01" * 29
    asked = flown = False

    def from_client(self, pdu: bytes) -> bytes:
        at = 0
        while at + 5 <= len(pdu):
            if pdu[at : at + 2] == self.HEARTBEAT:
                self.asked = True
                if self.flown:
                    self.to_client(self.ANSWER)
                return pdu[:at]
            at += 5 + int.from_bytes(pdu[at + 3 : at + 5], "big")
        return b"" if self.asked else pdu

    def from_server(self, pdu: bytes) -> bytes:
        # A ServerHelloDone ends what a server says to a ClientHello.
        self.flown = self.flown or pdu.endswith(b"\x0e\x00\x00\x00")
        return pdu + self.ANSWER if self.flown and self.asked else pdu
