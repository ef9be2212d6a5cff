"""What can go wrong on the wire, told apart by whose doing it is.

`PeerViolation` and its kinds are the peer's; every other `DimseError` is the caller's, the network's,
or plain silence.  The upper layer classes live here only by name: the PDU that caused an error is
carried as an attribute, typed in `harness.dimse.pdu`.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.dimse.pdu import Abort, AssociateReject, Pdu

RAW_LIMIT = 4096
"""Bytes of evidence that an error carries at most."""


class DimseError(Exception):
    """Anything that the wire layer raises on purpose."""


class PeerViolation(DimseError):
    """The peer sent what the standard forbids, or did not send what it demands.

    `clause` names the clause (``PS3.8 9.3.5``), `expected` and `observed` are words for people,
    `raw` holds the offending bytes, the first 4096 at most.
    """

    def __init__(self, clause: str, expected: str, observed: str, raw: bytes = b"") -> None:
        super().__init__(clause, expected, observed)
        self.clause = clause
        self.expected = expected
        self.observed = observed
        self.raw = bytes(raw[:RAW_LIMIT])

    def __str__(self) -> str:
        return f"{self.clause}: expected {self.expected}; observed {self.observed}"


class DecodeError(PeerViolation):
    """Bytes that are no legal PDU, command set or data set."""


class UnexpectedPdu(PeerViolation):
    """A legal PDU that the state of the association does not allow; `pdu` is that PDU."""

    def __init__(self, clause: str, expected: str, observed: str, pdu: Pdu, raw: bytes = b"") -> None:
        super().__init__(clause, expected, observed, raw)
        self.pdu = pdu


class ReleaseRequested(UnexpectedPdu):
    """The peer asked to release the association where a message was awaited.

    For an acceptor this is the ordinary end: answer it with `Association.confirm_release`.
    """


class PeerAborted(PeerViolation):
    """The peer sent A-ABORT; `abort` is that PDU (source, reason)."""

    def __init__(self, clause: str, expected: str, observed: str, abort: Abort, raw: bytes = b"") -> None:
        super().__init__(clause, expected, observed, raw)
        self.abort = abort


class ConnectionClosed(PeerViolation):
    """The peer closed or reset the TCP connection where it should not."""


class AssociationRejected(PeerViolation):
    """The peer sent A-ASSOCIATE-RJ; `reject` is that PDU (result, source, reason)."""

    def __init__(
        self, clause: str, expected: str, observed: str, reject: AssociateReject, raw: bytes = b""
    ) -> None:
        super().__init__(clause, expected, observed, raw)
        self.reject = reject

    @property
    def transient(self) -> bool:
        """Whether a later try may succeed (PS3.8 9.3.4, result 2)."""
        return self.reject.result == 2


class NoAnswer(DimseError):
    """The deadline passed without the awaited bytes: `seconds` waited, `awaited` in words."""

    def __init__(self, seconds: float, awaited: str) -> None:
        super().__init__(seconds, awaited)
        self.seconds = seconds
        self.awaited = awaited

    def __str__(self) -> str:
        return f"no answer within {self.seconds:g} s: {self.awaited}"


class UnreachableKind(enum.Enum):
    """Why no connection came about."""

    RESOLVE = "the name does not resolve"
    REFUSED = "the connection was refused"
    TIMEOUT = "no answer to the connection attempt"
    NETWORK = "the network has no way there"
    TLS = "the TLS handshake failed"


class Unreachable(DimseError):
    """No connection to the peer; `kind` says why, the message says what to do about it."""

    def __init__(self, kind: UnreachableKind, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        return self.message


class NotAccepted(DimseError):
    """The association has no accepted presentation context for `abstract_syntax`."""

    def __init__(self, abstract_syntax: str, message: str) -> None:
        super().__init__(abstract_syntax, message)
        self.abstract_syntax = abstract_syntax
        self.message = message

    def __str__(self) -> str:
        return self.message


class MisuseError(DimseError):
    """The caller's fault: a value that cannot be encoded, a call in the wrong state."""
