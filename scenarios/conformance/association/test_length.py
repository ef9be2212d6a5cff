"""The maximum length of P-DATA, kept by both sides (PS3.8 D.1).

What is longer than the harness declared is a violation wherever it is received.
"""

from __future__ import annotations

import pytest

from harness.dimse.pdu import Abort, PData, Pdv
from harness.plugin.fixtures import Corpus
from harness.scenario import (
    QUALITY,
    SHALL,
    answer_or_abort,
    expect_service,
    not_supported,
    not_tested,
    requirement,
)
from harness.scu.session import Scu
from harness.scu.status import describe, is_warning
from harness.scu.store import note_stored, open_for, store_as_encoded, store_request
from harness.scu.survey import all_observed, survey
from harness.synthesis import SyntheticInstance, SyntheticStudy

UNLIMITED = 1024 * 1024
"""The PDU length that an acceptor without limit is tried with."""


def large_instance(corpus: Corpus) -> SyntheticInstance:
    """A CT slice of half a megabyte."""
    return corpus.new_study("CT", rows=512, columns=512).instance(0)


@requirement("PS3.8 D.1.1", SHALL, "P-DATA-TF PDUs sent are never longer than the receiver's maximum.")
def test_small_respected(scu: Scu, stored_study: SyntheticStudy) -> None:
    lengths = [
        len(pdu.encode()) - 6
        for message in all_observed(survey(scu, stored_study, maximum_length=128))
        for pdu in message.pdus
    ]
    assert max(lengths) <= 128, f"a P-DATA-TF of {max(lengths)} bytes where 128 were declared"


@requirement("PS3.8 D.1.1", SHALL, "An odd maximum length is kept too.")
def test_odd_value_respected(scu: Scu, stored_study: SyntheticStudy) -> None:
    # That fragments are of even length all the same is judged by dimse.send.even-fragments.
    lengths = [
        len(pdu.encode()) - 6
        for message in all_observed(survey(scu, stored_study, maximum_length=127))
        for pdu in message.pdus
    ]
    assert max(lengths) <= 127, f"a P-DATA-TF of {max(lengths)} bytes where 127 were declared"


@requirement("PS3.8 D.1.1", SHALL, "A maximum length of zero means that there is no limit.")
def test_zero_is_unlimited(scu: Scu, stored_study: SyntheticStudy) -> None:
    for exchange in survey(scu, stored_study, maximum_length=0):
        status = exchange.final.integer("Status")
        if exchange.request.name in ("C-ECHO-RQ", "C-FIND-RQ"):
            assert status == 0, f"{exchange.request.name} without a limit: {describe(exchange.final)}"


@requirement("PS3.8 D.1.1", SHALL, "A very large maximum length is a valid number.")
def test_huge_value(scu: Scu, stored_study: SyntheticStudy) -> None:
    for exchange in survey(scu, stored_study, maximum_length=0xFFFFFFFF):
        status = exchange.final.integer("Status")
        if exchange.request.name in ("C-ECHO-RQ", "C-FIND-RQ"):
            assert status == 0, f"{exchange.request.name} with the largest limit: {describe(exchange.final)}"


@requirement("PS3.8 D.1.2", SHALL, "A P-DATA-TF as long as the acceptor's own maximum is accepted.")
def test_at_own_limit_accepted(scu: Scu, corpus: Corpus) -> None:
    instance = large_instance(corpus)
    association, instance = open_for(scu, instance)
    with association:
        maximum = association.peer_maximum_length or UNLIMITED
        if association.peer_maximum_length and maximum - 6 > len(instance.dataset):
            raise not_tested(
                f"the declared maximum of {maximum} bytes is longer than the object that is sent"
            )
        response = store_as_encoded(scu, association, instance, fragment=maximum - 6)
    status = response.integer("Status")
    assert status == 0 or is_warning(status), f"C-STORE in PDUs of {maximum} bytes: {describe(response)}"


@pytest.mark.hostile
@requirement(
    "PS3.8 D.1.2",
    QUALITY,
    "A P-DATA-TF longer than the acceptor's maximum ends in an abort, or does no harm.",
)
def test_above_own_limit(scu: Scu, corpus: Corpus) -> None:
    instance = large_instance(corpus)
    association, instance = open_for(scu, instance)
    try:
        context = association.context_for(instance.sop_class, instance.transfer_syntax).id
        maximum = association.peer_maximum_length
        if not maximum:
            raise not_supported("no maximum length is declared")
        if maximum > len(instance.dataset):
            raise not_tested(
                f"the declared maximum of {maximum} bytes is longer than the object that is sent"
            )
        request = store_request(association, instance.sop_class, instance.sop_instance_uid)
        command = Pdv(context, is_command=True, is_last=True, data=request.encode())
        whole = Pdv(context, is_command=False, is_last=True, data=instance.dataset)
        association.send_raw(PData((command,)).encode() + PData((whole,)).encode())
        answer = answer_or_abort(association, request)
    finally:
        association.abort()
    if not isinstance(answer, Abort):
        note_stored(scu, instance, answer)
    expect_service(scu, "a P-DATA-TF longer than the maximum")
