"""Whether the product is still there, and what the run does where it is not.

One that no longer answers is restarted where the target file names a command for it (``[control] restart``)
and the run goes on; elsewhere it is lost, and the rest of the run is not tested.  Either way the run ends
with the exit code of a lost target, and what it died of stands in the report.
"""

from __future__ import annotations

import threading
import time

from harness.dimse.errors import (
    AssociationRejected,
    ConnectionClosed,
    DimseError,
    NotAccepted,
    PeerAborted,
    PeerViolation,
    Unreachable,
    UnreachableKind,
)
from harness.events import TargetLost, TargetRestarted
from harness.plugin.context import RunContext
from harness.plugin.outcomes import ArrangementFailed, NotTested
from harness.plugin.restarting import restart
from harness.plugin.studies import store_again
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION

_POLL = 0.1
MOST_RESTARTS = 20
"""So many times a run restarts the product: each may take minutes, and what they show is known by then."""


def answers(context: RunContext) -> bool:
    """Whether the product answers C-ECHO on a new association, be it with what it should not say."""
    try:
        association = Scu(context.peer()).open(VERIFICATION)
        try:
            return echo(association).get("Status") is not None
        finally:
            # Whether it would also release is judged elsewhere.
            association.abort()
    except (AssociationRejected, ConnectionClosed, PeerAborted):
        return False
    except (PeerViolation, NotAccepted):
        return True
    except DimseError:
        return False


def is_gone(context: RunContext) -> bool:
    """Whether no association is answered, and in the end connections are refused, for a whole deadline.

    One that is busy, with what it was sent or until its timer expires, is not gone; nor is one whose system
    refuses what it has no room for.
    """
    end = time.monotonic() + context.target.dimse.deadline
    pause = threading.Event()
    while True:
        is_refused = False
        try:
            _ask_for_association(context)
            return False
        except ConnectionClosed:
            pass  # it may be about to end
        except Unreachable as error:
            is_refused = error.kind is UnreachableKind.REFUSED
        except DimseError:
            return False
        if time.monotonic() >= end:
            return is_refused
        pause.wait(_POLL)


def _ask_for_association(context: RunContext) -> None:
    """Once, be it accepted: `Scu.open` would wait for room.  Raises what `harness.dimse` raises."""
    scu = Scu(context.peer())
    association = scu.connect()
    try:
        association.negotiate(scu.request(VERIFICATION))
    finally:
        association.abort()


def lose(context: RunContext, id_: str) -> str:
    """The product no longer answers after this requirement: restart it, or give it up.

    Returns how it came back, in words; empty where it did not.
    """
    words = _restarted(context)
    if words is None:
        lost = _stored_again(context)
        context.restarted_after.append(id_)
        context.events.emit(TargetRestarted(id_, lost))
        return "it was restarted" + (f"; {lost}" if lost else "")
    context.lost_after = id_
    context.events.emit(TargetLost(id_, words))
    return ""


def _stored_again(context: RunContext) -> str:
    """Store again what scenarios build on and a restart took away; what that was, in words."""
    count = len(context.arranged)
    try:
        gone = store_again(Scu(context.peer()), context.arranged, context.target.dimse.visible_within)
    except (DimseError, ArrangementFailed) as error:
        return f"what scenarios build on could not be stored again: {error}"
    return f"{gone} of {count} studies that it had acknowledged were gone, and stored again" if gone else ""


def _restarted(context: RunContext) -> str | None:
    """Restart the product; None where it serves again, else why not."""
    if not context.target.control.restart:
        return ""
    if len(context.restarted_after) >= MOST_RESTARTS:
        return f"it was restarted {MOST_RESTARTS} times already"
    try:
        restart(Scu(context.peer()), context.target)
    except NotTested as error:
        return str(error)
    return None
