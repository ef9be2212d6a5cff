"""What an SCP has to take, and how it answers what it cannot serve (PS3.7 9, annex C; PS3.8 annex E)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from harness.dimse.association import Association
from harness.dimse.command import NO_DATA_SET, Command, CommandSet
from harness.dimse.pdu import Abort, PData, Pdv
from harness.plugin.fixtures import Corpus
from harness.plugin.studies import await_visible
from harness.scenario import QUALITY, SHALL, SHOULD, answer_or_abort, expect_service, requirement
from harness.scu.echo import WITH_DATA_SET, echo
from harness.scu.find import cancel_request, find_request, find_with
from harness.scu.identifier import encode_identifier, keys_of
from harness.scu.intact import expect_intact
from harness.scu.session import Scu
from harness.scu.status import PENDING, SUCCESS, describe, is_failure, response_to, was_done
from harness.scu.store import note_stored, open_for, store_request
from harness.scu.uids import CT_IMAGE_STORAGE, STUDY_ROOT_FIND, VERIFICATION, QueryLevel
from harness.synthesis import SyntheticInstance, SyntheticStudy, assemble
from harness.target import Target

UNDEFINED_COMMAND = 0x0FEE


Cut = Callable[[bytes, bytes], Sequence[PData]]
"""The PDUs, on context 1, for a command set and a data set."""
StoreIn = Callable[[SyntheticInstance, Cut], None]


@pytest.fixture
def store_in(scu: Scu, target: Target) -> StoreIn:
    """Stores an object in PDUs that are made for it, and sees that it is kept whole."""

    def store(instance: SyntheticInstance, cut: Cut) -> None:
        association, instance = open_for(scu, instance)
        with association:
            context = association.context_for(instance.sop_class, instance.transfer_syntax)
            request = request_for(instance)
            for pdu in cut(request.encode(), instance.dataset):
                pdvs = tuple(replace(pdv, context_id=context.id) for pdv in pdu.pdvs)
                association.send_raw(PData(pdvs).encode())
            response = response_to(request, association.receive_message())
        note_stored(scu, instance, response)
        status = response.integer("Status")
        assert was_done(status), f"C-STORE: {describe(response)}"
        # Where it is not found even then, retrieval tells what is wrong.
        await_visible(scu, assemble([instance])[0], target.dimse.visible_within)
        expect_intact(scu, instance)

    return store


def request_for(instance: SyntheticInstance) -> CommandSet:
    """The C-STORE-RQ for an object, as the first message of an association."""
    return CommandSet.of(
        AffectedSOPClassUID=instance.sop_class,
        CommandField=int(Command.C_STORE_RQ),
        MessageID=1,
        Priority=0,
        CommandDataSetType=WITH_DATA_SET,
        AffectedSOPInstanceUID=instance.sop_instance_uid,
    )


def command_pdv(command: bytes) -> Pdv:
    """A whole command set on context 1."""
    return Pdv(1, is_command=True, is_last=True, data=command)


def pieces(data: bytes, size: int, *, is_command: bool) -> list[Pdv]:
    """A stream cut into fragments on context 1, the last one marked."""
    return [
        Pdv(1, is_command, at + size >= len(data), data[at : at + size]) for at in range(0, len(data), size)
    ]


def echo_request(message_id: int) -> CommandSet:
    """A C-ECHO-RQ with that Message ID."""
    return CommandSet.of(
        AffectedSOPClassUID=VERIFICATION,
        CommandField=int(Command.C_ECHO_RQ),
        MessageID=message_id,
        CommandDataSetType=NO_DATA_SET,
    )


def answer_on(
    association: Association, sop_class: str, request: CommandSet, dataset: bytes | None = None
) -> str:
    """What came for a request that cannot be served: the status in words, empty for an abort or a failure."""
    try:
        association.send_message(association.context_for(sop_class).id, request, dataset)
        answer = answer_or_abort(association, request)
    finally:
        association.abort()
    if isinstance(answer, Abort) or is_failure(answer.integer("Status")):
        return ""
    return describe(answer)


@requirement("PS3.8 E.1", SHALL, "Command and data set in one P-DATA-TF are taken.")
def test_command_and_data_in_one_pdu(store_in: StoreIn, corpus: Corpus) -> None:
    def cut(command: bytes, dataset: bytes) -> Sequence[PData]:
        data = Pdv(1, is_command=False, is_last=True, data=dataset)
        return [PData((command_pdv(command), data))]

    store_in(corpus.new_study().instance(0), cut)


@requirement("PS3.8 E.1", SHALL, "Fragments of any even size are taken.")
def test_tiny_fragments(store_in: StoreIn, corpus: Corpus) -> None:
    def cut(command: bytes, dataset: bytes) -> Sequence[PData]:
        tiny = pieces(command, 2, is_command=True) + pieces(dataset, 2, is_command=False)
        return [PData((pdv,)) for pdv in tiny]

    store_in(corpus.new_study().instance(0), cut)


@requirement("PS3.8 E.1", SHALL, "Consecutive PDVs of the same type in one P-DATA-TF are taken.")
def test_same_type_pdvs_in_one_pdu(store_in: StoreIn, corpus: Corpus) -> None:
    def cut(command: bytes, dataset: bytes) -> Sequence[PData]:
        data = pieces(dataset, 200, is_command=False)
        groups = [PData(tuple(data[at : at + 3])) for at in range(0, len(data), 3)]
        return [PData((command_pdv(command),)), *groups]

    store_in(corpus.new_study().instance(0), cut)


@requirement("PS3.8 E.1", SHOULD, "An empty PDV with the last-fragment flag is tolerated.")
def test_empty_pdv(store_in: StoreIn, corpus: Corpus) -> None:
    def cut(command: bytes, dataset: bytes) -> Sequence[PData]:
        data = Pdv(1, is_command=False, is_last=False, data=dataset)
        end = Pdv(1, is_command=False, is_last=True, data=b"")
        return [PData((command_pdv(command),)), PData((data,)), PData((end,))]

    store_in(corpus.new_study().instance(0), cut)


@requirement("PS3.8 E.2", SHALL, "Bits 2 to 7 of the control header aren't checked.")
def test_header_bits_ignored(scu: Scu) -> None:
    request = echo_request(1)
    with scu.open(VERIFICATION) as association:
        association.send_pdu(PData((Pdv(1, True, True, request.encode(), control=0xFC),)))
        response = response_to(request, association.receive_message())
    assert response.integer("Status") == SUCCESS, f"C-ECHO with control header FFH: {describe(response)}"


@pytest.mark.hostile
@requirement("PS3.7 C.5.23", SHOULD, "A command field that isn't defined is refused.")
@pytest.mark.usefixtures("writes")
def test_unknown_command(scu: Scu) -> None:
    association = scu.open(VERIFICATION)
    try:
        request = echo_request(1).replace(CommandField=UNDEFINED_COMMAND)
        association.send_message(association.context_for(VERIFICATION).id, request)
        # No response is defined for it, so whatever says that it failed will do.
        answer = answer_or_abort(association, None)
    finally:
        association.abort()
    if not isinstance(answer, Abort):
        assert is_failure(answer.integer("Status")), (
            f"command field 0FEEH was answered with {describe(answer)}"
        )


@pytest.mark.hostile
@requirement("PS3.7 9.1.1.1.9", SHOULD, "An operation that isn't part of the context's SOP class is refused.")
def test_service_not_of_context(scu: Scu, stored_study: SyntheticStudy) -> None:
    association = scu.open(VERIFICATION)
    syntax = association.context_for(VERIFICATION).transfer_syntax
    keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": stored_study.study_uid})
    request = find_request(association, STUDY_ROOT_FIND)
    served = answer_on(association, VERIFICATION, request, encode_identifier(keys, syntax))
    assert not served, f"C-FIND on a context for Verification: {served}"


@pytest.mark.hostile
@requirement(
    "PS3.7 C.5.6", QUALITY, "A request whose SOP class isn't that of its context isn't served silently."
)
def test_class_not_of_context(scu: Scu) -> None:
    request = echo_request(1).replace(AffectedSOPClassUID=CT_IMAGE_STORAGE)
    served = answer_on(scu.open(VERIFICATION), VERIFICATION, request)
    assert not served, f"C-ECHO of the class CT Image Storage on a context for Verification: {served}"


@pytest.mark.hostile
@requirement("PS3.7 9.1.2.1", QUALITY, "A C-FIND without its identifier fails.")
def test_identifier_missing(scu: Scu) -> None:
    association = scu.open(STUDY_ROOT_FIND)
    request = find_request(association, STUDY_ROOT_FIND).replace(CommandDataSetType=NO_DATA_SET)
    served = answer_on(association, STUDY_ROOT_FIND, request)
    expect_service(scu, "a C-FIND without identifier")
    assert not served, f"C-FIND without identifier: {served}"


@requirement(
    "PS3.7 9.3.2.3", SHALL, "A cancel has no response of its own, also where there is nothing to cancel."
)
def test_cancel_unknown_id(scu: Scu) -> None:
    with scu.open(VERIFICATION, STUDY_ROOT_FIND) as association:
        cancel = cancel_request(echo_request(4711))
        association.send_message(association.context_for(STUDY_ROOT_FIND).id, cancel)
        response = echo(association)
    assert response.integer("Status") == SUCCESS, f"C-ECHO after an idle C-CANCEL: {describe(response)}"


@requirement("PS3.7 9.1.2.2", SHALL, "A cancel that comes after the final response has no effect.")
def test_cancel_after_final(scu: Scu, stored_study: SyntheticStudy) -> None:
    keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": stored_study.study_uid})
    with scu.open(VERIFICATION, STUDY_ROOT_FIND) as association:
        context = association.context_for(STUDY_ROOT_FIND)
        request = find_request(association, STUDY_ROOT_FIND)
        association.send_message(context.id, request, encode_identifier(keys, context.transfer_syntax))
        while response_to(request, association.receive_message()).integer("Status") in PENDING:
            pass
        association.send_message(context.id, cancel_request(request))
        assert echo(association).integer("Status") == SUCCESS, "C-ECHO failed after a late C-CANCEL"
        again = find_with(association, STUDY_ROOT_FIND, keys)
    assert again.status == SUCCESS, f"a C-FIND after a late C-CANCEL: {describe(again.final)}"


@requirement("PS3.7 9.3.2.1", SHALL, "All three priorities are valid.")
@pytest.mark.parametrize("priority", [0, 1, 2], ids=["medium", "high", "low"])
def test_priority_values(scu: Scu, stored_study: SyntheticStudy, priority: int) -> None:
    keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": stored_study.study_uid})
    with scu.open(STUDY_ROOT_FIND) as association:
        context = association.context_for(STUDY_ROOT_FIND)
        request = find_request(association, STUDY_ROOT_FIND).replace(Priority=priority)
        association.send_message(context.id, request, encode_identifier(keys, context.transfer_syntax))
        statuses = [PENDING[0]]
        while statuses[-1] in PENDING:
            statuses.append(response_to(request, association.receive_message()).integer("Status"))
    assert statuses[-1] == SUCCESS, f"C-FIND with priority {priority}: final status 0x{statuses[-1]:04X}"
    assert len(statuses) > 2, f"C-FIND with priority {priority} found nothing of a stored study"


@requirement("PS3.7 6.3.1", SHALL, "Retired and optional command elements aren't required.")
def test_optional_elements_absent(scu: Scu, corpus: Corpus) -> None:
    instance = corpus.new_study().instance(0)
    association, instance = open_for(scu, instance)
    with association:
        request = store_request(association, instance.sop_class, instance.sop_instance_uid)
        context = association.context_for(instance.sop_class, instance.transfer_syntax)
        association.send_message(context.id, request, instance.dataset)
        response = response_to(request, association.receive_message())
    note_stored(scu, instance, response)
    status = response.integer("Status")
    assert was_done(status), f"C-STORE of the required elements alone: {describe(response)}"


@requirement(
    "PS3.7 A.4", QUALITY, "Requests sent ahead without an agreed window don't corrupt the association."
)
def test_pipelined_without_window(scu: Scu) -> None:
    association = scu.open(VERIFICATION)
    try:
        requests = [echo_request(number) for number in range(1, 6)]
        association.send_raw(*[PData((command_pdv(request.encode()),)).encode() for request in requests])
        for request in requests:
            answer = answer_or_abort(association, request)
            if isinstance(answer, Abort):
                break
            assert answer.integer("Status") == SUCCESS, f"one of five C-ECHOs sent ahead: {describe(answer)}"
    finally:
        association.abort()


@pytest.mark.hostile
@requirement("PS3.7 9.3.1.3", QUALITY, "An object that ends too early isn't reported as success.")
def test_dataset_truncated(scu: Scu, corpus: Corpus) -> None:
    instance = corpus.new_study("CT", rows=64, columns=64).instance(0)
    association, instance = open_for(scu, instance)
    try:
        request = request_for(instance)
        context = association.context_for(instance.sop_class, instance.transfer_syntax)
        association.send_message(context.id, request, instance.dataset[:-1024])
        answer = answer_or_abort(association, request)
    finally:
        association.abort()
    if not isinstance(answer, Abort):
        note_stored(scu, instance, answer)
        status = answer.integer("Status")
        assert status != SUCCESS, (
            "an object that lacks the last 1024 bytes of its pixels was stored with Success"
        )
