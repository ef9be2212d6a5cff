"""The C-STORE response: what it repeats of its request (PS3.7 9.1.1, 9.3.1.2)."""

from __future__ import annotations

from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.session import Scu
from harness.scu.status import response_to
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
