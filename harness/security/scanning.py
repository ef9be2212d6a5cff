"""What a ClientHello tells of a product: one scan by sslyze, made into what scenarios judge.

`refused` and `not told` are kept apart: a version is refused where every suite was turned down, and unknown
where a handshake kept silent or broke in another way.  Nothing is said here about what is behind TLS.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.dimse.transport import Address
from harness.security import hello
from harness.security.suites import Suite, Version
from harness.target import Tls

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

PATIENCE = 5
"""Seconds for each step of a handshake, at the most."""
TOGETHER = 1
"""Connections at a time: products serve few, and some one alone."""
WITHIN = 120.0
"""Seconds for the whole scan, of some 550 handshakes, which takes three of a product nearby."""
RENEGOTIATIONS = 2
"""How often a client asks for another handshake on one connection."""


class Untold(Exception):
    """The product gave no answer to the question; the text says what happened instead."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What was seen.  Each accessor raises Untold where its question had no answer."""

    suites: Mapping[Version, tuple[Suite, ...]]
    """What was accepted with each version that could be asked for."""
    answers: Mapping[str, object]
    """By the name that sslyze has for the question."""
    untold: Mapping[str, str]
    """Why a version or another question has no answer."""
    chains: tuple[tuple[Certificate, ...], ...] = ()
    """The certificates that the product shows, each with those that it sends along, its own first."""

    def accepted(self, version: Version) -> tuple[Suite, ...]:
        """The suites accepted with this version.  Untold where none was, and a handshake had no answer."""
        found = self.suites.get(version, ())
        if not found and version in self.untold:
            raise Untold(f"{version}: {self.untold[version]}")
        return found

    def those(self, weak: Callable[[Suite], bool]) -> list[Suite]:
        """The accepted suites that `weak` is true of, with any version.

        Untold where there are none among those that were told of, and others were not.
        """
        everything = [suite for version in Version for suite in self.suites.get(version, ())]
        found = [suite for suite in everything if weak(suite)]
        if not found and (not everything or Version.TLS_1_2 in self.untold):
            raise Untold(self.untold.get(Version.TLS_1_2, "no handshake came about"))
        return found

    def versions(self) -> tuple[Version, ...]:
        """Those with which a handshake came about, from the oldest."""
        return tuple(version for version in Version if self.suites.get(version))

    def curves(self) -> tuple[str, ...]:
        """The elliptic curves that are accepted for ephemeral keys."""
        return tuple(self._answer("elliptic_curves").supported_curves_names)

    def renegotiates(self) -> bool:
        """Whether a client may have a new handshake on a connection as often as it likes."""
        return bool(self._answer("session_renegotiation").is_vulnerable_to_client_renegotiation_dos)

    def known_bugs(self) -> list[str]:
        """Of Heartbleed, early ChangeCipherSpec and ROBOT those that it has.

        Untold where it has none of those that could be asked about, and one could not.  ROBOT cannot where a
        client's certificate is demanded beside a suite with static RSA: its handshakes show none.
        """
        asked: dict[str, Callable[[], bool]] = {
            "Heartbleed (CVE-2014-0160)": lambda: self._answer("heartbleed").is_vulnerable_to_heartbleed,
            "early ChangeCipherSpec (CVE-2014-0224)": lambda: (
                self._answer("openssl_ccs_injection").is_vulnerable_to_ccs_injection
            ),
            "ROBOT (an oracle for RSA padding)": lambda: self._answer("robot").robot_result.name.startswith(
                "VULNERABLE"
            ),
        }
        found, untold = [], []
        for name, has in asked.items():
            try:
                found += [name] * has()
            except Untold as reason:
                untold.append(f"{name} could not be asked about: {reason}")
        if untold and not found:
            raise Untold("; ".join(untold))
        return found

    def certificate(self) -> Certificate:
        """The product's own certificate.  Untold where it showed none."""
        return self.chain()[0]

    def chain(self) -> tuple[Certificate, ...]:
        """It and those sent along, of the first of its certificates."""
        if not self.chains:
            raise Untold(self.untold.get("certificate_info", "no certificate was shown"))
        return self.chains[0]

    def _answer(self, question: str) -> Any:
        if question in self.untold:
            raise Untold(self.untold[question])
        return self.answers[question]


_VERSIONS = {
    "ssl_2_0_cipher_suites": Version.SSL_2,
    "ssl_3_0_cipher_suites": Version.SSL_3,
    "tls_1_0_cipher_suites": Version.TLS_1_0,
    "tls_1_1_cipher_suites": Version.TLS_1_1,
    "tls_1_2_cipher_suites": Version.TLS_1_2,
    "tls_1_3_cipher_suites": Version.TLS_1_3,
}
_ASKED_FIRST = (Version.SSL_3, Version.TLS_1_0, Version.TLS_1_1, Version.TLS_1_2)
_QUESTIONS = (
    *("certificate_info", "elliptic_curves", "session_renegotiation", "heartbleed"),
    *("openssl_ccs_injection", "robot"),
)
_REASONS = {
    "CLIENT_CERTIFICATE_NEEDED": "a client's certificate is needed, and the target file names none",
    "CONNECTIVITY_ISSUE": "the connection broke",
}


def scan(address: Address, tls: Tls, deadline: float) -> Scan:
    """Ask everything once.  Raises Untold where not one handshake came about, or the time was over.

    The client's certificate of `tls` is shown; the product's is not verified here.  A version to which one
    ClientHello has no answer is left alone: it would be asked for each of some hundred cipher suites.
    """
    heard: dict[Version, hello.ServerHello | hello.Alert] = {}
    untold: dict[str, str] = {}
    for version in _ASKED_FIRST:
        try:
            heard[version] = hello.ask(address, min(PATIENCE, deadline), version=version)
        except hello.Silence as silence:
            untold[version] = str(silence)
        except hello.NoHello:
            continue  # a refusal without the word for it
    results: list[Any] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(_scan(address, tls, max(1, min(PATIENCE, int(deadline))), set(untold)))
        except BaseException as error:  # noqa: BLE001 - raised by who waits
            failures.append(error)

    # sslyze's threads are daemons: one that is given up ends with the process.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(WITHIN)
    if failures:
        raise failures[0]
    if not results:
        raise Untold(f"the scan of {address} did not come to its end within {WITHIN:g} s")
    return _read(address, results[0], heard, untold)


def _scan(address: Address, tls: Tls, seconds: int, silent: Container[str]) -> Any:
    from sslyze.errors import ServerHostnameCouldNotBeResolved
    from sslyze.plugins.scan_commands import ScanCommand
    from sslyze.plugins.session_renegotiation_plugin import SessionRenegotiationExtraArgument
    from sslyze.scanner.models import ScanCommandsExtraArguments, ServerScanRequest
    from sslyze.scanner.scanner import Scanner
    from sslyze.server_setting import (
        ClientAuthenticationCredentials,
        ServerNetworkConfiguration,
        ServerNetworkLocation,
    )

    own = ClientAuthenticationCredentials(Path(tls.certificate), Path(tls.key)) if tls.certificate else None
    try:
        request = ServerScanRequest(
            ServerNetworkLocation(address.host, address.port),
            ServerNetworkConfiguration(
                tls.server_name or address.host,
                tls_client_auth_credentials=own,
                network_timeout=seconds,
                network_max_retries=1,
            ),
            scan_commands={
                *(ScanCommand(name) for name in _QUESTIONS),
                *(ScanCommand(name) for name, version in _VERSIONS.items() if version not in silent),
            },
            scan_commands_extra_arguments=ScanCommandsExtraArguments(
                session_renegotiation=SessionRenegotiationExtraArgument(RENEGOTIATIONS)
            ),
        )
    except ServerHostnameCouldNotBeResolved as error:
        raise Untold(str(error)) from None
    scanner = Scanner(per_server_concurrent_connections_limit=TOGETHER, concurrent_server_scans_limit=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the authorities that sslyze brings along
        scanner.queue_scans([request])
        return next(iter(scanner.get_results()))


def _read(
    address: Address,
    result: Any,
    heard: Mapping[Version, hello.ServerHello | hello.Alert],
    untold: dict[str, str],
) -> Scan:
    if result.scan_result is None:
        trace = result.connectivity_error_trace
        raise Untold(f"no TLS handshake with {address} came about: {_last(trace)}")
    suites: dict[Version, tuple[Suite, ...]] = {}
    answers: dict[str, object] = {}
    for name in (*_VERSIONS, *_QUESTIONS):
        attempt = getattr(result.scan_result, name)
        where = _VERSIONS.get(name, name)
        if where in untold:
            continue
        if attempt.result is None:
            if isinstance(where, Version) and where in heard and hello.is_of(heard[where], where):
                suites[where] = (_suite_of(where, heard[where]),)
            untold[where] = _REASONS.get(attempt.error_reason.name, "") or _last(attempt.error_trace)
        elif isinstance(where, Version):
            suites[where] = tuple(_suite(where, one) for one in attempt.result.accepted_cipher_suites)
            if silent := _silences(attempt.result.rejected_cipher_suites):
                untold[where] = f"{silent} of the handshakes had no answer"
        else:
            answers[name] = _curves(attempt.result) if name == "elliptic_curves" else attempt.result
    info: Any = answers.get("certificate_info")
    deployments = info.certificate_deployments if info else ()
    return Scan(suites, answers, untold, tuple(tuple(one.received_certificate_chain) for one in deployments))


@dataclass(frozen=True, slots=True)
class _Curves:
    supported_curves_names: tuple[str, ...]


def _curves(result: Any) -> _Curves:
    return _Curves(tuple(curve.name for curve in result.supported_curves or ()))


def _suite_of(version: Version, answer: hello.ServerHello | hello.Alert) -> Suite:
    """What one ServerHello chose, where sslyze came to nothing."""
    assert isinstance(answer, hello.ServerHello)
    return Suite(version, f"cipher suite 0x{answer.suite:04X}")


def _suite(version: Version, accepted: Any) -> Suite:
    key = accepted.ephemeral_key
    return Suite(version, accepted.cipher_suite.name, key.type_name if key else "", key.size if key else 0)


def _silences(rejected: Iterable[Any]) -> int:
    """Those turned down that were none: sslyze counts a handshake without an answer as refused."""
    return sum("timed out" in one.error_message.lower() for one in rejected)


def _last(trace: Any) -> str:
    """The words of an error, without its stack."""
    return "".join(trace.format_exception_only()).strip().rpartition("sslyze.errors.")[2] if trace else ""
