"""Pixels: the same as before unless their cleaning is claimed, and whether text in them tells."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from pydicom import dcmread

from harness.deid.findings import Category, Severity
from harness.deid.identifiers import Identifiers
from harness.deid.instances import Instance
from harness.deid.ledger import Fault, Ledger
from harness.deid.marks import BURNED_IN
from harness.deid.pairing import Pair
from harness.deid.profile import Option
from harness.dimse.errors import MisuseError
from harness.dimse.part10 import write_part10

Reader = Callable[[Any], str]
"""Makes text of the pixels (frames, rows, columns[, samples]) of an image."""
_CLEANED = frozenset((Option.PIXELS, Option.VISUAL))


def judge_pixels(pair: Pair, claimed: Collection[Option], file: str, ledger: Ledger) -> None:
    """Pixel data of both, as encoded; decoded where they differ."""
    if not pair.before.pixel_digest:
        return
    if not pair.after.pixel_digest:
        ledger.wrong(_fault("pixels-lost", "is gone"), file)
    elif pair.before.pixel_digest == pair.after.pixel_digest:
        ledger.right(Category.PIXELS_RETAINED)
    elif not _CLEANED & set(claimed):
        before, after = decoded(pair.before), decoded(pair.after)
        if before is None or after is None:
            ledger.remark(
                "pixel data that is encoded otherwise than before could not be decoded, so that nobody has "
                "compared it"
            )
        elif before.shape == after.shape and np.array_equal(before, after):
            ledger.right(Category.PIXELS_RETAINED)
        else:
            ledger.wrong(
                _fault("pixels-changed", "is not what it was, and no cleaning of it is claimed"), file
            )


def _fault(rule: str, seen: str) -> Fault:
    return Fault(
        rule,
        Severity.LOW,
        Category.PIXELS_RETAINED,
        "PS3.15 E.1.1 item 3, E.3.1",
        "(7FE0,0010)",
        seen,
        "The profile without Clean Pixel Data does not touch pixels; whoever reads the image relies on them.",
        "Leave them as they are, or claim the option under which they are changed.",
        0x7FE00010,
    )


def decoded(instance: Instance) -> Any:
    """The pixels as an array; None where there are none, or no decoder for them."""
    try:
        head = write_part10("1.2", "1.2", instance.transfer_syntax)  # the UIDs are no matter
        return dcmread(io.BytesIO(head + bytes(instance.dataset)), force=True).pixel_array
    except (AttributeError, KeyError, MisuseError, NotImplementedError, RuntimeError, TypeError, ValueError):
        return None


def judge_burned_in(
    after: Instance, known: Identifiers, reader: Reader | None, file: str, ledger: Ledger
) -> None:
    """Text in the pixels, where a reader is there for it; else only what the object says of itself."""
    if not after.pixel_digest:
        return
    says = after.text(BURNED_IN)
    if says == "YES":
        ledger.remark(
            "Burned In Annotation (0028,0301) says YES: there is text in the pixels; look at the image"
        )
    elif reader is None and says != "NO":
        ledger.remark(
            "nothing says whether there is text in the pixels (Burned In Annotation (0028,0301) is not NO), "
            "and they were not looked at"
        )
    pixels = decoded(after) if reader is not None else None
    if reader is None or pixels is None:
        return
    found = list(known.found(reader(pixels)))
    if not found:
        ledger.right(Category.PIXELS_HIDDEN)
    for one in found:
        ledger.wrong(
            Fault(
                "burned-in",
                one.severity,
                Category.PIXELS_HIDDEN,
                "PS3.15 E.3.1",
                "(7FE0,0010)",
                f"the pixels show {one.shown}: {one.kind}, from {one.attribute}",
                "Whoever looks at the image reads it.",
                "Black out the pixels, and claim Clean Pixel Data.",
                0x7FE00010,
                about=one.attribute,
            ),
            file,
        )
