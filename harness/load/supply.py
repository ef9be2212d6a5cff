"""Objects for a load: one is made, all others are it with other identifiers written in their places.

A million objects cost no memory and hardly any time: an object goes out as its head, in which values of fixed
lengths are overwritten in place, and its pixels, which all objects of a dataset share.  Who an object is
follows from the number of its study, so nothing has to be remembered to ask for it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from harness.dimse.walker import walk
from harness.load.workload import DatasetRecipe
from harness.scu.uids import IMPLICIT_VR_LITTLE_ENDIAN
from harness.synthesis import Identity, build, instance_of
from harness.synthesis.identity import NAME_MARK
from harness.synthesis.recipe import PatientRecipe, Recipe, SeriesRecipe, StudyRecipe

POPULATION = 90_000_000
"""Studies of the population have numbers from here; those that a load stores have lower ones."""
WORKER = 1_000_000
"""How many studies a worker may store."""
MOST_OBJECTS = 999_999
"""Instances of a study."""
_FIRST_DAY, _DAYS = date(2015, 1, 1), 3650
_FIRST_WEEK = date(1900, 1, 1)
WEEKS = 4174
"""Weeks from 1900 to 1979, when no PACS had studies yet."""
_PLACES = {
    "sop_uid": 0x00080018,
    "study_uid": 0x0020000D,
    "series_uid": 0x0020000E,
    "patient_id": 0x00100020,
    "accession_number": 0x00080050,
    "study_date": 0x00080020,
    "instance_number": 0x00200013,
}
_PIXELS = 0x7FE00010


@dataclass(frozen=True, slots=True)
class Study:
    """Who a study is, by its number and that of its patient."""

    root: str
    number: int
    patient: int
    week: int | None = None
    """Of a study that is alone in its week, one of WEEKS: a range of dates finds no more when the archive
    grows."""

    @property
    def study_uid(self) -> str:
        return f"{self.root}.1{self.number:08d}"

    def series_uid(self, series: int = 0) -> str:
        return f"{self.root}.2{self.number:08d}{series:03d}"

    def sop_uid(self, index: int) -> str:
        return f"{self.root}.3{self.number:08d}{index:06d}"

    @property
    def patient_id(self) -> str:
        return f"{NAME_MARK}-{_run(self.root)}-{self.patient:08d}"

    @property
    def accession_number(self) -> str:
        # An SH has 16 characters (PS3.5 6.2); runs are told apart by the seconds and chance in their roots.
        return f"B{_run(self.root) % 10**7:07d}{self.number:08d}"

    @property
    def study_date(self) -> str:
        return f"{self._day:%Y%m%d}"

    @property
    def study_week(self) -> str:
        """The range of seven days that begins with its date."""
        return f"{self._day:%Y%m%d}-{self._day + timedelta(days=6):%Y%m%d}"

    @property
    def _day(self) -> date:
        if self.week is not None:
            return _FIRST_WEEK + timedelta(weeks=self.week)
        return _FIRST_DAY + timedelta(days=self.number % _DAYS)

    def values(self) -> dict[str, str]:
        """What key templates may name; see `harness.load.workload.PLACEHOLDERS`."""
        return {
            "patient_id": self.patient_id,
            "study_uid": self.study_uid,
            "series_uid": self.series_uid(),
            "accession_number": self.accession_number,
            "study_date": self.study_date,
            "study_week": self.study_week,
        }


def studies(root: str, first: int, per_patient: int = 1) -> Iterator[Study]:
    """Studies by rising numbers, so many of each patient."""
    number = first
    while True:
        yield Study(root, number, number // per_patient)
        number += 1


def study_numbered(root: str, number: int, per_patient: int = 1) -> Study:
    """The study that `studies` gave with this number."""
    return Study(root, number, number // per_patient)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands in the head."""

    offset: int
    length: int
    padding: bytes

    def write(self, head: bytearray, value: str) -> None:
        encoded = value.encode("ascii")
        if not self.length - 1 <= len(encoded) <= self.length:
            raise ValueError(f"{value!r} does not fit into {self.length} bytes")
        head[self.offset : self.offset + self.length] = encoded.ljust(self.length, self.padding)


@dataclass(frozen=True, slots=True)
class Template:
    """An object of a dataset, to be filled in."""

    sop_class: str
    transfer_syntax: str
    head: bytes
    """All before Pixel Data, and the header of that."""
    rest: memoryview
    """What all objects share."""
    places: dict[str, _Place]

    def __len__(self) -> int:
        return len(self.head) + len(self.rest)

    @property
    def proposals(self) -> list[tuple[str, tuple[str, ...]]]:
        """The presentation contexts to carry it on, the default transfer syntax among them (PS3.5 10.1 a)."""
        syntaxes = dict.fromkeys((self.transfer_syntax, IMPLICIT_VR_LITTLE_ENDIAN))
        return [(self.sop_class, (syntax,)) for syntax in syntaxes]

    def objects(
        self, study: Study, number: int, series: int = 1
    ) -> Iterator[tuple[str, list[bytearray | memoryview]]]:
        """SOP Instance UID and buffers of each instance; the buffers are overwritten by the next one.

        Raises ValueError beyond MOST_OBJECTS.
        """
        if not 1 <= number <= MOST_OBJECTS:
            raise ValueError(f"a study has between 1 and {MOST_OBJECTS} objects")
        head = self._head_of(study)
        buffers: list[bytearray | memoryview] = [head, self.rest]
        per_series = -(-number // series)
        for index in range(number):
            if index % per_series == 0:
                self.places["series_uid"].write(head, study.series_uid(index // per_series))
            yield self._name(head, study, index), buffers

    def object_at(self, study: Study, index: int, series: int = 0) -> bytes:
        """The data set of one instance, in a series."""
        head = self._head_of(study)
        self.places["series_uid"].write(head, study.series_uid(series))
        self._name(head, study, index)
        return b"".join((head, self.rest))

    def _head_of(self, study: Study) -> bytearray:
        head = bytearray(self.head)
        for name in ("study_uid", "patient_id", "accession_number", "study_date"):
            self.places[name].write(head, getattr(study, name))
        return head

    def _name(self, head: bytearray, study: Study, index: int) -> str:
        sop_uid = study.sop_uid(index)
        self.places["sop_uid"].write(head, sop_uid)
        self.places["instance_number"].write(head, f"{index + 1:>6d}")
        return sop_uid


def template_of(recipe: DatasetRecipe, root: str) -> Template:
    """The template of a dataset for a run's root."""
    kind = SeriesRecipe(
        recipe.kind, rows=recipe.rows, columns=recipe.columns, frames=recipe.frames, pixels=recipe.pixels
    )
    whole = Recipe("load", (PatientRecipe(f"{NAME_MARK}^Load", (StudyRecipe((kind,)),)),))
    ((instance,),) = (study.instances for study in build(whole, Identity(root, "load")))
    study, ds = Study(root, 0, 0), instance.attributes
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study.study_uid, study.series_uid()
    ds.SOPInstanceUID = study.sop_uid(0)
    ds.PatientID, ds.AccessionNumber = study.patient_id, study.accession_number
    ds.StudyDate, ds.InstanceNumber = study.study_date, "000001"
    is_default = recipe.implicit and not recipe.pixels
    encoded = instance_of(ds, IMPLICIT_VR_LITTLE_ENDIAN if is_default else instance.transfer_syntax)
    places, split = {}, 0
    names = {tag: name for name, tag in _PLACES.items()}
    for element in walk(encoded.dataset, encoded.transfer_syntax):
        if element.depth:
            continue
        start = element.offset + element.header_length
        if element.tag in names:
            padding = b"\0" if names[element.tag].endswith("uid") else b" "
            places[names[element.tag]] = _Place(start, element.length, padding)
        if element.tag == _PIXELS:
            split = start
            break
    return Template(
        encoded.sop_class,
        encoded.transfer_syntax,
        encoded.dataset[:split],
        memoryview(encoded.dataset)[split:],
        places,
    )


def _run(root: str) -> int:
    return int(root.rpartition(".")[2])
