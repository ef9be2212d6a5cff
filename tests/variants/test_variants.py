"""No legal but unusual archive fails a requirement.

Each variant is run against the groups that its peculiarity can reach, which keeps CI short; with
PACS_HARNESS_EVERYTHING=1 (``tox -e variants``) against all of them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.verdict import Outcome
from tests.mutants.kill import all_variants, archive_with, examine

VARIANTS = all_variants()
UPPER_LAYER = (
    *("verification", "association.[!tr]*", "association.reject*", "association.release.affirmed"),
    *("dimse", "storage.basic.[!m]*", "storage.acknowledge"),
)
"""All but what waits for the ARTIM timer, which the variants of `timer` meet."""
FIND = ("find.[!c]*", "find.c[!a]*", "storage.acknowledge")
"""All but what lets hundreds of matches come, which a cancel needs."""
RETRIEVAL = (
    *("move.[!s]*", "move.status", "move.suboperation.[!sw]*"),
    *("get.[!s]*", "get.status", "get.suboperation.[!w]*", "storage.basic.[!m]*"),
)
"""All but what lets the product wait for seconds."""
REACH = {
    "association": UPPER_LAYER,
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


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_fails(name: str, tmp_path: Path) -> None:
    variant = VARIANTS[name]
    everything = os.environ.get("PACS_HARNESS_EVERYTHING") == "1"
    with archive_with(variant.where, tmp_path) as target:
        results = examine(target, () if everything else REACH[name.split(".")[0]], tmp_path)
    wrong = [
        f"{id_}: {result.outcome} ({result.reason})"
        for id_, result in results.items()
        if result.outcome in (Outcome.FAIL, Outcome.ERROR)
    ]
    assert results
    assert not wrong, f"{variant.peculiarity} ({variant.clause}):\n" + "\n".join(wrong)
