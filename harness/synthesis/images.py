"""Image objects: CT, MR, CR and ultrasound with several frames (PS3.3 A.3, A.4, A.2, A.7)."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom import Dataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    CTImageStorage,
    MRImageStorage,
    UltrasoundMultiFrameImageStorage,
)

from harness.synthesis.common import Place, composite
from harness.synthesis.picture import picture
from harness.synthesis.pixels import Bitstream, place_bitstream


@dataclass(frozen=True)
class Raster:
    """Size of an image, what its noise starts from, and the bitstream that replaces the drawn picture."""

    rows: int = 64
    columns: int = 64
    frames: int = 1
    seed: int = 1
    bitstream: Bitstream | None = None


def _pixels(ds: Dataset, raster: Raster, *, bits: int, frame: int) -> None:
    """PS3.3 C.7.6.3: the drawn picture, `bits` stored in 8 or 16 allocated, or the bitstream as it is."""
    if raster.bitstream is not None:
        place_bitstream(ds, raster.bitstream, raster.frames)
        return
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows = raster.rows
    ds.Columns = raster.columns
    ds.BitsAllocated = 8 if bits <= 8 else 16
    ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = 0
    frames = [
        picture(raster.rows, raster.columns, bits=bits, seed=raster.seed, frame=frame + n)
        for n in range(raster.frames)
    ]
    kind = "u1" if bits <= 8 else "<u2"
    raw = b"".join(image.astype(kind).tobytes() for image in frames)
    ds.add_new("PixelData", "OB" if bits <= 8 else "OW", raw + b"\0" * (len(raw) % 2))


def _plane(ds: Dataset, place: Place, number: int) -> None:
    """PS3.3 C.7.4.1 and C.7.6.2: axial slices, 2.5 mm apart, pixels of 0.5 mm."""
    ds.FrameOfReferenceUID = place.series.frame_of_reference_uid
    ds.PositionReferenceIndicator = None
    ds.PatientPosition = "HFS"
    ds.PixelSpacing = [0.5, 0.5]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient = [-16, -16, 2.5 * (number - 1)]
    ds.SliceThickness = "2.5"


def _acquired(ds: Dataset, place: Place, image_type: list[str]) -> None:
    ds.ImageType = image_type
    ds.ContentDate = ds.AcquisitionDate = place.study.date
    ds.ContentTime = ds.AcquisitionTime = place.study.time


def ct(place: Place, uid: str, number: int, raster: Raster) -> Dataset:
    """A CT image (PS3.3 A.3), 12 bits stored."""
    ds = composite(place, CTImageStorage, uid, "CT", number)
    _acquired(ds, place, ["ORIGINAL", "PRIMARY", "AXIAL"])
    _plane(ds, place, number)
    ds.AcquisitionNumber = 1
    ds.KVP = "120"
    ds.BodyPartExamined = "CHEST"
    _pixels(ds, raster, bits=12, frame=number)
    ds.RescaleIntercept = "-1024"
    ds.RescaleSlope = "1"
    ds.RescaleType = "HU"
    ds.WindowCenter = "40"
    ds.WindowWidth = "400"
    return ds


def mr(place: Place, uid: str, number: int, raster: Raster) -> Dataset:
    """An MR image (PS3.3 A.4): a spin echo of 12 bits."""
    ds = composite(place, MRImageStorage, uid, "MR", number)
    _acquired(ds, place, ["ORIGINAL", "PRIMARY", "M", "SE"])
    _plane(ds, place, number)
    ds.BodyPartExamined = "BRAIN"
    ds.ScanningSequence = "SE"
    ds.SequenceVariant = "NONE"
    ds.ScanOptions = None
    ds.MRAcquisitionType = "2D"
    ds.RepetitionTime = "500"
    ds.EchoTime = "15"
    ds.EchoTrainLength = 1
    ds.MagneticFieldStrength = "1.5"
    _pixels(ds, raster, bits=12, frame=number)
    ds.WindowCenter = "2048"
    ds.WindowWidth = "4096"
    return ds


def cr(place: Place, uid: str, number: int, raster: Raster) -> Dataset:
    """A CR image (PS3.3 A.2), 10 bits stored."""
    ds = composite(place, ComputedRadiographyImageStorage, uid, "CR", number)
    _acquired(ds, place, ["ORIGINAL", "PRIMARY"])
    ds.BodyPartExamined = "CHEST"
    ds.ViewPosition = "PA"
    ds.PatientOrientation = ["L", "F"]
    ds.KVP = "110"
    ds.ImagerPixelSpacing = [0.2, 0.2]
    _pixels(ds, raster, bits=10, frame=number)
    ds.WindowCenter = "512"
    ds.WindowWidth = "1024"
    return ds


def us(place: Place, uid: str, number: int, raster: Raster) -> Dataset:
    """An ultrasound cine loop (PS3.3 A.7), 8 bits, 25 frames a second."""
    ds = composite(place, UltrasoundMultiFrameImageStorage, uid, "US", number)
    _acquired(ds, place, ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"])
    ds.BodyPartExamined = "ABDOMEN"
    ds.PatientOrientation = None
    ds.NumberOfFrames = raster.frames
    ds.FrameTime = "40"
    ds.FrameIncrementPointer = 0x00181063
    _pixels(ds, raster, bits=8, frame=number)
    if "LossyImageCompression" not in ds:
        ds.LossyImageCompression = "00"
    return ds
