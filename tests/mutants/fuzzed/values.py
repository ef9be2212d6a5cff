"""What archives make of the values of valid objects."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import replace

from harness.dimse.walker import is_creator
from harness.findings import Area, Symptom
from harness.fuzz.nodes import Node
from tests.mutants.fuzzed.rewriting import Rewrites, is_private
from tests.mutants.fuzzed.seed import weakness

TEXTS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
VALUE = "PS3.5 6.2"


class ChangesValues(Rewrites):
    """Keeps another value of the elements of some VRs."""

    vrs: frozenset[str] = TEXTS

    def keep(self, node: Node, depth: int) -> Node | None:
        if node.vr not in self.vrs or node.items is not None or node.fragments is not None:
            return node
        changed = self.changed(node)
        return replace(node, value=changed + b" " * (len(changed) % 2))

    def changed(self, node: Node) -> bytes:
        """The other value."""
        return node.value


def altered(clause: str, defect: str) -> Callable[[type], type]:
    """A weakness that shows in a value that came back."""
    return weakness(Area.DATA_SETS, Symptom.ALTERED, clause=clause, defect=defect)


@altered(VALUE, "texts are cut at 1,024 bytes")
class CutsTexts(ChangesValues):
    def changed(self, node: Node) -> bytes:
        return node.value[:1024]


@altered(VALUE, "binary values are cut at 64 bytes")
class CutsBytes(ChangesValues):
    vrs = frozenset(("OB", "UN"))

    def changed(self, node: Node) -> bytes:
        return node.value[:64] if node.tag >> 16 != 0x7FE0 else node.value


@altered("PS3.5 6.4", "of several values the first alone is kept")
class KeepsFirstValue(ChangesValues):
    vrs = frozenset(("CS", "DS", "IS", "LO", "SH", "UC"))

    def changed(self, node: Node) -> bytes:
        return node.value.split(b"\\")[0]


@altered(VALUE, "the spaces in front of a text, which mean something in LT, ST and UT, are cut off")
class StripsLeadingSpaces(ChangesValues):
    vrs = frozenset(("LT", "ST", "UT"))

    def changed(self, node: Node) -> bytes:
        return node.value.lstrip(b" ")


@altered("PS3.5 6.1.3", "line ends become those of another system")
class ChangesLineEnds(ChangesValues):
    vrs = frozenset(("LT", "ST", "UT"))

    def changed(self, node: Node) -> bytes:
        return node.value.replace(b"\r\n", b"\n")


@altered(VALUE, "decimal strings are written anew")
class RewritesDecimals(ChangesValues):
    vrs = frozenset(("DS",))

    def changed(self, node: Node) -> bytes:
        try:
            numbers = [float(one) for one in node.value.split(b"\\")]
        except ValueError:
            return node.value
        return b"\\".join(f"{one:.10g}".encode() for one in numbers)


@altered(VALUE, "integer strings are written anew")
class RewritesIntegers(ChangesValues):
    vrs = frozenset(("IS",))

    def changed(self, node: Node) -> bytes:
        try:
            numbers = [int(one) for one in node.value.split(b"\\")]
        except ValueError:
            return node.value
        return b"\\".join(str(one).encode() for one in numbers)


@altered(VALUE, "fractions of a second are cut off")
class CutsFractions(ChangesValues):
    vrs = frozenset(("DT", "TM"))

    def changed(self, node: Node) -> bytes:
        return b"\\".join(one.partition(b".")[0] for one in node.value.split(b"\\"))


@altered(VALUE, "dates before 1900 become empty")
class DropsOldDates(ChangesValues):
    vrs = frozenset(("DA",))

    def changed(self, node: Node) -> bytes:
        return b"" if node.value[:4] < b"1900" else node.value


@altered("PS3.5 9.1", "UIDs are cut at 60 characters")
class CutsUids(ChangesValues):
    vrs = frozenset(("UI",))

    def changed(self, node: Node) -> bytes:
        return node.value[:60]


@altered("PS3.5 6.2.1", "the ideographic and phonetic groups of names are cut off")
class CutsNameGroups(ChangesValues):
    vrs = frozenset(("PN",))

    def changed(self, node: Node) -> bytes:
        return node.value.partition(b"=")[0]


@altered("PS3.5 6.2.1", "names are cut at 64 bytes, all groups together")
class CutsNames(ChangesValues):
    vrs = frozenset(("PN",))

    def changed(self, node: Node) -> bytes:
        return node.value[:64]


@altered("PS3.5 6.1.2.5.3", "escape sequences of character sets are taken out")
class StripsEscapes(ChangesValues):
    def changed(self, node: Node) -> bytes:
        return node.value.replace(b"\x1b", b"")


@altered("PS3.5 6.1.2", "characters beyond ASCII become question marks")
class AsciiOnly(ChangesValues):
    def changed(self, node: Node) -> bytes:
        return bytes(one if one < 0x80 else 0x3F for one in node.value)


@weakness(
    *(Area.DATA_SETS, Symptom.ALTERED, Symptom.DROPPED),
    clause="PS3.5 7.8.1",
    defect="Private Creators are written in capitals",
)
class ShoutsCreators(ChangesValues):
    vrs = frozenset(("LO",))

    def changed(self, node: Node) -> bytes:
        return node.value.upper() if is_creator(node.tag) else node.value


@altered(VALUE, "doubles are kept with the precision of floats")
class RoundsDoubles(ChangesValues):
    vrs = frozenset(("FD",))

    def changed(self, node: Node) -> bytes:
        numbers = struct.unpack(f"<{len(node.value) // 8}d", node.value)
        small = (one if math.isinf(one) or abs(one) < 3e38 else 0.0 for one in numbers)
        return b"".join(struct.pack("<d", struct.unpack("<f", struct.pack("<f", one))[0]) for one in small)


@altered(VALUE, "negative numbers become positive ones")
class LosesSigns(ChangesValues):
    vrs = frozenset(("SL", "SS"))

    def changed(self, node: Node) -> bytes:
        code, size = ("i", 4) if node.vr == "SL" else ("h", 2)
        numbers = struct.unpack(f"<{len(node.value) // size}{code}", node.value)
        most = 2 ** (8 * size - 1) - 1
        return struct.pack(f"<{len(numbers)}{code}", *(min(abs(one), most) for one in numbers))


@altered(VALUE, "the bytes of private words are turned around")
class SwapsWords(ChangesValues):
    vrs = frozenset(("OW",))

    def changed(self, node: Node) -> bytes:
        if not is_private(node):
            return node.value
        turned = bytearray(node.value)
        turned[::2], turned[1::2] = node.value[1::2], node.value[::2]
        return bytes(turned)


@altered("PS3.5 A.4", "the last byte of a compressed frame is lost")
class CutsFragments(Rewrites):
    def keep(self, node: Node, depth: int) -> Node | None:
        if node.fragments is None or len(node.fragments) < 2:
            return node
        return replace(node, fragments=(*node.fragments[:-1], node.fragments[-1][:-2]))
