"""Text in pixels, read by Tesseract where that is installed (as a program: no package is needed)."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import numpy as np

from harness.deid.pixels import Reader

FRAMES = 4
"""Frames of an image that are looked at: the first ones, since burned-in text is on all of them."""
TIMEOUT = 60.0
"""Seconds for one frame."""


def tesseract() -> Reader | None:
    """A reader; None where the program is not installed."""
    program = shutil.which("tesseract")
    return None if program is None else lambda pixels: _read(program, pixels)


def _read(program: str, pixels: Any) -> str:
    found = []
    for frame in _frames(pixels)[:FRAMES]:
        # Light on dark and dark on light: Tesseract is better at the latter.
        for grey in (frame, 255 - frame):
            picture = b"P5 %d %d 255\n" % (grey.shape[1], grey.shape[0]) + grey.tobytes()
            try:
                done = subprocess.run(
                    [program, "stdin", "stdout", "--psm", "11"],
                    input=picture,
                    capture_output=True,
                    timeout=TIMEOUT,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                continue
            found.append(done.stdout.decode("utf-8", "replace"))
    return "\n".join(found)


def _frames(pixels: Any) -> list[Any]:
    """Frames as 8-bit grey pictures, whatever the array is."""
    array = np.asarray(pixels)
    if array.ndim >= 3 and array.shape[-1] in (3, 4):
        array = array[..., :3].mean(axis=-1)
    if array.ndim == 2:
        array = array[np.newaxis]
    frames = []
    for frame in array.reshape(-1, *array.shape[-2:]):
        low, high = float(frame.min()), float(frame.max())
        frames.append(((frame - low) / ((high - low) or 1.0) * 255).astype(np.uint8))
    return frames
