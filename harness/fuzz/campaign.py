"""A campaign: the corpus first, then area after area, each finding kept in a folder as it is made."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.findings import INTRUSIVE, Area, AreaCounted, Difference, Finding, Symptom
from harness.fuzz.arena import Arena, Budget, Care, Found, Known, Tally
from harness.fuzz.hunt import Hunt
from harness.fuzz.identifiers import identifier_cases
from harness.fuzz.keeping import Keeper, Outcome
from harness.fuzz.leaks import Leaks
from harness.fuzz.objects.damaged import damaged
from harness.fuzz.objects.datasets import data_sets
from harness.fuzz.objects.images import SYNTAXES
from harness.fuzz.objects.modules import CLASSES
from harness.fuzz.objects.renewed import renewed
from harness.fuzz.pair import GRACE, Pair, in_common
from harness.fuzz.pdus.hearing import LeftOut, waited
from harness.fuzz.pdus.known import known_cases
from harness.fuzz.pdus.mutated import PduCase, pdu_cases
from harness.fuzz.product import Product
from harness.fuzz.reproducer import AnyCase, Saved, load
from harness.fuzz.side import Side
from harness.synthesis import Identity, new_run_root


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign is to do."""

    areas: tuple[Area, ...]
    seed: int
    seconds: float
    """Of all areas together; what is found is made smaller beyond that."""
    most_cases: int | None = None
    """Of each area."""
    shrink_seconds: float = 20.0
    corpus: tuple[Path, ...] = ()
    """Reproducers that come first."""
    is_intrusive: bool = False
    most_findings: int | None = None
    """Of each area; then the next one begins."""
    sequence_seconds: float = 60.0
    """Of each area, for what shows after many cases alone: once for findings, once for memory."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is."""

    area: Area
    tally: Tally
    findings: int
    differences: int


class Campaign:
    """One product's campaign, compared with another product or not."""

    def __init__(
        self,
        product: Product,
        plan: Plan,
        folder: Path,
        outcome: Outcome,
        told: Callable[[Progress], None] = lambda progress: None,
        on_finding: Callable[[Finding], None] = lambda finding: None,
        *,
        against: Product | None = None,
        on_difference: Callable[[Difference], None] = lambda difference: None,
    ) -> None:
        """`outcome` is filled as it goes: an interrupt loses nothing.  Raises DimseError, ProductLost."""
        self._product = product
        self._plan = plan
        self._folder = folder
        self._outcome = outcome
        self._told = told
        self._keeper = Keeper(folder, outcome, time.monotonic(), on_finding, on_difference)
        sendable = product.look(CLASSES, SYNTAXES)
        root = new_run_root()
        if against is None:
            self._side = Side(product, sendable, Identity(root, "sentinel"))
            self._at: Side | Pair = self._side
        else:
            name = against.target.name or against.target.dimse.called_ae_title
            sendable, left_out = in_common(sendable, against.look(CLASSES, SYNTAXES), name)
            outcome.left_out += left_out
            self._side, theirs = (
                Side(one, sendable, Identity(root, "sentinel"), grace=GRACE) for one in (product, against)
            )
            self._at = Pair(self._side, theirs, name, Identity(root, "furniture"))
            outcome.left_out += self._at.left_out
        at = self._at
        self._care = Care(at.looked_at, at.begin_anew, at.log, at.record, at.restarted)

    def run(self) -> None:
        """All of it.  Raises ProductLost where a product is gone for good."""
        try:
            self._replay()
            left = self._plan.seconds
            for number, area in enumerate(self._plan.areas):
                share = left / (len(self._plan.areas) - number)
                began = time.monotonic()
                self._search(area, share)
                # What findings took beyond their area's share is no loss of the others.
                left -= min(share, time.monotonic() - began)
        finally:
            self._at.close()

    def _replay(self) -> None:
        for path in self._plan.corpus:
            saved, cases = load(path)
            if why := self._left_out(saved, cases):
                self._outcome.left_out.append(f"{path.name} of the corpus{why}")
                continue
            self._outcome.replayed += 1
            for found in self._again(saved, [self._at.addressed(case) for case in cases]):
                self._keeper.keep(saved.area, found, self._at.other)
            others = f"; B {self._at.other}" if self._at.other else ""
            self._outcome.replies.append(f"{path.name}: {self._at.told}{others}")

    def _left_out(self, saved: Saved, cases: Sequence[AnyCase]) -> str:
        """Why a reproducer is not sent; empty where it is."""
        if saved.area in INTRUSIVE and not self._plan.is_intrusive:
            return " is sent with --intrusive alone"
        if saved.symptom is Symptom.GREW and not self._side.memory.is_seen:
            return ": the product's memory is not to be seen from here"
        why = next(filter(None, map(self._at.cannot_take, cases)), "")
        return why and f": {why}"

    def _again(self, saved: Saved, cases: Sequence[AnyCase]) -> Iterator[Found[Any]]:
        """What a reproducer shows here.  A hunt of its own: what is known of one says nothing of another."""
        hunt = self._hunt(saved.area, Budget(math.inf), [])
        if saved.symptom is Symptom.GREW:
            yield from self._leaks(hunt, saved.area).shown_again(cases)
        else:
            yield from hunt.each(cases) if len(cases) == 1 else hunt.after(cases)

    def _search(self, area: Area, seconds: float) -> None:
        if area is Area.IDENTIFIERS and not self._prepared_for_queries():
            return
        plan, until = self._plan, time.monotonic() + seconds
        budget = Budget(until, plan.most_cases, plan.shrink_seconds, plan.sequence_seconds)
        hunt = self._hunt(area, budget, self._keeper.told_once)
        self._outcome.areas.append(_counted(area, hunt.tally, self._side))
        cases = self._fixed(area)
        if area is Area.PDUS:
            self._wait(hunt, seconds / 2)
        try:
            for number, found in enumerate(hunt.run() if cases is None else hunt.each(cases), 1):
                self._keeper.keep(area, found, self._at.other)
                if number == plan.most_findings:
                    return
        finally:
            self._outcome.areas[-1] = _counted(area, hunt.tally, self._side)
            self._keeper.recount()
        for found in self._leaks(hunt, area).judged():
            self._keeper.keep(area, found, self._at.other)

    def _leaks(self, hunt: Hunt[Any], area: Area) -> Leaks[Any]:
        return Leaks(hunt.putter, self._side.memory, area, self._at.close, self._plan.sequence_seconds)

    def _prepared_for_queries(self) -> bool:
        """Whether all products answer queries; where two are compared, they get studies to find."""
        lacking = self._at.without_queries
        if lacking:
            self._outcome.left_out.append(f"keys of queries: {lacking} answers no queries")
        elif isinstance(self._at, Pair):
            self._at.furnish()
        return not lacking

    def _wait(self, hunt: Hunt[Any], within: float) -> None:
        """What waits for a timer of the product, played together before the rest of its area."""
        began = time.monotonic()
        self._at.close()
        try:
            told = waited(self._product, within)
        except LeftOut as reason:
            self._outcome.left_out.append(str(reason))
            return
        if isinstance(self._at, Pair):
            self._outcome.left_out.append("connections that wait for a timer: A alone was made to wait")
        for case, trouble in told:
            found = hunt.tell(case, trouble)
            if found is not None:
                self._keeper.keep(Area.PDUS, found)
        hunt.tally.seconds += time.monotonic() - began
        hunt.tally.with_product += time.monotonic() - began

    def _fixed(self, area: Area) -> Iterable[PduCase] | None:
        """The cases of an area that draws none."""
        if area is not Area.KNOWN:
            return None
        return (known.case for known in known_cases(*self._side.titles))

    def _hunt(self, area: Area, budget: Budget, known: list[Known]) -> Hunt[Any]:
        self._side.watched.judging = 0.0
        self._side.memory.forget()
        counted = self._outcome

        def on_case(tally: Tally) -> None:
            self._side.memory.look(tally.put, tally.sent)
            self._told(Progress(area, tally, len(counted.findings), len(counted.differences)))

        return Hunt(
            self._arena(area),
            self._care,
            budget,
            self._plan.seed,
            self._folder / "hypothesis",
            on_case,
            known,
        )

    def _arena(self, area: Area) -> Arena[Any]:
        sendable, root = self._side.lines.sendable, str(self._plan.seed)
        if area in (Area.PDUS, Area.KNOWN):
            return Arena(area, pdu_cases(self._at.exchanges), self._at.put, lambda case, _: case)
        if area is Area.IDENTIFIERS:
            return Arena(area, identifier_cases(), self._at.put, lambda case, _: case)
        drawn = damaged(sendable, root) if area is Area.DAMAGED else data_sets(sendable, root)
        return Arena(area, drawn, self._at.put, renewed)


def _counted(area: Area, tally: Tally, side: Side) -> AreaCounted:
    return AreaCounted(
        area=area,
        cases=tally.cases,
        shrinking=tally.shrinking,
        seconds=round(tally.seconds, 3),
        generating=round(max(tally.seconds - tally.with_product, 0.0), 3),
        judging=round(side.watched.judging, 3),
        outcomes=dict(tally.outcomes),
        memory=side.memory.seen(),
    )
