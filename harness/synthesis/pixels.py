"""Compressed pixel data from the small real files in datasets/pixels, so that no codec is needed in a run."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.encaps import encapsulate

from harness.content import content_folder


@dataclass(frozen=True)
class Bitstream:
    """One compressed frame, and the attributes of PS3.3 C.7.6.3 that agree with it."""

    name: str
    file: str
    transfer_syntax: str
    rows: int
    columns: int
    samples_per_pixel: int
    photometric_interpretation: str
    bits_allocated: int
    bits_stored: int
    lossy_method: str = ""
    lossy_ratio: float = 0.0


@functools.cache
def bitstreams() -> dict[str, Bitstream]:
    """Every bitstream of datasets/pixels by name, from its pixels.toml."""
    listed = tomllib.loads((content_folder("datasets") / "pixels" / "pixels.toml").read_text("utf-8"))
    return {name: Bitstream(name=name, **entry) for name, entry in listed.items()}


@functools.cache
def bitstream_bytes(bitstream: Bitstream) -> bytes:
    """The file's content."""
    return (content_folder("datasets") / "pixels" / bitstream.file).read_bytes()


def place_bitstream(ds: Dataset, bitstream: Bitstream, frames: int = 1) -> None:
    """Set the Image Pixel module and encapsulated pixel data (PS3.5 A.4): one frame, `frames` times."""
    ds.SamplesPerPixel = bitstream.samples_per_pixel
    ds.PhotometricInterpretation = bitstream.photometric_interpretation
    if bitstream.samples_per_pixel > 1:
        ds.PlanarConfiguration = 0
    ds.Rows = bitstream.rows
    ds.Columns = bitstream.columns
    ds.BitsAllocated = bitstream.bits_allocated
    ds.BitsStored = bitstream.bits_stored
    ds.HighBit = bitstream.bits_stored - 1
    ds.PixelRepresentation = 0
    if bitstream.lossy_method:
        # PS3.3 C.7.6.1.1.5
        ds.LossyImageCompression = "01"
        ds.LossyImageCompressionRatio = f"{bitstream.lossy_ratio:g}"
        ds.LossyImageCompressionMethod = bitstream.lossy_method
    ds.add_new("PixelData", "OB", encapsulate([bitstream_bytes(bitstream)] * frames, has_bot=frames > 1))
    ds["PixelData"].is_undefined_length = True
