"""Cases of the upper layer: a recorded exchange with none to three of its bytes' meanings changed."""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from hypothesis import strategies as st

from harness.dimse.command import Command
from harness.fuzz.pdus.changing import Choose, Mutation, sends
from harness.fuzz.pdus.commands import COMMANDS
from harness.fuzz.pdus.messages import MESSAGES
from harness.fuzz.pdus.owing import Due, answer_to, due
from harness.fuzz.pdus.reading import Sent, sent
from harness.fuzz.pdus.recorded import Exchange
from harness.fuzz.pdus.requests import ASSOCIATIONS
from harness.fuzz.pdus.script import Await, Awaited, Close, HalfClose, Reset, Script, Send, Steps, with_titles
from harness.fuzz.pdus.streams import STREAMS

MUTATIONS: dict[str, Mutation] = {**COMMANDS, **MESSAGES, **ASSOCIATIONS, **STREAMS}
"""Every mutation, by what people read of it."""
MOST_MUTATIONS = 3
BASE = 1 << 10
LARGEST = BASE**4 - 1
"""The choices of one mutation: as many as the choosiest common ones make."""


@dataclass(frozen=True, slots=True)
class PduCase:
    """A script, and what is unusual in it: names of MUTATIONS, or words for a case that stands by itself."""

    exchange: str
    script: Script
    traits: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes that are sent."""
        return self.script.size

    @property
    def marks(self) -> frozenset[str]:
        """What tells its causes apart from those of other cases."""
        return frozenset(self.traits)


def pdu_cases(recorded: Sequence[Exchange]) -> st.SearchStrategy[PduCase]:
    """Cases that no timer is waited for; the simplest is the first exchange as it stands.

    All choices of a mutation are the digits of one number, since drawing is what takes the time.
    """
    mutations = st.tuples(st.sampled_from(tuple(MUTATIONS)), st.integers(0, LARGEST))
    return st.builds(
        lambda exchange, kinds: mutated(exchange, [(kind, digits(number)) for kind, number in kinds]),
        st.sampled_from(tuple(recorded)),
        st.lists(mutations, max_size=MOST_MUTATIONS),
    )


def digits(number: int) -> Choose:
    """Choices out of a number, one out of each of its digits; 0 once they are used up.

    A digit is the same choice whatever the counts before it, so that another exchange keeps the rest.
    """
    left = number

    def choose(count: int) -> int:
        nonlocal left
        left, digit = divmod(left, BASE)
        return digit % count

    return choose


def mutated(exchange: Exchange, mutations: Iterable[tuple[str, Choose]]) -> PduCase:
    """An exchange after these mutations, by name and with the choices to make.

    Those that find nothing to change leave no trait.
    """
    script = exchange.script
    steps = list(script.steps)
    traits: list[str] = []
    for kind, choose in mutations:
        if not sends(steps):
            break  # one that leaves PDUs out has left nothing to change
        after = MUTATIONS[kind](steps, choose)
        if after != steps:
            steps = after
            traits.append(kind)
    finished = ended(steps, script.called, script.calling)
    return PduCase(exchange.name, finished, tuple(dict.fromkeys(traits)))


def ended(steps: Sequence[Steps], called: str, calling: str) -> Script:
    """A script that nobody waits long in: its waits fit what is sent, and its connections end.

    A wait where a strict product waits for more bytes itself is left out; one for an answer to what has
    anything wrong is not owed.  The half-close at the end is seen by whoever still reads.
    """
    out: list[Steps] = []
    unheard: set[int] = set()
    """Connections on which something was sent since the last wait."""
    for step in steps:
        if isinstance(step, Await):
            if step.on not in unheard:
                continue
            unheard.discard(step.on)
            fitted = _fitted(step, out)
            if fitted is not None:
                out.append(fitted)
        elif isinstance(step, Send):
            unheard.add(step.on)
            out.append(with_titles(step, called, calling))
        else:
            out.append(step)
    over = {step.on for step in out if isinstance(step, Close | Reset)}
    numbers = [on for on in _numbers(out) if on not in over]
    out += [HalfClose(on=on) for on in numbers]
    out += [Await(what=Awaited.END, on=on) for on in numbers]
    return Script(tuple(out), called, calling)


def _fitted(step: Await, before: Sequence[Steps]) -> Await | None:
    """A wait for what has to come after these steps; None where nothing has."""
    so_far = sent(before, step.on)
    owes = due(so_far)
    if owes is Due.NOTHING:
        return None
    if owes is Due.PERHAPS:
        return msgspec.structs.replace(step, is_owed=False)
    if _in_flight(before, so_far) > 1:
        # Without an asynchronous operations window there is one operation at a time (PS3.7 D.3.3.3).
        return msgspec.structs.replace(step, is_owed=False)
    what, context = answer_to(so_far)
    # Who serves one connection after the other waits for the one that is silent (PS3.8 9.1.2).
    is_alone = all(due(sent(before, on)) is Due.ANSWER for on in _numbers(before) if on != step.on)
    return msgspec.structs.replace(step, what=what, context=context, is_owed=is_alone)


def _in_flight(before: Sequence[Steps], so_far: Sent) -> int:
    """The most requests that were sent without a wait between them."""
    waits = [at for at, step in enumerate(before) if isinstance(step, Await)]
    asked = [so_far.frames[one.frame].step for one in so_far.commands if one.field != Command.C_CANCEL_RQ]
    between = Counter(bisect.bisect(waits, step) for step in asked)
    return max(between.values(), default=0)


def _numbers(steps: Iterable[Steps]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(step.on for step in steps))
