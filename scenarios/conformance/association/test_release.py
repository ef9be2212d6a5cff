"""Orderly release (PS3.8 7.2)."""

from __future__ import annotations

from harness.dimse.pdu import ReleaseRequest, ReleaseResponse, name_of
from harness.scenario import SHALL, requirement
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION


@requirement("PS3.8 7.2.2", SHALL, "A release request is answered affirmatively.")
def test_affirmed(scu: Scu) -> None:
    association = scu.open(VERIFICATION)
    try:
        echo(association)
        association.send_pdu(ReleaseRequest())
        answer = association.receive_pdu()
    finally:
        association.close()
    assert isinstance(answer, ReleaseResponse), f"A-RELEASE-RQ was answered with {name_of(answer)}"
