"""One seeded defect against requirements: start the archive with it, run them, say what each came to."""

from __future__ import annotations

import bisect
import contextlib
import functools
import pkgutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import tests.mutants
import tests.variants
from harness.archive import launch
from harness.events import EventStream
from harness.peers import free_ports
from harness.peers.bundled import start_bundled
from harness.peers.hardened import start_hardened
from harness.plugin.context import RunContext
from harness.plugin.identity import Selection
from harness.plugin.run import our_scenarios, run_pytest
from harness.target import Control, Destination, Target, UserIdentity
from harness.verdict import Outcome, Result
from tests.everything import EVERYTHING
from tests.gateway import gateway
from tests.mutants import forking
from tests.mutants.seed import MUTANTS, Mutant, import_modules
from tests.variants.seed import VARIANTS, Variant

IDS = Path(__file__).parents[2] / "scenarios" / "ids.txt"
SLOW = (
    *("commitment.result.", "association.timer.", "association.release.not", "consistency.restart."),
    *("find.cancel.", "worklist.cancel.", "move.cancel.", "get.cancel.", "move.suboperation.slow"),
    *("storage.basic.many", "storage.basic.same", "move.list.", "get.list.", "find.status.success"),
    *("consistency.corpus.", "consistency.store.during", "consistency.retrieve.during", "ai-results.layer."),
    "security.identity.guessing",
    "security.limits.",
)
"""Requirements that wait, make others wait, or store many objects: nobody's neighbours."""
NEIGHBOURS = 5 if EVERYTHING else 1
"""How many are asked beside the catchers: CI has twenty minutes."""
DEADLINE, PATIENT_DEADLINE = 1.0, 3.0
"""Seconds that a defect may keep silent, of which a silent one costs four times as many; and a variant."""
AUDIT_WITHIN = 1.0
"""Seconds until an audit message has to come, which one that never comes costs each time."""
VISIBLE_WITHIN, PATIENT_VISIBLE_WITHIN = 1.0, 5.0
"""Seconds until an object has to be found, which one that hides it costs each time; and for a variant."""


def all_mutants() -> dict[str, Mutant]:
    """Every declared mutant by name."""
    import_modules(tests.mutants)
    return dict(sorted(MUTANTS.items()))


def all_variants() -> dict[str, Variant]:
    """Every declared variant by name."""
    import_modules(tests.variants)
    return dict(sorted(VARIANTS.items()))


@contextlib.contextmanager
def archive_with(
    semantics: str,
    folder: Path,
    deadline: float = PATIENT_DEADLINE,
    visible_within: float = PATIENT_VISIBLE_WITHIN,
) -> Iterator[Target]:
    """The reference archive with other semantics, and two move destinations registered."""
    ports = free_ports(2)
    destinations = tuple(Destination(f"PHDEST{number}", port) for number, port in enumerate(ports, 1))
    with (
        patch.object(launch, "spawn", forking.spawn),
        start_bundled(folder, destinations, "PACSHARNESS", semantics=semantics, deadline=deadline) as target,
    ):
        yield replace(target, dimse=replace(target.dimse, visible_within=visible_within))


@contextlib.contextmanager
def hardened_with(
    folder: Path, semantics: str = "", options: Sequence[str] = (), deadline: float = DEADLINE
) -> Iterator[Target]:
    """The hardened archive with a weakness in it."""
    ports = free_ports(2)
    destinations = tuple(Destination(f"PHDEST{number}", port) for number, port in enumerate(ports, 1))
    with (
        patch.object(launch, "spawn", forking.spawn),
        start_hardened(
            folder, destinations, "PACSHARNESS", semantics=semantics, options=options, deadline=deadline
        ) as target,
    ):
        yield replace(target, security=replace(target.security, audit_within=AUDIT_WITHIN))


@contextlib.contextmanager
def target_with(mutant: Mutant, folder: Path, deadline: float = DEADLINE) -> Iterator[Target]:
    """The reference archive with the defect in it, or behind the proxy that has it; or a gateway with it."""
    if mutant.gateway:
        with gateway(pkgutil.resolve_name(mutant.where)()) as target:
            yield target
        return
    if mutant.hardened:
        semantics = "" if mutant.wire else mutant.where
        with (
            hardened_with(folder, semantics, mutant.options, deadline) as target,
            behind(mutant, target) as reached,
        ):
            yield mutant.told(reached)
        return
    if not mutant.wire:
        with archive_with(mutant.where, folder, deadline, VISIBLE_WITHIN) as target:
            identity = mutant.user and UserIdentity("username-passcode", *mutant.user)
            yield replace(target, dimse=replace(target.dimse, user_identity=identity))
        return
    with archive_with("", folder, deadline, VISIBLE_WITHIN) as target, behind(mutant, target) as reached:
        yield reached


@contextlib.contextmanager
def behind(mutant: Mutant, target: Target) -> Iterator[Target]:
    """The target behind the proxy that has the defect, where it is one of the wire."""
    if not mutant.wire:
        yield target
        return
    from tests.mutants.wire import proxy

    with proxy((target.dimse.host, target.dimse.port), pkgutil.resolve_name(mutant.where)) as port:
        # To restart the archive would not mend the proxy.
        yield replace(target, dimse=replace(target.dimse, port=port), control=Control())


def examine(target: Target, ids: Sequence[str], folder: Path) -> dict[str, Result]:
    """Run the requirements (all where none is named); the results by id."""
    context = RunContext(
        target, folder, EventStream(), (our_scenarios(),), Selection(tuple(ids)), intrusive=True, narrow=True
    )
    session = run_pytest(context)
    if session.problems:
        raise RuntimeError(f"scenarios could not be collected: {session.problems}")
    return {result.requirement.id: result for result in session.plugin.results}


def verdicts(mutant: Mutant, ids: Sequence[str], deadline: float = DEADLINE) -> dict[str, Result]:
    """The results of the requirements (all where none is named) on the archive with the defect."""
    with (
        tempfile.TemporaryDirectory(prefix="pacs-harness-mutant-") as scratch,
        target_with(mutant, Path(scratch), deadline) as target,
    ):
        return examine(target, ids, Path(scratch))


def caught(results: Mapping[str, Result]) -> list[str]:
    """The requirements that say something is wrong, in the order in which they ran."""
    return [id_ for id_, result in results.items() if result.outcome in (Outcome.FAIL, Outcome.WARN)]


def neighbours(mutant: Mutant) -> list[str]:
    """The requirements beside the first catcher: what a defect does to them has to be a verdict too."""
    declared = set(mutant.caught_by)
    # A gateway offers nothing but what its own module is about.
    group = (
        mutant.caught_by[0].rpartition(".")[0] if mutant.gateway else mutant.caught_by[0].partition(".")[0]
    )
    others = [
        id_
        for id_ in stable_ids()
        if id_ not in declared and id_.startswith(f"{group}.") and not id_.startswith(SLOW)
    ]
    start = bisect.bisect(others, mutant.caught_by[0])
    return (others[start:] + others[:start])[:NEIGHBOURS]


@functools.cache
def stable_ids() -> tuple[str, ...]:
    """Every requirement's id, sorted."""
    return tuple(sorted(line.split()[0] for line in IDS.read_text("utf-8").splitlines() if line.strip()))
