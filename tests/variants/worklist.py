"""Legal peculiarities of the Modality Worklist."""

from __future__ import annotations

import time

from harness.archive import elements, identifiers, worklist
from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.config import ArchiveConfig
from harness.archive.semantics import Semantics
from harness.archive.worklist import STEP_ID, STEP_SEQUENCE, WorklistQuery
from tests.variants.seed import variant

NAME, PATIENT_ID, START_TIME = 0x00100010, 0x00100020, 0x00400003
REQUIRED = frozenset(
    (STEP_SEQUENCE, 0x00400001, 0x00400002, START_TIME, 0x00080060, 0x00400006, NAME, PATIENT_ID)
)


@variant(
    clause="PS3.4 K.2.2.1.1.2",
    peculiarity="optional keys are returned, not matched; matches have FF01",
)
class RequiredKeysOnly(Semantics):
    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag not in REQUIRED or super().match_scheduled(key, candidate, tag)

    def worklist_pending(self, query: WorklistQuery) -> int:
        return 0xFF01


@variant(
    clause="PS3.4 C.2.2.2.1.1", peculiarity="names are matched with regard to case and accents, no wild cards"
)
class ExactNames(Semantics):
    def match_scheduled(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if tag == NAME and not key.is_empty and candidate is not None:
            return key.values == candidate.values
        return super().match_scheduled(key, candidate, tag)


@variant(clause="PS3.4 K.4.1.1.3.2", peculiarity="every response is in Unicode, whatever it holds")
class AlwaysUnicode(Semantics):
    def encode_item(self, query: WorklistQuery, attributes: AttributeSet, transfer_syntax: str) -> bytes:
        declared = AttributeSet({identifiers.CHARACTER_SET: Attribute("CS", elements.UNICODE)})
        return identifiers.encode(attributes.merged(declared), elements.UNICODE, transfer_syntax)


@variant(clause="PS3.4 K.4.1.1.3.2", peculiarity="every response states a time zone, times have fractions")
class TimesInFull(Semantics):
    def item_response(self, query: WorklistQuery, item: AttributeSet) -> AttributeSet:
        answer = super().item_response(query, item)
        step = worklist.step_of(answer)
        if not step.text(START_TIME):
            return answer
        full = AttributeSet({START_TIME: Attribute("TM", (f"{step.text(START_TIME)}.000000",))})
        zone = AttributeSet({identifiers.TIMEZONE: Attribute("SH", ("+0100",))})
        steps = AttributeSet({STEP_SEQUENCE: Attribute("SQ", items=(step.merged(full),))})
        return answer.merged(steps).merged(zone)


@variant(clause="PS3.4 K.2.2.1.2", peculiarity="keys of type 3 that are not known come without a value")
class UnknownIsEmpty(Semantics):
    def item_response(self, query: WorklistQuery, item: AttributeSet) -> AttributeSet:
        answer = super().item_response(query, item)
        empty = {
            tag: Attribute(key.vr)
            for tag, key in query.keys.elements.items()
            if tag not in answer.elements and tag != STEP_SEQUENCE
        }
        return answer.merged(AttributeSet(empty))


@variant(clause="PS3.4 K.4.1.3", peculiarity="the matching is over before the first match is sent")
class NothingToCancel(Semantics):
    def obeys_worklist_cancel(self) -> bool:
        return False


@variant(clause="PS3.4 K.6.1.2.1", peculiarity="new entries show a second after they have come")
class DelayedImport(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.seen: dict[str, float] = {}

    def shown_item(self, item: AttributeSet, performed_as: tuple[str, ...]) -> AttributeSet | None:
        identity = item.text(PATIENT_ID) + worklist.step_of(item).text(STEP_ID)
        first = self.seen.setdefault(identity, time.monotonic())
        return super().shown_item(item, performed_as) if time.monotonic() - first > 1 else None
