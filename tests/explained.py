"""What third-party archives are known to do, with the reason: ``docs/peers/PEER/GROUP.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from harness.verdict import Outcome

FOLDER = Path(__file__).parents[1] / "docs" / "peers"
PEERS = {"orthanc": "Orthanc", "dcmtk": "DCMTK's dcmqrscp"}


@dataclass(frozen=True)
class Explained:
    """One outcome that is not PASS, and why."""

    id: str
    outcome: tuple[Outcome, ...]
    """More than one where the product itself varies from run to run."""
    why: str


def explained(peer: str) -> dict[str, Explained]:
    """All explained outcomes of a peer by requirement id."""
    found: dict[str, Explained] = {}
    for path in sorted((FOLDER / peer).glob("*.toml")):
        for id_, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            outcomes = entry["outcome"] if isinstance(entry["outcome"], list) else [entry["outcome"]]
            found[id_] = Explained(id_, tuple(Outcome(outcome) for outcome in outcomes), entry["why"])
    return found
