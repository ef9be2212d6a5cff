"""Whether an archive on this machine answers C-ECHO."""

from __future__ import annotations

from harness.dimse.association import Association
from harness.dimse.errors import DimseError
from harness.dimse.negotiation import contexts
from harness.dimse.pdu import associate_request
from harness.dimse.transport import Address
from harness.scu.echo import echo
from harness.scu.uids import UNCOMPRESSED, VERIFICATION
from harness.target import Target, tls_context

_ATTEMPT = 5.0
"""Seconds for each wait of one attempt."""


def answers_echo(target: Target) -> bool:
    """One association with one C-ECHO: True where it ends in Success."""
    dimse = target.dimse
    request = associate_request(
        dimse.called_ae_title, dimse.calling_ae_title, contexts((VERIFICATION, UNCOMPRESSED))
    )
    try:
        with Association.open(
            Address(dimse.host, dimse.port),
            request,
            deadline=_ATTEMPT,
            tls=None if dimse.tls is None else tls_context(dimse.tls),
        ) as association:
            return echo(association).integer("Status") == 0
    except DimseError:
        return False
