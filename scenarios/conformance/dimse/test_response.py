"""What every response has in common (PS3.7 9.1, 9.3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.dimse.command import NO_DATA_SET, Command, CommandSet
from harness.dimse.errors import PeerViolation
from harness.dimse.pdu import PData, Pdv
from harness.dimse.walker import walk
from harness.plugin.fixtures import Corpus
from harness.plugin.studies import await_visible
from harness.scenario import QUALITY, SHALL, expect_service, not_supported, not_tested, requirement
from harness.scu.echo import WITH_DATA_SET
from harness.scu.identifier import encode_identifier, keys_of, read_identifier
from harness.scu.observed import converse
from harness.scu.session import Scu
from harness.scu.status import (
    CANCEL,
    PENDING,
    SUCCESS,
    describe,
    is_failure,
    is_warning,
    response_to,
)
from harness.scu.store import fitted, note_stored, open_for, store_request
from harness.scu.survey import Exchange, survey
from harness.scu.uids import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    STUDY_ROOT_FIND,
    VERIFICATION,
    QueryLevel,
)
from harness.synthesis import SyntheticStudy
from harness.target import Target


def echo_request(message_id: int) -> CommandSet:
    """A C-ECHO-RQ with that Message ID."""
    return CommandSet.of(
        AffectedSOPClassUID=VERIFICATION,
        CommandField=int(Command.C_ECHO_RQ),
        MessageID=message_id,
        CommandDataSetType=NO_DATA_SET,
    )


def find_request(message_id: int) -> CommandSet:
    """A C-FIND-RQ in Study Root with that Message ID."""
    return CommandSet.of(
        AffectedSOPClassUID=STUDY_ROOT_FIND,
        CommandField=int(Command.C_FIND_RQ),
        MessageID=message_id,
        Priority=0,
        CommandDataSetType=WITH_DATA_SET,
    )


def survey_found(scu: Scu, study: SyntheticStudy, target: Target) -> tuple[Exchange, ...]:
    """A survey of a study that is found, as far as waiting for it helps.

    Not the fixture for it: what is judged here may be what hinders a study from being found.
    """
    exchanges = survey(scu, study)
    found = any(len(one.responses) > 1 for one in exchanges if one.request.name == "C-FIND-RQ")
    if not found and await_visible(scu, study, target.dimse.visible_within):
        return survey(scu, study)
    return exchanges


@requirement("PS3.7 9.3.1.2", SHALL, "A response names the message id of its request, pending ones too.")
@pytest.mark.parametrize("message_id", [1, 7, 255, 32768])
def test_message_id(scu: Scu, corpus: Corpus, target: Target, message_id: int) -> None:
    study = corpus.new_study()
    survey_found(scu, study, target)
    with scu.open(VERIFICATION, STUDY_ROOT_FIND) as association:
        exchanges = [(association.context_for(VERIFICATION), echo_request(message_id), None)]
        context = association.context_for(STUDY_ROOT_FIND)
        keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": study.study_uid})
        exchanges.append(
            (context, find_request(message_id), encode_identifier(keys, context.transfer_syntax))
        )
        for context, request, dataset in exchanges:
            for message in converse(association, context.id, request, dataset):
                answered = message.command.integer("MessageIDBeingRespondedTo")
                assert answered == message_id, f"{request.name} {message_id} was answered as {answered}"


@requirement("PS3.7 9.3.5.2", SHALL, "Any 16-bit value serves as message id.")
@pytest.mark.parametrize("message_id", [0, 65535])
def test_message_id_extremes(scu: Scu, message_id: int) -> None:
    request = echo_request(message_id)
    with scu.open(VERIFICATION) as association:
        association.send_message(association.context_for(VERIFICATION).id, request)
        response = response_to(request, association.receive_message())
    assert response.integer("Status") == SUCCESS, f"C-ECHO with message id {message_id}: {describe(response)}"


@requirement("PS3.7 9.1.1.1.1", SHALL, "A message id may be used again once its operation is finished.")
def test_message_id_reused(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study(instances=10)
    first = study.instance(0)
    association, first = open_for(scu, first)
    with association:
        context = association.context_for(first.sop_class, first.transfer_syntax).id
        for instance in study.instances:
            request = store_request(association, instance.sop_class, instance.sop_instance_uid).replace(
                MessageID=1
            )
            association.send_message(context, request, fitted(association, instance).dataset)
            response = response_to(request, association.receive_message())
            note_stored(scu, instance, response)
            status = response.integer("Status")
            assert status == SUCCESS or is_warning(status), (
                f"a C-STORE with message id 1 again: {describe(response)}"
            )


@requirement("PS3.7 9.3.1.2", SHALL, "The command field of a response belongs to that of its request.")
def test_command_field(scu: Scu, corpus: Corpus) -> None:
    for exchange in survey(scu, corpus.new_study()):
        wanted = exchange.request.integer("CommandField") | 0x8000
        for response in exchange.responses:
            field = response.command.integer("CommandField")
            assert field == wanted, f"{exchange.request.name} was answered with command field {field:04X}H"


@requirement(
    "PS3.7 9.1.1.1", SHALL, "Where a response names the affected class or instance, it is the request's."
)
def test_class_and_instance_echoed(scu: Scu, stored_study: SyntheticStudy) -> None:
    for exchange in survey(scu, stored_study):
        for response in exchange.responses:
            for keyword in ("AffectedSOPClassUID", "AffectedSOPInstanceUID"):
                named, asked = response.command.get(keyword), exchange.request.get(keyword)
                if named and asked:
                    assert named == asked, (
                        f"{keyword} {asked} was answered with {named} in {response.command.name}"
                    )


@requirement("PS3.7 9.3.1.2", SHALL, "A response without a data set says so with 0101H.")
def test_dataset_flag_none(scu: Scu, corpus: Corpus) -> None:
    # A flag that promises more than comes leaves the next message without an answer; a data set
    # behind 0101H is one where a command is awaited.
    for exchange in survey(scu, corpus.new_study()):
        final = exchange.observed[-1]
        if exchange.request.name in ("C-ECHO-RQ", "C-STORE-RQ", "C-FIND-RQ"):
            flag = final.command.integer("CommandDataSetType")
            assert flag == NO_DATA_SET, (
                f"the final {final.command.name} has Command Data Set Type {flag:04X}H"
            )


@requirement("PS3.7 9.3.2.2", SHALL, "A response with a data set announces it, and it follows.")
def test_dataset_flag_present(scu: Scu, corpus: Corpus, target: Target) -> None:
    exchanges = survey_found(scu, corpus.new_study(), target)
    find = next((one for one in exchanges if one.request.name == "C-FIND-RQ"), None)
    if find is None:
        raise not_supported("Study Root FIND is not offered")
    if not find.responses[:-1]:
        raise not_tested("the study that was sent is not found")
    for response in find.responses[:-1]:
        assert response.dataset, "a pending C-FIND-RSP has no identifier"


@requirement(
    "PS3.5 7.1", SHALL, "Response data sets are in the transfer syntax of their presentation context."
)
def test_transfer_syntax_of_context(scu: Scu, stored_study: SyntheticStudy) -> None:
    syntaxes = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN)
    keys = keys_of(QueryLevel.STUDY, {"StudyInstanceUID": stored_study.study_uid, "PatientID": None})
    with scu.open(*[(STUDY_ROOT_FIND, (syntax,)) for syntax in syntaxes]) as association:
        association.context_for(STUDY_ROOT_FIND)
        for context in association.accepted_contexts.values():
            request = find_request(association.next_message_id())
            asked = encode_identifier(keys, context.transfer_syntax)
            for response in converse(association, context.id, request, asked)[:-1]:
                for _ in walk(response.dataset or b"", context.transfer_syntax):
                    pass  # what is no data set in this transfer syntax is a violation
                patient = read_identifier(response.dataset, context.transfer_syntax).text("PatientID")
                assert patient == stored_study.patient_id, (
                    f"PatientID {patient!r} in {context.transfer_syntax}"
                )


@requirement("PS3.8 E.1", QUALITY, "A response comes on the presentation context of its request.")
def test_same_context(scu: Scu) -> None:
    with scu.open(VERIFICATION, VERIFICATION) as association:
        if 3 not in association.accepted_contexts:
            raise not_supported("a second presentation context for Verification is not accepted")
        (response,) = converse(association, 3, echo_request(1))
    assert response.context_id == 3, f"C-ECHO on context 3 was answered on context {response.context_id}"


@requirement(
    "PS3.7 9.1.2.1.6", SHALL, "Statuses come from the general ones, or the ranges of the service classes."
)
def test_defined_status(scu: Scu, corpus: Corpus) -> None:
    for exchange in survey(scu, corpus.new_study()):
        for response in exchange.responses:
            status = response.command.integer("Status")
            known = status in (SUCCESS, CANCEL, *PENDING) or is_warning(status) or is_failure(status)
            assert known, f"{response.command.name} with {describe(response.command)}"


@requirement("PS3.7 9.1.1.2", SHALL, "Success isn't reported before the whole request has arrived.")
def test_no_early_success(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study("CT", rows=64, columns=64)
    instance = study.instance(0)
    association, instance = open_for(scu, instance)
    with association:
        context = association.context_for(instance.sop_class, instance.transfer_syntax).id
        request = store_request(association, instance.sop_class, instance.sop_instance_uid)
        most = len(instance.dataset) // 2 * 2 - 64
        begin = Pdv(context, is_command=False, is_last=False, data=instance.dataset[:most])
        end = replace(begin, is_last=True, data=instance.dataset[most:])
        association.send_pdu(PData((Pdv(context, is_command=True, is_last=True, data=request.encode()),)))
        association.send_pdu(PData((begin,)))
        # Another association's answer is the sign that there was time for an early one on this.
        expect_service(scu, "the beginning of a C-STORE on another association")
        association.connection.poll()
        early = bool(association.connection.buffered)
        if not early:
            association.send_pdu(PData((end,)))
        response = response_to(request, association.receive_message())
        note_stored(scu, instance, response)
        status = response.integer("Status")
        if early and (status == SUCCESS or is_warning(status)):
            raise PeerViolation("PS3.7 9.1.1.2", "no success before the last fragment", describe(response))
    if not early:
        assert status == SUCCESS or is_warning(status), f"C-STORE with a pause in it: {describe(response)}"
