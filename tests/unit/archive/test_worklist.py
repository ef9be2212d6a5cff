"""Modality Worklist, PS3.4 K."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_kit import Client
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.scheduling import Scheduling
from harness.archive.server import Archive
from harness.archive.worklist import Worklist, understand
from harness.worklist import WorklistEntry, entry_of, write_entry

MODALITY_WORKLIST = "1.2.840.10008.5.1.4.31"
STEP_SEQUENCE, DATE, TIME, PHYSICIAN = 0x00400100, 0x00400002, 0x00400003, 0x00400006

MakeArchive = Callable[..., Archive]


def entry(label: str = "one", **values: object) -> WorklistEntry:
    return entry_of(
        label,
        {
            "PatientID": "P1",
            "PatientName": "Harness^One",
            "StudyInstanceUID": "1.2.3",
            "RequestedProcedureID": "R1",
            "AccessionNumber": "A1",
            "ScheduledStationAETitle": "CT1",
            "ScheduledProcedureStepStartDate": "20300105",
            "ScheduledProcedureStepStartTime": "0915",
            "Modality": "CT",
            "ScheduledProcedureStepID": label,
            "ScheduledPerformingPhysicianName": "",
            **values,
        },
    )


def keys(step: dict[str, object] | None = None, **values: object) -> Dataset:
    dataset, inner = Dataset(), Dataset()
    for target, more in ((dataset, values), (inner, {"ScheduledProcedureStepID": "", **(step or {})})):
        for keyword, value in more.items():
            setattr(target, keyword, value)
    dataset.ScheduledProcedureStepSequence = [inner]
    return dataset


def ask(archive: Archive, identifier: Dataset) -> tuple[list[Dataset], list[int]]:
    """The identifiers of the matches, and every status."""
    association = Client(archive.port).associate([(MODALITY_WORKLIST, [ExplicitVRLittleEndian])])
    answers = list(association.send_c_find(identifier, MODALITY_WORKLIST))
    association.release()
    return [found for _, found in answers if found], [status.Status for status, _ in answers]


def steps(archive: Archive, step: dict[str, object] | None = None, **values: object) -> list[str]:
    found, _ = ask(archive, keys(step, **values))
    return [str(one.ScheduledProcedureStepSequence[0].ScheduledProcedureStepID) for one in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "worklist"
    path.mkdir()
    return path


def test_entries_come_and_go_with_their_files(make_archive: MakeArchive, folder: Path) -> None:
    archive = make_archive(worklist=folder)
    assert steps(archive) == []
    path = write_entry(folder, entry())
    write_entry(folder, entry("two", PatientID="P2"))
    assert sorted(steps(archive)) == ["one", "two"]
    assert steps(archive, PatientID="P2") == ["two"]
    path.unlink()
    assert steps(archive) == ["two"]


def test_a_changed_file_is_read_again(make_archive: MakeArchive, folder: Path) -> None:
    archive = make_archive(worklist=folder)
    path = write_entry(folder, entry())
    assert steps(archive, {"Modality": "MR"}) == []
    write_entry(folder, entry(Modality="MR"))
    os.utime(path, (1, 1))
    assert steps(archive, {"Modality": "MR"}) == ["one"]


def test_a_damaged_file_is_left_out(make_archive: MakeArchive, folder: Path) -> None:
    write_entry(folder, entry())
    (folder / "damaged.wl").write_bytes(b"\x08\0\x05\0CS")
    (folder / "damaged.toml").write_text("[[entry")
    (folder / "lockfile").touch()
    assert steps(make_archive(worklist=folder)) == ["one"]


def test_an_entry_of_two_steps_gives_two_items(make_archive: MakeArchive, folder: Path) -> None:
    both = entry("one")
    both.dataset.ScheduledProcedureStepSequence.append(entry("two", Modality="MR").step)
    write_entry(folder, both)
    archive = make_archive(worklist=folder)
    assert steps(archive) == ["one", "two"]
    assert steps(archive, {"Modality": "MR"}) == ["two"]


def test_one_file_serves_as_well(make_archive: MakeArchive, tmp_path: Path) -> None:
    path = tmp_path / "entries.toml"
    path.write_text('[[entry]]\nPatientID = "P9"\nModality = "CT"\nScheduledProcedureStepID = "nine"\n')
    assert steps(make_archive(worklist=path), PatientID="P9") == ["nine"]


def test_not_accepted_without_a_worklist(archive: Archive) -> None:
    association = Client(archive.port).associate(
        [(MODALITY_WORKLIST, [ExplicitVRLittleEndian]), ("1.2.840.10008.1.1", [ExplicitVRLittleEndian])]
    )
    assert [str(context.abstract_syntax) for context in association.accepted_contexts] == [
        "1.2.840.10008.1.1"
    ]
    association.release()


def test_an_invalid_key_is_refused_though_nothing_is_there(make_archive: MakeArchive, folder: Path) -> None:
    archive = make_archive(worklist=folder)
    for step in (
        {"ScheduledProcedureStepStartDate": "soon"},
        {"ScheduledProcedureStepStartDate": "x-y", "ScheduledProcedureStepStartTime": "0800-0900"},
    ):
        assert ask(archive, keys(step)) == ([], [0xA900])


def test_unknown_values_match_nothing_but_universal_keys(make_archive: MakeArchive, folder: Path) -> None:
    write_entry(folder, entry())
    archive = make_archive(worklist=folder)
    name = "ScheduledPerformingPhysicianName"
    assert steps(archive, {name: "X"}) == []
    assert steps(archive, {name: "*"}) == ["one"]
    assert steps(archive, {name: ""}) == ["one"]
    code = Dataset()
    code.CodeValue = ""
    assert steps(archive, RequestedProcedureCodeSequence=[code]) == ["one"]
    code.CodeValue = "X"
    assert steps(archive, RequestedProcedureCodeSequence=[code]) == []


def test_a_response_has_what_was_asked_for_and_known(make_archive: MakeArchive, folder: Path) -> None:
    write_entry(folder, entry(SpecificCharacterSet="ISO_IR 100", PatientName="Härness^One"))
    asked = keys(PatientName="", MedicalAlerts="", RequestedProcedureDescription="", PatientComments="")
    (found,), statuses = ask(make_archive(worklist=folder), asked)
    assert statuses == [0xFF00, 0x0000]
    assert found.PatientName == "Härness^One"
    assert found.SpecificCharacterSet == "ISO_IR 100"
    # Type 2 is there without a value; 1C and 3 may not be.
    assert found.MedicalAlerts is None or found.MedicalAlerts == ""
    assert set(found.dir()) == {
        *("PatientName", "SpecificCharacterSet", "MedicalAlerts", "ScheduledProcedureStepSequence")
    }


def test_a_key_that_cannot_be_looked_at_is_told(make_archive: MakeArchive, folder: Path) -> None:
    write_entry(folder, entry())
    asked = keys()
    asked.private_block(0x0099, "HARNESS", create=True).add_new(1, "LO", "X")
    _, statuses = ask(make_archive(worklist=folder), asked)
    assert statuses == [0xFF01, 0x0000]


@pytest.mark.parametrize(
    ("date", "time", "matches"),
    [
        ("20300104-20300106", "1000-0900", True),
        ("20300105-20300106", "1000-0900", False),
        ("20300104-20300105", "1000-0914", False),
        ("20300104-20300105", "1000-0915", True),
        ("20300105-", "0916-", False),
        ("20300105-", "0915-", True),
        ("-20300105", "-0914", False),
        ("20300104-20300106", "0900", False),
        ("20300105", "0900-1000", True),
    ],
)
def test_two_ranges_are_one_period(date: str, time: str, matches: bool) -> None:
    step = AttributeSet({DATE: Attribute("DA", (date,)), TIME: Attribute("TM", (time,))})
    query = understand(AttributeSet({STEP_SEQUENCE: Attribute("SQ", items=(step,))}), frozenset())
    scheduled = AttributeSet({DATE: Attribute("DA", ("20300105",)), TIME: Attribute("TM", ("091500",))})
    item = AttributeSet({STEP_SEQUENCE: Attribute("SQ", items=(scheduled,))})
    assert Scheduling().match_item(query, item) is matches


def test_no_path_has_no_entries(tmp_path: Path) -> None:
    assert Worklist(None).entries() == []
    assert Worklist(tmp_path / "gone.wl").entries() == []
