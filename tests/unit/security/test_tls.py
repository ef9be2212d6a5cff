"""What is made of cipher suites, certificates, ServerHellos and scans; no network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.dimse.transport import Address
from harness.security import certificates, hello, scanning, suites
from harness.security.issuing import LIST, authority, issue, rsa_key
from harness.security.suites import B10_SUITES, Suite, Version
from tests.mutants.security_certificate import signed_with_sha1

DAY = timedelta(days=1)
NOW = datetime.now(UTC)


def of(name: str, version: Version = Version.TLS_1_2, exchange: str = "", bits: int = 0) -> Suite:
    return Suite(version, name, exchange, bits)


@pytest.mark.parametrize(
    ("name", "empty", "anonymous", "static", "chained"),
    [
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", False, False, False, False),
        ("TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", False, False, False, False),
        ("TLS_RSA_WITH_NULL_SHA256", True, False, True, False),
        ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", True, False, False, False),
        ("TLS_RSA_WITH_DES_CBC_SHA", True, False, True, True),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", False, False, True, True),
        ("TLS_RSA_EXPORT_WITH_RC2_CBC_40_MD5", True, False, True, True),
        ("TLS_DH_anon_WITH_AES_256_CBC_SHA", False, True, False, True),
        ("TLS_ECDH_RSA_WITH_AES_128_GCM_SHA256", False, False, True, False),
        ("TLS_DH_DSS_WITH_AES_128_CBC_SHA", False, False, True, True),
    ],
)
def test_suites_by_their_names(name: str, empty: bool, anonymous: bool, static: bool, chained: bool) -> None:
    suite = of(name)
    assert suites.encrypts_nothing_or_next_to_nothing(suite) is empty
    assert suites.is_anonymous(suite) is anonymous
    assert suites.keeps_no_secret(suite) is static
    assert suites.is_block_chained(suite) is chained


def test_tls_1_3_always_keeps_its_secrets() -> None:
    assert not suites.keeps_no_secret(of("TLS_AES_128_GCM_SHA256", Version.TLS_1_3))


@pytest.mark.parametrize(
    ("exchange", "bits", "short"),
    [("DH", 1024, True), ("DH", 2048, False), ("ECDH", 192, True), ("ECDH", 253, False), ("", 0, False)],
)
def test_ephemeral_keys(exchange: str, bits: int, short: bool) -> None:
    assert suites.too_short(of("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", exchange=exchange, bits=bits)) is short


def test_what_b10_demands() -> None:
    assert suites.lacks_of_b10(map(of, B10_SUITES)) == []
    assert suites.lacks_of_b10(map(of, B10_SUITES[1:])) == [B10_SUITES[0]]


def test_what_b11_allows() -> None:
    fine = [of(name, exchange="ECDH", bits=253) for name in suites.B11_SUITES]
    assert suites.beyond_b11([*fine, of("TLS_AES_128_GCM_SHA256", Version.TLS_1_3)]) == []
    (other,) = suites.beyond_b11([of("TLS_RSA_WITH_AES_128_CBC_SHA")])
    assert other == "TLS_RSA_WITH_AES_128_CBC_SHA (TLS 1.2)"
    (short,) = suites.beyond_b11([of(B10_SUITES[1], exchange="ECDH", bits=224)])
    assert "224 bits" in short


def test_when_a_certificate_is_in_force() -> None:
    above = authority()
    fine = issue(above, "archive", "localhost").certificate
    assert certificates.out_of_force(fine, NOW) == certificates.ends_soon(fine, NOW) == ""
    old = issue(above, "archive", "localhost", ends=NOW - DAY).certificate
    assert certificates.out_of_force(old, NOW).startswith("expired since")
    assert certificates.ends_soon(old, NOW) == "", "it has ended: that is the other requirement's"
    young = issue(above, "archive", "localhost", begins=NOW + DAY).certificate
    assert certificates.out_of_force(young, NOW).startswith("in force from")
    ending = issue(above, "archive", "localhost", ends=NOW + 10 * DAY).certificate
    assert certificates.ends_soon(ending, NOW)
    assert not certificates.out_of_force(ending, NOW)


def test_keys_signatures_and_revocation() -> None:
    above = authority()
    fine = issue(above, "archive", "localhost", "127.0.0.1").certificate
    assert certificates.weak_key(fine) == ""
    assert not certificates.has_rsa_key(fine)
    assert certificates.weak_signatures([fine, above.certificate]) == []
    assert certificates.tells_of_revocation(fine)
    assert LIST.endswith(".crl")
    assert certificates.names(fine) == ["localhost", "127.0.0.1"]
    short = issue(above, "archive", "localhost", key=rsa_key(1024), revocation=False).certificate
    assert certificates.weak_key(short) == "an RSA key of 1024 bits"
    assert certificates.has_rsa_key(short)
    assert not certificates.tells_of_revocation(short)
    key = rsa_key()
    sha1 = signed_with_sha1(issue(None, "root", "x.invalid", key=key).certificate, key)
    assert certificates.weak_signatures([sha1]) == [], "nobody relies on a root's own signature"


def test_a_key_is_its_owners_alone(tmp_path: Path) -> None:
    _, key = issue(None, "own", "localhost").write(tmp_path, "own")
    assert key.stat().st_mode & 0o777 == 0o600


def server_hello(extensions: bytes = b"", compression: int = 0) -> bytes:
    tail = len(extensions).to_bytes(2, "big") + extensions if extensions else b""
    return b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2f" + bytes([compression]) + tail


def test_a_server_hello_is_read() -> None:
    answer = hello.read_server_hello(server_hello(b"\xff\x01\x00\x01\x00\x00\x17\x00\x00", 1))
    assert answer.suite == 0xC02F
    assert answer.compression == 1
    assert answer.extensions == {hello.Extension.RENEGOTIATION_INFO, hello.Extension.EXTENDED_MASTER_SECRET}
    assert hello.is_of(answer, Version.TLS_1_2)
    assert not hello.is_of(answer, Version.TLS_1_1)
    assert not hello.is_of(hello.Alert(70), Version.TLS_1_2)
    assert hello.read_server_hello(server_hello()).extensions == frozenset()


@pytest.mark.parametrize("length", [0, 20, 34, 36, 42])
def test_a_damaged_server_hello_says_so(length: int) -> None:
    with pytest.raises(hello.NoHello):
        hello.read_server_hello(server_hello(b"\xff\x01\x00\x01\x00")[:length])


def rejected(*messages: str) -> list[SimpleNamespace]:
    return [SimpleNamespace(error_message=message) for message in messages]


def scanned(**outcomes: object) -> scanning.Scan:
    """A scan of which everything is refused, but for what is said otherwise."""
    none = SimpleNamespace(accepted_cipher_suites=[], rejected_cipher_suites=rejected("TLS alert"))
    attempts = {name: SimpleNamespace(result=none) for name in scanning._VERSIONS} | {
        name: SimpleNamespace(
            result=None, error_reason=SimpleNamespace(name="CONNECTIVITY_ISSUE"), error_trace=None
        )
        for name in scanning._QUESTIONS
    }
    result = SimpleNamespace(scan_result=SimpleNamespace(**(attempts | outcomes)))
    return scanning._read(Address("127.0.0.1", 1), result, {}, {})


def test_refused_is_not_silent() -> None:
    silent = SimpleNamespace(
        result=SimpleNamespace(
            accepted_cipher_suites=[],
            rejected_cipher_suites=rejected("TLS alert", "Connection to server timed out"),
        )
    )
    scan = scanned(tls_1_0_cipher_suites=silent)
    assert scan.accepted(Version.TLS_1_1) == ()
    with pytest.raises(scanning.Untold, match=r"TLS 1\.0: 1 of the handshakes had no answer"):
        scan.accepted(Version.TLS_1_0)
    with pytest.raises(scanning.Untold, match="no handshake came about"):
        scan.those(suites.is_anonymous)
    with pytest.raises(scanning.Untold, match="the connection broke"):
        scan.renegotiates()
    with pytest.raises(scanning.Untold, match="the connection broke"):
        scan.certificate()


def test_one_server_hello_counts_where_a_scan_came_to_nothing() -> None:
    failed = SimpleNamespace(
        result=None, error_reason=SimpleNamespace(name="BUG_IN_SSLYZE"), error_trace=None
    )
    chosen = hello.ServerHello(0x0301, bytes(32), 0x002F, 0)
    base = scanned()
    assert base.versions() == ()
    attempts = {
        name: failed
        if name != "tls_1_3_cipher_suites"
        else SimpleNamespace(result=SimpleNamespace(accepted_cipher_suites=[], rejected_cipher_suites=[]))
        for name in (*scanning._VERSIONS, *scanning._QUESTIONS)
    }
    result = SimpleNamespace(scan_result=SimpleNamespace(**attempts))
    scan = scanning._read(Address("127.0.0.1", 1), result, {Version.TLS_1_0: chosen}, {})
    assert [str(suite) for suite in scan.accepted(Version.TLS_1_0)] == ["cipher suite 0x002F (TLS 1.0)"]
