"""Files are recognised by their content; where that says nothing they are left alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydicom import Dataset

from harness.deid import Instance
from harness.deid.pairing import paired
from tests.deid_sample import file_of, sample
from tests.unit.deid.reference import Deidentifier, dataset_of


def changed(one: Instance, change: Callable[[Dataset], None]) -> Instance:
    ds = dataset_of(one)
    change(ds)
    return file_of(ds, one.transfer_syntax, one.name)


def other_pixels(ds: Dataset) -> None:
    ds.PixelData = bytes(len(ds.PixelData))


def other_numbers(ds: Dataset) -> None:
    ds.SeriesNumber = ds.InstanceNumber = 4711


def nothing(ds: Dataset) -> None:
    """As it is."""


@pytest.mark.parametrize("change", [nothing, other_pixels, other_numbers])
def test_in_any_order(change: Callable[[Dataset], None]) -> None:
    before = list(sample())
    after = [changed(one, change) for one in Deidentifier().files(before)]
    found = paired(before, after[::-1])
    assert {(pair.before.name, pair.after.name) for pair in found.pairs} == {
        (one.name, other.name) for one, other in zip(before, after, strict=True)
    }


def test_the_study_tells_apart_what_is_alike() -> None:
    """Two studies of the same pictures: once one object is recognised, its study tells the others."""
    first = list(sample()[:2])
    second = [changed(one, _other_study) for one in first]
    before = [*first, *second]
    after = Deidentifier().files(before)
    after[0] = changed(after[0], lambda ds: setattr(ds, "SOPInstanceUID", before[0].text(0x00080018)))
    found = paired(before, after)
    assert len(found.pairs) == 4
    assert all(pair.after.name == f"{before.index(pair.before):04}.dcm" for pair in found.pairs)


def _other_study(ds: Dataset) -> None:
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
        setattr(ds, keyword, f"{getattr(ds, keyword)}.2")


def test_what_is_alike_in_everything_is_left_alone() -> None:
    first = sample()[0]
    before = [first, changed(first, _other_study)]
    found = paired(before, Deidentifier().files(before))
    assert (len(found.pairs), len(found.before_alone), len(found.after_alone)) == (0, 2, 2)
