"""What the profile leaves to a product: no finding may be made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydicom import DataElement, Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from harness.deid import Instance, Judgement, Option, judge
from harness.deid.profile import Action, rule_of
from tests.deid_sample import file_of, sample
from tests.unit.deid.reference import Deidentifier, dataset_of


def judged(deidentifier: Deidentifier) -> Judgement:
    before = sample()
    return judge(before, deidentifier.files(before), deidentifier.options)


class Remover(Deidentifier):
    """Removes also what may be emptied or replaced, but for what every object has to have."""

    def element(self, ds: Dataset, element: DataElement) -> None:
        rule = rule_of(int(element.tag))
        needed = ("Patient", "Study", "Accession", "Referring", "Series", "SOP", "Referenced")
        if rule is not None and not element.keyword.startswith(needed):
            del ds[element.tag]
        else:
            super().element(ds, element)


class Replacer(Deidentifier):
    """Puts something else in the place of what may be removed (E.1.1 item 2)."""

    def element(self, ds: Dataset, element: DataElement) -> None:
        rule = rule_of(int(element.tag))
        removed = rule is not None and rule.actions(()) == {Action.REMOVE} and not element.is_private
        if removed and element.VR in ("LO", "SH", "LT", "PN"):
            element.value = "Other^Than"
        else:
            super().element(ds, element)


class Emptier(Deidentifier):
    def element(self, ds: Dataset, element: DataElement) -> None:
        rule = rule_of(int(element.tag))
        if rule is not None and rule.actions(()) == {Action.REMOVE} and not element.tag.is_private:
            element.value = [] if element.VR == "SQ" else None
        else:
            super().element(ds, element)


class WithDates(Deidentifier):
    options = frozenset({Option.MODIFIED_DATES})


class ToFirstOfMonth(WithDates):
    def moved(self, value: str) -> str:
        return f"{value[:6]}01"


class ByHoursToo(WithDates):
    """Date and time together, over midnight where it is so (E.3.6 note 3)."""

    offset = timedelta(days=-400, hours=-12)

    def clean(self, ds: Dataset, element: DataElement) -> None:
        if element.VR == "DA" and element.value:
            time = ds.get(element.keyword.replace("Date", "Time")) or "000000"
            hour = int(str(time)[:2])
            moved = date.fromisoformat(str(element.value)) + self.offset - timedelta(days=hour < 12)
            element.value = f"{moved:%Y%m%d}"
        elif element.VR == "TM" and element.value:
            hour = (int(str(element.value)[:2]) - 12) % 24
            element.value = f"{hour:02}{str(element.value)[2:6]}"
        else:
            super().clean(ds, element)


class EachStudyByItself(WithDates):
    def moved(self, value: str) -> str:
        self.offset = timedelta(days=-500 + int(value[4:6]))
        return super().moved(value)


class NothingLeftOfSequences(Deidentifier):
    def inside(self, element: DataElement) -> None:
        if element.VR == "SQ":
            element.value = []


class ItemsTakenOut(WithDates):
    """The first item of each sequence is gone, so that the others have other numbers."""

    def inside(self, element: DataElement) -> None:
        super().inside(element)
        if element.VR == "SQ" and len(element.value) > 1:
            element.value = list(element.value)[1:]


class SaysMore(Deidentifier):
    """Attributes may be added: words about the method, encrypted originals, private ones of its own."""

    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.DeidentificationMethod = "Example 1.0, basic profile"
        ds.PatientAge = "060Y"
        encrypted = Dataset()
        encrypted.EncryptedContentTransferSyntaxUID = "1.2.840.10008.1.2.1"
        encrypted.EncryptedContent = bytes((number * 7 + at * 31) % 256 for at in range(512))
        ds.EncryptedAttributesSequence = [encrypted]
        ds.private_block(0x0055, "EXAMPLE DEIDENTIFIER", create=True).add_new(0x01, "LO", "batch 7")
        ds.SpecificCharacterSet = "ISO_IR 192"

    def preamble(self, one: Instance) -> bytes:
        return b"II*\0made by a converter".ljust(128, b"\0")

    def name(self, one: Instance, number: int) -> str:
        return f"ANON/{(number * 5) % 7:03}-{number}.img"


class WithOneDummyForAll(Deidentifier):
    """The dummy happens to be what some had."""

    def afterwards(self, ds: Dataset, number: int) -> None:
        ds.PatientSex = "F"
        ds.StudyTime = "093000"


DEIDENTIFIERS = (
    Remover, Replacer, Emptier, ToFirstOfMonth, ByHoursToo, EachStudyByItself, NothingLeftOfSequences,
    ItemsTakenOut, SaysMore,
)  # fmt: skip


@pytest.mark.parametrize("deidentifier", DEIDENTIFIERS)
def test_no_finding(deidentifier: type[Deidentifier]) -> None:
    judgement = judged(deidentifier())
    assert judgement.findings == ()
    assert len(judgement.pairs) == len(sample())


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless])
def test_another_transfer_syntax(syntax: str) -> None:
    before = sample()
    after = []
    for one in Deidentifier().files(before):
        ds = dataset_of(one)
        if syntax == RLELossless:
            ds.PixelData = encapsulate([_rle(ds.PixelData, ds.BitsAllocated // 8)])
            ds["PixelData"].VR = "OB"
        made = file_of(ds, str(syntax), one.name)
        after.append(replace(one, transfer_syntax=str(syntax), dataset=made.dataset, meta={}))
    judgement = judge(before, after)
    assert judgement.findings == ()
    assert len(judgement.pairs) == len(before)


def _rle(pixels: bytes, width: int) -> bytes:
    """One frame as literal runs (PS3.5 G.3), a segment for each byte of a sample, the high one first."""
    segments = []
    for plane in range(width):
        data = pixels[width - 1 - plane :: width]
        runs = [data[at : at + 128] for at in range(0, len(data), 128)]
        coded = b"".join(bytes([len(run) - 1]) + run for run in runs)
        segments.append(coded + b"\0" * (len(coded) % 2))
    offsets, at = [], 64
    for segment in segments:
        offsets.append(at)
        at += len(segment)
    header = [len(segments), *offsets, *[0] * (15 - len(offsets))]
    return b"".join(number.to_bytes(4, "little") for number in header) + b"".join(segments)


def test_a_dummy_that_some_had_before() -> None:
    before = list(sample())
    for number in (0, 1):
        ds = dataset_of(before[number])
        ds.PatientSex, ds.StudyTime = "M", "120000"
        before[number] = file_of(ds, before[number].transfer_syntax, before[number].name)
    assert judge(before, WithOneDummyForAll().files(before)).findings == ()


def test_what_came_over_the_network_has_no_header() -> None:
    before = [replace(one, meta={}, preamble=b"", name="") for one in sample()]
    after = [replace(one, meta={}, preamble=b"", name="") for one in Deidentifier().files(before)]
    assert judge(before, after).findings == ()
    headless = judge(sample(), after)
    assert headless.findings == ()


def test_a_file_that_is_left_out_is_said_and_no_fault() -> None:
    before = sample()
    judgement = judge(before, Deidentifier().files(before)[1:])
    assert judgement.findings == ()
    assert len(judgement.before_alone) == 1
    assert len(judgement.pairs) == len(before) - 1


def test_a_file_of_something_else_is_said_to_be_alone() -> None:
    before = sample()
    after = Deidentifier().files(before)
    ds = dataset_of(after[0])
    ds.PixelData, ds.InstanceNumber, ds.SOPInstanceUID = bytes(len(ds.PixelData)), 99, "2.25.31"
    stranger = replace(file_of(ds, after[0].transfer_syntax, "stranger.dcm"), meta={})
    judgement = judge(before, [*after, stranger])
    assert judgement.after_alone == ("stranger.dcm",)
    assert judgement.findings == ()
