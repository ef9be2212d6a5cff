"""Associations side by side (PS3.8 9.1.1)."""

from __future__ import annotations

import contextlib

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import AssociationRejected
from harness.scenario import QUALITY, not_tested, requirement
from harness.scu.echo import NO_DATA_SET
from harness.scu.session import Scu
from harness.scu.status import describe, response_to
from harness.scu.uids import VERIFICATION

NUMBER = 10
ECHO = CommandSet.of(
    AffectedSOPClassUID=VERIFICATION,
    CommandField=int(Command.C_ECHO_RQ),
    MessageID=7,
    CommandDataSetType=NO_DATA_SET,
)
ECHO_AGAIN = ECHO.replace(MessageID=8)


@requirement("PS3.8 9.1.1", QUALITY, "Associations with the same message ids don't influence each other.")
def test_independent(scu: Scu) -> None:
    with contextlib.ExitStack() as stack:
        associations: list[Association] = []
        for _ in range(NUMBER):
            try:
                associations.append(stack.enter_context(scu.open(VERIFICATION)))
            except AssociationRejected:
                break
        if len(associations) < 3:
            raise not_tested(f"only {len(associations)} associations could be had at once")
        for association in associations:
            association.send_message(association.context_for(VERIFICATION).id, ECHO)
        associations[0].abort()
        for association in associations[1:]:
            _expect_success(association, ECHO)
            # The answer above may have left before the abort arrived; this echo is sent after it.
            association.send_message(association.context_for(VERIFICATION).id, ECHO_AGAIN)
            _expect_success(association, ECHO_AGAIN)


def _expect_success(association: Association, request: CommandSet) -> None:
    response = response_to(request, association.receive_message())
    assert response.integer("Status") == 0, f"C-ECHO beside an aborted association: {describe(response)}"
