"""Defects of C-STORE: pixels that are damaged, objects that are refused for what they are made of."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.encaps import encapsulate, generate_fragments

from harness.archive.status import Refused
from tests.mutants.seed import mutant
from tests.mutants.storage import Rewrites
from tests.mutants.storage_encoding import RewritesBytes

LARGEST = 16 << 20
ITEM, SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0"


def is_encapsulated(dataset: Dataset) -> bool:
    return "PixelData" in dataset and bytes(dataset.PixelData[:4]) == b"\xfe\xff\x00\xe0"


@mutant(
    clause="PS3.5 A.4",
    defect="of a frame in several fragments the first one is kept",
    caught_by=("storage.pixel.several-fragments",),
)
class FirstFragmentOnly(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if is_encapsulated(dataset):
            _, first, *_ = generate_fragments(dataset.PixelData)
            dataset.PixelData = encapsulate([first], has_bot=False)
            dataset["PixelData"].is_undefined_length = True


@mutant(
    clause="PS3.5 A.4",
    defect="offsets are told that no fragment begins at",
    caught_by=("storage.pixel.offset-table-empty", "storage.pixel.offset-table-filled"),
)
class WrongOffsets(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if is_encapsulated(dataset):
            table = int.from_bytes(dataset.PixelData[4:8], "little")
            offsets = b"".join((2 * n).to_bytes(4, "little") for n in (1, 2, 3))
            rest = dataset.PixelData[8 + table :]
            head = b"\xfe\xff\x00\xe0" + len(offsets).to_bytes(4, "little")
            dataset.PixelData = head + offsets + rest


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="a bit of the compressed frames changes",
    caught_by=("storage.syntax.lossy-not-touched", "storage.syntax.lossless-kept"),
)
class FlipsCompressedBit(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if is_encapsulated(dataset):
            data = bytearray(dataset.PixelData)
            data[len(data) // 2] ^= 1
            dataset.PixelData = bytes(data)


@mutant(
    clause="PS3.5 8.1.1",
    defect="the last one of an odd number of pixels is lost",
    caught_by=("storage.pixel.native-8bit-odd",),
)
class LastPixelLost(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if "PixelData" in dataset and dataset.Rows * dataset.Columns % 2:
            dataset.PixelData = dataset.PixelData[:-2] + b"\0\0"


@mutant(
    clause="PS3.5 A.4",
    defect="the last fragment comes back with an odd length",
    caught_by=("storage.pixel.odd-fragment-padding",),
)
class OddFragment(RewritesBytes):
    def change_bytes(self, dataset: bytes) -> bytes:
        at = dataset.rfind(ITEM)
        if not dataset.endswith(SEQUENCE_END) or at < 0:
            return dataset
        length = int.from_bytes(dataset[at + 4 : at + 8], "little") - 1
        content = dataset[at + 8 : at + 8 + length]
        return dataset[: at + 4] + length.to_bytes(4, "little") + content + SEQUENCE_END


@mutant(
    clause="PS3.5 8.1.1",
    defect="the bits of pixels of one bit are turned round in each byte",
    caught_by=("storage.pixel.one-bit",),
)
class TurnsBits(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if dataset.get("BitsAllocated") == 1:
            dataset.PixelData = bytes(int(f"{byte:08b}"[::-1], 2) for byte in dataset.PixelData)


@mutant(
    clause="PS3.5 8.2",
    defect="pixel data of floats is left out",
    caught_by=("storage.pixel.float-and-double",),
)
class DropsFloats(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for keyword in ("FloatPixelData", "DoubleFloatPixelData"):
            if keyword in dataset:
                del dataset[keyword]


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="the image's pixels are put into the icon",
    caught_by=("storage.pixel.icon-and-overlay",),
)
class ImageInIcon(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for item in dataset.get("IconImageSequence") or ():
            item.PixelData = dataset.PixelData


@mutant(
    clause="PS3.4 B.2.2",
    defect="objects without Rows are refused",
    caught_by=("storage.pixel.none-at-all",),
)
class RefusesWithoutRows(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if "Rows" not in dataset:
            raise Refused(0xA900, "no Rows")


@mutant(
    clause="PS3.4 B.2.2",
    defect="objects of more than 16 MiB are refused",
    caught_by=("storage.size.large-multiframe",),
)
class RefusesLarge(RewritesBytes):
    def change_bytes(self, dataset: bytes) -> bytes:
        if len(dataset) > LARGEST:
            raise Refused(0xA700, "too large")
        return dataset
