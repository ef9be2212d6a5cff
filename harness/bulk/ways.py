"""How objects get to a product and back again, and what has become of a product that stops answering."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

from harness.dimse.association import Association
from harness.dimse.errors import (
    AssociationRejected,
    ConnectionClosed,
    DimseError,
    MisuseError,
    NoAnswer,
    NotAccepted,
    PeerAborted,
    PeerViolation,
    Unreachable,
)
from harness.large import Outcome, Way
from harness.scu.destination import Destination
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION, Root

SLOWEST = 5 * 1024 * 1024
"""Bytes a second at which a product may digest an object before it counts as silent; DICOM sets no time."""
PROBE = 10.0
"""Seconds in which a product that has gone wrong answers C-ECHO, or is taken to hang."""
UNLIMITED = 0
"""The maximum length that large objects are received with: as few headers as the product likes."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The associations of one call, and the ways back that the product has, the first one preferred."""

    scu: Scu
    back: tuple[tuple[Way, Root], ...]
    destination: Destination | None
    visible_within: float

    def patient_for(self, size: int) -> Scu:
        """With deadlines that so many bytes may need."""
        return self.waiting(size / SLOWEST)

    def waiting(self, seconds: float) -> Scu:
        """With deadlines that are so many seconds longer."""
        peer = self.scu.peer
        return replace(self.scu, peer=replace(peer, deadline=peer.deadline + seconds))


def ways_back(scu: Scu, destination: Destination | None) -> tuple[tuple[Way, Root], ...]:
    """C-GET before C-MOVE, Study Root before Patient Root, of those that the product accepts.

    C-MOVE needs a destination of our own.  Raises what `Scu.open` does.
    """
    wanted = [(Way.GET, root) for root in (Root.STUDY, Root.PATIENT)]
    if destination is not None:
        wanted += [(Way.MOVE, root) for root in (Root.STUDY, Root.PATIENT)]
    with scu.open(*(_model(way, root) for way, root in wanted), VERIFICATION) as association:
        return tuple((way, root) for way, root in wanted if _has(association, _model(way, root)))


def _model(way: Way, root: Root) -> str:
    return root.get if way is Way.GET else root.move


def _has(association: Association, abstract_syntax: str) -> bool:
    return any(one.abstract_syntax == abstract_syntax for one in association.accepted_contexts.values())


def outcome_of(error: DimseError, scu: Scu) -> tuple[Outcome, str]:
    """What an error says of the product, which is asked for C-ECHO where that is not clear.

    Raises the error again where it is none of the product's.
    """
    if isinstance(error, MisuseError):
        raise error
    if isinstance(error, NotAccepted):
        return Outcome.NOT_TAKEN, str(error)
    if isinstance(error, AssociationRejected):
        return Outcome.REFUSED, f"the association: {error.observed}"
    if isinstance(error, PeerViolation) and not isinstance(error, PeerAborted | ConnectionClosed):
        return Outcome.AGAINST, str(error)
    after = liveness(scu)
    if after is not None:
        return after
    if isinstance(error, NoAnswer):
        return Outcome.SILENT, str(error)
    words = error.observed if isinstance(error, PeerViolation) else str(error)
    return Outcome.ABORTED, words


def liveness(scu: Scu) -> tuple[Outcome, str] | None:
    """Whether the product has died or hangs, by C-ECHO on a new association; None where it lives.

    A process that is just ending may still take a connection, so one failure is looked at again.
    """
    quick = replace(scu, peer=replace(scu.peer, deadline=min(scu.peer.deadline, PROBE)), recorder=None)
    ends, pause = time.monotonic() + PROBE, threading.Event()
    while True:
        try:
            with quick.open(VERIFICATION) as association:
                echo(association)
        except Unreachable as error:
            return Outcome.DIED, f"and then it cannot be connected to: {error}"
        except DimseError as error:
            if time.monotonic() >= ends:
                return Outcome.SILENT, f"and then C-ECHO has no proper answer either: {error}"
            pause.wait(0.2)
        else:
            return None
