"""Why a first association did not come about, in plain words, and what to do about it."""

from __future__ import annotations

import enum
import ssl
from dataclasses import dataclass

from harness.dimse.errors import (
    AssociationRejected,
    ConnectionClosed,
    DecodeError,
    DimseError,
    NoAnswer,
    NotAccepted,
    PeerAborted,
    Unreachable,
    UnreachableKind,
)
from harness.dimse.pdu import AssociateReject
from harness.registration import client_lines
from harness.target import Target


class Severity(enum.StrEnum):
    """What a finding means for a run."""

    BLOCKING = "blocking"
    """No run is possible."""
    LIMITS = "limits"
    """A part of the requirements cannot be tested."""
    NOTE = "note"
    """Good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stands between the harness and a full run, or that was seen on the way."""

    severity: Severity
    text: str
    """What stands in the way, in plain words."""
    remedy: str = ""
    """What to do, with the exact line of configuration; may have several lines."""


def explain(error: DimseError, target: Target) -> Finding:
    """The finding for an error of the first association or its C-ECHO."""
    text, remedy = _explained(error, target)
    return Finding(Severity.BLOCKING, text, remedy)


def where(target: Target) -> str:
    """``host:port`` for messages."""
    host = target.dimse.host
    return f"[{host}]:{target.dimse.port}" if ":" in host else f"{host}:{target.dimse.port}"


def _explained(error: DimseError, target: Target) -> tuple[str, str]:
    place = where(target)
    if isinstance(error, Unreachable):
        return _unreachable(error, target)
    if isinstance(error, AssociationRejected):
        return _rejected(error.reject, target)
    if isinstance(error, PeerAborted):
        return (
            f"{place} answers the association request with A-ABORT, {error.abort.words()}",
            "the product's log says why; products abort callers that they do not know:\n"
            + client_lines(target),
        )
    if isinstance(error, DecodeError):
        if error.raw.startswith(b"HTTP"[: len(error.raw)]) and error.raw:
            return f"{place} speaks HTTP, not DICOM", "set [dimse] port to the product's DICOM port"
        return (
            f"{place} answers with bytes that are not DICOM ({error})",
            "is [dimse] port the product's DICOM port?",
        )
    if isinstance(error, ConnectionClosed):
        return (
            f"{place} takes the connection and closes it without an answer",
            "is [dimse] port the product's DICOM port? Products and firewalls also close on addresses and"
            " AE titles that they do not know; the product's log says which:\n" + client_lines(target),
        )
    if isinstance(error, NoAnswer):
        return (
            f"{place} takes the connection but does not answer within {error.seconds:g} s",
            "is [dimse] port the product's DICOM port, and is the product ready? A slow product needs a"
            " longer [dimse] deadline",
        )
    if isinstance(error, NotAccepted):
        return (
            f"{place} accepts the association but not the Verification SOP Class, so C-ECHO is impossible",
            'allow C-ECHO for this caller (Orthanc: "DicomAlwaysAllowEcho": true); where the caller has to be'
            " known for that:\n" + client_lines(target),
        )
    return f"{place} does not behave as DICOM demands: {error}", "show this to the product's maker"


# ---------------------------------------------------------------- no connection


def _unreachable(error: Unreachable, target: Target) -> tuple[str, str]:
    place, host = where(target), target.dimse.host
    if error.kind is UnreachableKind.RESOLVE:
        return (
            f"the host name {host!r} does not resolve",
            "correct [dimse] host, or give the address itself",
        )
    if error.kind is UnreachableKind.REFUSED:
        return (
            f"{place} refuses the connection: nothing listens there",
            "start the product, or correct [dimse] port",
        )
    if error.kind is UnreachableKind.TIMEOUT:
        return (
            f"{place} does not answer within {target.dimse.deadline:g} s",
            f"check the address, and whether a firewall lets this machine through to TCP port"
            f" {target.dimse.port}",
        )
    if error.kind is UnreachableKind.NETWORK:
        return f"{place} cannot be reached: {error}", "check [dimse] host and this machine's network"
    return _tls(error, target)


_HOST_MISMATCH = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
_EXPIRED = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""


def is_untrusted(error: Unreachable) -> bool:
    """Whether the product's certificate is what the handshake failed for."""
    return isinstance(error.__cause__, ssl.SSLCertVerificationError)


def _tls(error: Unreachable, target: Target) -> tuple[str, str]:
    place, cause = where(target), error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        text = f"TLS: the certificate of {place} is not trusted: {cause.verify_message}"
        if cause.verify_code in _HOST_MISMATCH:
            return text, 'set [dimse.tls] server_name to the name in the certificate: server_name = "…"'
        if cause.verify_code in _EXPIRED:
            return text, "renew the product's certificate, or set verify = false in [dimse.tls] for a test"
        return text, 'name the authority that signed it in [dimse.tls]: ca_file = "authority.pem"'
    reason = (cause.reason or "") if isinstance(cause, ssl.SSLError) else ""
    tls = target.dimse.tls
    if "CERTIFICATE_REQUIRED" in reason or (
        "HANDSHAKE_FAILURE" in reason and tls is not None and not tls.certificate
    ):
        return (
            f"TLS: {place} ends the handshake; it probably demands a certificate of the harness",
            'give one in [dimse.tls]: certificate = "harness.pem" and key = "harness-key.pem"',
        )
    if any(word in reason for word in ("UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE")):
        return (
            f"TLS: {place} does not accept the harness's certificate ({reason})",
            "make the product trust it, or the authority that signed it",
        )
    if "PROTOCOL" in reason:
        return (
            f"TLS: {place} and the harness have no TLS version in common ({reason})",
            "enable TLS 1.2 or 1.3 in the product",
        )
    return f"TLS: the handshake with {place} fails: {error}", "the product's log says more"


# ---------------------------------------------------------------- A-ASSOCIATE-RJ


def _rejected(reject: AssociateReject, target: Target) -> tuple[str, str]:
    """PS3.8 9.3.4: every source and reason that the standard defines, and those that it does not."""
    called, calling = target.dimse.called_ae_title, target.dimse.calling_ae_title
    place = f"{called} at {where(target)}"
    wire = f"(A-ASSOCIATE-RJ: {reject.words()})"
    match reject.source, reject.reason:
        case 1, 2:
            return (
                f"{place} rejects the DICOM application context, the only one there is {wire}",
                "this is the product's mistake: show it to its maker",
            )
        case 1, 3:
            return (
                f"{place} does not know the calling AE title {calling} {wire}",
                "register it in the product, or set [dimse] calling_ae_title to one that it knows:\n"
                + client_lines(target),
            )
        case 1, 7:
            return (
                f"the product at {where(target)} does not answer to the called AE title {called} {wire}",
                "set [dimse] called_ae_title to the product's own (Orthanc: DicomAet; dcm4chee-arc: its"
                " Network AE; dcmqrscp: the AETable; Conquest: MyACRNema in dicom.ini). Some products,"
                " dcmqrscp for one, say the same to a caller that they do not know:\n" + client_lines(target),
            )
        case 2, 2:
            return (
                f"{place} rejects version 1 of the upper layer protocol, the only one there is {wire}",
                "this is the product's mistake: show it to its maker",
            )
        case 3, 1:
            return (
                f"{place} is congested and takes no association now {wire}",
                "try again when the product has less to do",
            )
        case 3, 2:
            return (
                f"{place} has as many associations as it allows {wire}",
                "close other associations, or raise the product's limit (dcmqrscp: MaxAssociations)",
            )
        case (1, 1) | (2, 1):
            return (
                f"{place} rejects the association without a reason {wire}",
                "the product's log says why; most often AE title or address of the caller are not"
                " registered:\n" + client_lines(target),
            )
    return (
        f"{place} rejects the association for a reason that the standard does not define {wire}",
        "the product's log says why; if the caller is not registered:\n" + client_lines(target),
    )
