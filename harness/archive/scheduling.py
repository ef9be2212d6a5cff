"""What the archive decides of worklist and performed steps: the part of `Semantics` for PS3.4 K and F."""

from __future__ import annotations

from uuid import uuid4

from . import identifiers, matching, performed, worklist
from .attributes import Attribute, AttributeSet
from .performed import PerformedStep
from .status import PENDING, PENDING_WARNING, Answer
from .worklist import WorklistQuery


class Scheduling:
    """The reference behaviour."""

    # -- modality worklist (PS3.4 K) --------------------------------------------------------------------

    def worklist_query(self, identifier: AttributeSet, strange: frozenset[int]) -> WorklistQuery:
        """A worklist query from its identifier. Raises Refused."""
        return worklist.understand(identifier, strange)

    def scheduled_items(self, entry: AttributeSet) -> list[AttributeSet]:
        """The worklist items of an entry: one for each scheduled step (K.6.1.2.1)."""
        return worklist.steps_of(entry)

    def shown_item(self, item: AttributeSet, performed_as: tuple[str, ...]) -> AttributeSet | None:
        """An item as the worklist shows it, given the states of the performed steps that refer to it.

        A completed one is gone, one in progress is STARTED (PS3.3 C.4.10), a discontinued one is scheduled as
        before (PS3.4 F.1.5 leaves that to the information system).
        """
        if "COMPLETED" in performed_as:
            return None
        return worklist.with_status(item, "STARTED") if "IN PROGRESS" in performed_as else item

    def match_item(self, query: WorklistQuery, item: AttributeSet) -> bool:
        """All keys of a query against a worklist item. Raises InvalidKey."""
        matched = [
            self.match_step(key.items[0], worklist.step_of(item))
            if tag == worklist.STEP_SEQUENCE and key.items
            else self.match_scheduled(key, item.get(tag), tag)
            for tag, key in query.matched.items()
        ]
        return all(matched)

    def match_step(self, keys: AttributeSet, step: AttributeSet) -> bool:
        """All keys of the step sequence's item against one scheduled step. Raises InvalidKey."""
        taken: frozenset[int] = frozenset()
        matched = []
        if worklist.combines(keys):
            taken = frozenset((worklist.START_DATE, worklist.START_TIME))
            matched.append(self.match_start(keys, step))
        matched += [
            self.match_scheduled(key, step.get(tag), tag)
            for tag, key in keys.elements.items()
            if tag not in taken and tag not in worklist.RETURN_ONLY
        ]
        return all(matched)

    def match_start(self, keys: AttributeSet, step: AttributeSet) -> bool:
        """Ranges of start date and start time together are one period (table K.6-1). Raises InvalidKey."""
        date, time = worklist.START_DATE, worklist.START_TIME
        for tag, vr in ((date, "DA"), (time, "TM")):
            # Each end by itself: a period may end at an earlier hour than it begins.
            for end in keys.text(tag).split("-"):
                if end.strip():
                    matching.precise(end, vr)
        if not step.text(date) or not step.text(time):
            return False
        return matching.match_combined(keys.text(date), keys.text(time), step.text(date), step.text(time))

    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        """One key against one attribute; an unknown value matches no key (K.2.2.1.1.1). Raises
        InvalidKey.
        """
        return matching.matches(key, candidate, unknown=False)

    def item_response(self, query: WorklistQuery, item: AttributeSet) -> AttributeSet:
        """The identifier of a match (K.4.1.1.3.2)."""
        return worklist.response_attributes(query, item)

    def encode_item(self, query: WorklistQuery, attributes: AttributeSet, transfer_syntax: str) -> bytes:
        """The bytes of a response identifier, in a character set that holds them."""
        return identifiers.encode_response(query, attributes, transfer_syntax)

    def worklist_pending(self, query: WorklistQuery) -> int:
        """FF00H, or FF01H if an optional key wasn't supported (table K.4-1)."""
        return PENDING_WARNING if query.unsupported else PENDING

    def obeys_worklist_cancel(self) -> bool:
        """Whether a C-CANCEL ends the matching (K.4.1.3)."""
        return True

    def worklist_final(self, answer: Answer) -> Answer:
        """The final answer of a worklist query before it's sent."""
        return answer

    # -- modality performed procedure step (PS3.4 F.7, F.8) ---------------------------------------------

    def new_step_uid(self) -> str:
        """The SOP Instance UID for a step whose creator leaves it out (PS3.7 10.1.5.1.4). Raises Refused."""
        return f"2.25.{uuid4().int}"

    def check_creation(self, sop_instance: str, attributes: AttributeSet) -> None:
        """A step may be created so (F.7.2.1.3, 5.4.2.1). Raises Refused."""
        performed.check_creation(sop_instance, attributes)

    def register(self, known: PerformedStep | None, created: PerformedStep) -> PerformedStep:
        """The step that is kept when one is created; one that is there already refuses it (PS3.7 10.1.5.1.6).

        Raises Refused.
        """
        return performed.register(known, created)

    def known_step(self, step: PerformedStep | None, sop_instance: str) -> PerformedStep:
        """The step that an N-SET or N-GET names. Raises Refused (PS3.7 10.1.3.1.9)."""
        return performed.known(step, sop_instance)

    def check_modification(self, step: PerformedStep, changes: AttributeSet) -> None:
        """A step may be changed so (F.7.2.2.3). Raises Refused."""
        performed.check_modification(step, changes)

    def modified(self, step: PerformedStep, changes: AttributeSet) -> PerformedStep:
        """The step with its new values; the character set isn't one of them (F.7.2.2.3)."""
        return performed.modified(step, changes)

    def retrieved_step(self, step: PerformedStep, asked: tuple[int, ...]) -> AttributeSet:
        """What an N-GET returns; all where it asks for nothing in particular (PS3.7 10.1.2.1.5)."""
        return performed.retrieved(step, asked)

    def step_answer(self, answer: Answer) -> Answer:
        """The answer of an N-CREATE, N-SET or N-GET before it's sent."""
        return answer
