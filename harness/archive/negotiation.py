"""The acceptor's side of association negotiation: PS3.8 7.1 and PS3.7 Annex D.3.

What is decided is `Semantics`' matter; here it's read from the request and put into the answer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydicom.uid import UID
from pynetdicom.acse import ACSE
from pynetdicom.pdu_primitives import (
    AsynchronousOperationsWindowNegotiation,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)
from pynetdicom.presentation import PresentationContext

if TYPE_CHECKING:
    from .association import ArchiveAssociation

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Role:
    """Roles of the requestor (PS3.7 D.3.3.4)."""

    scu: bool
    scp: bool


@dataclass(frozen=True)
class Rejection:
    """Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True)
class ContextProposal:
    """One proposed presentation context (PS3.8 9.3.2.2)."""

    abstract_syntax: str
    syntaxes: tuple[str, ...]
    role: Role | None
    """The roles that are proposed for its abstract syntax, if any."""


@dataclass(frozen=True)
class ContextAnswer:
    """Result of one presentation context (PS3.8 9.3.3.2): 0 is acceptance."""

    result: int
    transfer_syntax: str


@dataclass(frozen=True)
class Identity:
    """A proposed user identity (PS3.7 D.3.3.7)."""

    kind: int
    primary: bytes
    secondary: bytes
    wants_response: bool


@dataclass(frozen=True)
class IdentityAnswer:
    """`response` None sends no answer item."""

    accepted: bool
    response: bytes | None = None
    rejection: Rejection = Rejection(1, 2, 1)
    """Where it isn't accepted: permanent, by the ACSE related service provider (PS3.7 D.3.3.7.3)."""


@dataclass(frozen=True)
class Caller:
    """Who asks for an association."""

    calling: str
    called: str
    address: str


class Acceptor(ACSE):
    """pynetdicom's ACSE with the acceptor's decisions taken by the archive."""

    def _negotiate_as_acceptor(self) -> None:
        association: ArchiveAssociation = self.assoc  # type: ignore[assignment]
        archive = association.archive
        semantics = archive.semantics
        request = self.requestor.primitive
        assert request is not None
        self.requestor.ae_title = request.calling_ae_title
        caller = Caller(
            request.calling_ae_title.strip(), request.called_ae_title.strip(), association.peer_address
        )
        association.caller = caller
        rejection = semantics.admit(caller, archive.open_associations())
        identity = self._identity()
        if rejection is None and (identity is not None or archive.config.passcodes):
            answer = self._identified(association, identity)
            if not answer.accepted:
                rejection = answer.rejection
            elif answer.response is not None:
                self.acceptor.add_negotiation_item(_identity_response(answer.response))
        if rejection is not None:
            LOGGER.info("association of %s rejected: %s", caller.calling, rejection)
            archive.audit.rejected(caller, rejection)
            self.send_reject(rejection.result, rejection.source, rejection.reason)
            association.is_rejected = True
            association.kill()
            return
        self._answer_items(association)
        self._answer_contexts(association)
        self.send_accept()
        association.is_established = True

    def _identified(self, association: ArchiveAssociation, identity: Identity | None) -> IdentityAnswer:
        """What becomes of an identity; the refusal of one that was guessed at is made to wait."""
        archive = association.archive
        answer = archive.semantics.identify(identity)
        if identity is None:
            return answer
        claim = (association.caller.address, identity.kind, identity.primary)
        if answer.accepted:
            archive.wrong_identities.forget(claim)
        else:
            wrong = archive.wrong_identities.another(claim)
            archive.stopping.wait(archive.semantics.refuses_after(wrong))
        return answer

    def _identity(self) -> Identity | None:
        item = self.requestor.user_identity
        if item is None:
            return None
        return Identity(
            item.user_identity_type or 0,
            item.primary_field or b"",
            item.secondary_field or b"",
            bool(item.positive_response_requested),
        )

    def _answer_items(self, association: ArchiveAssociation) -> None:
        semantics = association.archive.semantics
        for sop_class, offered in self.requestor.sop_class_extended.items():
            answered = semantics.extended_negotiation(str(sop_class), offered or b"")
            if answered is None:
                continue
            association.extended[str(sop_class)] = answered
            item = SOPClassExtendedNegotiation()
            item.sop_class_uid = sop_class
            item.service_class_application_information = answered
            self.acceptor.add_negotiation_item(item)
        offered_window = next(
            (
                (item.maximum_number_operations_invoked, item.maximum_number_operations_performed)
                for item in self.requestor.user_information
                if isinstance(item, AsynchronousOperationsWindowNegotiation)
            ),
            None,
        )
        window = semantics.asynchronous_window(offered_window)
        if window is not None:
            answer = AsynchronousOperationsWindowNegotiation()
            answer.maximum_number_operations_invoked, answer.maximum_number_operations_performed = window
            self.acceptor.add_negotiation_item(answer)

    def _answer_contexts(self, association: ArchiveAssociation) -> None:
        semantics = association.archive.semantics
        offered = {
            str(uid): Role(bool(item.scu_role), bool(item.scp_role))
            for uid, item in self.requestor.role_selection.items()
        }
        answered_roles: dict[str, Role] = {}
        accepted: dict[int, PresentationContext] = {}
        rejected: list[PresentationContext] = []
        request = self.requestor.primitive
        assert request is not None
        definitions = request.presentation_context_definition_list
        proposals = [
            ContextProposal(
                str(one.abstract_syntax),
                tuple(map(str, one.transfer_syntax)),
                offered.get(str(one.abstract_syntax)),
            )
            for one in definitions
        ]
        for definition, proposal, answer in zip(
            definitions, proposals, semantics.answer_contexts(proposals), strict=True
        ):
            abstract = proposal.abstract_syntax
            context = PresentationContext()
            context.context_id = definition.context_id
            context.abstract_syntax = UID(abstract)
            context.transfer_syntax = [answer.transfer_syntax or "1.2.840.10008.1.2"]
            context.result = answer.result
            if answer.result == 0:
                accepted[int(definition.context_id or 0)] = context
                role = semantics.answer_role(abstract, proposal.role)
                if role is not None:
                    answered_roles[abstract] = role
            else:
                rejected.append(context)
        association._accepted_cx = accepted
        association._rejected_cx = rejected
        association.roles = answered_roles
        for abstract, role in answered_roles.items():
            item = SCP_SCU_RoleSelectionNegotiation()
            item.sop_class_uid = UID(abstract)
            item.scu_role, item.scp_role = role.scu, role.scp
            self.acceptor.add_negotiation_item(item)


def _identity_response(response: bytes) -> UserIdentityNegotiation:
    item = UserIdentityNegotiation()
    item.server_response = response
    return item
