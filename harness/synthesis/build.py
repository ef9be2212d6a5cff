"""Build the studies of a recipe, or one small study with the attribute values that a scenario wants."""

from __future__ import annotations

from typing import Any

from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from harness.synthesis.common import PatientFacts, Place, SeriesFacts, StudyFacts
from harness.synthesis.derived import key_objects, presentation_state, report, segmentation
from harness.synthesis.documents import encapsulated_pdf
from harness.synthesis.encoding import apply, instance_of
from harness.synthesis.extras import add_depth, add_private
from harness.synthesis.identity import Identity, new_run_root
from harness.synthesis.images import Raster, cr, ct, mr, us
from harness.synthesis.model import SyntheticInstance, SyntheticStudy, assemble
from harness.synthesis.pixels import bitstreams
from harness.synthesis.recipe import TRANSFER_SYNTAXES, Kind, PatientRecipe, Recipe, SeriesRecipe, StudyRecipe

_IMAGE_MAKERS = {Kind.CT: ct, Kind.MR: mr, Kind.CR: cr, Kind.US: us}
_REFERRING_MAKERS = {
    Kind.SR: report,
    Kind.SEG: segmentation,
    Kind.PR: presentation_state,
    Kind.KO: key_objects,
}


def build(recipe: Recipe, identity: Identity) -> tuple[SyntheticStudy, ...]:
    """Every study of the recipe, in order.  The same recipe, run root and label give the same bytes."""
    return tuple(
        study for patient in recipe.patient for study in _patient_studies(patient, identity, seed=recipe.seed)
    )


def estimate(recipe: Recipe) -> tuple[int, int]:
    """How many objects the recipe makes, and how many bytes their data sets have."""
    instances = [one for study in build(recipe, Identity(new_run_root(), "plan")) for one in study.instances]
    return len(instances), sum(len(one.dataset) for one in instances)


def patients(studies: tuple[SyntheticStudy, ...]) -> dict[str, tuple[SyntheticStudy, ...]]:
    """The studies by patient ID, in order of appearance."""
    ids = dict.fromkeys(study.patient_id for study in studies)
    return {one: tuple(study for study in studies if study.patient_id == one) for one in ids}


def new_study(
    identity: Identity,
    modality: str = "CT",
    series: int = 1,
    instances: int = 2,
    *,
    transfer_syntax: str = str(ExplicitVRLittleEndian),
    rows: int = 16,
    columns: int = 16,
    **attributes: Any,
) -> SyntheticStudy:
    """A new patient with one study of `series` × `instances` small images (CT, MR, CR or US).

    `attributes` by keyword hold for every instance: a value, None for no value, `ABSENT` to leave it out.
    With names that aren't ASCII, give SpecificCharacterSet too.  Sizes are in pixels.
    """
    if series < 1 or instances < 1:
        raise ValueError("series and instances must be at least 1")
    study = StudyFacts(
        study_uid=identity.uid(),
        study_id=identity.study_id(),
        accession_number=identity.accession_number(),
        date="20240229",
        time="093000",
        description="Synthetic study",
        referring_physician="PHTEST^Referrer",
    )
    patient = PatientFacts(identity.patient_id(), "PHTEST^Alpha")
    maker = {kind.value: made for kind, made in _IMAGE_MAKERS.items()}.get(modality)
    if maker is None:
        raise ValueError(
            f"modality {modality!r} must be one of {', '.join(one.value for one in _IMAGE_MAKERS)}"
        )
    made = []
    frame_of_reference_uid = identity.uid()
    for number in range(1, series + 1):
        facts = SeriesFacts(identity.uid(), number, f"Series {number}", frame_of_reference_uid)
        place = Place(patient, study, facts, transfer_syntax)
        for n in range(1, instances + 1):
            ds = maker(place, identity.uid(), n, Raster(rows, columns, seed=number))
            apply(ds, attributes)
            made.append(instance_of(ds, transfer_syntax))
    return assemble(made)[0]


def _patient_studies(recipe: PatientRecipe, identity: Identity, seed: int) -> tuple[SyntheticStudy, ...]:
    patient = PatientFacts(
        identity.patient_id(), recipe.name, recipe.birth_date, recipe.sex, recipe.character_set
    )
    return tuple(_study(study, patient, identity, seed + n) for n, study in enumerate(recipe.study))


def _study(recipe: StudyRecipe, patient: PatientFacts, identity: Identity, seed: int) -> SyntheticStudy:
    facts = StudyFacts(
        study_uid=identity.uid(),
        study_id=identity.study_id(),
        accession_number=identity.accession_number(),
        date=recipe.date,
        time=recipe.time,
        description=recipe.description,
        referring_physician=recipe.referring_physician,
    )
    frame_of_reference_uid = identity.uid()
    series: list[list[SyntheticInstance]] = []
    for number, one in enumerate(recipe.series, 1):
        description = one.description or f"{one.kind.value} series {number}"
        place = Place(
            patient,
            facts,
            SeriesFacts(identity.uid(), number, description, frame_of_reference_uid),
            _transfer_syntax(one),
        )
        made = []
        for n in range(1, one.instances + 1):
            ds = _object(one, place, identity, n, series, seed * 1000 + number)
            if one.private:
                add_private(ds)
            if one.depth:
                add_depth(ds, one.depth)
            made.append(instance_of(ds, place.transfer_syntax))
        series.append(made)
    return assemble(instance for made in series for instance in made)[0]


def _transfer_syntax(recipe: SeriesRecipe) -> str:
    return (
        bitstreams()[recipe.pixels].transfer_syntax
        if recipe.pixels
        else TRANSFER_SYNTAXES[recipe.transfer_syntax]
    )


def _object(
    recipe: SeriesRecipe,
    place: Place,
    identity: Identity,
    number: int,
    earlier: list[list[SyntheticInstance]],
    seed: int,
) -> Dataset:
    if recipe.kind.is_image:
        bitstream = bitstreams()[recipe.pixels] if recipe.pixels else None
        raster = Raster(recipe.rows, recipe.columns, recipe.frames, seed, bitstream)
        return _IMAGE_MAKERS[recipe.kind](place, identity.uid(), number, raster)
    if recipe.kind is Kind.PDF:
        return encapsulated_pdf(place, identity.uid(), number)
    images = [instance.attributes for instance in earlier[recipe.of - 1]]
    return _REFERRING_MAKERS[recipe.kind](place, identity, number, images)
