"""The synthetic picture: a body of ellipses with a little noise, so that it compresses as an image does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# centre's row and column, half axes (fractions of the image), brightness added (fraction of full)
_ELLIPSES = (
    (0.50, 0.50, 0.44, 0.36, 0.35),
    (0.45, 0.35, 0.20, 0.10, -0.25),
    (0.45, 0.65, 0.20, 0.10, -0.25),
    (0.72, 0.50, 0.08, 0.08, 0.45),
    (0.35, 0.50, 0.06, 0.12, 0.20),
)


def picture(
    rows: int, columns: int, *, bits: int, seed: int, frame: int = 0, noise: float = 0.02
) -> NDArray[np.uint16]:
    """An image of shape (rows, columns) with values from 0 to 2**bits - 1; the same for the same arguments.

    `frame` lets the small organ move, so that slices and frames differ.
    """
    row = (np.arange(rows, dtype=np.float32)[:, None] + 0.5) / rows
    column = (np.arange(columns, dtype=np.float32)[None, :] + 0.5) / columns
    shift = 0.05 * np.sin(frame * 0.7)
    image = np.full((rows, columns), 0.05, dtype=np.float32)
    for index, (y, x, half_height, half_width, brightness) in enumerate(_ELLIPSES):
        moved = y + (shift if index == len(_ELLIPSES) - 1 else 0.0)
        inside = ((row - moved) / half_height) ** 2 + ((column - x) / half_width) ** 2 <= 1.0
        image += brightness * inside
    generator = np.random.default_rng((seed, frame))
    image += generator.random((rows, columns), dtype=np.float32) * noise
    return np.asarray(np.clip(image * (2**bits - 1), 0, 2**bits - 1), dtype=np.uint16)


def organ(rows: int, columns: int) -> NDArray[np.bool_]:
    """The mask (rows, columns) of one ellipse of `picture`: what a segmentation of it may mark."""
    y, x, half_height, half_width, _ = _ELLIPSES[3]
    row = (np.arange(rows)[:, None] + 0.5) / rows
    column = (np.arange(columns)[None, :] + 0.5) / columns
    return np.asarray(((row - y) / half_height) ** 2 + ((column - x) / half_width) ** 2 <= 1.0)
