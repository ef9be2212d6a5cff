"""What strangers learn, hostile values, and limits: weaknesses seeded into the hardened archive."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.archive.attributes import Attribute
from harness.archive.config import ArchiveConfig
from harness.archive.identifiers import Query
from harness.archive.index import Selection
from harness.archive.negotiation import Caller, Rejection
from harness.archive.pdus import P_DATA
from harness.archive.semantics import Semantics
from harness.archive.status import SUCCESS
from harness.archive.storage import Staged
from tests.mutants.seed import mutant

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from harness.archive.messages import Message

PATIENT_ID = 0x00100020
HELD_UP = 8.0
"""Seconds for which one caller holds up all others, at most."""
MOST_TAKEN = 72 * 2**20
"""Bytes that an announcement is believed, each time."""


@mutant(
    clause="CWE-1395",
    defect="announces a version of a toolkit that public lists name as affected",
    caught_by=("security.exposure.version-not-listed",),
    hardened=True,
)
class AnnouncesOldToolkit(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        return pdu.replace(b"HARNESS_ARCHIVE", b"OFFIS_DCMTK_364")


@mutant(
    clause="CWE-200",
    defect="tells everybody what it serves",
    caught_by=("security.exposure.stranger-learns-no-services",),
    hardened=True,
)
class TellsStrangers(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(replace(config, callers=(), passcodes=()))


@mutant(
    clause="CWE-204",
    defect="tells a stranger whether it has the title that he called",
    caught_by=("security.exposure.title-not-to-be-guessed",),
    hardened=True,
)
class ConfirmsItsTitle(Semantics):
    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        if caller.called != self.config.ae_title:
            return Rejection(1, 1, 7)
        return super().admit(caller, open_associations)


@mutant(
    clause="CWE-434",
    defect="writes files that begin as programs do",
    caught_by=("security.exposure.preambles-harmless",),
    hardened=True,
)
class PreambleOfProgram(Semantics):
    def coerced(self, staged: Staged) -> Staged:
        with staged.path.open("r+b") as file:
            file.write(b"MZ\x90\0")
        return staged


class Telling(Semantics):
    """Says in its error comments what it is made of."""

    said = ""

    def response_command(self, request: Message, command: Dataset) -> Dataset:
        if command.Status not in (SUCCESS, 0xFF00, 0xFF01):
            command.ErrorComment = self.said
        return command


@mutant(
    clause="CWE-209",
    defect="says in error comments where its files are",
    caught_by=("security.exposure-input.comment-tells-no-insides",),
    hardened=True,
)
class TellsPaths(Telling):
    said = "cannot open /srv/pacs/data/objects/1f"


@mutant(
    clause="CWE-209",
    defect="says in error comments what it asked of its database",
    caught_by=("security.exposure-input.comment-tells-no-insides",),
    hardened=True,
)
class TellsStatements(Telling):
    said = "near '1': SELECT study_uid FROM study WHERE patient_id"


@mutant(
    clause="CWE-209",
    defect="says in error comments where its program failed",
    caught_by=("security.exposure-input.comment-tells-no-insides",),
    hardened=True,
)
class TellsStackTraces(Telling):
    said = "KeyError: 'level' at harness.archive.find(find.py:61)"


@mutant(
    clause="CWE-22",
    defect="names files by SOP Instance UIDs, whatever these are",
    caught_by=("security.exposure-input.no-path-traversal",),
    hardened=True,
)
class UidsArePaths(Semantics):
    def may_name(self, uid: str) -> bool:
        return True

    def coerced(self, staged: Staged) -> Staged:
        if ".." in staged.sop_instance and "\0" not in staged.sop_instance:
            (self.config.folder / "objects" / staged.sop_instance).write_bytes(b"")
        return staged


@mutant(
    clause="CWE-89",
    defect="hands '%' in a key to LIKE as it is",
    caught_by=("security.exposure-input.key-is-no-statement",),
    hardened=True,
)
class PercentMatchesAll(Semantics):
    def selection(self, query: Query) -> Selection:
        return Selection()

    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return key.values == ("%",) or super().match_value(key, candidate, tag)


@mutant(
    clause="CWE-89",
    defect="puts keys into its statements as they are",
    caught_by=("security.exposure-input.key-is-no-statement",),
    hardened=True,
)
class KeysAreStatements(Semantics):
    def selection(self, query: Query) -> Selection:
        return Selection()

    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return any("' OR " in value for value in key.values) or super().match_value(key, candidate, tag)


@mutant(
    clause="CWE-770",
    defect="has room for eight associations, whoever has them",
    caught_by=("security.limits.idle-associations-leave-room",),
    hardened=True,
    options=("--associations", "8"),
)
class LittleRoom(Semantics):
    pass


@mutant(
    clause="CWE-400",
    defect="admits nobody while a PDU is under way",
    caught_by=("security.limits.slow-sender-blocks-nobody",),
    hardened=True,
)
class SlowSenderBlocks(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self._longest = threading.local()
        self._until = 0.0

    def announced(self, kind: int, length: int) -> None:
        # A PDU is seen again with each piece of it: the second time it is one that is under way.
        if kind == P_DATA and getattr(self._longest, "length", None) == length:
            self._until = time.monotonic() + HELD_UP
        self._longest.length = length

    def admit(self, caller: Caller, open_associations: int) -> Rejection | None:
        pause = threading.Event()
        while time.monotonic() < self._until:
            pause.wait(0.1)
        return super().admit(caller, open_associations)


@mutant(
    clause="CWE-789",
    defect="takes the memory that a PDU announces",
    caught_by=("security.limits.declared-length-takes-no-memory",),
    hardened=True,
)
class BelievesLengths(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        self._taken: list[bytes] = []

    def announced(self, kind: int, length: int) -> None:
        if length > MOST_TAKEN:
            self._taken.append(b"\1" * MOST_TAKEN)


@mutant(
    clause="CWE-772",
    defect="never ends an idle association",
    caught_by=("security.limits.idle-association-ends",),
    hardened=True,
    options=("--idle", "3600"),
)
class KeepsIdleAssociations(Semantics):
    pass
