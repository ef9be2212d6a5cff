"""Whether two objects that a product delivered are the same one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.dimse.difference import HARMLESS, DifferenceKind, difference, summary
from harness.scu.inbox import Received


def unlike(one: Received, other: Received) -> str:
    """How two deliveries of an object differ, in words; empty where they say the same.

    The form of lengths and padding are seen through, and VRs where one side has them in its encoding and the
    other has not (PS3.5 7.1, A.1).  DecodeError where one is no data set.
    """
    found = [
        entry
        for entry in difference(one.dataset, one.transfer_syntax, other.dataset, other.transfer_syntax)
        if entry.kind not in HARMLESS
        and entry.kind is not DifferenceKind.PADDING
        and not (entry.kind is DifferenceKind.VR and one.transfer_syntax != other.transfer_syntax)
    ]
    return summary(found) if found else ""


def unlike_ones(some: Iterable[Received], others: Iterable[Received]) -> str:
    """The first object that was delivered otherwise on the other side, in words."""
    for one, other in _pairs(some, others):
        if words := unlike(one, other):
            return f"object {one.sop_instance_uid}: {words}"
    return ""


def _pairs(some: Iterable[Received], others: Iterable[Received]) -> Iterator[tuple[Received, Received]]:
    by_uid = {item.sop_instance_uid: item for item in others}
    for item in some:
        if item.sop_instance_uid in by_uid:
            yield item, by_uid[item.sop_instance_uid]
