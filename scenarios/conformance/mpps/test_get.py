"""N-GET of the Modality Performed Procedure Step Retrieve SOP Class (PS3.4 F.8)."""

from __future__ import annotations

import pytest

from harness.plugin.fixtures import Corpus
from harness.scenario import SHALL, requirement
from harness.scu.mpps import (
    COMPLETED,
    STATUS_TAG,
    Answer,
    Started,
    create,
    finished,
    get,
    modify,
    performed_series,
)
from harness.scu.session import Scu, open_for
from harness.scu.status import is_failure
from harness.scu.uids import PERFORMED_STEP, PERFORMED_STEP_RETRIEVE

STEP_ID, STATION, PATIENT_ID, PATIENT_NAME, DESCRIPTION, SERIES, CHARACTER_SET = (
    0x00400253, 0x00400241, 0x00100020, 0x00100010, 0x00400254, 0x00400340, 0x00080005,
)  # fmt: skip
TAGS = (CHARACTER_SET, PATIENT_NAME, PATIENT_ID, STATION, DESCRIPTION, STATUS_TAG, STEP_ID, SERIES)
NAMES = {"ascii": (None, "PHTEST^Performed"), "latin-1": ("ISO_IR 100", "PHTEST^Äneas Müßig")}


def new_step(corpus: Corpus, kind: str = "ascii") -> Started:
    identity = corpus.identity
    charset, name = NAMES[kind]
    return Started(
        *(identity.uid(), identity.study_id(), identity.patient_id(), name, "PHWLCT"), character_set=charset
    )


def retrieved(scu: Scu, uid: str) -> Answer:
    with open_for(scu, PERFORMED_STEP_RETRIEVE) as association:
        return get(association, uid, *TAGS)


def make(scu: Scu, corpus: Corpus, step: Started) -> str:
    """The SOP Instance UID of a new step; NotAccepted where it could not be retrieved afterwards."""
    uid = corpus.identity.uid()
    with open_for(scu, PERFORMED_STEP_RETRIEVE, PERFORMED_STEP) as association:
        association.context_for(PERFORMED_STEP_RETRIEVE)
        create(association, uid, step.attributes()).require("N-CREATE of a step IN PROGRESS")
    return uid


@pytest.mark.parametrize("kind", NAMES)
@requirement("PS3.4 F.8.2.1.3", SHALL, "The values of the creation are returned.")
def test_created_values(scu: Scu, corpus: Corpus, kind: str) -> None:
    step = new_step(corpus, kind)
    answer = retrieved(scu, make(scu, corpus, step)).require("N-GET")
    attributes = answer.attributes()
    for keyword, wanted in (
        ("PatientName", step.patient_name),
        ("PatientID", step.patient_id),
        ("PerformedStationAETitle", step.station),
        ("PerformedProcedureStepID", step.step_id),
        ("PerformedProcedureStepStatus", "IN PROGRESS"),
    ):
        found = attributes.text(keyword).strip()
        assert found == wanted, f"{keyword} is {found!r}, created was {wanted!r}"


@requirement("PS3.4 F.8.2.1.3", SHALL, "The values asked for are returned as they were set.")
def test_returns_values(scu: Scu, corpus: Corpus) -> None:
    uid = make(scu, corpus, new_step(corpus))
    changes = performed_series(corpus.identity.uid)
    changes.PerformedProcedureStepDescription = corpus.identity.study_id()
    with open_for(scu, PERFORMED_STEP) as association:
        modify(association, uid, changes).require("N-SET of a step IN PROGRESS")
    # While it is in progress the product may change nothing by itself (F.7.2.2.3).
    attributes = retrieved(scu, uid).require("N-GET").attributes()
    found = attributes.text("PerformedProcedureStepDescription").strip()
    wanted = changes.PerformedProcedureStepDescription
    assert found == wanted, f"Performed Procedure Step Description is {found!r}, it was set to {wanted!r}"
    wanted = changes.PerformedSeriesSequence[0].SeriesInstanceUID
    series = [item.text("SeriesInstanceUID") for item in attributes.nested("PerformedSeriesSequence")]
    assert series == [wanted], f"the Performed Series Sequence has {series}, it was set to {wanted}"


@requirement("PS3.4 F.8.2.1.3", SHALL, "The status of a step that has ended is returned.")
def test_final_status(scu: Scu, corpus: Corpus) -> None:
    uid = make(scu, corpus, new_step(corpus))
    with open_for(scu, PERFORMED_STEP) as association:
        modify(association, uid, finished(COMPLETED, corpus.identity.uid)).require("N-SET with COMPLETED")
    found = retrieved(scu, uid).require("N-GET").attributes().text("PerformedProcedureStepStatus").strip()
    assert found == COMPLETED, f"Performed Procedure Step Status is {found!r} after it was set to COMPLETED"


@requirement("PS3.4 F.8.1", SHALL, "A step that does not exist is not retrieved.")
def test_unknown_instance(scu: Scu, corpus: Corpus) -> None:
    answer = retrieved(scu, corpus.identity.uid())
    assert is_failure(answer.status), f"N-GET of an unknown step is answered {answer.words}"
