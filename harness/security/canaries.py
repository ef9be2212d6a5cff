"""Patients whose values are like no others, so that they are known wherever they turn up."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass, field

from harness.security.needles import PATIENT, Canary, Kind, Needle, needles_of
from harness.synthesis import Identity, SyntheticStudy, instance_of, new_study
from harness.synthesis.model import assemble


@dataclass(frozen=True, slots=True)
class CanaryPatient:
    """A study that is not stored yet, and the needles by which it is known."""

    study: SyntheticStudy
    canaries: tuple[Canary, ...]
    made_at: float = field(default_factory=time.time)
    """By the clock that files have their times from."""

    def needles(self, kinds: frozenset[Kind] | None = None) -> tuple[Needle, ...]:
        """Of all its values, or of some kinds."""
        return tuple(
            needle
            for canary in self.canaries
            if kinds is None or canary.kind in kinds
            for needle in needles_of(canary)
        )

    def in_words(self) -> tuple[Needle, ...]:
        """Of what names the patient in words."""
        return self.needles(PATIENT)


def new_canary(identity: Identity, side: int = 16) -> CanaryPatient:
    """A patient with one CT image of `side` × `side` pixels: the same unmistakable bytes again and again."""
    name, patient, accession = (f"PHTESTQ{letter}{secrets.token_hex(4).upper()}" for letter in "NPA")
    made = new_study(
        identity,
        instances=1,
        rows=side,
        columns=side,
        PatientName=f"{name}^Canary",
        PatientID=patient,
        AccessionNumber=accession,
    )
    dataset = made.instance(0).attributes
    row = bytearray(hashlib.sha256(name.encode()).digest())
    row[1::2] = bytes(high & 0x0F for high in row[1::2])  # 12 bits are stored
    dataset.PixelData = (bytes(row) * (side * side * 2 // len(row) + 1))[: side * side * 2]
    instance = instance_of(dataset, made.instance(0).transfer_syntax)
    canaries = (
        Canary(Kind.NAME, name.encode()),
        Canary(Kind.ID, patient.encode()),
        Canary(Kind.ACCESSION, accession.encode()),
        Canary(Kind.PIXELS, bytes(row)),
    )
    return CanaryPatient(assemble([instance])[0], canaries)
