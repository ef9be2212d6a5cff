"""De-identifiers that each leak or lose one thing: the finding that is about it is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.deid import Instance, Judgement, judge
from harness.deid.findings import Severity
from tests.deid_sample import sample
from tests.unit.deid.leaking import (
    AccessionNumberInDescription,
    AnotherUidInOneFile,
    BirthDateInWords,
    DateKept,
    DateMovedElsewhere,
    DateNotMoved,
    DummyThatIsNoDate,
    GeometryLost,
    IdInThePreamble,
    IdKept,
    NameInDescription,
    NameInTheFileName,
    NameKeptWithMore,
    NestedName,
    NoDateMoved,
    NoMethodCodes,
    NotMarked,
    OldUidInTheHeader,
    OnePatientsNameForAll,
    OneUidForAllObjects,
    OrderOfStudiesLost,
    OriginalUidInTheFileName,
    OverlayKept,
    PhoneInComment,
    PixelsChanged,
    PrivateNotKnownToBeSafe,
    PrivateTag,
    ReferenceKept,
    ReferenceNotFollowed,
    RetainedAndLost,
    SequenceKept,
    SopClassReplaced,
    SourceKept,
    TemporalInformationNotMarked,
    TwoIdsOfAPatient,
    TypeTwoLost,
    UidEmptied,
    UidThatIsNone,
    WideNameInUnknown,
    WithCleanThings,
    WithModifiedDates,
    WithRetainedThings,
)
from tests.unit.deid.reference import Deidentifier


def judged(deidentifier: type[Deidentifier]) -> Judgement:
    before = sample()
    return judge(before, deidentifier().files(before), deidentifier.options)


CLEAN = (Deidentifier, WithModifiedDates, WithRetainedThings, WithCleanThings)


@pytest.mark.parametrize("deidentifier", CLEAN)
def test_nothing_is_said_of_one_that_does_it_right(deidentifier: type[Deidentifier]) -> None:
    judgement = judged(deidentifier)
    assert judgement.findings == ()
    assert len(judgement.pairs) == len(sample())
    assert judgement.right == judgement.actions > 250


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
