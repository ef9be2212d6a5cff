"""Legal peculiarities of C-MOVE; most are of what C-GET shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydicom import dcmread, dcmwrite
from pydicom.encaps import encapsulate, generate_frames

from harness.archive import encoding
from harness.archive.index import Instance
from harness.archive.semantics import Semantics
from harness.archive.status import Answer
from tests.variants.seed import variant

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from harness.archive.retrieve import Progress
    from harness.archive.storage import Staged

RLE = "1.2.840.10008.1.2.5"
"""Each frame has one fragment (PS3.5 A.4.2)."""


@variant(clause="PS3.4 C.4.2.3.1", peculiarity="no pending responses during a retrieval")
class NoPending(Semantics):
    def sends_pending(self) -> bool:
        return False


@variant(clause="PS3.4 C.4.2.1.7", peculiarity="final responses have no counts")
class NoFinalCounts(Semantics):
    def counts(self, progress: Progress, *, final: bool, status: int) -> dict[str, int]:
        return {} if final else super().counts(progress, final=final, status=status)


@variant(
    clause="PS3.7 9.3.1.1", peculiarity="sub-operations don't say who asked for the move, nor its priority"
)
class NoOriginator(Semantics):
    def store_request(self, command: Dataset) -> Dataset:
        for keyword in ("MoveOriginatorApplicationEntityTitle", "MoveOriginatorMessageID"):
            if keyword in command:
                delattr(command, keyword)
        command.Priority = 2
        return command


@variant(clause="PS3.4 C.4.2.1.5", peculiarity="where nothing could be sent the status is one of Cxxx")
class UnableToProcess(Semantics):
    def retrieve_final(self, progress: Progress) -> Answer:
        if progress.failed and not progress.completed and not progress.warning:
            return Answer(0xC4AB, "unable to process")
        return super().retrieve_final(progress)


@variant(
    clause="PS3.5 10.1",
    peculiarity="everything is sent in Implicit VR Little Endian, last object first",
    alone=True,
)
class DefaultSyntaxOnly(Semantics):
    def proposed_syntaxes(self, stored: str) -> tuple[tuple[str, ...], ...]:
        return ((encoding.IMPLICIT_LITTLE,),)

    def sending_syntax(self, stored: str, accepted: Sequence[str]) -> str | None:
        if encoding.IMPLICIT_LITTLE in accepted:
            return encoding.IMPLICIT_LITTLE
        return super().sending_syntax(stored, accepted)

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return instances[::-1]


@variant(clause="PS3.4 C.4.2.3.1", peculiarity="a move that selects nothing is refused")
class NothingIsRefused(Semantics):
    def retrieve_final(self, progress: Progress) -> Answer:
        return super().retrieve_final(progress) if progress.done else Answer(0xC001, "nothing is there")


@variant(
    clause="PS3.5 8.2, note", peculiarity="compressed frames are cut into three fragments each, no table"
)
class CutsFrames(Semantics):
    def coerced(self, staged: Staged) -> Staged:
        if staged.transfer_syntax in (*encoding.NATIVE, RLE):
            return staged
        dataset = dcmread(staged.path)
        if "PixelData" in dataset and dataset["PixelData"].is_undefined_length:
            count = int(dataset.get("NumberOfFrames") or 1)
            frames = list(generate_frames(dataset.PixelData, number_of_frames=count))
            dataset.PixelData = encapsulate(frames, fragments_per_frame=3, has_bot=False)
            dataset["PixelData"].is_undefined_length = True
            dcmwrite(staged.path, dataset)
        return staged
