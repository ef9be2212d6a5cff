"""Whether an object that was stored in unusual fragments is kept whole."""

from __future__ import annotations

from harness.dimse.errors import NotAccepted, PeerViolation
from harness.dimse.walker import Element, walk
from harness.scu.get import get
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance

PIXEL_DATA = 0x7FE00010


def expect_intact(scu: Scu, instance: SyntheticInstance) -> None:
    """Retrieve a stored object by C-GET and compare its pixels: wrongly joined fragments shift or lose some.

    Attributes are not compared, which an archive may coerce (PS3.4 B.4.1).  PeerViolation.  A product without
    C-GET is believed.
    """
    keys = {
        "StudyInstanceUID": instance.text("StudyInstanceUID"),
        "SeriesInstanceUID": instance.text("SeriesInstanceUID"),
        "SOPInstanceUID": instance.sop_instance_uid,
    }
    storage = [(instance.sop_class, (instance.transfer_syntax,))]
    try:
        got = get(scu, Root.STUDY, QueryLevel.IMAGE, storage, keys)
    except NotAccepted:
        return
    expected = f"the object {instance.sop_instance_uid} back as it was stored"
    if len(got.received) != 1:
        raise PeerViolation("PS3.8 E.1", expected, f"{len(got.received)} objects")
    kept = _pixels(got.received[0].dataset, got.received[0].transfer_syntax)
    sent = _pixels(instance.dataset, instance.transfer_syntax)
    if kept is None or sent is None or bytes(kept.value) != bytes(sent.value):
        observed = "no pixels" if kept is None else f"other pixels ({len(kept.value)} bytes)"
        raise PeerViolation("PS3.8 E.1", expected, observed)


def _pixels(dataset: bytes, transfer_syntax: str) -> Element | None:
    return next(
        (one for one in walk(dataset, transfer_syntax) if one.tag == PIXEL_DATA and not one.depth), None
    )
