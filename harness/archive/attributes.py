"""Attributes as the archive indexes and matches them: decoded text per value, independent of any encoding.

PS3.4 C.2.2.2 matches characters, not bytes: keys and stored values may be in different character sets, so
both are brought to Unicode here, once, and go back to bytes only in a response.
"""

from __future__ import annotations

import enum
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: Longest single value that the index keeps; longer ones stay in the file alone (an optional key not
#: supported).
LONGEST_VALUE = 16_384
#: Most items of a sequence that the index keeps, and the group of the per-frame items, which are no keys.
MOST_ITEMS = 100
_FUNCTIONAL_GROUPS = 0x5200
#: Deepest nesting of sequences that the index follows.
DEEPEST = 6

#: VRs whose characters are those of the default repertoire.
_ASCII_VRS = frozenset(["AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"])
#: VRs of text in the character set of the data set, by whether a backslash parts values (PS3.5 6.2).
CHARSET_VRS = {"LO": True, "LT": False, "PN": True, "SH": True, "ST": False, "UC": True, "UT": False}
#: VRs of binary numbers, by their code in `struct`.
NUMBERS = {"FL": "f", "FD": "d", "SL": "l", "SS": "h", "SV": "q", "UL": "L", "US": "H", "UV": "Q"}
_TEXT_VRS = _ASCII_VRS | CHARSET_VRS.keys() | NUMBERS.keys()
_ESCAPE = b"\x1b"
#: Values up to this length are read once for all objects that have them: slices of a series differ in few.
_SHARED = 64


class Level(enum.Enum):
    """Query/Retrieve Level (0008,0052), PS3.4 C.6."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"

    @property
    def depth(self) -> int:
        """0 for PATIENT to 3 for IMAGE."""
        return _DEPTHS[self]


_DEPTHS = {Level.PATIENT: 0, Level.STUDY: 1, Level.SERIES: 2, Level.IMAGE: 3}


class Root(enum.Enum):
    """Information model, PS3.4 C.3."""

    PATIENT = "Patient Root"
    STUDY = "Study Root"

    @property
    def levels(self) -> tuple[Level, ...]:
        """Levels of the model, top first."""
        every = (Level.PATIENT, Level.STUDY, Level.SERIES, Level.IMAGE)
        return every if self is Root.PATIENT else every[1:]


#: The unique key of each level, PS3.4 C.6.1.1.
UNIQUE_KEYS: Mapping[Level, int] = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.IMAGE: 0x00080018,
}


@dataclass(frozen=True)
class Attribute:
    """One element: its VR and its values as text, or its items when the VR is SQ."""

    vr: str
    values: tuple[str, ...] = ()
    items: tuple[AttributeSet, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True for zero length (also one item without attributes, PS3.4 C.2.2.2.6)."""
        if self.vr == "SQ":
            return not any(item.elements for item in self.items)
        return not any(self.values)

    @cached_property
    def json(self) -> str:
        """Its VR and its values or items, as the index keeps them."""
        if self.vr == "SQ":
            return f'["SQ",[{",".join(map(to_json, self.items))}]]'
        return json.dumps([self.vr, self.values], ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class AttributeSet:
    """Attributes by tag."""

    elements: Mapping[int, Attribute] = field(default_factory=dict)

    def get(self, tag: int) -> Attribute | None:
        """The attribute with this tag, if there is one."""
        return self.elements.get(tag)

    def text(self, tag: int) -> str:
        """All values joined by a backslash; empty if absent."""
        attribute = self.elements.get(tag)
        return "\\".join(attribute.values) if attribute else ""

    def merged(self, other: AttributeSet) -> AttributeSet:
        """These attributes and those of `other`, which win."""
        return AttributeSet({**self.elements, **other.elements})

    def only(self, tags: Iterable[int]) -> AttributeSet:
        """Those of `tags` that are here."""
        return AttributeSet({tag: self.elements[tag] for tag in tags if tag in self.elements})


def to_json(attributes: AttributeSet) -> str:
    """Compact text for the index."""
    return "{" + ",".join([f'"{tag:08x}":{one.json}' for tag, one in attributes.elements.items()]) + "}"


def from_json(text: str) -> AttributeSet:
    """The inverse of `to_json`."""
    return _typed(json.loads(text))


def _typed(plain: Mapping[str, list[Any]]) -> AttributeSet:
    return AttributeSet(
        {
            int(tag, 16): Attribute(vr, items=tuple(_typed(item) for item in content))
            if vr == "SQ"
            else Attribute(vr, tuple(content))
            for tag, (vr, content) in plain.items()
        }
    )


def from_dataset(dataset: Dataset, *, most_items: int | None = None, depth: int = 0) -> AttributeSet:
    """Decode the text of a data set: no pixels, no binary VRs, no private attributes.

    Sequences with more than `most_items` items are left out.

    Raises whatever pydicom raises for a value that can't be decoded at all.
    """
    from pydicom.dataelem import RawDataElement

    found: dict[int, Attribute] = {}
    for tag in list(dataset.keys()):
        number = int(tag)
        group = number >> 16
        if group < 8 or group >= 0x7FE0 or group & 1 or number & 0xFFFF == 0 or group == _FUNCTIONAL_GROUPS:
            continue
        raw = dataset.get_item(tag)
        vr = _vr_of(raw.VR, number)
        if vr == "SQ":
            content = dataset[tag].value or ()
            if depth < DEEPEST and (most_items is None or len(content) <= most_items):
                items = tuple(from_dataset(item, most_items=most_items, depth=depth + 1) for item in content)
                found[number] = Attribute("SQ", items=items)
            continue
        if vr not in _TEXT_VRS:
            continue
        attribute = None
        if isinstance(raw, RawDataElement) and raw.value is not None:
            read = _shared if len(raw.value) <= _SHARED else _read
            attribute = read(vr, raw.value, raw.is_little_endian)
        if attribute is None:
            attribute = Attribute(vr, _values(dataset[tag].value, vr))
        if vr == "UI" or all(len(value) <= LONGEST_VALUE for value in attribute.values):
            found[number] = attribute
    return AttributeSet(found)


def _read(vr: str, value: bytes, little: bool) -> Attribute | None:
    """An element whose text is the same in every character set, without pydicom: it takes twenty times as
    long.

    None for the others, and for a number of the wrong length.
    """
    if not value:
        return Attribute(vr)
    if vr in NUMBERS:
        code = NUMBERS[vr]
        number, rest = divmod(len(value), struct.calcsize(f"<{code}"))
        if rest:
            return None
        return Attribute(vr, tuple(map(str, struct.unpack(f"{'<' if little else '>'}{number}{code}", value))))
    if vr in _ASCII_VRS:
        # Taken as it stands: a key's value needn't be valid for its VR, and "007" stays "007".
        text = value.decode("latin-1")
    elif value.isascii() and _ESCAPE not in value:
        text = value.decode("ascii")
    else:
        return None
    parts = text.split("\\") if CHARSET_VRS.get(vr, True) else [text]
    values = tuple([_trimmed(part, vr) for part in parts])
    return Attribute(vr, () if values == ("",) else values)


_shared = lru_cache(maxsize=16_384)(_read)


@lru_cache(maxsize=16_384)
def _vr_of(vr: str | None, tag: int) -> str:
    """The VR of an element, from the dictionary where the encoding has none, or UN for a standard
    attribute.
    """
    from pydicom.datadict import dictionary_VR

    if vr and vr != "UN":
        return str(vr)
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _values(value: Any, vr: str) -> tuple[str, ...]:
    from pydicom.multival import MultiValue

    if value is None:
        return ()
    several = value if isinstance(value, (MultiValue, list, tuple)) else [value]
    found = tuple(_trimmed("" if single is None else str(single), vr) for single in several)
    return () if found == ("",) else found


def _trimmed(text: str, vr: str) -> str:
    """Without padding (PS3.5 6.2): leading spaces mean something in names and in long texts only."""
    text = text.rstrip("\0 ")
    return text if vr in {"LT", "ST", "UT", "UR", "UC", "PN", "UI"} else text.lstrip(" ")


#: Attributes of the upper levels (PS3.4 C.6.1.1.2 to C.6.1.1.4 and the modules of PS3.3 behind "all other
#: attributes at ... level"); whatever isn't listed belongs to the composite object instance.
PATIENT_TAGS = frozenset(
    {
        0x00100010, 0x00100020, 0x00100021, 0x00100022, 0x00100024, 0x00100030, 0x00100032, 0x00100033,
        0x00100040, 0x00101000, 0x00101001, 0x00101002, 0x00101005, 0x00101060, 0x00102160, 0x00104000,
        0x00102201, 0x00102292, 0x00120062, 0x00120063,
    }
)  # fmt: skip
STUDY_TAGS = frozenset(
    {
        0x0020000D, 0x00080020, 0x00080030, 0x00080050, 0x00080051, 0x00200010, 0x00080090, 0x00081030,
        0x00081032, 0x00081048, 0x00081060, 0x00081080, 0x00081084, 0x00081110, 0x00101010, 0x00101020,
        0x00101030, 0x00102180, 0x001021B0, 0x00201070, 0x00321060, 0x00380010, 0x00102203, 0x00102000,
        0x00102110, 0x001021A0, 0x001021C0, 0x00080096, 0x00321032, 0x00380500,
    }
)  # fmt: skip
SERIES_TAGS = frozenset(
    {
        0x0020000E, 0x00080060, 0x00200011, 0x0008103E, 0x0008103F, 0x00080021, 0x00080031, 0x00180015,
        0x00200060, 0x00081050, 0x00081070, 0x00181030, 0x00185100, 0x00400244, 0x00400245, 0x00400253,
        0x00400254, 0x00400275, 0x00080070, 0x00080080, 0x00081010, 0x00081040, 0x00081090, 0x00200052,
        0x00400260, 0x00081111,
    }
)  # fmt: skip
#: Computed from the entities below (PS3.4 C.3.4), by the level that they describe.
COMPUTED_TAGS: Mapping[int, tuple[Level, str]] = {
    0x00201200: (Level.PATIENT, "IS"),
    0x00201202: (Level.PATIENT, "IS"),
    0x00201204: (Level.PATIENT, "IS"),
    0x00201206: (Level.STUDY, "IS"),
    0x00201208: (Level.STUDY, "IS"),
    0x00080061: (Level.STUDY, "CS"),
    0x00080062: (Level.STUDY, "UI"),
    0x00201209: (Level.SERIES, "IS"),
    0x00083002: (Level.IMAGE, "UI"),
}

#: Required keys (PS3.4 tables C.6-1 to C.6-4): present in every response that they were asked in.
REQUIRED_TAGS = frozenset(
    {0x00100010, 0x00100020, 0x00080020, 0x00080030, 0x00080050, 0x00200010, 0x0020000D, 0x00080060,
     0x00200011, 0x0020000E, 0x00200013, 0x00080018}
)  # fmt: skip


def level_of(tag: int) -> Level:
    """The level that an attribute belongs to."""
    if tag in COMPUTED_TAGS:
        return COMPUTED_TAGS[tag][0]
    if tag in PATIENT_TAGS:
        return Level.PATIENT
    if tag in STUDY_TAGS:
        return Level.STUDY
    if tag in SERIES_TAGS:
        return Level.SERIES
    return Level.IMAGE
