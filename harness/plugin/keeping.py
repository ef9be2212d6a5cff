"""Objects of unusual encoding: stored as they are, brought back, and what has become of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydicom.uid import UID

from harness.dimse.capture import Recorder
from harness.dimse.command import CommandSet
from harness.dimse.difference import Difference, DifferenceKind, summary
from harness.dimse.errors import NotAccepted, PeerViolation
from harness.dimse.negotiation import ExtendedNegotiation
from harness.plugin.arranging import get_agreed
from harness.plugin.fixtures import Corpus
from harness.plugin.outcomes import ArrangementFailed, NotSupported
from harness.plugin.studies import VISIBLE_REPORTER, await_visible
from harness.scu.destination import Destination
from harness.scu.get import storage_for
from harness.scu.inbox import Received, answering
from harness.scu.kept import changes
from harness.scu.move import move
from harness.scu.retrieved import damaged, odd_ones
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe, is_warning
from harness.scu.store import association_for, store_as_encoded
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    QueryLevel,
    Root,
)
from harness.synthesis import SyntheticInstance, assemble
from harness.synthesis.shapes import Shape, in_implicit, with_elements
from harness.target import Target

Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]

FULL = 2
"""Storage Level 2: every element is kept (PS3.4 B.4.1.1)."""
COERCED = 0xB000
"""Coercion of Data Elements (PS3.4 table B.2-1)."""
SCU_ONLY = bytes((3, 0, 0, 0, 2, 0))
"""Storage extended negotiation of a requestor that is no SCP (PS3.4 table B.3-1)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One object, how its C-STORE was answered, and what came back of it."""

    instance: SyntheticInstance
    response: CommandSet
    is_found: bool = False
    received: tuple[Received, ...] = ()

    @property
    def is_stored(self) -> bool:
        """Whether the product acknowledged it: Success, or a warning."""
        status = self.response.integer("Status")
        return status == SUCCESS or is_warning(status)

    @property
    def unread(self) -> str:
        """How the object was not understood, in words: refused, gone, or without its identity and pixels.

        They stand behind every odd element, so who loses his way in one loses them.
        """
        if not self.is_stored:
            return f"a valid object was answered {describe(self.response)}"
        if not self.is_found:
            return f"the object was answered {describe(self.response)}, and is not found"
        return odd_ones([self.instance], self.received) or damaged([self.instance], self.received)

    @property
    def changed(self) -> list[Difference]:
        """The elements that did not come back as they were.

        Other values of standard attributes count as corrected where the product said so (PS3.4 B.4.1.3).
        """
        corrected = self.response.integer("Status") == COERCED
        return [
            entry
            for received in self.received
            for entry in changes(self.instance, received)
            if not (corrected and entry.kind is DifferenceKind.VALUE and not entry.tag >> 16 & 1)
        ]

    @property
    def lost(self) -> str:
        """`unread`, or the elements that did not come back as they were, in words."""
        if words := self.unread:
            return words
        found = self.changed
        return summary(found) if found else ""


@dataclass(frozen=True, slots=True)
class Keeper:
    """Stores objects byte for byte, and brings them back."""

    scu: Scu
    corpus: Corpus
    target: Target
    bring: Bring
    destination: Callable[[], Destination]
    """The harness's own; NotTested where there is none."""
    recorder: Recorder

    def object_with(self, *shapes: Shape, of: SyntheticInstance | None = None) -> SyntheticInstance:
        """A CT image (or ``of``) with elements of these shapes, in Explicit VR Little Endian."""
        base = of or self.corpus.new_study().instance(0)
        return replace(base, dataset=with_elements(base.dataset, *shapes))

    def keep(self, instance: SyntheticInstance, *, as_it_is: bool = False) -> Kept:
        """Store these very bytes, see `stored`, and bring them back where they are found."""
        kept = self.stored(instance, as_it_is=as_it_is)
        if not kept.is_found:
            return kept
        return replace(kept, received=self.bring([instance]))

    def stored(self, instance: SyntheticInstance, *, as_it_is: bool = False) -> Kept:
        """Store these very bytes and, where they are acknowledged, wait until they are found.

        A product that takes the default transfer syntax alone gets what is in Explicit VR without its VRs,
        unless they are what matters (``as_it_is``).  NotSupported where it takes neither.
        ArrangementFailed where the product says that it gave the object other UIDs to be found by.
        """
        try:
            kept = Kept(instance, store_as_is(self.scu, instance))
        except NotSupported:
            default = None if as_it_is else in_default_syntax(instance)
            if default is None:
                raise
            kept = Kept(default, store_as_is(self.scu, default))
            instance = default
        if not kept.is_stored:
            return kept
        within = self.target.dimse.visible_within
        is_found = await_visible(self.scu, assemble([instance])[0], within)
        if not is_found and kept.response.integer("Status") == COERCED:
            raise ArrangementFailed(VISIBLE_REPORTER, "not found by its UIDs, which may have been coerced")
        return replace(kept, is_found=is_found)

    def wrong(self, *shapes: Shape, of: SyntheticInstance | None = None) -> str:
        """Keep a CT image (or ``of``) with elements of these shapes; what is wrong with it; see `judged`."""
        return self.judged(self.keep(self.object_with(*shapes, of=of)))

    def judged(self, kept: Kept) -> str:
        """What is wrong with a kept object, in words (PS3.4 B.4.1.1).

        An archive of Storage Level 2 keeps every element.  One of a lower level may discard elements, but
        what it gives back has to be what it was given.
        """
        if words := kept.unread:
            return words
        found = self.broken(kept.changed)
        return summary(found) if found else ""

    def broken(self, found: list[Difference]) -> list[Difference]:
        """Those changes that no level of support allows, or else, at Storage Level 2, all of them."""
        never = [entry for entry in found if entry.kind is not DifferenceKind.MISSING]
        return never or (found if found and self.level() == FULL else [])

    def level(self) -> int | None:
        """The level of support that is claimed, or else answered to extended negotiation.

        PS3.4 B.3.1.2, B.4.1.1; None where the product says nothing.
        """
        claimed = self.target.claims.storage_level
        return negotiated_level(self.scu) if claimed is None else claimed

    def bring_in(self, instance: SyntheticInstance, transfer_syntax: str) -> Received:
        """Bring an object back in this transfer syntax alone: by C-GET, or else by C-MOVE.

        NotSupported where the product does not send it so: which syntaxes it sends is its choice, and how it
        says that it does not is a question to retrieval.
        """
        keys = {
            "StudyInstanceUID": instance.text("StudyInstanceUID"),
            "SeriesInstanceUID": instance.text("SeriesInstanceUID"),
            "SOPInstanceUID": instance.sop_instance_uid,
        }
        try:
            storage = storage_for([instance], (transfer_syntax,))
            received = get_agreed(self.scu, Root.STUDY, QueryLevel.IMAGE, storage, keys).received
        except PeerViolation as violation:
            raise NotSupported(f"the product does not send it in {transfer_syntax}: {violation}") from None
        except NotAccepted:
            receiver = self.destination()
            with receiver.inbox(self.recorder, answer=answering(syntaxes=[transfer_syntax])) as inbox:
                move(self.scu, Root.STUDY, QueryLevel.IMAGE, receiver.ae_title, keys)
                received = tuple(inbox.received)
        if len(received) != 1:
            raise NotSupported(f"the product does not send the object in {transfer_syntax}")
        return received[0]


def in_default_syntax(instance: SyntheticInstance) -> SyntheticInstance | None:
    """The same elements in Implicit VR Little Endian; None for what has no such form."""
    if instance.transfer_syntax != EXPLICIT_VR_LITTLE_ENDIAN:
        return None
    try:
        dataset = in_implicit(instance.dataset)
    except ValueError:
        return None
    return replace(instance, transfer_syntax=IMPLICIT_VR_LITTLE_ENDIAN, dataset=dataset)


def store_as_is(scu: Scu, instance: SyntheticInstance) -> CommandSet:
    """Store these very bytes.  NotSupported where the product does not take the transfer syntax."""
    try:
        with association_for(scu, instance.sop_class, instance.transfer_syntax) as association:
            return store_as_encoded(scu, association, instance)
    except NotAccepted:
        what = f"{UID(instance.sop_class).name} in {UID(instance.transfer_syntax).name}"
        raise NotSupported(f"the product does not take {what}") from None


def negotiated_level(scu: Scu) -> int | None:
    """The level of support that the product answers to Storage extended negotiation (PS3.4 B.3.1.2)."""
    offer = ExtendedNegotiation(CT_IMAGE_STORAGE, SCU_ONLY)
    with scu.open(CT_IMAGE_STORAGE, extended=(offer,)) as association:
        answers = association.accepted.user.extended
    return next(
        (one.data[0] for one in answers if one.sop_class.strip("\0 ") == CT_IMAGE_STORAGE and one.data), None
    )
