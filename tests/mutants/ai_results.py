"""Defects in what is kept of AI results, and of the study that they are stored into."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset

from harness.archive.attributes import Attribute, AttributeSet, Level, Root
from harness.archive.index import Entity, Index, Instance, Selection
from harness.archive.semantics import Semantics
from harness.archive.status import Refused
from harness.archive.storage import Storage
from tests.mutants.seed import mutant
from tests.mutants.storage import Rewrites, everywhere

if TYPE_CHECKING:
    from harness.archive.storage import Staged

CT, SEG = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.66.4"
DEFLATED = "1.2.840.10008.1.2.1.99"
STUDY, SERIES, SERIES_NUMBER, MODALITY = 0x0020000D, 0x0020000E, 0x00200011, 0x00080060
CONCEPT_NAME, STUDY_INSTANCES = 0x0040A043, 0x00201208


# -- pixels ----------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 B.2.3",
    defect="segmentations are negotiated and then refused as a class that is not supported",
    caught_by=("ai-results.seg.accepted",),
)
class RefusesSegmentations(Semantics):
    def check_object(self, sop_class: str, sop_instance: str, attributes: AttributeSet) -> None:
        super().check_object(sop_class, sop_instance, attributes)
        if sop_class == SEG:
            raise Refused(0x0122, "no segmentations")


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="the bits of a segmentation are unpacked to a byte each",
    caught_by=("ai-results.seg.roundtrip",),
)
class UnpacksBits(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if dataset.get("BitsAllocated") == 1:
            bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
            dataset.PixelData = bits.tobytes()
            dataset.BitsAllocated = dataset.BitsStored = 8
            dataset.HighBit = 7


@mutant(
    clause="PS3.5 8.1.1",
    defect="each frame of one bit a pixel is padded to whole bytes",
    caught_by=("ai-results.seg.roundtrip",),
)
class PadsFrames(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if dataset.get("BitsAllocated") == 1:
            size = dataset.Rows * dataset.Columns
            bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
            frames = bits[: size * dataset.NumberOfFrames].reshape(dataset.NumberOfFrames, size)
            padded = np.packbits(frames, axis=1, bitorder="little").tobytes()
            dataset.PixelData = padded + b"\0" * (len(padded) % 2)


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="what all frames share is dropped when there are items for each frame",
    caught_by=("ai-results.seg.roundtrip", "ai-results.seg.fractional", "ai-results.seg.float-map"),
)
class DropsSharedGroups(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if "PerFrameFunctionalGroupsSequence" in dataset:
            del dataset.SharedFunctionalGroupsSequence


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="probabilities become yes or no",
    caught_by=("ai-results.seg.fractional",),
)
class RoundsProbabilities(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if dataset.get("SegmentationType") == "FRACTIONAL":
            values = np.frombuffer(dataset.PixelData, np.uint8)
            dataset.PixelData = np.where(values > 127, 255, 0).astype(np.uint8).tobytes()


@mutant(
    clause="PS3.5 8.2",
    defect="floating point pixels are kept with half the precision",
    caught_by=("ai-results.seg.float-map",),
)
class HalvesFloats(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if "FloatPixelData" in dataset:
            values = np.frombuffer(dataset.FloatPixelData, np.float32)
            dataset.FloatPixelData = values.astype(np.float16).astype(np.float32).tobytes()


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="what a segmentation says of its source images is dropped",
    caught_by=("ai-results.seg.references-kept",),
)
class DropsSources(Rewrites):
    def change(self, dataset: Dataset) -> None:
        def forget(item: Dataset) -> None:
            for keyword in ("ReferencedSeriesSequence", "SourceImageSequence", "DerivationImageSequence"):
                if keyword in item:
                    delattr(item, keyword)

        if dataset.Modality == "SEG":
            everywhere(dataset, forget)


# -- documents -------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 O.2.2",
    defect="a report is cut below the fourth level of its content tree",
    caught_by=("ai-results.sr.full-tree",),
)
class CutsTree(Rewrites):
    def change(self, dataset: Dataset) -> None:
        def cut(item: Dataset, depth: int) -> None:
            for child in item.get("ContentSequence", ()):
                cut(child, depth + 1)
            if depth == 3 and "ContentSequence" in item:
                del item.ContentSequence

        cut(dataset, 0)


@mutant(
    clause="PS3.4 O.2.2",
    defect="a content tree ends behind its hundredth item",
    caught_by=("ai-results.sr.full-tree",),
)
class HundredItems(Rewrites):
    def change(self, dataset: Dataset) -> None:
        left = 100

        def cut(item: Dataset) -> None:
            nonlocal left
            children = []
            for child in item.get("ContentSequence", ()):
                left -= 1
                if left > 0:
                    cut(child)
                    children.append(child)
            if children:
                item.ContentSequence = children

        cut(dataset)


@mutant(
    clause="PS3.4 O.2.2",
    defect="numeric values are rounded to whole numbers",
    caught_by=("ai-results.sr.full-tree",),
)
class RoundsNumbers(Rewrites):
    def change(self, dataset: Dataset) -> None:
        def again(item: Dataset) -> None:
            if "NumericValue" in item:
                item.NumericValue = f"{float(item.NumericValue):.0f}"

        everywhere(dataset, again)


@mutant(
    clause="PS3.5 A.5",
    defect="half of each piece is lost when a deflated object is inflated for delivery",
    caught_by=("ai-results.sr.deflated",),
)
class InflatesHalf(Semantics):
    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        return data[: len(data) // 2] if instance.transfer_syntax == DEFLATED else data


@mutant(
    clause="PS3.4 C.4.1.1.4",
    defect="the title of reports is ignored as a key, and FF00H says that it is not",
    caught_by=("ai-results.sr.query-by-title",),
)
class IgnoresTitle(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return tag == CONCEPT_NAME or super().match_value(key, candidate, tag)


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="texts are lost from annotations that have graphics as well",
    caught_by=("ai-results.pr.roundtrip",),
)
class DropsTexts(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for item in dataset.get("GraphicAnnotationSequence", ()):
            if "GraphicObjectSequence" in item and "TextObjectSequence" in item:
                del item.TextObjectSequence


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="a VOI LUT is replaced by a window of the same range",
    caught_by=("ai-results.pr.roundtrip",),
)
class WindowForLut(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for item in dataset.get("SoftcopyVOILUTSequence", ()):
            if "VOILUTSequence" in item:
                del item.VOILUTSequence
                item.WindowCenter, item.WindowWidth = "2048", "4096"


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="the references of a key object selection are dropped",
    caught_by=("ai-results.kos.reference-object",),
)
class DropsKeyReferences(Rewrites):
    def change(self, dataset: Dataset) -> None:
        if dataset.Modality == "KO":
            dataset.ContentSequence = [item for item in dataset.ContentSequence if item.ValueType != "IMAGE"]


@mutant(
    clause="PS3.4 B.2.2",
    defect="every key object selection hides what it selects, whatever its title",
    caught_by=("ai-results.kos.reference-object",),
)
class HidesSelected(Semantics):
    hidden: frozenset[str] = frozenset()

    def coerced(self, staged: Staged) -> Staged:
        dataset = dcmread(staged.path, stop_before_pixels=True)
        if dataset.Modality == "KO":
            self.hidden |= {
                str(element.value)
                for element in dataset.iterall()
                if element.keyword.endswith("SOPInstanceUID")
            } - {str(dataset.SOPInstanceUID)}
        return staged

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return [instance for instance in instances if instance.sop_instance not in self.hidden]


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="the points of contours are rounded to whole millimetres",
    caught_by=("ai-results.rt.structure-set",),
)
class RoundsContours(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for roi in dataset.get("ROIContourSequence", ()):
            for contour in roi.get("ContourSequence", ()):
                contour.ContourData = [str(round(float(value))) for value in contour.ContourData]


# -- the study -------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.3.1",
    defect="objects that come into a study later are listed under the series that was there first",
    caught_by=("ai-results.layer.own-series-same-study",),
)
class JoinsFirstSeries(Semantics):
    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.first: dict[str, str] = {}

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        first = self.first.setdefault(attributes.text(STUDY), attributes.text(SERIES))
        return attributes.merged(AttributeSet({SERIES: Attribute("UI", (first,))}))


@mutant(
    clause="PS3.4 C.3.1",
    defect="every series has the modality of the study's first",
    caught_by=("ai-results.layer.own-series-same-study",),
)
class OneModality(Semantics):
    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.first: dict[str, str] = {}

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        first = self.first.setdefault(attributes.text(STUDY), attributes.text(MODALITY))
        return attributes.merged(AttributeSet({MODALITY: Attribute("CS", (first,))}))


@mutant(
    clause="PS3.4 B.2.2",
    defect="a result that arrives writes its own series description into the images",
    caught_by=("ai-results.layer.source-untouched",),
)
class RewritesImages(Semantics):
    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.images: dict[str, list[str]] = {}

    def coerced(self, staged: Staged) -> Staged:
        study = staged.attributes.text(STUDY) if staged.attributes else ""
        if staged.sop_class == CT:
            self.images.setdefault(study, []).append(staged.sop_instance)
            return staged
        for uid in self.images.get(study, ()):
            path = Storage(self.config.folder).place_of(uid)
            path.write_bytes(path.read_bytes().replace(b"Series 1", b"Findings"))
        return staged


@mutant(
    clause="PS3.4 C.3.4",
    defect="the instances of a study are counted without those that are no images",
    caught_by=("ai-results.layer.counts-follow",),
)
class CountsImages(Semantics):
    def computed(self, index: Index, entity: Entity, tag: int) -> Attribute | None:
        if tag != STUDY_INSTANCES or entity.level is Level.PATIENT:
            return super().computed(index, entity, tag)
        instances = index.instances(Selection(studies=(entity.keys[1],)))
        return Attribute("IS", (str(sum(one.sop_class == CT for one in instances)),))


@mutant(
    clause="PS3.4 C.6.2.1.5",
    defect="segmentations need a retrieval of their own: one of the study brings the rest",
    caught_by=("ai-results.layer.retrieved-with-study",),
)
class SegmentationsApart(Semantics):
    def to_send(self, instances: list[Instance]) -> list[Instance]:
        others = [instance for instance in instances if instance.sop_class != SEG]
        return others or instances


@mutant(
    clause="PS3.4 C.6.2.1.5",
    defect="a retrieval of a result's series brings the images that came first as well",
    caught_by=("ai-results.layer.retrieved-alone",),
)
class BringsImagesAlong(Semantics):
    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.first: dict[str, str] = {}

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        self.first.setdefault(attributes.text(STUDY), attributes.text(SERIES))
        return attributes

    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        found = super().retrieve_selection(root, level, identifier, relational)
        if level is not Level.SERIES:
            return found
        also = tuple(self.first[study] for study in found.studies if study in self.first)
        return replace(found, series=(*found.series, *also))


@mutant(
    clause="PS3.4 C.2.2.1.1",
    defect="a series takes the place of one with the same number in its study",
    caught_by=("ai-results.layer.second-version",),
)
class NumberIsKey(Semantics):
    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.latest: dict[tuple[str, str], str] = {}

    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        self.latest[attributes.text(STUDY), attributes.text(SERIES_NUMBER)] = attributes.text(SERIES)
        return attributes

    def computed(self, index: Index, entity: Entity, tag: int) -> Attribute | None:
        number = entity.attributes.text(STUDY), entity.attributes.text(SERIES_NUMBER)
        if tag == 0x00080018 and self.latest.get(number) != entity.attributes.text(SERIES):
            return Attribute("UI", ("2.25.0",))
        return super().computed(index, entity, tag)
