"""Defects of C-STORE: private elements that are mixed up or lost, optional attributes that are dropped."""

from __future__ import annotations

import re
import struct

from pydicom import Dataset
from pydicom.tag import BaseTag

from harness.archive.index import Instance
from harness.archive.semantics import Semantics
from tests.mutants.seed import mutant
from tests.mutants.storage import Rewrites, everywhere
from tests.mutants.storage_encoding import RewritesBytes

CODE_MEANING = b"\x08\x00\x04\x01"
GROUPS_OF_A_DATABASE = frozenset((0x0008, 0x0010, 0x0018, 0x0020, 0x0028, 0x0040, 0x7FE0))


def tags_of(dataset: Dataset) -> list[BaseTag]:
    return list(dataset.keys())


# -- blocks and creators ---------------------------------------------------------------------------


@mutant(
    clause="PS3.5 7.8.1",
    defect="private elements of other blocks than 10 are dropped",
    caught_by=("storage.private.block-other-than-10", "storage.private.two-creators-one-group"),
)
class KnowsBlock10Only(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for tag in tags_of(dataset):
            if tag.is_private and tag.element > 0xFF and tag.element >> 8 != 0x10:
                del dataset[tag]


@mutant(
    clause="PS3.5 7.8.1",
    defect="the creators of two blocks in one group change places",
    caught_by=("storage.private.two-creators-one-group",),
)
class SwapsCreators(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for tag in tags_of(dataset):
            if tag.is_private and tag.element == 0x10 and (tag.group, 0x11) in dataset:
                first, second = dataset[tag].value, dataset[tag.group, 0x11].value
                dataset[tag].value, dataset[tag.group, 0x11].value = second, first


@mutant(
    clause="PS3.5 7.8.1",
    defect="private elements change their numbers within their block",
    caught_by=("storage.private.block-kept", "storage.kept.level-2"),
)
class RenumbersWithinBlock(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for tag in reversed(tags_of(dataset)):
            if tag.is_private and 0x1001 <= tag.element < 0x10FF:
                element = dataset[tag]
                del dataset[tag]
                element.tag = BaseTag(tag + 1)
                dataset[element.tag] = element


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="of the groups in which one creator has a block the first is kept",
    caught_by=("storage.private.same-creator-two-groups",),
)
class FirstGroupOfCreator(Rewrites):
    def change(self, dataset: Dataset) -> None:
        seen: set[str] = set()
        for tag in tags_of(dataset):
            if tag.is_private_creator:
                creator = str(dataset[tag].value)
                if creator in seen:
                    for own in [one for one in tags_of(dataset) if one.group == tag.group]:
                        del dataset[own]
                seen.add(creator)


@mutant(
    clause="PS3.5 7.8.1",
    defect="items take the private creator of the data set around them",
    caught_by=("storage.private.in-items",),
)
class ItemsInheritCreator(Rewrites):
    def change(self, dataset: Dataset) -> None:
        outer = {tag: dataset[tag].value for tag in tags_of(dataset) if tag.is_private_creator}

        def inherit(item: Dataset) -> None:
            for tag, creator in outer.items():
                if tag in item:
                    item[tag].value = creator

        everywhere(dataset, inherit)


@mutant(
    clause="PS3.5 7.8.2",
    defect="private elements within the items of private sequences are dropped",
    caught_by=("storage.private.sequence",),
)
class EmptiesPrivateItems(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for element in dataset:
            if element.VR == "SQ" and element.tag.is_private:
                for item in element.value:
                    item.remove_private_tags()


@mutant(
    clause="PS3.5 7.8.1",
    defect="a private element without a creator ends the association",
    caught_by=("storage.private.without-creator",),
)
class AbortsWithoutCreator(RewritesBytes):
    def change_bytes(self, dataset: bytes) -> bytes:
        if b"\x29\x00\x01\x10LO" in dataset and b"\x29\x00\x10\x00LO" not in dataset:
            raise RuntimeError("a private element of nobody")
        return dataset


# -- from Implicit to Explicit VR ------------------------------------------------------------------


@mutant(
    clause="PS3.5 6.2.2",
    defect="the items of an unknown private sequence are written in Explicit VR, within UN",
    caught_by=("storage.private.sequence-through-implicit",),
)
class ExplicitWithinUnknown(Semantics):
    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        return data.replace(
            CODE_MEANING + struct.pack("<I", 10), CODE_MEANING + b"LO" + struct.pack("<H", 10)
        )


@mutant(
    clause="PS3.5 6.2.2",
    defect="private values of unknown VR are taken for text",
    caught_by=("storage.private.values-through-implicit",),
)
class UnknownIsText(Semantics):
    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        return data.replace(b"\xe4\xf6\xfc\0", b"???\0")


@mutant(
    clause="PS3.5 6.2.2",
    defect="private creators are written as UN",
    caught_by=("storage.private.creator-is-lo",),
)
class CreatorIsUnknown(Semantics):
    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        return re.sub(
            rb"\x29\x00\x10\x00LO(..)", lambda found: b"\x29\x00\x10\x00UN\0\0" + found[1] + b"\0\0", data
        )


# -- optional attributes ---------------------------------------------------------------------------


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="attributes of groups that the database does not know are dropped",
    caught_by=("storage.level2.type3-kept", "storage.level2.unknown-standard-kept"),
)
class DropsUnknownGroups(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for tag in tags_of(dataset):
            if not tag.is_private and tag.group not in GROUPS_OF_A_DATABASE:
                del dataset[tag]


@mutant(
    clause="PS3.5 7.4.3",
    defect="attributes without value are dropped, those of Type 2 too",
    caught_by=("storage.type2.empty-kept",),
)
class DropsEmpty(Rewrites):
    def change(self, dataset: Dataset) -> None:
        for tag in tags_of(dataset):
            if not dataset[tag].value and dataset[tag].VM == 0:
                del dataset[tag]
