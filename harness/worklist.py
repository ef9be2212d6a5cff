"""Worklist entries as files: the DICOM files that worklist servers read, and a TOML file for people.

    [[entry]]
    label = "order-ct"
    PatientID = "PHTEST-1"
    ScheduledStationAETitle = "PHCT"

A key is a DICOM keyword; those of the scheduled step (PS3.4 table K.6-1) go into its sequence.
"""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom import config as pydicom_config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from harness.documents import Mistake, parsed_toml

MODALITY_WORKLIST = "1.2.840.10008.5.1.4.31"
SUFFIX = ".wl"
STEP_KEYWORDS = frozenset(
    {
        "ScheduledStationAETitle",
        "ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepStartTime",
        "Modality",
        "ScheduledPerformingPhysicianName",
        "ScheduledProcedureStepDescription",
        "ScheduledStationName",
        "ScheduledProcedureStepLocation",
        "ScheduledProtocolCodeSequence",
        "PreMedication",
        "ScheduledProcedureStepID",
        "RequestedContrastAgent",
        "ScheduledProcedureStepStatus",
    }
)


class EntryError(Mistake, ValueError):
    """A file of worklist entries is wrong; the text is for people."""


@dataclass(frozen=True, slots=True)
class WorklistEntry:
    """One scheduled procedure step with its order and patient, by a label that is ours alone."""

    label: str
    dataset: Dataset

    @property
    def step(self) -> Dataset:
        """The item of the Scheduled Procedure Step Sequence."""
        step: Dataset = self.dataset.ScheduledProcedureStepSequence[0]
        return step

    def text(self, keyword: str) -> str:
        """A value of the entry or of its step, several joined by a backslash; empty where it has none."""
        source = self.step if keyword in STEP_KEYWORDS else self.dataset
        value = source.get(keyword)
        if value is None:
            return ""
        return (
            value if isinstance(value, str) else "\\".join(map(str, value)) if _several(value) else str(value)
        )


def entry_of(label: str, values: Mapping[str, Any]) -> WorklistEntry:
    """An entry from values by keyword.  Raises EntryError for what is no keyword."""
    dataset, step = Dataset(), Dataset()
    with pydicom_config.disable_value_validation():
        for keyword, value in values.items():
            _put(step if keyword in STEP_KEYWORDS else dataset, keyword, value)
        dataset.ScheduledProcedureStepSequence = Sequence([step])
    return WorklistEntry(label, dataset)


def read_entries(path: Path) -> tuple[WorklistEntry, ...]:
    """The entries of a TOML file.  Raises EntryError with one line that says what to correct."""
    try:
        document = parsed_toml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EntryError(
            f"{path}: no such file; `pacs-harness worklist --output {path}` writes one"
        ) from None
    except (OSError, ValueError) as error:
        raise EntryError(f"{path}: cannot be read: {error}") from None
    tables = document.get("entry")
    if not isinstance(tables, list) or set(document) != {"entry"}:
        raise EntryError(
            f"{path}: worklist entries are tables [[entry]], and nothing else stands beside them"
        )
    entries = []
    for number, table in enumerate(tables, 1):
        label = table.pop("label", f"entry-{number}")
        try:
            entries.append(entry_of(str(label), table))
        except EntryError as error:
            raise EntryError(f"{path}: entry {label}: {error}") from None
    return tuple(entries)


def entries_text(entries: Iterable[WorklistEntry]) -> str:
    """The TOML of entries, ready for `read_entries`."""
    return "\n".join(
        "\n".join(["[[entry]]", f"label = {json.dumps(entry.label)}", *_lines(entry.dataset)]) + "\n"
        for entry in entries
    )


def write_entry(folder: Path, entry: WorklistEntry, name: str = "") -> Path:
    """Write a DICOM file `name`.wl (default: the label), whole from the moment that it is there.

    Raises OSError.
    """
    path = folder / f"{name or entry.label}{SUFFIX}"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(MODALITY_WORKLIST)
    meta.MediaStorageSOPInstanceUID = UID(f"2.25.{uuid.uuid4().int}")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset(entry.dataset)
    dataset.file_meta = meta
    partial = folder / f".{path.name}.partial"
    try:
        with pydicom_config.disable_value_validation():
            dcmwrite(partial, dataset, enforce_file_format=True)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    return path


def _put(target: Dataset, keyword: str, value: Any) -> None:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise EntryError(f"{keyword} is no keyword of DICOM")
    if dictionary_VR(tag) == "SQ":
        tables = value if isinstance(value, list) else [value]
        if not all(isinstance(table, Mapping) for table in tables):
            raise EntryError(f"{keyword} is a sequence: it takes a table or a list of tables")
        items = []
        for table in tables:
            item = Dataset()
            for inner, content in table.items():
                _put(item, inner, content)
            items.append(item)
        setattr(target, keyword, Sequence(items))
        return
    several = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(one, str | int | float) for one in several):
        raise EntryError(f"{keyword} takes a text, a number, or a list of them")
    texts = [str(one) for one in several]
    setattr(target, keyword, texts if len(texts) != 1 else texts[0])


def _lines(dataset: Dataset) -> list[str]:
    lines = []
    for element in dataset:
        if element.keyword == "ScheduledProcedureStepSequence":
            lines += [line for item in element.value for line in _lines(item)]
        else:
            lines.append(f"{element.keyword} = {_toml(element.value)}")
    return lines


def _toml(value: Any) -> str:
    if isinstance(value, Sequence):
        return "[" + ", ".join(_table(item) for item in value) + "]"
    if value is None:
        return '""'
    if _several(value):
        return "[" + ", ".join(_toml(str(one)) for one in value) + "]"
    return json.dumps(str(value), ensure_ascii=False)


def _table(item: Dataset) -> str:
    return "{" + ", ".join(f"{element.keyword} = {_toml(element.value)}" for element in item) + "}"


def _several(value: Any) -> bool:
    return not isinstance(value, str) and hasattr(value, "__iter__") and not hasattr(value, "components")
