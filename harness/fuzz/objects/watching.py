"""Objects put to a product: what became of each, and whether that is right."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.dimse.errors import (
    ConnectionClosed,
    DecodeError,
    DimseError,
    NoAnswer,
    NotAccepted,
    PeerAborted,
    PeerViolation,
    Unreachable,
)
from harness.findings import Symptom, Weight
from harness.fuzz.answer import Answer
from harness.fuzz.cases import DataSetCase, Pace
from harness.fuzz.lines import Lines
from harness.fuzz.objects.judging import compared
from harness.fuzz.trouble import Trouble
from harness.scu.inbox import Received
from harness.scu.status import describe, is_failure, name_of, was_done

STORED, STORED_WITH_WARNING, REFUSED, ENDED = "stored", "stored with a warning", "refused", "aborted"
"""What can become of an object: how a campaign counts."""


@dataclass(frozen=True, slots=True)
class Back:
    """What a product told and brought of an object that it had acknowledged; None for what was not asked."""

    is_found: bool | None = None
    received: tuple[Received, ...] | None = field(default=None, repr=False)
    error: DimseError | None = None
    """What ended the asking."""


@dataclass(frozen=True, slots=True)
class ObjectSeen:
    """What became of an object at a product."""

    case: DataSetCase
    answer: Answer
    outcome: str
    trouble: Trouble | None = None
    back: Back = field(default_factory=Back)
    match: Mapping[str, str | None] | None = None
    """What a query says of its study, by keyword; None where nobody asked."""


class Watched:
    """Puts one object after the other to a product."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.judging = 0.0
        """Seconds spent comparing."""
        self._before: DataSetCase | None = None

    def put(self, case: DataSetCase, pace: Pace = Pace.ORDINARY) -> ObjectSeen:
        """Store it; where it was taken, find it, bring it back, and compare it if it is a valid one.

        What is asked for of a damaged object may come or not.  Raises Unreachable where the product is not
        there.
        """
        seen = self._stored(case, pace)
        if seen.trouble is not None or not seen.answer.is_done:
            return seen
        back = self._back(case)
        return replace(
            seen, back=back, trouble=self._of_valid(case, back) if case.is_valid else _of_damaged(back)
        )

    def forget(self) -> None:
        """The product has begun anew."""
        self._before = None

    def _of_valid(self, case: DataSetCase, back: Back) -> Trouble | None:
        if back.error is not None:
            return _on_retrieval(back.error)
        trouble = self._kept(case, back)
        if trouble is None and self._before is not None:
            before = self._back(self._before)
            if before.error is not None:
                return _on_retrieval(before.error)
            trouble = self._harmed(self._before, before)
        self._before = case if trouble is None else None
        return trouble

    def _harmed(self, before: DataSetCase, back: Back) -> Trouble | None:
        """What has become of the object that was stored before this one: two may be mixed up."""
        trouble = self._kept(before, back)
        if trouble is None:
            return None
        expected = "the object stored before is there afterwards, unchanged"
        observed = f"{trouble.symptom}: {trouble.observed}"
        return Trouble(Symptom.HARMED, "PS3.4 B.2.2", expected, observed, "the one before")

    def _stored(self, case: DataSetCase, pace: Pace) -> ObjectSeen:
        """The answer, and the trouble where it is none or an illegal one."""
        try:
            response = self._lines.store(case, pace=pace)
        except (Unreachable, NotAccepted):
            raise
        except (NoAnswer, PeerViolation) as error:
            return ObjectSeen(case, Answer.of_error(error), ENDED, _unanswered(case, error))
        status = response.integer("Status")
        answer = Answer.of_status(status)
        if was_done(status):
            return ObjectSeen(case, answer, STORED if status == 0 else STORED_WITH_WARNING)
        trouble = None
        if not is_failure(status):
            trouble = Trouble(
                Symptom.ILLEGAL_STATUS,
                "PS3.7 C",
                "a status of the standard",
                name_of(status),
                f"0x{status:04X}",
            )
        elif case.is_valid:
            trouble = Trouble(
                Symptom.REFUSED,
                "PS3.4 B.2.3",
                "a valid object of an accepted SOP Class is stored",
                describe(response),
                f"0x{status:04X}",
                Weight.OBSERVATION,
            )
        return ObjectSeen(case, answer, REFUSED, trouble)

    def _back(self, case: DataSetCase) -> Back:
        """Ask for an acknowledged object.  A valid one has to be found, for which it has its time."""
        lines = self._lines
        is_found = None
        try:
            if lines.can_find:
                is_found = lines.is_found(case) if case.is_valid else case.study_uid in lines.found(case)
            if not lines.can_bring or (case.is_valid and is_found is False):
                return Back(is_found)
            return Back(is_found, tuple(lines.brought(case)))
        except Unreachable:
            raise
        except DimseError as error:
            return Back(is_found, None, error)

    def _kept(self, case: DataSetCase, back: Back) -> Trouble | None:
        lines = self._lines
        if back.is_found is False:
            within = lines.product.target.dimse.visible_within
            return Trouble(
                Symptom.LOST,
                "PS3.4 B.2.2",
                "an acknowledged object is found",
                f"no match for its Study Instance UID within {within:g} s",
                "not found",
            )
        if back.received is None:
            return None
        received = [one for one in back.received if one.sop_instance_uid == case.sop_instance_uid]
        if len(received) != 1:
            return Trouble(
                Symptom.LOST,
                "PS3.4 C.4.3",
                "the object once",
                f"{len(received)} times" if received else "not at all",
                "brought back",
            )
        began = time.monotonic()
        try:
            return compared(case, received[0], keeps_all=lines.product.keeps_all)
        finally:
            self.judging += time.monotonic() - began


def _unanswered(case: DataSetCase, error: NoAnswer | PeerViolation) -> Trouble | None:
    if isinstance(error, NoAnswer):
        return Trouble(Symptom.SILENT, "PS3.7 9.1.1", "a response to C-STORE-RQ", str(error), "C-STORE")
    if isinstance(error, PeerAborted | ConnectionClosed):
        if not case.is_valid:
            return None  # an abort is one of the ways to refuse what is no data set
        expected = "a response to C-STORE-RQ, whatever its status"
        return Trouble(Symptom.ABORTED, "PS3.4 B.2.3", expected, error.observed)
    return Trouble(Symptom.ILLEGAL_ANSWER, error.clause, error.expected, error.observed, "C-STORE")


def _on_retrieval(error: DimseError) -> Trouble:
    """Over a valid object that was acknowledged.  Raises what is no fault of the product."""
    if isinstance(error, NoAnswer):
        return Trouble(Symptom.SILENT, "PS3.4 C.4", error.awaited, str(error), "on retrieval")
    if isinstance(error, PeerViolation):
        symptom = Symptom.ILLEGAL_ANSWER if isinstance(error, DecodeError) else Symptom.LOST
        return Trouble(symptom, error.clause, error.expected, error.observed, "on retrieval")
    raise error


def _of_damaged(back: Back) -> Trouble | None:
    """What may come back of an object that is none is the product's choice, but for silence."""
    if not isinstance(back.error, NoAnswer):
        return None
    expected = "an answer to a query for what was stored"
    return Trouble(Symptom.SILENT, "PS3.7 9.3", expected, str(back.error), "on retrieval")
