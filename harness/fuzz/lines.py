"""The associations on which a campaign stores and brings back, kept open from case to case."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from harness.dimse.association import Association
from harness.dimse.command import CommandSet
from harness.dimse.errors import PeerViolation
from harness.fuzz.cases import DataSetCase, Pace, Sendable
from harness.fuzz.product import Product
from harness.plugin.arranging import eventually
from harness.scu.find import find_with
from harness.scu.get import get_with, open_for_get
from harness.scu.identifier import Identifier, keys_of
from harness.scu.inbox import Received
from harness.scu.move import move_with
from harness.scu.session import Proposal, Scu, Stored
from harness.scu.status import was_done
from harness.scu.store import store_dataset
from harness.scu.uids import IMPLICIT_VR_LITTLE_ENDIAN, QueryLevel, Root

Answer = TypeVar("Answer")


class Lines:
    """Associations with a product, opened when they are needed and again after they ended.

    Every call raises what `harness.dimse` raises; the association it happened on is given up then.
    """

    def __init__(self, product: Product, sendable: Sendable) -> None:
        self.product = product
        self.sendable = sendable
        self._storage = [(sop_class, (syntax,)) for sop_class, syntax in sendable.pairs]
        self.is_one_at_a_time = False
        """Whether no association is kept beside others: the product serves one after the other."""
        self._open: dict[str, Association] = {}
        self._paces: dict[str, Pace] = {}
        """The pace of each association that is open."""

    def close(self) -> None:
        """Release what is open."""
        while self._open:
            _, association = self._open.popitem()
            association.__exit__(None, None, None)

    def drop(self) -> None:
        """Give up what is open without a word: the product has begun anew."""
        for association in self._open.values():
            association.close()
        self._open.clear()

    def store(self, case: DataSetCase, *, pace: Pace = Pace.ORDINARY) -> CommandSet:
        """One C-STORE; the response, whatever its status.  Its answer is waited for at this pace."""

        def ask(association: Association) -> CommandSet:
            return store_dataset(
                association,
                case.dataset,
                sop_class=case.sop_class,
                sop_instance_uid=case.sop_instance_uid,
                transfer_syntax=case.transfer_syntax,
            )

        response = self._on("store", self._open_for(*self._storage), ask, pace)
        status = response.integer("Status")
        if was_done(status):
            stored = Stored(case.sop_class, case.sop_instance_uid, case.study_uid, case.patient_id, status)
            self.product.on_stored(stored)
        return response

    def is_found(self, case: DataSetCase) -> bool:
        """Whether the study of a case is among the matches for its UID, within the time granted."""
        within = self.product.target.dimse.visible_within
        return eventually(lambda: case.study_uid in self.found(case), within)

    def found(self, case: DataSetCase) -> list[str]:
        """Study Instance UIDs of the matches for that of a case.  PeerViolation for no Success."""
        root = self._root(self.product.find)
        keys = self._keys(case, root, QueryLevel.STUDY)

        def ask(association: Association) -> list[str]:
            matches = find_with(association, root.find, keys_of(QueryLevel.STUDY, keys)).require_success()
            return matches.texts("StudyInstanceUID")

        return self._on("find", self._open_for(root.find), ask)

    def match(self, case: DataSetCase, keywords: Iterable[str]) -> Identifier | None:
        """The match for the study of a case, with these keys asked for; None where there is none.

        PeerViolation for no Success.
        """
        root = self._root(self.product.find)
        keys = dict.fromkeys(keywords) | self._keys(case, root, QueryLevel.STUDY)

        def ask(association: Association) -> Identifier | None:
            matches = find_with(association, root.find, keys_of(QueryLevel.STUDY, keys)).require_success()
            return next(
                (one for one in matches.identifiers if one.text("StudyInstanceUID") == case.study_uid), None
            )

        return self._on("find", self._open_for(root.find), ask)

    def brought(self, case: DataSetCase) -> list[Received]:
        """What a retrieval of the object of a case brings.

        PeerViolation where it does not end in Success.  By C-GET where the product has it, else by C-MOVE.
        """
        if self.product.get is None:
            return self._moved(case)
        root = self.product.get
        keys = keys_of(QueryLevel.IMAGE, self._keys(case, root, QueryLevel.IMAGE))

        def ask(association: Association) -> list[Received]:
            came = get_with(association, root.get, keys)
            if came.status != 0 and not came.received:
                raise PeerViolation("PS3.4 C.4.3.1.4", "the object, and Success", came.words)
            return list(came.received)

        return self._on("get", lambda scu: open_for_get(scu, root, self._storage), ask)

    def asked(self, ask: Callable[[Association, str], Answer], *, pace: Pace = Pace.ORDINARY) -> Answer:
        """A query of the caller's making, on a context in Implicit VR Little Endian."""
        root = self._root(self.product.find)
        return self._on(
            "ask",
            self._open_for((root.find, (IMPLICIT_VR_LITTLE_ENDIAN,))),
            lambda association: ask(association, root.find),
            pace,
        )

    @property
    def can_find(self) -> bool:
        """Whether the product can be asked for studies."""
        return self.product.find is not None

    @property
    def can_bring(self) -> bool:
        """Whether objects can be had back."""
        return self.product.get is not None or self.product.move is not None

    def _moved(self, case: DataSetCase) -> list[Received]:
        root, destination = self._root(self.product.move), self.product.destination
        assert destination is not None
        keys = keys_of(QueryLevel.IMAGE, self._keys(case, root, QueryLevel.IMAGE))
        with destination.inbox() as inbox:
            retrieval = self._on(
                "move",
                self._open_for(root.move),
                lambda association: move_with(association, root.move, destination.ae_title, keys),
            )
            received = list(inbox.received)
        if retrieval.status != 0 and not received:
            raise PeerViolation(
                "PS3.4 C.4.2.1.5", "the object, and Success", f"final status 0x{retrieval.status:04X}"
            )
        return received

    def _root(self, root: Root | None) -> Root:
        assert root is not None
        return root

    def _keys(self, case: DataSetCase, root: Root, level: QueryLevel) -> dict[str, str]:
        keys = {"PatientID": case.patient_id} if root is Root.PATIENT else {}
        keys["StudyInstanceUID"] = case.study_uid
        if level is QueryLevel.IMAGE:
            keys |= {"SeriesInstanceUID": case.series_uid, "SOPInstanceUID": case.sop_instance_uid}
        return keys

    def _open_for(self, *proposals: Proposal) -> Callable[[Scu], Association]:
        return lambda scu: scu.open(*proposals)

    def _on(
        self,
        name: str,
        open_: Callable[[Scu], Association],
        ask: Callable[[Association], Answer],
        pace: Pace = Pace.ORDINARY,
    ) -> Answer:
        association = self._open.get(name)
        if association is not None and self._paces[name] is not pace:
            # One of each kind: some products serve four associations, and let the fifth wait.
            self._open.pop(name).__exit__(None, None, None)
            association = None
        if association is None or not association.established:
            association = open_(self.product.scu.patient(pace.value))
            self._open[name], self._paces[name] = association, pace
        try:
            return ask(association)
        except BaseException:
            self._open.pop(name).abort()
            raise
        finally:
            if self.is_one_at_a_time:
                self.close()
