"""Data sets as trees: what a node says is what the walker reads."""

from __future__ import annotations

import zlib

import pytest

from harness.dimse.walker import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, UNDEFINED, walk
from harness.fuzz.nodes import Item, Node, encode
from tests.mutants.fuzzed.rewriting import tree

NAME = Node(0x00100010, "PN", b"A^B ")
NESTED = Node(
    0x00081140,
    "SQ",
    items=(Item((NAME,), is_delimited=True), Item(), Item((Node(0x00280010, "US", b"\x01\x02"),))),
    is_delimited=True,
)
SYNTAXES = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_is_encoded_is_read_again(syntax: str) -> None:
    elements = list(walk(encode((NESTED, NAME), syntax), syntax))
    assert [(element.tag, element.depth) for element in elements] == [
        *((0x00081140, 0), (0xFFFEE000, 1), (0x00100010, 2), (0xFFFEE000, 1), (0xFFFEE000, 1)),
        *((0x00280010, 2), (0x00100010, 0)),
    ]
    assert bytes(elements[-1].value) == b"A^B "
    assert bytes(elements[-2].value) == (b"\x02\x01" if syntax == EXPLICIT_BIG else b"\x01\x02")


def test_lengths_are_defined_or_not_as_the_node_says() -> None:
    lengths = [element.length for element in walk(encode((NESTED,), EXPLICIT_LITTLE), EXPLICIT_LITTLE)]
    assert lengths == [UNDEFINED, UNDEFINED, 4, 0, 10, 2]
    defined = Node(0x00081140, "SQ", items=(Item((NAME,)),))
    assert [element.length for element in walk(encode((defined,), IMPLICIT_LITTLE), IMPLICIT_LITTLE)] == [
        20,
        12,
        4,
    ]


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, EXPLICIT_BIG])
def test_a_sequence_of_vr_un_is_implicit_and_little_within(syntax: str) -> None:
    """PS3.5 6.2.2."""
    unknown = Node(0x00091010, "UN", items=(Item((Node(0x00280010, "US", b"\x01\x02"),)),))
    elements = list(walk(encode((unknown, NAME), syntax), syntax))
    assert (elements[0].vr, elements[0].length) == ("UN", UNDEFINED)
    assert (elements[2].implicit, elements[2].big, bytes(elements[2].value)) == (True, False, b"\x01\x02")
    assert elements[-1].tag == NAME.tag


def test_fragments() -> None:
    pixels = Node(0x7FE00010, "OB", fragments=(b"", b"ab", b"cdef"))
    elements = list(walk(encode((pixels,), "1.2.840.10008.1.2.4.50"), "1.2.840.10008.1.2.4.50"))
    assert [bytes(element.value) for element in elements[1:]] == [b"", b"ab", b"cdef"]


def test_what_does_not_fit_a_short_length_is_of_vr_un() -> None:
    """PS3.5 6.2.2, note: the only way to send it in Explicit VR."""
    (element,) = walk(encode((Node(0x00091010, "LO", b"a" * 70_000),), EXPLICIT_LITTLE), EXPLICIT_LITTLE)
    assert (element.vr, element.length) == ("UN", 70_000)


def test_a_deflated_data_set_has_even_length_and_holds_the_explicit_one() -> None:
    for count in range(8):
        nodes = (Node(0x00100010, "PN", b"A" * 2 * count),)
        deflated = encode(nodes, DEFLATED)
        assert len(deflated) % 2 == 0
        assert zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated) == encode(nodes, EXPLICIT_LITTLE)


@pytest.mark.parametrize("syntax", [EXPLICIT_LITTLE, EXPLICIT_BIG])
def test_a_tree_that_is_read_is_encoded_as_it_was(syntax: str) -> None:
    encoded = encode((NESTED, NAME), syntax)
    assert encode(tree(encoded, syntax), syntax) == encoded
