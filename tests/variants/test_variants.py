"""No legal but unusual archive fails a requirement.

An archive has the peculiarities of several variants, and is run against the groups that they can reach, which
keeps CI short, as it does that of archives with the same reach the first is met alone; with
PACS_HARNESS_EVERYTHING=1 (``tox -e variants``) each variant is alone, and against all requirements.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.verdict import Outcome
from tests.everything import EVERYTHING
from tests.mutants.kill import all_variants, archive_with, examine
from tests.variants.seed import Variant
from tests.variants.together import apart, where

VARIANTS = all_variants()
UPPER_LAYER = (
    *("verification", "association.[!tr]*", "association.reject*", "association.release.affirmed"),
    *("dimse", "storage.basic.[!m]*", "storage.acknowledge"),
)
"""All but what waits for the ARTIM timer, which the variants of `timer` meet."""
FIND = ("find.[!c]*", "find.c[!a]*", "storage.acknowledge", "association.length", "dimse.response")
"""All but what lets hundreds of matches come, which a cancel needs."""
RETRIEVAL = (
    *("move.[!s]*", "move.status", "move.suboperation.[!sw]*"),
    *("get.[!s]*", "get.status", "get.suboperation.[!w]*", "storage.basic.[!m]*"),
)
"""All but what lets the product wait for seconds."""
CONTEXTS = (
    *("association.context", "association.length", "dimse.r*", "storage.syntax", "storage.pixel.[!m]*"),
    *("storage.private", "storage.kept", "get.suboperation.[!w]*", "ai-results.sr", "consistency.retrieve"),
)
"""What offers several presentation contexts of a class."""
REACH = {
    "association": UPPER_LAYER,
    "contexts": CONTEXTS,
    "dimse": UPPER_LAYER,
    "find": FIND,
    "query": FIND,
    "move": RETRIEVAL,
    "get": RETRIEVAL,
    "commitment": ("commitment",),
    "commitment_late": (
        "commitment.result.on-other-association",
        "commitment.result.all-committed",
        "commitment.result.all-fail",
        "commitment.result.retried",
        "commitment.negotiation.default-syntax",
    ),
    "timer": ("verification", "association.timer", "association.state"),
    "ai_results": ("ai-results", "storage.basic.[!m]*"),
    "consistency": ("consistency", "ai-results.layer"),
    "worklist": ("worklist", "mpps.effect"),
    "mpps": ("mpps",),
    "storage": ("storage.b*.[!m]*", "storage.[!b]*", "get.level", "move.level", "consistency.retrieve"),
}
"""Groups of requirements by the module of a variant; an empty tuple is all of them."""


def archives() -> Iterator[tuple[Variant, ...]]:
    """The variants that share an archive: those that reach the same groups, and let each other be seen."""
    if EVERYTHING:
        yield from ((variant,) for variant in VARIANTS.values())
        return
    for reach in dict.fromkeys(REACH.values()):
        yield from apart(one for one in VARIANTS.values() if REACH[one.name.split(".")[0]] == reach)


def cases() -> list[Any]:
    """An archive each; those that are not the first of their reach are slow."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for variants in archives():
        reach = REACH[variants[0].name.split(".")[0]]
        marks = (pytest.mark.slow,) if reach in seen else ()
        seen.add(reach)
        found.append(pytest.param(variants, id="+".join(one.name for one in variants), marks=marks))
    return found


def reach_of(variants: tuple[Variant, ...]) -> tuple[str, ...]:
    """The requirements that they are asked: of one that retrieves, and is alone, those of its own service."""
    group = variants[0].name.split(".")[0]
    if len(variants) == 1 and REACH[group] is RETRIEVAL:
        return tuple(pattern for pattern in RETRIEVAL if pattern.startswith((group, "storage")))
    return REACH[group]


def test_each_has_an_archive() -> None:
    assert sorted(one.name for variants in archives() for one in variants) == list(VARIANTS)


@pytest.mark.timeout(1200 if EVERYTHING else 300)
@pytest.mark.parametrize("variants", cases())
def test_nothing_fails(variants: tuple[Variant, ...], tmp_path: Path) -> None:
    ids = () if EVERYTHING else reach_of(variants)
    with archive_with(where(variants), tmp_path) as target:
        results = examine(target, ids, tmp_path)
    wrong = [
        f"{id_}: {result.outcome} ({result.reason})"
        for id_, result in results.items()
        if result.outcome in (Outcome.FAIL, Outcome.ERROR)
    ]
    peculiar = "; ".join(f"{one.name}: {one.peculiarity} ({one.clause})" for one in variants)
    assert results
    assert not wrong, f"{peculiar}:\n" + "\n".join(wrong)
