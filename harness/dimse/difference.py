"""Two encoded data sets compared element by element: the judge of "bit for bit".

Values are compared as bytes.  Where the transfer syntaxes differ, what a transcoder may change is seen
through: VR in the encoding or not, byte order by VR, form of lengths.  What is left over is listed by kind,
so that a caller may allow some kinds.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from harness.dimse.errors import MisuseError
from harness.dimse.walker import TRAILING_PADDING, UNDEFINED, Element, is_creator, shown_tag, walk

ELEMENT_LIMIT = 2_000_000
"""Elements of one data set that are compared at most."""
DIFFERENCE_LIMIT = 1000
"""Differences that are listed at most."""
_SHOWN = 64

Data = bytes | bytearray | memoryview


class DifferenceKind(enum.Enum):
    """What differs."""

    MISSING = "missing on the right"
    ADDED = "only on the right"
    VALUE = "another value"
    VR = "another VR"
    ITEM_COUNT = "another number of items or fragments"
    STRUCTURE = "a sequence on one side, a plain value on the other"
    ORDER = "elements in another order"
    PADDING = "values that differ in trailing padding only"
    NUMBER = "the same number, written otherwise"
    LENGTH_FORM = "a defined length against an undefined one"
    GROUP_LENGTH = "a group length element"
    TRAILING_PADDING = "Data Set Trailing Padding (FFFC,FFFC)"


HARMLESS = frozenset(
    {
        DifferenceKind.NUMBER,
        DifferenceKind.LENGTH_FORM,
        DifferenceKind.GROUP_LENGTH,
        DifferenceKind.TRAILING_PADDING,
    }
)
"""Kinds that change no value: an archive may write so, drop or add them (PS3.5 6.2, 7.2, 7.5; PS3.10 7.2)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; `left` and `right` hold at most 64 bytes of the values, None where absent."""

    kind: DifferenceKind
    path: str
    tag: int
    left: bytes | None
    right: bytes | None
    note: str = ""

    def __str__(self) -> str:
        sides = " / ".join("absent" if side is None else readable(side) for side in (self.left, self.right))
        return f"{self.path}: {self.kind.value}: {sides}{' (' + self.note + ')' if self.note else ''}"


@dataclass(slots=True)
class _Node:
    element: Element
    children: list[_Node] = field(default_factory=list)


def readable(value: bytes) -> str:
    """A value for people: as text where it is printable ASCII but for its padding, else in hexadecimal."""
    plain = value.rstrip(b"\0 ")
    return (
        repr(plain.decode("ascii"))
        if plain.isascii() and plain.decode("ascii").isprintable()
        else value.hex(" ")
    )


def _tree(data: Data, transfer_syntax: str, sequences: frozenset[int]) -> list[_Node]:
    top: list[_Node] = []
    by_depth: list[list[_Node]] = [top]
    for count, element in enumerate(walk(data, transfer_syntax, is_sequence=sequences.__contains__)):
        if count >= ELEMENT_LIMIT:
            raise MisuseError(f"a data set of more than {ELEMENT_LIMIT} elements is not compared")
        node = _Node(element)
        del by_depth[element.depth + 1 :]
        by_depth[element.depth].append(node)
        by_depth.append(node.children)
    return top


def _sequence_tags(data: Data, transfer_syntax: str) -> set[int]:
    return {element.tag for element in walk(data, transfer_syntax) if element.is_sequence}


def difference(
    left: Data,
    left_syntax: str,
    right: Data,
    right_syntax: str,
    *,
    limit: int = DIFFERENCE_LIMIT,
    vr_of: Callable[[int], str | None] = lambda tag: None,
) -> list[Difference]:
    """What differs between two data sets, in the order of the left one; empty where nothing does.

    The form of lengths is told (LENGTH_FORM) only where the transfer syntax is the same.  `vr_of` a tag says
    what padding is where neither side names the VR; Private Creators are LO (PS3.5 7.8.1).  DecodeError where
    either side is damaged.
    """
    if left_syntax == right_syntax and memoryview(left) == memoryview(right):
        for _ in walk(left, left_syntax):
            pass  # equal bytes must still be a data set
        return []
    sequences = frozenset(_sequence_tags(left, left_syntax) | _sequence_tags(right, right_syntax))
    found: list[Difference] = []
    same = left_syntax == right_syntax
    stack = [(_tree(left, left_syntax, sequences), _tree(right, right_syntax, sequences))]
    while stack and len(found) < limit:
        below: list[tuple[list[_Node], list[_Node]]] = []
        for one, other in _pairs(*stack.pop(), found):
            if one is None or other is None:
                found.append(_one_sided(one, other))
                continue
            if _compare(one, other, same, found, vr_of):
                below.append((one.children, other.children))
        stack += reversed(below)
    return found[:limit]


def _pairs(
    left: list[_Node], right: list[_Node], found: list[Difference]
) -> Iterator[tuple[_Node | None, _Node | None]]:
    """Elements matched by tag (repeated ones by their turn), items by number."""
    keys_left, keys_right = _keys(left), _keys(right)
    others = dict(zip(keys_right, right, strict=True))
    known = set(keys_left)
    shared = [key for key in keys_left if key in others]
    if shared != [key for key in keys_right if key in known]:
        first = next(a for a, b in zip(shared, (k for k in keys_right if k in known), strict=True) if a != b)
        element = others[first].element
        found.append(Difference(DifferenceKind.ORDER, element.path, element.tag, None, None))
    for key, node in zip(keys_left, left, strict=True):
        yield node, others.get(key)
    for key, node in zip(keys_right, right, strict=True):
        if key not in known:
            yield None, node


def _keys(nodes: list[_Node]) -> list[tuple[int, int]]:
    seen: Counter[int] = Counter()
    keys: list[tuple[int, int]] = []
    for node in nodes:
        tag = node.element.tag
        keys.append((tag, seen[tag]))
        seen[tag] += 1
    return keys


def _special(tag: int) -> DifferenceKind | None:
    if tag == TRAILING_PADDING:
        return DifferenceKind.TRAILING_PADDING
    return DifferenceKind.GROUP_LENGTH if tag & 0xFFFF == 0 else None


def _one_sided(one: _Node | None, other: _Node | None) -> Difference:
    present = one or other
    if present is None:
        raise MisuseError("a pair of nothing")
    element = present.element
    kind = DifferenceKind.MISSING if other is None else DifferenceKind.ADDED
    if element.is_item:
        kind = DifferenceKind.ITEM_COUNT
    value = bytes(element.value[:_SHOWN])
    sides = (value, None) if one is not None else (None, value)
    return Difference(_special(element.tag) or kind, element.path, element.tag, *sides)


def _compare(
    one: _Node, other: _Node, same: bool, found: list[Difference], vr_of: Callable[[int], str | None]
) -> bool:
    """Note how two elements of one tag differ; whether to go on with what is in them."""
    a, b = one.element, other.element

    def note(kind: DifferenceKind, left: bytes, right: bytes, words: str = "") -> None:
        found.append(Difference(kind, a.path, a.tag, left[:_SHOWN], right[:_SHOWN], words))

    if a.vr is not None and b.vr is not None and a.vr != b.vr:
        note(DifferenceKind.VR, a.vr.encode(), b.vr.encode())
    nested = a.is_sequence or (a.is_item and not len(a.value))
    if a.is_sequence != b.is_sequence:
        # Implicit VR tells an empty sequence from an empty value as little as from anything else.
        if one.children or other.children or len(a.value) or len(b.value):
            note(DifferenceKind.STRUCTURE, bytes(a.value[:_SHOWN]), bytes(b.value[:_SHOWN]))
        return False
    if same and (a.length == UNDEFINED) != (b.length == UNDEFINED):
        forms = ["undefined length" if e.length == UNDEFINED else "defined length" for e in (a, b)]
        note(DifferenceKind.LENGTH_FORM, b"", b"", " / ".join(forms))
    if nested:
        if len(a.value) != len(b.value):
            note(DifferenceKind.VALUE, bytes(a.value), bytes(b.value))
        return True
    left, right = _plain(a), _plain(b)
    if left != right:
        vr = a.vr or b.vr or ("LO" if is_creator(a.tag) else vr_of(a.tag))
        kind = DifferenceKind.VALUE
        if _padded_alike(vr, left, right):
            kind = DifferenceKind.PADDING
        elif _are_same_numbers(vr, left, right):
            kind = DifferenceKind.NUMBER
        note(_special(a.tag) or kind, bytes(left[:_SHOWN]), bytes(right[:_SHOWN]), _where(left, right))
    return False


def _where(left: Data, right: Data) -> str:
    if len(left) != len(right):
        return f"{len(left)} / {len(right)} bytes"
    at = first_difference(left, right)
    return f"{len(left)} bytes, the first difference at {at}" if at >= _SHOWN else ""


def first_difference(left: Data, right: Data) -> int:
    """The offset of the first byte in which they differ; the length of the shorter one where none does."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high) // 2
        if left[low : middle + 1] == right[low : middle + 1]:
            low = middle + 1
        else:
            high = middle
    return low


_TEXT = frozenset(
    ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")
)
_UNITS = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), 2),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}
"""Bytes of the units that big endian turns around, by VR (PS3.5 7.3); 1 for the others."""


def _padded_alike(vr: str | None, left: Data, right: Data) -> bool:
    if vr is not None and vr not in _TEXT and vr not in ("OB", "UN"):
        return False
    apart = abs(len(left) - len(right))
    if apart > 1 and vr not in _TEXT:
        return False  # one byte brings an odd value to even length; more is content
    if not apart and vr is None:
        return False  # without a VR the last byte may belong to a number
    short, long = sorted((bytes(left), bytes(right)), key=len)
    strip = b"\0 " if vr is None or vr in _TEXT else b"\0"
    return short.rstrip(strip) == long.rstrip(strip)


_NUMBERS = {
    "IS": re.compile(r" *[+-]?\d+ *"),
    "DS": re.compile(r" *[+-]?(\d+\.?\d*|\.\d+)([Ee][+-]?\d+)? *"),
}
_LONGEST_NUMBER = {"IS": 12, "DS": 16}


def _are_same_numbers(vr: str | None, left: Data, right: Data) -> bool:
    """Whether both are legal Integer or Decimal Strings of equal values (PS3.5 6.2)."""
    if vr not in _NUMBERS or len(left) > 1 << 16:
        return False
    sides: list[list[Decimal | None]] = []
    for side in (left, right):
        texts = bytes(side).decode("latin-1").rstrip("\0 ").split("\\")
        legal = all(
            len(text) <= _LONGEST_NUMBER[vr] and (not text.strip() or _NUMBERS[vr].fullmatch(text))
            for text in texts
        )
        if not legal:
            return False
        sides.append([Decimal(text.strip()) if text.strip() else None for text in texts])
    return sides[0] == sides[1]


def _plain(element: Element) -> Data:
    """The value in little endian."""
    return turned(element.value, element.vr or "") if element.big else element.value


def turned(value: Data, vr: str) -> Data:
    """A value in the other byte order, by its VR (PS3.5 7.3): big endian always names it.

    One of VR UN is in little endian whatever is around it (6.2.2).
    """
    unit = _UNITS.get(vr, 1)
    if unit == 1:
        return value
    swapped = bytearray(value)
    whole = len(swapped) - len(swapped) % unit
    for position in range(unit):
        swapped[position:whole:unit] = value[unit - 1 - position : whole : unit]
    return bytes(swapped)


def summary(differences: list[Difference]) -> str:
    """One line for people: how many of each kind, and the first."""
    if not differences:
        return "no difference"
    kinds = Counter(difference.kind for difference in differences)
    counts = ", ".join(f"{count} × {kind.value}" for kind, count in kinds.items())
    return f"{counts}; first {differences[0]}"


def without(differences: list[Difference], *tags: int) -> list[Difference]:
    """The differences that are not of the given tags (those that an archive may coerce, say)."""
    shown = tuple(shown_tag(tag) for tag in tags)
    return [entry for entry in differences if not entry.path.startswith(shown)]
