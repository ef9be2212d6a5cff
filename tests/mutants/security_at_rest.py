"""Weaknesses of data at rest, seeded into the hardened archive."""

from __future__ import annotations

import base64
import logging
import os
import shutil

from harness.archive import storage
from harness.archive.attributes import AttributeSet
from harness.archive.config import ArchiveConfig
from harness.archive.negotiation import Identity, IdentityAnswer
from harness.archive.semantics import Semantics
from harness.archive.storage import Staged
from tests.mutants.seed import mutant

LOGGER = logging.getLogger(__name__)
NAME, PATIENT_ID = 0x00100010, 0x00100020


@mutant(
    clause="CWE-311",
    defect="keeps a list of patients beside the objects, in Base64",
    caught_by=("security.at-rest.encrypted",),
    hardened=True,
)
class ListsPatients(Semantics):
    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        line = base64.b64encode(attributes.text(NAME).encode())
        with (self.config.folder / "patients").open("ab") as file:
            file.write(line + b"\n")
        return attributes


@mutant(
    clause="CWE-532",
    defect="names the patient of every object in its log",
    caught_by=("security.at-rest.log-without-patients",),
    hardened=True,
)
class LogsPatients(Semantics):
    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        LOGGER.info("stored an object of %s", attributes.text(NAME))
        return attributes


@mutant(
    clause="CWE-532",
    defect="logs what a user who is turned away gave as passcode, in hexadecimal",
    caught_by=("security.at-rest.log-without-passcodes",),
    hardened=True,
)
class LogsPasscodes(Semantics):
    def identify(self, identity: Identity | None) -> IdentityAnswer:
        answer = super().identify(identity)
        if identity is not None and not answer.accepted:
            LOGGER.warning("wrong identity: %s %s", identity.primary, identity.secondary.hex())
        return answer


@mutant(
    clause="CWE-538",
    defect="names a folder after each patient",
    caught_by=("security.at-rest.file-names-without-patients",),
    hardened=True,
)
class NamesFolders(Semantics):
    def indexed(self, attributes: AttributeSet) -> AttributeSet:
        (self.config.folder / "patients" / attributes.text(PATIENT_ID)).mkdir(parents=True, exist_ok=True)
        return attributes


@mutant(
    clause="CWE-459",
    defect="leaves a temporary copy of every object behind, compressed",
    caught_by=("security.at-rest.no-copy-left-behind",),
    hardened=True,
)
class LeavesCopies(Semantics):
    def coerced(self, staged: Staged) -> Staged:
        copy = shutil.make_archive(str(staged.path), "gztar", staged.path.parent, staged.path.name)
        shutil.move(copy, self.config.folder / f"{staged.path.stem}.tmp")
        return staged


@mutant(
    clause="CWE-459",
    defect="keeps what it received of an object when the association ends",
    caught_by=("security.at-rest.interrupted-object-leaves-nothing",),
    hardened=True,
)
class KeepsHalves(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        storage.Staged.discard = lambda staged: staged._file and staged._file.flush()  # type: ignore[method-assign, assignment]


class Exposed(Semantics):
    """Lies in a folder that everybody may enter, as those of a server do."""

    mask = 0o022

    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        os.umask(self.mask)
        config.folder.parent.chmod(0o755)


@mutant(
    clause="CWE-732",
    defect="lets every user of the machine read its files",
    caught_by=("security.at-rest-modes.others-cannot-read",),
    hardened=True,
)
class ReadableByAll(Exposed):
    pass


@mutant(
    clause="CWE-732",
    defect="lets every user of the machine change its files",
    caught_by=("security.at-rest-modes.others-cannot-write",),
    hardened=True,
)
class WritableByAll(Exposed):
    mask = 0


@mutant(
    clause="CWE-732",
    defect="comes with a private key that every user of the machine may read",
    caught_by=("security.at-rest-modes.private-keys-guarded",),
    hardened=True,
)
class KeyReadableByAll(Exposed):
    mask = 0o077

    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(config)
        assert config.tls is not None
        config.tls.key.chmod(0o644)
