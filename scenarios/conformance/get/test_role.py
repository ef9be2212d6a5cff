"""C-GET: role selection (PS3.7 D.3.3.4, PS3.4 C.5.3)."""

from __future__ import annotations

import pytest

from harness.dimse.association import Association
from harness.dimse.errors import NotAccepted
from harness.dimse.negotiation import RoleSelection
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, not_supported, requirement
from harness.scu.brought import Brought
from harness.scu.get import get_with, open_for_get, storage_for
from harness.scu.identifier import keys_of
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.status import SUB_OPERATIONS_FAILED, describe, is_failure, is_warning
from harness.scu.store import proposals_for, store
from harness.scu.uids import CT_IMAGE_STORAGE, UNCOMPRESSED, QueryLevel, Root
from harness.synthesis import SyntheticStudy


def _get(association: Association, study: SyntheticStudy) -> Brought:
    keys = keys_of(QueryLevel.STUDY, keys_for(Root.STUDY, QueryLevel.STUDY, study))
    return get_with(association, Root.STUDY.get, keys)


def _role(association: Association) -> RoleSelection | None:
    roles = association.accepted.user.roles
    return next((role for role in roles if role.sop_class.strip("\0 ") == CT_IMAGE_STORAGE), None)


def _accepts_ct(association: Association) -> bool:
    try:
        association.context_for(CT_IMAGE_STORAGE)
    except NotAccepted:
        return False
    return True


@requirement(
    "PS3.4 C.5.3", SHALL, "Who may send objects in a get has agreed to the requestor's SCP role before."
)
@pytest.mark.parametrize("scu_role", [0, 1])
def test_accepted(scu: Scu, stored_study: SyntheticStudy, scu_role: int) -> None:
    with scu.open(
        Root.STUDY.get,
        (CT_IMAGE_STORAGE, UNCOMPRESSED),
        roles=(RoleSelection(CT_IMAGE_STORAGE, scu_role, 1),),
    ) as association:
        association.context_for(Root.STUDY.get)
        role, accepts = _role(association), _accepts_ct(association)
        got = _get(association, stored_study)
    if role is not None and role.scp == 1 and accepts:
        wrong = got.other_than(stored_study.instances)
        assert not wrong, wrong
        return
    answer = "no role item" if role is None else f"SCP role {role.scp}"
    assert not got.received, f"answered with {answer}, yet {len(got.received)} objects were sent"
    raise not_supported("CT images are not among the classes that the product sends in a get")


@requirement(
    "PS3.7 D.3.3.4", SHALL, "Of both roles proposed those that are accepted work on one association."
)
def test_both(scu: Scu, corpus: Corpus, stored_study: SyntheticStudy) -> None:
    new = corpus.new_study("CT").instance(0)
    with scu.open(
        Root.STUDY.get,
        *proposals_for([new]),
        roles=(RoleSelection(CT_IMAGE_STORAGE, 1, 1),),
    ) as association:
        association.context_for(Root.STUDY.get)
        role, accepts = _role(association), _accepts_ct(association)
        got = _get(association, stored_study)
        # Without an answer the default roles apply: the requestor is SCU.
        stored = store(scu, association, new) if accepts and (role is None or role.scu == 1) else None
    if role is not None and role.scp == 1 and accepts:
        wrong = got.other_than(stored_study.instances)
        assert not wrong, f"SCP role accepted, yet {wrong}"
    else:
        assert not got.received, f"SCP role not accepted, yet {len(got.received)} objects were sent"
    if stored is not None:
        status = stored.integer("Status")
        assert status == 0 or is_warning(status), f"SCU role accepted, yet C-STORE got {describe(stored)}"


@requirement("PS3.7 D.3.3.4", SHALL, "No role is accepted that was not proposed.")
@pytest.mark.parametrize("proposed", [(0, 1), (1, 0), (1, 1)])
def test_not_beyond_proposal(scu: Scu, proposed: tuple[int, int]) -> None:
    with scu.open(
        Root.STUDY.get,
        (CT_IMAGE_STORAGE, UNCOMPRESSED),
        roles=(RoleSelection(CT_IMAGE_STORAGE, *proposed),),
    ) as association:
        association.context_for(Root.STUDY.get)
        role = _role(association)
    if role is not None:
        answered = (role.scu, role.scp)
        words = f"proposed SCU {proposed[0]}, SCP {proposed[1]}; answered SCU {role.scu}, SCP {role.scp}"
        assert all(given in (0, asked) for given, asked in zip(answered, proposed, strict=True)), words


@requirement(
    "PS3.7 D.3.3.4", SHALL, "Role items are answered only where there were any, and for their classes."
)
def test_no_answer_unasked(scu: Scu, stored_study: SyntheticStudy) -> None:
    with open_for_get(scu, Root.STUDY, storage_for(stored_study.instances), roles=False) as association:
        association.context_for(Root.STUDY.get)
        roles = association.accepted.user.roles
    assert not roles, f"role items for {', '.join(role.sop_class for role in roles)} without a proposal"


@requirement(
    "PS3.7 D.3.3.4", SHALL, "Without role items the requestor is no Storage SCP: no object is sent to it."
)
def test_without_negotiation(scu: Scu, stored_study: SyntheticStudy) -> None:
    with open_for_get(scu, Root.STUDY, storage_for(stored_study.instances), roles=False) as association:
        got = _get(association, stored_study)
    words = f"final status {describe(got.retrieval.final)}"
    assert not got.received, f"{len(got.received)} objects were sent against the default roles; {words}"
    failed = is_failure(got.status) or got.status == SUB_OPERATIONS_FAILED
    assert failed, f"none of {len(stored_study.instances)} objects could be sent; {words}"
