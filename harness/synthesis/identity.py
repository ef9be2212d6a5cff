"""Who the synthetic patients are: UIDs, patient IDs, accession numbers that never meet real data."""

from __future__ import annotations

import itertools
import re
import secrets
import time
import zlib

# PS3.5 B.2: a UID below "2.25" made from a UUID needs no registration.  This UUID (version 1, random node)
# is the project's own; everything synthetic lies below it, so a clean-up can recognise it on any target.
ROOT = "2.25.71890067526184270453085744414"

NAME_MARK = "PHTEST"
"""Family name of every synthetic patient, and the start of every patient ID."""

_EPOCH_2025 = 1_735_689_600
_MAX_RUN_ROOT = 47  # leaves ".<label: 7 digits>.<number: 8 digits>" within the 64 of PS3.5 9.1
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def new_run_root() -> str:
    """A root for the UIDs of a new run: the project's own, then seconds since 2025 and 3 random digits."""
    seconds = max(1, int(time.time()) - _EPOCH_2025)
    return f"{ROOT}.{seconds * 1000 + secrets.randbelow(1000)}"


def valid_uid(uid: str) -> bool:
    """Whether PS3.5 9.1 allows it: up to 64 characters, numeric components, none with a leading zero."""
    return len(uid) <= 64 and _UID.fullmatch(uid) is not None


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


class Identity:
    """Mints what must be unique within one run.

    `run_root` is the run's UID root (see `new_run_root`), at most 47 characters.  `label` keeps apart those
    who mint at the same time in one run (a worker, a scenario module): the same root and label mint the
    same sequence again, which makes a data set reproducible.
    """

    def __init__(self, run_root: str, label: str) -> None:
        if not valid_uid(run_root) or len(run_root) > _MAX_RUN_ROOT:
            raise ValueError(f"{run_root!r} is no UID root of at most {_MAX_RUN_ROOT} characters")
        self.run_root = run_root
        self.label = label
        self._branch = zlib.crc32(label.encode()) % 10_000_000
        self._run = int(run_root.rpartition(".")[2])
        self._uids = itertools.count(1)
        self._patients = itertools.count(1)
        self._accessions = itertools.count(1)
        self._studies = itertools.count(1)

    def uid(self) -> str:
        """A new UID below the run's root."""
        return f"{self.run_root}.{self._branch}.{next(self._uids)}"

    def patient_id(self) -> str:
        """A new patient ID (LO, at most 64 characters): PHTEST-<run>-<label's branch>-<number>."""
        return f"{NAME_MARK}-{self._run}-{self._branch}-{next(self._patients)}"

    def accession_number(self) -> str:
        """A new accession number (SH, 16 characters)."""
        return self._short("P", next(self._accessions))

    def study_id(self) -> str:
        """A new study ID (SH, 16 characters)."""
        return self._short("S", next(self._studies))

    def _short(self, prefix: str, number: int) -> str:
        # 1 + 8 + 3 + 4 = 16, the limit of SH (PS3.5 6.2)
        return prefix + _base36(self._run, 8) + _base36(self._branch, 3) + _base36(number, 4)
