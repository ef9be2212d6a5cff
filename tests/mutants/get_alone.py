"""Defects that C-GET has and C-MOVE has not, though both go through the same code here.

Elsewhere they do not: a product that moves well may get badly, and what is caught by a requirement of C-MOVE
first says nothing of the one of C-GET.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.archive import messages, retrieve
from harness.archive.attributes import AttributeSet, Level, Root
from harness.archive.config import ArchiveConfig
from harness.archive.index import Selection
from harness.archive.messages import Message
from harness.archive.retrieve import Progress
from harness.archive.semantics import Semantics
from harness.archive.status import SUCCESS, WARNING_SUBOPERATIONS, Answer
from tests.mutants import move
from tests.mutants.seed import MUTANTS, mutant, overridden

_now = threading.local()
"""``serves_get`` in the thread of an association, while that answers a C-GET."""


class GetAlone(Semantics):
    """What a subclass overrides holds while a C-GET is answered; else the archive is as it should be."""

    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        answered = retrieve.retrieve

        def noted(association: Any, request: Message) -> None:
            _now.serves_get = request.field == messages.C_GET_RQ
            try:
                answered(association, request)
            finally:
                _now.serves_get = False

        retrieve.retrieve = noted

    def __init_subclass__(cls) -> None:
        for name, broken in overridden(cls).items():
            if hasattr(Semantics, name) and not name.startswith("__"):
                setattr(cls, name, _in_a_get(broken, getattr(Semantics, name)))


def _in_a_get(broken: Callable[..., Any], sound: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(broken)
    def either(self: Semantics, *arguments: Any, **named: Any) -> Any:
        method = broken if getattr(_now, "serves_get", False) else sound
        return method(self, *arguments, **named)

    return either


SHARED = {
    move.WorkerLeaks: ("get.abort.during-suboperation", "PS3.7 A.6"),
    move.CancelIsSuccess: ("get.cancel.status", "PS3.4 C.4.3.3.1"),
    move.CancelStays: ("get.cancel.association-lives-on", "PS3.7 9.1.3.2"),
    move.NoFailedList: ("get.context.missing-class", "PS3.4 C.4.3.1.3.2"),
    move.ImagesOnly: ("get.level.study", "PS3.4 C.6.2.1.5"),
    move.SeriesIsStudy: ("get.level.series", "PS3.4 C.6.2.1.5"),
    move.ImageIsSeries: ("get.level.image", "PS3.4 C.6.2.1.5"),
    move.OneStudyOnly: ("get.level.patient", "PS3.4 C.6.1.1.6"),
    move.LevelGuessed: ("get.level.missing", "PS3.4 C.4.3.1.4"),
    move.MissingKeyMatchesAll: ("get.level.unique-key-missing", "PS3.4 C.2.2.1.1"),
    move.ListIsCut: ("get.list.instances", "PS3.4 C.4.3.2.1"),
    move.ParentIgnored: ("get.list.wrong-parent", "PS3.4 C.4.3.3.1"),
    move.RemainingRises: ("get.pending.counters", "PS3.4 C.4.3.1.5"),
    move.RemainingAtEnd: ("get.pending.no-remaining-at-end", "PS3.4 C.4.3.1.5"),
    move.AlwaysWarning: ("get.status.all-succeed", "PS3.4 C.4.3.3.1"),
    move.GivesUp: ("get.status.goes-on", "PS3.4 C.4.3.3.1"),
    move.WarningsAreSuccess: ("get.status.warnings-counted", "PS3.4 C.4.3.3.1"),
    move.ListAnyway: ("get.status.no-dataset-otherwise", "PS3.4 C.4.3.1.3.2"),
    move.NoCounts: ("get.status.counts-are-given", "PS3.4 C.4.3.2.1"),
    move.ClassOfTheFirst: ("get.suboperation.right-context", "PS3.7 9.3.1.1"),
    move.PriorityChanges: ("get.suboperation.priority", "PS3.4 C.4.3.1.2"),
    move.OwnMessageId: ("get.suboperation.no-originator", "PS3.7 9.1.1.1.6"),
    move.NeverConverted: ("get.suboperation.default-syntax", "PS3.5 10.1"),
    move.NeverDecompressed: ("get.suboperation.decompresses", "PS3.5 10.1"),
}
"""Defects of `tests.mutants.move` by the requirement of C-GET that is about them, and its clause."""

for _kind, (_requirement, _clause) in SHARED.items():
    _name = _kind.__name__
    globals()[_name] = mutant(
        clause=_clause,
        defect=f"in a get, and there alone, {MUTANTS[f'move.{_name}'].defect}",
        caught_by=(_requirement,),
    )(type(_name, (GetAlone, _kind), {"__module__": __name__}))


@mutant(
    clause="PS3.4 C.6.1.1.6",
    defect="a get of series in the Patient Root model sends their whole studies",
    caught_by=("get.level.below-patient",),
)
class StudiesBelowPatient(GetAlone):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        found = super().retrieve_selection(root, level, identifier, relational)
        return replace(found, series=()) if (root, level) == (Root.PATIENT, Level.SERIES) else found


@mutant(
    clause="PS3.4 C.4.3.2.1",
    defect="a get sends the first of a list of studies alone",
    caught_by=("get.list.studies",),
)
class FirstStudy(GetAlone):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        found = super().retrieve_selection(root, level, identifier, relational)
        return replace(found, studies=found.studies[:1])


@mutant(
    clause="PS3.4 C.4.3.2.1",
    defect="a get sends the first of a list of series alone",
    caught_by=("get.list.series",),
)
class FirstSeries(GetAlone):
    def retrieve_selection(
        self, root: Root, level: Level, identifier: AttributeSet, relational: bool
    ) -> Selection:
        found = super().retrieve_selection(root, level, identifier, relational)
        return replace(found, series=found.series[:1])


@mutant(
    clause="PS3.4 C.4.3.3.1",
    defect="a get of which the requestor refused some objects ends as Success",
    caught_by=("get.status.some-fail",),
)
class RefusedIsSuccess(GetAlone):
    def retrieve_final(self, progress: Progress) -> Answer:
        refused = progress.completed and progress.failed and "answered" in progress.reason
        return Answer(SUCCESS) if refused else super().retrieve_final(progress)


@mutant(
    clause="PS3.4 C.4.3.3.1",
    defect="a get of which every sub-operation failed ends as Warning",
    caught_by=("get.status.all-fail",),
)
class NeverFails(GetAlone):
    def retrieve_final(self, progress: Progress) -> Answer:
        if progress.failed == progress.done > 0:
            return Answer(WARNING_SUBOPERATIONS)
        return super().retrieve_final(progress)


@mutant(
    clause="PS3.4 C.4.3.1.3.2",
    defect="objects that the requestor of a get refuses are not on the list of those that failed",
    caught_by=("get.status.failed-list",),
)
class RefusedNotListed(GetAlone):
    def failed_list(self, progress: Progress) -> tuple[str, ...]:
        return () if "answered" in progress.reason else super().failed_list(progress)


@mutant(
    clause="PS3.4 C.4.3.3.1",
    defect="a get that selects nothing counts an object as completed",
    caught_by=("get.zero.matches",),
)
class CountsNothing(GetAlone):
    def counts(self, progress: Progress, *, final: bool, status: int) -> dict[str, int]:
        counts = super().counts(progress, final=final, status=status)
        counts["NumberOfCompletedSuboperations"] += final and not progress.done
        return counts
