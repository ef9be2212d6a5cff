"""Whom a product talks to: AE titles, TLS, user identity, associations at once; by negotiation alone."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from harness.behaviour import Policies
from harness.dimse.association import Association
from harness.dimse.errors import AssociationRejected, DimseError
from harness.dimse.negotiation import IdentityType, UserIdentity
from harness.observing.bounds import Look
from harness.scu.session import Scu, Served
from harness.scu.uids import VERIFICATION

SIMULTANEOUS = 16
"""Associations that are opened at once, at most."""
PROBE = 3.0
"""Seconds within which one of many associations has to be answered to count."""
NO_SUCH_TITLE = "PHTESTNOBODY"


def policies(scu: Scu, look: Look) -> Policies:
    """What negotiation shows; nothing is sent on the associations."""
    seen = Policies()
    with look.at("whether the called AE title is checked"):
        seen = replace(seen, checks_called_ae_title=_is_rejected(scu, called=NO_SUCH_TITLE))
    if not look.ended:
        with look.at("whether the calling AE title is checked"):
            seen = replace(seen, checks_calling_ae_title=_is_rejected(scu, calling=NO_SUCH_TITLE))
    if not look.ended:
        with look.at("user identity"):
            seen = replace(seen, user_identity=_user_identity(scu))
    if not look.ended and scu.peer.tls is not None:
        with look.at("TLS"), scu.open(VERIFICATION) as association:
            version, suite = _tls(association)
            seen = replace(seen, tls_version=version, tls_cipher_suite=suite)
    return seen


def _is_rejected(scu: Scu, *, called: str | None = None, calling: str | None = None) -> bool:
    """Whether an association with that AE title is rejected for good.  A transient rejection is raised."""
    try:
        with scu.negotiate(scu.request(VERIFICATION, called=called, calling=calling)):
            return False
    except AssociationRejected as rejection:
        if rejection.transient:
            raise
        return True


def _user_identity(scu: Scu) -> str:
    """What becomes of an identity for which a response is asked (PS3.7 D.3.3.7)."""
    own = scu.peer.user_identity or UserIdentity(IdentityType.USERNAME, b"PHTEST")
    request = scu.request(VERIFICATION, user_identity=replace(own, response_requested=1))
    try:
        with scu.negotiate(request) as association:
            answered = association.accepted.user.user_identity_response is not None
            return "confirmed" if answered else "accepted"
    except AssociationRejected as rejection:
        if rejection.transient:
            raise
        return "rejected"


def _tls(association: Association) -> tuple[str, str]:
    sock = association.connection.sock
    version, cipher = getattr(sock, "version", None), getattr(sock, "cipher", None)
    if version is None or cipher is None:
        return "", ""
    suite = cipher()
    return str(version() or ""), str(suite[0]) if suite else ""


def simultaneous(scu: Scu) -> int | None:
    """How many associations it holds at once, `SIMULTANEOUS` at most; None where it holds not even one."""
    one = Scu(replace(scu.peer, deadline=min(PROBE, scu.peer.deadline)))
    request = one.request(VERIFICATION)
    held: list[Served] = []
    try:
        for _ in range(SIMULTANEOUS):
            association = one.connect()
            try:
                # Not by `Scu.open`, which would wait until the product has room again.
                association.negotiate(request)
            except DimseError:
                association.abort()
                break
            held.append(association)
    finally:
        for association in held:
            with contextlib.suppress(DimseError):
                association.release()
            association.close()
    return len(held) or None
