"""N-SET of a Modality Performed Procedure Step (PS3.4 F.7.2.2, F.1.5; PS3.7 10.1.3)."""

from __future__ import annotations

import pytest

from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, SHALL, requirement
from harness.scu.identifier import keys_of
from harness.scu.mpps import (
    COMPLETED,
    DISCONTINUED,
    Started,
    create,
    discontinued,
    finished,
    modify,
    performed_series,
)
from harness.scu.session import Scu, open_for
from harness.scu.status import is_failure
from harness.scu.uids import PERFORMED_STEP

ERROR_ID = 0xA710


def begun(scu: Scu, corpus: Corpus) -> str:
    """The SOP Instance UID of a new step in progress, created on an association that is over."""
    identity = corpus.identity
    step = Started(identity.uid(), identity.study_id(), identity.patient_id(), "PHTEST^Performed", "PHWLCT")
    uid = identity.uid()
    with open_for(scu, PERFORMED_STEP) as association:
        create(association, uid, step.attributes()).require("N-CREATE of a step IN PROGRESS")
    return uid


def ended(scu: Scu, corpus: Corpus, status: str) -> str:
    """The SOP Instance UID of a step that has come to an end."""
    uid = begun(scu, corpus)
    changes = (
        finished(COMPLETED, corpus.identity.uid) if status == COMPLETED else discontinued(corpus.identity.uid)
    )
    with open_for(scu, PERFORMED_STEP) as association:
        modify(association, uid, changes).require(f"N-SET with status {status}")
    return uid


@requirement("PS3.4 F.7.2.2.3", SHALL, "A step in progress is set, then completed.")
def test_completes(scu: Scu, corpus: Corpus) -> None:
    uid = begun(scu, corpus)
    with open_for(scu, PERFORMED_STEP) as association:
        first = modify(association, uid, performed_series(corpus.identity.uid))
        last = modify(association, uid, finished(COMPLETED, corpus.identity.uid))
    assert first.accepted, f"N-SET of the series is answered {first.words}"
    assert last.accepted, f"N-SET with status COMPLETED is answered {last.words}"


@requirement("PS3.4 F.1.5", SHALL, "A step in progress is discontinued, with a reason.")
def test_discontinues(scu: Scu, corpus: Corpus) -> None:
    uid = begun(scu, corpus)
    with open_for(scu, PERFORMED_STEP) as association:
        answer = modify(association, uid, discontinued(corpus.identity.uid))
    assert answer.accepted, f"N-SET with status DISCONTINUED is answered {answer.words}"


@requirement("PS3.4 F.7.2.2", SHALL, "A step outlives the association that it was created on.")
def test_after_reassociation(scu: Scu, corpus: Corpus) -> None:
    uid = begun(scu, corpus)
    with open_for(scu, PERFORMED_STEP) as association:
        answer = modify(association, uid, performed_series(corpus.identity.uid))
    assert answer.accepted, f"N-SET on another association is answered {answer.words}"


@requirement("PS3.7 10.1.3.1", SHALL, "The response names the class and the instance of the request, if any.")
def test_response_fields(scu: Scu, corpus: Corpus) -> None:
    uid = begun(scu, corpus)
    with open_for(scu, PERFORMED_STEP) as association:
        answer = modify(association, uid, performed_series(corpus.identity.uid)).require("N-SET")
    named = answer.command.get("AffectedSOPClassUID", PERFORMED_STEP)
    assert named == PERFORMED_STEP, f"Affected SOP Class UID is {named}"
    named = answer.command.get("AffectedSOPInstanceUID", uid)
    assert named == uid, f"Affected SOP Instance UID is {named}, set was {uid}"


@pytest.mark.parametrize("status", [COMPLETED, DISCONTINUED])
@requirement("PS3.4 F.7.2.2.3", SHALL, "A step that has ended is not set any more.")
def test_after_final_refused(scu: Scu, corpus: Corpus, status: str) -> None:
    uid = ended(scu, corpus, status)
    with open_for(scu, PERFORMED_STEP) as association:
        answer = modify(association, uid, performed_series(corpus.identity.uid))
        assert is_failure(answer.status), f"N-SET after {status} is answered {answer.words}"
        again = keys_of(None, {"PerformedProcedureStepStatus": "IN PROGRESS"})
        answer = modify(association, uid, again)
        assert is_failure(answer.status), (
            f"N-SET back to IN PROGRESS after {status} is answered {answer.words}"
        )


@requirement("PS3.7 10.1.3.1.9", SHALL, "A step that does not exist is not set, nor made by that.")
def test_unknown_instance(scu: Scu, corpus: Corpus) -> None:
    uid = corpus.identity.uid()
    with open_for(scu, PERFORMED_STEP) as association:
        for attempt in ("N-SET", "a second N-SET"):
            answer = modify(association, uid, performed_series(corpus.identity.uid))
            assert is_failure(answer.status), f"{attempt} of an unknown step is answered {answer.words}"


@requirement(
    "PS3.7 10.1.3.1.9", SHALL, "A status that is not defined is refused, and the step stays as it was."
)
def test_invalid_status(scu: Scu, corpus: Corpus) -> None:
    uid = begun(scu, corpus)
    with open_for(scu, PERFORMED_STEP) as association:
        answer = modify(association, uid, keys_of(None, {"PerformedProcedureStepStatus": "DONE"}))
        assert is_failure(answer.status), f"N-SET with status DONE is answered {answer.words}"
        after = modify(association, uid, finished(COMPLETED, corpus.identity.uid))
        assert after.accepted, f"after a refused status the step can't be completed: {after.words}"


@pytest.mark.parametrize("cause", ["ended", "unknown", "invalid"])
@requirement("PS3.7 10.1.3.1.9", QUALITY, "A refusal has the status that names its cause.")
def test_names_the_cause(scu: Scu, corpus: Corpus, cause: str) -> None:
    uid = {
        "ended": lambda: ended(scu, corpus, COMPLETED),
        "unknown": corpus.identity.uid,
        "invalid": lambda: begun(scu, corpus),
    }[cause]()
    changes = performed_series(corpus.identity.uid)
    if cause == "invalid":
        changes.PerformedProcedureStepStatus = "DONE"
    with open_for(scu, PERFORMED_STEP) as association:
        answer = modify(association, uid, changes)
    named = {"ended": 0x0110, "unknown": 0x0112, "invalid": 0x0106}[cause]
    assert answer.status == named, f"answered {answer.words}; 0x{named:04X} is the status for this"
    if cause == "ended":
        identifier = answer.command.get("ErrorID")
        assert identifier in (None, ERROR_ID), f"Error ID {identifier}; table F.7.2-2 has 0x{ERROR_ID:04X}"
