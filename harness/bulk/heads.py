"""What stands before the pixels of large objects: the attributes of their IODs (PS3.3 A.8, A.32.8)."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.uid import (
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
    VLWholeSlideMicroscopyImageStorage,
)

from harness.synthesis import Identity
from harness.synthesis.common import PatientFacts, Place, SeriesFacts, StudyFacts, composite
from harness.synthesis.pixels import Bitstream

DATE, TIME = "20240229", "093000"
TILE_SPACING = 0.0005
"""Millimetres between the centres of two pixels of a slide: that of a lens of 20 times."""


def new_place(identity: Identity) -> Place:
    """A new patient, study and series."""
    study = StudyFacts(
        study_uid=identity.uid(),
        study_id=identity.study_id(),
        accession_number=identity.accession_number(),
        date=DATE,
        time=TIME,
        description="Large objects",
        referring_physician="PHTEST^Referrer",
    )
    series = SeriesFacts(identity.uid(), 1, "Large objects", identity.uid())
    return Place(PatientFacts(identity.patient_id(), "PHTEST^Large"), study, series)


def _grey(ds: Dataset, rows: int, columns: int) -> None:
    """The Image Pixel module of eight bits (PS3.3 C.7.6.3)."""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0


def _compressed(ds: Dataset, bitstream: Bitstream) -> None:
    """PS3.3 C.7.6.1.1.5."""
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionRatio = f"{bitstream.lossy_ratio:g}"
    ds.LossyImageCompressionMethod = bitstream.lossy_method


def secondary_capture(identity: Identity, rows: int, columns: int, bitstream: Bitstream | None) -> Dataset:
    """Secondary Capture with one frame (PS3.3 A.8.1), compressed where there is a bitstream."""
    ds = composite(new_place(identity), SecondaryCaptureImageStorage, identity.uid(), "OT", 1)
    ds.ConversionType = "SYN"
    ds.PatientOrientation = None
    ds.Laterality = None
    _grey(ds, rows, columns)
    if bitstream is not None:
        _compressed(ds, bitstream)
    return ds


def multi_frame(identity: Identity, rows: int, columns: int, frames: int) -> Dataset:
    """Multi-frame Grayscale Byte Secondary Capture (PS3.3 A.8.3), 25 frames a second."""
    sop_class = MultiFrameGrayscaleByteSecondaryCaptureImageStorage
    ds = composite(new_place(identity), sop_class, identity.uid(), "OT", 1)
    ds.ConversionType = "SYN"
    ds.PatientOrientation = None
    ds.Laterality = None
    ds.BurnedInAnnotation = "NO"
    ds.PresentationLUTShape = "IDENTITY"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.FrameTime = "40"
    ds.FrameIncrementPointer = 0x00181063
    ds.NumberOfFrames = frames
    _grey(ds, rows, columns)
    return ds


def whole_slide(identity: Identity, across: int, down: int, tile: Bitstream) -> Dataset:
    """VL Whole Slide Microscopy (PS3.3 A.32.8) of tiles that follow each other row by row (TILED_FULL)."""
    place = new_place(identity)
    ds = composite(place, VLWholeSlideMicroscopyImageStorage, identity.uid(), "SM", 1)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    ds.AcquisitionDateTime = DATE + TIME
    ds.ContentDate, ds.ContentTime = DATE, TIME
    ds.FrameOfReferenceUID = place.series.frame_of_reference_uid
    ds.PositionReferenceIndicator = "SLIDE_CORNER"
    ds.BurnedInAnnotation = "NO"
    ds.PresentationLUTShape = "IDENTITY"
    ds.RescaleIntercept, ds.RescaleSlope = "0", "1"
    ds.VolumetricProperties = "VOLUME"
    ds.SpecimenLabelInImage = "NO"
    ds.FocusMethod = "AUTO"
    ds.ExtendedDepthOfField = "NO"
    ds.AcquisitionContextSequence = []
    ds.NumberOfFrames = across * down
    ds.TotalPixelMatrixColumns, ds.TotalPixelMatrixRows = across * tile.columns, down * tile.rows
    ds.ImagedVolumeWidth = across * tile.columns * TILE_SPACING
    ds.ImagedVolumeHeight = down * tile.rows * TILE_SPACING
    ds.ImagedVolumeDepth = 1.0
    ds.ImageOrientationSlide = [0, -1, 0, -1, 0, 0]
    ds.TotalPixelMatrixOriginSequence = [
        _item(XOffsetInSlideCoordinateSystem="20", YOffsetInSlideCoordinateSystem="40")
    ]
    organization = identity.uid()
    ds.DimensionOrganizationType = "TILED_FULL"
    ds.DimensionOrganizationSequence = [_item(DimensionOrganizationUID=organization)]
    ds.NumberOfOpticalPaths = ds.TotalPixelMatrixFocalPlanes = 1
    ds.SharedFunctionalGroupsSequence = [_item(**_shared(ds.ImageType))]
    ds.OpticalPathSequence = [
        _item(
            OpticalPathIdentifier="1",
            IlluminationTypeCodeSequence=[_code("111744", "Brightfield illumination")],
            IlluminationColorCodeSequence=[_code("414298005", "Full Spectrum", "SCT")],
        )
    ]
    ds.ContainerIdentifier = "PHTEST-SLIDE"
    ds.IssuerOfTheContainerIdentifierSequence = []
    ds.ContainerTypeCodeSequence = [_code("433466003", "Microscope slide", "SCT")]
    ds.SpecimenDescriptionSequence = [
        _item(
            SpecimenIdentifier="PHTEST-SPECIMEN",
            SpecimenUID=identity.uid(),
            IssuerOfTheSpecimenIdentifierSequence=[],
            SpecimenPreparationSequence=[],
        )
    ]
    _grey(ds, tile.rows, tile.columns)
    _compressed(ds, tile)
    return ds


def _shared(image_type: list[str]) -> dict[str, object]:
    """The functional groups that are the same for every tile (PS3.3 table A.32.8-2)."""
    measures = _item(PixelSpacing=[str(TILE_SPACING)] * 2, SliceThickness="0.001")
    return {
        "PixelMeasuresSequence": [measures],
        "WholeSlideMicroscopyImageFrameTypeSequence": [_item(FrameType=list(image_type))],
        "OpticalPathIdentificationSequence": [_item(OpticalPathIdentifier="1")],
    }


def _code(value: str, meaning: str, scheme: str = "DCM") -> Dataset:
    return _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _item(**attributes: object) -> Dataset:
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds
