"""An object to be judged, and its attributes as they lie in the bytes: nothing that a reader would hide."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import dictionary_keyword, dictionary_VR, private_dictionary_VR

from harness.dimse.difference import turned
from harness.dimse.errors import DecodeError
from harness.dimse.walker import PIXEL_DATA, Element, is_creator, shown_tag, walk

CHARACTER_SET = 0x00080005
TEXT_VRS = frozenset(
    ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")
)
_ENCODED = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
"""Those that Specific Character Set is about (PS3.5 6.1.2.3)."""
_DELIMITERS = {0x5C, 0x5E, 0x3D, 0x0D, 0x0A, 0x0C, 0x09}


@dataclass(frozen=True)
class Instance:
    """One object: a data set, and what stands before it where it came as a file.

    `dataset` is encoded in `transfer_syntax`.  `meta` maps tags of group 0002 to value fields as they are;
    `name` is the path below the folder that was given, or what a person would call it.
    """

    transfer_syntax: str
    dataset: bytes | memoryview = field(repr=False)
    name: str = ""
    preamble: bytes = field(default=b"", repr=False)
    meta: Mapping[int, bytes] = field(default_factory=dict, repr=False)

    @cached_property
    def attributes(self) -> Attributes:
        """By path, file meta information first.  Raises DecodeError for damage."""
        head = {
            shown_tag(tag): Attribute(shown_tag(tag), tag, vr_of(tag, ""), value)
            for tag, value in self.meta.items()
        }
        try:
            return Attributes(head | _walked(self, True))
        except DecodeError:
            # A value of VR UN may begin as a sequence does, and be none.
            return Attributes(head | _walked(self, False))

    def text(self, tag: int) -> str:
        """A value of the top level; empty where there is none."""
        attribute = self.attributes.get(shown_tag(tag))
        return "" if attribute is None else attribute.text

    @cached_property
    def pixel_digest(self) -> str:
        """Of the pixel data as it is encoded; empty where there is none."""
        found = [one for one in self.attributes.values() if one.tag in PIXELS and "/" not in one.path]
        return found[0].digest if found else ""

    @property
    def is_directory(self) -> bool:
        """Whether it is a DICOMDIR (PS3.10 8), which is no object of a patient."""
        return self.meta.get(0x00020002, b"").rstrip(b"\0 ") == b"1.2.840.10008.1.3.10"


PIXELS = frozenset((PIXEL_DATA, 0x7FE00008, 0x7FE00009))
"""Pixel Data, and as float and double."""


@dataclass(frozen=True)
class Attribute:
    """One data element.  `path` is ``(0040,0275)[0]/(0008,1150)``.

    `value` is its value field in little endian, empty for a sequence, which has `items`, and for
    pixel data, which has a `digest` alone.  `creator` is the private creator of its block.
    """

    path: str
    tag: int
    vr: str
    value: bytes = field(repr=False)
    items: int | None = None
    creator: str = ""
    charset: tuple[str, ...] = ()
    digest: str = ""

    @property
    def is_sequence(self) -> bool:
        return self.items is not None

    @property
    def is_private(self) -> bool:
        """A private element or creator (PS3.5 7.8)."""
        return bool(self.tag >> 16 & 1)

    @cached_property
    def text(self) -> str:
        """The value of a string VR without padding; empty for the others."""
        if self.vr not in TEXT_VRS:
            return ""
        if self.vr in _ENCODED:
            decoded = decode_bytes(self.value, convert_encodings(list(self.charset)), _DELIMITERS)
        else:
            decoded = self.value.decode("latin-1")
        return decoded.strip("\0 ")

    @property
    def has_value(self) -> bool:
        """Whether there is anything but padding, or any item."""
        if self.items is not None:
            return self.items > 0
        return bool(self.digest or (self.text if self.vr in TEXT_VRS else self.value))

    @property
    def shape(self) -> str:
        """The path without the numbers of items."""
        return "/".join(part.partition("[")[0] for part in self.path.split("/"))

    @property
    def name(self) -> str:
        """What the dictionary calls it; empty where it does not know it."""
        return name_of(self.tag)


def name_of(tag: int) -> str:
    """The keyword of an attribute; empty for what the dictionary does not know."""
    try:
        return dictionary_keyword(tag)
    except KeyError:
        return ""


def vr_of(tag: int, creator: str) -> str:
    """The VR where the encoding names none, or UN; UN where nobody knows it."""
    if is_creator(tag):
        return "LO"
    try:
        vr = private_dictionary_VR(tag, creator) if tag >> 16 & 1 else dictionary_VR(tag)
    except KeyError:
        return "UN"
    return vr.split(" ")[-1]


@dataclass(slots=True)
class _Level:
    """What a data set, or an item, has told of what comes in it."""

    path: str
    charset: tuple[str, ...] = ()
    creators: dict[tuple[int, int], str] = field(default_factory=dict)
    sequence: str = ""
    """The attribute that came last: items are its."""


def _walked(instance: Instance, unknown_too: bool) -> dict[str, Attribute]:
    def is_sequence(tag: int) -> bool:
        return unknown_too or vr_of(tag, "") == "SQ"

    found: dict[str, Attribute] = {}
    counts: dict[str, int] = {}
    frames: dict[str, hashlib._Hash] = {}
    levels = [_Level("")]
    for element in walk(instance.dataset, instance.transfer_syntax, is_sequence=is_sequence):
        if element.is_item:
            parent = levels[element.depth // 2].sequence
            if element.parent is not None and element.parent.tag == PIXEL_DATA:
                # The offset table and where fragments end are a matter of encoding (PS3.5 A.4).
                if element.index:
                    frames.setdefault(parent, hashlib.sha256()).update(element.value)
                continue
            counts[parent] = counts.get(parent, 0) + 1
            del levels[element.depth // 2 + 1 :]
            outer = levels[-1]
            levels.append(_Level(f"{parent}[{element.index}]/", outer.charset))
            continue
        if element.tag & 0xFFFF == 0 and not element.is_sequence:
            continue  # group lengths say nothing (PS3.5 7.2)
        del levels[element.depth // 2 + 1 :]
        attribute = _attribute(element, levels[-1])
        levels[-1].sequence = attribute.path
        found[attribute.path] = attribute
    for path, count in counts.items():
        found[path] = _with_items(found[path], count)
    for path, frame in frames.items():
        found[path] = _pixels(path, PIXEL_DATA, frame.hexdigest())
    return found


def _attribute(element: Element, level: _Level) -> Attribute:
    path = level.path + shown_tag(element.tag)
    # As little endian has it, so that values compare whatever the transfer syntax is.
    value = bytes(turned(element.value, element.vr or "") if element.big else element.value)
    block = (element.tag >> 16, element.tag >> 8 & 0xFF)
    creator = level.creators.get(block, "") if element.tag >> 16 & 1 else ""
    vr = vr_of(element.tag, creator) if element.vr in (None, "UN") else str(element.vr)
    if is_creator(element.tag):
        level.creators[element.tag >> 16, element.tag & 0xFF] = value.decode("latin-1").strip("\0 ")
    if element.tag == CHARACTER_SET:
        level.charset = tuple(one.strip() for one in value.decode("latin-1").strip("\0 ").split("\\"))
    if element.tag in PIXELS:
        return _pixels(path, element.tag, hashlib.sha256(value).hexdigest() if value else "")
    if element.is_sequence:
        return Attribute(path, element.tag, "SQ", b"", 0, creator, level.charset)
    vr = "UN" if vr == "SQ" and value else vr
    items = 0 if vr == "SQ" else None
    return Attribute(path, element.tag, vr, value, items, creator, level.charset)


def _pixels(path: str, tag: int, digest: str) -> Attribute:
    return Attribute(path, tag, "OB", b"", digest=digest)


def _with_items(one: Attribute, count: int) -> Attribute:
    return Attribute(one.path, one.tag, one.vr, b"", count, one.creator, one.charset)


class Attributes(dict[str, Attribute]):
    """Attributes by path, in the order of the data set: what lies in a sequence comes right behind it."""

    @cached_property
    def _order(self) -> tuple[list[Attribute], dict[str, int]]:
        return list(self.values()), {path: at for at, path in enumerate(self)}

    def below(self, path: str) -> Iterator[Attribute]:
        """What lies in the items of a sequence, however deep; nothing where there is no such sequence."""
        attributes, places = self._order
        start = f"{path}["
        for at in range(places.get(path, len(attributes)) + 1, len(attributes)):
            one = attributes[at]
            if not one.path.startswith(start):
                return
            yield one
