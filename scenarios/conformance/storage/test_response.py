"""The C-STORE response: what it repeats of its request, and when it may come (PS3.7 9.1.1, 9.1.1.2)."""

from __future__ import annotations

from harness.dimse.command import decode_command
from harness.dimse.errors import ConnectionClosed, NoAnswer
from harness.dimse.pdu import PData, Pdv
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, expect_service, requirement
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure, response_to
from harness.scu.store import fitted, note_stored, proposals_for, store_request

REPEATED = ("AffectedSOPClassUID", "AffectedSOPInstanceUID")


@requirement(
    "PS3.7 9.1.1.1", SHALL, "What the response repeats of its request is the same, and it has no data set."
)
def test_fields(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study(instances=2)
    with scu.open(*proposals_for(study.instances)) as association:
        for instance in study.instances:
            sent = fitted(association, instance)
            context = association.context_for(sent.sop_class, sent.transfer_syntax)
            request = store_request(association, sent.sop_class, sent.sop_instance_uid)
            association.send_message(context.id, request, sent.dataset)
            message = association.receive_message()
            response = response_to(request, message)
            note_stored(scu, instance, response)
            for keyword in REPEATED:
                if keyword in response:
                    told, asked = response.string(keyword), request.string(keyword)
                    assert told == asked, f"{keyword} of the response is {told}, of the request {asked}"
            assert message.dataset is None, "a C-STORE response came with a data set"


@requirement(
    "PS3.7 9.1.1.2", SHALL, "Success is not said before the whole object has been received; a failure may be."
)
def test_success_behind_all(scu: Scu, corpus: Corpus) -> None:
    instance = corpus.new_study("CT").instance(0)
    with scu.open(*proposals_for([instance])) as association:
        sent = fitted(association, instance)
        context = association.context_for(sent.sop_class, sent.transfer_syntax)
        command = store_request(association, sent.sop_class, sent.sop_instance_uid).encode()
        association.send_pdu(PData((Pdv(context.id, True, True, command),)))
        association.send_pdu(PData((Pdv(context.id, False, False, sent.dataset[:-64]),)))
        expect_service(scu, "most of an object")  # by then an early response would have been sent
        association.half_close()
        try:
            early = association.receive_pdu()
        except (ConnectionClosed, NoAnswer):
            return  # nothing was said, as due: the object never became whole
    if isinstance(early, PData) and early.pdvs[0].is_command:
        response = decode_command(early.pdvs[0].data)
        assert is_failure(response.integer("Status")), (
            f"an object that lacks its last 64 bytes is answered {describe(response)}"
        )
