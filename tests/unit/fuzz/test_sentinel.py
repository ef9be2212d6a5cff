"""The known object: its loss is noticed, that of one that an archive is made to forget is none."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import cast

from harness.dimse.command import CommandSet
from harness.findings import Symptom
from harness.fuzz.cases import DataSetCase, Sendable
from harness.fuzz.lines import Lines
from harness.fuzz.sentinel import Sentinel
from harness.scu.uids import CT_IMAGE_STORAGE, UNCOMPRESSED
from harness.synthesis import Identity


class Keeps:
    """An archive that keeps so many studies, and deletes the oldest beyond them."""

    sendable = Sendable(((CT_IMAGE_STORAGE, UNCOMPRESSED[0]),))
    can_find = True
    can_bring = False

    def __init__(self, most: int) -> None:
        self.studies: deque[str] = deque(maxlen=most)
        self.refuses = False
        self.product = SimpleNamespace(
            answers=lambda within: True, target=SimpleNamespace(dimse=SimpleNamespace(deadline=1.0))
        )

    def store(self, case: DataSetCase) -> CommandSet:
        if not self.refuses:
            self.studies.append(case.study_uid)
        return CommandSet.of(Status=0xA700 if self.refuses else 0)

    def is_found(self, case: DataSetCase) -> bool:
        return case.study_uid in self.studies

    def found(self, case: DataSetCase) -> list[str]:
        return [uid for uid in self.studies if uid == case.study_uid]


def planted(archive: Keeps) -> Sentinel:
    return Sentinel(cast("Lines", archive), Identity("2.25.1", "sentinel"))


def test_what_an_archive_forgets_by_its_quota_is_no_harm() -> None:
    archive = Keeps(500)
    sentinel = planted(archive)
    for number in range(2_000):
        archive.studies.append(f"2.25.2.{number}")
        assert sentinel.looked_at() is None


def test_a_loss_is_noticed_at_once() -> None:
    archive = Keeps(500)
    sentinel = planted(archive)
    for _ in range(450):
        assert sentinel.looked_at() is None
    archive.studies.clear()
    trouble = sentinel.looked_at()
    assert trouble is not None
    assert (trouble.symptom, trouble.clause) == (Symptom.HARMED, "PS3.4 B.2.2")


def test_one_that_no_longer_stores_is_harmed_too() -> None:
    archive = Keeps(500)
    sentinel = planted(archive)
    archive.refuses = True
    troubles = [found for _ in range(300) if (found := sentinel.looked_at()) is not None]
    assert "does not store an ordinary object" in troubles[0].observed
