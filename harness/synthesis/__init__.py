"""Synthetic studies: recipes in, encoded data sets out, ready to be stored on the archive under test."""

from harness.synthesis.build import build, estimate, new_study, patients
from harness.synthesis.encoding import ABSENT, encode_dataset, instance_of, variant
from harness.synthesis.identity import NAME_MARK, ROOT, Identity, new_run_root, valid_uid
from harness.synthesis.model import SyntheticInstance, SyntheticSeries, SyntheticStudy, assemble
from harness.synthesis.recipe import Kind, Recipe, RecipeError, load_recipe

__all__ = [
    "ABSENT",
    "NAME_MARK",
    "ROOT",
    "Identity",
    "Kind",
    "Recipe",
    "RecipeError",
    "SyntheticInstance",
    "SyntheticSeries",
    "SyntheticStudy",
    "assemble",
    "build",
    "encode_dataset",
    "estimate",
    "instance_of",
    "load_recipe",
    "new_run_root",
    "new_study",
    "patients",
    "valid_uid",
    "variant",
]
