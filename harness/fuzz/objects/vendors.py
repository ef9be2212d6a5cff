"""Private elements in the layout of known vendors, with content of our own.

Archives and viewers read these, so that they are where parsers are tried hardest: a Siemens CSA header is a
format within an OB, GE spreads over several groups, Philips nests private sequences.
"""

from __future__ import annotations

import struct

from hypothesis import strategies as st

from harness.fuzz.nodes import Item, Node, Nodes
from harness.fuzz.objects.charsets import padded
from harness.fuzz.objects.parts import Part
from harness.fuzz.objects.private import creator

_SEEDS = st.integers(0, 0xFF)
_MARK = 0x4D


def _csa(number: int) -> bytes:
    """A CSA header of the second form: "SV10", then named tags with items padded to four bytes."""
    tags = (
        ("EchoLinePosition", b"IS", "64"),
        ("SliceNormalVector", b"FD", f"0.{number}"),
        ("Empty", b"LO", ""),
    )
    out = bytearray(b"SV10\4\3\2\1" + struct.pack("<II", len(tags), _MARK))
    for name, vr, text in tags:
        data = text.encode("ascii") + b"\0" if text else b""
        items = 1 if data else 0
        out += struct.pack("<64si4siii", name.encode("ascii"), 1, vr, number, items * 6, _MARK)
        for index in range(items * 6):
            length = len(data) if index == 0 else 0
            out += struct.pack("<4i", length, length, _MARK, length)
            out += data + bytes(-length % 4) if index == 0 else b""
    return padded(bytes(out), b"\0")


def _text(tag: int, vr: str, text: str) -> Node:
    return Node(tag, vr, padded(text.encode("ascii"), b"\0" if vr == "UI" else b" "))


def _siemens(number: int) -> Nodes:
    return (
        creator(0x0029, 0x10, "SIEMENS CSA HEADER"),
        creator(0x0029, 0x11, "SIEMENS MEDCOM HEADER2"),
        _text(0x00291008, "CS", "IMAGE NUM 4"),
        _text(0x00291009, "LO", "20260101"),
        Node(0x00291010, "OB", _csa(number)),
        _text(0x00291018, "CS", "MR"),
        _text(0x00291019, "LO", "20260101"),
        Node(0x00291020, "OB", _csa(number + 1)),
        _text(0x00291160, "LO", "com"),
    )


def _ge(number: int) -> Nodes:
    return (
        creator(0x0009, 0x10, "GEMS_IDEN_01"),
        _text(0x00091001, "LO", "GE_GENESIS_FF"),
        _text(0x00091002, "SH", "CT01"),
        Node(0x00091027, "SL", struct.pack("<i", number)),
        creator(0x0019, 0x10, "GEMS_ACQU_01"),
        Node(0x00191002, "SL", b"" if number % 2 else struct.pack("<i", 912)),
        _text(0x00191024, "DS", "60.000000"),
        creator(0x0025, 0x10, "GEMS_SERS_01"),
        Node(0x00251006, "SS", struct.pack("<h", number)),
        Node(0x0025101B, "OB", padded(b"\x1f\x8b\x08\x00" + bytes(range(number))[:64], b"\0")),
        creator(0x0043, 0x10, "GEMS_PARM_01"),
        _text(0x00431039, "IS", "1000\\8\\0\\0"),
        creator(0x0045, 0x10, "GEMS_HELIOS_01"),
        Node(0x00451001, "SS", b"\x10\0"),
    )


def _philips(number: int) -> Nodes:
    inner = (
        _text(0x00081150, "UI", "1.2.840.10008.5.1.4.1.1.4"),
        creator(0x2001, 0x10, "Philips Imaging DD 001"),
        Node(0x20011003, "FL", struct.pack("<f", number)),
        creator(0x2005, 0x10, "Philips MR Imaging DD 001"),
        Node(0x20051071, "FL", struct.pack("<f", -1.5)),
    )
    return (
        creator(0x2001, 0x10, "Philips Imaging DD 001"),
        Node(0x20011003, "FL", struct.pack("<f", number)),
        _text(0x20011008, "IS", "1"),
        Node(0x2001105F, "SQ", items=(Item(inner, is_delimited=True),), is_delimited=True),
        creator(0x2005, 0x10, "Philips MR Imaging DD 001"),
        creator(0x2005, 0x14, "Philips MR Imaging DD 005"),
        Node(
            0x2005140F, "SQ", items=(Item(inner), Item((), is_delimited=True)), is_delimited=bool(number % 2)
        ),
    )


_MAKERS = st.sampled_from((("Siemens CSA", _siemens), ("GE", _ge), ("Philips", _philips)))


@st.composite
def vendors(draw: st.DrawFn) -> Part:
    """The private elements of one maker's layout."""
    name, build = draw(_MAKERS)
    nodes = sorted(build(draw(_SEEDS)), key=lambda node: node.tag)
    return Part(tuple(nodes), (f"{name} layout",))
