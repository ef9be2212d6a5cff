"""PDUs over TCP, which is a stream of bytes (PS3.8 9.1.1)."""

from __future__ import annotations

from harness.dimse.command import Command, CommandSet
from harness.dimse.pdu import PData, Pdv, ReleaseRequest, ReleaseResponse, name_of
from harness.scenario import SHALL, requirement
from harness.scu.echo import NO_DATA_SET
from harness.scu.observed import observe
from harness.scu.session import Scu
from harness.scu.status import describe
from harness.scu.uids import VERIFICATION

ECHO = CommandSet.of(
    AffectedSOPClassUID=VERIFICATION,
    CommandField=int(Command.C_ECHO_RQ),
    MessageID=1,
    CommandDataSetType=NO_DATA_SET,
)
ECHO_PDU = PData((Pdv(1, is_command=True, is_last=True, data=ECHO.encode()),)).encode()


@requirement("PS3.8 9.1.1", SHALL, "The borders of TCP segments mean nothing: PDUs may come byte by byte.")
def test_one_byte_segments(scu: Scu) -> None:
    association = scu.connect()
    try:
        association.send_raw(scu.request(VERIFICATION).encode(), chunk=1)
        answer = association.receive_pdu()
        assert name_of(answer) == "A-ASSOCIATE-AC", (
            f"a request sent byte by byte was answered with {name_of(answer)}"
        )
        association.send_raw(ECHO_PDU, chunk=1)
        response = observe(association).command
    finally:
        association.abort()
    assert response.integer("Status") == 0, f"C-ECHO sent byte by byte: {describe(response)}"


@requirement("PS3.8 9.1.1", SHALL, "Several PDUs in one TCP segment are all handled.")
def test_coalesced_pdus(scu: Scu) -> None:
    association = scu.open(VERIFICATION)
    try:
        association.send_raw(ECHO_PDU + ReleaseRequest().encode())
        response = observe(association).command
        ending = association.receive_pdu()
    finally:
        association.close()
    assert response.integer("Status") == 0, f"C-ECHO in one segment with A-RELEASE-RQ: {describe(response)}"
    assert isinstance(ending, ReleaseResponse), f"A-RELEASE-RQ was answered with {name_of(ending)}"
