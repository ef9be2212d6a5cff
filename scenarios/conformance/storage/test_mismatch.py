"""Command and data set that contradict each other (PS3.7 9.3.1.1, PS3.4 B.2.3)."""

from __future__ import annotations

from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, requirement
from harness.scu.find import find
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure, is_warning
from harness.scu.store import note_stored, store_dataset
from harness.scu.uids import QueryLevel, Root


@requirement(
    "PS3.7 9.3.1.1",
    QUALITY,
    "A data set of another SOP Instance UID than the command's is refused, or kept as one.",
)
def test_instance_uid(scu: Scu, corpus: Corpus) -> None:
    study = corpus.new_study("CT")
    instance = study.instance(0)
    other = corpus.identity.uid()
    with scu.open((instance.sop_class, (instance.transfer_syntax,))) as association:
        response = store_dataset(
            association, instance.dataset, sop_class=instance.sop_class, sop_instance_uid=other
        )
    note_stored(scu, instance, response)
    status = response.integer("Status")
    if is_failure(status) or is_warning(status):
        return
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    found = find(scu, Root.STUDY, QueryLevel.IMAGE, keys).texts("SOPInstanceUID")
    assert len(found) <= 1, f"{describe(response)}, and it is found under {len(found)} SOP Instance UIDs"
    assert not found or found[0] in (other, instance.sop_instance_uid), f"found under {found[0]}"
