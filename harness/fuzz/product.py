"""The product under the fuzz: what it serves, whether it lives, and how it is started again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.dimse.capture import Recorder
from harness.fuzz.cases import Sendable
from harness.plugin.context import peer_of
from harness.plugin.restarting import serves
from harness.scu.destination import Destination
from harness.scu.session import MAXIMUM_CONTEXTS, Proposal, Scu, Stored
from harness.scu.uids import VERIFICATION, Root
from harness.target import Target

_POLL = 0.1
_BESIDE = 2.0
"""Seconds for an association beside another one."""


class ProductLost(Exception):
    """It no longer answers, and nobody can start it again; the text is for people."""


@dataclass
class Product:
    """A product, its services, and who starts it again."""

    target: Target
    revive: Callable[[], Target] | None = None
    """Starts it again and returns where it is then; None where nobody can."""
    log: Callable[[], str] = lambda: ""
    """The end of its log, where that is known."""
    destination: Destination | None = None
    """Where it can move objects to."""
    on_stored: Callable[[Stored], None] = lambda stored: None
    find: Root | None = None
    get: Root | None = None
    move: Root | None = None
    restarts: int = field(default=0, init=False)
    """How often it had to be started again."""
    recorder: Recorder | None = field(default=None, init=False)
    """Records associations that are opened from now on."""

    def __post_init__(self) -> None:
        """Raises TargetError for unusable TLS files."""
        self.peer = peer_of(self.target)
        """How to reach it; made once, since the files for TLS are read for it."""

    @property
    def scu(self) -> Scu:
        """Who calls it."""
        return Scu(self.peer, self.recorder, self.on_stored)

    @property
    def keeps_all(self) -> bool:
        """Whether it has said to keep every element: Storage Level 2 (PS3.4 B.4.1)."""
        return self.target.claims.storage_level == 2

    def look(self, classes: Sequence[str], syntaxes: Sequence[str]) -> Sendable:
        """Negotiate what there is: the services, and which of these objects it takes.  DimseError."""
        offered: list[Proposal] = [VERIFICATION]
        offered += [model for root in Root for model in (root.find, root.move, root.get)]
        with self.scu.open(*offered) as association:
            served = {context.abstract_syntax for context in association.accepted_contexts.values()}
        roots = (Root.STUDY, Root.PATIENT)
        self.find = next((root for root in roots if root.find in served), None)
        self.get = next((root for root in roots if root.get in served), None)
        can_move = self.destination is not None
        self.move = next((root for root in roots if can_move and root.move in served), None)
        pairs: list[tuple[str, str]] = []
        wanted = [(sop_class, syntax) for sop_class in classes for syntax in syntaxes]
        for start in range(0, len(wanted), MAXIMUM_CONTEXTS):
            some = wanted[start : start + MAXIMUM_CONTEXTS]
            with self.scu.open(VERIFICATION, *((one, (syntax,)) for one, syntax in some)) as association:
                accepted = association.accepted_contexts.values()
                taken = {(context.abstract_syntax, context.transfer_syntax) for context in accepted}
            pairs += [pair for pair in some if pair in taken]
        return Sendable(tuple(pairs))

    def answers(self, within: float) -> bool:
        """Whether C-ECHO on a new association is answered with Success in so many seconds."""
        end = time.monotonic() + within
        pause = threading.Event()
        scu = self.scu.patient(min(1.0, max(within, _BESIDE) / self.target.dimse.deadline))
        while not serves(scu):
            if time.monotonic() >= end:
                return False
            pause.wait(_POLL)  # it may be busy with what it was sent, or about to end
        return True

    def serves_two(self) -> bool:
        """Whether a second association is served beside one that is there."""
        with self.scu.open(VERIFICATION):
            return self.answers(_BESIDE)

    def begin_anew(self) -> None:
        """Start it again.  Raises ProductLost where nobody can."""
        if self.revive is None:
            raise ProductLost(
                "the product no longer answers, and the target file names no command that starts it again "
                "([control] restart)"
            )
        self.target = self.revive()
        self.peer = peer_of(self.target)
