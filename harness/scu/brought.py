"""What one C-MOVE or C-GET brought: its responses, the objects that arrived, and a judgement of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.scu.inbox import Received
from harness.scu.retrieve import Retrieval
from harness.scu.retrieved import altered, damaged, odd_ones
from harness.scu.status import SUB_OPERATIONS_FAILED, describe
from harness.synthesis import SyntheticInstance


@dataclass(frozen=True, slots=True)
class Brought:
    """The responses to one retrieval, and the objects that came, in order of arrival."""

    retrieval: Retrieval
    received: tuple[Received, ...]

    @property
    def status(self) -> int:
        """The final status."""
        return self.retrieval.status

    @property
    def words(self) -> str:
        """How many objects came, and how it ended."""
        count = len(self.received)
        sent = "nothing" if not count else "1 object" if count == 1 else f"{count} objects"
        return f"{sent} arrived, final status {describe(self.retrieval.final)}"

    def other_than(self, stored: Iterable[SyntheticInstance]) -> str:
        """How what came is not each of these objects once, in words; empty where it is."""
        odd = odd_ones(stored, self.received)
        return f"{odd}; {self.words}" if odd else ""

    def unlike(self, stored: Sequence[SyntheticInstance]) -> str:
        """`other_than`, or the first object that is damaged."""
        return self.other_than(stored) or damaged(stored, self.received)

    def failed_other_than(self, unsent: Sequence[SyntheticInstance]) -> str:
        """How a retrieval that had to leave these out doesn't end as Warning, with them as failed, in words.

        PS3.4 C.4.2.3.1 and C.4.3.3.1; PeerViolation where the list of the failed is absent.
        """
        if self.status != SUB_OPERATIONS_FAILED:
            return f"{len(unsent)} objects could not be sent; {self.words}"
        if wrong := self.retrieval.miscounted(len(self.received), len(unsent), 0):
            return wrong
        listed = set(self.retrieval.failed_uids())
        if listed != {instance.sop_instance_uid for instance in unsent}:
            return f"Failed SOP Instance UID List {', '.join(sorted(listed)) or 'is empty'}"
        return ""

    def altered(self, stored: Sequence[SyntheticInstance]) -> str:
        """The first object of which an element was lost, added or changed, in words."""
        return altered(stored, self.received)
