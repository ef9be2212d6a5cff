"""Defects of C-STORE."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from harness.archive.attributes import AttributeSet
from harness.archive.index import Instance
from harness.archive.semantics import Semantics
from harness.archive.status import SUCCESS, Answer
from tests.mutants.seed import mutant

if TYPE_CHECKING:
    from harness.archive.storage import Staged


class Rewrites(Semantics):
    """Keeps another object than the one received."""

    def change(self, dataset: Dataset) -> None:
        """Change a copy of what was received."""

    def coerced(self, staged: Staged) -> Staged:
        dataset = dcmread(staged.path, force=True)
        self.change(dataset)
        out = BytesIO()
        dcmwrite(out, dataset)
        staged.path.write_bytes(out.getvalue())
        return staged


def everywhere(dataset: Dataset, change: Callable[[Dataset], None]) -> None:
    """Apply the change to the data set and all items in it."""
    change(dataset)
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                everywhere(item, change)


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="private elements are dropped",
    caught_by=(
        "storage.kept.elements-explicit",
        "storage.kept.elements-implicit",
        "storage.kept.level-2",
        "storage.private.block-kept",
    ),
)
class DropsPrivate(Rewrites):
    def change(self, dataset: Dataset) -> None:
        dataset.remove_private_tags()


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="the second creator's private block is dropped",
    caught_by=("storage.kept.elements-explicit", "storage.kept.level-2"),
)
class DropsSecondBlock(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for tag in [
            tag
            for tag in dataset.keys()  # noqa: SIM118 - iterating a Dataset gives elements
            if tag.group == 0x19 and tag.element in (0x12, *range(0x1200, 0x1300))
        ]:
            del dataset[tag]


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="long texts are cut at 1,024 characters",
    caught_by=("storage.kept.elements-explicit", "storage.kept.level-2"),
)
class CutsTexts(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for element in dataset:
            if element.VR == "LT" and len(str(element.value)) > 1024:
                element.value = str(element.value)[:1024]


@mutant(
    clause="PS3.5 6.1.2.3",
    defect="Specific Character Set is rewritten and the text is not",
    caught_by=(
        "storage.charset.latin1",
        "storage.charset.utf8",
        "storage.charset.iso2022-japanese",
    ),
)
class RewritesCharacterSet(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if "SpecificCharacterSet" in dataset:
            name = dataset.get_item("PatientName")
            raw = bytes(name.value) if isinstance(name.value, bytes) else name.value.original_string
            dataset.SpecificCharacterSet = "ISO_IR 101"
            dataset.PatientName = raw.decode("iso8859-2", "replace")


@mutant(
    clause="PS3.4 B.2.2",
    defect="one bit of the pixels changes",
    caught_by=("storage.basic.success-means-stored", "storage.syntax.explicit-le-roundtrip"),
)
class FlipsBit(Semantics):
    def coerced(self, staged: Staged) -> Staged:
        data = bytearray(staged.path.read_bytes())
        data[-3] ^= 1
        staged.path.write_bytes(bytes(data))
        return staged


@mutant(
    clause="PS3.4 B.2.2",
    defect="every hundredth object is acknowledged and not kept",
    caught_by=("storage.basic.many-on-one-association",),
)
class LosesSome(Semantics):
    count = 0

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        type(self).count += 1
        if self.count % 100:
            return attributes
        other = hashlib.sha256(attributes.text(0x00080018).encode()).hexdigest()
        from harness.archive.attributes import Attribute

        lost = {0x00080018: Attribute("UI", (f"2.25.{int(other[:24], 16)}",))}
        return attributes.merged(AttributeSet(lost))


@mutant(
    clause="PS3.4 B.2.3",
    defect="valid objects are refused as out of resources",
    caught_by=("storage.acknowledge.study-is-stored",),
)
class Refuses(Semantics):
    def store_answer(self, answer: Answer) -> Answer:
        return Answer(0xA700, "no room")


@mutant(
    clause="PS3.4 B.2.2",
    defect="objects are acknowledged and never kept",
    caught_by=("storage.acknowledge.study-is-found", "storage.basic.visible-at-once"),
)
class KeepsNothing(Semantics):
    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        from harness.archive.status import Refused

        raise Refused(0xA700, "not kept")

    def store_answer(self, answer: Answer) -> Answer:
        return Answer(SUCCESS)


@mutant(
    clause="PS3.4 B.2.3",
    defect="C-STORE is answered by a status that the standard doesn't define",
    caught_by=("storage.basic.status-in-range",),
)
class OddStatus(Semantics):
    def store_answer(self, answer: Answer) -> Answer:
        return Answer(0x4711)


@mutant(
    clause="PS3.4 B.2.2",
    defect="a second object with the same SOP Instance UID ends in a mixture of both",
    caught_by=("storage.duplicate.changed-content",),
)
class Mixes(Semantics):
    def duplicate(self, known: Instance, received: Instance, attributes: AttributeSet) -> Answer:
        if known.digest != received.digest:
            path = self.config.folder / known.path
            data = bytearray(path.read_bytes())
            data[-200:-100] = bytes(100)
            path.write_bytes(bytes(data))
        return Answer(SUCCESS)


@mutant(
    clause="PS3.4 B.3",
    defect="every object is kept as a CT image, whatever its class",
    caught_by=("storage.basic.same-association-other-classes",),
)
class AllAreCt(Rewrites):
    def change(self, dataset: Dataset) -> None:
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="compressed pixels lose their second half",
    caught_by=("storage.syntax.lossless-kept",),
)
class HalvesCompressed(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            data = bytearray(dataset.PixelData)
            middle = len(data) // 2
            data[middle:-8] = bytes(len(data) - 8 - middle)
            dataset.PixelData = bytes(data)


@mutant(
    clause="PS3.4 B.2.3",
    defect="after an object that is there already, every valid one is refused",
    caught_by=("storage.basic.association-goes-on",),
)
class StuckAfterDuplicate(Semantics):
    stuck = False

    def duplicate(self, known: Instance, received: Instance, attributes: AttributeSet) -> Answer:
        type(self).stuck = True
        return super().duplicate(known, received, attributes)

    def store_answer(self, answer: Answer) -> Answer:
        return Answer(0xA700, "no room") if self.stuck else answer
