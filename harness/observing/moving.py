"""What a product does towards others: as Storage SCU in a C-MOVE, and with results of storage commitment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.behaviour import Initiated, ProposedClass
from harness.dimse.pdu import AssociateRequest
from harness.observing.bounds import Look
from harness.observing.statuses import REFUSED, Statuses, nobody, offered
from harness.plugin.committing import open_as
from harness.scu.catalogue import name_of
from harness.scu.commitment import commit, references_to
from harness.scu.destination import Destination
from harness.scu.inbox import Received, StatusOf, success
from harness.scu.move import move
from harness.scu.retrieve import Retrieval, keys_for
from harness.scu.session import Scu
from harness.scu.status import MOVE_DESTINATION_UNKNOWN, describe
from harness.scu.uids import STORAGE_COMMITMENT_PUSH, QueryLevel, Root
from harness.synthesis import SyntheticStudy

NO_SUCH_DESTINATION = "PHTESTNOBODY"
COMMITTED_WITHIN = 10.0
"""Seconds for a result of storage commitment, at most: nothing but its association is looked at."""


@dataclass
class Moving:
    """The look at it, with the harness's own destination, which has to be registered in the product."""

    scu: Scu
    destination: Destination
    statuses: Statuses
    look: Look

    def moved(self, study: SyntheticStudy) -> tuple[tuple[Initiated, ...], tuple[str, ...]]:
        """What it opened to send a study, and the SOP classes of what it was to send."""
        if "move" not in self.statuses.services:
            return (), ()
        root = offered(self.scu, [(root, root.move) for root in (Root.STUDY, Root.PATIENT)])
        if root is None:
            return (), ()
        self._nothing(root, study)
        keys = keys_for(root, QueryLevel.STUDY, study)
        with self.look.at("C-MOVE"):
            retrieval, requests, received = self._move(root, keys, success)
            if retrieval.status == MOVE_DESTINATION_UNKNOWN or not requests:
                self.look.remarks.append(
                    f"what it proposes when it sends objects: nothing came to {self.destination.ae_title}, "
                    f"final status {describe(retrieval.final)}; is that destination registered?"
                )
                return (), ()
            self.statuses.note("C-MOVE", "study", retrieval.final)
            self.statuses.compare(study, received)
            refusal, refused, _ = self._move(root, keys, lambda received: REFUSED)
            if refused:
                self.statuses.note("C-MOVE", "object-refused", refusal.final)
            classes = tuple(dict.fromkeys(one.sop_class for one in study.instances))
            return tuple(dict.fromkeys(initiated("C-MOVE", request) for request in requests)), classes
        return (), ()

    def _nothing(self, root: Root, study: SyntheticStudy) -> None:
        """Moves that can bring nothing."""
        keys = keys_for(root, QueryLevel.STUDY, study)
        with self.look.at("C-MOVE to nobody"):
            answer = move(self.scu, root, QueryLevel.STUDY, NO_SUCH_DESTINATION, keys)
            self.statuses.note("C-MOVE", "unknown-destination", answer.final)
        with self.look.at("C-MOVE of nothing"):
            answer = move(self.scu, root, QueryLevel.STUDY, self.destination.ae_title, nobody(root))
            self.statuses.note("C-MOVE", "nothing-matches", answer.final)

    def _move(
        self, root: Root, keys: dict[str, Any], status_of: StatusOf
    ) -> tuple[Retrieval, tuple[AssociateRequest, ...], tuple[Received, ...]]:
        with self.destination.inbox(status_of=status_of) as inbox:
            retrieval = move(self.scu, root, QueryLevel.STUDY, self.destination.ae_title, keys)
            return retrieval, tuple(inbox.requests), tuple(inbox.received)

    def committed(self, study: SyntheticStudy, within: float) -> tuple[Initiated, ...]:
        """What it opened to report the result of storage commitment, and its answer to the request."""
        with self.look.at("storage commitment"):
            association = open_as(self.scu, self.destination.ae_title)
            try:
                with self.destination.inbox() as inbox:
                    outcome = commit(
                        association,
                        inbox,
                        f"{study.study_uid}.9",
                        references_to(study.instances),
                        within=min(within, COMMITTED_WITHIN),
                        release=True,
                    )
                    self.statuses.note("N-ACTION", "objects-it-has", outcome.response)
                    requests = tuple(inbox.requests)
            finally:
                association.abort()
            return tuple(
                initiated("Storage Commitment", request)
                for request in requests
                if any(one.abstract_syntax == STORAGE_COMMITMENT_PUSH for one in request.contexts)
            )[:1]
        return ()


def initiated(purpose: str, request: AssociateRequest) -> Initiated:
    """What stands in an A-ASSOCIATE-RQ of the product; a SOP class once, with all its transfer syntaxes."""
    user = request.user
    syntaxes: dict[str, dict[str, None]] = {}
    for context in request.contexts:
        proposed = syntaxes.setdefault(context.abstract_syntax.rstrip("\0 "), {})
        proposed |= dict.fromkeys(uid.rstrip("\0 ") for uid in context.transfer_syntaxes)
    as_scp = {role.sop_class.rstrip("\0 ") for role in user.roles if role.scp}
    window = user.async_window
    return Initiated(
        purpose=purpose,
        calling_ae_title=request.calling_ae_title.strip(" "),
        implementation_class_uid=user.implementation_class_uid or "",
        implementation_version_name=user.implementation_version_name or "",
        maximum_length=user.maximum_length,
        async_window=(window.invoked, window.performed) if window else None,
        classes=tuple(
            ProposedClass(uid, name_of(uid), tuple(proposed), uid in as_scp)
            for uid, proposed in syntaxes.items()
        ),
    )
