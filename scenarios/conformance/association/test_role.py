"""SCP/SCU role selection (PS3.7 D.3.3.4)."""

from __future__ import annotations

from harness.dimse.negotiation import RoleSelection
from harness.scenario import SHALL, requirement
from harness.scu.session import Scu
from harness.scu.uids import CT_IMAGE_STORAGE, STUDY_ROOT_FIND, STUDY_ROOT_GET, VERIFICATION

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
PROPOSALS = (VERIFICATION, STUDY_ROOT_FIND, STUDY_ROOT_GET, CT_IMAGE_STORAGE, MR_IMAGE_STORAGE)


@requirement("PS3.7 D.3.3.4", SHALL, "No role is answered where none was offered.")
def test_absent_stays_absent(scu: Scu) -> None:
    with scu.open(*PROPOSALS) as association:
        roles = association.accepted.user.roles
    assert not roles, f"role items for {', '.join(role.sop_class for role in roles)}, none was offered"


@requirement("PS3.7 D.3.3.4", SHALL, "A role that wasn't proposed isn't granted.")
def test_nothing_granted_unasked(scu: Scu) -> None:
    offered = (RoleSelection(CT_IMAGE_STORAGE, 1, 0), RoleSelection(MR_IMAGE_STORAGE, 0, 1))
    with scu.open(*PROPOSALS, roles=offered) as association:
        answered = association.accepted.user.roles
    proposed = {role.sop_class: role for role in offered}
    for role in answered:
        asked = proposed.get(role.sop_class, RoleSelection(role.sop_class, 0, 0))
        assert not (role.scu and not asked.scu), (
            f"{role.sop_class}: the SCU role is granted, but wasn't proposed"
        )
        assert not (role.scp and not asked.scp), (
            f"{role.sop_class}: the SCP role is granted, but wasn't proposed"
        )


@requirement("PS3.7 D.3.3.4", SHALL, "Roles are answered for the classes they were offered for, once each.")
def test_only_offered_classes(scu: Scu) -> None:
    offered = (RoleSelection(CT_IMAGE_STORAGE, 1, 1), RoleSelection(MR_IMAGE_STORAGE, 1, 1))
    with scu.open(*PROPOSALS, roles=offered) as association:
        answered = [role.sop_class for role in association.accepted.user.roles]
    assert set(answered) <= {CT_IMAGE_STORAGE, MR_IMAGE_STORAGE}, f"role items for {', '.join(answered)}"
    assert len(set(answered)) == len(answered), f"a class has two role items: {', '.join(answered)}"
