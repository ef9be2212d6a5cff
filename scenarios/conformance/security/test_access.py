"""Who is let in, and who may do what (PS3.8 9.3.4, PS3.15 B.4, B.5)."""

from __future__ import annotations

from harness.dimse.pdu import AssociateReject
from harness.scenario import MEDIUM, reply_to, safeguard
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION

STRANGER = "PHSTRANGER"
"""A calling AE title that nobody has registered."""


@safeguard(
    "PS3.8 9.3.4",
    MEDIUM,
    "An unknown calling AE title is rejected.",
    remedy="Register the AE titles of the equipment in use, and have the product reject all others.",
)
def test_unknown_calling_title(scu: Scu) -> None:
    with scu.connect() as association:
        answer = reply_to(association, scu.request(VERIFICATION, calling=STRANGER))
    assert isinstance(answer, AssociateReject), (
        f"an association of {STRANGER}, whom nobody registered, is accepted"
    )
