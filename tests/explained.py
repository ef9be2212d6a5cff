"""What third-party archives are known to do, with the reason: ``docs/peers/PEER/GROUP.toml``."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.verdict import Outcome

FOLDER = Path(__file__).parents[1] / "docs" / "peers"
PEERS = {
    "orthanc": "Orthanc",
    "dcmtk": "DCMTK's dcmqrscp",
    "qrscp": "pynetdicom's qrscp",
    "wlmscpfs": "DCMTK's wlmscpfs",
}
PROTECTED = {
    "orthanc-hardened": "Orthanc, hardened",
    "orthanc-anonymising": "Orthanc, anonymising",
    "dcmtk-tls": "DCMTK's storescp, over TLS",
}
"""Those with safeguards, of which `pacs-harness security` alone is asked."""


@dataclass(frozen=True)
class Explained:
    """One outcome that is not PASS, and why."""

    id: str
    """A requirement, or a pattern with ``*`` for those without an entry of their own."""
    outcome: tuple[Outcome, ...]
    """More than one where the product itself varies from run to run."""
    why: str


@dataclass(frozen=True)
class Explanations:
    """All that is known of a peer."""

    entries: dict[str, Explained]

    def of(self, id_: str) -> Explained | None:
        """The explanation of a requirement's outcome: its own entry, else the longest pattern that fits."""
        if id_ in self.entries:
            return self.entries[id_]
        fitting = [pattern for pattern in self.entries if fnmatch.fnmatchcase(id_, pattern)]
        return self.entries[max(fitting, key=len)] if fitting else None

    def stale(self, ids: Iterable[str]) -> list[str]:
        """The entries that explain none of these requirements."""
        used = {entry.id for entry in map(self.of, ids) if entry}
        return [id_ for id_ in self.entries if id_ not in used]


def explained(peer: str) -> Explanations:
    """All explained outcomes of a peer."""
    found: dict[str, Explained] = {}
    for path in sorted((FOLDER / peer).glob("*.toml")):
        for id_, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            outcomes = entry["outcome"] if isinstance(entry["outcome"], list) else [entry["outcome"]]
            found[id_] = Explained(id_, tuple(Outcome(outcome) for outcome in outcomes), entry["why"])
    return Explanations(found)
