"""The whole recipe ``default`` in one archive: several patients, every kind of object and character set."""

from __future__ import annotations

from collections import defaultdict

from harness.scenario import SHALL, requirement
from harness.scu.entities import entities_of
from harness.scu.find import find
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy


@requirement(
    "PS3.4 C.4.1.3.1.1",
    SHALL,
    "Each patient's studies are listed, all of them and no other's, down to each object.",
)
def test_every_entity_listed(scu: Scu, stored_corpus: tuple[SyntheticStudy, ...]) -> None:
    studies_of: defaultdict[str, set[str]] = defaultdict(set)
    for study in stored_corpus:
        studies_of[study.patient_id].add(study.study_uid)
    for patient_id, stored in studies_of.items():
        matches = find(scu, Root.STUDY, QueryLevel.STUDY, PatientID=patient_id, StudyInstanceUID=None)
        found = set()
        for match in matches.require_success().identifiers:
            # A study whose Patient ID is unknown matches as well (PS3.4 C.2.2.1.2), and says so.
            owner = match.text("PatientID")
            assert owner in ("", patient_id), f"a study of patient {owner} is listed for {patient_id}"
            found.add(match.text("StudyInstanceUID"))
        assert stored <= found, (
            f"patient {patient_id}: {len(stored - found)} of {len(stored)} studies are not listed"
        )
    for study in stored_corpus:
        listed = {entity.uid for entity in entities_of(scu, Root.STUDY, study)}
        missing = [
            f"{instance.text('Modality')} {instance.sop_instance_uid}"
            for instance in study.instances
            if not listed.issuperset(
                instance.text(keyword) for keyword in ("SeriesInstanceUID", "SOPInstanceUID")
            )
        ]
        assert not missing, (
            f"study {study.study_uid}: {len(missing)} of {len(study.instances)} objects are not found "
            f"going down from the study: {', '.join(missing[:3])}"
        )
