"""Writes docs/PEERS.md from ``docs/peers/PEER/GROUP.toml``: ``python -m tests.peers_page``."""

from __future__ import annotations

from pathlib import Path

from tests.explained import FOLDER, PEERS, PROTECTED, explained

PAGE = FOLDER.parent / "PEERS.md"
INTRODUCTION = """# What real archives do

Every outcome that is not PASS, on archives that CI runs as Debian ships them (`run --peer NAME`),
with the reason in a line. CI fails where a run of Orthanc, the anonymising one too, or of dcmqrscp says
otherwise; the others are asked with PACS_HARNESS_EVERYTHING=1 (`tests/integration/test_peer_runs.py`).
Written by `python -m tests.peers_page` from `docs/peers/`; correct it there.
"""


def page() -> str:
    """The page as it should be."""
    parts = [INTRODUCTION]
    for peer, name in (PEERS | PROTECTED).items():
        entries = sorted(explained(peer).entries.values(), key=lambda entry: entry.id)
        parts.append(f"\n## {name}\n")
        preface = FOLDER / peer / "README.md"
        if preface.exists():
            parts.append(preface.read_text(encoding="utf-8"))
        parts.append("\n| Requirement | Outcome | Why |\n| --- | --- | --- |\n")
        parts += [
            f"| `{entry.id}` | {' or '.join(entry.outcome)} | {entry.why.replace('|', chr(92) + '|')} |\n"
            for entry in entries
        ]
    parts.append((FOLDER / "others.md").read_text(encoding="utf-8"))
    # Those do no conversations, so that they have no requirements: python -m benchmarks.deidentifiers.
    parts.append((FOLDER / "deidentifiers.md").read_text(encoding="utf-8"))
    return "".join(parts)


if __name__ == "__main__":
    Path(PAGE).write_text(page(), encoding="utf-8")
    print(f"written: {PAGE}")
