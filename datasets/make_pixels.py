"""Make the compressed files of datasets/pixels and their pixels.toml: run once, the results are committed.

Needs what a run of the harness doesn't: pillow, pyjpegls, pylibjpeg-openjpeg and DCMTK's dcmcjpeg.
Every picture is drawn (harness.synthesis.picture); no patient was ever near it.

    python datasets/make_pixels.py
"""

from __future__ import annotations

import io
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import jpeg_ls
import numpy as np
from numpy.typing import NDArray
from openjpeg.utils import encode_array
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.pixels.encoders import RLELosslessEncoder
from pydicom.uid import (
    JPEG2000,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from harness.synthesis import Identity
from harness.synthesis.common import PatientFacts, Place, SeriesFacts, StudyFacts
from harness.synthesis.images import Raster, ct
from harness.synthesis.picture import picture

SIZE = 64
HERE = Path(__file__).resolve().parent / "pixels"


@dataclass(frozen=True)
class Made:
    """One file to write, and what a data set must say about it."""

    name: str
    suffix: str
    content: bytes
    transfer_syntax: str
    raw_bytes: int
    bits: int
    samples: int = 1
    photometric: str = "MONOCHROME2"
    lossy: str = ""


def colour() -> NDArray[np.uint8]:
    """The picture in RGB, shape (rows, columns, 3)."""
    planes = [picture(SIZE, SIZE, bits=8, seed=seed, frame=seed, noise=0.01) for seed in (1, 2, 3)]
    return np.stack(planes, axis=-1).astype(np.uint8)


def dcmcjpeg(image: NDArray[np.uint16], bits: int, option: str) -> bytes:
    """One frame compressed by DCMTK (JPEG with more than 8 bits, and lossless JPEG: pillow has neither)."""
    identity = Identity("2.25.1", "pixels")
    place = Place(
        PatientFacts("PHTEST-1", "PHTEST^Pixels"),
        StudyFacts(identity.uid(), "1", "1", "20240229", "093000", "", ""),
        SeriesFacts(identity.uid(), 1, "", identity.uid()),
    )
    ds: Dataset = ct(place, identity.uid(), 1, Raster(*image.shape))
    ds.BitsStored, ds.HighBit = bits, bits - 1
    ds.PixelData = image.astype("<u2").tobytes()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.dcm", Path(folder) / "out.dcm"
        ds.save_as(source, enforce_file_format=True)
        subprocess.run(["dcmcjpeg", option, source, target], check=True, timeout=60)
        return next(generate_frames(dcmread(target).PixelData, number_of_frames=1))


def pillow(image: NDArray[np.uint8]) -> bytes:
    """Baseline JPEG, quality 90; colour as YBR_FULL_422."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=90, subsampling="4:2:2")
    return buffer.getvalue()


def make() -> list[Made]:
    """All of them."""
    grey16 = picture(SIZE, SIZE, bits=12, seed=7, noise=0.01)
    grey8 = picture(SIZE, SIZE, bits=8, seed=7, noise=0.01).astype(np.uint8)
    rgb = colour()
    raw16, raw8, raw_rgb = grey16.size * 2, grey8.size, rgb.size
    rle = RLELosslessEncoder.encode(
        grey16.astype("<u2").tobytes(),
        rows=SIZE,
        columns=SIZE,
        samples_per_pixel=1,
        bits_allocated=16,
        bits_stored=12,
        pixel_representation=0,
        photometric_interpretation="MONOCHROME2",
        number_of_frames=1,
        encoding_plugin="pydicom",
    )
    lossless = encode_array(grey16, bits_stored=12, photometric_interpretation=2)
    lossy = encode_array(grey16, bits_stored=12, photometric_interpretation=2, compression_ratios=[8])
    lossy_rgb = encode_array(
        rgb, bits_stored=8, photometric_interpretation=1, use_mct=True, compression_ratios=[10]
    )
    near = jpeg_ls.encode_array(grey16, lossy_error=3)
    return [
        Made("jpeg-baseline", "jpg", pillow(grey8), JPEGBaseline8Bit, raw8, 8, lossy="ISO_10918_1"),
        Made(
            "jpeg-baseline-colour",
            "jpg",
            pillow(rgb),
            JPEGBaseline8Bit,
            raw_rgb,
            8,
            3,
            "YBR_FULL_422",
            "ISO_10918_1",
        ),
        Made(
            "jpeg-extended",
            "jpg",
            dcmcjpeg(grey16, 12, "+ee"),
            JPEGExtended12Bit,
            raw16,
            12,
            lossy="ISO_10918_1",
        ),
        Made("jpeg-lossless", "jpg", dcmcjpeg(grey16, 12, "+e1"), JPEGLosslessSV1, raw16, 12),
        Made("jpeg-ls", "jls", bytes(jpeg_ls.encode_array(grey16)), JPEGLSLossless, raw16, 12),
        Made("jpeg-ls-near", "jls", bytes(near), JPEGLSNearLossless, raw16, 12, lossy="ISO_14495_1"),
        Made("jpeg2000-lossless", "j2k", bytes(lossless), JPEG2000Lossless, raw16, 12),
        Made("jpeg2000", "j2k", bytes(lossy), JPEG2000, raw16, 12, lossy="ISO_15444_1"),
        Made("jpeg2000-colour", "j2k", bytes(lossy_rgb), JPEG2000, raw_rgb, 8, 3, "YBR_ICT", "ISO_15444_1"),
        Made("rle", "rle", rle, RLELossless, raw16, 12),
    ]


def entry(made: Made) -> str:
    """Its table in pixels.toml."""
    lines = [
        f"[{made.name}]",
        f'file = "{made.name}.{made.suffix}"',
        f'transfer_syntax = "{made.transfer_syntax}"',
        f"rows = {SIZE}",
        f"columns = {SIZE}",
        f"samples_per_pixel = {made.samples}",
        f'photometric_interpretation = "{made.photometric}"',
        f"bits_allocated = {8 if made.bits <= 8 else 16}",
        f"bits_stored = {made.bits}",
    ]
    if made.lossy:
        lines += [
            f'lossy_method = "{made.lossy}"',
            f"lossy_ratio = {made.raw_bytes / len(made.content):.2f}",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the files."""
    HERE.mkdir(exist_ok=True)
    everything = make()
    for made in everything:
        (HERE / f"{made.name}.{made.suffix}").write_bytes(made.content)
        print(f"{made.name}: {len(made.content)} bytes of {made.raw_bytes}")
    head = "# Written by make_pixels.py: what a data set must say about each compressed file.\n\n"
    (HERE / "pixels.toml").write_text(head + "\n".join(entry(made) for made in everything), "utf-8")


if __name__ == "__main__":
    main()
