"""What the index needs of an object, by a short way where there is one: the same as by the long one."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from harness.archive.attributes import Attribute, from_dataset, from_json, to_json
from harness.archive.encoding import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from harness.archive.reading import attributes_of, read_attributes
from harness.archive.storage import HEAD, Staged, Storage, Undecodable

#: A standard attribute of each VR that is not read the same way in any case.
TAGS = {
    "FD": 0x00189074, "FL": 0x00089459, "LO": 0x00081030, "LT": 0x00104000, "PN": 0x00100010,
    "SH": 0x00200010, "SL": 0x00186020, "SS": 0x00189219, "ST": 0x00080081, "UC": 0x00080119,
    "UL": 0x00081161, "US": 0x00280010, "UT": 0x00400602,
}  # fmt: skip
CHARACTER_SETS = (
    "",
    "ISO_IR 100",
    "ISO_IR 13",
    "ISO_IR 192",
    "GB18030",
    "\\ISO 2022 IR 87",
    "\\ISO 2022 IR 149",
)


def raw(tag: int, vr: str, value: bytes, *, little: bool = True) -> RawDataElement:
    return RawDataElement(BaseTag(tag), vr, len(value), value, 0, False, little)


def with_value(tag: int, vr: str, value: bytes, character_set: str, *, little: bool) -> Dataset:
    elements = {BaseTag(tag): raw(tag, vr, value, little=little)}
    if character_set:
        elements[BaseTag(0x00080005)] = raw(0x00080005, "CS", character_set.encode())
    return Dataset(elements)  # type: ignore[arg-type]


def by_pydicom(dataset: Dataset, tag: int) -> tuple[str, ...]:
    """The values as pydicom reads them, without padding."""
    value = dataset[tag].value
    if value is None:
        return ()
    several = value if isinstance(value, list) or hasattr(value, "append") else [value]
    vr = str(dataset[tag].VR)
    texts = [("" if one is None else str(one)).rstrip("\0 ") for one in several]
    kept = tuple(text if vr in {"LT", "ST", "UT", "UC", "PN"} else text.lstrip(" ") for text in texts)
    return () if kept == ("",) else kept


@given(
    vr=st.sampled_from(["LO", "LT", "PN", "SH", "ST", "UC", "UT"]),
    text=st.text(st.characters(codec="ascii", exclude_characters="\0\r\n\t\f"), max_size=40),
    character_set=st.sampled_from(CHARACTER_SETS),
)
@example("PN", "A^B=C=D", "ISO_IR 13")
@example("LO", "a\\ b \\", "ISO_IR 13")
@example("LO", "~", "ISO_IR 13")
@example("LT", "a\\b", "")
@example("ST", "a\\b", "")
@example("UT", " a\\b", "")
@example("UC", " a\\b", "")
@example("SH", "\x1b$B0l\x1b(B", "\\ISO 2022 IR 87")
def test_text(vr: str, text: str, character_set: str) -> None:
    value = text.encode() + b" " * (len(text) % 2)
    dataset = with_value(TAGS[vr], vr, value, character_set, little=True)
    attribute = from_dataset(dataset).elements[TAGS[vr]]
    assert attribute == Attribute(vr, by_pydicom(dataset, TAGS[vr]))


@given(
    vr=st.sampled_from(["FD", "FL", "SL", "SS", "UL", "US"]),
    value=st.binary(max_size=32),
    little=st.booleans(),
)
def test_numbers(vr: str, value: bytes, little: bool) -> None:
    size = {"FD": 8, "FL": 4, "SL": 4, "UL": 4, "SS": 2, "US": 2}[vr]
    value = value[: len(value) // size * size]
    dataset = with_value(TAGS[vr], vr, value, "", little=little)
    attribute = from_dataset(dataset).elements[TAGS[vr]]
    assert attribute.values == by_pydicom(dataset, TAGS[vr])


def test_a_number_of_a_wrong_length_is_no_number() -> None:
    with pytest.raises(Exception, match=r"bytes"):
        from_dataset(with_value(TAGS["US"], "US", b"abc", "", little=True))


def test_attributes_come_back_from_the_index() -> None:
    item = Dataset()
    item.CodeValue, item.CodeMeaning = "1", 'a "quoted" \\ 意味'
    dataset = Dataset()
    dataset.PatientName, dataset.Rows, dataset.ProcedureCodeSequence = "Ä^B", 5, [item, Dataset()]
    attributes = from_dataset(dataset)
    assert from_json(to_json(attributes)) == attributes


# ------------------------------------------------------------ from memory, and from the file


def element(tag: int, vr: bytes, value: bytes, order: str = "<", length: int | None = None) -> bytes:
    said = len(value) if length is None else length
    head = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF) + vr
    if vr in (b"OB", b"OW", b"UT", b"UN", b"SQ"):
        return head + struct.pack(f"{order}HI", 0, said) + value
    return head + struct.pack(f"{order}H", said) + value


UID = element(0x00080018, b"UI", b"1.2.3\0")
PIXELS = bytes(2 * HEAD)
UNDEFINED = 0xFFFFFFFF
ITEM = struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED)
ENDS = struct.pack("<HHI", 0xFFFE, 0xE00D, 0) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
FRAGMENTS = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(one)) + one for one in (b"", PIXELS, PIXELS))
RIGHT = {
    "pixels": UID + element(0x7FE00010, b"OW", PIXELS),
    "nothing but the head": UID + element(0x00100020, b"LO", b"ID"),
    "fragments": UID + element(0x7FE00010, b"OB", FRAGMENTS + ENDS[8:], length=UNDEFINED),
    "behind the pixels": UID + element(0x7FE00010, b"OW", PIXELS) + element(0xFFFCFFFC, b"OB", bytes(8)),
    "behind a long value": UID
    + element(0x00091001, b"OB", PIXELS)
    + element(0x00100020, b"LO", b"ID")
    + element(0x7FE00010, b"OW", PIXELS),
    "a long value at the end": UID + element(0x00091001, b"OB", PIXELS),
    "pixels in a sequence": UID
    + element(0x00880200, b"SQ", ITEM + element(0x7FE00010, b"OW", PIXELS) + ENDS, length=UNDEFINED)
    + element(0x7FE00010, b"OW", PIXELS),
    "a sequence over the edge": UID
    + element(
        0x00081140,
        b"SQ",
        b"".join(ITEM + element(0x00081155, b"UI", b"1.2.4\0") + ENDS[:8] for _ in range(3000)) + ENDS[8:],
        length=UNDEFINED,
    )
    + element(0x7FE00010, b"OW", PIXELS),
}
WRONG = {
    "cut off in the pixels": UID + element(0x7FE00010, b"OW", PIXELS, length=len(PIXELS) + 2),
    "cut off in the head": UID + element(0x00100020, b"LO", b"ID", length=4),
    "cut off in a header": UID + element(0x7FE00010, b"OW", PIXELS)[:9],
    "wrong behind the pixels": UID + element(0x7FE00010, b"OW", PIXELS) + element(0x00100020, b"LO", b"ID"),
    "cut off behind the pixels": UID + element(0x7FE00010, b"OW", PIXELS) + b"\xfc\xff\xfc\xff",
    "of odd length": UID + element(0x7FE00010, b"OW", PIXELS + b"\0"),
    "nothing": b"",
}


def received(
    folder: Path, data: bytes, transfer_syntax: str = EXPLICIT_LITTLE, piece: int = 16_000
) -> Staged:
    staged = Storage(folder).stage(transfer_syntax, "1.2", "1.2.3")
    for start in range(0, len(data), piece):
        staged.write(memoryview(data)[start : start + piece])
    staged.finish()
    assert staged.error is None
    return staged


@pytest.mark.parametrize("data", RIGHT.values(), ids=RIGHT)
def test_memory_and_file_say_the_same(tmp_path: Path, data: bytes) -> None:
    staged = received(tmp_path, data)
    assert staged.size == len(data)
    of_file = read_attributes(staged.path, staged.offset, staged.transfer_syntax)
    assert attributes_of(staged) == of_file
    assert of_file.text(0x00080018) == "1.2.3"


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG)
def test_what_is_wrong_in_the_file_is_wrong_in_memory(tmp_path: Path, data: bytes) -> None:
    staged = received(tmp_path, data)
    with pytest.raises(Undecodable) as of_file:
        read_attributes(staged.path, staged.offset, staged.transfer_syntax)
    with pytest.raises(Undecodable) as of_memory:
        attributes_of(staged)
    if "offset" not in str(of_file.value):  # offsets count from the file's or the data set's beginning
        assert str(of_memory.value) == str(of_file.value)


def test_pixels_alone_need_no_file(tmp_path: Path) -> None:
    """Or the way by memory is none."""
    staged = received(tmp_path, RIGHT["pixels"])
    staged.path.unlink()
    assert attributes_of(staged).text(0x00080018) == "1.2.3"


@pytest.mark.parametrize("syntax", [EXPLICIT_BIG, IMPLICIT_LITTLE, DEFLATED])
def test_other_transfer_syntaxes(tmp_path: Path, syntax: str) -> None:
    if syntax == IMPLICIT_LITTLE:
        data = (
            struct.pack("<HHI", 8, 0x18, 6)
            + b"1.2.3\0"
            + struct.pack("<HHI", 0x7FE0, 0x10, len(PIXELS))
            + PIXELS
        )
    elif syntax == EXPLICIT_BIG:
        data = element(0x00080018, b"UI", b"1.2.3\0", ">") + element(0x7FE00010, b"OW", PIXELS, ">")
    else:
        engine = zlib.compressobj(0, wbits=-zlib.MAX_WBITS)
        data = engine.compress(RIGHT["pixels"]) + engine.flush()
        data += b"\0" * (len(data) % 2)
    staged = received(tmp_path, data, syntax)
    assert attributes_of(staged) == read_attributes(staged.path, staged.offset, syntax)
    assert attributes_of(staged).text(0x00080018) == "1.2.3"
