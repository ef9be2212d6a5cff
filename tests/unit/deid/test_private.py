"""Private attributes that may stay, and those that may not."""

from __future__ import annotations

from pydicom import DataElement, Dataset

from harness.deid import Instance, Judgement, Option, judge
from tests.deid_sample import file_of, sample
from tests.unit.deid.reference import Deidentifier, dataset_of

SAFE = frozenset({Option.SAFE_PRIVATE})


def with_private(group: int, creator: str, element: int, vr: str, value: object) -> list[Instance]:
    ds = dataset_of(sample()[0])
    ds.private_block(group, creator, create=True).add_new(element, vr, value)
    return [file_of(ds, sample()[0].transfer_syntax, "one.dcm")]


class KeepsGroup(Deidentifier):
    options = SAFE
    group = 0x0043
    drops_creator = False

    def element(self, ds: Dataset, element: DataElement) -> None:
        if element.tag.group != self.group or (self.drops_creator and element.tag.elem < 0x100):
            super().element(ds, element)


class KeepsGroupWithoutCreator(KeepsGroup):
    drops_creator = True
    options = frozenset()


def judged(before: list[Instance], deidentifier: Deidentifier) -> Judgement:
    return judge(before, deidentifier.files(before), deidentifier.options)


def test_one_of_the_table() -> None:
    assert judged(with_private(0x0043, "GEMS_PARM_01", 0x27, "SH", "1.375:1"), KeepsGroup()).findings == ()


def test_one_that_the_object_itself_calls_safe() -> None:
    before = with_private(0x0043, "A MAKER", 0x01, "US", 7)
    ds = dataset_of(before[0])
    block = Dataset()
    block.PrivateGroupReference, block.PrivateCreatorReference = 0x0043, "A MAKER"
    block.BlockIdentifyingInformationStatus = "SAFE"
    ds.PrivateDataElementCharacteristicsSequence = [block]
    declared = [file_of(ds, before[0].transfer_syntax, "one.dcm")]
    assert judged(declared, KeepsGroup()).findings == ()
    found = judged(before, KeepsGroup()).findings
    assert [(one.rule, one.path) for one in found] == [("private-not-listed", "(0043,1001)")]


def test_one_that_lost_its_creator_is_still_there() -> None:
    before = with_private(0x0043, "A MAKER", 0x01, "LO", "something")
    found = judged(before, KeepsGroupWithoutCreator()).findings
    assert [(one.rule, one.path) for one in found] == [("private-kept", "(0043,1001)")]


def test_one_of_the_table_that_names_the_patient() -> None:
    before = with_private(0x0043, "GEMS_PARM_01", 0x27, "SH", "Sommerfeld")
    found = judged(before, KeepsGroup()).findings
    assert [(one.rule, one.path) for one in found] == [("value-found", "(0043,1027)")]
