"""Abort in the middle of work (PS3.7 A.6)."""

from __future__ import annotations

import pytest

from harness.dimse.pdu import Abort, PData, Pdv
from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, expect_closed, expect_service, requirement
from harness.scu.find import find
from harness.scu.session import Scu
from harness.scu.store import open_for, store_request
from harness.scu.uids import QueryLevel, Root


@pytest.mark.hostile
@requirement("PS3.7 A.6", SHALL, "An abort fails the outstanding operation: nothing of the object is kept.")
def test_mid_message(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study("CT", rows=64, columns=64)
    instance = study.instance(0)
    association, instance = open_for(scu, instance)
    context = association.context_for(instance.sop_class, instance.transfer_syntax).id
    request = store_request(association, instance.sop_class, instance.sop_instance_uid)
    half = len(instance.dataset) // 4 * 2
    association.send_pdu(PData((Pdv(context, is_command=True, is_last=True, data=request.encode()),)))
    association.send_pdu(
        PData((Pdv(context, is_command=False, is_last=False, data=instance.dataset[:half]),))
    )
    association.send_pdu(Abort(0, 0))
    expect_closed(association, "since it received A-ABORT")
    expect_service(scu, "an abort in the middle of a C-STORE")
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, StudyInstanceUID=study.study_uid)
    assert not matches.identifiers, "half an object, aborted by its sender, is stored"
