"""Studies of two made-up patients, with what de-identifiers trip over: deep names, references."""

from __future__ import annotations

from functools import cache

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from harness.deid import Instance
from harness.dimse.part10 import part10, write_part10
from harness.synthesis import ROOT, Identity, SyntheticInstance, encode_dataset, new_study
from harness.synthesis.extras import add_private

PERSONS = {"Sommerfeld^Adele^Ida": "19600402", "Brandt^Theodor": "19710915"}
DATES = ("20230317", "20230622")


@cache
def sample() -> tuple[Instance, ...]:
    """Two studies of the first patient, one of the second: CT and US, explicit and implicit VR."""
    identity = Identity(f"{ROOT}.17", "deid")
    (first, born), (second, born_too) = PERSONS.items()
    ct = _study(identity, "CT", first, born, DATES[0], rows=16)
    us = _study(identity, "US", first, born, DATES[1], syntax=ImplicitVRLittleEndian, rows=24, shape=(1, 2))
    other = _study(identity, "CT", second, born_too, DATES[0], rows=32, shape=(1, 1))
    # The other study of the patient refers to the first, which an archive can follow.
    for one in us[:1]:
        one.ReferencedStudySequence = [_reference("1.2.840.10008.3.1.2.3.1", ct[0].StudyInstanceUID)]
    made = [*ct, *us, *other]
    syntaxes = [ExplicitVRLittleEndian] * len(ct) + [ImplicitVRLittleEndian] * len(us)
    syntaxes += [ExplicitVRLittleEndian] * len(other)
    return tuple(
        file_of(one, str(syntax), f"patient{number}/image{number}.dcm")
        for number, (one, syntax) in enumerate(zip(made, syntaxes, strict=True))
    )


def file_of(ds: Dataset, syntax: str, name: str, preamble: bytes = bytes(128)) -> Instance:
    """A data set as a file that was read."""
    head = write_part10(str(ds.SOPClassUID), str(ds.SOPInstanceUID), syntax, source_ae_title="CT_EAST_3")
    return Instance(syntax, encode_dataset(ds, syntax), name, preamble, part10(head).meta)


def content_of(one: Instance) -> bytes:
    """The file's bytes."""
    source = "CT_EAST_3" if 0x00020016 in one.meta else None
    head = write_part10(
        one.text(0x00080016), one.text(0x00080018), one.transfer_syntax, source_ae_title=source
    )
    return one.preamble + head[128:] + bytes(one.dataset)


def _study(
    identity: Identity,
    modality: str,
    name: str,
    born: str,
    day: str,
    *,
    rows: int,
    shape: tuple[int, int] = (2, 1),
    syntax: str = ExplicitVRLittleEndian,
) -> list[Dataset]:
    dates = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "InstanceCreationDate")
    study = new_study(
        identity,
        modality,
        *shape,
        rows=rows,
        columns=rows,
        transfer_syntax=str(syntax),
        PatientName=name,
        PatientID=f"ZK-5501{len(name)}",
        PatientBirthDate=born,
        PatientSex="F",
        PatientAge="062Y",
        OtherPatientIDs="MRN-4711-X",
        PatientAddress="Lindenallee 12, Neustadt",
        PatientTelephoneNumbers="+49 351 4455667",
        ReferringPhysicianName="Okonkwo^Chidi",
        OperatorsName="Lindqvist^Maja",
        InstitutionName="Krankenhaus am Weiher",
        StationName="CTEAST3",
        DeviceSerialNumber="SN-88123",
        StudyDescription="Abdomen follow-up",
        SeriesDescription="portal venous",
        ProtocolName="Abdomen 3 phases",
        **dict.fromkeys(dates, day),
    )
    return [_dressed(one, identity, study.instances) for one in study.instances]


def _dressed(one: SyntheticInstance, identity: Identity, all_: tuple[SyntheticInstance, ...]) -> Dataset:
    ds = one.attributes
    add_private(ds)
    request = Dataset()
    request.RequestedProcedureID = "RP-20931"
    request.ScheduledProcedureStepDescription = "CT for Frau Sommerfeld"
    ds.RequestAttributesSequence = [request]
    ds.ReferencedImageSequence = [
        _reference(ds.SOPClassUID, other.sop_instance_uid) for other in all_ if other is not one
    ]
    # Not of table E.1-1 itself, so that its items are kept, and what is in them has its rules.
    inner = Dataset()
    inner.ReferencedSOPClassUID, inner.ReferencedSOPInstanceUID = ds.SOPClassUID, all_[0].sop_instance_uid
    inner.PatientName = ds.PatientName
    ds.ReferencedInstanceSequence = [inner]
    ds.add_new(0x60000010, "US", 8)
    ds.add_new(0x60000011, "US", 8)
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    ds.add_new(0x60003000, "OW", bytes(range(8)))
    return ds


def _reference(sop_class: str, sop_instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, sop_instance
    return item
