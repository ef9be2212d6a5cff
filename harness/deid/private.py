"""Private attributes: gone, or known to be safe where that option is claimed (PS3.15 E.3.10)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from harness.deid.aligning import is_kept
from harness.deid.findings import Category, Severity
from harness.deid.instances import Attribute, Instance
from harness.deid.ledger import Fault, Ledger
from harness.deid.pairing import Pair
from harness.deid.profile import Option, is_safe_private
from harness.dimse.walker import is_creator, shown_tag

_CHARACTERISTICS = shown_tag(0x00080300)
"""Private Data Element Characteristics Sequence, in which a maker says what is safe (PS3.3 C.12.1)."""


def judge_private(pair: Pair, claimed: Collection[Option], file: str, ledger: Ledger) -> None:
    """Those of AFTER that BEFORE has too; what a de-identifier has added is only mentioned."""
    declared = frozenset(_declared(pair.before))
    old = pair.before.attributes
    known = {(one.tag, one.creator) for one in old.values() if one.is_private}
    left = {one.path for one in pair.after.attributes.values() if one.is_private}
    for one in old.values():
        if one.is_private and not is_creator(one.tag) and one.path not in left:
            ledger.right(Category.TEXT_REMOVED)
    for one in pair.after.attributes.values():
        if not one.is_private or is_creator(one.tag) or _is_inside_private(one):
            continue
        safe = Option.SAFE_PRIVATE in claimed and (
            is_safe_private(one.tag, one.creator) or _block(one) in declared
        )
        if safe:
            ledger.right(Category.TEXT_RETAINED)
        elif (one.tag, one.creator) in known or (one.path in old and is_kept(old[one.path], one)):
            ledger.wrong(_fault(one, claimed), file)
        else:
            ledger.remark(f"private attribute {one.shape} of {one.creator or 'nobody'} was added")


def _is_inside_private(one: Attribute) -> bool:
    """Whether a sequence around it is private, and stands for it."""
    return any(int(part[4], 16) & 1 for part in one.path.split("/")[:-1])


_Block = tuple[int, str, int]


def _block(one: Attribute) -> _Block:
    return one.tag >> 16, one.creator.upper(), one.tag & 0xFF


def _declared(before: Instance) -> Iterator[_Block]:
    """Group, creator and number of what the object itself says is safe."""
    items: dict[str, _Declaration] = {}
    for one in before.attributes.below(_CHARACTERISTICS):
        item = items.setdefault(one.path.rpartition("/")[0], _Declaration())
        match one.tag:
            case 0x00080301 if len(one.value) == 2:
                item.group = int.from_bytes(one.value, "little")
            case 0x00080302:
                item.creator = one.text.upper()
            case 0x00080303:
                item.status = one.text
            case 0x00080304:
                item.numbers = {
                    int.from_bytes(one.value[at : at + 2], "little") & 0xFF
                    for at in range(0, len(one.value), 2)
                }
    for item in items.values():
        numbers = range(0x100) if item.status == "SAFE" else item.numbers
        yield from ((item.group, item.creator, number) for number in numbers)


@dataclass
class _Declaration:
    group: int = 0
    creator: str = ""
    status: str = ""
    numbers: Collection[int] = ()


def _fault(one: Attribute, claimed: Collection[Option]) -> Fault:
    creator = one.creator or "no creator"
    if Option.SAFE_PRIVATE in claimed:
        return Fault(
            "private-not-listed",
            Severity.LOW,
            Category.TEXT_REMOVED,
            "PS3.15 E.3.10, table E.3.10-1",
            one.path,
            f"private attribute of {creator} stays, which neither the table nor the object itself calls safe",
            "Private attributes hold names and dates in places that nobody documents.",
            "Remove it, or name it as safe in the conformance statement.",
            about=creator,
        )
    return Fault(
        "private-kept",
        Severity.HIGH if one.vr in ("PN", "LO", "SH", "LT", "ST", "UT", "UN", "OB") else Severity.MEDIUM,
        Category.TEXT_REMOVED,
        "PS3.15 table E.1-1, E.3.10",
        one.path,
        f"private attribute of {creator} is still there",
        "Private attributes hold names and dates in places that nobody documents.",
        "Remove every private attribute, at every depth, with its creator.",
        about=creator,
    )
