"""Verification (PS3.4 A, PS3.7 9.1.5)."""

from __future__ import annotations

import pytest

from harness.dimse.command import NO_DATA_SET, Command, CommandSet
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.echo import echo
from harness.scu.find import find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Proposal, Scu
from harness.scu.status import SUCCESS, describe, is_warning, response_to
from harness.scu.store import proposals_for, store
from harness.scu.uids import (
    IMPLICIT_VR_LITTLE_ENDIAN,
    STUDY_ROOT_FIND,
    UNCOMPRESSED,
    VERIFICATION,
    QueryLevel,
)

EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
AGAIN = 300
"""More than a counter of eight bits holds."""
ECHOES = 20
MANY = 2000
"""Studies, with which a product holds more than its trace is looked for in."""


@requirement("PS3.4 A.4", SHALL, "C-ECHO is answered with status Success.")
def test_success(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        response = echo(association)
    assert response.integer("Status") == 0, f"C-ECHO was answered {describe(response)}"


@requirement("PS3.4 A.5", SHALL, "A presentation context for Verification alone is accepted.")
def test_offered_is_accepted(scu: Scu) -> None:
    with scu.open((VERIFICATION, (IMPLICIT_VR_LITTLE_ENDIAN,))) as association:
        results = [context.result for context in association.accepted.contexts]
    assert results == [0], f"a context for Verification got result {', '.join(map(str, results)) or 'none'}"


@requirement("PS3.4 A.5", QUALITY, "C-ECHO works on whichever transfer syntax was accepted for it.")
def test_every_transfer_syntax(scu: Scu) -> None:
    proposals: list[Proposal] = [
        (VERIFICATION, (syntax,)) for syntax in (*UNCOMPRESSED, EXPLICIT_VR_BIG_ENDIAN, JPEG_BASELINE)
    ]
    with scu.open(*proposals) as association:
        association.context_for(VERIFICATION)
        for context in association.accepted_contexts.values():
            request = CommandSet.of(
                AffectedSOPClassUID=VERIFICATION,
                CommandField=int(Command.C_ECHO_RQ),
                MessageID=association.next_message_id(),
                CommandDataSetType=NO_DATA_SET,
            )
            association.send_message(context.id, request)
            response = response_to(request, association.receive_message())
            assert response.integer("Status") == 0, (
                f"C-ECHO in {context.transfer_syntax}: {describe(response)}"
            )


@requirement("PS3.7 9.1.5.2", SHALL, "C-ECHO can be repeated on one association.")
def test_repeated(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        for number in range(1, AGAIN + 1):
            response = echo(association)
            assert response.integer("Status") == 0, f"C-ECHO number {number}: {describe(response)}"


@requirement("PS3.7 9.1.5.2", SHALL, "C-ECHO between other operations leaves them alone.")
def test_beside_other_services(scu: Scu, corpus: Corpus) -> None:
    instance = corpus.new_study().instance(0)
    keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": instance.text("StudyInstanceUID")})
    with scu.open(VERIFICATION, STUDY_ROOT_FIND, *proposals_for([instance])) as association:
        stored = store(scu, association, instance)
        status = stored.integer("Status")
        assert status == SUCCESS or is_warning(status), f"C-STORE beside C-ECHO: {describe(stored)}"
        assert echo(association).integer("Status") == 0, "C-ECHO after C-STORE failed"
        found = find_with(association, STUDY_ROOT_FIND, keys)  # visible or not yet, it is answered
        assert found.status == SUCCESS, f"C-FIND after C-ECHO: {describe(found.final)}"
        assert echo(association).integer("Status") == 0, "C-ECHO after C-FIND failed"


def study_uids_at_most(scu: Scu) -> set[str]:
    """The studies that the product knows.  Ends the scenario where they are too many to count."""
    with scu.open(STUDY_ROOT_FIND) as association:
        keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": None})
        matches = find_with(association, STUDY_ROOT_FIND, keys, cancel_after=MANY)
    if len(matches.identifiers) >= MANY or matches.status != SUCCESS:
        raise not_tested(
            f"its studies can't be counted: {len(matches.identifiers)}, {describe(matches.final)}"
        )
    return set(matches.texts("StudyInstanceUID"))


@pytest.mark.intrusive
@requirement("PS3.4 A.4", QUALITY, "C-ECHO leaves no trace among the studies.")
def test_no_side_effect(scu: Scu) -> None:
    # It looks at other people's studies too, of which there may be new ones meanwhile, but not as many.
    before = study_uids_at_most(scu)
    with scu.open(VERIFICATION) as association:
        for _ in range(ECHOES):
            echo(association)
    new = study_uids_at_most(scu) - before
    assert len(new) < ECHOES, f"after {ECHOES} C-ECHOs there are {len(new)} studies more"
