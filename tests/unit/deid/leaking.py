"""De-identifiers that each leak or lose one thing, and those that rightly claim options."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pydicom import DataElement, Dataset
from pydicom.tag import Tag

from harness.deid import Instance, Option
from harness.dimse.walker import is_creator
from tests.deid_sample import DATES, PERSONS
from tests.unit.deid.reference import Deidentifier

NAME = next(iter(PERSONS))
WHO = NAME.replace("^", " ")


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
