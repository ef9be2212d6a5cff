"""Preflight: what stands between the harness and a full run, found without writing to the product."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace

from harness.destinations import check_destinations
from harness.dimse import transport
from harness.dimse.association import Association
from harness.dimse.errors import (
    ConnectionClosed,
    DecodeError,
    DimseError,
    NoAnswer,
    PeerAborted,
    Unreachable,
    UnreachableKind,
)
from harness.explain import Finding, Severity, explain, is_untrusted, where
from harness.plugin.context import peer_of
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    MODALITY_WORKLIST,
    PERFORMED_STEP,
    PERFORMED_STEP_RETRIEVE,
    SERVICE_NAMES,
    STORAGE_COMMITMENT_PUSH,
    VERIFICATION,
    Root,
)
from harness.target import Target

__all__ = ["Finding", "Greeting", "PreflightBlocked", "Severity", "first_echo", "preflight"]

_PROBE_DEADLINE = 5.0
"""Seconds for the second look at a port that did not answer as expected."""

_OFFERED = (
    *(uid for root in Root for uid in (root.find, root.move, root.get)),
    CT_IMAGE_STORAGE,
    STORAGE_COMMITMENT_PUSH,
    MODALITY_WORKLIST,
    PERFORMED_STEP,
    PERFORMED_STEP_RETRIEVE,
)
"""What is proposed to see which services the product has; nothing is done with it."""

_SERVICES = {"storage": "C-STORE", "find": "C-FIND", "move": "C-MOVE", "get": "C-GET"} | {
    "commitment": "storage commitment"
}
_BESIDES = {"worklist": "Modality Worklist", "mpps": "MPPS", "mpps-retrieve": "MPPS Retrieve"}
"""Services that many a PACS leaves to others: missed only where the claims promise them."""


NO_ENTRIES = """\
add a table [worklist] to the target file, with one of these
    folder = "…"            where the product reads DICOM worklist files (.wl); the harness writes its own
    entries = "FILE.toml"   entries made in the product beforehand: `pacs-harness worklist --output FILE.toml`
                            writes the file that says which"""


class PreflightBlocked(Exception):
    """No run is possible; `finding` says why and what to do."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.text)
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Greeting:
    """How the product introduced itself in its A-ASSOCIATE-AC (PS3.7 D.3.3.2, PS3.8 D.1)."""

    implementation_class_uid: str | None
    implementation_version_name: str | None
    maximum_length: int | None
    """Bytes of a P-DATA-TF that the product takes; 0 unlimited, None not stated."""


def first_echo(target: Target) -> Greeting:
    """One C-ECHO.  Raises PreflightBlocked with the reason, TargetError for unusable TLS files.

    A transient rejection is retried as `Scu.open` does.
    """
    peer = peer_of(target)
    try:
        with Scu(peer).open(VERIFICATION) as association:
            user = association.accepted.user
            response = echo(association)
    except DimseError as error:
        raise PreflightBlocked(_other_protocol(error, target) or explain(error, target)) from error
    if response.integer("Status") != SUCCESS:
        raise PreflightBlocked(
            Finding(
                Severity.BLOCKING,
                f"{where(target)} answers C-ECHO with status {describe(response)}",
                "the product's log says why; is this caller allowed to use C-ECHO there?",
            )
        )
    return Greeting(user.implementation_class_uid, user.implementation_version_name, user.maximum_length)


def preflight(target: Target, *, destinations: bool = True) -> tuple[Finding, ...]:
    """Everything that limits a run against this target; writes nothing to the product.

    ``destinations`` False leaves out the move destinations: no port is opened and no C-MOVE is sent.
    Where the first C-ECHO fails that is the one finding.  Raises TargetError for unusable TLS files.
    """
    try:
        greeting = first_echo(target)
    except PreflightBlocked as blocked:
        return (blocked.finding,)
    scu = Scu(peer_of(target))
    findings = [_greeted(greeting, target)]
    accepted, observed = _services(scu, target)
    findings += observed
    if destinations:
        root = next((root for root in (Root.STUDY, Root.PATIENT) if root.move in accepted), None)
        findings += check_destinations(scu, target, root)
    return tuple(findings)


def _greeted(greeting: Greeting, target: Target) -> Finding:
    length = greeting.maximum_length
    words = "not stated" if length is None else f"{length} bytes" if length else "unlimited"
    return Finding(
        Severity.NOTE,
        f"{target.dimse.called_ae_title} at {where(target)} answers C-ECHO: implementation"
        f" {greeting.implementation_version_name or '(no version name)'}"
        f" ({greeting.implementation_class_uid or 'no class UID'}), maximum PDU length {words}",
    )


# ---------------------------------------------------------------- TLS against plain text


def _other_protocol(error: DimseError, target: Target) -> Finding | None:
    """The finding where one side speaks TLS and the other does not, seen by trying the other way."""
    tls = target.dimse.tls
    if tls is None and isinstance(error, DecodeError | ConnectionClosed | NoAnswer | PeerAborted):
        if _speaks_tls(target):
            return Finding(
                Severity.BLOCKING,
                f"{where(target)} speaks TLS, and the target file says plain DICOM",
                "add a table [dimse.tls] to the target file (ca_file names the authority of the product's"
                " certificate), or set [dimse] port to the product's plain DICOM port",
            )
    elif (
        tls is not None
        and isinstance(error, Unreachable)
        and error.kind is UnreachableKind.TLS
        and not is_untrusted(error)
        and _speaks_plain(target)
    ):
        return Finding(
            Severity.BLOCKING,
            f"{where(target)} speaks DICOM without TLS, and the target file says TLS",
            "remove the table [dimse.tls] from the target file, or set [dimse] port to the product's TLS"
            " port",
        )
    return None


def _speaks_tls(target: Target) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    address = transport.Address(target.dimse.host, target.dimse.port)
    try:
        transport.connect(address, _PROBE_DEADLINE, context).close()
    except Unreachable as error:
        # An alert is TLS as well: the product speaks it and declines ours.
        return isinstance(error.__cause__, ssl.SSLError) and "ALERT" in (error.__cause__.reason or "")
    return True


def _speaks_plain(target: Target) -> bool:
    peer = replace(peer_of(target), tls=None, deadline=_PROBE_DEADLINE)
    scu = Scu(peer)
    try:
        association: Association = scu.connect()
        try:
            association.send_pdu(scu.request(VERIFICATION))
            association.receive_pdu()
        finally:
            association.abort()
    except DimseError:
        return False
    return True


# ---------------------------------------------------------------- services


def _services(scu: Scu, target: Target) -> tuple[frozenset[str], list[Finding]]:
    """The abstract syntaxes that are accepted, by negotiation alone."""
    try:
        with scu.open(*_OFFERED) as association:
            accepted = frozenset(item.abstract_syntax for item in association.accepted_contexts.values())
    except DimseError as error:
        finding = explain(error, target)
        text = f"which services the product has could not be seen: {finding.text}"
        return frozenset(), [Finding(Severity.LIMITS, text, finding.remedy)]
    names = [SERVICE_NAMES.get(uid, ("", "CT Image Storage"))[1] for uid in _OFFERED if uid in accepted]
    findings = [Finding(Severity.NOTE, "accepted in negotiation: " + (", ".join(names) or "none"))]
    besides = {service: words for service, words in _BESIDES.items() if target.promises(service)}
    for service, words in (_SERVICES | besides).items():
        uids = [uid for uid in _OFFERED if SERVICE_NAMES.get(uid, ("storage", ""))[0] == service]
        if not accepted.intersection(uids):
            promised = target.promises(service)
            but = ", although [claims] services promises it" if promised else ""
            findings.append(
                Finding(
                    Severity.LIMITS,
                    f"the product does not accept {words} from {target.dimse.calling_ae_title}{but}",
                    "where the product has it, allow it for this AE title"
                    + ("" if promised else "; else its requirements are reported as not supported"),
                )
            )
    if MODALITY_WORKLIST in accepted and not (target.worklist.folder or target.worklist.entries):
        findings.append(
            Finding(
                Severity.LIMITS,
                "the target file does not say where the entries of the product's Modality Worklist come from",
                NO_ENTRIES,
            )
        )
    return accepted, findings
