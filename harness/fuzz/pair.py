"""Two products side by side: each case is put to both, and what they differ over is told as well.

A is the product that is examined, with the findings of an ordinary campaign; B is what it is compared with.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from harness.dimse.capture import Recorder
from harness.dimse.errors import DimseError, Unreachable
from harness.findings import Aspect, Symptom
from harness.fuzz.arena import Shown
from harness.fuzz.cases import DataSetCase, Pace, Sendable
from harness.fuzz.differing.contrast import Contrast
from harness.fuzz.differing.differ import Seen, differ, told
from harness.fuzz.differing.objects import ASKED
from harness.fuzz.identifiers import QuerySeen, text_of
from harness.fuzz.objects.watching import ObjectSeen
from harness.fuzz.pdus.hearing import ScriptSeen
from harness.fuzz.pdus.mutated import PduCase
from harness.fuzz.pdus.owing import is_ordinary
from harness.fuzz.pdus.reading import sent
from harness.fuzz.pdus.recorded import Exchange
from harness.fuzz.product import ProductLost
from harness.fuzz.reproducer import AnyCase
from harness.fuzz.sentinel import case_of
from harness.fuzz.side import Side
from harness.fuzz.trouble import Trouble
from harness.scu.catalogue import name_of
from harness.synthesis import Identity, new_study

GRACE = 0.15
"""Seconds for an answer that nobody has to give: one that is a little late at B is no difference."""
SHARED = 100
"""Studies, the latest, over which answers to queries are compared: an archive may have a quota."""
FURNISHED = 8
"""Ordinary studies that both have before they are asked anything odd."""


class Pair:
    """Product A and product B, put to by turns."""

    def __init__(self, ours: Side, theirs: Side, name: str, identity: Identity) -> None:
        """`name` is that of B, for people."""
        self._ours, self._theirs = ours, theirs
        self._name = name
        self._identity = identity
        self._shared: deque[str] = deque(maxlen=SHARED)
        """Study Instance UIDs of what both have and find."""
        self._dead: list[Side] = []
        self.told = self.other = ""
        """What A, and what B, did with the last case, in words."""
        self.exchanges, self.left_out = self._exchanges()

    def put(self, case: AnyCase, pace: Pace) -> tuple[tuple[Shown, ...], str]:
        """What is wrong with what came of a case at A, and what B did otherwise.

        Raises Unreachable where A is not there.
        """
        self.other = ""
        ours = self._ours.seen(case, pace)
        self.told = told(ours)
        wrong: tuple[Shown, ...] = () if ours.trouble is None else (ours.trouble,)
        try:
            theirs = self._theirs.seen(self._theirs.addressed(case), pace)
        except Unreachable as error:
            return (*wrong, _fate(Symptom.DIED, str(error))), ours.outcome
        ours, theirs = self._looked_closely(ours, theirs, pace)
        self.other = told(theirs)
        found = differ(ours, theirs)
        if isinstance(ours, ScriptSeen) and _asks_ordinarily(ours.case):
            # Which services a product has is no difference of how it takes a case.
            found = tuple(one for one in found if one.aspect is not Aspect.CONTEXTS)
        return (*wrong, *found), ours.outcome

    def looked_at(self) -> tuple[Shown, ...]:
        """What is wrong with either now; A's fate hides that of B, which has got the same."""
        ours, theirs = self._ours.looked_at(), self._theirs.looked_at()
        self._dead = [side for side, wrong in ((self._ours, ours), (self._theirs, theirs)) if wrong]
        if ours:
            self.other = theirs[0].symptom if theirs else self.other
            return ours
        return tuple(_fate(one.symptom, one.observed, one) for one in theirs)

    def begin_anew(self) -> None:
        """Start again who is dead, and give both a new known object.  Raises ProductLost."""
        self._shared.clear()
        self._ours.begin_anew()
        try:
            self._theirs.begin_anew()
        except ProductLost as lost:
            raise ProductLost(f"{self._name}, which is compared with: {lost}") from None

    def restarted(self) -> bool:
        """As `Side.restarted`, of A: what B does after many cases is not looked for.  Raises ProductLost."""
        self._shared.clear()
        return self._ours.restarted()

    def record(self, is_on: bool) -> tuple[Recorder, ...]:
        """As `Side.record`: A's recorder, and B's."""
        return *self._ours.record(is_on), *self._theirs.record(is_on)

    def log(self) -> str:
        """The end of the log of whoever was found dead."""
        return "\n\n".join(filter(None, (side.log() for side in self._dead)))

    def close(self) -> None:
        """Release what is open."""
        self._ours.close()
        self._theirs.close()

    def cannot_take(self, case: AnyCase) -> str:
        """Why a case cannot be put to both; empty where it can."""
        why = self._theirs.cannot_take(case)
        return self._ours.cannot_take(case) or (why and f"{self._name}: {why}")

    def addressed(self, case: AnyCase) -> AnyCase:
        """With the AE titles of A; those of B are written over them when it is sent there."""
        return self._ours.addressed(case)

    @property
    def without_queries(self) -> str:
        """As that of a `Side`."""
        return self._ours.without_queries or (self._theirs.without_queries and self._name)

    def furnish(self) -> None:
        """Have both hold ordinary studies for queries to match.  Raises DimseError."""
        while len(self._shared) < FURNISHED:
            case = case_of(new_study(self._identity, instances=1).instance(0))
            ours, theirs = (side.seen(case, Pace.ORDINARY) for side in (self._ours, self._theirs))
            if not self._share(ours, theirs):
                return

    def _share(self, ours: Seen, theirs: Seen) -> bool:
        """Note a study that both have and find."""
        if not (isinstance(ours, ObjectSeen) and isinstance(theirs, ObjectSeen)):
            return False
        if not (ours.back.is_found and theirs.back.is_found and ours.case.is_valid):
            return False
        self._shared.append(ours.case.study_uid)
        return True

    def _looked_closely(self, ours: Seen, theirs: Seen, pace: Pace) -> tuple[Seen, Seen]:
        """With what the comparison needs beyond the ordinary: a study's keys, and no studies of others."""
        if isinstance(ours, QuerySeen) and isinstance(theirs, QuerySeen):
            return self._of_shared(ours), self._of_shared(theirs)
        if isinstance(ours, ObjectSeen) and isinstance(theirs, ObjectSeen):
            if pace is Pace.PATIENT and ours.back.is_found is not theirs.back.is_found:
                ours, theirs = _found_late(self._ours, ours), _found_late(self._theirs, theirs)
            if self._share(ours, theirs):
                ours, theirs = _matched(self._ours, ours), _matched(self._theirs, theirs)
        return ours, theirs

    def _of_shared(self, seen: QuerySeen) -> QuerySeen:
        if seen.studies is None:
            return seen
        return replace(seen, studies=seen.studies & frozenset(self._shared))

    def _exchanges(self) -> tuple[Sequence[Exchange], list[str]]:
        """The exchanges whose services both have, and why the others are left out.  Raises DimseError."""
        kept: list[Exchange] = []
        lacking: list[str] = []
        for exchange in self._ours.exchanges:
            case = PduCase(exchange.name, exchange.script)
            ours = self._ours.seen(case, Pace.ORDINARY)
            theirs = self._theirs.seen(self._theirs.addressed(case), Pace.ORDINARY)
            if any(one.aspect is Aspect.CONTEXTS for one in differ(ours, theirs)):
                lacking.append(exchange.name)
            else:
                kept.append(exchange)
        names = ", ".join(lacking)
        return kept, [f"PDUs of exchanges that one of the two does not serve: {names}"] if lacking else []


def in_common(ours: Sendable, theirs: Sendable, name: str) -> tuple[Sendable, list[str]]:
    """The pairs of SOP Class and transfer syntax that both take, and what is left out since one does not."""
    pairs = tuple(pair for pair in ours.pairs if pair in theirs.pairs)
    left_out = []
    for who, has, lacks in ((f"B, {name},", ours, theirs), ("A", theirs, ours)):
        lacking = _named(tuple(pair for pair in has.pairs if pair not in lacks.pairs), has)
        if lacking:
            left_out.append(f"what {who} does not take: {'; '.join(lacking)}")
    return Sendable(pairs), left_out


def _named(pairs: tuple[tuple[str, str], ...], of: Sendable) -> list[str]:
    """By transfer syntax, with the classes where they are not all of them."""
    lines = []
    for syntax in dict.fromkeys(syntax for _, syntax in pairs):
        lacking = [sop_class for sop_class, other in pairs if other == syntax]
        taken = [sop_class for sop_class, other in of.pairs if other == syntax]
        which = "" if len(lacking) == len(taken) else f"{', '.join(map(name_of, lacking))} in "
        lines.append(f"{which}{name_of(syntax)}")
    return lines


def _asks_ordinarily(case: PduCase) -> bool:
    """Whether nothing in the A-ASSOCIATE-RQ of a script is unusual."""
    request = sent(case.script.steps, 0).request
    return request is not None and is_ordinary(request)


def _fate(symptom: Symptom, observed: str, trouble: Trouble | None = None) -> Contrast:
    """What has become of B, over which A serves on."""
    return Contrast(
        Aspect.AFTERWARDS,
        "C-ECHO, a query and a known object after the case",
        "as before",
        f"{symptom}: {observed}",
        str(symptom),
        trouble.clause if trouble is not None else "PS3.8 9.1.2",
        "B",
        is_fatal=True,
        is_death=symptom is Symptom.DIED,
        may_be_late=False,
    )


def _found_late(side: Side, seen: ObjectSeen) -> ObjectSeen:
    """With the time that an archive has to index; where asking fails nothing is known that was not before."""
    if seen.back.is_found is not False or seen.case.is_valid:
        return seen
    with contextlib.suppress(DimseError):
        return replace(seen, back=replace(seen.back, is_found=side.lines.is_found(seen.case)))
    return seen


def _matched(side: Side, seen: ObjectSeen) -> ObjectSeen:
    """With what a query says of its study; where that fails nothing is compared of it."""
    case: DataSetCase = seen.case
    with contextlib.suppress(DimseError):
        match = side.lines.match(case, ASKED)
        if match is not None:
            return replace(seen, match={keyword: text_of(match, keyword) for keyword in ASKED})
    return seen
