"""Defects of C-STORE: encodings that are misread, sequences and long values that are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom import Dataset

from harness.archive.semantics import Semantics
from harness.archive.status import Refused
from tests.mutants.seed import mutant
from tests.mutants.storage import Rewrites

if TYPE_CHECKING:
    from harness.archive.storage import Staged

DEEPEST = 5
LONGEST = 65_534
MOST_ITEMS = 1000


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
