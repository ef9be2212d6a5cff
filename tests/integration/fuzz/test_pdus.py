"""Cases of the upper layer against real archives: hundreds, and no finding that no clause defends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from harness.archive import launch
from harness.dimse.transport import Address
from harness.fuzz.drawing import draw_alone
from harness.fuzz.pdus.judging import judged
from harness.fuzz.pdus.known import known_cases
from harness.fuzz.pdus.mutated import PduCase, mutated, pdu_cases
from harness.fuzz.pdus.played import Played
from harness.fuzz.pdus.playing import play
from harness.fuzz.pdus.recorded import recorded
from harness.fuzz.pdus.script import from_json, to_json
from harness.fuzz.pdus.waiting import play_waiting, serves_beside_silence, waiting_cases
from harness.peers import start_peer
from harness.peers.bundled import start_bundled
from harness.scu.echo import echo
from harness.scu.session import Peer, Scu
from harness.scu.uids import VERIFICATION
from harness.target import Target
from tests.mutants.forking import spawn
from tests.programs import require_program

CALLING = "PACSHARNESS"
PATIENCE = 20.0
"""Seconds for what is owed: a busy machine is no finding."""


def reached(target: Target) -> Peer:
    dimse = target.dimse
    return Peer(Address(dimse.host, dimse.port), dimse.called_ae_title, dimse.calling_ae_title)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(launch, "spawn", spawn)
        with start_bundled(tmp_path_factory.mktemp("archive"), [], CALLING) as target:
            yield reached(target)


def lives(peer: Peer) -> None:
    with Scu(peer).open(VERIFICATION) as association:
        echo(association)


def test_several_hundred_cases_find_nothing_in_the_archive(archive: Peer) -> None:
    troubles = []

    draw_alone()

    @seed(20)
    @settings(
        max_examples=250,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(pdu_cases(recorded(archive.called_ae_title, archive.calling_ae_title)))
    def run(case: PduCase) -> None:
        trouble = judged(case, play(case.script, archive, patience=PATIENCE))
        if trouble is not None:
            troubles.append((trouble, to_json(case.script)))

    run()
    assert troubles == []
    lives(archive)


def test_known_cases_find_nothing_in_the_archive(archive: Peer) -> None:
    for known in known_cases(archive.called_ae_title, archive.calling_ae_title):
        played = play(known.case.script, archive, patience=PATIENCE)
        assert judged(known.case, played) is None, known.case.traits
    lives(archive)


def test_a_case_that_was_kept_is_played_again(archive: Peer) -> None:
    case = mutated(recorded(archive.called_ae_title, archive.calling_ae_title)[0], [])
    again = play(from_json(to_json(case.script)), archive, patience=PATIENCE)
    assert [type(one.pdu).__name__ for one in again.heard] == ["AssociateAccept", "PData", "ReleaseResponse"]


def test_what_is_damaged_is_answered_without_a_timer(archive: Peer) -> None:
    """Of the cases that wait those whose answer is due at once; the others would take ARTIM."""
    ordinary = mutated(recorded(archive.called_ae_title, archive.calling_ae_title)[0], []).script
    assert serves_beside_silence(archive, ordinary, within=PATIENCE)
    cases = [
        case
        for case in waiting_cases(archive.called_ae_title, archive.calling_ae_title)
        if case.traits[0].startswith(
            ("an unknown PDU", "a second request", "a fragment", "a request of length")
        )
    ]
    assert len(cases) == 4
    for case, played in zip(
        cases, play_waiting([case.script for case in cases], archive, patience=PATIENCE), strict=True
    ):
        assert isinstance(played, Played)
        assert judged(case, played) is None
        assert not played.unanswered


def test_ordinary_and_known_cases_find_nothing_in_orthanc(tmp_path: Path) -> None:
    """Without those that it dies of: see docs/PEERS.md."""
    require_program("Orthanc")
    with start_peer("orthanc", tmp_path, []) as running:
        peer = reached(running.target)
        titles = peer.called_ae_title, peer.calling_ae_title
        for exchange in recorded(*titles):
            case = mutated(exchange, [])
            assert judged(case, play(case.script, peer, patience=PATIENCE)) is None, exchange.name
        for known in known_cases(*titles):
            if "C-CANCEL" not in known.case.traits[0]:
                trouble = judged(known.case, play(known.case.script, peer, patience=PATIENCE))
                assert trouble is None, (trouble, known.case.traits)
        lives(peer)
