"""The statuses that a product returns, each provoked once (PS3.4 B.2.3, C.4.1.1.4, C.4.2.1.5, J.3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from harness.behaviour import StatusAnswer
from harness.dimse.association import Association
from harness.dimse.command import CommandSet
from harness.observing.bounds import Look
from harness.scu.echo import echo
from harness.scu.find import find_with
from harness.scu.get import get_with, open_for_get, storage_for
from harness.scu.identifier import keys_of
from harness.scu.inbox import Received
from harness.scu.offer import NO_SUCH_PATIENT, NO_SUCH_UID
from harness.scu.retrieve import keys_for
from harness.scu.retrieved import altered
from harness.scu.session import Scu
from harness.scu.status import response_to
from harness.scu.store import note_stored, proposals_for, store, store_request
from harness.scu.uids import VERIFICATION, QueryLevel, Root
from harness.synthesis import Identity, SyntheticStudy, new_study

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
REFUSED = 0xA700
"""Out of resources, with which the harness refuses objects (PS3.4 table B.2-1)."""
RARE_KEY = "PatientBirthDateInAlternativeCalendar"
"""An optional key that hardly any product supports (PS3.3 table C.2-3)."""
_CANCEL_AFTER = 20


@dataclass
class Statuses:
    """What was answered so far."""

    scu: Scu
    look: Look
    services: frozenset[str]
    """Those of which the product accepts a SOP class."""
    found: list[StatusAnswer] = field(default_factory=list)
    elements_kept: bool | None = None
    """Whether what was retrieved had every element; None where nothing was."""

    def note(self, command: str, situation: str, response: CommandSet) -> None:
        """Keep the status of a response."""
        answer = StatusAnswer(command, situation, response.integer("Status"))
        if answer not in self.found:
            self.found.append(answer)

    def compare(self, study: SyntheticStudy, received: Sequence[Received]) -> None:
        """Note whether objects that came back are those that were stored, element by element."""
        if received and self.elements_kept is not False:
            self.elements_kept = not altered(study.instances, received)

    def answers_to_nobody(self) -> None:
        """C-ECHO, and C-FIND for what nobody has: an observer's part."""
        with self.look.at("C-ECHO"), self.scu.open(VERIFICATION) as association:
            self.note("C-ECHO", "asked", echo(association))
        self._find("nothing-matches", "STUDY", {"StudyInstanceUID": NO_SUCH_UID})
        self._find("level-missing", None, {"StudyInstanceUID": NO_SUCH_UID})
        self._find("level-not-of-model", "PATIENT", {"PatientID": NO_SUCH_PATIENT}, (Root.STUDY,))

    def answers_about(self, study: SyntheticStudy, identity: Identity) -> None:
        """What a stored study, and objects beside it, are answered with; C-MOVE is for `moving`."""
        self._matches(study)
        self._storage(study, identity)
        self._get(study)

    def _find(
        self,
        situation: str,
        level: str | None,
        keys: Mapping[str, Any],
        roots: tuple[Root, ...] = (Root.STUDY, Root.PATIENT),
    ) -> None:
        if self.look.ended or "find" not in self.services:
            return
        with (
            self.look.at(f"C-FIND, {situation}"),
            self.scu.open(*(root.find for root in roots)) as association,
        ):
            root = _first(association, roots)
            if root is Root.PATIENT:
                keys = {"PatientID": NO_SUCH_PATIENT, **keys}
            matches = find_with(association, root.find, keys_of(level, keys), cancel_after=_CANCEL_AFTER)
            self.note("C-FIND", situation, matches.final)

    def _matches(self, study: SyntheticStudy) -> None:
        if self.look.ended or "find" not in self.services:
            return
        roots = (Root.STUDY, Root.PATIENT)
        with self.look.at("C-FIND, a match"), self.scu.open(*(root.find for root in roots)) as association:
            root = _first(association, roots)
            for situation, more in (("match", {}), ("match-rare-key", {RARE_KEY: None})):
                keys = {**keys_for(root, QueryLevel.STUDY, study), "StudyDate": None, **more}
                matches = find_with(association, root.find, keys_of(QueryLevel.STUDY, keys))
                for response in matches.pending[:1]:
                    self.note("C-FIND", situation, response)
            self.note("C-FIND", "matches-returned", matches.final)

    def _storage(self, study: SyntheticStudy, identity: Identity) -> None:
        """An object, the same again, and one that is not what the request says."""
        if self.look.ended:
            return
        new = new_study(identity, instances=1).instance(0)
        with self.look.at("C-STORE"), self.scu.open(*proposals_for([new])) as association:
            self.note("C-STORE", "new-object", store(self.scu, association, new))
            self.note("C-STORE", "object-again", store(self.scu, association, new))
        odd = new_study(identity, instances=1).instance(0)
        with (
            self.look.at("C-STORE of another SOP class"),
            self.scu.open((MR_IMAGE_STORAGE, (odd.transfer_syntax,))) as association,
        ):
            context = association.context_for(MR_IMAGE_STORAGE)
            request = store_request(association, MR_IMAGE_STORAGE, odd.sop_instance_uid)
            association.send_message(context.id, request, odd.dataset)
            response = response_to(request, association.receive_message())
            note_stored(self.scu, odd, response)
            self.note("C-STORE", "other-sop-class", response)

    def _get(self, study: SyntheticStudy) -> None:
        if self.look.ended or "get" not in self.services:
            return
        root = offered(self.scu, [(root, root.get) for root in (Root.STUDY, Root.PATIENT)])
        if root is None:
            return
        storage = storage_for(study.instances)
        for situation, keys, answer in (
            ("study", keys_for(root, QueryLevel.STUDY, study), 0),
            ("nothing-matches", nobody(root), 0),
            ("object-refused", keys_for(root, QueryLevel.STUDY, study), REFUSED),
        ):
            with self.look.at(f"C-GET, {situation}"), open_for_get(self.scu, root, storage) as association:
                identifier = keys_of(QueryLevel.STUDY, keys)
                brought = get_with(association, root.get, identifier, status_of=partial(_always, answer))
                self.note("C-GET", situation, brought.retrieval.final)
                if situation == "study":
                    self.compare(study, brought.received)


def offered(scu: Scu, models: Sequence[tuple[Root, str]]) -> Root | None:
    """The first model of which the SOP class is accepted."""
    with scu.open(*(uid for _, uid in models)) as association:
        accepted = {context.abstract_syntax for context in association.accepted_contexts.values()}
    return next((root for root, uid in models if uid in accepted), None)


def _first(association: Association, roots: tuple[Root, ...]) -> Root:
    """The first model that was accepted; the last one where none was, of which NotAccepted is raised."""
    accepted = {context.abstract_syntax for context in association.accepted_contexts.values()}
    return next((root for root in roots if root.find in accepted), roots[-1])


def _always(status: int, received: Received) -> int:
    return status


def nobody(root: Root) -> dict[str, Any]:
    """Unique keys at STUDY level that nobody has."""
    keys: dict[str, Any] = {"StudyInstanceUID": NO_SUCH_UID}
    return {"PatientID": NO_SUCH_PATIENT, **keys} if root is Root.PATIENT else keys
