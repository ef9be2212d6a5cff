"""The result: N-EVENT-REPORT (PS3.4 J.3.3).

When it comes is the product's affair; what the target file grants is awaited.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from pydicom import DataElement

from harness.dimse.difference import summary
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest
from harness.plugin.committing import Committed, Committer
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.commitment import ALL_COMMITTED, FAILURES_EXIST, Reference, references_to
from harness.scu.inbox import Received, prefer_given_order
from harness.scu.kept import changes
from harness.scu.retrieved import odd_ones
from harness.scu.uids import CT_IMAGE_STORAGE, STORAGE_COMMITMENT_PUSH, STORAGE_COMMITMENT_PUSH_INSTANCE
from harness.synthesis import SyntheticInstance, SyntheticStudy, assemble, variant

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]
Bring = Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
TRANSIENT = AssociateReject(2, 1, 1)
"""Rejected for now, by the service user, no reason given (PS3.8 9.3.4)."""


def never_stored(corpus: Corpus, count: int) -> tuple[Reference, ...]:
    return tuple(Reference(CT_IMAGE_STORAGE, corpus.identity.uid()) for _ in range(count))


def result_for(commit: Committer, references: Sequence[Reference]) -> Committed:
    """The result for references that include unknown ones: a product may wait for the objects to come."""
    transaction_uid, outcome, _ = commit.attempt(references, release=False)
    if not outcome.results:
        raise not_tested(f"no result within {commit.within:g} s: the product may be waiting for the objects")
    return Committed(transaction_uid, outcome, outcome.results[0])


def committed_whole(commit: Committer, references: Sequence[Reference]) -> Committed:
    """The result for stored objects, where the product commits to them; it need not."""
    committed = commit(references)
    if committed.result.failed:
        reasons = {failure.reason for failure in committed.result.failed}
        shown = ", ".join("none" if reason is None else f"0x{reason:04X}" for reason in reasons)
        raise not_tested(f"the product doesn't commit to what it has stored: Failure Reason {shown}")
    return committed


def unlisted(asked: Sequence[Reference], listed: Sequence[Reference]) -> str:
    """How the references of a result are not those of its request, each once; empty where they are."""
    wanted, have = Counter(asked), Counter(listed)
    if missing := wanted - have:
        return f"{missing.total()} of {len(asked)} references are missing"
    if more := have - wanted:
        repeated = sum(count for reference, count in more.items() if reference in wanted)
        return f"{repeated} references are listed twice, {more.total() - repeated} were never asked for"
    return ""


@requirement(
    "PS3.4 J.3.3.1.2",
    QUALITY,
    "Where the association of the request was released, the result comes on another in the time granted.",
)
def test_on_other_association(commit: Committer, stored_study: SyntheticStudy) -> None:
    # An SCP has to be able to, but DICOM sets no limit to how long it takes: a result that has not come says
    # nothing of whether it will.
    _, outcome, _ = commit.attempt(references_to(stored_study.instances[:3]), release=True)
    assert outcome.results, (
        f"no N-EVENT-REPORT reached {commit.destination.ae_title} within {commit.within:g} s of the request, "
        "which was answered with Success; its association was released at once. DICOM sets no limit: grant "
        "more time (visible_within) to a product that takes longer"
    )


@requirement("PS3.4 J.3.3.1.2", QUALITY, "A result that could not be delivered is tried again.")
def test_retried(commit: Committer, stored_study: SyntheticStudy) -> None:
    # An association doesn't say which request it is for: of those that are rejected, one more than there are
    # earlier results to come, one is for this request.
    commit.owing(commit.within)
    earlier = 0
    refused: list[AssociateRequest] = []

    def answer(request: AssociateRequest) -> AssociateAccept | AssociateReject | Abort:
        nonlocal earlier
        if not refused:
            earlier = commit.owing()
        if len(refused) <= earlier:
            refused.append(request)
            return TRANSIENT
        return prefer_given_order(request)

    _, outcome, _ = commit.attempt(references_to(stored_study.instances[:2]), release=True, answer=answer)
    if outcome.results and (not refused or outcome.results[0].same_association):
        raise not_tested("the result came on the association of the request")
    if not refused:
        raise not_tested(f"the product opened no association for the result within {commit.within:g} s")
    if not outcome.results and len(refused) <= earlier:
        raise not_tested(
            f"{len(refused)} associations were rejected while the results of {earlier} earlier requests "
            "are to come: whether one of them was for this request can't be told"
        )
    assert outcome.results, (
        f"the association for the result was rejected for now, and none came again within {commit.within:g} s"
    )


@requirement(
    "PS3.4 J.3.3.1.2",
    SHALL,
    "Where all objects are safe the event type is 1, and the result lists each of them.",
)
def test_all_committed(commit: Committer, stored_study: SyntheticStudy) -> None:
    asked = references_to(stored_study.instances[:3])
    committed = committed_whole(commit, asked)
    result = committed.result
    assert result.event_type == ALL_COMMITTED, f"no object failed, but the event type is {result.event_type}"
    wrong = unlisted(asked, result.committed)
    assert not wrong, f"Referenced SOP Sequence: {wrong}"


@requirement("PS3.4 J.3.3.1.2", SHALL, "The result has the Transaction UID of its request.")
def test_transaction_uid(commit: Committer, stored_study: SyntheticStudy) -> None:
    committed = commit(references_to(stored_study.instances[:2]))
    have = committed.result.transaction_uid
    assert have == committed.transaction_uid, (
        f"Transaction UID {have or 'absent'}, that of the request is {committed.transaction_uid}"
    )


@requirement(
    "PS3.4 J.3.3.1.2",
    SHALL,
    "Where an object is not safe the event type is 2, and each reference is in one of both lists.",
)
def test_failures_listed(commit: Committer, corpus: Corpus, stored_study: SyntheticStudy) -> None:
    unknown = never_stored(corpus, 1)
    asked = (*references_to(stored_study.instances[:2]), *unknown)
    result = result_for(commit, asked).result
    assert result.event_type == FAILURES_EXIST, (
        f"one of 3 objects was never sent, but the event type is {result.event_type}"
    )
    assert unknown[0] not in result.committed, "an object that was never sent is among the committed ones"
    wrong = unlisted(asked, result.references)
    assert not wrong, f"both sequences together: {wrong}"


@requirement("PS3.4 J.3.3.1.2", SHALL, "Where no object is safe all of them are in the Failed SOP Sequence.")
def test_all_fail(commit: Committer, corpus: Corpus) -> None:
    asked = never_stored(corpus, 2)
    result = result_for(commit, asked).result
    assert result.event_type == FAILURES_EXIST, (
        f"no object was ever sent, but the event type is {result.event_type}"
    )
    assert not result.committed, f"{len(result.committed)} objects that were never sent are committed"
    wrong = unlisted(asked, [failure.reference for failure in result.failed])
    assert not wrong, f"Failed SOP Sequence: {wrong}"


@requirement("PS3.5 7.4.2", QUALITY, "Where nothing is committed the Referenced SOP Sequence is left out.")
def test_nothing_committed_is_absent(commit: Committer, corpus: Corpus) -> None:
    # With event type 2 it is of type 1C: there if something is committed, and not otherwise (table J.3-2).
    # One without items says the same; it misleads who looks for the attribute alone.
    result = result_for(commit, never_stored(corpus, 2)).result
    assert not result.empty_sequences, f"{', '.join(result.empty_sequences)} without items"


@requirement("PS3.4 J.3.3.1.1", SHALL, "Every object that is not committed has a Failure Reason.")
def test_failure_reason(commit: Committer, corpus: Corpus) -> None:
    result = result_for(commit, never_stored(corpus, 2)).result
    if not result.failed:
        raise not_tested("the result has no failed objects")
    for failure in result.failed:
        shown = "absent" if failure.reason is None else f"0x{failure.reason:04X}"
        assert failure.reason, f"Failure Reason of {failure.reference.sop_instance_uid} is {shown}"


@requirement("PS3.7 10.1.1.1", SHALL, "The report names the Push Model class and its well-known instance.")
def test_report_fields(commit: Committer, stored_study: SyntheticStudy) -> None:
    command = commit(references_to(stored_study.instances[:1])).result.command
    sop_class, uid = command.string("AffectedSOPClassUID"), command.string("AffectedSOPInstanceUID")
    assert sop_class == STORAGE_COMMITMENT_PUSH, f"Affected SOP Class UID is {sop_class}"
    assert uid == STORAGE_COMMITMENT_PUSH_INSTANCE, f"Affected SOP Instance UID is {uid}"


@requirement(
    "PS3.4 J.3.3.1.1.1", SHALL, "Retrieve AE Title stands for the whole result or in its items, not in both."
)
def test_retrieve_ae_title(commit: Committer, stored_study: SyntheticStudy) -> None:
    outside, inside = commit(references_to(stored_study.instances[:2])).result.retrieve_ae_titles
    assert not (outside and inside), f"Retrieve AE Title stands outside of the items and in {inside} of them"


@requirement(
    "PS3.4 J.3.3.1.2",
    QUALITY,
    "An object that is referenced with another SOP class isn't committed silently.",
)
def test_wrong_class(commit: Committer, stored_study: SyntheticStudy) -> None:
    uid = stored_study.instance(0).sop_instance_uid
    result = result_for(commit, [Reference(MR_IMAGE_STORAGE, uid)]).result
    assert uid not in {reference.sop_instance_uid for reference in result.committed}, (
        "a CT image that is referenced as an MR image is committed"
    )


@requirement("PS3.4 J.3.3.1.2", SHALL, "A result that was acknowledged isn't sent again.")
def test_once(commit: Committer, stored_study: SyntheticStudy) -> None:
    committed = commit(
        references_to(stored_study.instances[:2]),
        release=True,
        watch=lambda took: min(10.0, max(2.0, 10 * took)),
    )
    count = len(committed.outcome.results)
    assert count == 1, f"{count} results came for one request, though the first was answered with Success"


@requirement("PS3.4 J.3.3.1.2", SHALL, "What is committed is kept whole, private attributes included.")
def test_committed_is_complete(
    commit: Committer, corpus: Corpus, store_study: StoreStudy, retrieved: Bring
) -> None:
    elements = (
        DataElement(0x00190010, "LO", "PHTEST ONE 1.0"),
        DataElement(0x00191001, "LO", "kept word for word"),
        DataElement(0x00191002, "US", [1, 2, 65535]),
        DataElement(0x00104000, "LT", "Standard, optional: a comment\r\nof two lines"),
        DataElement(0x00181008, "LO", "Standard, of another module: a gantry"),
    )
    (study,) = assemble([variant(corpus.identity, corpus.new_study().instance(0), elements=elements)])
    store_study(study)
    committed_whole(commit, references_to(study.instances))
    received = retrieved(study.instances)
    changed = [entry for one in received for entry in changes(study.instance(0), one)]
    lost = odd_ones(study.instances, received) or (summary(changed) if changed else "")
    assert not lost, f"a committed object: {lost}"
