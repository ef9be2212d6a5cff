"""One request with an Identifier, or another data set of a few attributes (PS3.7 9.3, 10.3)."""

from __future__ import annotations

from typing import Any

from pydicom import Dataset

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.scu.echo import WITH_DATA_SET
from harness.scu.identifier import encode_identifier


def ask(
    association: Association,
    sop_class: str,
    command: Command,
    identifier: Dataset,
    message_id: int | None = None,
    **fields: Any,
) -> CommandSet:
    """Send one request on a context of this class and read nothing; its command set.

    ``fields`` are those of its command set that it has beside Command Field, Message ID and Data Set Type.
    Raises NotAccepted.
    """
    context = association.context_for(sop_class)
    request = CommandSet.of(
        CommandField=int(command),
        MessageID=association.next_message_id() if message_id is None else message_id,
        CommandDataSetType=WITH_DATA_SET,
        **fields,
    )
    association.send_message(context.id, request, encode_identifier(identifier, context.transfer_syntax))
    return request
