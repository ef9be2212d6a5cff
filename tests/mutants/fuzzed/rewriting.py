"""Archives that keep another object than they received, element by element, whatever is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.archive.semantics import Semantics
from harness.dimse.difference import turned
from harness.dimse.errors import DecodeError
from harness.dimse.walker import UNDEFINED, Element, walk
from harness.fuzz.nodes import Item, Node, encode

if TYPE_CHECKING:
    from harness.archive.storage import Staged


class Rewrites(Semantics):
    """Keeps of each element what `keep` makes of it; of an object that it cannot read all."""

    def keep(self, node: Node, depth: int) -> Node | None:
        """What becomes of an element, `depth` sequences down; None drops it."""
        return node

    def coerced(self, staged: Staged) -> Staged:
        content = staged.path.read_bytes()
        header, dataset = content[: staged.offset], content[staged.offset :]
        try:
            nodes = tree(dataset, staged.transfer_syntax)
        except DecodeError:
            return staged
        kept = tuple(self._kept(nodes, 0))
        if kept != nodes:
            encoded = encode(kept, staged.transfer_syntax)
            staged.path.write_bytes(header + encoded)
            staged.size = len(encoded)
        return staged

    def _kept(self, nodes: Iterable[Node], depth: int) -> Iterator[Node]:
        for node in nodes:
            kept = self.keep(node, depth)
            if kept is not None and kept.items is not None:
                items = tuple(
                    replace(item, nodes=tuple(self._kept(item.nodes, depth + 1))) for item in kept.items
                )
                kept = replace(kept, items=items)
            if kept is not None:
                yield kept


def tree(dataset: bytes, transfer_syntax: str) -> tuple[Node, ...]:
    """The nodes of an encoded data set.  DecodeError."""
    elements = list(walk(dataset, transfer_syntax))
    children: dict[int | None, list[Element]] = {}
    for element in elements:
        children.setdefault(id(element.parent) if element.parent else None, []).append(element)

    def nodes(parent: Element | None) -> tuple[Node, ...]:
        return tuple(node(element) for element in children.get(id(parent) if parent else None, []))

    def node(element: Element) -> Node:
        vr = element.vr or "UN"
        if not element.is_sequence:
            value = bytes(element.value)
            return Node(element.tag, vr, bytes(turned(value, vr)) if element.big else value)
        held = children.get(id(element), [])
        is_delimited = element.length == UNDEFINED
        if element.tag == 0x7FE00010:
            return Node(element.tag, vr, fragments=tuple(bytes(one.value) for one in held))
        items = tuple(Item(nodes(one), one.length == UNDEFINED) for one in held)
        return Node(element.tag, vr if element.vr else "SQ", items=items, is_delimited=is_delimited)

    return nodes(None)


def is_private(node: Node) -> bool:
    """Of a group of odd number."""
    return bool(node.tag >> 16 & 1)
