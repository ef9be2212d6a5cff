"""Defects of C-STORE: encodings that are misread, values and pixels that are damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom import Dataset
from pydicom.encaps import encapsulate, generate_fragments

from harness.archive.semantics import Semantics
from harness.archive.status import Refused
from tests.mutants.seed import mutant
from tests.mutants.storage import Rewrites

if TYPE_CHECKING:
    from harness.archive.storage import Staged

DEEPEST = 5
LONGEST = 65_534
MOST_ITEMS = 1000
LARGEST = 16 << 20
ITEM, SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\0\0\0\0"


class RewritesBytes(Semantics):
    """Keeps other bytes than those received."""

    def change_bytes(self, dataset: bytes) -> bytes:
        raise NotImplementedError

    def coerced(self, staged: Staged) -> Staged:
        data = staged.path.read_bytes()
        staged.path.write_bytes(data[: staged.offset] + self.change_bytes(data[staged.offset :]))
        return staged


# -- sequences -------------------------------------------------------------------------------------


@mutant(
    clause="PS3.5 7.5",
    defect="the last item of a sequence is lost",
    caught_by=(
        "storage.sequence.undefined-length",
        "storage.sequence.defined-length",
        "storage.values.unusual-kept",
    ),
)
class LastItemLost(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for element in dataset:
            if element.VR == "SQ" and len(element.value) > 1:
                element.value = element.value[:-1]


@mutant(
    clause="PS3.5 7.5.1",
    defect="an item with nothing in it becomes no item",
    caught_by=("storage.sequence.empty-and-empty-item",),
)
class EmptyItemLost(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for element in dataset:
            if element.VR == "SQ":
                element.value = [item for item in element.value if len(item)]


@mutant(
    clause="PS3.5 7.5",
    defect="sequences are kept five levels deep",
    caught_by=("storage.sequence.deep-nesting", "storage.kept.level-2"),
)
class CutsDepth(Rewrites):
    def change(self, dataset: Dataset) -> None:
        self.cut(dataset, DEEPEST)

    def cut(self, dataset: Dataset, left: int) -> None:
        for element in list(dataset):
            if element.VR == "SQ" and not left:
                del dataset[element.tag]
            elif element.VR == "SQ":
                for item in element.value:
                    self.cut(item, left - 1)


@mutant(
    clause="PS3.5 7.5",
    defect="the items of a sequence come back in the opposite order",
    caught_by=("storage.sequence.item-order",),
)
class ReversesItems(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for element in dataset:
            if element.VR == "SQ":
                element.value = list(reversed(element.value))


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="a sequence is cut at a thousand items",
    caught_by=("storage.sequence.many-items",),
)
class CutsManyItems(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for element in dataset:
            if element.VR == "SQ" and len(element.value) > MOST_ITEMS:
                element.value = element.value[:MOST_ITEMS]


# -- UN, and lengths -------------------------------------------------------------------------------


@mutant(
    clause="PS3.5 6.2.2",
    defect="NULs are taken out of UN values",
    caught_by=("storage.un.defined-length", "storage.values.unusual-kept"),
)
class TrimsUnknown(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for element in dataset:
            if element.VR == "UN" and isinstance(element.value, bytes):
                element.value = element.value.replace(b"\0", b"")


@mutant(
    clause="PS3.5 6.2.2",
    defect="a UN of undefined length is refused",
    caught_by=("storage.un.undefined-length",),
)
class RefusesUnknownSequence(RewritesBytes):
    def change_bytes(self, dataset: bytes) -> bytes:
        if b"UN\0\0\xff\xff\xff\xff" in dataset:
            raise Refused(0xC000, "UN of undefined length")
        return dataset


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="attributes of the standard that came as UN are dropped",
    caught_by=("storage.un.standard-tag",),
)
class DropsUnknownStandard(Rewrites):
    def change(self, dataset: Dataset) -> None:
        unknown = [tag for tag, raw in dataset.items() if raw.VR == "UN" and not tag.is_private]
        for tag in unknown:
            del dataset[tag]


@mutant(
    clause="PS3.5 7.1.1",
    defect="values are cut at 64 KiB",
    caught_by=("storage.values.very-long", "storage.values.unusual-kept"),
)
class CutsLongValues(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for element in dataset:
            if element.VR in ("OB", "UT", "UC") and len(element.value) > LONGEST and element.tag.is_private:
                element.value = element.value[:LONGEST]


@mutant(
    clause="PS3.5 7.2",
    defect="an object with group length elements is refused",
    caught_by=("storage.values.group-length-tolerated",),
)
class RefusesGroupLength(RewritesBytes):
    def change_bytes(self, dataset: bytes) -> bytes:
        if dataset.startswith(b"\x08\0\0\0"):
            raise Refused(0xC000, "retired group length")
        return dataset


@mutant(
    clause="PS3.5 7.1.1",
    defect="a value is delivered with an odd length",
    caught_by=("storage.syntax.even-length-delivered",),
)
class OddLength(RewritesBytes):
    def change_bytes(self, dataset: bytes) -> bytes:
        modality = b"\x08\0\x60\0CS\x02\0CT"
        return dataset.replace(modality, b"\x08\0\x60\0CS\x01\0C")


# -- pixels ----------------------------------------------------------------------------------------


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
