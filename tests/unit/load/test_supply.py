"""Objects of a load: valid, each its own, made without copying their pixels."""

from __future__ import annotations

import tracemalloc
from io import BytesIO
from itertools import islice

import pytest
from pydicom import Dataset
from pydicom.filereader import read_dataset

from harness.load.supply import POPULATION, Study, Template, studies, study_numbered, template_of
from harness.load.workload import DatasetRecipe
from harness.synthesis import new_run_root
from harness.synthesis.identity import valid_uid
from harness.synthesis.recipe import Kind

ROOT = new_run_root()


@pytest.fixture(scope="module")
def template() -> Template:
    return template_of(DatasetRecipe(rows=64, columns=64), ROOT)


def read(buffers: list[bytearray | memoryview]) -> Dataset:
    return read_dataset(BytesIO(b"".join(buffers)), is_implicit_VR=False, is_little_endian=True)


def test_who_they_are(template: Template) -> None:
    study = study_numbered(ROOT, POPULATION + 7, per_patient=3)
    seen = []
    for sop_uid, buffers in template.objects(study, 5, series=2):
        ds = read(buffers)
        assert ds.SOPInstanceUID == sop_uid
        assert ds.StudyInstanceUID == study.study_uid
        assert (ds.PatientID, ds.AccessionNumber, ds.StudyDate) == (
            study.patient_id,
            study.accession_number,
            study.study_date,
        )
        assert len(ds.PixelData) == 64 * 64 * 2
        seen.append((sop_uid, ds.SeriesInstanceUID, int(ds.InstanceNumber)))
    assert len({sop_uid for sop_uid, _, _ in seen}) == 5
    assert [series for _, series, _ in seen] == [study.series_uid(n) for n in (0, 0, 0, 1, 1)]
    assert [number for _, _, number in seen] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "recipe",
    [
        DatasetRecipe(kind=Kind.MR, rows=32, columns=32),
        DatasetRecipe(kind=Kind.CR, rows=32, columns=32),
        DatasetRecipe(kind=Kind.US, rows=32, columns=32, frames=4),
        DatasetRecipe(kind=Kind.CT, pixels="jpeg-lossless"),
    ],
    ids=lambda recipe: recipe.pixels or recipe.kind.value,
)
def test_every_kind(recipe: DatasetRecipe) -> None:
    made = template_of(recipe, ROOT)
    ((sop_uid, buffers),) = made.objects(study_numbered(ROOT, 3), 1)
    ds = read(buffers)
    assert ds.SOPInstanceUID == sop_uid
    assert ds.Modality == recipe.kind.value
    assert "PixelData" in ds
    assert sum(map(len, buffers)) == len(made)


def test_one_object_is_as_among_all(template: Template) -> None:
    study = study_numbered(ROOT, 3)
    among_all = [b"".join(buffers) for _, buffers in template.objects(study, 5, series=2)]
    assert [template.object_at(study, index, index // 3) for index in range(5)] == among_all


def test_identifiers_are_valid_and_never_meet() -> None:
    some = [study_numbered(ROOT, n, per_patient=2) for n in (0, 1, 2, 99_999_999)]
    uids = [
        uid
        for s in some
        for uid in (s.study_uid, s.series_uid(), s.series_uid(999), s.sop_uid(0), s.sop_uid(999_998))
    ]
    assert all(map(valid_uid, uids))
    assert len(set(uids)) == len(uids)
    assert len({s.accession_number for s in some}) == 4
    assert all(len(s.accession_number) <= 16 and len(s.patient_id) <= 64 for s in some)
    assert [s.patient_id for s in some[:3]] == [some[0].patient_id, some[0].patient_id, some[2].patient_id]


def test_by_number_again() -> None:
    given = list(islice(studies(ROOT, 5, per_patient=2), 4))
    assert given == [study_numbered(ROOT, number, 2) for number in (5, 6, 7, 8)]
    assert set(given[0].values()) == {
        "patient_id",
        "study_uid",
        "series_uid",
        "accession_number",
        "study_date",
        "study_week",
    }


@pytest.mark.parametrize("number", [0, 1_000_000])
def test_a_study_has_bounds(template: Template, number: int) -> None:
    with pytest.raises(ValueError, match="between 1 and"):
        next(template.objects(Study(ROOT, 1, 1), number))


def test_objects_cost_no_memory(template: Template) -> None:
    study = study_numbered(ROOT, 1)
    for _ in template.objects(study, 100):
        pass
    tracemalloc.start()
    for _ in template.objects(study, 20_000):
        pass
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50_000, "what 20,000 objects of 8 KiB held at a time"
    assert held < 20_000
