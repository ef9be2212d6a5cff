"""What mutations have in common: choosing, and replacing the bytes of one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from harness.fuzz.pdus.fields import Field, What, of, spliced, with_number
from harness.fuzz.pdus.script import Send, Steps

T = TypeVar("T")
Choose = Callable[[int], int]
"""A whole number from 0 to one less than the argument; 0 is the simplest choice."""
Mutation = Callable[[list[Steps], Choose], list[Steps]]
"""The steps with one thing changed; as they were where there is nothing to change."""
Place = tuple[int, Field] | None
"""A step, and a field of what it sends; None where there is none such."""


def one_of(choices: Sequence[T], choose: Choose) -> T:
    """One of the choices, which must not be empty."""
    return choices[choose(len(choices))]


def sends(steps: Sequence[Steps], *types: int) -> list[int]:
    """The places of the steps that send a PDU of one of these types; of any type for none."""
    return [
        at
        for at, step in enumerate(steps)
        if isinstance(step, Send) and step.data and (not types or step.data[0] in types)
    ]


def data_of(steps: Sequence[Steps], at: int) -> bytes:
    """What a step sends."""
    step = steps[at]
    return step.data if isinstance(step, Send) else b""


def changed(steps: Sequence[Steps], at: int, *pdus: bytes) -> list[Steps]:
    """The steps with these PDUs, a step each, in the place of the step at `at`."""
    step = steps[at]
    new = [msgspec.structs.replace(step, data=pdu) for pdu in pdus] if isinstance(step, Send) else [step]
    return [*steps[:at], *new, *steps[at + 1 :]]


def inserted(steps: Sequence[Steps], at: int, *pdus: bytes) -> list[Steps]:
    """The steps with these PDUs sent ahead of the one at `at`."""
    return [*steps[:at], *(Send(data=pdu) for pdu in pdus), *steps[at:]]


def found(steps: Sequence[Steps], types: Sequence[int], *kinds: What) -> list[tuple[int, Field]]:
    """(step, field) for each field of these kinds in the PDUs of these types."""
    return [(at, field) for at in sends(steps, *types) for field in of(data_of(steps, at), *kinds)]


def place_of(
    steps: Sequence[Steps], choose: Choose, types: Sequence[int], *kinds: What, numbers: Sequence[int] = ()
) -> Place:
    """One of the fields that `found` gives, with one of these numbers where any is named."""
    places = [
        (at, field) for at, field in found(steps, types, *kinds) if not numbers or field.number in numbers
    ]
    return one_of(places, choose) if places else None


def respliced(steps: list[Steps], place: Place, make: Callable[[bytes], bytes]) -> list[Steps]:
    """The steps with what `make` gives of a field's bytes in their place, all lengths around it right."""
    if place is None:
        return steps
    at, field = place
    pdu = data_of(steps, at)
    return changed(steps, at, spliced(pdu, field.start, field.end, make(field.value(pdu))))


def renumbered(steps: list[Steps], place: Place, make: Callable[[int], int]) -> list[Steps]:
    """The steps with what `make` gives of a field's number in its place, and nothing else changed."""
    if place is None:
        return steps
    at, field = place
    pdu = data_of(steps, at)
    return changed(steps, at, with_number(pdu, field, make(field.integer(pdu))))
