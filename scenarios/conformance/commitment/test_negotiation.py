"""Associations for storage commitment: the harness's request, the product's result (PS3.4 J.2.1, J.3.3)."""

from __future__ import annotations

from harness.plugin.committing import Committer
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, SHOULD, requirement
from harness.scu.commitment import Action, action_information, references_to
from harness.scu.inbox import answering
from harness.scu.status import describe
from harness.scu.uids import IMPLICIT_VR_LITTLE_ENDIAN, STORAGE_COMMITMENT_PUSH
from harness.synthesis import SyntheticStudy
from harness.target import Target

UNRECOGNIZED_OPERATION = 0x0211
NO_SUCH_SOP_CLASS = (0x0118, 0x0122)


@requirement("PS3.4 J.2", SHALL, "What is accepted for the Push Model class is served: N-ACTION is known.")
def test_push_model(commit: Committer, corpus: Corpus, stored_study: SyntheticStudy) -> None:
    information = action_information(corpus.identity.uid(), references_to(stored_study.instances[:1]))
    response = commit.request(Action(information))
    assert response.integer("Status") not in (UNRECOGNIZED_OPERATION, *NO_SUCH_SOP_CLASS), (
        f"the Push Model class was accepted, but N-ACTION is answered {describe(response)}"
    )


@requirement(
    "PS3.4 J.3.3.1.2",
    SHALL,
    "On an association of its own for the result the product proposes itself as SCP by role selection.",
)
def test_role_as_requestor(commit: Committer, stored_study: SyntheticStudy) -> None:
    requests, _ = commit.elsewhere(references_to(stored_study.instances[:2]))
    for request in requests:
        roles = {role.sop_class.strip("\0 "): role for role in request.user.roles}
        role = roles.get(STORAGE_COMMITMENT_PUSH)
        assert role is not None, (
            "the association for the result has no role selection for the Push Model class"
        )
        assert role.scp == 1, f"the association for the result proposes SCP role {role.scp}"


@requirement("PS3.4 J.3.3.1.2", SHOULD, "The result comes from the AE title that took the request.")
def test_same_ae_title(commit: Committer, stored_study: SyntheticStudy, target: Target) -> None:
    requests, _ = commit.elsewhere(references_to(stored_study.instances[:2]))
    titles = {request.calling_ae_title.strip() for request in requests}
    assert titles == {target.dimse.called_ae_title}, (
        f"the request went to {target.dimse.called_ae_title}, its result comes from {', '.join(titles)}"
    )


@requirement(
    "PS3.5 10.1", SHALL, "The association for the result offers Implicit VR Little Endian, and it serves."
)
def test_default_syntax(commit: Committer, stored_study: SyntheticStudy) -> None:
    requests, outcome = commit.elsewhere(
        references_to(stored_study.instances[:2]), answer=answering(syntaxes={IMPLICIT_VR_LITTLE_ENDIAN})
    )
    for request in requests:
        offered = {
            syntax.strip("\0 ")
            for context in request.contexts
            if context.abstract_syntax == STORAGE_COMMITMENT_PUSH
            for syntax in context.transfer_syntaxes
        }
        assert IMPLICIT_VR_LITTLE_ENDIAN in offered, (
            f"the Push Model class is proposed with {', '.join(sorted(offered))} alone"
        )
    assert outcome.results, "no result comes on an association in Implicit VR Little Endian"
