"""Where the product speaks TLS, and with which certificate the harness comes there."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.dimse.errors import ConnectionClosed, NoAnswer, Unreachable, UnreachableKind
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject
from harness.dimse.transport import Address
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION
from harness.target import Target, TargetError, Tls

NO_PORT = "the target file names no port that speaks TLS: [dimse.tls], or [security] tls_port"
NO_CERTIFICATE = (
    "the target file names no certificate of a client that the product accepts: certificate and key in"
    " [dimse.tls], or [security.tls]"
)
NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which `ssl` has no name for."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port that speaks TLS."""

    address: Address
    tls: Tls

    @property
    def name(self) -> str:
        """The one that its certificate is to have."""
        return self.tls.server_name or self.address.host

    def scu(self, scu: Scu, context: ssl.SSLContext) -> Scu:
        """The same SCU, at this port with this context."""
        peer = replace(scu.peer, address=self.address, tls=context, server_hostname=self.name)
        return replace(scu, peer=peer)


def endpoint_of(target: Target) -> Endpoint | None:
    """Where the target file says that TLS is spoken."""
    dimse, security = target.dimse, target.security
    if dimse.tls is not None:
        return Endpoint(Address(dimse.host, dimse.port), dimse.tls)
    if security.tls_port is not None:
        return Endpoint(Address(dimse.host, security.tls_port), security.tls or Tls())
    return None


class ResumingContext(ssl.SSLContext):
    """A client's context that resumes `resumed` where it is set, and keeps its last connection."""

    resumed: ssl.SSLSession | None = None
    last: ssl.SSLSocket | None = None

    def wrap_socket(self, *positional: Any, **named: Any) -> ssl.SSLSocket:
        self.last = super().wrap_socket(*positional, **(named | {"session": self.resumed}))
        return self.last


def client_context(
    tls: Tls,
    own: tuple[Path, Path] | None,
    *,
    version: ssl.TLSVersion | None = None,
    kind: type[ssl.SSLContext] = ssl.SSLContext,
) -> ssl.SSLContext:
    """A client's context that verifies as `tls` says and shows `own`, or no certificate at all.

    TargetError where a file cannot be used.
    """
    context = kind(ssl.PROTOCOL_TLS_CLIENT)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    try:
        if tls.ca_file:
            context.load_verify_locations(tls.ca_file)
        else:
            context.load_default_certs()
        if own is not None:
            context.load_cert_chain(*own)
    except (OSError, ssl.SSLError) as error:
        raise TargetError(f"TLS files cannot be used: {error}") from None
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of asking for an association."""

    admitted: bool
    """An A-ASSOCIATE-AC came."""
    words: str


def try_association(scu: Scu, before_end: Callable[[], None] = lambda: None) -> Attempt:
    """Ask for an association with Verification; whatever keeps it from coming about is an answer.

    With TLS 1.3 the refusal of a certificate arrives after the client's handshake, so nothing less than
    A-ASSOCIATE-AC shows that it was accepted (RFC 8446 4.4.2.4).  `before_end` is called on the connection.
    Raises Unreachable where there was no connection that could have been refused.
    """
    try:
        with scu.connect() as association:
            try:
                association.send_pdu(scu.request(VERIFICATION))
                answer = association.receive_pdu(awaited="an answer to A-ASSOCIATE-RQ")
            finally:
                before_end()
    except Unreachable as error:
        if error.kind is not UnreachableKind.TLS or isinstance(
            error.__cause__, ssl.SSLCertVerificationError | TimeoutError
        ):
            raise
        return Attempt(False, error.message)
    except ConnectionClosed as closed:
        return Attempt(False, closed.observed)
    except NoAnswer as silence:
        return Attempt(False, str(silence))
    if isinstance(answer, AssociateAccept):
        return Attempt(True, "A-ASSOCIATE-AC")
    words = answer.words() if isinstance(answer, AssociateReject | Abort) else type(answer).__name__
    return Attempt(False, words)
