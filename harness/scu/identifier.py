"""Identifiers: the keys that are sent, and the answers that are read with suspicion (PS3.4 C.4).

An `Identifier` that came from the product gives its values through accessors which raise PeerViolation
where they are no legal DICOM, so that no value is believed unread.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pydicom
from pydicom import Dataset
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.datadict import keyword_for_tag, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset
from pydicom.multival import MultiValue

from harness.dimse.errors import PeerViolation
from harness.scu.uids import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

_CHARSET_DEPENDENT = frozenset({"PN", "LO", "LT", "SH", "ST", "UC", "UT", "UN"})
_PN_DELIMITERS = {0x5E, 0x3D, 0x5C}
_TEXT_DELIMITERS = {0x09, 0x0A, 0x0C, 0x0D, 0x5C}
_BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}


def encode_identifier(keys: Dataset, transfer_syntax: str) -> bytes:
    """The keys as they go on the wire."""
    stream = DicomBytesIO()
    stream.is_little_endian = transfer_syntax != EXPLICIT_VR_BIG_ENDIAN
    stream.is_implicit_VR = transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN
    write_dataset(stream, keys)
    return stream.getvalue()


def encode_with_group_lengths(keys: Dataset, transfer_syntax: str) -> bytes:
    """The keys with a Group Length element, retired but to be understood (PS3.5 7.2), before each group."""
    order = ">" if transfer_syntax == EXPLICIT_VR_BIG_ENDIAN else "<"
    head = "HHI" if transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN else "HH2sH"
    vr_and_length = (4,) if head == "HHI" else (b"UL", 4)
    parts = []
    for group in sorted({tag.group for tag in keys.keys()}):  # noqa: SIM118 - iterating converts every value
        part = encode_identifier(keys.group_dataset(group), transfer_syntax)
        parts.append(struct.pack(f"{order}{head}I", group, 0, *vr_and_length, len(part)) + part)
    return b"".join(parts)


def keys_of(level: str | None, keys: Mapping[str, Any]) -> Dataset:
    """A Dataset of query keys by keyword: None asks for the attribute, a value has to match.

    Specific Character Set is added where a value needs more than ASCII and none is given.
    """
    identifier = Dataset()
    with pydicom.config.disable_value_validation():
        if level is not None:
            identifier.QueryRetrieveLevel = str(level)
        for keyword, value in keys.items():
            if tag_for_keyword(keyword) is None:
                raise ValueError(f"{keyword!r} is no keyword of PS3.6")
            setattr(identifier, keyword, value)
        texts = [value for value in keys.values() if isinstance(value, str)]
        if "SpecificCharacterSet" not in keys and not all(text.isascii() for text in texts):
            identifier.SpecificCharacterSet = "ISO_IR 192"
    return identifier


@dataclass(frozen=True, slots=True)
class Identifier:
    """One Identifier of a response."""

    raw: bytes
    transfer_syntax: str
    dataset: Dataset
    inherited: tuple[str, ...] = ("",)
    """Specific Character Set of the data set around, where this is an item of a sequence (PS3.5 7.5.3)."""

    def __iter__(self) -> Iterator[str]:
        """The keywords of its attributes, tags as 8 digits where there is no keyword."""
        for tag in self.dataset.keys():  # noqa: SIM118 - iterating a Dataset converts every value
            yield keyword_for_tag(tag) or f"{int(tag):08X}"

    def __contains__(self, keyword: str) -> bool:
        return _tag(keyword) in self.dataset

    def text(self, keyword: str) -> str:
        """The value as text, padding removed; empty where the attribute has no value.

        Raises PeerViolation where the attribute is absent or its bytes are no text of its character set.
        """
        element = self._element(keyword)
        if element.VR == "SQ":
            raise PeerViolation("PS3.5 6.2", f"a value in {keyword}", f"a sequence in {keyword}", self.raw)
        if isinstance(element.value, (bytes, type(None))):
            return self._decode(keyword, element.VR or _vr(keyword), element.value or b"")
        # pydicom has converted some values by itself, such as Specific Character Set and empty ones.
        values = element.value if isinstance(element.value, list | MultiValue) else [element.value]
        return "\\".join(str(value) for value in values).rstrip(" \0")

    def values(self, keyword: str) -> tuple[str, ...]:
        """The values of a multi-valued attribute; none where it has no value."""
        text = self.text(keyword)
        return tuple(value.strip(" ") for value in text.split("\\")) if text else ()

    def items(self, keyword: str) -> tuple[Dataset, ...]:
        """The items of a sequence attribute."""
        vr = self._raw(_tag(keyword)).VR
        vr = _vr(keyword) if vr in (None, "UN") else vr
        if vr != "SQ":  # which is asked first: pydicom would convert another value, and raise what it likes
            raise PeerViolation("PS3.5 7.5", f"a sequence in {keyword}", f"VR {vr}", self.raw)
        return tuple(self.dataset[_tag(keyword)].value)

    def nested(self, keyword: str) -> tuple[Identifier, ...]:
        """The items of a sequence attribute, read as suspiciously.  PeerViolation where it is absent."""
        self._element(keyword)
        try:
            items = self.items(keyword)
        except (EOFError, ValueError, struct.error, NotImplementedError, OSError, AttributeError) as error:
            raise PeerViolation(
                "PS3.5 7.5", f"decodable items in {keyword}", f"{type(error).__name__}: {error}", self.raw
            ) from None
        return tuple(
            Identifier(self.raw, self.transfer_syntax, item, self._character_sets()) for item in items
        )

    def value_bytes(self, keyword: str) -> bytes:
        """The value as its bytes came, padding included.  PeerViolation where it has none of its own."""
        value = self._element(keyword).value or b""
        if not isinstance(value, bytes):
            raise PeerViolation(
                "PS3.5 7.5", f"a value in {keyword}", "items, or what pydicom has converted", self.raw
            )
        return value

    def _element(self, keyword: str) -> Any:
        if keyword not in self:
            raise PeerViolation(
                "PS3.4 C.2.2.1",
                f"{keyword} in the response",
                f"attributes {', '.join(self) or 'none'}",
                self.raw,
            )
        element = self._raw(_tag(keyword))
        if isinstance(element, RawDataElement):
            return element
        return self.dataset[_tag(keyword)]

    def _raw(self, tag: int) -> Any:
        """As it was read: pydicom would convert what is empty, and raise what it likes."""
        return self.dataset.get_item(tag, keep_deferred=True)

    def _decode(self, keyword: str, vr: str, value: bytes) -> str:
        if vr in _BINARY:
            code = _BINARY[vr]
            if len(value) % struct.calcsize(code):
                raise PeerViolation("PS3.5 6.2", f"{keyword} of VR {vr}", f"{len(value)} bytes", value)
            order = ">" if self.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN else "<"
            count = len(value) // struct.calcsize(code)
            return "\\".join(str(number) for number in struct.unpack(f"{order}{count}{code}", value))
        try:
            text = self._in_character_set(vr, value) if vr in _CHARSET_DEPENDENT else value.decode("ascii")
        except (UnicodeError, LookupError) as error:
            raise PeerViolation(
                "PS3.5 6.1", f"{keyword} in the character set that the response names", str(error), value
            ) from None
        return text.rstrip(" \0")

    def _in_character_set(self, vr: str, value: bytes) -> str:
        encodings = convert_encodings([name.strip(" \0") for name in self._character_sets()])
        return decode_bytes(value, encodings, _PN_DELIMITERS if vr == "PN" else _TEXT_DELIMITERS)

    def _character_sets(self) -> tuple[str, ...]:
        raw = self._raw(_tag("SpecificCharacterSet"))
        if raw is None:
            return self.inherited
        value = raw.value or b""
        if isinstance(value, bytes):
            return tuple(value.decode("ascii", "replace").split("\\"))
        # pydicom has converted it by itself.
        return tuple(map(str, value)) if isinstance(value, list | MultiValue) else (str(value or ""),)


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword!r} is no keyword of PS3.6")
    return tag


def _vr(keyword: str) -> str:
    return str(pydicom.datadict.dictionary_VR(_tag(keyword)))


def read_identifier(raw: bytes | None, transfer_syntax: str) -> Identifier:
    """Decode the Identifier of a response.  Raises PeerViolation where there is none or it is damaged."""
    if raw is None:
        raise PeerViolation("PS3.7 9.3.2.2", "an Identifier in the pending response", "no data set")
    implicit = transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN
    little = transfer_syntax != EXPLICIT_VR_BIG_ENDIAN
    try:
        dataset = read_dataset(BytesIO(raw), implicit, little, bytelength=len(raw))
    except (
        EOFError,
        ValueError,
        KeyError,
        struct.error,
        NotImplementedError,
        OSError,
        AttributeError,
    ) as error:
        raise PeerViolation(
            "PS3.5 7.1", "a decodable Identifier", f"{type(error).__name__}: {error}", raw
        ) from None
    return Identifier(raw, transfer_syntax, dataset)
