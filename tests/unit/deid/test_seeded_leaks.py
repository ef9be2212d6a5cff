"""De-identifiers that each leak or lose one thing: the finding that is about it is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydicom import DataElement, Dataset
from pydicom.tag import Tag

from harness.deid import Instance, Judgement, Option, judge
from harness.deid.findings import Severity
from harness.dimse.walker import is_creator
from tests.deid_sample import DATES, PERSONS, sample
from tests.unit.deid.reference import Deidentifier

NAME = next(iter(PERSONS))
WHO = NAME.replace("^", " ")


def judged(deidentifier: type[Deidentifier]) -> Judgement:
    before = sample()
    return judge(before, deidentifier().files(before), deidentifier.options)


class WithModifiedDates(Deidentifier):
    options = frozenset({Option.MODIFIED_DATES})


class WithRetainedThings(Deidentifier):
    options = frozenset({Option.UIDS, Option.DEVICE, Option.INSTITUTION, Option.FULL_DATES, Option.PATIENT})


class WithCleanThings(Deidentifier):
    options = frozenset(
        {Option.DESCRIPTORS, Option.GRAPHICS, Option.STRUCTURED, Option.SAFE_PRIVATE, Option.PIXELS}
    )

    def mark(self, ds: Dataset) -> None:
        super().mark(ds)
        ds.BurnedInAnnotation = "NO"


CLEAN = (Deidentifier, WithModifiedDates, WithRetainedThings, WithCleanThings)


@pytest.mark.parametrize("deidentifier", CLEAN)
def test_nothing_is_said_of_one_that_does_it_right(deidentifier: type[Deidentifier]) -> None:
    judgement = judged(deidentifier)
    assert judgement.findings == ()
    assert len(judgement.pairs) == len(sample())
    assert judgement.right == judgement.actions > 250


# ---------------------------------------------------------------- one leak each


class NestedName(Deidentifier):
    def inside(self, element: DataElement) -> None:
        if element.keyword != "ReferencedInstanceSequence":
            super().inside(element)
            return
        for item in element.value:
            kept = item.PatientName
            self.dataset(item)
            item.PatientName = kept


class PrivateTag(Deidentifier):
    def element(self, ds: Dataset, element: DataElement) -> None:
        if element.tag.group != 0x0019 or not (element.tag.elem == 0x1001 or is_creator(int(element.tag))):
            super().element(ds, element)


class PrivateNotKnownToBeSafe(PrivateTag):
    options = frozenset({Option.SAFE_PRIVATE})


class ReferenceNotFollowed(Deidentifier):
    """References are replaced, by UIDs of their own."""

    def replace_uid(self, element: DataElement) -> None:
        if element.keyword == "ReferencedSOPInstanceUID":
            element.value = f"2.25.4711.{len(self._uids)}"
        else:
            super().replace_uid(element)


class ReferenceKept(Deidentifier):
    def replace_uid(self, element: DataElement) -> None:
        if element.keyword != "ReferencedSOPInstanceUID":
            super().replace_uid(element)


class AnotherUidInOneFile(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        if number == 2:
            ds.StudyInstanceUID = "2.25.1234"


class OneUidForAllObjects(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.SOPInstanceUID = "2.25.1"


class UidThatIsNone(Deidentifier):
    def uid(self, old: str) -> str:
        return f"{super().uid(old)}.007"


class UidEmptied(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.FrameOfReferenceUID = None


class DateNotMoved(WithModifiedDates):
    def afterwards(self, ds: Dataset, number: int) -> None:
        if number == 1:
            ds.AcquisitionDate = DATES[0]


class DateMovedElsewhere(WithModifiedDates):
    def afterwards(self, ds: Dataset, number: int) -> None:
        if number == 1:
            ds.AcquisitionDate = "20191224"


class NoDateMoved(WithModifiedDates):
    offset = timedelta()


class OrderOfStudiesLost(WithModifiedDates):
    """The second study of the patient is moved to before the first."""

    def moved(self, value: str) -> str:
        self.offset = timedelta(days=-900 if value == DATES[1] else -10)
        return super().moved(value)


class DateKept(Deidentifier):
    def clean(self, ds: Dataset, element: DataElement) -> None:
        """Nothing is cleaned."""

    def element(self, ds: Dataset, element: DataElement) -> None:
        if element.keyword != "SeriesDate":
            super().element(ds, element)


class WideNameInUnknown(Deidentifier):
    """The private element is new, so that only its value tells."""

    def afterwards(self, ds: Dataset, number: int) -> None:
        block = ds.private_block(0x0043, "MAKER OF TOOLS", create=True)
        block.add_new(0x10, "UN", b"\x00\x01\x02\x03" + WHO.encode("utf-16-le"))


class NameInTheFileName(Deidentifier):
    def name(self, one: Instance, number: int) -> str:
        return f"Sommerfeld_Adele/{number}.dcm"


class OriginalUidInTheFileName(Deidentifier):
    def name(self, one: Instance, number: int) -> str:
        return f"{one.text(0x00080018)}.dcm"


class NotMarked(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        del ds.PatientIdentityRemoved


class NoMethodCodes(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        del ds.DeidentificationMethodCodeSequence


class TemporalInformationNotMarked(WithModifiedDates):
    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.LongitudinalTemporalInformationModified = "REMOVED"


class OverlayKept(Deidentifier):
    def element(self, ds: Dataset, element: DataElement) -> None:
        if element.tag != Tag(0x60003000):
            super().element(ds, element)


class AccessionNumberInDescription(Deidentifier):
    options = frozenset({Option.DESCRIPTORS})

    def clean(self, ds: Dataset, element: DataElement) -> None:
        if element.keyword == "StudyDescription":
            element.value = f"Abdomen ({self.accession})"
        else:
            super().clean(ds, element)

    def file(self, one: Instance, number: int) -> Instance:
        self.accession = one.text(0x00080050)
        return super().file(one, number)


class NameInDescription(AccessionNumberInDescription):
    def file(self, one: Instance, number: int) -> Instance:
        self.accession = "Fr. SOMMERFELD"
        return Deidentifier.file(self, one, number)


class BirthDateInWords(AccessionNumberInDescription):
    def file(self, one: Instance, number: int) -> Instance:
        self.accession = "born 2.4.1960"
        return Deidentifier.file(self, one, number)


class PhoneInComment(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.ImageComments = "call +49 (351) 445-5667"


class IdInThePreamble(Deidentifier):
    def preamble(self, one: Instance) -> bytes:
        return b"MRN-4711-X".ljust(128, b"\0")


class SourceKept(Deidentifier):
    def meta(self, after: Instance) -> dict[int, bytes]:
        return dict(after.meta)


class OldUidInTheHeader(Deidentifier):
    def file(self, one: Instance, number: int) -> Instance:
        after = super().file(one, number)
        return replace(after, meta={**after.meta, 0x00020003: one.meta[0x00020003]})


class IdKept(Deidentifier):
    def element(self, ds: Dataset, element: DataElement) -> None:
        if element.keyword != "OtherPatientIDs":
            super().element(ds, element)


class NameKeptWithMore(Deidentifier):
    def element(self, ds: Dataset, element: DataElement) -> None:
        if element.keyword == "PatientName":
            element.value = f"{element.value} (anonymous)"
        else:
            super().element(ds, element)


class OnePatientsNameForAll(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.PatientName = NAME


class SequenceKept(Deidentifier):
    def element(self, ds: Dataset, element: DataElement) -> None:
        if element.keyword != "RequestAttributesSequence":
            super().element(ds, element)


class RetainedAndLost(WithRetainedThings):
    def afterwards(self, ds: Dataset, number: int) -> None:
        del ds.DeviceSerialNumber


class TypeTwoLost(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        del ds.PatientBirthDate


class GeometryLost(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        del ds.BitsStored


class PixelsChanged(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.PixelData = bytes(len(ds.PixelData))


class SopClassReplaced(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.ReferencedInstanceSequence[0].ReferencedSOPClassUID = "2.25.5"


class DummyThatIsNoDate(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.StudyDate = "NONE"


class TwoIdsOfAPatient(Deidentifier):
    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.PatientID = f"ANON{number}"


SEEDED: tuple[tuple[type[Deidentifier], str, str], ...] = (
    (NestedName, "kept", "(0008,114A)/(0010,0010)"),
    (PrivateTag, "private-kept", "(0019,1001)"),
    (PrivateNotKnownToBeSafe, "private-not-listed", "(0019,1001)"),
    (ReferenceNotFollowed, "reference-broken", "(0008,114A)/(0008,1155)"),
    (ReferenceKept, "kept", "(0008,1140)/(0008,1155)"),
    (AnotherUidInOneFile, "uid-inconsistent", "(0020,000D)"),
    (OneUidForAllObjects, "uid-merged", "(0008,0018)"),
    (UidThatIsNone, "uid-not-legal", "(0020,000D)"),
    (UidEmptied, "emptied", "(0020,0052)"),
    (DateNotMoved, "date-kept", "(0008,0022)"),
    (DateMovedElsewhere, "date-offset", "(0008,0022)"),
    (NoDateMoved, "date-kept", "(0008,0020)"),
    (OrderOfStudiesLost, "date-order", "(0008,0020)"),
    (DateKept, "kept", "(0008,0021)"),
    (WideNameInUnknown, "value-found", "(0043,1010)"),
    (NameInTheFileName, "value-found", "file name"),
    (OriginalUidInTheFileName, "value-found", "file name"),
    (NotMarked, "mark-missing", "(0012,0062)"),
    (NoMethodCodes, "method-codes", "(0012,0064)"),
    (TemporalInformationNotMarked, "mark-missing", "(0028,0303)"),
    (OverlayKept, "kept", "(6000,3000)"),
    (AccessionNumberInDescription, "value-found", "(0008,1030)"),
    (NameInDescription, "value-found", "(0008,1030)"),
    (BirthDateInWords, "value-found", "(0008,1030)"),
    (OnePatientsNameForAll, "value-found", "(0010,0010)"),
    (PhoneInComment, "value-found", "(0020,4000)"),
    (IdInThePreamble, "value-found", "preamble"),
    (SourceKept, "meta-kept", "(0002,0016)"),
    (OldUidInTheHeader, "meta-other-uid", "(0002,0003)"),
    (IdKept, "kept", "(0010,1000)"),
    (NameKeptWithMore, "kept", "(0010,0010)"),
    (SequenceKept, "kept", "(0040,0275)"),
    (RetainedAndLost, "not-retained", "(0018,1000)"),
    (TypeTwoLost, "required-lost", "(0010,0030)"),
    (GeometryLost, "required-lost", "(0028,0101)"),
    (PixelsChanged, "pixels-changed", "(7FE0,0010)"),
    (SopClassReplaced, "structural-uid", "(0008,114A)/(0008,1150)"),
    (DummyThatIsNoDate, "dummy-not-legal", "(0008,0020)"),
    (TwoIdsOfAPatient, "entity-split", "(0010,0020)"),
)


@pytest.mark.parametrize(
    ("deidentifier", "rule", "path"), SEEDED, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_seeded_leak_is_found(deidentifier: type[Deidentifier], rule: str, path: str) -> None:
    judgement = judged(deidentifier)
    shapes = {(one.rule, shape(one.path)) for one in judgement.findings}
    assert (rule, path) in shapes
    assert judgement.right < judgement.actions


def shape(path: str) -> str:
    return "/".join(part.partition("[")[0] for part in path.split("/"))


def test_the_preamble_of_the_original() -> None:
    before = [replace(one, preamble=b"made by a scanner".ljust(128, b"\0")) for one in sample()]

    class Kept(Deidentifier):
        def preamble(self, one: Instance) -> bytes:
            return one.preamble

    findings = judge(before, Kept().files(before)).findings
    assert [one.rule for one in findings] == ["preamble-kept"]


def test_no_value_of_a_patient_is_in_what_is_said() -> None:
    class Nothing(Deidentifier):
        """Passes everything on, under the names that it had."""

        def file(self, one: Instance, number: int) -> Instance:
            return replace(one, name=f"Sommerfeld_Adele/{one.text(0x00080018)}.dcm")

    judgement = judged(Nothing)
    said = repr(judgement).casefold()
    for secret in (
        "sommerfeld",
        "adele",
        "mrn-4711",
        "lindenallee",
        "4455667",
        "19600402",
        "okonkwo",
        "weiher",
    ):
        assert secret not in said
    for instance in sample():
        assert instance.text(0x00080018) not in said
    assert judgement.findings[0].severity is Severity.CRITICAL
    assert judgement.right < judgement.actions / 2
