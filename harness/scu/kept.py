"""What has become of an object between its being stored and its being brought back, element by element.

What an archive may legally do on the way is seen through: another form of lengths, padding and group lengths
(PS3.5 7.2, 7.5); a VR known to the product for UN, and UN where it knows none (PS3.5 6.2.2); private
elements moved to another block together with their creator (PS3.5 7.8.1); attributes that may be coerced
(PS3.4 B.4.1.3), added, or left out because they have no value (PS3.4 B.4.1.1, note).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from pydicom.datadict import dictionary_has_tag, dictionary_VR

from harness.dimse.difference import HARMLESS, Difference, DifferenceKind, difference, without
from harness.dimse.walker import DEFLATED, Element, inflate, is_creator, shown_tag, walk
from harness.scu.inbox import Received
from harness.scu.uids import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import SyntheticInstance

COERCIBLE = (0x00100020, 0x00100021, 0x00101002, 0x0020000D, 0x0020000E)
"""What an SCP may change, with a warning (PS3.4 table B.4-1)."""
CHARACTER_SET = 0x00080005
"""May follow a conversion of the text: the text itself is compared, which is plain ASCII where it is."""
_NATIVE = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, DEFLATED)
_SAME_BYTES = (frozenset((b"OB", b"OW")), frozenset((b"US", b"SS")))
"""VRs between which Implicit VR does not distinguish for some attributes (PS3.5 A.1)."""
_LUT_DATA, _LUT_VRS = 0x00283006, frozenset((b"US", b"OW"))
"""Lookup tables, whose VR is a choice of the sender (PS3.5 A.1, A.2)."""
_ICON = f"{shown_tag(0x00880200)}[0]"
_PIXELS = (shown_tag(0x7FE00010), "(0028,", f"{_ICON}{shown_tag(0x7FE00010)}", f"{_ICON}(0028,")

Scope = tuple[tuple[int, int], ...]
"""The way to a data set: (tag of the sequence, number of the item) for each level."""


def changes(
    instance: SyntheticInstance, received: Received, *, coercible: Iterable[int] = COERCIBLE
) -> list[Difference]:
    """What is no longer as it was stored, and may not be otherwise.  DecodeError where it is no data set.

    ``coercible``: tags of what may have been coerced.
    """
    seen_through = (*coercible, CHARACTER_SET)
    data = received.dataset
    found = _found(instance, received, data, seen_through)
    if any(_is_private(entry.tag) for entry in found):
        data = realigned(instance.dataset, instance.transfer_syntax, data, received.transfer_syntax)
    if data is not received.dataset:
        found = [
            entry
            for entry in _found(instance, received, data, seen_through)
            if entry.kind is not DifferenceKind.ORDER
        ]
        odd = disordered(received.dataset, received.transfer_syntax)
        if odd is not None:
            found.append(Difference(DifferenceKind.ORDER, odd.path, odd.tag, None, None))
    bare = _without_value(instance)
    return [
        entry
        for entry in found
        if not (entry.kind is DifferenceKind.MISSING and entry.path in bare) and not _allowed(entry)
    ]


def disordered(dataset: bytes, transfer_syntax: str) -> Element | None:
    """The first element that does not stand behind one with a lower tag (PS3.5 7.1)."""
    last: dict[Scope, int] = {}
    for element, scope in _scoped(dataset, transfer_syntax):
        if not element.is_item:
            if element.tag <= last.get(scope, -1):
                return element
            last[scope] = element.tag
    return None


def realigned(sent: bytes, sent_syntax: str, data: bytes, transfer_syntax: str) -> bytes:
    """``data`` with its private elements in the blocks that their creators had when they were sent.

    The same object where nothing has to be moved.  Creators that were not sent get blocks out of the way.
    """
    if transfer_syntax == DEFLATED:
        return data
    wanted: dict[Scope, dict[tuple[int, str], int]] = {}
    for element, scope in _scoped(sent, sent_syntax):
        if is_creator(element.tag):
            wanted.setdefault(scope, {})[element.tag >> 16, _name(element)] = element.tag & 0xFF
    moved = bytearray(data)
    blocks: dict[Scope, dict[tuple[int, int], int]] = {}
    names: list[Scope] = [()]
    for element, _ in _scoped(data, transfer_syntax):
        del names[element.depth // 2 + 1 :]
        if element.is_item:
            sequence = element.parent
            tag = _in_block(sequence.tag, blocks.get(names[-1], {})) if sequence else 0
            names.append((*names[-1], (tag, element.index)))
            continue
        scope = names[-1]
        if is_creator(element.tag):
            own = blocks.setdefault(scope, {})
            group, number = element.tag >> 16, element.tag & 0xFF
            sender = wanted.get(scope, {})
            own[group, number] = sender.get((group, _name(element))) or _free(group, sender, own)
        tag = _in_block(element.tag, blocks.get(scope, {}))
        if tag != element.tag:
            struct.pack_into(">H" if element.big else "<H", moved, element.offset + 2, tag & 0xFFFF)
    return data if moved == data else bytes(moved)


def of_tags(differences: Iterable[Difference], *tags: int) -> list[Difference]:
    """Those at these tags at the top, and in them."""
    shown = tuple(shown_tag(tag) for tag in tags)
    return [entry for entry in differences if entry.path.startswith(shown)]


def _found(
    instance: SyntheticInstance, received: Received, data: bytes, seen_through: Iterable[int]
) -> list[Difference]:
    found = difference(
        *(instance.dataset, instance.transfer_syntax, data, received.transfer_syntax), vr_of=dictionary_vr
    )
    found = without(found, *seen_through)
    syntaxes = {instance.transfer_syntax, received.transfer_syntax}
    if len(syntaxes) > 1 and not syntaxes <= set(_NATIVE):
        # Image Pixel attributes follow the compression; those of an icon may (PS3.5 A.4).
        found = [entry for entry in found if not entry.path.startswith(_PIXELS)]
    return found


def dictionary_vr(tag: int) -> str | None:
    """What the dictionary says, where that is one VR."""
    vr = dictionary_VR(tag) if dictionary_has_tag(tag) else ""
    return vr if len(vr) == 2 else None


def _allowed(entry: Difference) -> bool:
    if entry.kind is DifferenceKind.VR:
        sides = frozenset((entry.left or b"", entry.right or b""))
        is_table = entry.tag == _LUT_DATA and sides == _LUT_VRS
        return b"UN" in sides or sides in _SAME_BYTES or is_table
    return entry.kind in HARMLESS or entry.kind in (DifferenceKind.PADDING, DifferenceKind.ADDED)


def _without_value(instance: SyntheticInstance) -> frozenset[str]:
    """The paths of elements that have neither a value nor an item."""
    bare, parents = set(), set()
    for element in walk(instance.dataset, instance.transfer_syntax):
        if element.parent is not None:
            parents.add(element.parent.path)
        if not element.is_item and not len(element.value):
            bare.add(element.path)
    return frozenset(bare - parents)


def _scoped(dataset: bytes, transfer_syntax: str) -> Iterator[tuple[Element, Scope]]:
    """Every element with the data set that it is in; fragments are left out."""
    scopes: list[Scope] = [()]
    for element in walk(dataset, transfer_syntax):
        del scopes[element.depth // 2 + 1 :]
        if element.is_item and element.parent is not None:
            scopes.append((*scopes[-1], (element.parent.tag, element.index)))
            yield element, scopes[-2]
        else:
            yield element, scopes[-1]


def _is_private(tag: int) -> bool:
    return bool(tag >> 16 & 1)


def _name(element: Element) -> str:
    return bytes(element.value).decode("latin-1").strip(" \0")


def _in_block(tag: int, blocks: dict[tuple[int, int], int]) -> int:
    """The tag in its creator's other block."""
    group, number = tag >> 16, tag & 0xFFFF
    if not group & 1:
        return tag
    if 0x10 <= number <= 0xFF:
        return group << 16 | blocks.get((group, number), number)
    block = blocks.get((group, number >> 8))
    return tag if block is None else group << 16 | block << 8 | number & 0xFF


def _free(group: int, sender: dict[tuple[int, str], int], own: dict[tuple[int, int], int]) -> int:
    taken: Iterable[int] = [
        *(block for (of, _), block in sender.items() if of == group),
        *(block for (of, _), block in own.items() if of == group),
    ]
    return next(block for block in range(0xFF, 0x0F, -1) if block not in set(taken))


def value_of(received: Received, tag: int) -> bytes | None:
    """The value of an element at the top, padding included; None where it is absent."""
    for element in walk(received.dataset, received.transfer_syntax):
        if element.tag == tag and not element.depth:
            return bytes(element.value)
    return None


def wrong_group_length(received: Received) -> str:
    """The first group length at the top that is not the length of its group (PS3.5 7.2), in words.

    Groups end where the next one begins; that of a deflated data set counts inflated.
    """
    told: dict[int, tuple[int, int]] = {}
    ends: dict[int, int] = {}
    data = inflate(received.dataset) if received.transfer_syntax == DEFLATED else received.dataset
    last = 0
    for element in walk(received.dataset, received.transfer_syntax):
        if element.depth:
            continue
        group = element.tag >> 16
        if group != last:
            ends[last] = element.offset
            last = group
        if element.tag & 0xFFFF == 0:
            start = element.offset + element.header_length + len(element.value)
            told[group] = start, int.from_bytes(element.value, "big" if element.big else "little")
    ends[last] = len(data)
    for group, (start, length) in told.items():
        if ends[group] - start != length:
            return f"({group:04X},0000) says {length} bytes, and {ends[group] - start} follow in its group"
    return ""
