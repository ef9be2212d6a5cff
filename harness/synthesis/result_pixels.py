"""Results in pixels: segmentations and a parametric map (PS3.3 A.51, A.75), each in a series of its own.

highdicom makes them, and is imported only where one is made, since that costs half a second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.synthesis.beside import AUTHOR, MADE_BY, images_of, place_beside
from harness.synthesis.derived import settled
from harness.synthesis.encoding import instance_of
from harness.synthesis.identity import Identity
from harness.synthesis.model import SyntheticInstance, SyntheticStudy
from harness.synthesis.picture import organ


def segmentation(study: SyntheticStudy, identity: Identity) -> SyntheticInstance:
    """A binary segmentation of three segments: a bit a pixel, a frame for each segment and image."""
    images = images_of(study)
    mask = organ(images[0].Rows, images[0].Columns)
    shifted = np.stack([np.roll(mask, number, axis=1) & ~_earlier(mask, number) for number in range(3)], -1)
    frames = np.repeat(shifted[np.newaxis], len(images), axis=0).astype(np.uint8)
    return _segmentation(study, identity, frames, ("Heart", "Liver", "Kidney"), "BINARY")


def fractional_segmentation(study: SyntheticStudy, identity: Identity) -> SyntheticInstance:
    """A fractional segmentation: a probability of 8 bits a pixel."""
    images = images_of(study)
    ramp = np.linspace(0, 1, images[0].Rows * images[0].Columns, dtype=np.float64)
    frames = np.repeat(ramp.reshape(1, images[0].Rows, -1), len(images), axis=0)
    return _segmentation(study, identity, frames, ("Heart",), "FRACTIONAL")


def parametric_map(study: SyntheticStudy, identity: Identity) -> SyntheticInstance:
    """A parametric map whose pixels are 32-bit floats: fractions, negative and tiny ones."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    images = images_of(study)
    place = place_beside(study, identity, 93, "Parametric map")
    shape = (len(images), images[0].Rows, images[0].Columns)
    values = np.sin(np.arange(np.prod(shape), dtype=np.float32)).reshape(shape) / np.float32(3)
    values[0, 0, :2] = (-1.5, np.finfo(np.float32).tiny)
    mapping = hd.pm.RealWorldValueMapping(
        lut_label="1",
        lut_explanation="As it is",
        unit=codes.UCUM.NoUnits,
        value_range=(-2.0, 2.0),
        slope=1.0,
        intercept=0.0,
    )
    made = hd.pm.ParametricMap(
        source_images=images,
        pixel_array=values,
        series_instance_uid=place.series.series_uid,
        series_number=place.series.number,
        sop_instance_uid=identity.uid(),
        instance_number=1,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[hd.VOILUTTransformation(window_center=0.0, window_width=4.0)],
        content_label="MAP",
        content_creator_name=AUTHOR,
        **MADE_BY,
    )
    return instance_of(settled(made, place, identity, 1), place.transfer_syntax)


def _earlier(mask: NDArray[np.bool_], number: int) -> NDArray[np.bool_]:
    """What the segments before this one cover: segments of one segmentation are drawn side by side."""
    covered = np.zeros_like(mask)
    for before in range(number):
        covered |= np.roll(mask, before, axis=1)
    return covered


def _segmentation(
    study: SyntheticStudy,
    identity: Identity,
    frames: NDArray[np.uint8] | NDArray[np.float64],
    organs: Sequence[str],
    kind: str,
) -> SyntheticInstance:
    import highdicom as hd
    from pydicom.sr.codedict import codes

    place = place_beside(study, identity, 91 if kind == "BINARY" else 92, f"{kind.capitalize()} segmentation")
    algorithm = hd.AlgorithmIdentificationSequence(
        name="Synthetic", version="1.0", family=codes.DCM.ArtificialIntelligence
    )
    made = hd.seg.Segmentation(
        source_images=images_of(study),
        pixel_array=frames,
        segmentation_type=kind,
        segment_descriptions=[
            hd.seg.SegmentDescription(
                segment_number=number,
                segment_label=name,
                segmented_property_category=codes.SCT.Organ,
                segmented_property_type=getattr(codes.SCT, name),
                algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
                algorithm_identification=algorithm,
                tracking_uid=identity.uid(),
                tracking_id=f"organ {number}",
            )
            for number, name in enumerate(organs, 1)
        ],
        series_instance_uid=place.series.series_uid,
        series_number=place.series.number,
        sop_instance_uid=identity.uid(),
        instance_number=1,
        omit_empty_frames=False,
        content_label="ORGANS",
        content_creator_name=AUTHOR,
        **MADE_BY,
    )
    return instance_of(settled(made, place, identity, 1), place.transfer_syntax)
