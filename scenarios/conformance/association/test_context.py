"""Presentation contexts: proposed, answered, used (PS3.8 7.1.1.13 f., 9.3.2.2, 9.3.3.2; PS3.7 D.3.2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.negotiation import ProposedContext
from harness.dimse.pdu import Abort, AssociateAccept, AssociateReject, AssociateRequest
from harness.scenario import (
    QUALITY,
    SHALL,
    answer_or_abort,
    expect_no_association,
    expect_service,
    not_supported,
    not_tested,
    reply_to,
    requirement,
)
from harness.scu.acceptance import results_of
from harness.scu.echo import NO_DATA_SET
from harness.scu.session import Proposal, Scu
from harness.scu.status import describe, response_to
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    UNCOMPRESSED,
    VERIFICATION,
)

MADE_UP_CLASS = "1.2.826.0.1.3680043.10.9999.3"
MADE_UP_SYNTAX = "1.2.826.0.1.3680043.10.9999.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_2000 = "1.2.840.10008.1.2.4.91"
PRINT = "1.2.840.10008.5.1.1.9"
STORAGE = "1.2.840.10008.5.1.4.1.1."
"""Root of the storage SOP classes."""
CLASSES = (
    VERIFICATION,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
    STUDY_ROOT_GET,
    *(
        STORAGE + end
        for end in ("1", "1.1", "2", "4", "6.1", "7", "12.1", "20", "88.11", "88.59", "104.1", "128")
    ),
)
"""Classes that can be had uncompressed: queries, CR, DX, CT, MR, US, SC, XA, NM, SR, KO, PDF and PET."""


def of_ids(scu: Scu, *pairs: tuple[int, Proposal]) -> AssociateRequest:
    """A request whose contexts have the given ids."""
    request = scu.request(*(proposal for _, proposal in pairs))
    numbered = [replace(one, id=id_) for (id_, _), one in zip(pairs, request.contexts, strict=True)]
    return replace(request, contexts=tuple(numbered))


def echo_on(association: Association, context_id: int) -> CommandSet:
    """The C-ECHO-RQ that was sent on that context, whether it is in use or not."""
    request = CommandSet.of(
        AffectedSOPClassUID=VERIFICATION,
        CommandField=int(Command.C_ECHO_RQ),
        MessageID=association.next_message_id(),
        CommandDataSetType=NO_DATA_SET,
    )
    association.send_message(context_id, request)
    return request


@requirement("PS3.8 7.1.1.14", SHALL, "Each proposed presentation context gets exactly one result.")
def test_every_one_answered(scu: Scu) -> None:
    proposals = [VERIFICATION, PRINT, STUDY_ROOT_FIND, MADE_UP_CLASS, CT_IMAGE_STORAGE]
    proposals += [
        (VERIFICATION, (MADE_UP_SYNTAX,)),
        (CT_IMAGE_STORAGE, (MADE_UP_SYNTAX,)),
        (PRINT, UNCOMPRESSED),
    ]
    with scu.open(*proposals) as association:
        proposed = sorted(context.id for context in association.request.contexts)
        answered = sorted(context.id for context in association.accepted.contexts)
    assert answered == proposed, f"contexts {proposed} were proposed, {answered} answered"


@requirement("PS3.8 9.3.3.2", SHALL, "The result of a presentation context is one of the five defined ones.")
def test_result_code_defined(scu: Scu) -> None:
    proposals = [VERIFICATION, PRINT, MADE_UP_CLASS, (VERIFICATION, (MADE_UP_SYNTAX,)), STUDY_ROOT_FIND]
    with scu.open(*proposals) as association:
        results = [context.result for context in association.accepted.contexts]
    assert all(result <= 4 for result in results), f"the results are {results}"


@requirement("PS3.8 7.1.1.14", SHALL, "An accepted presentation context names exactly one transfer syntax.")
def test_one_transfer_syntax(scu: Scu) -> None:
    syntaxes = (
        EXPLICIT_VR_LITTLE_ENDIAN,
        IMPLICIT_VR_LITTLE_ENDIAN,
        "1.2.840.10008.1.2.2",
        JPEG_BASELINE,
        JPEG_2000,
    )
    with scu.open(VERIFICATION, (CT_IMAGE_STORAGE, syntaxes), (STUDY_ROOT_FIND, syntaxes)) as association:
        accepted = [context for context in association.accepted.contexts if context.accepted]
    for context in accepted:
        count = bool(context.transfer_syntax) + len(context.further)
        assert count == 1, f"context {context.id} was accepted with {count} transfer syntaxes"


@requirement(
    "PS3.7 D.3.2", SHALL, "An accepted transfer syntax is one of those proposed in that very context."
)
def test_chosen_was_proposed(scu: Scu) -> None:
    classes = (VERIFICATION, STUDY_ROOT_FIND, CT_IMAGE_STORAGE)
    syntaxes = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)
    proposals = [(one, (syntax,)) for one in classes for syntax in syntaxes]
    with scu.open(*proposals) as association:
        proposed = {context.id: context.transfer_syntaxes for context in association.request.contexts}
        answered = association.accepted_contexts.values()
    for context in answered:
        assert context.transfer_syntax in proposed[context.id], (
            f"context {context.id} offered {', '.join(proposed[context.id])}, "
            f"and was accepted with {context.transfer_syntax}"
        )


@requirement("PS3.8 9.3.3.2", SHALL, "Context ids come back as they were proposed, and messages go by them.")
def test_sparse_ids(scu: Scu) -> None:
    request = of_ids(scu, (255, VERIFICATION), (3, STUDY_ROOT_FIND), (101, CT_IMAGE_STORAGE))
    with scu.negotiate(request) as association:
        ids = sorted(context.id for context in association.accepted.contexts)
        assert ids == [3, 101, 255], f"contexts 3, 101 and 255 were proposed, {ids} answered"
        asked = echo_on(association, association.context_for(VERIFICATION).id)
        message = association.receive_message()
    assert message.context_id == 255, f"C-ECHO on context 255 was answered on context {message.context_id}"
    assert response_to(asked, message).integer("Status") == 0, "C-ECHO on context 255 failed"


@requirement("PS3.8 7.1.1.13", SHALL, "An abstract syntax in several contexts is answered for each of them.")
def test_same_class_several_times(scu: Scu) -> None:
    syntaxes = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN) * 2
    with scu.open(*[(VERIFICATION, (syntax,)) for syntax in syntaxes]) as association:
        answered = sorted(context.id for context in association.accepted.contexts)
        assert answered == [1, 3, 5, 7], (
            f"contexts 1, 3, 5 and 7 of one class were proposed, {answered} answered"
        )
        association.context_for(VERIFICATION)
        for context in association.accepted_contexts.values():
            wanted = syntaxes[context.id // 2]
            assert context.transfer_syntax == wanted, (
                f"context {context.id}: {context.transfer_syntax}, not {wanted}"
            )
            asked = echo_on(association, context.id)
            response = response_to(asked, association.receive_message())
            assert response.integer("Status") == 0, f"C-ECHO on context {context.id}: {describe(response)}"


@requirement("PS3.8 9.3.2.2", SHALL, "All 128 context ids can be used at once.")
def test_maximum_number(scu: Scu) -> None:
    syntaxes = (*UNCOMPRESSED, JPEG_BASELINE, JPEG_2000)
    proposals = [(VERIFICATION, syntaxes)] + [(CLASSES[n % len(CLASSES)], syntaxes) for n in range(127)]
    with scu.connect() as association:
        answer = reply_to(association, scu.request(*proposals))
    if isinstance(answer, AssociateReject):
        raise not_supported(f"128 presentation contexts are rejected: {answer.words()}")
    assert isinstance(answer, AssociateAccept), "128 presentation contexts were answered with A-ABORT"
    ids = {context.id for context in answer.contexts}
    assert len(ids) == len(answer.contexts) == 128, (
        f"128 contexts were proposed, {len(answer.contexts)} answered"
    )


@requirement(
    "PS3.7 D.3.2", SHALL, "Contexts are judged one by one: an unsupported one doesn't spoil a supported one."
)
def test_unsupported_among_supported(scu: Scu) -> None:
    with scu.open(PRINT, MADE_UP_CLASS, (VERIFICATION, (MADE_UP_SYNTAX,)), VERIFICATION) as association:
        result = results_of(association.accepted).get(7)
    assert result is not None, "the context for Verification got no result"
    assert result.accepted, f"the context for Verification got result {result.result}"


@requirement(
    "PS3.8 9.3.3.2", SHALL, "A context of which no transfer syntax is known to the acceptor isn't accepted."
)
def test_unknown_transfer_syntax_refused(scu: Scu) -> None:
    proposals = [
        (sop_class, (MADE_UP_SYNTAX,)) for sop_class in (STUDY_ROOT_FIND, VERIFICATION, STUDY_ROOT_MOVE)
    ]
    with scu.connect() as association:
        answer = reply_to(association, scu.request(*proposals))
    if isinstance(answer, AssociateAccept):
        taken = [context.id for context in answer.contexts if context.accepted]
        assert not taken, f"accepted with the made-up transfer syntax {MADE_UP_SYNTAX}: contexts {taken}"


@requirement(
    "PS3.5 10.1",
    SHALL,
    "For a supported abstract syntax Implicit VR Little Endian isn't refused as transfer syntax.",
)
def test_default_transfer_syntax(scu: Scu) -> None:
    for sop_class in CLASSES:
        # One request each: of several contexts of a class it is enough to take one (PS3.5 10.1 b).
        if _takes(scu, sop_class, EXPLICIT_VR_LITTLE_ENDIAN):
            assert _takes(scu, sop_class, IMPLICIT_VR_LITTLE_ENDIAN), (
                f"{sop_class} is accepted in Explicit VR Little Endian, but not in the default one"
            )


def _takes(scu: Scu, sop_class: str, transfer_syntax: str) -> bool:
    """Whether a class, beside Verification, is accepted in this transfer syntax where no other is offered."""
    beside = () if sop_class == VERIFICATION else (VERIFICATION,)
    with scu.open((sop_class, (transfer_syntax,)), *beside) as association:
        result = results_of(association.accepted).get(1)
    return result is not None and result.accepted


@requirement(
    "PS3.5 10.1",
    SHALL,
    "Of several contexts of a class one is accepted, be it the default transfer syntax behind others.",
)
def test_default_in_own_context(scu: Scu) -> None:
    with scu.open((CT_IMAGE_STORAGE, (IMPLICIT_VR_LITTLE_ENDIAN,))) as association:
        association.context_for(CT_IMAGE_STORAGE)
    for sop_class in (VERIFICATION, CT_IMAGE_STORAGE):
        syntaxes = (MADE_UP_SYNTAX, JPEG_2000, IMPLICIT_VR_LITTLE_ENDIAN)
        with scu.open(*((sop_class, (syntax,)) for syntax in syntaxes), STUDY_ROOT_FIND) as association:
            results = results_of(association.accepted)
        # One is enough: what PS3.5 10.1 b) forbids is to refuse all contexts of a class that is supported.
        found = [results[id_].result if id_ in results else None for id_ in (1, 3, 5)]
        assert 0 in found, f"{sop_class} in three transfer syntaxes, the default one last: results {found}"


@requirement(
    "PS3.8 9.2.3",
    SHALL,
    "A request of which no context is acceptable gets an answer: acceptance, rejection or abort.",
)
def test_none_acceptable(scu: Scu) -> None:
    with scu.connect() as association:
        answer = reply_to(
            association, scu.request((VERIFICATION, (MADE_UP_SYNTAX,)), (PRINT, (MADE_UP_SYNTAX,)))
        )
    if isinstance(answer, AssociateAccept):
        taken = [context.id for context in answer.contexts if context.accepted]
        assert not taken, f"accepted with the made-up transfer syntax {MADE_UP_SYNTAX}: contexts {taken}"


@pytest.mark.hostile
@requirement("PS3.8 7.6.1", SHALL, "Data on a context that wasn't accepted isn't processed.")
def test_rejected_context_not_usable(scu: Scu) -> None:
    association = scu.open(VERIFICATION, (VERIFICATION, (MADE_UP_SYNTAX,)))
    try:
        if 3 in association.accepted_contexts:
            raise not_tested("no context could be had that is rejected")
        answer = answer_or_abort(association, echo_on(association, 3))
    finally:
        association.abort()
    if not isinstance(answer, Abort):
        assert answer.integer("Status") != 0, (
            "C-ECHO on a rejected presentation context was answered with Success"
        )


@pytest.mark.hostile
@requirement(
    "PS3.8 7.6.1", SHALL, "Data on a context that was never proposed isn't processed, and does no harm."
)
def test_unoffered_id_not_usable(scu: Scu) -> None:
    association = scu.open(VERIFICATION)
    try:
        answer = answer_or_abort(association, echo_on(association, 77))
    finally:
        association.abort()
    if not isinstance(answer, Abort):
        assert answer.integer("Status") != 0, "C-ECHO on context 77, which was never proposed, succeeded"
    expect_service(scu, "data on a presentation context that was never proposed")


@pytest.mark.hostile
@requirement(
    "PS3.8 7.1.1.13", QUALITY, "A request that uses a context id twice is answered, and does no harm."
)
def test_duplicate_id(scu: Scu) -> None:
    with scu.connect() as association:
        reply_to(association, of_ids(scu, (1, VERIFICATION), (1, STUDY_ROOT_FIND)))
    expect_service(scu, "a request that uses one context id twice")


@pytest.mark.hostile
@requirement("PS3.8 9.3.2.2", QUALITY, "A request with an even context id is answered, and does no harm.")
def test_even_id(scu: Scu) -> None:
    with scu.connect() as association:
        reply_to(association, of_ids(scu, (2, VERIFICATION)))
    expect_service(scu, "a request with an even context id")


@pytest.mark.hostile
@requirement("PS3.8 9.3.2", QUALITY, "A request without any presentation context is turned down.")
def test_no_contexts(scu: Scu) -> None:
    empty: tuple[ProposedContext, ...] = ()
    with scu.connect() as association:
        association.send_pdu(replace(scu.request(VERIFICATION), contexts=empty))
        answer = expect_no_association(association, "A-ASSOCIATE-RJ or A-ABORT to a request without contexts")
    assert answer is not None, "the connection was closed without A-ASSOCIATE-RJ or A-ABORT"
