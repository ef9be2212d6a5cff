"""Scu: associations with the product under test, opened the way an ordinary modality or workstation does."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import TYPE_CHECKING
from weakref import WeakSet

from harness.dimse.association import Association
from harness.dimse.errors import AssociationRejected, DimseError, NoAnswer, NotAccepted, PeerViolation
from harness.dimse.negotiation import (
    AsyncWindow,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    contexts,
)
from harness.dimse.pdu import AssociateRequest, associate_request
from harness.dimse.transport import Address
from harness.scu.uids import UNCOMPRESSED, VERIFICATION

if TYPE_CHECKING:
    from harness.dimse.capture import Recorder

REJECTION_RETRIES = 5
"""A transient rejection (PS3.8 9.3.4: congestion, local limit) is tried again this often, a second apart."""
RELEASE_PATIENCE = 5.0
"""Seconds that an A-RELEASE-RP is waited for where nothing depends on it."""

MAXIMUM_CONTEXTS = 127
"""Beside one more; ids are odd and of one byte (PS3.8 9.3.2.2)."""

Proposal = str | tuple[str, Sequence[str]]
"""An abstract syntax, offered in the uncompressed transfer syntaxes, or a pair of it and others."""


@dataclass(frozen=True, slots=True)
class Peer:
    """How to reach the product, and as whom."""

    address: Address
    called_ae_title: str
    calling_ae_title: str
    deadline: float = 30.0
    """Seconds for each wait."""
    tls: ssl.SSLContext | None = None
    server_hostname: str | None = None
    user_identity: UserIdentity | None = None
    source: str = ""
    """The address of this machine to call from; empty: the system's choice."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that the product acknowledged: what has to be cleaned up after the run."""

    sop_class: str
    sop_instance_uid: str
    study_uid: str
    patient_id: str
    status: int


class Served(Association):
    """An association on which something else than its end is asked.

    What the product does with the A-RELEASE-RQ at the end of the block is no part of that question:
    ``association.release.affirmed`` asks it, and one product that only closes the connection would otherwise
    fail every requirement.  `release` itself is as strict as ever.
    """

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None or not self.established:
            super().__exit__(kind, error, trace)
            return
        try:
            self.release(min(RELEASE_PATIENCE, self.deadlines.release))
        except (PeerViolation, NoAnswer):
            self.abort()
        finally:
            self.close()


@dataclass(frozen=True, slots=True)
class Scu:
    """The reference SCU.  Every association it opens is recorded by `recorder`."""

    peer: Peer
    recorder: Recorder | None = None
    on_stored: Callable[[Stored], None] = lambda stored: None
    connected: WeakSet[Served] = field(default_factory=WeakSet, repr=False, compare=False)
    """What was connected by it, or by a more patient copy of it, and is still held by somebody."""

    def patient(self, factor: float) -> Scu:
        """The same with every deadline multiplied."""
        return replace(self, peer=replace(self.peer, deadline=self.peer.deadline * factor))

    def connect(self) -> Served:
        """A TCP (or TLS) connection on which nothing has been said.  Raises Unreachable."""
        association = Served.connect(
            self.peer.address,
            deadline=self.peer.deadline,
            tls=self.peer.tls,
            server_hostname=self.peer.server_hostname,
            source=self.peer.source,
            recorder=self.recorder,
        )
        self.connected.add(association)
        return association

    def abort_open(self) -> None:
        """Abort every association that was left open, so that a product with room for few has it again."""
        for association in tuple(self.connected):
            association.abort()

    def request(
        self,
        *proposals: Proposal,
        calling: str | None = None,
        called: str | None = None,
        maximum_length: int | None = 65536,
        roles: tuple[RoleSelection, ...] = (),
        async_window: AsyncWindow | None = None,
        extended: tuple[ExtendedNegotiation, ...] = (),
        user_identity: UserIdentity | None = None,
    ) -> AssociateRequest:
        """An A-ASSOCIATE-RQ for the product, a presentation context (1, 3, 5 …) for each proposal."""
        pairs = [
            (proposal, UNCOMPRESSED) if isinstance(proposal, str) else proposal for proposal in proposals
        ]
        return associate_request(
            called or self.peer.called_ae_title,
            calling or self.peer.calling_ae_title,
            contexts(*pairs),
            maximum_length=maximum_length,
            roles=roles,
            async_window=async_window,
            extended=extended,
            user_identity=user_identity or self.peer.user_identity,
        )

    def open(
        self,
        *proposals: Proposal,
        calling: str | None = None,
        maximum_length: int | None = 65536,
        roles: tuple[RoleSelection, ...] = (),
        async_window: AsyncWindow | None = None,
        extended: tuple[ExtendedNegotiation, ...] = (),
    ) -> Association:
        """An established association.  A transient rejection is retried; errors as of `Association.open`."""
        request = self.request(
            *proposals,
            calling=calling,
            maximum_length=maximum_length,
            roles=roles,
            async_window=async_window,
            extended=extended,
        )
        return self.negotiate(request)

    def negotiate(self, request: AssociateRequest) -> Association:
        """An association established with this very request.

        One that is rejected because it proposes nothing that the product has is NotAccepted.
        """
        for attempt in range(REJECTION_RETRIES + 1):
            association = self.connect()
            try:
                association.negotiate(request)
            except AssociationRejected as rejection:
                association.close()
                if not rejection.transient:
                    self._require_service(request, rejection)
                    raise
                if attempt == REJECTION_RETRIES:
                    raise
                # The only thing to wait for is that the product has room again, which nothing announces.
                threading.Event().wait(1.0)
            except BaseException:
                association.abort()
                raise
            else:
                return association
        raise AssertionError("unreachable")

    def _require_service(self, request: AssociateRequest, rejection: AssociationRejected) -> None:
        """Raises NotAccepted where a request was rejected since the product has none of its services.

        Whether presentation contexts that are all rejected are answered with A-ASSOCIATE-AC or -RJ is left to
        the product (PS3.8 7.1.1.7).  So the same classes are proposed beside Verification, which it has.
        """
        proposed = [(context.abstract_syntax, context.transfer_syntaxes) for context in request.contexts]
        if not proposed or any(abstract in ("", VERIFICATION) for abstract, _ in proposed):
            return
        beside = self.request(
            VERIFICATION,
            *proposed[:MAXIMUM_CONTEXTS],
            calling=request.calling_ae_title,
            called=request.called_ae_title,
        )
        association = self.connect()
        try:
            association.negotiate(beside)
            accepted = {context.abstract_syntax for context in association.accepted_contexts.values()}
        except DimseError:
            return
        finally:
            association.abort()
        if accepted == {VERIFICATION}:
            raise NotAccepted(
                proposed[0][0], f"the product has no SOP class {proposed[0][0]}: {rejection.reject.words()}"
            ) from None


def open_for(scu: Scu, *sop_classes: str) -> Association:
    """An association for classes that a product may lack; Verification is offered beside them.

    Some products reject an association of which they accept no presentation context, as they may (PS3.8
    7.1.1.7), so that a lack would look like a refusal of the caller.
    """
    return scu.open(*sop_classes, VERIFICATION)
