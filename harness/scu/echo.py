"""C-ECHO as SCU (PS3.7 9.1.5, PS3.4 A)."""

from __future__ import annotations

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.scu.status import response_to
from harness.scu.uids import VERIFICATION

NO_DATA_SET = 0x0101
WITH_DATA_SET = 0x0001


def echo(association: Association) -> CommandSet:
    """One C-ECHO; the response's command set, whatever its status."""
    request = CommandSet.of(
        AffectedSOPClassUID=VERIFICATION,
        CommandField=int(Command.C_ECHO_RQ),
        MessageID=association.next_message_id(),
        CommandDataSetType=NO_DATA_SET,
    )
    association.send_message(association.context_for(VERIFICATION).id, request)
    return response_to(request, association.receive_message())
