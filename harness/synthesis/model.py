"""What a synthetic study is: encoded data sets, and the keys by which they must be found again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom.multival import MultiValue


@dataclass(frozen=True)
class SyntheticInstance:
    """One composite object.

    `dataset` is the encoded data set without File Meta Information, as it goes on the wire in
    `transfer_syntax`.  `attributes` is what was encoded: read it, never change it (see `variant`).
    """

    sop_class: str
    sop_instance_uid: str
    transfer_syntax: str
    dataset: bytes = field(repr=False)
    attributes: Dataset = field(repr=False, compare=False)

    def text(self, keyword: str) -> str:
        """The attribute's value as text, backslashes between values; empty if absent or without value."""
        value = self.attributes.get(keyword)
        if value is None:
            return ""
        if isinstance(value, MultiValue):
            return "\\".join(str(one) for one in value)
        return str(value)


@dataclass(frozen=True)
class SyntheticSeries:
    """One series of a study, its instances in order of their numbers."""

    series_uid: str
    modality: str
    number: str
    instances: tuple[SyntheticInstance, ...]


@dataclass(frozen=True)
class SyntheticStudy:
    """One study of one patient: all that a query must give back, and what a retrieval must bring."""

    patient_id: str
    patient_name: str
    study_uid: str
    accession_number: str
    study_id: str
    study_date: str
    study_time: str
    series: tuple[SyntheticSeries, ...]

    @property
    def instances(self) -> tuple[SyntheticInstance, ...]:
        """Every instance, series by series."""
        return tuple(instance for series in self.series for instance in series.instances)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities of the series, each once, in order of appearance."""
        return tuple(dict.fromkeys(series.modality for series in self.series))

    @property
    def modality(self) -> str:
        """The modality of the first series."""
        return self.series[0].modality

    @property
    def attributes(self) -> Dataset:
        """The attributes of the first instance: those of patient and study hold for all of them."""
        return self.instances[0].attributes

    def instance(self, n: int) -> SyntheticInstance:
        """The n-th instance of the study, from 0."""
        return self.instances[n]


def assemble(instances: Iterable[SyntheticInstance]) -> tuple[SyntheticStudy, ...]:
    """Group instances into studies and series by their UIDs, in order of appearance."""
    studies: dict[str, dict[str, list[SyntheticInstance]]] = {}
    for instance in instances:
        series = studies.setdefault(instance.text("StudyInstanceUID"), {})
        series.setdefault(instance.text("SeriesInstanceUID"), []).append(instance)
    return tuple(_study(uid, series) for uid, series in studies.items())


def _study(uid: str, series: dict[str, list[SyntheticInstance]]) -> SyntheticStudy:
    first = next(iter(series.values()))[0]
    return SyntheticStudy(
        patient_id=first.text("PatientID"),
        patient_name=first.text("PatientName"),
        study_uid=uid,
        accession_number=first.text("AccessionNumber"),
        study_id=first.text("StudyID"),
        study_date=first.text("StudyDate"),
        study_time=first.text("StudyTime"),
        series=tuple(
            SyntheticSeries(
                series_uid=series_uid,
                modality=members[0].text("Modality"),
                number=members[0].text("SeriesNumber"),
                instances=tuple(members),
            )
            for series_uid, members in series.items()
        ),
    )
