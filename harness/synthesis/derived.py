"""Objects that refer to images of their study: SEG, PR, SR and KO (PS3.3 A.51, A.33, A.35, A.35.4).

highdicom makes them, and is imported only here, since that costs half a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydicom import Dataset

from harness.synthesis.common import Place, composite
from harness.synthesis.identity import Identity
from harness.synthesis.picture import organ

_MAKER = "pacs-harness"
_MODEL = "Synthetic studies"
_HIGHDICOM_ROOT = "1.2.826.0.1.3680043.10.511.3."


def segmentation(place: Place, identity: Identity, number: int, images: Sequence[Dataset]) -> Dataset:
    """A binary segmentation with one segment: an organ of the drawn picture, on every image."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    mask = organ(images[0].Rows, images[0].Columns)
    segment = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="Organ",
        segmented_property_category=codes.SCT.Organ,
        segmented_property_type=codes.SCT.Heart,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        tracking_uid=identity.uid(),
        tracking_id="organ",
    )
    uid = identity.uid()
    made = hd.seg.Segmentation(
        source_images=images,
        pixel_array=np.repeat(mask[np.newaxis], len(images), axis=0).astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[segment],
        series_instance_uid=place.series.series_uid,
        series_number=place.series.number,
        sop_instance_uid=uid,
        instance_number=number,
        manufacturer=_MAKER,
        manufacturer_model_name=_MODEL,
        software_versions="1",
        device_serial_number="1",
        content_label="ORGAN",
        content_creator_name="PHTEST^Author",
    )
    return settled(made, place, identity, number)


def presentation_state(place: Place, identity: Identity, number: int, images: Sequence[Dataset]) -> Dataset:
    """A grayscale softcopy presentation state: a window, a text and a line on every image."""
    import highdicom as hd

    height, width = images[0].Rows, images[0].Columns
    layer = hd.pr.GraphicLayer(layer_name="MARKS", order=1)
    annotation = hd.pr.GraphicAnnotation(
        referenced_images=images,
        graphic_layer=layer,
        graphic_objects=[
            hd.pr.GraphicObject(
                graphic_type=hd.pr.GraphicTypeValues.POLYLINE,
                graphic_data=np.array([[1.0, 1.0], [width - 1.0, height - 1.0]]),
                units=hd.pr.AnnotationUnitsValues.PIXEL,
            )
        ],
        text_objects=[
            hd.pr.TextObject(
                text_value="Synthetic",
                anchor_point=(width / 2.0, height / 2.0),
                units=hd.pr.AnnotationUnitsValues.PIXEL,
            )
        ],
    )
    made = hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=images,
        series_instance_uid=place.series.series_uid,
        series_number=place.series.number,
        sop_instance_uid=identity.uid(),
        instance_number=number,
        manufacturer=_MAKER,
        manufacturer_model_name=_MODEL,
        software_versions="1",
        device_serial_number="1",
        content_label="MARKED",
        content_creator_name="PHTEST^Author",
        graphic_layers=[layer],
        graphic_annotations=[annotation],
        voi_lut_transformations=[hd.pr.SoftcopyVOILUTTransformation(window_center=40.0, window_width=400.0)],
    )
    # PS3.3 C.10.4: Pixel Origin Interpretation is for whole slide microscopy alone
    for item in made.DisplayedAreaSelectionSequence:
        item.pop("PixelOriginInterpretation", None)
    return settled(made, place, identity, number)


def report(place: Place, identity: Identity, number: int, images: Sequence[Dataset]) -> Dataset:
    """A Comprehensive SR after TID 1500: one measurement group about the first image."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    person = hd.sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(name="PHTEST^Author"),
    )
    tracking = hd.sr.TrackingIdentifier(uid=identity.uid(), identifier="lesion")
    group = hd.sr.MeasurementsAndQualitativeEvaluations(
        source_images=[hd.sr.SourceImageForMeasurementGroup.from_source_image(images[0])],
        tracking_identifier=tracking,
        measurements=[hd.sr.Measurement(name=codes.SCT.Diameter, value=12.5, unit=codes.UCUM.Millimeter)],
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_person_context=person),
        procedure_reported=codes.SCT.ImagingProcedure,
        imaging_measurements=[group],
    )
    made = hd.sr.ComprehensiveSR(
        evidence=list(images),
        content=content[0],
        series_instance_uid=place.series.series_uid,
        series_number=place.series.number,
        sop_instance_uid=identity.uid(),
        instance_number=number,
        manufacturer=_MAKER,
        is_complete=True,
        is_final=True,
    )
    return settled(made, place, identity, number)


def key_objects(place: Place, identity: Identity, number: int, images: Sequence[Dataset]) -> Dataset:
    """A key object selection of every image."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    made = hd.ko.KeyObjectSelectionDocument(
        evidence=list(images),
        content=hd.ko.KeyObjectSelection(
            document_title=codes.DCM.OfInterest,
            referenced_objects=list(images),
            description="Chosen for the test",
        ),
        series_instance_uid=place.series.series_uid,
        series_number=place.series.number,
        sop_instance_uid=identity.uid(),
        instance_number=number,
        manufacturer=_MAKER,
    )
    return settled(made, place, identity, number)


def settled(made: Dataset, place: Place, identity: Identity, number: int) -> Dataset:
    """A plain data set: our patient, study and dates in it, and no UID or time that differs on each call."""
    ds = Dataset()
    ds.update({element.tag: element for element in made})
    ds.pop("SpecificCharacterSet", None)
    sop_class, uid, modality = str(made.SOPClassUID), str(made.SOPInstanceUID), str(made.Modality)
    ds.update(composite(place, sop_class, uid, modality, number))
    for keyword in ("TimezoneOffsetFromUTC", "ContributingEquipmentSequence"):
        ds.pop(keyword, None)
    minted: dict[str, str] = {}
    for element in ds.iterall():
        if element.VR == "UI" and str(element.value).startswith(_HIGHDICOM_ROOT):
            foreign = str(element.value)
            if foreign not in minted:
                minted[foreign] = identity.uid()
            element.value = minted[foreign]
        elif element.VR == "DA" and element.keyword != "PatientBirthDate" and element.value:
            element.value = place.study.date
        elif element.VR == "TM" and element.value:
            element.value = place.study.time
        elif element.VR == "DT" and element.value:
            element.value = place.study.date + place.study.time
    return ds
