"""A study belongs to one patient (PS3.4 C.3.1)."""

from __future__ import annotations

from harness.plugin.arranging import eventually
from harness.plugin.fixtures import Corpus
from harness.plugin.studies import send_study
from harness.scenario import QUALITY, requirement
from harness.scu.find import find
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure
from harness.scu.store import store_all
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy, assemble, variant
from harness.target import Target


@requirement(
    "PS3.4 C.3.1", QUALITY, "A study that is sent under two Patient IDs is one study, of one patient."
)
def test_conflicting_patient(scu: Scu, corpus: Corpus, target: Target) -> None:
    study = corpus.new_study("CT")
    other = variant(
        corpus.identity,
        study.instance(0),
        PatientID=corpus.identity.patient_id(),
        PatientName="PHTEST^Other",
    )
    send_study(scu, study.instances)
    (response,) = store_all(scu, [other])
    said = f"the second Patient ID was answered {describe(response)}"
    kept = [study.instance(0)] if is_failure(response.integer("Status")) else [study.instance(0), other]
    (whole,) = assemble(kept)
    found: list[set[str]] = [set()]

    def all_there() -> bool:
        found[0] = instances(scu, whole)
        return {instance.sop_instance_uid for instance in kept} <= found[0]

    assert eventually(all_there, target.dimse.visible_within), (
        f"{said}; of {len(kept)} acknowledged instances {len(found[0])} are found in the study"
    )
    keys = {"StudyInstanceUID": study.study_uid, "PatientID": None}
    matches = find(scu, Root.STUDY, QueryLevel.STUDY, keys).require_success()
    assert len(matches.identifiers) == 1, (
        f"{said}; {len(matches.identifiers)} studies have one Study Instance UID, "
        f"of the patients {', '.join(sorted(matches.texts('PatientID')))}"
    )


def instances(scu: Scu, study: SyntheticStudy) -> set[str]:
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    return set(find(scu, Root.STUDY, QueryLevel.IMAGE, keys).require_success().texts("SOPInstanceUID"))
