"""What came back of an object, judged."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from harness.dimse.command import CommandSet
from harness.dimse.walker import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from harness.findings import Symptom, Weight
from harness.fuzz.cases import DataSetCase
from harness.fuzz.nodes import Item, Node, Nodes, encode
from harness.fuzz.objects.judging import compared
from harness.fuzz.trouble import Trouble
from harness.scu.inbox import Received
from harness.synthesis import Identity, encode_dataset, new_run_root, new_study

CLASS, UID = "1.2.840.10008.5.1.4.1.1.66", "2.25.1"
BASE: Nodes = (
    Node(0x00080016, "UI", CLASS.encode()),
    Node(0x00080018, "UI", UID.encode()),
    Node(0x00100010, "PN", b"PHTEST^A"),
    Node(0x00181000, "LO", b"text"),
    Node(0x00290010, "LO", b"PHTEST ONE"),
    Node(0x00291001, "OB", b"private "),
    Node(0x00291002, "SQ", items=(Item((Node(0x00100010, "PN", b"deep"),)), Item())),
)


def came_back(
    nodes: Nodes, *, keeps_all: bool = False, syntax: str = EXPLICIT_LITTLE, stored: str = EXPLICIT_LITTLE
) -> tuple[Symptom, Weight, str] | None:
    case = DataSetCase(CLASS, UID, "2.25.2", "2.25.3", "PHTEST", stored, encode(BASE, stored))
    received = Received(CLASS, UID, syntax, encode(nodes, syntax), CommandSet.of(MessageID=1), 1)
    trouble = compared(case, received, keeps_all=keeps_all)
    return None if trouble is None else (trouble.symptom, trouble.weight, trouble.detail)


def test_the_same() -> None:
    assert came_back(BASE) is None


def test_in_another_transfer_syntax() -> None:
    assert came_back(BASE, syntax=IMPLICIT_LITTLE) is None
    assert came_back(BASE, syntax=EXPLICIT_LITTLE, stored=IMPLICIT_LITTLE) is None


def without(tag: int) -> Nodes:
    return tuple(node for node in BASE if node.tag != tag)


def changed(tag: int, **fields: object) -> Nodes:
    return tuple(replace(node, **fields) if node.tag == tag else node for node in BASE)  # type: ignore[arg-type]


def test_what_is_gone_is_a_failure_only_where_all_was_to_be_kept() -> None:
    gone = without(0x00291001)
    assert came_back(gone) == (Symptom.DROPPED, Weight.OBSERVATION, "gone, private, OB")
    assert came_back(gone, keeps_all=True) == (Symptom.DROPPED, Weight.FAILURE, "gone, private, OB")


@pytest.mark.parametrize(
    ("nodes", "detail"),
    [
        (changed(0x00181000, value=b"tex "), "value, LO"),
        (changed(0x00291001, value=b"Private "), "value, private, OB"),
        (
            changed(0x00291002, items=BASE[-1].items[:1]),
            "number of items or fragments, within a sequence",
        ),  # type: ignore[index]
        (
            changed(0x00291002, items=(Item((Node(0x00100010, "PN", b"dee "),)), Item())),
            "value, within a sequence, PN",
        ),
    ],
)
def test_what_came_back_otherwise_is_always_a_failure(nodes: Nodes, detail: str) -> None:
    assert came_back(nodes) == (Symptom.ALTERED, Weight.FAILURE, detail)


def test_what_is_altered_weighs_more_than_what_is_gone() -> None:
    nodes = tuple(node for node in changed(0x00181000, value=b"tex ") if node.tag != 0x00291001)
    assert came_back(nodes) == (Symptom.ALTERED, Weight.FAILURE, "value, LO")


def test_padding_and_group_lengths_and_lengths_are_seen_through() -> None:
    padded = changed(0x00181000, value=b"text  ")
    assert came_back((Node(0x00080000, "UL", b"\x10\0\0\0"), *padded)) is None
    assert came_back(changed(0x00291002, is_delimited=True)) is None


def test_damage_in_what_came_back() -> None:
    case = DataSetCase(
        CLASS, UID, "2.25.2", "2.25.3", "PHTEST", EXPLICIT_LITTLE, encode(BASE, EXPLICIT_LITTLE)
    )
    received = Received(CLASS, UID, EXPLICIT_LITTLE, case.dataset[:-3], CommandSet.of(MessageID=1), 1)
    trouble = compared(case, received, keeps_all=False)
    assert trouble is not None
    assert (trouble.symptom, trouble.detail) == (Symptom.ALTERED, "undecodable")


def decompressed(*, repainted: bool) -> Trouble | None:
    """An RLE compressed image that comes back without compression, by a product that decodes it."""
    image = new_study(Identity(new_run_root(), "pixels"), instances=1).instance(0)
    packed = deepcopy(image.attributes)
    packed.file_meta = FileMetaDataset()
    packed.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    packed.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    plain = deepcopy(image.attributes)
    if repainted:
        pixels = bytearray(plain.PixelData)
        pixels[0] ^= 1
        plain.PixelData = bytes(pixels)
    uids = (image.text(keyword) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "PatientID"))
    rle = str(RLELossless)
    case = DataSetCase(image.sop_class, image.sop_instance_uid, *uids, rle, encode_dataset(packed, rle))
    came = encode_dataset(plain, EXPLICIT_LITTLE)
    command = CommandSet.of(MessageID=1)
    received = Received(image.sop_class, image.sop_instance_uid, EXPLICIT_LITTLE, came, command, 1)
    return compared(case, received, keeps_all=True)


def test_pixels_are_compared_after_a_change_of_transfer_syntax() -> None:
    assert decompressed(repainted=False) is None
    trouble = decompressed(repainted=True)
    assert trouble is not None
    assert (trouble.symptom, trouble.detail) == (Symptom.ALTERED, "pixels")
    assert "1 of 256 pixels" in trouble.observed
