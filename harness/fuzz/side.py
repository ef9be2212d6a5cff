"""One product of a campaign: how a case is put to it, and whether all is well with it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.dimse.capture import Recorder
from harness.fuzz.arena import Shown
from harness.fuzz.cases import DataSetCase, Pace, Sendable
from harness.fuzz.differing.differ import Seen, told
from harness.fuzz.identifiers import Asked, IdentifierCase
from harness.fuzz.lines import Lines
from harness.fuzz.memory import Memory
from harness.fuzz.objects.watching import Watched
from harness.fuzz.pdus.hearing import Scripts
from harness.fuzz.pdus.mutated import PduCase
from harness.fuzz.pdus.playing import GRACE
from harness.fuzz.pdus.recorded import Exchange, recorded
from harness.fuzz.pdus.script import addressed
from harness.fuzz.product import Product, ProductLost
from harness.fuzz.reproducer import AnyCase
from harness.fuzz.sentinel import Sentinel
from harness.fuzz.trouble import Trouble
from harness.plugin.context import recorder_for
from harness.synthesis import Identity


class Side:
    """A product, what is kept open with it, and the known object in it."""

    def __init__(
        self, product: Product, sendable: Sendable, identity: Identity, *, grace: float = GRACE
    ) -> None:
        """`sendable`: what objects are sent in; `grace`: seconds for an answer that nobody has to give.

        Raises DimseError, and ProductLost where it does not serve an ordinary object.
        """
        self.product = product
        self.memory = Memory(product.target)
        """Of the product's processes."""
        self.lines = Lines(product, sendable)
        self.watched, self._asked = Watched(self.lines), Asked(self.lines)
        self._scripts = Scripts(product, grace)
        self.lines.is_one_at_a_time = not product.serves_two()
        self._sentinel = Sentinel(self.lines, identity)
        self._seen: Seen | None = None
        """Of the last case."""

    def put(self, case: AnyCase, pace: Pace) -> tuple[tuple[Shown, ...], str]:
        """What is wrong with what came of a case, and the outcome in a word.  Unreachable."""
        seen = self._seen = self.seen(case, pace)
        return () if seen.trouble is None else (seen.trouble,), seen.outcome

    def seen(self, case: AnyCase, pace: Pace) -> Seen:
        """What the product does with a case.  Raises Unreachable where it is not there."""
        match case:
            case DataSetCase():
                return self.watched.put(case, pace)
            case IdentifierCase():
                return self._asked.put(case, pace)
            case PduCase():
                return self._scripts.put(case, pace)

    def looked_at(self) -> tuple[Trouble, ...]:
        """What is wrong with the product now."""
        trouble = self._sentinel.looked_at()
        return () if trouble is None else (trouble,)

    def begin_anew(self) -> None:
        """After the product has died, hangs, or has harmed what it had.  Raises ProductLost."""
        if self.product.answers(0.0):
            try:
                self._sentinel.plant()
            except ProductLost:
                if self.product.revive is None:
                    raise
            else:
                return
        self.lines.drop()
        self.product.begin_anew()
        self.product.restarts += 1
        self._has_begun()

    def restarted(self) -> bool:
        """Start it again although it lives, where anybody can.  Raises ProductLost."""
        if self.product.revive is None:
            return False
        self.lines.close()
        self.product.begin_anew()
        self._has_begun()
        return True

    def _has_begun(self) -> None:
        """The product is new, and nobody is connected to it."""
        self.memory.begin(self.product.target)
        self.watched.forget()
        self._sentinel.plant()

    def record(self, is_on: bool) -> tuple[Recorder, ...]:
        """Begin to record what is exchanged, on associations of its own, or end it."""
        self.lines.close()
        self.product.recorder = recorder_for(self.product.target) if is_on else None
        return () if self.product.recorder is None else (self.product.recorder,)

    def log(self) -> str:
        """The end of its log."""
        return self.product.log()

    def close(self) -> None:
        """Release what is open."""
        self.lines.close()

    def cannot_take(self, case: AnyCase) -> str:
        """Why a case cannot be put to this product; empty where it can."""
        if isinstance(case, PduCase):
            return ""
        if isinstance(case, IdentifierCase):
            return "" if self.lines.can_find else "the product answers no queries"
        syntaxes = self.lines.sendable.syntaxes_of(case.sop_class)
        return "" if case.transfer_syntax in syntaxes else "the product takes no such objects"

    @property
    def without_queries(self) -> str:
        """Who answers none; empty where it does."""
        return "" if self.lines.can_find else "the product"

    @property
    def titles(self) -> tuple[str, str]:
        """The product's AE title and ours."""
        dimse = self.product.target.dimse
        return dimse.called_ae_title, dimse.calling_ae_title

    def addressed(self, case: AnyCase) -> AnyCase:
        """With the AE titles of this product, where the case has any."""
        if not isinstance(case, PduCase):
            return case
        return replace(case, script=addressed(case.script, *self.titles))

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """What is mutated."""
        return recorded(*self.titles)

    @property
    def told(self) -> str:
        """What the product did with the last case, in words."""
        return "" if self._seen is None else told(self._seen)

    @property
    def other(self) -> str:
        """What another product did with the last case: there is none."""
        return ""
