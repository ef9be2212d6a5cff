"""Associations that the archive itself requests: to move destinations, and for commitment results."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydicom.uid import UID
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AddressInformation

from .association import ArchiveAssociation
from .config import Destination
from .transport import TimedSocket

if TYPE_CHECKING:
    from .server import Archive

LOGGER = logging.getLogger(__name__)
#: Contexts of one association: IDs are odd and below 256 (PS3.8 9.3.2.2).
CONTEXT_LIMIT = 128


class NotAssociated(RuntimeError):
    """The peer wasn't reached, or didn't take the association: the message says which."""


def open_association(
    archive: Archive,
    peer: Destination,
    contexts: Sequence[tuple[str, Sequence[str]]],
    scp_roles: Sequence[str] = (),
) -> ArchiveAssociation:
    """Open an association for (abstract syntax, transfer syntaxes) contexts, 128 at most.

    `scp_roles` are SOP classes that the archive offers to be the SCP of. Raises NotAssociated.
    """
    association = ArchiveAssociation(archive, "requestor")
    association.connection_timeout = archive.config.operation_timeout
    association.acse_timeout = archive.config.operation_timeout
    sock = TimedSocket(association, address=AddressInformation.from_tuple(("", 0)))
    if peer.tls:
        sock.tls_args = (_client_context(archive), peer.host)
    association.set_socket(sock)
    association.acceptor.ae_title = peer.ae_title
    association.acceptor.address_info = AddressInformation.from_addr_port(peer.host, peer.port)
    association.requestor.address_info = AddressInformation.from_tuple(("", 0))
    association.requestor.ae_title = archive.config.ae_title
    association.requestor.maximum_length = archive.config.maximum_length
    association.requestor.implementation_class_uid = archive.ae.implementation_class_uid
    association.requestor.implementation_version_name = archive.ae.implementation_version_name
    for uid in scp_roles:
        item = SCP_SCU_RoleSelectionNegotiation()
        item.sop_class_uid, item.scu_role, item.scp_role = UID(uid), False, True
        association.requestor.add_negotiation_item(item)
    association.requestor.requested_contexts = [
        _context(2 * number + 1, abstract, syntaxes) for number, (abstract, syntaxes) in enumerate(contexts)
    ]
    try:
        association.request()
    except Exception as error:  # pynetdicom's own errors have no common base
        close(association)
        raise NotAssociated(f"{peer.ae_title} at {peer.host}:{peer.port}: {error}") from error
    if not association.is_established:
        why = "rejected the association" if association.is_rejected else "isn't reachable or aborted"
        close(association)
        raise NotAssociated(f"{peer.ae_title} at {peer.host}:{peer.port} {why}")
    if sock.socket is not None:
        sock.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return association


def _context(number: int, abstract: str, syntaxes: Sequence[str]) -> PresentationContext:
    context = PresentationContext()
    context.context_id = number
    context.abstract_syntax = UID(abstract)
    context.transfer_syntax = [UID(uid) for uid in syntaxes]
    return context


def _client_context(archive: Archive) -> ssl.SSLContext:
    """TLS towards a destination: our certificate, the peer's checked against the authority that we know."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # DICOM names peers by address and AE title
    files = archive.config.tls
    if files is not None:
        context.load_cert_chain(files.certificate, files.key)
    if files is not None and files.client_authority is not None:
        context.load_verify_locations(files.client_authority)
    else:
        context.verify_mode = ssl.CERT_NONE
    return context


def close(association: ArchiveAssociation) -> None:
    """Release an association that is open, and free its connection and thread."""
    if association.is_open:
        with contextlib.suppress(Exception):  # it's over either way
            association.acse.negotiate_release()
    association.kill()
