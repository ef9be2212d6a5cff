"""What must hold of an object after it was sent: the oracles for valid and for damaged data sets."""

from __future__ import annotations

import time
from collections.abc import Iterator

from pydicom import Dataset

from harness.dimse.command import CommandSet
from harness.dimse.difference import Difference, DifferenceKind, readable
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
from harness.dimse.walker import PIXEL_DATA, is_creator, walk
from harness.findings import Symptom, Weight
from harness.fuzz.cases import DataSetCase, Pace
from harness.fuzz.lines import Lines
from harness.fuzz.trouble import Trouble
from harness.scu.inbox import Received
from harness.scu.kept import changes
from harness.scu.retrieved import NATIVE, damaged, decoded
from harness.scu.status import describe, is_failure, name_of, was_done
from harness.synthesis import SyntheticInstance

STORED, STORED_WITH_WARNING, REFUSED, ENDED = "stored", "stored with a warning", "refused", "aborted"
"""What can become of an object: how a campaign counts."""
_KEPT = "PS3.4 B.4.1"
_KIND_WORDS = {
    DifferenceKind.MISSING: "gone",
    DifferenceKind.VALUE: "value",
    DifferenceKind.ITEM_COUNT: "number of items or fragments",
}


class Watched:
    """One case put to a product: what came of it, and what is wrong with that."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.outcome = ""
        """Of the last case, in a word."""
        self.judging = 0.0
        """Seconds spent comparing."""
        self._before: DataSetCase | None = None

    def valid(self, case: DataSetCase, pace: Pace = Pace.ORDINARY) -> Trouble | None:
        """Store, find, bring back, compare.  Raises Unreachable where the product is not there."""
        response, trouble = self._stored(case, pace)
        if response is None or trouble is not None:
            return trouble
        try:
            trouble = self._kept(case) or self._harmed()
            self._before = case if trouble is None else None
            return trouble
        except Unreachable:
            raise
        except NoAnswer as error:
            return Trouble(Symptom.SILENT, "PS3.4 C.4", error.awaited, str(error), "on retrieval")
        except DecodeError as error:
            return Trouble(
                Symptom.ILLEGAL_ANSWER, error.clause, error.expected, error.observed, "on retrieval"
            )
        except PeerViolation as error:
            return Trouble(Symptom.LOST, error.clause, error.expected, error.observed, "on retrieval")

    def _harmed(self) -> Trouble | None:
        """What has become of the object that was stored before this one: two may be mixed up."""
        before = self._before
        trouble = None if before is None else self._kept(before)
        if trouble is None:
            return None
        expected = "the object stored before is there afterwards, unchanged"
        observed = f"{trouble.symptom}: {trouble.observed}"
        return Trouble(Symptom.HARMED, "PS3.4 B.2.2", expected, observed, "the one before")

    def forget(self) -> None:
        """The product has begun anew."""
        self._before = None

    def damaged(self, case: DataSetCase, pace: Pace = Pace.ORDINARY) -> Trouble | None:
        """Store: every answer is one.  Where it was taken, ask for it, which may bring it or not."""
        response, trouble = self._stored(case, pace)
        if response is None or trouble is not None:
            return trouble
        try:
            if self._lines.can_find:
                self._lines.found(case)
            if self._lines.can_bring:
                self._lines.brought(case)
        except Unreachable:
            raise
        except NoAnswer as error:
            return Trouble(
                Symptom.SILENT,
                "PS3.7 9.3",
                "an answer to a query for what was stored",
                str(error),
                "on retrieval",
            )
        except DimseError:
            pass  # what may come back of an object that is none is the product's choice
        return None

    def _stored(self, case: DataSetCase, pace: Pace) -> tuple[CommandSet | None, Trouble | None]:
        """The response where the object was taken; the trouble where the answer is none or an illegal one."""
        try:
            response = self._lines.store(case, pace=pace)
        except (Unreachable, NotAccepted):
            raise
        except NoAnswer as error:
            self.outcome = ENDED
            return None, Trouble(
                Symptom.SILENT, "PS3.7 9.1.1", "a response to C-STORE-RQ", str(error), "C-STORE"
            )
        except (PeerAborted, ConnectionClosed) as error:
            self.outcome = ENDED
            if not case.is_valid:
                return None, None  # an abort is one of the ways to refuse what is no data set
            expected = "a response to C-STORE-RQ, whatever its status"
            return None, Trouble(Symptom.ABORTED, "PS3.4 B.2.3", expected, error.observed)
        except PeerViolation as error:
            self.outcome = ENDED
            return None, Trouble(
                Symptom.ILLEGAL_ANSWER, error.clause, error.expected, error.observed, "C-STORE"
            )
        status = response.integer("Status")
        if was_done(status):
            self.outcome = STORED if status == 0 else STORED_WITH_WARNING
            return response, None
        self.outcome = REFUSED
        if not is_failure(status):
            return None, Trouble(
                Symptom.ILLEGAL_STATUS,
                "PS3.7 C",
                "a status of the standard",
                name_of(status),
                f"0x{status:04X}",
            )
        if not case.is_valid:
            return None, None
        return None, Trouble(
            Symptom.REFUSED,
            "PS3.4 B.2.3",
            "a valid object of an accepted SOP Class is stored",
            describe(response),
            f"0x{status:04X}",
            Weight.OBSERVATION,
        )

    def _kept(self, case: DataSetCase) -> Trouble | None:
        lines = self._lines
        if lines.can_find and not lines.is_found(case):
            within = lines.product.target.dimse.visible_within
            return Trouble(
                Symptom.LOST,
                "PS3.4 B.2.2",
                "an acknowledged object is found",
                f"no match for its Study Instance UID within {within:g} s",
                "not found",
            )
        if not lines.can_bring:
            return None
        received = [one for one in lines.brought(case) if one.sop_instance_uid == case.sop_instance_uid]
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


def compared(case: DataSetCase, received: Received, *, keeps_all: bool) -> Trouble | None:
    """What is no longer as it was stored and may not be otherwise; the worst of it.

    Elements that are gone are a failure where Storage Level 2 was promised, else worth knowing (PS3.4 B.4.1).
    """
    try:
        found = changes(_instance(case, Dataset()), received)
        words = "" if _same_pixels(case, received) else _repainted(case, received)
    except DecodeError as error:
        return Trouble(
            Symptom.ALTERED, error.clause, "a data set", f"{error.expected}: {error.observed}", "undecodable"
        )
    if not found:
        if not words:
            return None
        return Trouble(Symptom.ALTERED, _KEPT, "the pixels that were stored", words, "pixels")
    gone = [one for one in found if one.kind is DifferenceKind.MISSING]
    if len(gone) < len(found):
        other = next(one for one in found if one.kind is not DifferenceKind.MISSING)
        return Trouble(
            Symptom.ALTERED,
            _KEPT,
            "every value as it was stored",
            _told([other, *found]),
            _shape(other, case),
        )
    return Trouble(
        Symptom.DROPPED,
        _KEPT,
        "every element that was stored",
        _told(gone),
        _shape(gone[0], case),
        Weight.FAILURE if keeps_all else Weight.OBSERVATION,
    )


def _told(found: list[Difference]) -> str:
    """The first difference, and how many there are."""
    first = found[0]
    left, right = (readable(side) if side is not None else "nothing" for side in (first.left, first.right))
    match first.kind:
        case DifferenceKind.MISSING:
            words = f"{first.path} is gone; it was {left}"
        case DifferenceKind.VALUE:
            words = f"{first.path} was {left} and came back as {right}"
        case DifferenceKind.VR:
            words = f"{first.path} was of VR {left} and came back as {right}"
        case DifferenceKind.ITEM_COUNT:
            words = f"{first.path} " + ("is gone" if first.right is None else "was added")
        case _:
            words = f"{first.path}: {first.kind.value}"
    if first.note:
        words += f" ({first.note})"
    others = len({one.path for one in found}) - 1
    return f"{words}; {others} more elements differ" if others else words


def _same_pixels(case: DataSetCase, received: Received) -> bool:
    """Whether the bytes of the pixels were compared, so that nothing has to be decoded."""
    return case.transfer_syntax == received.transfer_syntax or {
        case.transfer_syntax,
        received.transfer_syntax,
    } <= set(NATIVE)


def _repainted(case: DataSetCase, received: Received) -> str:
    """How the pixels are others after a change of transfer syntax that keeps each of them, in words."""
    elements = walk(case.dataset, case.transfer_syntax)
    if not any(element.tag == PIXEL_DATA and not element.depth for element in elements):
        return ""
    return damaged([_instance(case, decoded(case.dataset, case.transfer_syntax))], [received])


def _instance(case: DataSetCase, attributes: Dataset) -> SyntheticInstance:
    return SyntheticInstance(
        case.sop_class, case.sop_instance_uid, case.transfer_syntax, case.dataset, attributes
    )


def _shape(difference: Difference, case: DataSetCase) -> str:
    """What kind of element it is that differs in which way: equal for what has one cause, mostly."""
    element = next(
        (one for one in walk(case.dataset, case.transfer_syntax) if one.path == difference.path), None
    )
    parts = [_KIND_WORDS.get(difference.kind, difference.kind.name.lower()), *_traits(difference)]
    if element is not None and element.vr:
        parts.append(element.vr)
    return ", ".join(parts)


def _traits(difference: Difference) -> Iterator[str]:
    tag = difference.tag
    if tag >> 16 & 1:
        yield "private creator" if is_creator(tag) else "private"
    elif tag >> 16 == 0x7FE0:
        yield "pixel data"
    if "[" in difference.path:
        yield "within a sequence"
