"""What archives lose of valid objects: elements, items, whole objects."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.semantics import Semantics
from harness.archive.status import CANNOT_UNDERSTAND, Refused
from harness.archive.storage import Storage
from harness.dimse.walker import is_creator, walk
from harness.findings import Area, Symptom
from harness.fuzz.nodes import Node
from tests.mutants.fuzzed.rewriting import Rewrites, is_private
from tests.mutants.fuzzed.seed import weakness

if TYPE_CHECKING:
    from harness.archive.storage import Staged

KEPT = "PS3.4 B.4.1.1"


@weakness(Area.DATA_SETS, Symptom.DROPPED, clause=KEPT, defect="private elements are dropped")
class DropsPrivate(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return None if is_private(node) else node


@weakness(
    Area.DATA_SETS, Symptom.DROPPED, clause=KEPT, defect="the block of a group's second creator is dropped"
)
class DropsSecondBlock(Rewrites):
    def coerced(self, staged: Staged) -> Staged:
        self._first: dict[int, int] = {}
        return super().coerced(staged)

    def keep(self, node: Node, depth: int) -> Node | None:
        if depth or not is_private(node):
            return node
        group, number = node.tag >> 16, node.tag & 0xFFFF
        block = number if is_creator(node.tag) else number >> 8
        return node if self._first.setdefault(group, block) == block else None


@weakness(Area.DATA_SETS, Symptom.DROPPED, clause=KEPT, defect="private sequences are dropped")
class DropsPrivateSequences(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return None if is_private(node) and node.items is not None else node


@weakness(Area.DATA_SETS, Symptom.DROPPED, clause=KEPT, defect="private elements in sequences are dropped")
class DropsPrivateWithin(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return None if depth and is_private(node) else node


@weakness(Area.DATA_SETS, Symptom.DROPPED, clause=KEPT, defect="elements of VR UN are dropped")
class DropsUnknown(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return None if node.vr == "UN" and not is_creator(node.tag) else node


@weakness(
    Area.DATA_SETS, Symptom.DROPPED, clause="PS3.5 6.2", defect="elements of the VRs of 64 bits are dropped"
)
class DropsNewVrs(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return None if node.vr in ("OV", "SV", "UV") else node


@weakness(
    Area.DATA_SETS, Symptom.DROPPED, clause="PS3.5 6.2", defect="elements of VR UC, UR and UT are dropped"
)
class DropsUnlimitedTexts(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return None if node.vr in ("UC", "UR", "UT") else node


@weakness(
    Area.DATA_SETS, Symptom.DROPPED, clause=KEPT, defect="what lies more than two sequences deep is dropped"
)
class DropsDeep(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return None if depth > 2 else node


@weakness(
    *(Area.DATA_SETS, Symptom.ALTERED, Symptom.DROPPED), clause="PS3.5 7.5", defect="empty items are dropped"
)
class DropsEmptyItems(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        if node.items is None:
            return node
        return replace(node, items=tuple(item for item in node.items if item.nodes))


@weakness(
    *(Area.DATA_SETS, Symptom.ALTERED, Symptom.DROPPED),
    clause="PS3.5 7.5",
    defect="of a sequence the first item alone is kept",
)
class KeepsFirstItem(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return node if node.items is None else replace(node, items=node.items[:1])


@weakness(Area.DATA_SETS, Symptom.DROPPED, clause=KEPT, defect="the 201st element and all after it are lost")
class LosesMany(Rewrites):
    def coerced(self, staged: Staged) -> Staged:
        self._left = 200
        return super().coerced(staged)

    def keep(self, node: Node, depth: int) -> Node | None:
        self._left -= 1
        return node if self._left >= 0 or node.tag >> 16 >= 0x7FE0 else None


@weakness(Area.DATA_SETS, Symptom.DIED, clause="PS3.5 7.5", defect="it dies of sequences 20 deep")
class DiesOfDepth(Semantics):
    def coerced(self, staged: Staged) -> Staged:
        dataset = staged.path.read_bytes()[staged.offset :]
        if any(element.depth >= 40 for element in walk(dataset, staged.transfer_syntax)):
            os._exit(1)
        return staged


@weakness(Area.DATA_SETS, Symptom.DIED, clause="PS3.5 7.2", defect="it dies of group lengths")
class DiesOfGroupLengths(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        if node.tag & 0xFFFF == 0:
            os._exit(1)
        return node


@weakness(
    *(Area.DATA_SETS, Symptom.LOST),
    clause="PS3.4 B.2.2",
    defect="objects of patients whose names have ideographic or phonetic groups are not indexed",
)
class HidesPatients(Semantics):
    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        if "=" not in attributes.text(0x00100010):
            return attributes
        uids = (0x00080018, 0x0020000D, 0x0020000E)
        hidden = {tag: Attribute("UI", (attributes.text(tag)[:-2] + "00",)) for tag in uids}
        return attributes.merged(AttributeSet(hidden))


@weakness(
    Area.DATA_SETS,
    Symptom.ABORTED,
    clause="PS3.4 B.2.3",
    defect="it aborts over Private Creators of more than 32 characters",
)
class AbortsOverCreators(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        if is_creator(node.tag) and len(node.value) > 32:
            raise RuntimeError("the creator does not fit")
        return node


@weakness(
    Area.DATA_SETS,
    Symptom.ILLEGAL_STATUS,
    clause="PS3.7 C",
    defect="an object with Data Set Trailing Padding is refused with a status that there is none",
)
class OddStatus(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        if node.tag == 0xFFFCFFFC:
            raise Refused(0x3456, "trailing padding")
        return node


@weakness(
    Area.DATA_SETS, Symptom.REFUSED, clause="PS3.5 7.2", defect="an object with group lengths is refused"
)
class RefusesGroupLengths(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        if node.tag & 0xFFFF == 0:
            raise Refused(CANNOT_UNDERSTAND, "group length")
        return node


@weakness(
    *(Area.DATA_SETS, Symptom.HARMED, Symptom.ALTERED, Symptom.FLAKY),
    clause="PS3.4 B.2.2",
    defect="an object with a large value is written over the one before it",
)
class OverwritesTheLast(Rewrites):
    last = ""

    def keep(self, node: Node, depth: int) -> Node | None:
        self._is_large |= is_private(node) and len(node.value) > 256
        return node

    def coerced(self, staged: Staged) -> Staged:
        self._is_large = False
        staged = super().coerced(staged)
        if self._is_large and type(self).last:
            last = Storage(self.config.folder).place_of(type(self).last)
            last.write_bytes(staged.path.read_bytes())
        type(self).last = staged.sop_instance
        return staged
