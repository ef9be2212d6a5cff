"""Damage to a data set's elements, while it is still a tree of nodes.

Each function takes the nodes of a valid draft and a number that varies what is done, and gives the damaged
nodes; None where there is nothing in them that it could damage.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from harness.dimse.walker import PIXEL_DATA
from harness.fuzz.nodes import Node, Nodes
from harness.fuzz.objects.charsets import padded
from harness.fuzz.objects.identities import PLACEHOLDERS

Damage = Callable[[Nodes, int], Nodes | None]

_TYPE_1 = (0x00080016, 0x00080018, 0x0020000D, 0x0020000E)
_LETTERS = ("ZZ", "??", "ob", "\0\0", "  ", "XY", "0A")
_INVALID_UIDS = (
    b"1.2.03.4\0",
    b"1..2",
    b"1.2.abc\0",
    b"." * 64,
    b"1." + b"9" * 98,
    b"\0\0",
    b"1.2\\1.3 ",
    b"*",
)
_AGAINST_VR = (
    ("DA", b"20201332"),
    ("TM", b"256199"),
    ("DT", b"2020-02-30T99:99"),
    ("IS", b"99999999999 "),
    ("DS", b"one half"),
    ("AS", b"12 years"),
    ("UI", b"not a UID "),
    ("CS", b"lower case; \x07 "),
    ("LO", b"\0\x07\x1b[31m\x7f "),
    ("PN", b"^^^^^^^^^====="),
    ("AT", b"\x01"),
    ("FD", b"\x01\x02\x03"),
    ("US", b"\x01\x02\x03"),
    ("UR", b"javascript:\\\\ \n"),
)
_CHARACTER_SETS = (
    b"ISO_IR 999",
    b"latin1",
    b"\\\\\\ ",
    b"ISO_IR 192\\ISO 2022 IR 87 ",
    b"GB18030 \\GBK",
    b"\xff\xfe",
)


def _values(nodes: Nodes) -> list[int]:
    """The positions of elements with a plain value, identities left out."""
    return [
        position
        for position, node in enumerate(nodes)
        if node.items is None and node.fragments is None and node.value not in PLACEHOLDERS
    ]


def _at(nodes: Nodes, position: int, *instead: Node) -> Nodes:
    return (*nodes[:position], *instead, *nodes[position + 1 :])


def _added(nodes: Nodes, *more: Node) -> Nodes:
    tags = {node.tag for node in more}
    kept = (node for node in nodes if node.tag not in tags)
    return tuple(sorted((*kept, *more), key=lambda node: node.tag))


def wrong_vr(nodes: Nodes, number: int) -> Nodes:
    """A VR other than the one in PS3.6, the length field in the form that it asks for."""
    position = _values(nodes)[number % len(_values(nodes))]
    vrs = [
        vr for vr in ("US", "SQ", "OB", "DA", "FD", "LT", "UT", "UN", "AT", "OW") if vr != nodes[position].vr
    ]
    return _at(nodes, position, replace(nodes[position], vr=vrs[number % len(vrs)]))


def unknown_vr(nodes: Nodes, number: int) -> Nodes:
    """Two bytes for a VR that are none (PS3.5 7.1.2)."""
    position = _values(nodes)[number % len(_values(nodes))]
    return _at(nodes, position, replace(nodes[position], vr=_LETTERS[number % len(_LETTERS)]))


def odd_length(nodes: Nodes, number: int) -> Nodes:
    """A value of odd length (PS3.5 7.1.1)."""
    position = _values(nodes)[number % len(_values(nodes))]
    return _at(nodes, position, replace(nodes[position], value=nodes[position].value + b"A"))


def overlong(nodes: Nodes, number: int) -> Nodes:
    """A value beyond the limit of its VR (PS3.5 6.2)."""
    vr, limit = (("LO", 64), ("SH", 16), ("CS", 16), ("UI", 64), ("DS", 16), ("IS", 12), ("PN", 192))[
        number % 7
    ]
    length = (limit + 2, 1_024, 65_534)[number % 3]
    tags = {"LO": 0x00081030, "SH": 0x00081010, "CS": 0x00180015, "UI": 0x00080014}
    tags |= {"DS": 0x00101030, "IS": 0x00200013, "PN": 0x00080090}
    return _added(nodes, Node(tags[vr], vr, b"1" * length))


def against_vr(nodes: Nodes, number: int) -> Nodes:
    """A value of which the VR has no such form (PS3.5 6.2)."""
    tags = {"DA": 0x00080020, "TM": 0x00080030, "DT": 0x0008002A, "IS": 0x00200013, "DS": 0x00101030}
    tags |= {"AS": 0x00101010, "UI": 0x00080014, "CS": 0x00180015, "LO": 0x00081030, "PN": 0x00080090}
    tags |= {"AT": 0x00280009, "FD": 0x00189073, "US": 0x00280010, "UR": 0x00081190}
    vr, value = _AGAINST_VR[number % len(_AGAINST_VR)]
    return _added(nodes, Node(tags[vr], vr, value))


def twice(nodes: Nodes, number: int) -> Nodes:
    """The same tag twice, with an equal value or another one (PS3.5 7.1)."""
    position = number % len(nodes)
    node = nodes[position]
    again = replace(node, value=node.value[::-1]) if number % 2 and node.items is None else node
    return _at(nodes, position, node, again)


def wrong_order(nodes: Nodes, number: int) -> Nodes:
    """Tags that do not ascend (PS3.5 7.1)."""
    if number % 3 == 0:
        return nodes[::-1]
    position = number % len(nodes)
    return (
        (*nodes[:position], *nodes[position + 1 :], nodes[position])
        if position < len(nodes) - 1
        else nodes[::-1]
    )


def without_uid(nodes: Nodes, number: int) -> Nodes:
    """No SOP Class, SOP Instance, Study or Series UID (PS3.5 7.4.1)."""
    return tuple(node for node in nodes if node.tag != _TYPE_1[number % 4])


def empty_uid(nodes: Nodes, number: int) -> Nodes:
    """One of these without a value (PS3.5 7.4.1)."""
    return _added(nodes, Node(_TYPE_1[number % 4], "UI"))


def invalid_uid(nodes: Nodes, number: int) -> Nodes:
    """One of these with a value that is no UID (PS3.5 9.1)."""
    value = _INVALID_UIDS[number // 4 % len(_INVALID_UIDS)]
    return _added(nodes, Node(_TYPE_1[number % 4], "UI", padded(value, b"\0")))


def _pixels(nodes: Nodes) -> Node | None:
    return next((node for node in nodes if node.tag == PIXEL_DATA), None)


def pixels_of_another_size(nodes: Nodes, number: int) -> Nodes | None:
    """Pixel Data that is not Rows times Columns; frames too many or too few where it is encapsulated."""
    pixels = _pixels(nodes)
    if pixels is None:
        return None
    if pixels.fragments is not None:
        fragments = pixels.fragments[:1] if number % 2 else (*pixels.fragments, *pixels.fragments[1:])
        return _added(nodes, replace(pixels, fragments=fragments))
    value = (
        b"",
        pixels.value[: len(pixels.value) // 4 * 2],
        pixels.value * 3 + bytes(2),
        pixels.value + bytes(4096),
    )
    return _added(nodes, replace(pixels, value=value[number % 4]))


def huge_rows(nodes: Nodes, number: int) -> Nodes | None:
    """Rows, Columns, samples, bits or frames that ask a decoder for more memory than the pixels fill."""
    if _pixels(nodes) is None:
        return None
    large = Node(0x00280010, "US", b"\xff\xff"), Node(0x00280011, "US", b"\xff\xff")
    other = (
        Node(0x00280008, "IS", b"2147483647"),
        Node(0x00280100, "US", b"\0\0"),
        Node(0x00280002, "US", b"\xff\xff"),
        Node(0x00280101, "US", b"\xff\xff"),
    )
    return _added(nodes, *large, other[number % 4])


def damaged_stream(nodes: Nodes, number: int) -> Nodes | None:
    """A compressed frame that breaks off, is no code stream, or is empty."""
    pixels = _pixels(nodes)
    if pixels is None or pixels.fragments is None:
        return None
    frame = pixels.fragments[1]
    half = frame[: len(frame) // 4 * 2]
    instead = (half, bytes(len(frame)), b"", half + bytes(len(half)), b"\xff" * 32)[number % 5]
    return _added(nodes, replace(pixels, fragments=(pixels.fragments[0], instead, *pixels.fragments[2:])))


def offsets_outside(nodes: Nodes, number: int) -> Nodes | None:
    """An offset table that points beyond the pixels, into a fragment, or is no multiple of four."""
    pixels = _pixels(nodes)
    if pixels is None or pixels.fragments is None:
        return None
    tables = (b"\xff\xff\xff\xff", b"\xfe\xff\xff\x7f" * 4, b"\x04\0\0\0", b"\0\0", bytes(4) * 5_000)
    if number % 6 == 5:
        wide = struct.pack("<Q", 1 << 63)
        return _added(nodes, Node(0x7FE00001, "OV", wide), Node(0x7FE00002, "OV", wide))
    return _added(nodes, replace(pixels, fragments=(tables[number % 6], *pixels.fragments[1:])))


def character_set(nodes: Nodes, number: int) -> Nodes:
    """A Specific Character Set that is none, or that may not stand with others (PS3.3 C.12.1.1.2)."""
    return _added(nodes, Node(0x00080005, "CS", padded(_CHARACTER_SETS[number % len(_CHARACTER_SETS)])))


def undecodable_text(nodes: Nodes, number: int) -> Nodes:
    """Text that is no text in its character set: broken UTF-8, an escape sequence that ends nowhere."""
    sets = (b"ISO_IR 192", b"GB18030 ", b"\\ISO 2022 IR 87 ", b"ISO_IR 100")
    texts = (
        b"\xc3\x28\xff\xfe",
        b"\x81\x30\x81",
        b"\x1b$B\x21",
        b"\x1b$)Z\xff\xff",
        b"\xed\xa0\x80\xf8\x88\x80\x80",
    )
    text = padded(texts[number // 4 % 5])
    return _added(
        nodes,
        Node(0x00080005, "CS", sets[number % 4]),
        Node(0x00081030, "LO", text),
        Node(0x00100010, "PN", b"PHTEST" + text),
    )


def meta_group(nodes: Nodes, number: int) -> Nodes:
    """File Meta Information within a data set (PS3.10 7.1, PS3.5 7.5.1)."""
    syntax = (b"1.2.840.10008.1.2\0", b"1.2.840.10008.1.2.2\0", b"1.2.840.10008.1.2.4.50")[number % 3]
    return _added(nodes, Node(0x00020000, "UL", b"\x1c\0\0\0"), Node(0x00020010, "UI", syntax))


def command_group(nodes: Nodes, number: int) -> Nodes:
    """Command elements within a data set (PS3.7 6.3)."""
    return _added(
        nodes,
        Node(0x00000002, "UI", b"1.2.840.10008.1.1\0"),
        Node(0x00000100, "US", (b"\x30\0", b"\x21\0", b"\xff\x0f")[number % 3]),
        Node(0x00000800, "US", b"\x01\x01"),
    )


def ownerless(nodes: Nodes, number: int) -> Nodes:
    """Private elements without a creator, or in elements that nobody may use (PS3.5 7.8.1)."""
    tags = (0x00451001, 0x00450001, 0x00450100, 0x00011001, 0xFFFF1001, 0x00070010)
    return _added(nodes, Node(tags[number % len(tags)], "LO", b"WHOSE "))


def creator_twice(nodes: Nodes, number: int) -> Nodes:
    """A creator that reserves two blocks of a group (PS3.5 7.8.1 a)."""
    second = 0x11 + number % 0xEE
    return _added(
        nodes,
        Node(0x00450010, "LO", b"PHTEST"),
        Node(0x00450000 | second, "LO", b"PHTEST"),
        Node(0x00451001, "LO", b"one "),
        Node(0x00450001 | second << 8, "LO", b"two "),
    )


def odd_creator(nodes: Nodes, number: int) -> Nodes:
    """A creator without a value, of two values, of another VR, or beyond the default repertoire."""
    owner = (
        Node(0x00450010, "LO", b""),
        Node(0x00450010, "LO", b"PHTEST\\A"),
        Node(0x00450010, "UN", b"PHTEST"),
        Node(0x00450010, "LO", b"PH\xc3\x84"),
        Node(0x00450010, "SQ", items=()),
    )
    return _added(nodes, owner[number % 5], Node(0x00451001, "LO", b"one "))
