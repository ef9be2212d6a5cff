"""Where objects can be sent to (PS3.4 C.4.2.1.5, C.4.2.3.1)."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass

import pytest

from harness.dimse.capture import Recorder
from harness.scenario import CRITICAL, LOW, not_tested, safeguard
from harness.scu.destination import Destination
from harness.scu.inbox import Received
from harness.scu.move import move
from harness.scu.retrieve import Retrieval, counts_of, keys_for
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe
from harness.scu.uids import QueryLevel
from harness.security.callers import offered_model
from harness.synthesis import SyntheticStudy

_LENGTH = 16
_REMEDY = (
    "Have the product send objects to registered destinations alone, at the address that each is registered"
    " with, and answer all others with A801H."
)


@dataclass(frozen=True, slots=True)
class Moved:
    """What a C-MOVE of a study was answered, and what came to any of the harness's destinations."""

    answer: Retrieval
    received: tuple[Received, ...]

    @property
    def was_sent(self) -> bool:
        """Whether objects have gone out: some came, or the product says so."""
        counts = [counts_of(response) for response in (*self.answer.pending, self.answer.final)]
        told = any((one.completed or 0) + (one.warning or 0) for one in counts)
        says_nothing = self.answer.counts.completed is None
        return bool(self.received) or told or (says_nothing and self.answer.status == SUCCESS)


def moved(
    scu: Scu, study: SyntheticStudy, title: str, destinations: tuple[Destination, ...], recorder: Recorder
) -> Moved:
    """One C-MOVE of a study to that title."""
    root = offered_model(scu, lambda model: model.move)
    keys = keys_for(root, QueryLevel.STUDY, study)
    with contextlib.ExitStack() as stack:
        inboxes = [stack.enter_context(destination.inbox(recorder)) for destination in destinations]
        answer = move(scu, root, QueryLevel.STUDY, title, keys)
    return Moved(answer, tuple(one for inbox in inboxes for one in inbox.received))


@safeguard(
    "PS3.4 C.4.2.1.5", CRITICAL, "No objects are sent to a destination that isn't registered.", remedy=_REMEDY
)
@pytest.mark.parametrize("whose", ["nobody", "caller"])
def test_unregistered(
    scu: Scu,
    stored_study: SyntheticStudy,
    destinations: tuple[Destination, ...],
    recorder: Recorder,
    whose: str,
) -> None:
    title = scu.peer.calling_ae_title if whose == "caller" else f"PHNO{secrets.token_hex(5).upper()}"
    result = moved(scu, stored_study, title, destinations, recorder)
    if whose == "caller" and result.received:
        return  # the product knows the caller as a destination too
    assert not result.received, (
        f"{len(result.received)} objects for {title}, which isn't registered, go to the caller's address"
    )
    assert not result.was_sent, (
        f"a C-MOVE to {title}, which is not registered, is carried out: {describe(result.answer.final)}"
    )


@safeguard(
    "PS3.5 6.2",
    LOW,
    "A destination is found by its whole AE title, in small and capital letters as registered.",
    remedy="Have the product compare AE titles letter by letter, so that no two destinations are mixed up.",
)
@pytest.mark.parametrize("kind", ["other-case", "beginning", "continued"])
def test_likeness(
    scu: Scu,
    stored_study: SyntheticStudy,
    destinations: tuple[Destination, ...],
    destination: Destination,
    recorder: Recorder,
    kind: str,
) -> None:
    title = destination.ae_title
    like = {"other-case": title.swapcase(), "beginning": title[:-1], "continued": f"{title}X"}[kind]
    known = {entry.ae_title for entry in destinations}
    if not 0 < len(like) <= _LENGTH or like in known or like == scu.peer.calling_ae_title:
        raise not_tested(f"{title} leaves no such title to try")
    result = moved(scu, stored_study, like, destinations, recorder)
    assert not result.was_sent, (
        f"a C-MOVE to {like} is carried out, as if it were {title}: {describe(result.answer.final)}"
    )
