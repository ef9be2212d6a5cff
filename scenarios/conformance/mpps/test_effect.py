"""What a performed step does to the worklist (PS3.4 F.7.2.1.3)."""

from __future__ import annotations

from harness.plugin.arranging import eventually
from harness.plugin.booking import Booked
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, not_tested, requirement
from harness.scu.mpps import COMPLETED, Started, create, finished, modify
from harness.scu.session import Scu, open_for
from harness.scu.uids import PERFORMED_STEP
from harness.target import Target

LABEL, STEP_STATUS = "performed", "ScheduledProcedureStepStatus"


@requirement(
    "PS3.4 F.7.2.1.3", QUALITY, "A completed step shows in the worklist as the target file says it does."
)
def test_worklist_status(scu: Scu, worklist: Booked, corpus: Corpus, target: Target) -> None:
    with open_for(scu, PERFORMED_STEP) as association:
        association.context_for(PERFORMED_STEP)
    declared = target.worklist.finished_steps
    if not declared:
        raise not_tested(
            "the target file does not say what becomes of a completed step's entry: add to [worklist] "
            'finished_steps = "absent", "marked" or "unchanged"'
        )
    if LABEL in worklist.missing and worklist.folder is None:
        raise not_tested(f"the entry {LABEL!r} is not in the worklist: it has to be made anew for each run")
    entry = worklist.entry(LABEL)
    patient = entry.text("PatientID")
    step = Started(
        worklist.value(LABEL, "StudyInstanceUID"),
        corpus.identity.study_id(),
        patient,
        entry.text("PatientName"),
        worklist.value(LABEL, "ScheduledStationAETitle"),
        modality=worklist.value(LABEL, "Modality"),
        accession_number=entry.text("AccessionNumber"),
        requested_procedure_id=entry.text("RequestedProcedureID"),
        scheduled_step_id=entry.text("ScheduledProcedureStepID"),
    )
    uid = corpus.identity.uid()
    with open_for(scu, PERFORMED_STEP) as association:
        create(association, uid, step.attributes()).require("N-CREATE for a scheduled step")
        modify(association, uid, finished(COMPLETED, corpus.identity.uid)).require("N-SET with COMPLETED")

    def shown() -> str:
        answer = worklist.query(scu, {STEP_STATUS: None}, PatientID=patient)
        if LABEL not in worklist.labels(answer):
            return "absent"
        statuses = {item.step.text(STEP_STATUS) for item in answer.items if STEP_STATUS in item.step}
        return "marked" if statuses - {"", "SCHEDULED"} else "unchanged"

    within = target.dimse.visible_within
    assert eventually(lambda: shown() == declared, within), (
        f"{within:g} s after its completion the step's entry is {shown()}; the target file says {declared}"
    )
