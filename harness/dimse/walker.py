"""The walker: data elements of an encoded data set, as they lie in the bytes (PS3.5 clause 7 and annex A).

Iterative, so that no depth of nesting exhausts a stack; values are views, so that nothing is copied.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.dimse.errors import DecodeError

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"

UNDEFINED = 0xFFFFFFFF
ITEM = 0xFFFEE000
ITEM_END = 0xFFFEE00D
SEQUENCE_END = 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010
TRAILING_PADDING = 0xFFFCFFFC
INFLATED_LIMIT = 512 * 1024 * 1024
"""Bytes that a deflated data set may grow to."""

LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
"""VRs whose explicit form has a length of 32 bits (PS3.5 7.1.2)."""
_SHORT = frozenset(
    (
        b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO",
        b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
    )
)  # fmt: skip

_LITTLE = struct.Struct("<HH")
_BIG = struct.Struct(">HH")
_LENGTHS = {False: struct.Struct("<I"), True: struct.Struct(">I")}
_SHORTS = {False: struct.Struct("<H"), True: struct.Struct(">H")}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Element:
    """A data element, an item of a sequence or a fragment of encapsulated pixel data.

    `length` is the length field (FFFFFFFFH undefined), `value` the value field as it is in the bytes (empty
    for sequences and items), `offset` that of the tag, `vr` None in implicit VR.  An item or fragment has tag
    (FFFE,E000) and its number from 0 in `index`.  `parent` is the item that holds an element, or the sequence
    that holds an item.  `big` and `implicit` tell how this element is encoded.
    """

    tag: int
    vr: str | None
    length: int
    value: memoryview
    offset: int
    parent: Element | None = None
    depth: int = 0
    index: int = 0
    is_sequence: bool = False
    big: bool = False
    implicit: bool = False

    @property
    def is_item(self) -> bool:
        """Whether this is an item of a sequence or a fragment."""
        return self.tag == ITEM

    @property
    def header_length(self) -> int:
        """Bytes from the tag to the value."""
        long = self.vr is not None and self.vr.encode() not in _SHORT
        return 12 if long else 8

    @property
    def path(self) -> str:
        """``(0040,0275)[0](0008,1150)``: the way to it from the top."""
        parts: list[str] = []
        at: Element | None = self
        while at is not None and len(parts) < 64:
            parts.append(f"[{at.index}]" if at.tag == ITEM else shown_tag(at.tag))
            at = at.parent
        if at is not None:
            parts.append("…")
        return "".join(reversed(parts))

    def __repr__(self) -> str:
        return f"Element({self.path} {self.vr or '--'} {self.length} at {self.offset})"


def shown_tag(tag: int) -> str:
    """``(0010,0020)``."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def is_creator(tag: int) -> bool:
    """Whether an element of this tag is a Private Creator (PS3.5 7.8.1)."""
    return bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF <= 0xFF


@dataclass(slots=True)
class _Frame:
    """A sequence, an item, or the whole data set while it is being walked."""

    element: Element | None
    end: int
    """Where it ends; that of its parent where its length is undefined."""
    delimited: bool
    holds_items: bool
    implicit: bool
    big: bool
    items: int = 0
    fragments: bool = False
    order: struct.Struct = _LITTLE


def inflate(data: bytes | bytearray | memoryview, limit: int = INFLATED_LIMIT) -> bytes:
    """The data set within a deflated one (PS3.5 A.5); DecodeError for damage or beyond `limit` bytes."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = stream.decompress(data, limit)
    except zlib.error as error:
        raise DecodeError(
            "PS3.5 A.5", "a deflated data set (RFC 1951)", str(error), bytes(data[:256])
        ) from error
    if not stream.eof:
        why = f"more than {limit} bytes" if len(plain) >= limit else "a stream that breaks off"
        raise DecodeError("PS3.5 A.5", "a deflated data set of reasonable size", why, bytes(data[:256]))
    return plain


def walk(
    data: bytes | bytearray | memoryview,
    transfer_syntax: str,
    *,
    is_sequence: Callable[[int], bool] = lambda tag: False,
) -> Iterator[Element]:
    """Every element of a data set in the order of its bytes: sequence, its items, their elements.

    A transfer syntax that is not implicit little, explicit big or deflated is explicit little endian
    (PS3.5 A.4), with fragments where Pixel Data has undefined length.  Implicit VR does not name sequences of
    defined length: a value that is a chain of items to its last byte is taken as one; `is_sequence` adds tags
    for values of VR UN.  DecodeError carries the bytes around the damage.
    """
    if transfer_syntax == DEFLATED:
        data = inflate(data)
    view = memoryview(data).cast("B") if len(data) else memoryview(b"")
    big = transfer_syntax == EXPLICIT_BIG
    top = _Frame(
        None, len(view), False, False, transfer_syntax == IMPLICIT_LITTLE, big, order=_BIG if big else _LITTLE
    )
    stack = [top]
    at = 0
    while stack:
        frame = stack[-1]
        if at == frame.end:
            if frame.delimited:
                raise _damage(view, at, "a delimitation item", "the end of the data around it")
            stack.pop()
            continue
        if frame.end - at < 8:
            raise _damage(view, at, "an element header", f"{frame.end - at} bytes")
        group, number = frame.order.unpack_from(view, at)
        tag = group << 16 | number
        if group == 0xFFFE:
            length = _LENGTHS[frame.big].unpack_from(view, at + 4)[0]
            at = _structure(view, at, tag, length, stack)
            if tag == ITEM:
                yield _item(view, at, length, stack)
                if frame.fragments:
                    at += length
            continue
        if frame.holds_items:
            raise _damage(view, at, "an item (FFFE,E000)", shown_tag(tag))
        element, at = _element(view, at, tag, frame, is_sequence)
        yield element
        if element.is_sequence:
            _enter(view, at, element, frame, stack)
        else:
            at += len(element.value)


def _damage(
    view: memoryview, at: int, expected: str, observed: str, clause: str = "PS3.5 7.1"
) -> DecodeError:
    around = bytes(view[max(0, at - 16) : at + 64])
    return DecodeError(clause, expected, f"{observed} at offset {at}", around)


def _structure(view: memoryview, at: int, tag: int, length: int, stack: list[_Frame]) -> int:
    """Check an item or delimitation; returns where its value begins, with a delimited frame popped."""
    frame = stack[-1]
    clause = "PS3.5 7.5"
    if tag == ITEM:
        if not frame.holds_items:
            raise _damage(view, at, "a data element", "an item outside of a sequence", clause)
        if length != UNDEFINED and length > frame.end - at - 8:
            raise _damage(view, at, f"an item within {frame.end - at - 8} bytes", f"length {length}", clause)
        if length == UNDEFINED and frame.fragments:
            raise _damage(view, at, "a fragment of defined length", "undefined length", "PS3.5 A.4")
        return at + 8
    ends = SEQUENCE_END if frame.holds_items else ITEM_END
    if tag != ends or not frame.delimited:
        raise _damage(view, at, "an element, or the delimitation that is due", shown_tag(tag), clause)
    if length:
        raise _damage(view, at, f"{shown_tag(tag)} of length 0", f"length {length}", clause)
    stack.pop()
    at += 8
    # A delimited frame lies within its parent, whose end may be this very byte.
    return at


def _item(view: memoryview, at: int, length: int, stack: list[_Frame]) -> Element:
    frame = stack[-1]
    parent = frame.element
    value = view[at : at + length] if frame.fragments else view[at:at]
    element = Element(
        ITEM,
        None,
        length,
        value,
        at - 8,
        parent,
        (parent.depth if parent else 0) + 1,
        frame.items,
        big=frame.big,
        implicit=frame.implicit,
    )
    frame.items += 1
    if not frame.fragments:
        end = frame.end if length == UNDEFINED else at + length
        stack.append(
            _Frame(element, end, length == UNDEFINED, False, frame.implicit, frame.big, order=frame.order)
        )
    return element


def _element(
    view: memoryview, at: int, tag: int, frame: _Frame, is_sequence: Callable[[int], bool]
) -> tuple[Element, int]:
    """The element at `at` and where its value begins."""
    start = at
    vr: str | None = None
    if frame.implicit:
        length = _LENGTHS[False].unpack_from(view, at + 4)[0]
        at += 8
    else:
        code = bytes(view[at + 4 : at + 6])
        if code in _SHORT:
            length = _SHORTS[frame.big].unpack_from(view, at + 6)[0]
            at += 8
        else:
            # A VR of a later edition has the long form (PS3.5 6.2, note on future VRs).
            if code not in LONG and not (code.isalpha() and code.isupper() and code.isascii()):
                raise _damage(view, at, f"a VR for {shown_tag(tag)}", repr(code), "PS3.5 7.1.2")
            if frame.end - at < 12:
                raise _damage(view, at, "an element header of 12 bytes", f"{frame.end - at} bytes")
            length = _LENGTHS[frame.big].unpack_from(view, at + 8)[0]
            at += 12
        vr = code.decode("ascii")
    room = frame.end - at
    if length == UNDEFINED:
        fragments = tag == PIXEL_DATA and not frame.implicit
        if not frame.implicit and vr not in ("SQ", "UN") and not (fragments and vr in ("OB", "OW")):
            raise _damage(view, start, f"{shown_tag(tag)} {vr} of defined length", "undefined length")
        sequence = True
    elif length > room:
        raise _damage(view, start, f"{shown_tag(tag)} within {room} bytes", f"length {length}")
    else:
        sequence = vr == "SQ"
        if frame.implicit or (vr == "UN" and is_sequence(tag)):
            sequence = tag >> 16 != 0x7FE0 and _chain_of_items(view[at : at + length])
    depth = frame.element.depth + 1 if frame.element else 0
    value = view[at:at] if sequence else view[at : at + length]
    element = Element(
        tag,
        vr,
        length,
        value,
        start,
        frame.element,
        depth,
        is_sequence=sequence,
        big=frame.big,
        implicit=frame.implicit,
    )
    return element, at


def _enter(view: memoryview, at: int, element: Element, frame: _Frame, stack: list[_Frame]) -> None:
    undefined = element.length == UNDEFINED
    # What lies in a sequence of VR UN is implicit VR little endian whatever is around it (PS3.5 6.2.2).
    unknown = element.vr == "UN"
    stack.append(
        _Frame(
            element,
            frame.end if undefined else at + element.length,
            undefined,
            True,
            frame.implicit or unknown,
            frame.big and not unknown,
            fragments=element.tag == PIXEL_DATA and undefined and element.vr in ("OB", "OW"),
            order=_LITTLE if unknown else frame.order,
        )
    )


def _chain_of_items(value: memoryview) -> bool:
    """Whether an implicit VR value is items up to its last byte (an item of undefined length: assumed so)."""
    at = 0
    while at < len(value):
        if len(value) - at < 8 or bytes(value[at : at + 4]) != b"\xfe\xff\x00\xe0":
            return False
        length = _LENGTHS[False].unpack_from(value, at + 4)[0]
        if length == UNDEFINED:
            return True
        at += 8 + length
    return at == len(value) and at > 0
