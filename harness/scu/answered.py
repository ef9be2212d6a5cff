"""A retrieval of which objects were refused or warned of: how it has to end (PS3.4 C.4.2.3.1, C.4.3.3.1)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.scu.inbox import Received
from harness.scu.retrieve import Retrieval
from harness.scu.status import SUB_OPERATIONS_FAILED, SUCCESS, describe, is_failure
from harness.synthesis import SyntheticStudy

REFUSED = 0xA900
"""Failure: the data set doesn't match the SOP class (PS3.4 B.2.3), which says nothing on other objects."""
COERCED = 0xB000
"""Warning: coercion of data elements (PS3.4 B.2.3)."""


FULL = 0xA700
"""Refused: out of resources (PS3.4 B.2.3), which may well be so for the objects that follow."""


def take_all(turn: int) -> int:
    """Success for every object."""
    return SUCCESS


@dataclass
class Answers:
    """Answers objects by the turn in which they come, from 0, and keeps the statuses by SOP Instance UID.

    An object that comes again gets the same status again.
    """

    by_turn: Callable[[int], int] = take_all
    given: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, received: Received) -> int:
        with self._lock:
            return self.given.setdefault(received.sop_instance_uid, self.by_turn(len(self.given)))


@dataclass(frozen=True, slots=True)
class Answered:
    """A retrieval of a whole study, and the statuses with which its objects were answered."""

    retrieval: Retrieval
    given: Mapping[str, int]
    study: SyntheticStudy

    @property
    def words(self) -> str:
        """What was answered, and how the retrieval ended."""
        taken, warned = len(self._with(SUCCESS)), len(self._with(COERCED))
        refused = len(self.given) - taken - warned
        told = f"{taken} objects were taken, {warned} with a warning, {refused} refused, of {self._total}"
        return f"{told}; final status {describe(self.retrieval.final)}"

    def ended_other_than(self, status: int) -> str:
        """How this is not the final status, or the final counts are wrong, in words."""
        return self.words if self.retrieval.status != status else self._miscounted()

    def ended_without_failure(self) -> str:
        """How this is no failure of the whole, in words.  That it is refused at once need not count."""
        if not is_failure(self.retrieval.status):
            return self.words
        return self._miscounted() if self.retrieval.counts.failed else ""

    def hides_failures(self) -> str:
        """How the end says nothing of objects that were not taken, in words: neither Warning nor failure."""
        if self.retrieval.status == SUB_OPERATIONS_FAILED:
            return self._miscounted()
        return self.ended_without_failure()

    def gave_up(self) -> str:
        """How many objects were never sent, in words."""
        unsent = self._total - len(self.given)
        return f"{unsent} objects were not sent: {self.words}" if unsent else ""

    def ill_listed(self) -> str:
        """How the list of failed objects is not of those, in words; PeerViolation where there is none."""
        listed = set(self.retrieval.failed_uids())
        taken = self._with(SUCCESS) | self._with(COERCED)
        every = {instance.sop_instance_uid for instance in self.study.instances}
        if missing := self._with(REFUSED) - listed:
            return f"{len(missing)} refused objects are not in the list, {min(missing)}; {self.words}"
        if strange := listed - (every - taken):
            return f"the list names {len(strange)} objects that did not fail, {min(strange)}; {self.words}"
        return ""

    @property
    def _total(self) -> int:
        return len(self.study.instances)

    def _with(self, status: int) -> set[str]:
        return {uid for uid, given in self.given.items() if given == status}

    def _miscounted(self) -> str:
        """What the final counts say wrongly; an object that was never sent is one that failed."""
        taken, warned = len(self._with(SUCCESS)), len(self._with(COERCED))
        wrong = self.retrieval.miscounted(taken, self._total - taken - warned, warned)
        return f"{wrong}; {self.words}" if wrong else ""
