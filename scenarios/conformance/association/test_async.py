"""Asynchronous operations window (PS3.7 D.3.3.3)."""

from __future__ import annotations

from harness.dimse.command import Command, CommandSet
from harness.dimse.negotiation import AsyncWindow
from harness.dimse.pdu import PData, Pdv
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.echo import NO_DATA_SET, echo
from harness.scu.find import find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.uids import STUDY_ROOT_FIND, VERIFICATION, QueryLevel

MANY = 10
"""Requests at once, at most, where the window is larger or unlimited."""


@requirement("PS3.7 D.3.3.3", SHALL, "No asynchronous window is answered where none was offered.")
def test_absent_stays_absent(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        window = association.accepted.user.async_window
    assert window is None, f"the acceptance holds {window}, none was offered"


@requirement("PS3.7 D.3.3.3", SHALL, "The answered window isn't larger than the one offered.")
def test_not_widened(scu: Scu) -> None:
    with scu.open(VERIFICATION, async_window=AsyncWindow(4, 2)) as association:
        window = association.accepted.user.async_window
    if window is not None:
        assert 1 <= window.invoked <= 4, (
            f"4 operations were offered to be invoked, {window.invoked} answered (0: any)"
        )
        assert 1 <= window.performed <= 2, (
            f"2 operations to be performed, {window.performed} answered (0: any)"
        )


@requirement("PS3.7 D.3.3.3", SHALL, "An offered window doesn't hinder operations one after the other.")
def test_offer_does_no_harm(scu: Scu) -> None:
    with scu.open(VERIFICATION, STUDY_ROOT_FIND, async_window=AsyncWindow(0, 0)) as association:
        assert echo(association).integer("Status") == 0, "C-ECHO failed where an unlimited window was offered"
        keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": "2.25.1", "PatientID": None})
        find_with(association, STUDY_ROOT_FIND, keys).require_success()


@requirement("PS3.7 D.3.3.3", SHALL, "An agreed window of n lets n requests be outstanding.")
def test_window_honoured(scu: Scu) -> None:
    with scu.open(VERIFICATION, async_window=AsyncWindow(0, 1)) as association:
        window = association.accepted.user.async_window
        if window is None or window.invoked == 1:
            raise not_supported("operations are synchronous")
        asked = list(range(1, min(window.invoked or MANY, MANY) + 1))
        context = association.context_for(VERIFICATION).id
        for number in asked:
            request = CommandSet.of(
                AffectedSOPClassUID=VERIFICATION,
                CommandField=int(Command.C_ECHO_RQ),
                MessageID=number,
                CommandDataSetType=NO_DATA_SET,
            )
            association.send_pdu(PData((Pdv(context, is_command=True, is_last=True, data=request.encode()),)))
        responses = [association.receive_message().command for _ in asked]
    answered = sorted(response.integer("MessageIDBeingRespondedTo") for response in responses)
    assert answered == asked, f"messages {asked} were outstanding, {answered} answered"
