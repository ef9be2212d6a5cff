"""The ARTIM timer: how long a product keeps a connection on which nothing is said (PS3.8 9.1.4, 9.1.5)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.behaviour import Policies
from harness.dimse.errors import DimseError
from harness.observing.bounds import Look
from harness.observing.policies import PROBE
from harness.plugin.waiting import Watched, patience
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION
from harness.target import Target


@contextlib.contextmanager
def silent_connection(scu: Scu, target: Target) -> Iterator[Callable[[Look, Policies], Policies]]:
    """A connection that is left alone meanwhile; the function waits for its end, and adds that to policies.

    Where the product serves nobody beside it, it is given up, and another one begun when it is asked for.
    """
    watched: Watched | None = None
    with contextlib.suppress(DimseError):
        watched = Watched(scu.connect(), target, accepted=False)
    if watched is not None and not _serves_others(scu):
        watched.stop()
        watched = None

    def ended(look: Look, policies: Policies) -> Policies:
        nonlocal watched
        if look.ended:
            return policies
        with look.at("how long a silent connection is kept"):
            watched = watched or Watched(scu.connect(), target, accepted=False)
            ending = watched.ending()
            return replace(
                policies,
                silent_closed_after=ending.seconds if ending.closed else None,
                silent_watched_for=patience(target, accepted=False),
            )
        return policies

    try:
        yield ended
    finally:
        if watched is not None:
            watched.stop()


def _serves_others(scu: Scu) -> bool:
    quick = Scu(replace(scu.peer, deadline=min(PROBE, scu.peer.deadline)))
    try:
        association = quick.connect()
        try:
            association.negotiate(quick.request(VERIFICATION))
            return echo(association).get("Status") == 0
        finally:
            association.abort()
    except DimseError:
        return False
