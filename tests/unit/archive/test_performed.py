"""Modality Performed Procedure Step, PS3.4 F.7 and F.8."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from archive_kit import Client
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from test_worklist import entry, steps

from harness.archive.config import Misbehaviour
from harness.archive.server import Archive
from harness.worklist import write_entry

CLASS, RETRIEVE = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.3.1.2.3.4"
STATUS, STEP_ID, NAME, SERIES = 0x00400252, 0x00400253, 0x00100010, 0x00400340

MakeArchive = Callable[..., Archive]


def new_step(**values: object) -> Dataset:
    scheduled = Dataset()
    for keyword in (
        *("AccessionNumber", "RequestedProcedureID", "RequestedProcedureDescription"),
        *("ScheduledProcedureStepID", "ScheduledProcedureStepDescription"),
    ):
        setattr(scheduled, keyword, "")
    scheduled.StudyInstanceUID = "1.2.3"
    scheduled.ReferencedStudySequence, scheduled.ScheduledProtocolCodeSequence = [], []
    dataset = Dataset()
    dataset.ScheduledStepAttributesSequence = [scheduled]
    empty = (
        *("PatientID", "PatientBirthDate", "PatientSex", "PerformedStationName", "PerformedLocation"),
        *("PerformedProcedureStepDescription", "PerformedProcedureTypeDescription", "StudyID"),
        *("PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime"),
    )
    sequences = (
        *("ReferencedPatientSequence", "ProcedureCodeSequence", "PerformedProtocolCodeSequence"),
        "PerformedSeriesSequence",
    )
    for keyword, value in {
        **dict.fromkeys(empty, ""),
        **{keyword: [] for keyword in sequences},
        "PatientName": "Harness^One",
        "PerformedProcedureStepID": "PPS1",
        "PerformedStationAETitle": "CT1",
        "PerformedProcedureStepStartDate": "20300105",
        "PerformedProcedureStepStartTime": "0915",
        "PerformedProcedureStepStatus": "IN PROGRESS",
        "Modality": "CT",
        **values,
    }.items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


def ended(status: str = "COMPLETED") -> Dataset:
    series, dataset = Dataset(), Dataset()
    series.SeriesInstanceUID = generate_uid()
    dataset.PerformedSeriesSequence = [series]
    dataset.PerformedProcedureStepStatus = status
    dataset.PerformedProcedureStepEndDate, dataset.PerformedProcedureStepEndTime = "20300105", "0930"
    return dataset


class Modality:
    """A client of one archive; each operation has an association of its own."""

    def __init__(self, archive: Archive) -> None:
        self.port = archive.port

    def _on(self, sop_class: str):  # type: ignore[no-untyped-def]
        return Client(self.port).associate([(sop_class, [ExplicitVRLittleEndian])])

    def create(self, attributes: Dataset | None, uid: str | None) -> Dataset:
        association = self._on(CLASS)
        status, _ = association.send_n_create(attributes, CLASS, uid)
        association.release()
        return status

    def set(self, changes: Dataset, uid: str) -> Dataset:
        association = self._on(CLASS)
        status, _ = association.send_n_set(changes, CLASS, uid)
        association.release()
        return status

    def get(self, uid: str, *tags: int) -> tuple[int, Dataset | None]:
        association = self._on(RETRIEVE)
        status, found = association.send_n_get(list(tags) or None, RETRIEVE, uid)
        association.release()
        return status.Status, found


@pytest.fixture
def modality(archive: Archive) -> Modality:
    return Modality(archive)


def test_a_step_outlives_the_archive(make_archive: MakeArchive, tmp_path: Path) -> None:
    uid = generate_uid()
    archive = make_archive()
    assert Modality(archive).create(new_step(), uid).Status == 0
    archive.stop()
    modality = Modality(make_archive(reindex=True))
    assert modality.set(ended(), uid).Status == 0
    status, found = modality.get(uid, STATUS, STEP_ID)
    assert (status, found.PerformedProcedureStepStatus, found.PerformedProcedureStepID) == (
        *(0, "COMPLETED", "PPS1"),
    )


def test_without_a_uid_one_is_assigned(modality: Modality, archive: Archive) -> None:
    association = Client(archive.port).associate([(CLASS, [ExplicitVRLittleEndian])])
    status, _ = association.send_n_create(new_step(), CLASS, None)
    association.release()
    assert status.Status == 0
    (row,) = archive.index.rows("SELECT sop_uid FROM performed")
    assert row[0].startswith("2.25.")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"PerformedProcedureStepStatus": "COMPLETED"}, 0x0106),
        ({"PerformedProcedureStepID": None}, 0x0120),
        ({"PatientName": None}, 0x0120),
        ({"PerformedStationAETitle": ""}, 0x0121),
        ({"ScheduledStepAttributesSequence": []}, 0x0121),
        ({"ScheduledStepAttributesSequence": [Dataset()]}, 0x0121),
    ],
)
def test_what_is_not_created(modality: Modality, changed: dict[str, object], status: int) -> None:
    uid = generate_uid()
    assert modality.create(new_step(**changed), uid).Status == status
    assert modality.set(ended(), uid).Status == 0x0112
    assert modality.get(uid, STATUS) == (0x0112, None)


def test_invalid_uid_and_duplicate(modality: Modality) -> None:
    uid = generate_uid()
    assert modality.create(new_step(), uid).Status == 0
    assert modality.create(new_step(PerformedProcedureStepID="PPS2"), uid).Status == 0x0111
    _, found = modality.get(uid, STEP_ID)
    assert found.PerformedProcedureStepID == "PPS1"


def test_binary_attributes_are_told_to_be_left_out(modality: Modality) -> None:
    step = new_step()
    step.add_new(0x00282000, "OB", b"ab")
    uid = generate_uid()
    assert modality.create(step, uid).Status == 0x0107
    assert modality.get(uid, STEP_ID)[0] == 0


def test_what_was_not_created_is_not_set(modality: Modality) -> None:
    uid = generate_uid()
    modality.create(new_step(), uid)
    changes = Dataset()
    changes.PatientName, changes.PerformedProcedureStepDescription = "Other^Name", "Chest"
    changes.CommentsOnThePerformedProcedureStep = "never created"
    status = modality.set(changes, uid)
    assert status.Status == 0x0107
    assert sorted(map(int, status.AttributeIdentifierList)) == [0x00100010, 0x00400280]
    _, found = modality.get(uid, NAME, 0x00400254)
    assert (found.PatientName, found.PerformedProcedureStepDescription) == ("Harness^One", "Chest")


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED"])
def test_the_end_is_final(modality: Modality, status: str) -> None:
    uid = generate_uid()
    modality.create(new_step(), uid)
    bare = Dataset()
    bare.PerformedProcedureStepStatus = status
    assert modality.set(bare, uid).Status == 0x0121, "no series, no end"
    assert modality.set(ended(status), uid).Status == 0
    refused = modality.set(ended(), uid)
    assert (refused.Status, refused.ErrorID) == (0x0110, 0xA710)
    assert "no longer" in refused.ErrorComment


def test_n_get_returns_all_or_what_is_asked_for(modality: Modality) -> None:
    uid = generate_uid()
    step = new_step(PatientName="Härness^One")
    step.SpecificCharacterSet = "ISO_IR 100"
    modality.create(step, uid)
    status, every = modality.get(uid)
    assert (status, every.PatientName, every.SpecificCharacterSet) == (0, "Härness^One", "ISO_IR 100")
    status, some = modality.get(uid, STEP_ID, SERIES, 0x00400281, 0x00204000)
    assert status == 0x0001, "Image Comments aren't kept for a step"
    assert set(some.dir()) == {
        "PerformedProcedureStepID",
        "PerformedSeriesSequence",
        "PerformedProcedureStepDiscontinuationReasonCodeSequence",
    }


def test_the_worklist_follows(make_archive: MakeArchive, tmp_path: Path) -> None:
    write_entry(tmp_path, entry("step"))
    archive = make_archive(worklist=tmp_path)
    modality = Modality(archive)
    scheduled = {"ScheduledProcedureStepStatus": "STARTED"}
    for end, left in (("DISCONTINUED", ["step"]), ("COMPLETED", [])):
        uid, step = generate_uid(), new_step()
        step.ScheduledStepAttributesSequence[0].ScheduledProcedureStepID = "step"
        assert steps(archive, scheduled) == []
        assert modality.create(step, uid).Status == 0
        assert steps(archive, scheduled) == ["step"]
        assert modality.set(ended(end), uid).Status == 0
        assert steps(archive) == left


def test_a_status_on_request(make_archive: MakeArchive) -> None:
    modality = Modality(make_archive(misbehaviour=Misbehaviour(mpps_status=0x0213)))
    assert modality.create(new_step(), generate_uid()).Status == 0x0213
    assert modality.get("1.2.3", STATUS)[0] == 0x0213
