"""Worklist entries as files."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pydicom
import pytest

from harness.synthesis import Identity, new_run_root
from harness.synthesis.worklist import LABELS, NAMES, many_entries, worklist_entries
from harness.worklist import EntryError, entries_text, entry_of, read_entries, write_entry


def identity() -> Identity:
    return Identity(new_run_root(), "test")


def test_toml_says_the_same_again(tmp_path: Path) -> None:
    entries = worklist_entries(identity(), date(2030, 1, 1))
    path = tmp_path / "entries.toml"
    path.write_text(entries_text(entries), encoding="utf-8")
    again = read_entries(path)
    assert [entry.label for entry in again] == list(LABELS)
    assert [entry.dataset for entry in again] == [entry.dataset for entry in entries]


def test_files_are_whole_dicom_files(tmp_path: Path) -> None:
    for entry in worklist_entries(identity(), date(2030, 1, 1)):
        found = pydicom.dcmread(write_entry(tmp_path, entry))
        assert found.to_json() == entry.dataset.to_json()
        assert found.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.31"
    assert {path.suffix for path in tmp_path.iterdir()} == {".wl"}


def test_names_are_in_their_character_sets(tmp_path: Path) -> None:
    for entry in worklist_entries(identity(), date(2030, 1, 1)):
        if entry.label in NAMES:
            raw = write_entry(tmp_path, entry).read_bytes()
            charset, name = NAMES[entry.label]
            first = charset if isinstance(charset, str) else charset[-1]
            assert first.encode() in raw
            assert str(pydicom.dcmread(tmp_path / f"{entry.label}.wl").PatientName) == name


def test_many_entries_differ_by_their_step() -> None:
    entries = many_entries(identity(), date(2030, 1, 1), 3)
    assert [entry.text("ScheduledProcedureStepID") for entry in entries] == ["0", "1", "2"]
    assert len({entry.text("PatientID") for entry in entries}) == 1


def test_nothing_is_left_of_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    entry = entry_of("one", {"PatientName": "Harness^One"})
    entry.dataset.add_new(0x00101030, "FD", "no number")
    with pytest.raises(OSError, match="not a float"):
        write_entry(tmp_path, entry)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[entry]]\nPatientsName = 'X'\n", "entry entry-1: PatientsName is no keyword of DICOM"),
        (
            "[[entry]]\nlabel = 'a'\nProcedureCodeSequence = 'X'\n",
            "entry a: ProcedureCodeSequence is a sequence",
        ),
        ("[[entry]]\nPatientID = {a = 1}\n", "PatientID takes a text, a number, or a list of them"),
        ("[entry]\nPatientID = 'X'\n", "tables [[entry]]"),
        ("x = 1\n", "tables [[entry]]"),
        ("[[entry]\n", "cannot be read"),
    ],
)
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "entries.toml"
    path.write_text(text)
    with pytest.raises(EntryError, match=re.escape(words)) as caught:
        read_entries(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(EntryError, match="no such file"):
        read_entries(tmp_path / "none.toml")
