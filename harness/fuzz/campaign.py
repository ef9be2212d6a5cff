"""A campaign: the corpus first, then area after area, each finding kept in a folder as it is made."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.dimse.capture import Recorder
from harness.findings import INTRUSIVE, Area, AreaCounted, Finding, Symptom
from harness.fuzz.confirming import Found
from harness.fuzz.hunt import Budget, Hunt
from harness.fuzz.identifiers import Asked, IdentifierCase, identifier_cases
from harness.fuzz.keeping import counted, kept
from harness.fuzz.leaks import Leaks
from harness.fuzz.lines import Lines
from harness.fuzz.memory import Memory
from harness.fuzz.objects.damaged import damaged
from harness.fuzz.objects.datasets import data_sets
from harness.fuzz.objects.images import CLASSES, SYNTAXES
from harness.fuzz.objects.judging import Watched
from harness.fuzz.objects.renewed import renewed
from harness.fuzz.pdus.hearing import LeftOut, Scripts, waited
from harness.fuzz.pdus.known import known_cases
from harness.fuzz.pdus.mutated import PduCase, pdu_cases
from harness.fuzz.pdus.recorded import recorded
from harness.fuzz.pdus.script import addressed
from harness.fuzz.product import Product
from harness.fuzz.putting import Arena, Care, Tally
from harness.fuzz.reproducer import AnyCase, load
from harness.fuzz.sentinel import Sentinel
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


@dataclass
class Outcome:
    """What has come of a campaign so far."""

    areas: list[AreaCounted] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    replayed: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is."""

    area: Area
    tally: Tally
    findings: int


class Campaign:
    """One product's campaign."""

    def __init__(
        self,
        product: Product,
        plan: Plan,
        folder: Path,
        outcome: Outcome,
        told: Callable[[Progress], None] = lambda progress: None,
        on_finding: Callable[[Finding], None] = lambda finding: None,
    ) -> None:
        """`outcome` is filled as it goes: an interrupt loses nothing.  Raises DimseError, ProductLost."""
        self._product = product
        self._plan = plan
        self._folder = folder
        self._outcome = outcome
        self._told = told
        self._on_finding = on_finding
        self._began = time.monotonic()
        self._memory = Memory(product.target)
        sendable = product.look(CLASSES, SYNTAXES)
        self._lines = Lines(product, sendable)
        self._watched, self._asked = Watched(self._lines), Asked(self._lines)
        self._scripts = Scripts(product)
        self._lines.is_one_at_a_time = not product.serves_two()
        self._sentinel = Sentinel(self._lines, Identity(new_run_root(), "sentinel"))
        self._care = Care(
            self._sentinel.looked_at, self._begin_anew, product.log, self._record, self._restarted
        )

    def run(self) -> None:
        """All of it.  Raises ProductLost where the product is gone for good."""
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
            self._lines.close()

    def _replay(self) -> None:
        for path in self._plan.corpus:
            saved, cases = load(path)
            if saved.area in INTRUSIVE and not self._plan.is_intrusive:
                self._outcome.left_out.append(f"{path.name} of the corpus is sent with --intrusive alone")
                continue
            why = next(filter(None, map(self._cannot_take, cases)), "")
            if saved.symptom is Symptom.GREW and not self._memory.is_seen:
                why = "the product's memory is not to be seen from here"
            if why:
                self._outcome.left_out.append(f"{path.name} of the corpus: {why}")
                continue
            self._outcome.replayed += 1
            # A hunt of its own: what is known of one says nothing of another.
            hunt = self._hunt(saved.area, Budget(math.inf))
            addressed_here = [self._addressed(case) for case in cases]
            if saved.symptom is Symptom.GREW:
                self._leaked(hunt, self._leaks(hunt, saved.area).shown_again(addressed_here), saved.area)
                continue
            shown = hunt.each(addressed_here) if len(cases) == 1 else hunt.after(addressed_here)
            for found in shown:
                self._keep(saved.area, found)

    def _cannot_take(self, case: AnyCase) -> str:
        """Why a case cannot be put to this product; empty where it can."""
        if isinstance(case, PduCase):
            return ""
        if isinstance(case, IdentifierCase):
            return "" if self._lines.can_find else "the product answers no queries"
        syntaxes = self._lines.sendable.syntaxes_of(case.sop_class)
        return "" if case.transfer_syntax in syntaxes else "the product takes no such objects"

    def _addressed(self, case: AnyCase) -> AnyCase:
        """With the AE titles of this product, where the case has any."""
        if not isinstance(case, PduCase):
            return case
        return replace(case, script=addressed(case.script, *self._titles))

    def _search(self, area: Area, seconds: float) -> None:
        if area is Area.IDENTIFIERS and not self._lines.can_find:
            self._outcome.left_out.append("keys of queries: the product answers no queries")
            return
        plan = self._plan
        until = time.monotonic() + seconds
        budget = Budget(until, plan.most_cases, plan.shrink_seconds, plan.sequence_seconds)
        hunt = self._hunt(area, budget)
        self._outcome.areas.append(counted(area, hunt.tally, self._watched.judging))
        cases = self._fixed(area)
        if area is Area.PDUS:
            self._wait(hunt, seconds / 2)
        try:
            for number, found in enumerate(hunt.run() if cases is None else hunt.each(cases), 1):
                self._keep(area, found)
                if number == plan.most_findings:
                    return
        finally:
            seen = self._memory.seen()
            self._outcome.areas[-1] = counted(area, hunt.tally, self._watched.judging, seen)
        self._leaked(hunt, self._leaks(hunt, area).judged(), area)

    def _leaks(self, hunt: Hunt[Any], area: Area) -> Leaks[Any]:
        return Leaks(hunt.putter, self._memory, area, self._lines.close, self._plan.sequence_seconds)

    def _leaked(self, hunt: Hunt[Any], found: Found[Any] | None, area: Area) -> None:
        if found is not None:
            self._keep(area, found)
        if hunt.putter.lost is not None:
            raise hunt.putter.lost

    def _wait(self, hunt: Hunt[Any], within: float) -> None:
        """What waits for a timer of the product, played together before the rest of its area."""
        began = time.monotonic()
        self._lines.close()
        try:
            told = waited(self._product, within)
        except LeftOut as reason:
            self._outcome.left_out.append(str(reason))
            return
        for case, trouble in told:
            found = hunt.tell(case, trouble)
            if found is not None:
                self._keep(Area.PDUS, found)
        hunt.tally.seconds += time.monotonic() - began
        hunt.tally.with_product += time.monotonic() - began

    def _fixed(self, area: Area) -> Iterable[PduCase] | None:
        """The cases of an area that draws none."""
        if area is not Area.KNOWN:
            return None
        return (known.case for known in known_cases(*self._titles))

    @property
    def _titles(self) -> tuple[str, str]:
        dimse = self._product.target.dimse
        return dimse.called_ae_title, dimse.calling_ae_title

    def _hunt(self, area: Area, budget: Budget) -> Hunt[Any]:
        self._watched.judging = 0.0
        self._memory.forget()

        def on_case(tally: Tally) -> None:
            self._memory.look(tally.put, tally.sent)
            self._told(Progress(area, tally, len(self._outcome.findings)))

        return Hunt(
            self._arena(area),
            self._care,
            budget,
            self._plan.seed,
            self._folder / "hypothesis",
            on_case,
        )

    def _arena(self, area: Area) -> Arena[Any]:
        watched, asked = self._watched, self._asked
        sendable, root = self._lines.sendable, str(self._plan.seed)
        if area in (Area.PDUS, Area.KNOWN):
            scripts = self._scripts
            return Arena(
                area,
                pdu_cases(recorded(*self._titles)),
                lambda case, pace: (scripts.put(case, pace), scripts.outcome),
                lambda case, _: case,
            )
        if area is Area.IDENTIFIERS:
            return Arena(
                area,
                identifier_cases(),
                lambda case, pace: (asked.put(case, pace), asked.outcome),
                lambda case, _: case,
            )
        if area is Area.DAMAGED:
            drawn, put = damaged(sendable, root), watched.damaged
        else:
            drawn, put = data_sets(sendable, root), watched.valid
        return Arena(area, drawn, lambda case, pace: (put(case, pace), watched.outcome), renewed)

    def _begin_anew(self) -> None:
        """After the product has died, hangs, or has harmed what it had."""
        if self._product.answers(0.0):
            self._sentinel.plant()
            return
        self._lines.drop()
        self._product.begin_anew()
        self._product.restarts += 1
        self._has_begun()

    def _restarted(self) -> bool:
        """Start it again although it lives, where anybody can."""
        if self._product.revive is None:
            return False
        self._lines.close()
        self._product.begin_anew()
        self._has_begun()
        return True

    def _has_begun(self) -> None:
        """The product is new, and nobody is connected to it."""
        self._memory.begin(self._product.target)
        self._watched.forget()
        self._sentinel.plant()

    def _record(self, is_on: bool) -> Recorder | None:
        """Begin to record what is exchanged, on associations of its own, or end it."""
        self._lines.close()
        self._product.recorder = Recorder() if is_on else None
        return self._product.recorder

    def _keep(self, area: Area, found: Found[Any]) -> None:
        finding = kept(self._folder, len(self._outcome.findings) + 1, area, found, self._began)
        self._outcome.findings.append(finding)
        self._on_finding(finding)
