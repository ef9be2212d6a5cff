"""Defects of C-MOVE; most are of what C-GET shares, and its requirements have to see them too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pydicom import dcmread, dcmwrite
from pydicom.encaps import encapsulate, generate_frames

from harness.archive import encoding, retrieve
from harness.archive.attributes import UNIQUE_KEYS, AttributeSet, Level, Root
from harness.archive.config import ArchiveConfig, Destination
from harness.archive.index import Instance, Selection
from harness.archive.requesting import NotAssociated, close
from harness.archive.semantics import Semantics
from harness.archive.status import CANCEL, SUCCESS, WARNING_SUBOPERATIONS, Answer, Refused
from tests.mutants.seed import mutant

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from harness.archive.association import ArchiveAssociation
    from harness.archive.negotiation import Role
    from harness.archive.retrieve import Progress
    from harness.archive.server import Archive
    from harness.archive.sopclasses import Service
    from harness.archive.storage import Staged

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
P_DATA, RELEASE_RQ, ABORT = 4, 5, 7
C_STORE_RQ = b"\0\0\0\1\2\0\0\0\1\0"
"""Command Field (0000,0100) of a C-STORE-RQ as it is encoded."""


# -- what is selected ------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.6.2.1.5",
    defect="objects that are no images are left out of a study",
    caught_by=("move.level.study", "get.level.study"),
)
class ImagesOnly(Semantics):
    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return [instance for instance in instances if instance.sop_class in (CT, MR)]


@mutant(
    clause="PS3.4 C.6.2.1.5",
    defect="a retrieval at SERIES level sends the whole study",
    caught_by=(
        "move.level.series",
        "get.level.series",
        "move.level.below-patient",
        "get.level.below-patient",
    ),
)
class SeriesIsStudy(Semantics):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        selection = super().retrieve_selection(root, level, identifier, relational)
        return replace(selection, series=()) if level is Level.SERIES else selection


@mutant(
    clause="PS3.4 C.6.2.1.5",
    defect="a retrieval at IMAGE level sends the whole series",
    caught_by=("move.level.image", "get.level.image"),
)
class ImageIsSeries(Semantics):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        return replace(super().retrieve_selection(root, level, identifier, relational), instances=())


@mutant(
    clause="PS3.4 C.6.1.1.6",
    defect="of several studies only one is sent",
    caught_by=("move.level.patient", "get.level.patient", "move.list.studies", "get.list.studies"),
)
class OneStudyOnly(Semantics):
    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return [instance for instance in instances if instance.study == instances[0].study]


@mutant(
    clause="PS3.4 C.4.2.2.1",
    defect="of a list of UIDs only the first is looked at",
    caught_by=("move.list.studies", "move.list.series", "move.list.instances", "get.list.series"),
)
class FirstOfList(Semantics):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        found = super().retrieve_selection(root, level, identifier, relational)
        return Selection(found.patients[:1], found.studies[:1], found.series[:1], found.instances[:1])


@mutant(
    clause="PS3.4 C.4.2.2.1",
    defect="a list of UIDs is cut at 1024 characters",
    caught_by=("move.list.instances", "get.list.instances"),
)
class ListIsCut(Semantics):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        found = super().retrieve_selection(root, level, identifier, relational)
        return replace(found, instances=tuple("\\".join(found.instances)[:1024].split("\\")))


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="a list with an unknown UID in it selects nothing, with Success",
    caught_by=("move.list.partly-unknown",),
)
class AllOrNothing(Semantics):
    wanted = 0

    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        found = super().retrieve_selection(root, level, identifier, relational)
        self.wanted = len(found.studies)
        return found

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return instances if len({instance.study for instance in instances}) == self.wanted else []


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="the keys of the levels above are not looked at",
    caught_by=("move.hierarchy.wrong-parent", "get.list.wrong-parent"),
)
class ParentIgnored(Semantics):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        found = super().retrieve_selection(root, level, identifier, relational)
        return replace(found, studies=()) if level in (Level.SERIES, Level.IMAGE) else found


@mutant(
    clause="PS3.4 C.2.2.1.1",
    defect="a unique key that is missing matches everything below the level above",
    caught_by=("move.level.unique-key-missing", "get.level.unique-key-missing"),
)
class MissingKeyMatchesAll(Semantics):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        key = identifier.get(UNIQUE_KEYS[level])
        if level in (Level.SERIES, Level.IMAGE) and (key is None or not any(key.values)):
            return Selection(studies=identifier.get(UNIQUE_KEYS[Level.STUDY]).values)  # type: ignore[union-attr]
        return super().retrieve_selection(root, level, identifier, relational)


@mutant(
    clause="PS3.4 C.4.2.1.4.1",
    defect="a level that is missing or unknown is taken for STUDY",
    caught_by=("move.level.missing", "get.level.missing"),
)
class LevelGuessed(Semantics):
    def level_of_request(self, root: Root, identifier: AttributeSet) -> Level:
        try:
            return super().level_of_request(root, identifier)
        except Refused:
            return Level.STUDY


# -- what is sent ----------------------------------------------------------------------------------


class _Reencoding(Semantics):
    """Sends in the native syntax that an object is not stored in, where there is a choice."""

    def choose_transfer_syntax(
        self, service: Service, syntaxes: Sequence[str], role: Role | None
    ) -> str | None:
        if role is not None and encoding.IMPLICIT_LITTLE in syntaxes:
            return encoding.IMPLICIT_LITTLE
        return super().choose_transfer_syntax(service, syntaxes, role)

    def sending_syntax(self, stored: str, accepted: Sequence[str]) -> str | None:
        return next((uid for uid in encoding.NATIVE if uid in accepted and uid != stored), None)


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="pixels are damaged on the way",
    caught_by=(
        "move.level.study",
        "get.level.study",
        "move.suboperation.compressed",
        "get.suboperation.compressed",
    ),
)
class PixelsDamaged(_Reencoding):
    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        return bytes((data[0] ^ 1,)) + data[1:] if len(data) >= 512 else data


@mutant(
    clause="PS3.5 A.4",
    defect="compressed frames are cut into fragments anew, and each loses its last two bytes",
    caught_by=("move.suboperation.compressed", "get.suboperation.compressed"),
)
class FramesCutShort(Semantics):
    def coerced(self, staged: Staged) -> Staged:
        dataset = dcmread(staged.path, force=True)
        if staged.transfer_syntax not in encoding.NATIVE and "PixelData" in dataset:
            count = int(dataset.get("NumberOfFrames") or 1)
            frames = [frame[:-2] for frame in generate_frames(dataset.PixelData, number_of_frames=count)]
            dataset.PixelData = encapsulate(frames, fragments_per_frame=2, has_bot=True)
            dataset["PixelData"].is_undefined_length = True
            dcmwrite(staged.path, dataset)
        return staged


@mutant(
    clause="PS3.4 B.4.1.1",
    defect="the value of an attribute is another one when the object comes back",
    caught_by=("move.level.every-element-kept", "get.level.every-element-kept"),
)
class AttributeChanged(_Reencoding):
    def sent_bytes(self, instance: Instance, data: bytes) -> bytes:
        return data.replace(b"Synthetic study", b"Synthetic STUDY")


@mutant(
    clause="PS3.7 9.3.1.1",
    defect="every sub-operation names the class of the first",
    caught_by=("move.suboperation.request-fields", "get.suboperation.right-context"),
)
class ClassOfTheFirst(Semantics):
    first = ""

    def store_request(self, command: Dataset) -> Dataset:
        self.first = self.first or str(command.AffectedSOPClassUID)
        command.AffectedSOPClassUID = self.first
        return command


@mutant(
    clause="PS3.7 9.1.1.1.7",
    defect="Move Originator Message ID is the C-STORE's own",
    caught_by=("move.suboperation.originator", "get.suboperation.no-originator"),
)
class OwnMessageId(Semantics):
    def store_request(self, command: Dataset) -> Dataset:
        command.MoveOriginatorMessageID = command.MessageID
        return command


@mutant(
    clause="PS3.4 C.4.2.1.2",
    defect="priorities change within a retrieval",
    caught_by=("move.suboperation.priority", "get.suboperation.priority"),
)
class PriorityChanges(Semantics):
    def store_request(self, command: Dataset) -> Dataset:
        command.Priority = command.MessageID % 3
        return command


@mutant(
    clause="PS3.7 9.1.4.1.4",
    defect="the priority of the move is not passed on",
    caught_by=("move.suboperation.priority-of-the-move",),
)
class PriorityLost(Semantics):
    def store_request(self, command: Dataset) -> Dataset:
        command.Priority = 0
        return command


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="one object is sent twice",
    caught_by=("move.suboperation.once-each", "move.level.study"),
)
class SentTwice(Semantics):
    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return instances + instances[:1]


@mutant(
    clause="PS3.5 10.1",
    defect="the default transfer syntax is not offered",
    caught_by=("move.suboperation.proposes-default-syntax",),
)
class NoDefaultSyntax(Semantics):
    def proposed_syntaxes(self, stored: str) -> tuple[tuple[str, ...], ...]:
        return ((stored,), (encoding.EXPLICIT_LITTLE,))


@mutant(
    clause="PS3.5 10.1",
    defect="a compressed object is not decompressed for who takes no compression",
    caught_by=("move.suboperation.decompresses", "get.suboperation.decompresses"),
)
class NeverDecompressed(Semantics):
    def sending_syntax(self, stored: str, accepted: Sequence[str]) -> str | None:
        chosen = super().sending_syntax(stored, accepted)
        return chosen if stored in encoding.NATIVE or chosen == stored else None


@mutant(
    clause="PS3.5 10.1",
    defect="an object goes in the uncompressed transfer syntax that it was stored in, or not at all",
    caught_by=("move.suboperation.default-syntax", "get.suboperation.default-syntax"),
)
class NeverConverted(Semantics):
    def sending_syntax(self, stored: str, accepted: Sequence[str]) -> str | None:
        chosen = super().sending_syntax(stored, accepted)
        return chosen if stored not in encoding.NATIVE or chosen == stored else None


@mutant(
    clause="PS3.8 D.1",
    defect="two P-DATA-TF PDUs go as one, beyond the peer's maximum length",
    caught_by=("move.suboperation.maximum-length",),
)
class TooLongPdus(Semantics):
    held = b""

    def outgoing_pdu(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA:
            return pdu
        if not self.held and pdu[11] & 3 == 0:
            self.held = pdu[6:]
            return b""
        body, self.held = self.held + pdu[6:], b""
        return bytes((P_DATA, 0)) + len(body).to_bytes(4, "big") + body


@mutant(
    clause="PS3.7 6.3.1",
    defect="every second C-STORE-RQ has a wrong group length",
    caught_by=("move.suboperation.legal",),
)
class WrongGroupLength(Semantics):
    stores = 0

    def outgoing_pdu(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA or C_STORE_RQ not in pdu:
            return pdu
        self.stores += 1
        return pdu[:20] + bytes((pdu[20] ^ 2,)) + pdu[21:] if self.stores % 2 == 0 else pdu


@mutant(
    clause="PS3.7 A.5",
    defect="A-ABORT stands for A-RELEASE-RQ",
    caught_by=("move.suboperation.released",),
)
class AbortForRelease(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        return bytes((ABORT, 0, 0, 0, 0, 4, 0, 0, 0, 0)) if pdu[0] == RELEASE_RQ else pdu


@mutant(
    clause="PS3.8 9.2.3",
    defect="the connection is closed where A-RELEASE-RQ is due",
    caught_by=("move.suboperation.not-cut", "move.suboperation.released"),
)
class CutForRelease(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        if pdu[0] == RELEASE_RQ:
            raise OSError("closed instead")
        return b"" if pdu[0] == ABORT else pdu


@mutant(
    clause="PS3.8 D.1",
    defect="a maximum length of 0 is taken for no room at all",
    caught_by=("move.suboperation.no-maximum-length",),
)
class NoRoom(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        opened = retrieve.open_association

        def open_association(
            archive: Archive, peer: Destination, contexts: Sequence[tuple[str, Sequence[str]]]
        ) -> ArchiveAssociation:
            association = opened(archive, peer, contexts)
            if not association.acceptor.maximum_length:
                close(association)
                raise NotAssociated("no room")
            return association

        retrieve.open_association = open_association


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="a C-STORE that is not answered within 0.3 s is given up, with all that follow",
    caught_by=("move.suboperation.slow-destination",),
)
class Impatient(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        patient = retrieve._status_of
        retrieve._status_of = lambda carrier, message_id, timeout: patient(carrier, message_id, 0.3)


@mutant(
    clause="PS3.5 10.1",
    defect="compressed objects are offered uncompressed alone",
    caught_by=("move.suboperation.proposes-stored-syntax",),
)
class OffersNative(Semantics):
    def proposed_syntaxes(self, stored: str) -> tuple[tuple[str, ...], ...]:
        return super().proposed_syntaxes(encoding.EXPLICIT_LITTLE)


# -- where to --------------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.4.2.1.5",
    defect="a destination that is unknown stands for the first that is known",
    caught_by=("move.destination.unknown", "move.destination.unknown-status"),
)
class AnyDestination(Semantics):
    def destination(self, ae_title: str) -> Destination | None:
        return super().destination(ae_title) or self.config.destinations[0]


@mutant(
    clause="PS3.4 C.4.2.1.5",
    defect="the refusal of an unknown destination has another status",
    caught_by=("move.destination.unknown-status",),
)
class UnknownIsUnable(Semantics):
    def destination(self, ae_title: str) -> Destination | None:
        found = super().destination(ae_title)
        if found is None:
            raise Refused(0xC001, "unable to process")
        return found


@mutant(
    clause="PS3.4 C.4.2.1.3",
    defect="the first destination is used for every other",
    caught_by=("move.destination.named-one",),
)
class FirstDestination(Semantics):
    def destination(self, ae_title: str) -> Destination | None:
        return super().destination(ae_title) and self.config.destinations[0]


@mutant(
    clause="PS3.4 C.4.2.1.3",
    defect="the destination is called by another AE title",
    caught_by=("move.destination.title-is-called",),
)
class WrongTitle(Semantics):
    def destination(self, ae_title: str) -> Destination | None:
        found = super().destination(ae_title)
        return found and replace(found, ae_title="STORESCP")


@mutant(
    clause="PS3.4 C.4.2",
    defect="the objects of a move are sent on its own association",
    caught_by=("move.suboperation.other-association",),
)
class MovesHere(Semantics):
    def moves_elsewhere(self) -> bool:
        return False


@mutant(
    clause="PS3.4 C.4.2.1.3",
    defect="the destination of a move that is under way is that of the next one too",
    caught_by=("move.parallel.two-destinations",),
)
class OneDestinationAtATime(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.current: Destination | None = None

    def destination(self, ae_title: str) -> Destination | None:
        self.current = self.current or super().destination(ae_title)
        return self.current

    def retrieve_final(self, progress: Progress) -> Answer:
        self.current = None
        return super().retrieve_final(progress)


@mutant(
    clause="PS3.4 C.4.2.1.3",
    defect="a destination to which something could not be sent is forgotten",
    caught_by=("move.destination.works-again",),
)
class ForgetsDestination(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.has_failed = False

    def destination(self, ae_title: str) -> Destination | None:
        return None if self.has_failed else super().destination(ae_title)

    def retrieve_final(self, progress: Progress) -> Answer:
        self.has_failed = self.has_failed or progress.failed > 0
        return super().retrieve_final(progress)


# -- how it ends -----------------------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="the final status is always Success",
    caught_by=(
        "move.status.some-fail",
        "move.status.all-fail",
        "move.status.warnings-counted",
        "move.destination.unreachable",
        "move.destination.rejects-association",
        "move.destination.rejects-for-now",
        "move.destination.aborts-association",
        "move.destination.aborts-midway",
        "move.context.class-not-accepted",
        "get.status.some-fail",
        "get.status.all-fail",
        "get.status.warnings-counted",
        "get.context.missing-class",
        "get.role.without-negotiation",
    ),
)
class AlwaysSuccess(Semantics):
    def retrieve_final(self, progress: Progress) -> Answer:
        return Answer(SUCCESS)


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="the final status is always Warning",
    caught_by=(
        "move.status.all-succeed",
        "move.status.all-fail",
        "move.destination.rejects-association",
        "move.destination.aborts-association",
        "get.status.all-succeed",
        "get.status.all-fail",
    ),
)
class AlwaysWarning(Semantics):
    def retrieve_final(self, progress: Progress) -> Answer:
        return Answer(WARNING_SUBOPERATIONS)


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="a warning of a sub-operation counts as completed",
    caught_by=("move.status.warnings-counted", "get.status.warnings-counted"),
)
class WarningsAreSuccess(Semantics):
    def outcome_of(self, status: int) -> str:
        outcome = super().outcome_of(status)
        return "completed" if outcome == "warning" else outcome


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="a warning of a sub-operation counts as failed",
    caught_by=(
        "move.status.warnings-counted",
        "get.status.warnings-counted",
        "move.status.failed-list",
        "get.status.failed-list",
    ),
)
class WarningsAreFailures(Semantics):
    def outcome_of(self, status: int) -> str:
        outcome = super().outcome_of(status)
        return "failed" if outcome == "warning" else outcome


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="an object for which there was no room counts as completed",
    caught_by=("move.status.out-of-resources",),
)
class NoRoomIsSuccess(Semantics):
    def outcome_of(self, status: int) -> str:
        return "completed" if status & 0xFF00 == 0xA700 else super().outcome_of(status)


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="after the first refusal nothing more is sent",
    caught_by=("move.status.goes-on", "get.status.goes-on"),
)
class GivesUp(Semantics):
    refused = False

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        self.refused = False
        return instances

    def outcome_of(self, status: int) -> str:
        outcome = super().outcome_of(status)
        self.refused = self.refused or outcome == "failed"
        return outcome

    def sending_syntax(self, stored: str, accepted: Sequence[str]) -> str | None:
        return None if self.refused else super().sending_syntax(stored, accepted)


@mutant(
    clause="PS3.4 C.4.2.1.4.2",
    defect="there is no list of failed objects",
    caught_by=(
        "move.status.failed-list",
        "get.status.failed-list",
        "move.context.class-not-accepted",
        "get.context.missing-class",
    ),
)
class NoFailedList(Semantics):
    def failed_list(self, progress: Progress) -> tuple[str, ...]:
        return ()


@mutant(
    clause="PS3.4 C.4.2.1.4.2",
    defect="a Success has an Identifier as well",
    caught_by=("move.status.no-list-without-failure", "get.status.no-dataset-otherwise"),
)
class ListAnyway(Semantics):
    def failed_list(self, progress: Progress) -> tuple[str, ...]:
        return super().failed_list(progress) or ("2.25.1",)


@mutant(
    clause="PS3.4 C.4.2.1.6",
    defect="a pending response lacks the number of remaining sub-operations",
    caught_by=("move.pending.counters", "get.pending.counters", "move.pending.sum"),
)
class NoRemaining(Semantics):
    def counts(self, progress: Progress, *, final: bool, status: int) -> dict[str, int]:
        counts = super().counts(progress, final=final, status=status)
        counts.pop("NumberOfRemainingSuboperations", None)
        return counts


@mutant(
    clause="PS3.4 C.4.2.1.6",
    defect="the remaining sub-operations are counted upwards",
    caught_by=("move.pending.counters", "get.pending.counters"),
)
class RemainingRises(Semantics):
    def counts(self, progress: Progress, *, final: bool, status: int) -> dict[str, int]:
        counts = super().counts(progress, final=final, status=status)
        if not final:
            counts |= {
                "NumberOfRemainingSuboperations": progress.done,
                "NumberOfCompletedSuboperations": progress.remaining,
            }
        return counts


@mutant(
    clause="PS3.4 C.4.2.1.6",
    defect="the number of remaining sub-operations is one short",
    caught_by=("move.pending.sum",),
)
class OneShort(Semantics):
    def counts(self, progress: Progress, *, final: bool, status: int) -> dict[str, int]:
        counts = super().counts(progress, final=final, status=status)
        if not final:
            counts["NumberOfRemainingSuboperations"] -= 1
        return counts


@mutant(
    clause="PS3.4 C.4.2.1.6",
    defect="the final response has a number of remaining sub-operations, 0",
    caught_by=("move.pending.no-remaining-at-end", "get.pending.no-remaining-at-end"),
)
class RemainingAtEnd(Semantics):
    def counts(self, progress: Progress, *, final: bool, status: int) -> dict[str, int]:
        return super().counts(progress, final=final, status=status) | {
            "NumberOfRemainingSuboperations": progress.remaining
        }


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="the final response has no counts",
    caught_by=("move.status.counts-are-given", "get.status.counts-are-given"),
)
class NoCounts(Semantics):
    def counts(self, progress: Progress, *, final: bool, status: int) -> dict[str, int]:
        return {} if final else super().counts(progress, final=final, status=status)


@mutant(
    clause="PS3.4 C.4.2.1.7",
    defect="the final response counts one object more than was sent",
    caught_by=(
        "move.status.all-succeed",
        "get.status.all-succeed",
        "move.zero.matches",
        "get.zero.matches",
    ),
)
class OneTooMany(Semantics):
    def counts(self, progress: Progress, *, final: bool, status: int) -> dict[str, int]:
        counts = super().counts(progress, final=final, status=status)
        counts["NumberOfCompletedSuboperations"] += final
        return counts


# -- cancel and what comes after -------------------------------------------------------------------


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="C-CANCEL is ignored",
    caught_by=(
        "move.cancel.status",
        "get.cancel.status",
        "get.cancel.during-suboperation",
        "find.cancel.interrupts",
    ),
)
class CancelIgnored(Semantics):
    def obeys_cancel(self) -> bool:
        return False

    def cancelled(self) -> Answer:
        return Answer(SUCCESS)


@mutant(
    clause="PS3.4 C.4.2.3.1",
    defect="a retrieval that was cancelled ends as Success",
    caught_by=("move.cancel.status", "get.cancel.status", "get.cancel.during-suboperation"),
)
class CancelIsSuccess(Semantics):
    def cancelled(self) -> Answer:
        return Answer(SUCCESS)


@mutant(
    clause="PS3.7 9.1.4.2",
    defect="a cancelled retrieval leaves the next one cancelled",
    caught_by=("move.cancel.association-lives-on", "get.cancel.association-lives-on"),
)
class CancelStays(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.was_cancelled = False

    def cancelled(self) -> Answer:
        self.was_cancelled = True
        return Answer(CANCEL)

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return [] if self.was_cancelled else instances


@mutant(
    clause="PS3.7 A.6",
    defect="a retrieval whose requestor has gone blocks every other for ever",
    caught_by=("move.requestor.gone", "get.abort.during-suboperation"),
)
class WorkerLeaks(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self.busy = False

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        if self.busy:
            raise Refused(0xA701, "a retrieval is under way")
        self.busy = True
        return instances

    def retrieve_final(self, progress: Progress) -> Answer:
        self.busy = False
        return super().retrieve_final(progress)

    def cancelled(self) -> Answer:
        self.busy = False
        return super().cancelled()
