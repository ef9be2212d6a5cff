"""What is to be said of cipher suites, by their IANA names (RFC 9325 4.1, 4.2; PS3.15 B.10, B.11)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Version(StrEnum):
    """Of SSL and TLS, from the oldest."""

    SSL_2 = "SSL 2.0"
    SSL_3 = "SSL 3.0"
    TLS_1_0 = "TLS 1.0"
    TLS_1_1 = "TLS 1.1"
    TLS_1_2 = "TLS 1.2"
    TLS_1_3 = "TLS 1.3"


RETIRED = (Version.SSL_2, Version.SSL_3, Version.TLS_1_0, Version.TLS_1_1)
"""RFC 6176, RFC 7568, RFC 8996: not to be negotiated."""

B10_SUITES = (
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
)
"""All of which PS3.15 B.10 and B.11 demand."""

B11_SUITES = (
    *B10_SUITES,
    "TLS_DHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
    "TLS_DHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CAMELLIA_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CAMELLIA_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256",
)
"""Beside which PS3.15 B.11 allows none.  It was written before TLS 1.3, whose suites have other names."""

LEAST_DH, LEAST_EC = 2048, 224
"""Bits of an ephemeral key (RFC 9325 4.5)."""
_RELIABLE_EC = 250
"""Bits from which PS3.15 B.11 is kept: 256, of which X25519 has nearly all."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A cipher suite that was accepted."""

    version: Version
    name: str
    exchange: str = ""
    """``DH`` or ``ECDH`` where the key of this exchange was ephemeral and could be read."""
    bits: int = 0
    """Of that key."""

    def __str__(self) -> str:
        return f"{self.name} ({self.version})"


def encrypts_nothing_or_next_to_nothing(suite: Suite) -> bool:
    """NULL, RC4, and whatever has less than 112 bits, such as EXPORT and DES (RFC 9325 4.1, MUST NOT)."""
    return bool(re.search(r"_(NULL|RC4|EXPORT|DES|DES40|RC2)_", suite.name))


def is_anonymous(suite: Suite) -> bool:
    """Neither side proves who it is: whoever is in between can read and change all (RFC 5246 F.1.1.1)."""
    return "_anon_" in suite.name


def keeps_no_secret(suite: Suite) -> bool:
    """Whoever gets the server's key later can read what was recorded before (RFC 9325 4.1)."""
    return suite.version is not Version.TLS_1_3 and not re.match(r"TLS_(EC)?DH(E|_anon)_", suite.name)


def is_sealed(suite: Suite) -> bool:
    """Encryption that authenticates as well (AEAD): GCM, CCM, ChaCha20-Poly1305."""
    return bool(re.search(r"_(GCM|CCM|CCM_8|POLY1305)(_|$)", suite.name))


def is_block_chained(suite: Suite) -> bool:
    """CBC, which leaks through its padding unless encrypt-then-MAC is negotiated (RFC 9325 4.2, RFC 7366)."""
    return "_CBC_" in suite.name


def too_short(suite: Suite) -> bool:
    """An ephemeral key below what RFC 9325 4.5 allows."""
    least = {"DH": LEAST_DH, "ECDH": LEAST_EC}.get(suite.exchange, 0)
    return 0 < suite.bits < least


def lacks_of_b10(suites: Iterable[Suite]) -> list[str]:
    """What PS3.15 B.10 and B.11 demand, and was not accepted."""
    names = {suite.name for suite in suites}
    return [name for name in B10_SUITES if name not in names]


def beyond_b11(suites: Iterable[Suite]) -> list[str]:
    """What PS3.15 B.11 forbids: other suites, and shorter ephemeral keys."""
    found = []
    for suite in suites:
        if suite.version is Version.TLS_1_3:
            continue
        least = {"DH": LEAST_DH, "ECDH": _RELIABLE_EC}.get(suite.exchange, 0)
        if suite.name not in B11_SUITES:
            found.append(str(suite))
        elif 0 < suite.bits < least:
            found.append(f"{suite} with a key of {suite.bits} bits")
    return found
