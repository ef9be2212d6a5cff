"""Whether an object that was stored in unusual fragments is kept whole."""

from __future__ import annotations

from harness.dimse.errors import NotAccepted, PeerViolation
from harness.scu.get import get, storage_for
from harness.scu.retrieve import keys_to
from harness.scu.session import Scu
from harness.scu.uids import UNCOMPRESSED, QueryLevel, Root
from harness.synthesis import SyntheticInstance


def expect_intact(scu: Scu, instance: SyntheticInstance) -> None:
    """Retrieve a stored object by C-GET and compare its pixels: wrongly joined fragments shift or lose some.

    Other attributes are not compared, which an archive may coerce (PS3.4 B.4.1).  PeerViolation.  A product
    without C-GET is believed.
    """
    storage = storage_for([instance], tuple(dict.fromkeys((instance.transfer_syntax, *UNCOMPRESSED))))
    try:
        got = get(scu, Root.STUDY, QueryLevel.IMAGE, storage, keys_to(Root.STUDY, [instance]))
    except NotAccepted:
        return
    if wrong := got.unlike([instance]):
        expected = f"the object {instance.sop_instance_uid} back as it was stored"
        raise PeerViolation("PS3.8 E.1", expected, wrong)
