"""Wrong passcodes of a made-up user, one after the other, and how long each is refused (CWE-307)."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, replace

from harness.dimse.errors import DimseError, NoAnswer, Unreachable
from harness.dimse.negotiation import UserIdentity
from harness.scu.session import Scu
from harness.security.callers import answer_in_words, as_user, is_let_in, knock, made_up_name

LAST = 3
"""The guesses at the end, and the right answers, of which the quickest counts."""
LOCKED_FOR = 60
"""Seconds that are granted, after guesses, until the harness is let in again."""
LET_IN = "A-ASSOCIATE-AC"
SHUT_OUT = (NoAnswer.__name__, Unreachable.__name__)
"""Answers of a product, or of what stands before it, that no longer listens to an address."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How somebody is answered, in words, and the seconds that it takes."""

    answer: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Guesses:
    """Wrong passcodes of one name, and then some right ones of the user of the target file."""

    wrong: tuple[Attempt, ...]
    right: tuple[Attempt, ...]

    @property
    def is_let_in(self) -> bool:
        """Whether a made-up user was let in at once."""
        return self.wrong[0].answer == LET_IN

    @property
    def is_shut_out(self) -> bool:
        """Whether who guesses is answered otherwise in the end, or the right user is no longer let in."""
        answers = {attempt.answer for attempt in self.wrong}
        return bool(answers.intersection(SHUT_OUT)) or len(answers) > 1 or self.locks_the_harness

    @property
    def locks_the_harness(self) -> bool:
        """Whether the right user is no longer let in."""
        return any(attempt.answer != LET_IN for attempt in self.right)

    @property
    def slowdown(self) -> float:
        """How many times as long as the right user who guesses waits for an answer in the end."""
        in_the_end = min(attempt.seconds for attempt in self.wrong[-LAST:])
        return in_the_end / min(attempt.seconds for attempt in self.right)


def guess(scu: Scu, right: UserIdentity, number: int) -> Guesses:
    """So many wrong passcodes of a made-up user, fewer where who guesses is shut out; then the right user.

    Where that is locked out too it waits, for a bounded time, until he is let in again.
    """
    name = made_up_name().encode()
    wrong: list[Attempt] = []
    while len(wrong) < number:
        wrong.append(_attempt(scu, replace(right, primary=name, secondary=made_up_name().encode())))
        if wrong[-1].answer != wrong[0].answer or wrong[-1].answer in SHUT_OUT:
            break
    guesses = Guesses(tuple(wrong), tuple(_attempt(scu, right) for _ in range(LAST)))
    if guesses.locks_the_harness:
        _await_admission(as_user(scu, right))
    return guesses


def _attempt(scu: Scu, identity: UserIdentity) -> Attempt:
    started = time.perf_counter()
    try:
        answer = answer_in_words(knock(as_user(scu, identity)))
    except (NoAnswer, Unreachable) as error:
        answer = type(error).__name__
    return Attempt(answer, time.perf_counter() - started)


def _await_admission(scu: Scu) -> None:
    pause, end = threading.Event(), time.monotonic() + LOCKED_FOR
    while time.monotonic() < end:
        with contextlib.suppress(DimseError):
            if is_let_in(scu):
                return
        pause.wait(1.0)
