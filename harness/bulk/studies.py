"""A study of very many small objects: stored on one association, counted, brought back at once, compared."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from pydicom import Dataset

from harness.bulk.carrying import POLL
from harness.bulk.ways import UNLIMITED, Ways, outcome_of
from harness.dimse.association import AcceptedContext
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import DecodeError, DimseError, NotAccepted
from harness.dimse.inbound import Sink
from harness.large import Leg, Outcome, StudyCarried, Way
from harness.load.fitting import fitted_dataset
from harness.load.supply import Study, Template, template_of
from harness.load.workload import DatasetRecipe
from harness.scu.find import find
from harness.scu.get import get_with, open_for_get
from harness.scu.identifier import keys_of
from harness.scu.inbox import Received, answering
from harness.scu.kept import changes
from harness.scu.move import move
from harness.scu.retrieve import Retrieval
from harness.scu.session import Scu, Stored
from harness.scu.status import SUCCESS, describe, is_request, was_done
from harness.scu.store import store_dataset
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance

MOST_INSTANCES = 65535
"""The counts of sub-operations are US (PS3.7 9.3.3.2): more could not be counted in one retrieval."""
SIDE = 16
"""Rows and columns of an object."""
_SECONDS_EACH = 0.05
"""That a product may take for each object until it is said to be silent, beside the deadline."""
_NAMED = 3
_RELATED = "NumberOfStudyRelatedInstances"


def study_template(root: str, scu: Scu | None = None) -> Template:
    """What the objects of such a study are made from, for a product: in what it takes."""
    recipe = DatasetRecipe(rows=SIDE, columns=SIDE)
    return template_of(recipe if scu is None else fitted_dataset(scu, recipe, root), root)


@dataclass
class _Progress:
    """What has become of the study so far."""

    stored: int = 0
    found: int | None = None
    counted: int | None = None
    out: Leg | None = None
    back: Leg | None = None
    find_seconds: float | None = None
    way: Way = Way.NONE
    words: list[str] = field(default_factory=list)


class _Arrivals:
    """Compares objects one by one as they come; several associations may bring them."""

    def __init__(self, template: Template, study: Study, instances: int) -> None:
        self._template = template
        self._study = study
        self._awaited = {study.sop_uid(index): index for index in range(instances)}
        self._coming: dict[str, bytearray] = {}
        self.brought = self.unchanged = self.strangers = self.bytes = 0
        self.wrong: list[str] = []

    def sink_of(self, context: AcceptedContext, command: CommandSet) -> Sink | None:
        if not is_request(command, Command.C_STORE_RQ):
            return None
        buffer = self._coming[command.string("AffectedSOPInstanceUID")] = bytearray()
        return _Kept(buffer)

    def status_of(self, received: Received) -> int:
        uid = received.sop_instance_uid
        data = bytes(self._coming.pop(uid, b""))
        self.bytes += len(data)
        index = self._awaited.pop(uid, None)
        if index is None:
            self.strangers += 1
            return SUCCESS
        self.brought += 1
        words = self._difference(index, data, received)
        if not words:
            self.unchanged += 1
        elif len(self.wrong) < _NAMED:
            self.wrong.append(f"instance {index + 1}: {words}")
        return SUCCESS

    def _difference(self, index: int, data: bytes, received: Received) -> str:
        wanted = self._template.object_at(self._study, index)
        if received.transfer_syntax == self._template.transfer_syntax and data == wanted:
            return ""
        uid = received.sop_instance_uid
        sent = SyntheticInstance(
            self._template.sop_class, uid, self._template.transfer_syntax, wanted, Dataset()
        )
        came = Received(received.sop_class, uid, received.transfer_syntax, data, received.command, 0)
        try:
            found = changes(sent, came)
        except DecodeError as error:
            return str(error)
        return f"{len(found)} differences, first {found[0]}" if found else ""


class _Kept:
    """A sink into memory, for small objects."""

    def __init__(self, buffer: bytearray) -> None:
        self._buffer = buffer

    def write(self, data: memoryview) -> None:
        self._buffer += data


def carried_study(ways: Ways, root: str, instances: int, number: int = 0) -> StudyCarried:
    """The whole of it; `number` tells studies of one root apart.  Nothing that the product does raises."""
    template, study = study_template(root, ways.scu), Study(root, number, number)
    progress = _Progress()
    arrivals = _Arrivals(template, study, instances)
    try:
        outcome = _store(ways, template, study, instances, progress)
        if outcome is Outcome.STORED:
            outcome = _find_and_fetch(ways, template, study, instances, progress, arrivals)
    except DimseError as error:
        outcome, words = outcome_of(error, ways.scu)
        if outcome is Outcome.NOT_TAKEN and progress.stored:
            outcome = Outcome.STORED
        progress.words.append(words)
    return StudyCarried(
        instances=instances,
        size=len(template),
        outcome=outcome,
        words="; ".join(progress.words),
        stored=progress.stored,
        found=progress.found,
        counted=progress.counted,
        brought=arrivals.brought,
        unchanged=arrivals.unchanged,
        out=progress.out,
        back=progress.back,
        find_seconds=progress.find_seconds,
        way=progress.way,
    )


def _store(ways: Ways, template: Template, study: Study, instances: int, progress: _Progress) -> Outcome:
    begun = time.perf_counter()
    with ways.scu.open(*template.proposals) as association:
        for uid, buffers in template.objects(study, instances):
            response = store_dataset(
                association,
                buffers,
                sop_class=template.sop_class,
                sop_instance_uid=uid,
                transfer_syntax=template.transfer_syntax,
            )
            status = response.integer("Status")
            if not was_done(status):
                progress.words.append(f"instance {progress.stored + 1}: {describe(response)}")
                return Outcome.FULL if status & 0xFF00 == 0xA700 else Outcome.REFUSED
            ways.scu.on_stored(Stored(template.sop_class, uid, study.study_uid, study.patient_id, status))
            progress.stored += 1
            seconds = time.perf_counter() - begun
            progress.out = Leg(seconds, seconds, progress.stored * len(template))
    return Outcome.STORED


def _find_and_fetch(
    ways: Ways, template: Template, study: Study, instances: int, progress: _Progress, arrivals: _Arrivals
) -> Outcome:
    """Count what is there, then all of it back.  A product without queries is not asked."""
    try:
        _count(ways, study, instances, progress)
    except NotAccepted as error:
        progress.words.append(str(error))
    if not ways.back:
        progress.words.append("the product has no C-GET, and no C-MOVE to us")
        return _lost(progress, instances) or Outcome.STORED
    retrieval = _fetch(ways, template, study, instances, progress, arrivals)
    progress.words += arrivals.wrong
    if arrivals.strangers:
        progress.words.append(f"{arrivals.strangers} objects came that were not asked for, or came again")
    if arrivals.unchanged < arrivals.brought or arrivals.strangers:
        return Outcome.ALTERED
    if arrivals.brought < instances:
        progress.words.append(
            f"{instances - arrivals.brought:,} did not come back; {describe(retrieval.final)}"
        )
        return Outcome.LOST if retrieval.status == SUCCESS else Outcome.NOT_BROUGHT
    return _lost(progress, instances) or Outcome.KEPT


def _lost(progress: _Progress, instances: int) -> Outcome | None:
    """LOST where a query finds fewer, or counts others, than were stored."""
    counts = [one for one in (progress.found, progress.counted) if one is not None]
    return Outcome.LOST if any(one != instances for one in counts) else None


def _count(ways: Ways, study: Study, instances: int, progress: _Progress) -> None:
    """By C-FIND at IMAGE level, and by Number of Study Related Instances, until they are right or late."""
    scu = ways.waiting(instances * _SECONDS_EACH)
    ends = time.monotonic() + ways.visible_within
    pause = threading.Event()
    above = {"StudyInstanceUID": study.study_uid, "SeriesInstanceUID": study.series_uid()}
    while True:
        begun = time.perf_counter()
        matches = find(scu, Root.STUDY, QueryLevel.IMAGE, above, SOPInstanceUID=None).require_success()
        progress.find_seconds = time.perf_counter() - begun
        progress.found = len(set(matches.texts("SOPInstanceUID")))
        asked = {"StudyInstanceUID": study.study_uid, _RELATED: None}
        told = find(scu, Root.STUDY, QueryLevel.STUDY, asked).require_success().identifiers
        text = told[0].text(_RELATED) if told and _RELATED in told[0] else ""
        progress.counted = int(text) if text.isdigit() else None
        if _lost(progress, instances) is None or time.monotonic() >= ends:
            break
        pause.wait(POLL)
    for name, count in (
        ("C-FIND at IMAGE level finds", progress.found),
        ("(0020,1208) is", progress.counted),
    ):
        if count is not None and count != instances:
            progress.words.append(f"{name} {count:,} instead of {instances:,}")


def _fetch(
    ways: Ways, template: Template, study: Study, instances: int, progress: _Progress, arrivals: _Arrivals
) -> Retrieval:
    scu = ways.waiting(instances * _SECONDS_EACH)
    way, root = ways.back[0]
    keys = {"StudyInstanceUID": study.study_uid}
    if root is Root.PATIENT:
        keys["PatientID"] = study.patient_id
    begun = time.perf_counter()
    if way is Way.GET:
        with open_for_get(scu, root, template.proposals, maximum_length=UNLIMITED) as association:
            retrieval = get_with(
                association,
                root.get,
                keys_of(QueryLevel.STUDY, keys),
                status_of=arrivals.status_of,
                sink_of=arrivals.sink_of,
            ).retrieval
    elif ways.destination is not None:
        answer = answering(maximum_length=UNLIMITED)
        with ways.destination.inbox(status_of=arrivals.status_of, answer=answer, sink_of=arrivals.sink_of):
            retrieval = move(scu, root, QueryLevel.STUDY, ways.destination.ae_title, keys)
    else:
        raise NotAccepted(root.move, "there is no destination of our own for C-MOVE")
    seconds = time.perf_counter() - begun
    progress.way, progress.back = way, Leg(seconds, seconds, arrivals.bytes)
    return retrieval
