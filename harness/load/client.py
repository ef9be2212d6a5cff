"""One client of a load: it asks one thing after the other, and notes how long each part took.

It never tries again: a rejection or a silence is what the load is to count.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import (
    AssociationRejected,
    ConnectionClosed,
    DimseError,
    NoAnswer,
    NotAccepted,
    PeerAborted,
    Unreachable,
)
from harness.dimse.negotiation import RoleSelection
from harness.load.measuring import STUDY, Phase, Sample
from harness.load.sink import Glance, Results
from harness.load.supply import Study, Template
from harness.load.workload import Commit, Echo, Find, Get, Kept, Move, Operation, Store
from harness.scu.asking import ask
from harness.scu.commitment import Action, Reference, action_information, send_action
from harness.scu.echo import NO_DATA_SET
from harness.scu.find import find_request
from harness.scu.identifier import encode_identifier, keys_of
from harness.scu.inbox import received_from, store_response
from harness.scu.retrieve import counts_of
from harness.scu.session import Peer, Proposal, Scu
from harness.scu.status import PENDING, SUCCESS, is_request, response_to, was_done
from harness.scu.uids import STORAGE_COMMITMENT_PUSH, VERIFICATION, QueryLevel, Root

Note = Callable[[Sample], None]
NotePhase = Callable[[str, Phase, float], None]
Clock = Callable[[], float]


class Refused(Exception):
    """An answer whose status is neither success nor warning."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation of the workload, with what it is about."""

    operation: Operation
    due: float
    """When it was to start, on the load's clock."""
    study: Study
    """To be stored, or of the population."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A final response, and how much came before it."""

    response: CommandSet
    bytes: int
    number: int
    """Of objects or matches."""


@dataclass
class Client:
    """Asks on associations of its own."""

    peer: Peer
    proposals: Sequence[Proposal]
    """For associations that are kept for all that a client does."""
    kept: Kept
    quickack: bool
    templates: dict[str, Template]
    population: tuple[Template, int] | None
    """What the population's studies are made of, and how many objects each has."""
    sink: Results | None
    """Of the destination that moved objects and results of storage commitment come to."""
    note: Note
    note_phase: NotePhase
    new_uid: Callable[[], str]
    acknowledge: Callable[[Store, Study, int], None] = lambda store, study, index: None
    """An object of a study was acknowledged, as all before it were."""
    clock: Clock = time.perf_counter
    _association: Association | None = field(default=None, repr=False)

    def do(self, asked: Asked) -> None:
        """Ask, and note what came of it.  Raises only what is no fault of the product's."""
        one = asked.operation
        if isinstance(one, Store):
            self._store(one, asked)
            return
        name = str(one.__struct_config__.tag)
        size = objects = 0
        error = ""
        try:
            with self._line(name, one) as association:
                size, objects = self._ask(association, name, asked)
        except (DimseError, Refused) as problem:
            error = kind_of(problem)
        ended = self.clock()
        self.note(Sample(name, ended, ended - asked.due, error, size, objects))

    def end(self) -> None:
        """Release what is kept."""
        if self._association is not None:
            with contextlib.suppress(DimseError):
                self._association.release()
            self._association.close()
            self._association = None

    # ------------------------------------------------------------ associations

    @contextlib.contextmanager
    def _line(self, name: str, operation: Operation) -> Iterator[Association]:
        """An association: the kept one, or one released at the end; aborted where anything goes wrong."""
        kept = self._is_kept(operation)
        association = self._association if kept else None
        if association is None or not association.established:
            association = self._open(name, operation)
        if kept:
            self._association = association
        try:
            yield association
        except Refused:
            raise  # an answer all the same: the association is as good as before
        except BaseException:
            association.abort()
            raise
        finally:
            if not kept and association.established:
                self._release(name, association)

    def _is_kept(self, operation: Operation) -> bool:
        # The result of a commitment goes to who called, so that its association is called in the sink's name.
        return self.kept is Kept.CLIENT and not isinstance(operation, Commit)

    def _release(self, name: str, association: Association) -> None:
        began = self.clock()
        try:
            association.release()
        except DimseError:
            association.abort()
        else:
            self.note_phase(name, Phase.RELEASE, self.clock() - began)
        finally:
            association.close()

    def _open(self, name: str, operation: Operation) -> Association:
        began = self.clock()
        association = Association.connect(
            self.peer.address,
            deadline=self.peer.deadline,
            tls=self.peer.tls,
            server_hostname=self.peer.server_hostname,
            quickack=self.quickack,
        )
        self.note_phase(name, Phase.CONNECT, self.clock() - began)
        began = self.clock()
        proposals = self.proposals if self._is_kept(operation) else self.proposals_of(operation)
        calling = self.sink.ae_title if self.sink and isinstance(operation, Commit) else None
        try:
            # 0: as long as the product likes (PS3.8 D.1), which is quickest.
            association.negotiate(
                Scu(self.peer).request(
                    *proposals, calling=calling, maximum_length=0, roles=self._roles(proposals)
                )
            )
        except BaseException:
            association.abort()
            raise
        self.note_phase(name, Phase.NEGOTIATE, self.clock() - began)
        return association

    def proposals_of(self, operation: Operation) -> list[Proposal]:
        """The presentation contexts that an operation needs."""
        match operation:
            case Echo():
                return [VERIFICATION]
            case Store():
                template = self.templates[operation.dataset]
                return [*template.proposals]
            case Find():
                return [operation.root.find]
            case Move():
                return [Root.STUDY.move]
            case Get():
                assert self.population is not None
                template, _ = self.population
                return [Root.STUDY.get, *template.proposals]
            case Commit():
                return [STORAGE_COMMITMENT_PUSH]

    def _roles(self, proposals: Sequence[Proposal]) -> tuple[RoleSelection, ...]:
        """C-GET brings objects to who is their SCP (PS3.4 C.5.3)."""
        if Root.STUDY.get not in proposals:
            return ()
        classes = {one[0] for one in proposals if not isinstance(one, str)}
        return tuple(RoleSelection(sop_class, 1, 1) for sop_class in sorted(classes))

    # ------------------------------------------------------------ operations

    def _store(self, store: Store, asked: Asked) -> None:
        """A study, object by object; each is a sample, and the whole one too."""
        template = self.templates[store.dataset]
        done = 0
        error = ""
        began = asked.due
        try:
            with self._line("store", store) as association:
                context = association.context_for(template.sop_class, template.transfer_syntax)
                for sop_uid, buffers in template.objects(asked.study, store.objects, store.series):
                    request = CommandSet.of(
                        AffectedSOPClassUID=template.sop_class,
                        CommandField=int(Command.C_STORE_RQ),
                        MessageID=association.next_message_id(),
                        Priority=0,
                        CommandDataSetType=0x0001,
                        AffectedSOPInstanceUID=sop_uid,
                    )
                    sent = self.clock()
                    association.send_message(context.id, request, buffers)
                    self._final(association, "store", request, sent)
                    ended = self.clock()
                    self.acknowledge(store, asked.study, done)
                    # The first waits for the association too; the others follow each other without a pause.
                    self.note(Sample("store", ended, ended - began, "", len(template), 1))
                    began = ended
                    done += 1
        except (DimseError, Refused) as problem:
            error = kind_of(problem)
            ended = self.clock()
            self.note(Sample("store", ended, ended - began, error))
        ended = self.clock()
        self.note(Sample(STUDY, ended, ended - asked.due, error, done * len(template), done))

    def _ask(self, association: Association, name: str, asked: Asked) -> tuple[int, int]:
        """Bytes and objects that came."""
        match asked.operation:
            case Echo():
                return self._echo(association, name)
            case Find() as find:
                return self._find(association, name, find, asked.study)
            case Move() as move:
                return self._move(association, name, move, asked.study)
            case Get() as get:
                return self._get(association, name, get, asked.study)
            case Commit():
                return self._commit(association, name, asked.study)
        raise ValueError(f"{asked.operation} is asked elsewhere")

    def _echo(self, association: Association, name: str) -> tuple[int, int]:
        request = CommandSet.of(
            AffectedSOPClassUID=VERIFICATION,
            CommandField=int(Command.C_ECHO_RQ),
            MessageID=association.next_message_id(),
            CommandDataSetType=NO_DATA_SET,
        )
        sent = self.clock()
        association.send_message(association.context_for(VERIFICATION).id, request)
        self._final(association, name, request, sent)
        return 0, 0

    def _find(self, association: Association, name: str, find: Find, study: Study) -> tuple[int, int]:
        values = study.values()
        keys = {keyword: text.format_map(values) for keyword, text in find.keys.items()}
        context = association.context_for(find.root.find)
        identifier = encode_identifier(keys_of(find.level, keys), context.transfer_syntax)
        request = find_request(association, find.root.find)
        sent = self.clock()
        association.send_message(context.id, request, identifier)
        answer = self._final(association, name, request, sent)
        return answer.bytes, answer.number

    def _move(self, association: Association, name: str, move: Move, study: Study) -> tuple[int, int]:
        assert self.sink is not None
        sent = self.clock()
        request = ask(
            association,
            Root.STUDY.move,
            Command.C_MOVE_RQ,
            self._identifier(move.level, study),
            AffectedSOPClassUID=Root.STUDY.move,
            Priority=0,
            MoveDestination=self.sink.ae_title,
        )
        answer = self._final(association, name, request, sent)
        moved = counts_of(answer.response).completed or 0
        size = len(self.population[0]) if self.population else 0
        return moved * size, moved

    def _get(self, association: Association, name: str, get: Get, study: Study) -> tuple[int, int]:
        sent = self.clock()
        request = ask(
            association,
            Root.STUDY.get,
            Command.C_GET_RQ,
            self._identifier(get.level, study),
            AffectedSOPClassUID=Root.STUDY.get,
            Priority=0,
        )
        answer = self._final(association, name, request, sent)
        return answer.bytes, answer.number

    def _commit(self, association: Association, name: str, study: Study) -> tuple[int, int]:
        assert self.sink is not None
        assert self.population is not None
        template, number = self.population
        transaction = self.new_uid()
        references = [Reference(template.sop_class, study.sop_uid(index)) for index in range(number)]
        sent = self.clock()
        with self.sink.result_of(transaction) as result:
            request = send_action(association, Action(action_information(transaction, references)))
            self._final(association, name, request, sent)
            self._release(name, association)  # so that the result needs an association of its own
            if not result.wait(self.peer.deadline):
                raise NoAnswer(self.peer.deadline, "the result of storage commitment")
        return 0, number

    def _identifier(self, level: QueryLevel, study: Study) -> Any:
        keys: dict[str, Any] = {"StudyInstanceUID": study.study_uid}
        if level in (QueryLevel.SERIES, QueryLevel.IMAGE):
            keys["SeriesInstanceUID"] = study.series_uid()
        if level is QueryLevel.IMAGE:
            keys["SOPInstanceUID"] = study.sop_uid(0)
        return keys_of(level, keys)

    def _final(self, association: Association, name: str, request: CommandSet, sent: float) -> Answer:
        """Read to the final response.  Raises Refused."""
        connection = association.connection
        connection.first_heard = None
        size = number = 0
        glance = Glance()
        while True:
            message = association.receive_message(sink=glance)
            glance.taken()
            size += message.dataset_length
            if is_request(message.command, Command.C_STORE_RQ):
                number += 1
                association.send_message(
                    message.context_id, store_response(received_from(association, message), SUCCESS)
                )
                continue
            response = response_to(request, message)
            if response.integer("Status") not in PENDING:
                break
            number += message.dataset_length > 0
        ended = self.clock()
        if connection.first_heard is not None:
            self.note_phase(name, Phase.FIRST_BYTE, connection.first_heard - sent)
        self.note_phase(name, Phase.RESPONSE, ended - sent)
        status = response.integer("Status")
        if not was_done(status):
            raise Refused(status)
        return Answer(response, size, number)


def kind_of(problem: DimseError | Refused) -> str:
    """What went wrong in a word or two, so that it can be counted."""
    match problem:
        case Refused():
            return f"status {problem.status:04X}H"
        case AssociationRejected():
            return "rejected for now" if problem.transient else "rejected"
        case Unreachable():
            return problem.kind.value
        case PeerAborted():
            return "aborted"
        case ConnectionClosed():
            return "connection lost"
        case NoAnswer():
            return "no answer"
        case NotAccepted():
            return "presentation context not accepted"
    return "protocol violated"
