"""N-CREATE of a Modality Performed Procedure Step (PS3.4 F.7.2.1, 5.4.2.1; PS3.7 10.1.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydicom import Dataset

from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.mpps import (
    COMPLETED,
    DISCONTINUED,
    LEFT_OUT,
    Answer,
    Started,
    create,
    modify,
    performed_series,
)
from harness.scu.session import Scu, open_for
from harness.scu.status import is_failure
from harness.scu.uids import PERFORMED_STEP
from harness.synthesis.identity import valid_uid

TYPE_1 = (
    *("PerformedProcedureStepID", "PerformedStationAETitle", "PerformedProcedureStepStartDate"),
    *("PerformedProcedureStepStartTime", "Modality"),
)
"""Type 1 in an N-CREATE (PS3.4 table F.7.2-1), but for the status and the scheduled step."""


def unscheduled(corpus: Corpus) -> Started:
    """A step that nobody had scheduled."""
    identity = corpus.identity
    return Started(identity.uid(), identity.study_id(), identity.patient_id(), "PHTEST^Performed", "PHWLCT")


def created(scu: Scu, uid: str | None, attributes: Dataset) -> Answer:
    """The answer to one N-CREATE, on an association of its own."""
    with open_for(scu, PERFORMED_STEP) as association:
        return create(association, uid, attributes)


def exists(scu: Scu, corpus: Corpus, uid: str) -> bool:
    """Whether an N-SET finds the step."""
    with open_for(scu, PERFORMED_STEP) as association:
        return modify(association, uid, performed_series(corpus.identity.uid)).accepted


@requirement("PS3.4 F.7.2.1.3", SHALL, "A step with status IN PROGRESS is created, and is there to be set.")
def test_in_progress(scu: Scu, corpus: Corpus) -> None:
    identity = corpus.identity
    uid = identity.uid()
    step = replace(
        unscheduled(corpus),
        accession_number=identity.accession_number(),
        requested_procedure_id=identity.accession_number(),
        scheduled_step_id=identity.accession_number(),
    )
    answer = created(scu, uid, step.attributes())
    assert answer.accepted, f"N-CREATE of a step IN PROGRESS is answered {answer.words}"
    assert exists(scu, corpus, uid), "the created step is not there: N-SET fails"


@requirement("PS3.7 10.1.5.1", SHALL, "The response names the class and the instance of the request, if any.")
def test_response_fields(scu: Scu, corpus: Corpus) -> None:
    uid = corpus.identity.uid()
    command = created(scu, uid, unscheduled(corpus).attributes()).require("N-CREATE").command
    named = command.get("AffectedSOPClassUID", PERFORMED_STEP)
    assert named == PERFORMED_STEP, f"Affected SOP Class UID is {named}"
    named = command.get("AffectedSOPInstanceUID", uid)
    assert named == uid, f"Affected SOP Instance UID is {named}, created was {uid}"


@requirement("PS3.4 F.7.2.1.2", SHALL, "A step is created for which nothing was scheduled.")
def test_unscheduled(scu: Scu, corpus: Corpus) -> None:
    answer = created(scu, corpus.identity.uid(), unscheduled(corpus).attributes())
    assert answer.accepted, f"N-CREATE of an unscheduled step is answered {answer.words}"


@pytest.mark.parametrize("status", [COMPLETED, DISCONTINUED])
@requirement("PS3.4 F.7.2.1.3", SHALL, "A new step with another status than IN PROGRESS is refused.")
def test_other_status_refused(scu: Scu, corpus: Corpus, status: str) -> None:
    uid = corpus.identity.uid()
    answer = created(scu, uid, unscheduled(corpus).attributes(PerformedProcedureStepStatus=status))
    assert is_failure(answer.status), f"N-CREATE with status {status} is answered {answer.words}"
    assert not exists(scu, corpus, uid), f"the step was refused with {answer.words} and is there all the same"


@requirement("PS3.7 10.1.5.1.6", SHALL, "A second creation with the same SOP Instance UID is refused.")
def test_duplicate(scu: Scu, corpus: Corpus) -> None:
    uid = corpus.identity.uid()
    created(scu, uid, unscheduled(corpus).attributes()).require("the first N-CREATE")
    answer = created(scu, uid, unscheduled(corpus).attributes())
    assert is_failure(answer.status), f"a second N-CREATE of the same instance is answered {answer.words}"


@requirement(
    "PS3.7 10.1.5.1.4", SHALL, "Success without a SOP Instance UID in the request states the one assigned."
)
def test_uid_by_scp(scu: Scu, corpus: Corpus) -> None:
    # The class has the SCU state the UID (PS3.4 F.7.2.1.2), so that a refusal is right as well.
    answer = created(scu, None, unscheduled(corpus).attributes())
    if answer.accepted:
        uid = str(answer.command.get("AffectedSOPInstanceUID", ""))
        assert valid_uid(uid), (
            f"N-CREATE without a UID is answered {answer.words} with Affected SOP Instance UID {uid!r}"
        )
    else:
        assert is_failure(answer.status), f"N-CREATE without a UID is answered {answer.words}"


@pytest.mark.parametrize("keyword", [*TYPE_1, "ScheduledStepAttributesSequence"])
@requirement("PS3.4 5.4.2.1", SHALL, "A step without an attribute of type 1 is refused.")
def test_missing_type1(scu: Scu, corpus: Corpus, keyword: str) -> None:
    answer = created(scu, corpus.identity.uid(), unscheduled(corpus).attributes(**{keyword: LEFT_OUT}))
    assert is_failure(answer.status), f"N-CREATE without {keyword} is answered {answer.words}"


@pytest.mark.parametrize("keyword", TYPE_1)
@requirement("PS3.4 5.4.2.1", SHALL, "A step with an empty attribute of type 1 is refused.")
def test_empty_type1(scu: Scu, corpus: Corpus, keyword: str) -> None:
    answer = created(scu, corpus.identity.uid(), unscheduled(corpus).attributes(**{keyword: ""}))
    assert is_failure(answer.status), f"N-CREATE with {keyword} empty is answered {answer.words}"


@pytest.mark.parametrize("keyword", ["PatientName", "PerformedStationName", "StudyID"])
@requirement("PS3.4 5.4.2.1", SHALL, "A step without an attribute of type 2 is refused, an empty one is not.")
def test_missing_type2(scu: Scu, corpus: Corpus, keyword: str) -> None:
    step = unscheduled(corpus)
    answer = created(scu, corpus.identity.uid(), step.attributes(**{keyword: ""}))
    assert answer.accepted, f"N-CREATE with {keyword} empty is answered {answer.words}"
    answer = created(scu, corpus.identity.uid(), step.attributes(**{keyword: LEFT_OUT}))
    assert is_failure(answer.status), f"N-CREATE without {keyword} is answered {answer.words}"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"PerformedProcedureStepStatus": COMPLETED}, 0x0106),
        ({"PerformedProcedureStepID": LEFT_OUT}, 0x0120),
        ({"PerformedStationAETitle": ""}, 0x0121),
        ({}, 0x0111),
    ],
    ids=("invalid-value", "missing-attribute", "missing-value", "duplicate"),
)
@requirement("PS3.7 10.1.5.1.6", QUALITY, "A refusal has the status that names its cause.")
def test_names_the_cause(scu: Scu, corpus: Corpus, changed: dict[str, Any], named: int) -> None:
    uid, step = corpus.identity.uid(), unscheduled(corpus)
    if not changed:
        created(scu, uid, step.attributes()).require("the first N-CREATE")
    answer = created(scu, uid, step.attributes(**changed))
    assert answer.status == named, f"answered {answer.words}; 0x{named:04X} is the status for this"
