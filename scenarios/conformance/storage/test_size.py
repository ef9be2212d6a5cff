"""Large objects (PS3.5 8.1.1)."""

from __future__ import annotations

from harness.plugin.keeping import Keeper
from harness.scenario import QUALITY, requirement
from harness.synthesis.shapes import element, shape

ROWS, FRAMES = 1024, 32


@requirement("PS3.5 8.1.1", QUALITY, "A multi-frame object of 32 MiB is stored and comes back.")
def test_large_multiframe(keeper: Keeper) -> None:
    base = keeper.corpus.new_study("US").instance(0)
    frame = bytes(range(256)) * (ROWS * ROWS // 256)
    size = ROWS.to_bytes(2, "little")
    large = shape(
        element(0x00280008, "IS", str(FRAMES).encode()),
        element(0x00280010, "US", size),
        element(0x00280011, "US", size),
        element(0x7FE00010, "OB", frame * FRAMES),
    )
    kept = keeper.keep(keeper.object_with(large, of=base))
    assert not kept.unread, f"{FRAMES} MiB of pixels: {kept.unread}"
