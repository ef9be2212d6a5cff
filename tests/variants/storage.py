"""Legal peculiarities of C-STORE."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydicom import Dataset
from pydicom.encaps import encapsulate, generate_frames

from harness.archive import encoding
from harness.archive.attributes import AttributeSet
from harness.archive.index import Instance
from harness.archive.negotiation import Role
from harness.archive.semantics import Semantics
from harness.archive.sopclasses import Service
from harness.archive.status import SUCCESS, Answer
from tests.mutants import storage as mutants
from tests.variants.seed import variant

IMPLICIT = "1.2.840.10008.1.2"
FIRST_BLOCK = 0x40


@variant(clause="PS3.4 B.2.3", peculiarity="every object is acknowledged with a warning: attributes coerced")
class AlwaysWarns(Semantics):
    def store_answer(self, answer: Answer) -> Answer:
        return Answer(0xB000) if answer.status == SUCCESS else answer


@variant(clause="PS3.5 10.1", peculiarity="nothing but Implicit VR Little Endian is accepted", alone=True)
class ImplicitOnly(Semantics):
    def choose_transfer_syntax(
        self, service: Service, syntaxes: Sequence[str], role: Role | None
    ) -> str | None:
        return IMPLICIT if IMPLICIT in syntaxes else None


@variant(
    clause="PS3.4 B.2.3",
    peculiarity="an object that is there already is refused whatever its content",
    alone=True,
)
class RefusesDuplicates(Semantics):
    def duplicate(self, known: Instance, received: Instance, attributes: AttributeSet) -> Answer:
        return Answer(0x0111, "there already")


class Rewrites(mutants.Rewrites):
    """Keeps the object in another form than the one received."""

    def commits(self, known: Instance | None, sop_class: str, is_safe: bool) -> int | None:
        """What was received has become another file, so that its check sum says nothing."""
        return super().commits(known, sop_class, known is not None)


def everywhere(dataset: Dataset, change: Callable[[Dataset], None]) -> None:
    """Apply the change to the items in a data set, innermost first, and to the data set."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                everywhere(item, change)
    change(dataset)


@variant(clause="PS3.5 7.8.1", peculiarity="private blocks get other numbers, with their creators")
class RenumbersBlocks(Rewrites):
    def change(self, dataset: Dataset) -> None:
        super().change(dataset)
        everywhere(dataset, self.renumber)

    def renumber(self, dataset: Dataset) -> None:
        creators = [tag for tag in list(dataset.keys()) if tag.is_private_creator]
        blocks = {
            (tag.group, tag.element): FIRST_BLOCK + number for number, tag in enumerate(reversed(creators))
        }
        for tag in [tag for tag in list(dataset.keys()) if tag.is_private]:
            own = (tag.group, tag.element if tag.is_private_creator else tag.element >> 8)
            if own not in blocks:
                continue
            low = blocks[own] if tag.is_private_creator else blocks[own] << 8 | tag.element & 0xFF
            element = dataset[tag]
            del dataset[tag]
            element.tag = type(tag)(tag.group << 16 | low)
            dataset[element.tag] = element


@variant(clause="PS3.5 7.5", peculiarity="sequences and items are kept with undefined lengths")
class UndefinedLengths(Rewrites):
    def change(self, dataset: Dataset) -> None:
        super().change(dataset)
        everywhere(dataset, self.open)

    def open(self, dataset: Dataset) -> None:
        dataset.is_undefined_length_sequence_item = True
        for element in dataset:
            if element.VR == "SQ":
                element.is_undefined_length = True


@variant(
    clause="PS3.4 B.4.1.3, note 4", peculiarity="attributes of the archive's own are added, private ones too"
)
class AddsAttributes(Rewrites):
    def change(self, dataset: Dataset) -> None:
        super().change(dataset)
        dataset.InstanceCoercionDateTime = "20240229093000"
        dataset.private_block(0x0029, "ARCHIVE", create=True).add_new(0x01, "LO", "received")


@variant(clause="PS3.4 B.4.1.1, note", peculiarity="private attributes without value are not stored")
class DropsEmptyPrivate(Rewrites):
    def change(self, dataset: Dataset) -> None:
        super().change(dataset)
        for tag in list(dataset.keys()):
            if tag.is_private and not tag.is_private_creator and dataset[tag].is_empty:
                del dataset[tag]


@variant(clause="PS3.4 B.4.1.3, note 4", peculiarity="text is converted to UTF-8, and declared so")
class ConvertsText(Rewrites):
    def change(self, dataset: Dataset) -> None:
        super().change(dataset)
        if "SpecificCharacterSet" in dataset:
            dataset.decode()
            everywhere(dataset, self.declare)
            dataset.SpecificCharacterSet = "ISO_IR 192"

    def declare(self, dataset: Dataset) -> None:
        if "SpecificCharacterSet" in dataset:
            dataset.SpecificCharacterSet = "ISO_IR 192"


@variant(clause="PS3.5 A.4", peculiarity="frames are kept in a fragment each, with a Basic Offset Table")
class FragmentPerFrame(Rewrites):
    def change(self, dataset: Dataset) -> None:
        super().change(dataset)
        if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
            count = int(dataset.get("NumberOfFrames") or 1)
            frames = list(generate_frames(dataset.PixelData, number_of_frames=count))
            dataset.PixelData = encapsulate(frames, has_bot=True)
            dataset["PixelData"].is_undefined_length = True


@variant(clause="PS3.4 C.4.2.2.1", peculiarity="native objects are sent in Implicit VR wherever it is taken")
class SendsImplicit(Semantics):
    def sending_syntax(self, stored: str, accepted: Sequence[str]) -> str | None:
        if stored in encoding.NATIVE and IMPLICIT in accepted:
            return IMPLICIT
        return super().sending_syntax(stored, accepted)


@variant(clause="PS3.4 B.3.1.2", peculiarity="Storage extended negotiation is answered: level 2, no coercion")
class AnswersLevel2(Semantics):
    def extended_negotiation(self, sop_class: str, offered: bytes) -> bytes | None:
        answer = super().extended_negotiation(sop_class, offered)
        return bytes((2, 0, 0, 0, 0, 0)) if answer is None and len(offered) == 6 else answer


@variant(clause="PS3.5 6.2", peculiarity="decimal and integer strings are written anew, as short as they go")
class RewritesNumbers(mutants.Rewrites):
    def change(self, dataset: Dataset) -> None:
        super().change(dataset)
        mutants.everywhere(dataset, shorten_numbers)


def shorten_numbers(dataset: Dataset) -> None:
    for element in dataset:
        if element.VR in ("DS", "IS") and not element.is_empty:
            values = element.value if element.VM > 1 else [element.value]
            element.value = [f"{float(value):.12g}" if str(value) else "" for value in values]
