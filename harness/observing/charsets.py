"""Which character sets a product stores, returns and matches: a patient's name in each (PS3.3 C.12.1.1.2)."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from harness.behaviour import CharacterSetAnswer
from harness.dimse.association import Association
from harness.dimse.errors import DimseError, PeerViolation
from harness.observing.bounds import Look
from harness.scu.find import find_with
from harness.scu.identifier import Identifier, keys_of
from harness.scu.session import Scu
from harness.scu.status import was_done
from harness.scu.store import proposals_for, store
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import Identity, SyntheticStudy, new_study

NAMES = {
    "ISO_IR 100": "PHTEST^Müller",
    "ISO_IR 101": "PHTEST^Łukasz",
    "ISO_IR 109": "PHTEST^Ħaż",
    "ISO_IR 110": "PHTEST^Ģirts",
    "ISO_IR 144": "PHTEST^Иванов",
    "ISO_IR 127": "PHTEST^قباني",
    "ISO_IR 126": "PHTEST^Διονυσιος",
    "ISO_IR 138": "PHTEST^שרון",
    "ISO_IR 148": "PHTEST^Çavuş",
    "ISO_IR 166": "PHTEST^นามสกุล",
    "ISO_IR 13": "PHTEST^ﾔﾏﾀﾞ",
    "\\ISO 2022 IR 87": "PHTEST^Yamada=山田^太郎",
    "\\ISO 2022 IR 149": "PHTEST^Hong=洪^吉洞",
    "ISO_IR 192": "PHTEST^Wang=王^小東",
    "GB18030": "PHTEST^Wang=王^小东",
    "GBK": "PHTEST^Wang=王^小东",
}
"""A name in each.  ISO 2022 IR 58 is left out: what encodes here does not write its escape sequence."""
NOBODY = "PHTEST^Nobody"
_POLL = 0.2


@dataclass
class CharacterSets:
    """The look at them, one study with one object for each."""

    scu: Scu
    root: Root | None
    within: float
    look: Look

    def answers(self, identity: Identity) -> tuple[CharacterSetAnswer, ...]:
        """What became of each name.  NotAccepted where the product takes no CT images."""
        studies = {
            term: new_study(
                identity, instances=1, SpecificCharacterSet=term.split("\\"), PatientName=NAMES[term]
            )
            for term in NAMES
        }
        stored = self._store(studies)
        return tuple(
            self._answer(term, studies[term])
            if term in stored
            else CharacterSetAnswer(term, False, None, "", None)
            for term in studies
        )

    def _store(self, studies: dict[str, SyntheticStudy]) -> set[str]:
        instances = [study.instance(0) for study in studies.values()]
        stored: set[str] = set()
        with self.scu.open(*proposals_for(instances)) as association:
            for term, study in studies.items():
                status = store(self.scu, association, study.instance(0)).integer("Status")
                if was_done(status):
                    stored.add(term)
        return stored

    def _answer(self, term: str, study: SyntheticStudy) -> CharacterSetAnswer:
        unseen = CharacterSetAnswer(term, True, None, "", None)
        if self.root is None or self.look.ended:
            return unseen
        try:
            with self.scu.open(self.root.find) as association:
                found = self._await(association, term, study)
                if found is None:
                    return unseen
                if not _reads(found, study.patient_name):
                    # Some products answer in the character set of the query.
                    asked: dict[str, object] = {"SpecificCharacterSet": term.split("\\"), "PatientName": None}
                    found = next(iter(self._query(association, study, asked)), found)
                return CharacterSetAnswer(
                    term,
                    True,
                    _reads(found, study.patient_name),
                    _character_set(found),
                    self._matched(association, term, study),
                )
        except DimseError as error:
            self.look.failure(f"queries in {term}", error)
            return unseen

    def _await(self, association: Association, term: str, study: SyntheticStudy) -> Identifier | None:
        """The match of the study, as soon as it is visible."""
        end = time.monotonic() + self.within
        pause = threading.Event()
        while True:
            if found := self._query(association, study, {"PatientName": None}):
                return found[0]
            if time.monotonic() >= end:
                self.look.remarks.append(f"a study in {term} was not found within {self.within:g} s")
                return None
            pause.wait(_POLL)

    def _matched(self, association: Association, term: str, study: SyntheticStudy) -> bool:
        asked: dict[str, object] = {"SpecificCharacterSet": term.split("\\")}
        return bool(self._query(association, study, {**asked, "PatientName": study.patient_name})) and not (
            self._query(association, study, {"PatientName": NOBODY})
        )

    def _query(
        self, association: Association, study: SyntheticStudy, keys: dict[str, object]
    ) -> tuple[Identifier, ...]:
        assert self.root is not None
        named: dict[str, object] = {"StudyInstanceUID": study.study_uid}
        if self.root is Root.PATIENT:
            named["PatientID"] = study.patient_id
        identifier = keys_of(QueryLevel.STUDY, {**named, **keys})
        return find_with(association, self.root.find, identifier).identifiers


def _reads(found: Identifier, name: str) -> bool:
    """Whether it reads as it was stored; bytes of no character set that is named read as nothing."""
    try:
        if not _character_set(found):
            return False
        return "PatientName" in found and found.text("PatientName").rstrip("=^") == name
    except PeerViolation:
        return False


def _character_set(found: Identifier) -> str:
    try:
        return found.text("SpecificCharacterSet") if "SpecificCharacterSet" in found else ""
    except PeerViolation:
        return ""
