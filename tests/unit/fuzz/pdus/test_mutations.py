"""Cases of the upper layer: every mutation is drawn, a seed gives the same bytes, lengths stay right."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings

from harness.dimse.negotiation import Item
from harness.dimse.pdu import AssociateRequest, decode_pdu
from harness.fuzz.drawing import draw_alone
from harness.fuzz.pdus.fields import What, fields, of, spliced
from harness.fuzz.pdus.known import known_cases
from harness.fuzz.pdus.mutated import (
    BASE,
    LARGEST,
    MOST_MUTATIONS,
    MUTATIONS,
    PduCase,
    digits,
    mutated,
    pdu_cases,
)
from harness.fuzz.pdus.recorded import Exchange, recorded
from harness.fuzz.pdus.script import Await, Awaited, Script, Send

EXCHANGES = recorded("CALLED", "CALLING")
QUIET = settings(database=None, suppress_health_check=list(HealthCheck))


def drawn(seed_: int, count: int = 60) -> list[PduCase]:
    draw_alone()
    cases: list[PduCase] = []

    @seed(seed_)
    @settings(QUIET, max_examples=count, phases=[Phase.generate])
    @given(pdu_cases(EXCHANGES))
    def take(case: PduCase) -> None:
        cases.append(case)

    take()
    return cases


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_mutation_changes_bytes_or_waits(name: str) -> None:
    numbers = random.Random(name)
    plain = {exchange.name: mutated(exchange, []).script for exchange in EXCHANGES}
    changes = 0
    for exchange in EXCHANGES:
        for _ in range(20):
            case = mutated(exchange, [(name, digits(numbers.getrandbits(40)))])
            changes += case.traits == (name,) and case.script != plain[exchange.name]
    assert changes > 10


def test_every_mutation_is_drawn() -> None:
    assert {trait for case in drawn(1, 400) for trait in case.traits} == set(MUTATIONS)


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_known_cases_are_the_same_bytes_every_time() -> None:
    for first, again in zip(known_cases("A", "B"), known_cases("A", "B"), strict=True):
        assert first == again


def test_the_simplest_case_is_the_exchange_as_it_stands() -> None:
    simplest = find(pdu_cases(EXCHANGES), lambda case: True, settings=QUIET)
    assert simplest == mutated(EXCHANGES[0], [])
    assert simplest.traits == ()


def test_a_cause_is_shrunk_to_one_mutation() -> None:
    def has_unknown_type(case: PduCase) -> bool:
        return any(isinstance(step, Send) and step.data[:1] == b"\x0a" for step in case.script.steps)

    smallest = find(pdu_cases(EXCHANGES), has_unknown_type, settings=settings(QUIET, max_examples=1000))
    assert len(smallest.traits) == 1
    assert smallest.exchange == EXCHANGES[0].name


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_exchanges_are_made_of_legal_pdus(exchange: Exchange) -> None:
    for step in exchange.script.steps:
        if isinstance(step, Send):
            assert decode_pdu(step.data).encode() == step.data


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_waits_of_an_ordinary_exchange_are_owed(exchange: Exchange) -> None:
    waits = [step for step in mutated(exchange, []).script.steps if isinstance(step, Await)]
    assert [step.is_owed for step in waits[:-1]] == [True] * (len(waits) - 1)
    assert waits[-1] == Await(what=Awaited.END)


def test_nothing_is_awaited_within_a_pdu() -> None:
    half = mutated(EXCHANGES[0], [("half-sent PDU", lambda count: 0)]).script
    assert [step.what for step in half.steps if isinstance(step, Await)] == [Awaited.END]


def test_what_is_spliced_in_keeps_every_length_around_it_right() -> None:
    (request, *_) = EXCHANGES[2].script.steps
    assert isinstance(request, Send)
    for field in of(request.data, What.ITEM_VALUE):
        value = b"1.2.840.10008.99"[: 4 if field.number == Item.MAXIMUM_LENGTH else 16]
        pdu = decode_pdu(spliced(request.data, field.start, field.end, value))
        assert isinstance(pdu, AssociateRequest)


def test_fields_cover_a_request_without_a_gap() -> None:
    (request, *_) = EXCHANGES[2].script.steps
    assert isinstance(request, Send)
    covered = {at for field in fields(request.data) for at in range(field.start, field.end)}
    assert covered == set(range(len(request.data)))


def test_fields_of_damaged_pdus_stay_within_them() -> None:
    numbers = random.Random(1)
    for exchange in EXCHANGES:
        for step in exchange.script.steps:
            if isinstance(step, Send):
                for _ in range(20):
                    pdu = bytearray(step.data)
                    for _ in range(8):
                        pdu[numbers.randrange(len(pdu))] = numbers.randrange(256)
                    assert all(0 <= one.start <= one.end <= len(pdu) for one in fields(bytes(pdu)))


def test_floods_stay_within_their_bound() -> None:
    scripts: list[Script] = [case.script for case in drawn(3)]
    scripts += [known.case.script for known in known_cases("A", "B")]
    assert max(len(script.connections) for script in scripts) == 64


def test_any_mutations_in_any_order_make_a_case() -> None:
    """At the ends of their numbers, and where the ones before have left little."""
    chosen = random.Random(5)
    exchanges, names = recorded("PACS", "HARNESS"), tuple(MUTATIONS)
    edges = (0, 1, LARGEST, LARGEST - 1, BASE, BASE - 1, BASE**2)
    for _ in range(1500):
        kinds = [
            (chosen.choice(names), digits(chosen.choice((*edges, chosen.randint(0, LARGEST)))))
            for _ in range(MOST_MUTATIONS)
        ]
        assert mutated(chosen.choice(exchanges), kinds).size >= 0
    left_out = [("connection reset", digits(0)), ("PDU left out", digits(0)), ("unexpected PDU", digits(0))]
    assert mutated(exchanges[0], left_out).traits
