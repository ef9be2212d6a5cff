"""A dataset in a transfer syntax that the product takes: one of Implicit VR alone has to take no other."""

from __future__ import annotations

import contextlib

import msgspec

from harness.dimse.errors import DimseError
from harness.load.supply import template_of
from harness.load.workload import DatasetRecipe, Workload
from harness.scu.session import Scu
from harness.scu.store import is_taken
from harness.scu.uids import IMPLICIT_VR_LITTLE_ENDIAN


def fitted_workload(scu: Scu, workload: Workload, root: str) -> Workload:
    """The workload with each dataset as `fitted_dataset` has it."""
    datasets = {name: fitted_dataset(scu, recipe, root) for name, recipe in workload.dataset.items()}
    return msgspec.structs.replace(workload, dataset=datasets)


def fitted_dataset(scu: Scu, recipe: DatasetRecipe, root: str) -> DatasetRecipe:
    """Itself, or in Implicit VR Little Endian where it is taken so, and not as it is (PS3.5 10.1).

    What is wrong with a product that takes neither, or does not answer, is told when it is stored.
    """
    if recipe.pixels or recipe.implicit:
        return recipe
    template = template_of(recipe, root)
    sop_class, own = template.sop_class, template.transfer_syntax
    with contextlib.suppress(DimseError):
        if not is_taken(scu, sop_class, own) and is_taken(scu, sop_class, IMPLICIT_VR_LITTLE_ENDIAN):
            return msgspec.structs.replace(recipe, implicit=True)
    return recipe
