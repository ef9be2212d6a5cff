"""Objects of many makers, as pydicom ships them: nothing is said of those that are de-identified rightly."""

from __future__ import annotations

import warnings
from pathlib import Path

import pydicom
import pytest

from harness.deid import Instance, Judgement, judge
from harness.deid.reading import read_objects
from harness.documents import Mistake
from tests.unit.deid.reference import Deidentifier

FOLDER = Path(pydicom.__file__).parent / "data" / "test_files"
LARGEST = 40_000
"""Bytes of a file: the small ones have all that is unusual."""


def objects() -> list[Instance]:
    found = []
    for path in sorted(FOLDER.glob("*.dcm")):
        if path.stat().st_size <= LARGEST:
            try:
                found += read_objects(path).instances
            except Mistake:
                continue  # damaged on purpose, or no DICOM file
    return [one for one in found if one.text(0x00080016) and "nested_priv" not in one.name]


def judged(before: list[Instance], after: list[Instance]) -> Judgement:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return judge(before, after)


@pytest.mark.filterwarnings("ignore")
def test_nothing_is_said() -> None:
    before = objects()
    assert len(before) > 50
    judgement = judged(before, Deidentifier().files(before))
    assert judgement.findings == ()
    assert len(judgement.pairs) > len(before) / 2  # many are one picture in several encodings


def test_originals_are_found_to_be_such() -> None:
    before = objects()
    judgement = judged(before, before)
    assert judgement.right < judgement.actions / 2
    assert {"kept", "private-kept", "mark-missing"} <= {one.rule for one in judgement.findings}
