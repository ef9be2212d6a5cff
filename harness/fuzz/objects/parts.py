"""What a data set is put together from: parts that fit, or else are left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.dimse.walker import IMPLICIT_LITTLE
from harness.fuzz.nodes import Nodes
from harness.fuzz.objects.charsets import CharacterSet


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds in a data set: its character set and its transfer syntax."""

    charset: CharacterSet
    transfer_syntax: str

    @property
    def names_vr(self) -> bool:
        """Whether the VR stands in the bytes (PS3.5 7.1.2)."""
        return self.transfer_syntax != IMPLICIT_LITTLE


@dataclass(frozen=True, slots=True)
class Part:
    """Elements that belong together, and what is unusual in them."""

    nodes: Nodes
    traits: tuple[str, ...] = ()


def is_creator(tag: int) -> bool:
    """Whether this is the place of a Private Creator (PS3.5 7.8.1)."""
    return bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF <= 0xFF


def merged(parts: Iterable[Part], *, taken: Iterable[int] = ()) -> Part:
    """One ascending data set of all parts of which no tag stands in a part before.

    A Private Creator reserves but one block of a group (PS3.5 7.8.1 a), so a part that names one again is
    left out as well.  A part is taken whole or not at all.
    """
    claimed: set[object] = set(taken)
    nodes: list[Nodes] = []
    traits: dict[str, None] = {}
    for part in parts:
        claims: set[object] = {node.tag for node in part.nodes}
        claims |= {(node.tag >> 16, node.value.strip(b" ")) for node in part.nodes if is_creator(node.tag)}
        if claims & claimed:
            continue
        claimed |= claims
        nodes.append(part.nodes)
        traits |= dict.fromkeys(part.traits)
    together = sorted((node for some in nodes for node in some), key=lambda node: node.tag)
    return Part(tuple(together), tuple(traits))
