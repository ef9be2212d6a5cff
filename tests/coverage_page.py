"""Writes docs/COVERAGE.md from requirements, mutants and docs/coverage: ``python -m tests.coverage_page``."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from harness.verdict import Requirement
from tests.coverage import (
    FOLDER,
    Disposition,
    Fate,
    Section,
    catalogue,
    clauses_of,
    dispositions,
    elsewhere_of,
    reasons,
    requirements,
    sections,
)
from tests.explained import PEERS, Explanations, explained
from tests.mutants.kill import all_mutants

PAGE = FOLDER.parent / "COVERAGE.md"
INTRODUCTION = """# What is covered

Which clauses of DICOM 2020c are judged, by which requirements, which seeded defects (`tests/mutants`) prove
each of them, and what it came to on archives of others (why: [PEERS.md](PEERS.md)). The bundled reference
archive fails none. Written by `python -m tests.coverage_page` from the scenarios, the mutants and
`docs/coverage/`; correct it there.
"""
LEVEL_WITHOUT_DEFECT = "MAY"
"""What a product may do has no defect: the requirement only records it."""


def page() -> str:
    """The page as it should be."""
    every = requirements()
    fates = dispositions(requirement.id for requirement in every)
    return "\n".join(
        [
            INTRODUCTION,
            *_summary(every, fates),
            "\n## Clauses, requirements, defects, outcomes\n",
            *_by_clause(every),
            "\n## Sections without a requirement\n",
            *_uncovered(every),
            "\n## What became of each planned check\n",
            *_catalogue(fates),
            "",
        ]
    )


def caught() -> dict[str, list[str]]:
    """The mutants that each requirement is declared to catch."""
    found: dict[str, list[str]] = defaultdict(list)
    for mutant in all_mutants().values():
        for id_ in mutant.caught_by:
            found[id_].append(mutant.name)
    return found


def _summary(every: Sequence[Requirement], fates: Mapping[str, Disposition]) -> list[str]:
    groups = Counter(requirement.group for requirement in every)
    levels = Counter(str(requirement.level) for requirement in every)
    became = Counter(str(disposition.became) for disposition in fates.values())
    mutants = all_mutants()
    return [
        f"- {len(every)} requirements: {_counts(groups)}",
        f"- by level: {_counts(levels)}",
        f"- {len(mutants)} seeded defects",
        f"- {len(fates)} planned checks: {_counts(became)}",
    ]


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counted.items())


def _by_clause(every: Sequence[Requirement]) -> list[str]:
    titles = {(section.part, section.number): section.title for section in sections()}
    order = {key: number for number, key in enumerate(titles)}
    mutants, peers = caught(), {peer: explained(peer) for peer in PEERS}
    placed: dict[tuple[str, str], list[Requirement]] = defaultdict(list)
    for requirement in every:
        placed[_section_of(requirement, order)].append(requirement)
    heads = ["Requirement", "Level", "What is required", "Seeded defects", *PEERS.values()]
    lines: list[str] = []
    for key in sorted(placed, key=lambda key: order.get(key, len(order))):
        lines.append(f"\n### {' '.join(key)} {titles.get(key, '')}\n".replace(" \n", "\n"))
        lines.append(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
        for requirement in sorted(placed[key], key=lambda one: one.id):
            cells = [f"`{requirement.id}`", str(requirement.level), requirement.text]
            cells.append(", ".join(mutants.get(requirement.id, [])) or "–")
            cells += [_outcome(requirement.id, known) for known in peers.values()]
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return lines


def _outcome(id_: str, known: Explanations) -> str:
    entry = known.of(id_)
    return " or ".join(entry.outcome) if entry else "PASS"


def _section_of(requirement: Requirement, order: Mapping[tuple[str, str], int]) -> tuple[str, str]:
    """The first section that the requirement's clause names, or the nearest one above that is known."""
    named = clauses_of(requirement.clause)
    if not named and (elsewhere := elsewhere_of(requirement.clause)):
        return elsewhere, ""
    if not named:
        raise ValueError(f"{requirement.id}: its clause {requirement.clause!r} names no section")
    part, number = named[0]
    while (part, number) not in order and "." in number:
        number = number.rpartition(".")[0]
    return part, number


def uncovered(every: Sequence[Requirement]) -> list[Section]:
    """The sections which no requirement names, nor any section below them."""
    named: set[tuple[str, str]] = set()
    for requirement in every:
        for part, number in clauses_of(requirement.clause):
            pieces = number.split(".")
            named |= {(part, ".".join(pieces[:length])) for length in range(1, len(pieces) + 1)}
    return [section for section in sections() if (section.part, section.number) not in named]


def unexplained(every: Sequence[Requirement]) -> list[Section]:
    """The sections without a requirement for which `clauses.toml` gives no reason."""
    why = reasons()
    return [section for section in uncovered(every) if _reason(section, why) is None]


def _reason(section: Section, why: Mapping[str, str]) -> str | None:
    """The key of the reason that speaks for a section: its own, or that of a section above it."""
    number = section.number
    while number:
        if f"{section.part} {number}" in why:
            return f"{section.part} {number}"
        number = number.rpartition(".")[0]
    return section.part if section.part in why else None


def _uncovered(every: Sequence[Requirement]) -> list[str]:
    why = reasons()
    lines = ["| Section | Title | Why |", "| --- | --- | --- |"]
    spoken: str | None = None
    for section in uncovered(every):
        key = _reason(section, why)
        # A reason is said once, at the first section that it speaks for.
        words = "open" if key is None else why[key] if key != spoken else "″"
        spoken = key
        lines.append(f"| {section.part} {section.number} | {section.title} | {words} |")
    return lines


def _catalogue(fates: Mapping[str, Disposition]) -> list[str]:
    lines = ["| Check | Clause | Became | Requirement | Why |", "| --- | --- | --- | --- | --- |"]
    for row in catalogue():
        fate = fates[row.id]
        into = fate.into or ((row.id,) if fate.became in (Fate.IMPLEMENTED, Fate.CORRECTED) else ())
        names = ", ".join(f"`{id_}`" for id_ in into)
        why = fate.why.replace("|", "/")
        lines.append(f"| `{row.id}` | {row.clause} | {fate.became} | {names} | {why} |")
    return lines


def main() -> None:
    """Write the page; say what is open."""
    every = requirements()
    PAGE.write_text(page(), encoding="utf-8")
    fates = dispositions(requirement.id for requirement in every)
    still_open = [id_ for id_, fate in fates.items() if fate.became is Fate.OPEN]
    mutants = caught()
    bare = [
        requirement.id
        for requirement in every
        if requirement.id not in mutants and requirement.level != LEVEL_WITHOUT_DEFECT
    ]
    print(f"written: {PAGE}")
    print(f"planned checks without a disposition ({len(still_open)}): {', '.join(still_open) or '–'}")
    print(f"requirements without a seeded defect ({len(bare)}): {', '.join(bare) or '–'}")
    blank = [f"{section.part} {section.number}" for section in unexplained(every)]
    print(f"sections with neither requirement nor reason ({len(blank)}): {', '.join(blank[:40]) or '–'}")


if __name__ == "__main__":
    main()
