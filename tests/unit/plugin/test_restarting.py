from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.peers.bundled import start_bundled
from harness.plugin.context import peer_of
from harness.plugin.outcomes import NotTested
from harness.plugin.restarting import restart
from harness.scu.find import study_uids
from harness.scu.session import Scu
from harness.scu.store import store_all
from harness.synthesis import Identity, new_run_root, new_study
from harness.target import Control, Dimse, Target

NOWHERE = Target(Dimse("127.0.0.1", 1, "NOWHERE"))


def test_the_bundled_archive_begins_anew_with_what_it_had(tmp_path: Path) -> None:
    study = new_study(Identity(new_run_root(), "restart"), instances=2)
    with start_bundled(tmp_path, (), "PACSHARNESS") as target:
        scu = Scu(peer_of(target))
        store_all(scu, study.instances)
        for _ in range(2):
            restart(scu, target)
            assert study_uids(scu, StudyInstanceUID=study.study_uid) == [study.study_uid]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ((), "names no command"),
        (("/no/such/program",), "cannot be run"),
        ((sys.executable, "-c", "import sys; sys.exit('not today')"), "not today"),
    ],
)
def test_a_restart_that_fails_is_no_judgement(command: tuple[str, ...], words: str) -> None:
    target = replace(NOWHERE, control=Control(restart=command))
    with pytest.raises(NotTested, match=words):
        restart(Scu(peer_of(target)), target)
