"""Studies that retrieval needs beyond `Corpus.new_study`: several kinds of object, compressed pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.dimse.errors import NotAccepted
from harness.plugin.fixtures import Corpus
from harness.synthesis import Kind, Recipe, SyntheticStudy, build
from harness.synthesis.recipe import PatientRecipe, SeriesRecipe, StudyRecipe

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]

LOSSLESS_PIXELS = ("jpeg-lossless", "jpeg-ls", "jpeg2000-lossless", "rle")
"""The compressed pictures without loss."""


def study_of(corpus: Corpus, *series: SeriesRecipe) -> SyntheticStudy:
    """A new patient with one study of these series; nothing is stored."""
    return patient_of(corpus, series)[0]


def patient_of(corpus: Corpus, *studies: Iterable[SeriesRecipe]) -> tuple[SyntheticStudy, ...]:
    """A new patient with these studies; nothing is stored."""
    recipes = tuple(StudyRecipe(tuple(series)) for series in studies)
    recipe = Recipe("scenario", (PatientRecipe("PHTEST^Retrieve", recipes),))
    return build(recipe, corpus.identity)


def mixed_study(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """A study of images and, where the product takes them, of other objects; stored and visible."""
    images = (SeriesRecipe(Kind.CT, 3), SeriesRecipe(Kind.MR, 2))
    for others in ((Kind.SR, Kind.PR), (Kind.SR,), ()):
        try:
            return store_study(study_of(corpus, *images, *(SeriesRecipe(kind) for kind in others)))
        except NotAccepted:
            continue
    return store_study(corpus.new_study("CT", series=2, instances=3))


def lossless_studies(corpus: Corpus, store_study: StoreStudy) -> list[SyntheticStudy]:
    """A CT study for each lossless compression that the product stores; none where it stores none."""
    taken = []
    for pixels in LOSSLESS_PIXELS:
        try:
            taken.append(store_study(study_of(corpus, SeriesRecipe(Kind.CT, pixels=pixels))))
        except NotAccepted:
            continue
    return taken
