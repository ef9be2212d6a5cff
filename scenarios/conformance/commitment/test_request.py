"""The request: N-ACTION and its response (PS3.4 J.3.2, PS3.7 10.1.4)."""

from __future__ import annotations

from typing import Any

import pytest

from harness.dimse.command import CommandSet
from harness.dimse.pdu import Abort
from harness.plugin.committing import Committer
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, SHOULD, or_abort, requirement
from harness.scu.commitment import REQUEST_COMMITMENT, Action, action_information, references_to
from harness.scu.status import SUCCESS, describe, is_failure
from harness.scu.uids import STORAGE_COMMITMENT_PUSH, STORAGE_COMMITMENT_PUSH_INSTANCE
from harness.synthesis import SyntheticStudy

N_ACTION_STATUSES = frozenset(
    (
        *(0x0000, 0x0110, 0x0112, 0x0114, 0x0115, 0x0117, 0x0118, 0x0119, 0x0122, 0x0123, 0x0124),
        *(0x0210, 0x0211, 0x0212, 0x0213),
    )
)
"""PS3.7 10.1.4.1.10, and 0122H (C.5.6); PS3.4 J.3.2.1.4 defines none of its own."""
UNDEFINED_ACTION = 99


def answer_to(
    commit: Committer,
    transaction_uid: str | None,
    study: SyntheticStudy | None,
    **otherwise: Any,
) -> CommandSet | Abort:
    """What comes for one N-ACTION; see `Action` for what may be otherwise."""
    information = action_information(
        transaction_uid, None if study is None else references_to(study.instances)
    )
    return or_abort(lambda: commit.request(Action(information, **otherwise)))


def is_refusal(answer: CommandSet | Abort) -> bool:
    return isinstance(answer, Abort) or is_failure(answer.integer("Status"))


@requirement(
    "PS3.4 J.3.2.1.3",
    SHALL,
    "A request is answered: Success where it will be processed, a failure where it will not.",
)
def test_accepted(commit: Committer, corpus: Corpus, stored_study: SyntheticStudy) -> None:
    information = action_information(corpus.identity.uid(), references_to(stored_study.instances[:3]))
    response = commit.request(Action(information))
    status = response.integer("Status")
    assert status == SUCCESS or is_failure(status), (
        f"N-ACTION was answered {describe(response)}, which says neither that the request is processed nor "
        "that it is not"
    )


@requirement("PS3.7 10.1.4.1", SHALL, "The response belongs to its request and has a status of N-ACTION.")
def test_response_fields(commit: Committer, corpus: Corpus, stored_study: SyntheticStudy) -> None:
    response = answer_to(commit, corpus.identity.uid(), stored_study, message_id=9)
    assert not isinstance(response, Abort), f"a valid N-ACTION was answered by {response.words()}"
    status = response.integer("Status")
    assert status in N_ACTION_STATUSES or status & 0xF000 in (0xA000, 0xC000), (
        f"{describe(response)} is not among the statuses of N-ACTION"
    )
    for keyword, sent in (
        ("AffectedSOPClassUID", STORAGE_COMMITMENT_PUSH),
        ("AffectedSOPInstanceUID", STORAGE_COMMITMENT_PUSH_INSTANCE),
    ):
        if keyword in response:
            assert response.string(keyword) == sent, (
                f"{keyword} of the response is {response.string(keyword)}, requested was {sent}"
            )
    if "ActionTypeID" in response:
        assert response.integer("ActionTypeID") == REQUEST_COMMITMENT, (
            f"Action Type ID of the response is {response.integer('ActionTypeID')}, requested was 1"
        )


@requirement("PS3.7 10.1.4.1.10", SHALL, "An Action Type ID that isn't defined is refused.")
def test_unknown_action(commit: Committer, corpus: Corpus, stored_study: SyntheticStudy) -> None:
    answer = answer_to(commit, corpus.identity.uid(), stored_study, action_type=UNDEFINED_ACTION)
    assert is_refusal(answer), f"Action Type ID {UNDEFINED_ACTION} was answered {describe_or_abort(answer)}"


@requirement("PS3.4 J.3.5", SHOULD, "Only the well-known SOP Instance takes commitment requests.")
def test_wrong_instance(commit: Committer, corpus: Corpus, stored_study: SyntheticStudy) -> None:
    other = corpus.identity.uid()
    answer = answer_to(commit, corpus.identity.uid(), stored_study, sop_instance_uid=other)
    assert is_refusal(answer), f"N-ACTION on SOP Instance {other} was answered {describe_or_abort(answer)}"


@pytest.mark.parametrize("missing", ["transaction-uid", "referenced-sop-sequence"])
@requirement("PS3.4 J.3.2.1.1", QUALITY, "A request that lacks a mandatory attribute isn't acknowledged.")
def test_dataset_incomplete(
    commit: Committer, corpus: Corpus, stored_study: SyntheticStudy, missing: str
) -> None:
    transaction_uid = None if missing == "transaction-uid" else corpus.identity.uid()
    study = None if missing == "referenced-sop-sequence" else stored_study
    answer = answer_to(commit, transaction_uid, study)
    assert is_refusal(answer), f"a request without {missing} was answered {describe_or_abort(answer)}"


def describe_or_abort(answer: CommandSet | Abort) -> str:
    return answer.words() if isinstance(answer, Abort) else describe(answer)
