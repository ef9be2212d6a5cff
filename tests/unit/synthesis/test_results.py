from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pydicom import Dataset

from harness.dimse.walker import walk
from harness.synthesis import Identity, SyntheticInstance, SyntheticStudy, new_study, valid_uid
from harness.synthesis.result_documents import (
    key_objects,
    measurement_report,
    presentation_state,
    structure_set,
)
from harness.synthesis.result_pixels import fractional_segmentation, parametric_map, segmentation

RUN_ROOT = "2.25.71890067526184270453085744414.60000000000"
Make = Callable[[SyntheticStudy, Identity], SyntheticInstance]

MAKERS: dict[str, Make] = {
    "SEG": segmentation,
    "fractional SEG": fractional_segmentation,
    "map": parametric_map,
    "SR": measurement_report,
    "PR": presentation_state,
    "KO": key_objects,
    "RTSTRUCT": structure_set,
}


def made(make: Make) -> tuple[SyntheticStudy, SyntheticInstance]:
    identity = Identity(RUN_ROOT, "results")
    study = new_study(identity, "CT", instances=3, rows=15, columns=13)
    return study, make(study, identity)


def uids(dataset: Dataset, keyword: str) -> set[str]:
    return {str(element.value) for element in dataset.iterall() if element.keyword == keyword}


@pytest.mark.parametrize("name", MAKERS)
def test_a_result_belongs_to_its_study_and_refers_to_its_images(name: str) -> None:
    study, result = made(MAKERS[name])
    ds = result.attributes
    assert (ds.PatientID, ds.StudyInstanceUID) == (study.patient_id, study.study_uid)
    assert ds.SeriesInstanceUID != study.series[0].series_uid
    referenced = uids(ds, "ReferencedSOPInstanceUID")
    images = {instance.sop_instance_uid for instance in study.instances}
    assert len(referenced & images) == (2 if name == "PR" else 3)
    for element in ds.iterall():
        if element.VR == "UI":
            assert valid_uid(str(element.value)), element
            assert "1.2.826.0.1.3680043.10.511" not in str(element.value)


@pytest.mark.parametrize("name", MAKERS)
def test_a_result_is_a_data_set_and_the_same_each_time(name: str) -> None:
    _, result = made(MAKERS[name])
    tags = [element.tag for element in walk(result.dataset, result.transfer_syntax) if element.depth == 0]
    assert tags == sorted(set(tags))
    assert made(MAKERS[name])[1].dataset == result.dataset


def test_frames_of_the_binary_segmentation_are_packed_across_bytes() -> None:
    ds = made(segmentation)[1].attributes
    assert (ds.BitsAllocated, ds.NumberOfFrames, len(ds.SegmentSequence)) == (1, 9, 3)
    assert len(ds.PixelData) == -(-15 * 13 * 9 // 8) + 1 & ~1
    bits = np.unpackbits(np.frombuffer(ds.PixelData, np.uint8), bitorder="little")[: 15 * 13 * 9]
    per_frame = bits.reshape(9, -1).sum(axis=1)
    assert per_frame.min() > 0
    assert bits.reshape(3, 3, -1).sum(axis=0).max() <= 3


def test_the_fractional_segmentation_and_the_map_have_many_values() -> None:
    ds = made(fractional_segmentation)[1].attributes
    assert ds.SegmentationType == "FRACTIONAL"
    assert len(set(ds.PixelData)) > 100
    values = np.frombuffer(made(parametric_map)[1].attributes.FloatPixelData, np.float32)
    assert len(values) == 3 * 15 * 13
    assert values.min() < -1
    assert len(np.unique(values)) > 500


def test_the_report_has_more_than_two_hundred_content_items_nested() -> None:
    ds = made(measurement_report)[1].attributes
    assert sum(element.keyword == "ValueType" for element in ds.iterall()) > 200

    def depth(item: Dataset) -> int:
        return 1 + max((depth(child) for child in item.get("ContentSequence", ())), default=0)

    assert depth(ds) >= 5


def test_the_presentation_state_has_graphics_text_shutter_and_lut() -> None:
    ds = made(presentation_state)[1].attributes
    (annotation,) = ds.GraphicAnnotationSequence
    assert annotation.GraphicObjectSequence[0].GraphicType == "POLYLINE"
    assert "\r\n" in annotation.TextObjectSequence[0].UnformattedTextValue
    assert ds.ShutterShape == "RECTANGULAR"
    assert ds.SoftcopyVOILUTSequence[0].VOILUTSequence[0].LUTDescriptor[0] == 64
