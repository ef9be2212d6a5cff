"""Which results of storage commitment may still come."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.archive import commitment
from harness.archive.config import ArchiveConfig
from harness.archive.config import Destination as Registered
from harness.archive.server import serve
from harness.dimse.capture import Recorder
from harness.dimse.transport import Address
from harness.plugin.committing import Committer
from harness.scu.commitment import Action, Reference, action_information
from harness.scu.destination import Destination
from harness.scu.session import Peer, Scu
from harness.scu.uids import CT_IMAGE_STORAGE

WAIT = 10.0
REFERENCES = [Reference(CT_IMAGE_STORAGE, "1.2.3")]


@pytest.fixture
def commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Committer]:
    """Of the bundled archive, which tries every 50 ms."""
    monkeypatch.setattr(commitment, "TRIES", (0.0, *[0.05] * 200))
    destination = Destination("DEST", "127.0.0.1", 0, WAIT)
    registered = Registered("DEST", "127.0.0.1", destination.port)
    archive = serve(ArchiveConfig(folder=tmp_path / "archive", destinations=(registered,)))
    peer = Peer(Address("127.0.0.1", archive.port), archive.config.ae_title, "DEST", deadline=WAIT)
    numbers = itertools.count(1)
    yield Committer(Scu(peer), destination, Recorder(), lambda: f"1.2.3.{next(numbers)}", WAIT)
    archive.stop()
    destination.stop()


def test_a_result_is_owed_until_it_has_come(commit: Committer) -> None:
    with commit.destination.unreachable():
        assert commit.request(Action(action_information(commit.new_uid(), REFERENCES))).integer("Status") == 0
        assert commit.owing() == 1
    assert commit.owing(WAIT) == 0


def test_who_refuses_owes_nothing(commit: Committer) -> None:
    assert commit.request(Action(action_information(None, REFERENCES))).integer("Status") != 0
    assert commit.owing() == 0


def test_a_result_that_was_awaited_in_vain_is_owed(commit: Committer) -> None:
    with commit.destination.unreachable():
        _, outcome, _ = replace(commit, within=0.1).attempt(REFERENCES)
        assert not outcome.results
        assert commit.owing() == 1
    assert commit.owing(WAIT) == 0


def test_a_result_that_came_to_its_request_is_not_owed(commit: Committer) -> None:
    assert commit(REFERENCES, release=True).result.references == tuple(REFERENCES)
    assert commit.owing() == 0
