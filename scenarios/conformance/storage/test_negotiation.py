"""Storage extended negotiation (PS3.4 B.3.1): nobody has to answer it, but an answer says something."""

from __future__ import annotations

from harness.dimse.difference import summary
from harness.dimse.negotiation import ExtendedNegotiation
from harness.plugin.keeping import SCU_ONLY, Keeper
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.kept import COERCIBLE, changes, of_tags
from harness.scu.session import Scu
from harness.scu.status import describe
from harness.scu.uids import CT_IMAGE_STORAGE

LEVEL, SIGNATURES, COERCION = 0, 2, 4
"""Where the fields of the answer are (PS3.4 table B.3-2)."""
FIELDS = {LEVEL: ("level of support", 3), SIGNATURES: ("signature level", 3), COERCION: ("coercion", 2)}
"""Their names, and the largest value of each."""
NO_COERCION = 0


def answered(scu: Scu) -> bytes:
    """The service-class-application-information of the answer; NotSupported where there is none."""
    offer = ExtendedNegotiation(CT_IMAGE_STORAGE, SCU_ONLY)
    with scu.open(CT_IMAGE_STORAGE, extended=(offer,)) as association:
        association.context_for(CT_IMAGE_STORAGE)
        answers = association.accepted.user.extended
    for answer in answers:
        if answer.sop_class.strip("\0 ") == CT_IMAGE_STORAGE:
            return answer.data
    raise not_supported("Storage extended negotiation is not answered, which is optional (PS3.4 B.3.1)")


@requirement("PS3.4 B.3.1.2", SHALL, "An answer to Storage extended negotiation has the fields of its table.")
def test_extended_answer(scu: Scu) -> None:
    answer = answered(scu)
    assert len(answer) == 6, f"the answer has {len(answer)} bytes: {answer.hex(' ')}"
    for at, (name, largest) in FIELDS.items():
        assert answer[at] <= largest, f"{name} {answer[at]}, of 0 to {largest}: {answer.hex(' ')}"
        assert not answer[at + 1], f"the reserved byte {at + 2} is {answer[at + 1]:02X}H: {answer.hex(' ')}"
    assert not answer[SIGNATURES] or answer[LEVEL] == 2, (
        f"signature level {answer[SIGNATURES]} at storage level {answer[LEVEL]}: it is for level 2 alone"
    )


@requirement(
    "PS3.4 B.3.1.2", SHALL, "Who answers that it coerces no element does not change what may be coerced."
)
def test_coercion_as_answered(scu: Scu, keeper: Keeper) -> None:
    answer = answered(scu)
    if len(answer) <= COERCION or answer[COERCION] != NO_COERCION:
        raise not_supported("the product does not answer that it coerces no element")
    instance = keeper.corpus.new_study(IssuerOfPatientID="PHTEST ISSUER").instance(0)
    kept = keeper.keep(instance)
    assert not kept.unread, kept.unread
    for received in kept.received:
        changed = of_tags(changes(instance, received, coercible=()), *COERCIBLE)
        assert not changed, (
            f"it answers that it coerces no element, and then {describe(kept.response)}: {summary(changed)}"
        )
