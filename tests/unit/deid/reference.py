"""A de-identifier that does what the profile asks for: the base of those that each leak one thing."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, timedelta

from pydicom import DataElement, Dataset, dcmread

from harness.deid import Instance, Option
from harness.deid.identifiers import is_instance_uid
from harness.deid.marks import temporal
from harness.deid.profile import BASIC_CODE, CODES, Action, rule_of
from harness.dimse.part10 import write_part10
from tests.deid_sample import file_of

_DUMMIES = {
    "DA": "19990101", "TM": "000000", "DT": "19990101", "AS": "000Y", "DS": "0", "IS": "0", "CS": "NONE",
    "PN": "Nobody^Any", "UI": "2.25.1",
}  # fmt: skip


class Deidentifier:
    """Overridable in every step; `options` are those that it claims."""

    options: frozenset[Option] = frozenset()
    offset = timedelta(days=-1234)

    def __init__(self) -> None:
        self._uids: dict[str, str] = {}
        self._patients: dict[str, str] = {}

    def files(self, before: Iterable[Instance]) -> list[Instance]:
        """All of them, in the same order."""
        return [self.file(one, number) for number, one in enumerate(before)]

    def file(self, one: Instance, number: int) -> Instance:
        ds = dataset_of(one)
        patient = str(ds.get("PatientID"))
        self.dataset(ds)
        ds.PatientID = self._patients.setdefault(patient, f"ANON{len(self._patients)}")
        self.mark(ds)
        self.afterwards(ds, number)
        after = file_of(ds, one.transfer_syntax, self.name(one, number), self.preamble(one))
        return Instance(after.transfer_syntax, after.dataset, after.name, after.preamble, self.meta(after))

    def meta(self, after: Instance) -> dict[int, bytes]:
        """Without the AE title of the machine."""
        return {tag: value for tag, value in after.meta.items() if tag != 0x00020016}

    def name(self, one: Instance, number: int) -> str:
        return f"{number:04}.dcm"

    def preamble(self, one: Instance) -> bytes:
        return bytes(128)

    def afterwards(self, ds: Dataset, number: int) -> None:
        """What goes wrong at last."""

    def mark(self, ds: Dataset) -> None:
        ds.PatientIdentityRemoved = "YES"
        ds.LongitudinalTemporalInformationModified = temporal(self.options)
        ds.DeidentificationMethodCodeSequence = [
            _code(code) for code in (BASIC_CODE, *(CODES[option] for option in sorted(self.options)))
        ]

    def dataset(self, ds: Dataset) -> None:
        for element in list(ds):
            self.element(ds, element)

    def element(self, ds: Dataset, element: DataElement) -> None:
        rule = rule_of(int(element.tag))
        if rule is None:
            self.inside(element)
            return
        actions = rule.actions(self.options)
        if Action.KEEP in actions:
            self.inside(element)
        elif Action.CLEAN in actions:
            self.clean(ds, element)
        elif Action.UID in actions:
            self.replace_uid(element)
        elif Action.REMOVE in actions:
            del ds[element.tag]
        elif Action.ZERO in actions:
            element.value = [] if element.VR == "SQ" else None
        else:
            element.value = [Dataset()] if element.VR == "SQ" else _DUMMIES.get(element.VR, "DUMMY")

    def inside(self, element: DataElement) -> None:
        if element.VR == "SQ":
            for item in element.value:
                self.dataset(item)

    def clean(self, ds: Dataset, element: DataElement) -> None:
        if element.VR == "DA" and element.value:
            element.value = self.moved(str(element.value))
        elif element.VR not in ("TM", "SH") or element.is_private:
            del ds[element.tag]

    def moved(self, value: str) -> str:
        day = date(int(value[:4]), int(value[4:6]), int(value[6:8])) + self.offset
        return f"{day:%Y%m%d}"

    def replace_uid(self, element: DataElement) -> None:
        if element.VR == "SQ":
            self.inside(element)
        elif is_instance_uid(str(element.value)):
            element.value = self.uid(str(element.value))

    def uid(self, old: str) -> str:
        return self._uids.setdefault(old, f"2.25.99.{len(self._uids) + 1}")


def dataset_of(one: Instance) -> Dataset:
    """The data set as pydicom reads it."""
    head = write_part10(one.text(0x00080016), one.text(0x00080018), one.transfer_syntax)
    read = dcmread(io.BytesIO(head + bytes(one.dataset)))
    plain = Dataset()
    plain.update(read)
    for element in plain.iterall():
        _ = element.value
    return plain


def _code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", "of the profile"
    return item
