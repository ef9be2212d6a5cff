"""Reports under Clean Structured Content: items are known by their concept, wherever they stand."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.deid import Instance, Option, judge
from tests.deid_sample import file_of, sample
from tests.unit.deid.reference import Deidentifier, dataset_of

OBSERVER, FINDING, SIZE = ("121008", "PNAME"), ("121071", "TEXT"), ("410668003", "NUM")


def item(concept: tuple[str, str], keyword: str, value: str) -> Dataset:
    name = Dataset()
    name.CodeValue, name.CodingSchemeDesignator, name.CodeMeaning = concept[0], "DCM", "a concept"
    ds = Dataset()
    ds.RelationshipType, ds.ValueType, ds.ConceptNameCodeSequence = "CONTAINS", concept[1], [name]
    setattr(ds, keyword, value)
    return ds


def report(*items: Dataset) -> list[Instance]:
    ds = dataset_of(sample()[0])
    for keyword in ("PixelData", "ReferencedInstanceSequence", "Rows", "Columns"):
        del ds[keyword]
    ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.88.22", "SR"
    ds.ContentSequence = list(items)
    return [file_of(ds, str(ExplicitVRLittleEndian), "report.dcm")]


class Cleaner(Deidentifier):
    options = frozenset({Option.STRUCTURED, Option.DESCRIPTORS})
    keeps_observer = False

    def clean(self, ds: Dataset, element: object) -> None:
        if getattr(element, "keyword", "") != "ContentSequence":
            super().clean(ds, element)  # type: ignore[arg-type]
            return
        kept = [one for one in ds.ContentSequence if one.ValueType != "PNAME" or self.keeps_observer]
        ds.ContentSequence = kept


class WithObserver(Cleaner):
    keeps_observer = True


BEFORE = report(
    item(OBSERVER, "PersonName", "Okonkwo^Chidi"),
    item(FINDING, "TextValue", "a small cyst"),
    item(SIZE, "TextValue", "7"),
)


def test_an_observer_that_is_taken_out() -> None:
    assert judge(BEFORE, Cleaner().files(BEFORE), Cleaner.options).findings == ()


def test_an_observer_that_is_still_named() -> None:
    findings = judge(BEFORE, WithObserver().files(BEFORE), WithObserver.options).findings
    assert ("content-kept", "(0040,A730)[0]/(0040,A123)") in {(one.rule, one.path) for one in findings}


def test_content_that_stays_where_the_option_is_not_claimed() -> None:
    findings = judge(BEFORE, Cleaner().files(BEFORE), frozenset({Option.DESCRIPTORS})).findings
    assert [(one.rule, one.path) for one in findings] == [("kept", "(0040,A730)")]
