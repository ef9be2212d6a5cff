"""One large object out, and back with a comparison as it comes."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from harness.bulk.comparing import Comparison, Verdict
from harness.bulk.objects import WORDS, LargeObject
from harness.bulk.ways import UNLIMITED, Ways, outcome_of
from harness.dimse.association import AcceptedContext
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import DimseError, NotAccepted
from harness.dimse.inbound import Sink
from harness.large import Leg, ObjectCarried, Outcome, Way
from harness.scu.get import get_with, open_for_get
from harness.scu.identifier import keys_of
from harness.scu.inbox import Received, answering
from harness.scu.move import move
from harness.scu.retrieve import Retrieval, keys_to
from harness.scu.session import Scu, Stored
from harness.scu.status import SUCCESS, describe, is_request, response_to, was_done
from harness.scu.store import store_request
from harness.scu.uids import UNCOMPRESSED, QueryLevel, Root

POLL = 0.5
"""Seconds between two tries to bring back what may not be found yet."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An object that a product was sent, in the transfer syntax that it was sent in, and the response."""

    large: LargeObject
    response: CommandSet
    leg: Leg

    @property
    def outcome(self) -> Outcome:
        """STORED, FULL or REFUSED."""
        status = self.response.integer("Status")
        if was_done(status):
            return Outcome.STORED
        return Outcome.FULL if status & 0xFF00 == 0xA700 else Outcome.REFUSED

    @property
    def words(self) -> str:
        """The status, where it is not Success."""
        return "" if self.response.integer("Status") == SUCCESS else f"C-STORE: {describe(self.response)}"


@dataclass(frozen=True, slots=True)
class Back:
    """What came back: how it ended, and the verdict on the object, None where it did not come."""

    way: Way
    retrieval: Retrieval
    verdict: Verdict | None
    leg: Leg
    transfer_syntax: str
    strangers: int
    """Objects that were not asked for, or came again."""


def syntaxes_for(large: LargeObject) -> tuple[tuple[str, ...], ...]:
    """The transfer syntaxes of the contexts to propose: its own, and for a native object the other one."""
    if large.transfer_syntax not in UNCOMPRESSED:
        return ((large.transfer_syntax,),)
    return tuple((syntax,) for syntax in UNCOMPRESSED)


def send(scu: Scu, large: LargeObject, *, fragment: int | None = None) -> Sent:
    """Store it on an association of its own, made while it is sent.  `fragment`: bytes of data in a PDV.

    A native one goes in Implicit VR where Explicit VR was not accepted.  Raises NotAccepted, DimseError.
    """
    sop_class = large.small.sop_class
    with scu.open(*((sop_class, syntaxes) for syntaxes in syntaxes_for(large))) as association:
        accepted = {one.transfer_syntax for one in association.accepted_contexts.values()}
        if large.transfer_syntax in UNCOMPRESSED and large.transfer_syntax not in accepted:
            large = large.encoded_in(next((one for one in UNCOMPRESSED if one in accepted), UNCOMPRESSED[0]))
        context = association.context_for(sop_class, large.transfer_syntax)
        request = store_request(association, sop_class, large.small.sop_instance_uid)
        begun = time.perf_counter()
        association.send_message(context.id, request, large.stream(), fragment=fragment)
        gone = time.perf_counter()
        response = response_to(request, association.receive_message())
        leg = Leg(time.perf_counter() - begun, gone - begun, large.length)
    sent = Sent(large, response, leg)
    if sent.outcome is Outcome.STORED:
        small = large.small
        study, patient = small.text("StudyInstanceUID"), small.text("PatientID")
        status = response.integer("Status")
        scu.on_stored(Stored(sop_class, small.sop_instance_uid, study, patient, status))
    return sent


class _Arrivals:
    """Chooses the sink of what arrives, and notes when it came."""

    def __init__(self, large: LargeObject) -> None:
        self._large = large
        self.comparison: Comparison | None = None
        self.transfer_syntax = ""
        self.strangers = 0
        self.first = self.last = 0.0

    def sink_of(self, context: AcceptedContext, command: CommandSet) -> Sink | None:
        if not is_request(command, Command.C_STORE_RQ):
            return None
        uid = command.get("AffectedSOPInstanceUID")
        if uid != self._large.small.sop_instance_uid or self.comparison is not None:
            self.strangers += 1
            return _Nowhere()
        self.first = self.last = time.perf_counter()
        self.transfer_syntax = context.transfer_syntax
        self.comparison = Comparison(self._large, context.transfer_syntax)
        return self.comparison

    def status_of(self, received: Received) -> int:
        self.last = time.perf_counter()
        return SUCCESS


class _Nowhere:
    """A sink for what is not looked at."""

    def write(self, data: memoryview) -> None:
        pass


def bring_back(ways: Ways, large: LargeObject, maximum_length: int = UNLIMITED) -> Back:
    """Retrieve it and compare it while it comes.  Raises NotAccepted where no way is left, DimseError.

    Where a C-GET fails C-MOVE is tried: a product need not agree to be the SCU of storage (PS3.7 D.3.3.4).
    """
    scu = ways.patient_for(large.length)
    failed: Back | None = None
    last = NotAccepted("", "the product has nothing to bring objects back with")
    for way, root in ways.back:
        if failed is not None and failed.way is way:
            continue
        try:
            back = _bring_back(ways, scu, way, root, large, maximum_length)
        except NotAccepted as error:
            last = error
            continue
        if back.verdict is not None or back.retrieval.status == SUCCESS:
            return back
        failed = failed or back
    if failed is None:
        raise last
    return failed


def _bring_back(ways: Ways, scu: Scu, way: Way, root: Root, large: LargeObject, maximum_length: int) -> Back:
    small = large.small
    arrivals = _Arrivals(large)
    keys = keys_to(root, [small])
    begun = time.perf_counter()
    if way is Way.GET:
        storage = [(small.sop_class, syntaxes) for syntaxes in syntaxes_for(large)]
        with open_for_get(scu, root, storage, maximum_length=maximum_length) as association:
            association.context_for(small.sop_class)
            begun = time.perf_counter()
            retrieval = get_with(
                association,
                root.get,
                keys_of(QueryLevel.IMAGE, keys),
                status_of=arrivals.status_of,
                sink_of=arrivals.sink_of,
            ).retrieval
            ended = time.perf_counter()
    else:
        if ways.destination is None:
            raise NotAccepted(root.move, "there is no destination of our own for C-MOVE")
        answer = answering(maximum_length=maximum_length)
        with ways.destination.inbox(
            status_of=arrivals.status_of, answer=answer, sink_of=arrivals.sink_of
        ) as inbox:
            retrieval = move(scu, root, QueryLevel.IMAGE, ways.destination.ae_title, keys)
            ended = time.perf_counter()
        if arrivals.comparison is None and (wrong := inbox.violation()) is not None:
            raise wrong
    comparison = arrivals.comparison
    return Back(
        way,
        retrieval,
        None if comparison is None else comparison.verdict(),
        Leg(ended - begun, arrivals.last - arrivals.first, 0 if comparison is None else comparison.length),
        arrivals.transfer_syntax,
        arrivals.strangers,
    )


def judged(back: Back, large: LargeObject) -> tuple[Outcome, str]:
    """What a retrieval says of an acknowledged object."""
    final = f"{back.way}: {describe(back.retrieval.final)}"
    status = back.retrieval.status
    if back.verdict is None:
        if status & 0xFF00 == 0xA700:
            return Outcome.FULL, final
        return (Outcome.LOST if status == SUCCESS else Outcome.NOT_BROUGHT), final
    words = [*back.verdict.altered, *back.verdict.remarks]
    if back.strangers:
        words.append(f"{back.strangers} objects came that were not asked for, or came again")
    if back.verdict.altered or back.strangers:
        return Outcome.ALTERED, "; ".join(words)
    if status != SUCCESS:
        return Outcome.NOT_BROUGHT, "; ".join([f"it came unchanged, and then {final}", *words])
    syntaxes = {back.transfer_syntax, large.transfer_syntax}
    is_judged = len(syntaxes) == 1 or syntaxes <= set(UNCOMPRESSED)
    return (Outcome.KEPT if is_judged else Outcome.NOT_JUDGED), "; ".join(words)


def brought_within(
    ways: Ways, large: LargeObject, maximum_length: int = UNLIMITED
) -> tuple[Back, Outcome, str]:
    """`bring_back` and its judgement; what is not found is tried again until it may be expected.

    Many products index behind the acknowledgement.
    """
    ends = time.monotonic() + ways.visible_within
    pause = threading.Event()
    while True:
        back = bring_back(ways, large, maximum_length)
        outcome, words = judged(back, large)
        if back.verdict is not None or outcome is Outcome.FULL or time.monotonic() >= ends:
            return back, outcome, words
        pause.wait(POLL)


def carried(ways: Ways, large: LargeObject) -> ObjectCarried:
    """Out and back.  Nothing that the product does raises; MisuseError and OSError are our own."""
    out: Leg | None = None
    back: Back | None = None
    try:
        sent = send(ways.patient_for(large.length), large)
        large, out = sent.large, sent.leg
        outcome, words = sent.outcome, sent.words
        if outcome is Outcome.STORED and ways.back:
            back, outcome, found = brought_within(ways, large)
            words = "; ".join(filter(None, (words, found)))
        elif outcome is Outcome.STORED:
            words = "; ".join(filter(None, (words, "the product has no C-GET, and no C-MOVE to us")))
    except DimseError as error:
        outcome, words = outcome_of(error, ways.scu)
        if outcome is Outcome.NOT_TAKEN and out is not None:
            outcome = Outcome.STORED
    return ObjectCarried(
        kind=str(large.kind),
        about=WORDS[large.kind],
        pieces=large.pieces,
        sop_instance_uid=large.small.sop_instance_uid,
        transfer_syntax=large.transfer_syntax,
        size=large.length,
        outcome=outcome,
        words=words,
        out=out,
        back=None if back is None else back.leg,
        way=Way.NONE if back is None else back.way,
    )
