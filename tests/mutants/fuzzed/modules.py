"""What archives make of overlays, waveforms, functional groups, lookup tables and icons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.dimse.walker import PIXEL_DATA
from harness.findings import Area, Symptom
from harness.fuzz.nodes import Node
from harness.fuzz.objects.elements import tag_of
from tests.mutants.fuzzed.rewriting import Rewrites, is_private
from tests.mutants.fuzzed.seed import weakness
from tests.mutants.fuzzed.values import altered

if TYPE_CHECKING:
    from harness.archive.storage import Staged

OVERLAY_DATA, WAVEFORM_DATA, LUT_DATA = 0x3000, tag_of("WaveformData"), tag_of("LUTData")
ICON, WAVEFORMS = tag_of("IconImageSequence"), tag_of("WaveformSequence")
PER_FRAME = tag_of("PerFrameFunctionalGroupsSequence")
GROUPS = (PER_FRAME, tag_of("SharedFunctionalGroupsSequence"))


def is_overlay(node: Node) -> bool:
    """Of one of the repeating groups of overlays."""
    return 0x6000 <= node.tag >> 16 <= 0x601E


def swapped(value: bytes) -> bytes:
    """With the bytes of each word turned around."""
    turned = bytearray(value)
    turned[::2], turned[1::2] = value[1::2], value[::2]
    return bytes(turned)


def in_items(node: Node, tag: int, others: dict[int, Node | None], start: int = 0) -> Node:
    """The sequence of this tag with other elements, or without, in its items from `start` on."""
    if node.tag != tag or node.items is None:
        return node
    items = tuple(
        item if index < start else replace(item, nodes=exchanged(item.nodes, others))
        for index, item in enumerate(node.items)
    )
    return replace(node, items=items)


def exchanged(nodes: tuple[Node, ...], others: dict[int, Node | None]) -> tuple[Node, ...]:
    """Those by the tags of others become these, None drops them."""
    kept = (others.get(node.tag, node) for node in nodes)
    return tuple(node for node in kept if node is not None)


@weakness(Area.DATA_SETS, Symptom.DROPPED, clause="PS3.5 7.6", defect="the overlays but the first are lost")
class KeepsFirstOverlay(Rewrites):
    def coerced(self, staged: Staged) -> Staged:
        self._first = 0
        return super().coerced(staged)

    def keep(self, node: Node, depth: int) -> Node | None:
        if depth or not is_overlay(node):
            return node
        self._first = self._first or node.tag >> 16
        return node if node.tag >> 16 == self._first else None


@weakness(Area.DATA_SETS, Symptom.DROPPED, clause="PS3.5 7.6", defect="overlays beyond group 6000 are lost")
class KnowsOneOverlay(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return None if is_overlay(node) and node.tag >> 16 > 0x6000 else node


@altered("PS3.5 8.1.2", "the bytes of overlays in words are turned around")
class SwapsOverlays(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        if is_overlay(node) and node.tag & 0xFFFF == OVERLAY_DATA and node.vr == "OW":
            return replace(node, value=swapped(node.value))
        return node


@weakness(
    Area.DATA_SETS,
    Symptom.DROPPED,
    clause="PS3.3 C.10.9",
    defect="the samples of all multiplex groups but the first are lost",
)
class KeepsFirstWaveform(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return in_items(node, WAVEFORMS, {WAVEFORM_DATA: None}, start=1)


@altered("PS3.5 8.3", "samples of 8 bits are turned around as if they were words")
class SwapsSamples(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return (
            replace(node, value=swapped(node.value))
            if node.tag == WAVEFORM_DATA and node.vr == "OB"
            else node
        )


@altered("PS3.3 C.7.6.16", "the functional groups of all frames become those of the first")
class MergesFrames(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        if node.tag != PER_FRAME or not node.items:
            return node
        return replace(node, items=node.items[:1] * len(node.items))


@weakness(
    Area.DATA_SETS, Symptom.DROPPED, clause="PS3.3 C.7.6.16", defect="private functional groups are dropped"
)
class DropsPrivateGroups(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        if node.tag not in GROUPS or node.items is None:
            return node
        items = (
            replace(item, nodes=tuple(one for one in item.nodes if not is_private(one)))
            for item in node.items
        )
        return replace(node, items=tuple(items))


@altered("PS3.5 A.2", "LUT Data of VR OW becomes US with its bytes turned around")
class SwapsTables(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        if node.tag != LUT_DATA or node.vr != "OW":
            return node
        return replace(node, vr="US", value=swapped(node.value))


@altered("PS3.3 C.7.6.1.1.6", "the pixels of an icon become those of its image")
class PaintsIcons(Rewrites):
    def _kept(self, nodes: Iterable[Node], depth: int) -> Iterator[Node]:
        own = tuple(nodes)
        pixels = next((node for node in own if node.tag == PIXEL_DATA), None)
        if not depth and pixels is not None:
            own = tuple(in_items(node, ICON, {PIXEL_DATA: pixels}) for node in own)
        return super()._kept(own, depth)


@weakness(Area.DATA_SETS, Symptom.DROPPED, clause="PS3.3 C.7.9.2", defect="palettes in segments are dropped")
class DropsSegments(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        return None if 0x00281221 <= node.tag <= 0x00281223 else node
