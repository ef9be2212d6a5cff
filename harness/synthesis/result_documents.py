"""Results that point at images: reports, presentation states, key objects, contours (PS3.3 A.35, A.33, A.19).

highdicom makes all but the structure set, and is imported only where one is made, since that costs half a
second.
"""

from __future__ import annotations

import numpy as np
from pydicom import Dataset
from pydicom.uid import RTStructureSetStorage

from harness.synthesis.beside import AUTHOR, MADE_BY, images_of, place_beside
from harness.synthesis.common import Place, composite
from harness.synthesis.derived import settled
from harness.synthesis.encoding import instance_of
from harness.synthesis.identity import Identity
from harness.synthesis.model import SyntheticInstance, SyntheticStudy

MEASURED = 20
"""Measurement groups of a report: with what belongs to them more than 200 content items."""


def measurement_report(
    study: SyntheticStudy,
    identity: Identity,
    *,
    place: Place | None = None,
    number: int = 1,
    groups: int = MEASURED,
    title: tuple[str, str, str] = ("126000", "DCM", "Imaging Measurement Report"),
) -> SyntheticInstance:
    """A Comprehensive 3D SR after TID 1500: for each group what was measured, how, and on which image.

    ``place`` puts it into a series that has others already.  ``title`` is value, scheme and meaning of the
    Concept Name of the root.
    """
    import highdicom as hd
    from pydicom.sr.codedict import codes

    images = images_of(study)
    place = place or place_beside(study, identity, 94, "Measurements")
    device = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=identity.uid(), name="pacs-harness", manufacturer_name="pacs-harness"
        ),
    )
    algorithm = hd.sr.AlgorithmIdentification(name="Synthetic", version="1.0", parameters=["threshold=0.5"])
    measured = [
        hd.sr.MeasurementsAndQualitativeEvaluations(
            source_images=[
                hd.sr.SourceImageForMeasurementGroup.from_source_image(images[count % len(images)])
            ],
            tracking_identifier=hd.sr.TrackingIdentifier(uid=identity.uid(), identifier=f"lesion {count}"),
            finding_type=codes.SCT.Neoplasm,
            finding_sites=[hd.sr.FindingSite(anatomic_location=codes.SCT.Lung, laterality=codes.SCT.Right)],
            algorithm_id=algorithm,
            measurements=[
                hd.sr.Measurement(
                    name=codes.SCT.Diameter,
                    value=12.5 + count,
                    unit=codes.UCUM.Millimeter,
                    derivation=codes.SCT.Maximum,
                )
            ],
        )
        for count in range(groups)
    ]
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=device),
        procedure_reported=codes.SCT.ImagingProcedure,
        imaging_measurements=measured,
    )
    made = hd.sr.Comprehensive3DSR(
        evidence=images,
        content=content[0],
        series_instance_uid=place.series.series_uid,
        series_number=place.series.number,
        sop_instance_uid=identity.uid(),
        instance_number=number,
        manufacturer=MADE_BY["manufacturer"],
        is_complete=True,
        is_final=True,
    )
    ds = settled(made, place, identity, number)
    root = ds.ConceptNameCodeSequence[0]
    root.CodeValue, root.CodingSchemeDesignator, root.CodeMeaning = title
    return instance_of(ds, place.transfer_syntax)


def presentation_state(study: SyntheticStudy, identity: Identity) -> SyntheticInstance:
    """A grayscale softcopy presentation state on two images: text, polyline, rectangular shutter, VOI LUT."""
    import highdicom as hd

    images = images_of(study)[:2]
    place = place_beside(study, identity, 95, "Presentation state")
    rows, columns = images[0].Rows, images[0].Columns
    layer = hd.pr.GraphicLayer(layer_name="FINDINGS", order=1, description="What was found")
    pixel = hd.pr.AnnotationUnitsValues.PIXEL
    line = np.array([[1.0, 1.0], [columns / 2, rows - 1.5], [columns - 1.0, 2.25]])
    annotation = hd.pr.GraphicAnnotation(
        referenced_images=images,
        graphic_layer=layer,
        graphic_objects=[hd.pr.GraphicObject(hd.pr.GraphicTypeValues.POLYLINE, line, units=pixel)],
        text_objects=[hd.pr.TextObject("A finding,\r\nin two lines", units=pixel, anchor_point=(4.0, 4.0))],
    )
    lut = hd.VOILUT(
        first_mapped_value=0,
        lut_data=np.linspace(0, 65535, 64, dtype=np.uint16),
        lut_explanation="A ramp",
    )
    made = hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=images,
        series_instance_uid=place.series.series_uid,
        series_number=place.series.number,
        sop_instance_uid=identity.uid(),
        instance_number=1,
        content_label="FINDINGS",
        content_creator_name=AUTHOR,
        graphic_layers=[layer],
        graphic_annotations=[annotation],
        voi_lut_transformations=[hd.pr.SoftcopyVOILUTTransformation(voi_luts=[lut])],
        **MADE_BY,
    )
    # PS3.3 C.10.4: Pixel Origin Interpretation is for whole slide microscopy alone
    for item in made.DisplayedAreaSelectionSequence:
        item.pop("PixelOriginInterpretation", None)
    ds = settled(made, place, identity, 1)
    # PS3.3 C.7.6.11 and C.11.8
    ds.ShutterShape = "RECTANGULAR"
    ds.ShutterLeftVerticalEdge, ds.ShutterRightVerticalEdge = 1, columns
    ds.ShutterUpperHorizontalEdge, ds.ShutterLowerHorizontalEdge = 1, rows
    ds.ShutterPresentationValue = 0
    return instance_of(ds, place.transfer_syntax)


def key_objects(study: SyntheticStudy, identity: Identity) -> SyntheticInstance:
    """A key object selection of every image, titled Of Interest: nobody hides images for that."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    images = images_of(study)
    place = place_beside(study, identity, 96, "Key objects")
    made = hd.ko.KeyObjectSelectionDocument(
        evidence=images,
        content=hd.ko.KeyObjectSelection(
            document_title=codes.DCM.OfInterest, referenced_objects=images, description="Chosen for the test"
        ),
        series_instance_uid=place.series.series_uid,
        series_number=place.series.number,
        sop_instance_uid=identity.uid(),
        instance_number=1,
        manufacturer=MADE_BY["manufacturer"],
    )
    return instance_of(settled(made, place, identity, 1), place.transfer_syntax)


def structure_set(study: SyntheticStudy, identity: Identity) -> SyntheticInstance:
    """An RT structure set (PS3.3 A.19): one region, with a closed contour on every image."""
    images = images_of(study)
    place = place_beside(study, identity, 97, "Structure set")
    ds = composite(place, RTStructureSetStorage, identity.uid(), "RTSTRUCT", 1)
    frame_of_reference = images[0].FrameOfReferenceUID
    ds.FrameOfReferenceUID = frame_of_reference
    ds.PositionReferenceIndicator = None
    ds.OperatorsName = None
    ds.StructureSetLabel = "CONTOURS"
    ds.StructureSetDate, ds.StructureSetTime = place.study.date, place.study.time
    ds.ReferencedFrameOfReferenceSequence = [
        _items(
            FrameOfReferenceUID=frame_of_reference,
            RTReferencedStudySequence=[
                _items(
                    ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
                    ReferencedSOPInstanceUID=study.study_uid,
                    RTReferencedSeriesSequence=[
                        _items(
                            SeriesInstanceUID=images[0].SeriesInstanceUID,
                            ContourImageSequence=[_reference(image) for image in images],
                        )
                    ],
                )
            ],
        )
    ]
    ds.StructureSetROISequence = [
        _items(
            ROINumber=1,
            ReferencedFrameOfReferenceUID=frame_of_reference,
            ROIName="Organ",
            ROIGenerationAlgorithm="AUTOMATIC",
        )
    ]
    ds.ROIContourSequence = [
        _items(
            ROIDisplayColor=[255, 128, 0],
            ContourSequence=[_contour(image) for image in images],
            ReferencedROINumber=1,
        )
    ]
    ds.RTROIObservationsSequence = [
        _items(ObservationNumber=1, ReferencedROINumber=1, RTROIInterpretedType="ORGAN", ROIInterpreter=None)
    ]
    ds.ApprovalStatus = "UNAPPROVED"
    return instance_of(ds, place.transfer_syntax)


def _contour(image: Dataset) -> Dataset:
    """A triangle in the plane of the image, in mm (PS3.3 C.8.8.6.3)."""
    x, y, z = (float(value) for value in image.ImagePositionPatient)
    corners = ((x + 1, y + 1), (x + 5.25, y + 1), (x + 1, y + 4.5))
    return _items(
        ContourImageSequence=[_reference(image)],
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(corners),
        ContourData=[value for corner in corners for value in (*corner, z)],
    )


def _reference(image: Dataset) -> Dataset:
    return _items(ReferencedSOPClassUID=image.SOPClassUID, ReferencedSOPInstanceUID=image.SOPInstanceUID)


def _items(**attributes: object) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made
