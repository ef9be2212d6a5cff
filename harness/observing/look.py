"""One look at how a product behaves: first what an observer may see, then what needs stored objects."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import replace

from harness.behaviour import Behaviour, LevelKeys
from harness.capabilities import Capabilities
from harness.observing.bounds import Look
from harness.observing.charsets import CharacterSets
from harness.observing.keys import attributes_of_the_study, level_keys
from harness.observing.moving import Moving
from harness.observing.policies import SIMULTANEOUS, policies, simultaneous
from harness.observing.silence import silent_connection
from harness.observing.statuses import Statuses, offered
from harness.observing.worklist import worklist_keys
from harness.plugin.studies import await_visible, send_study
from harness.scu.destination import Destination
from harness.scu.session import Scu
from harness.scu.uids import MODALITY_WORKLIST, STORAGE_COMMITMENT_PUSH, QueryLevel, Root
from harness.synthesis import Identity, SyntheticStudy, assemble, instance_of, new_study
from harness.synthesis.extras import add_private
from harness.target import Target


def look(
    scu: Scu,
    target: Target,
    seen: Capabilities,
    run_root: str,
    *,
    observe: bool,
    watch_silence: bool = False,
) -> Capabilities:
    """`seen` with its behaviour; what the product stored is reported to ``scu.on_stored``.

    With ``observe`` nothing but negotiation, C-ECHO and C-FIND for what nobody has.  ``watch_silence`` waits
    for the ARTIM timer, for up to `harness.plugin.waiting.patience` seconds.  What fails is a remark, and
    nothing is raised for it.
    """
    bounds = Look()
    statuses = Statuses(scu, bounds, frozenset(one.service for one in seen.accepted()))
    behaviour = Behaviour(policies=policies(scu, bounds))
    if not observe and not bounds.ended:
        # Before anything is left open beside, which would count.
        with bounds.at("associations at once"):
            held = replace(
                behaviour.policies, simultaneous=simultaneous(scu), simultaneous_asked=SIMULTANEOUS
            )
            behaviour = replace(behaviour, policies=held)
    with silent_connection(scu, target) if watch_silence else contextlib.nullcontext() as silence:
        statuses.answers_to_nobody()
        if not observe and not bounds.ended:
            behaviour = _with_objects(scu, target, seen, run_root, bounds, statuses, behaviour)
        if silence is not None:
            behaviour = replace(behaviour, policies=silence(bounds, behaviour.policies))
    behaviour = replace(
        behaviour,
        statuses=tuple(statuses.found),
        elements_kept=statuses.elements_kept,
        remarks=tuple(bounds.remarks),
    )
    return replace(seen, behaviour=behaviour)


def _with_objects(
    scu: Scu,
    target: Target,
    seen: Capabilities,
    run_root: str,
    bounds: Look,
    statuses: Statuses,
    behaviour: Behaviour,
) -> Behaviour:
    identity = Identity(run_root, "statement")
    study = _stored(scu, target, identity, bounds)
    if study is not None:
        behaviour = replace(behaviour, stored_objects=True)
        behaviour = replace(behaviour, levels=_levels(scu, seen, study, bounds))
        statuses.answers_about(study, identity)
        with bounds.at("character sets"):
            models = [(root, root.find) for root in (Root.STUDY, Root.PATIENT)]
            sets = CharacterSets(scu, offered(scu, models), target.dimse.visible_within, bounds)
            behaviour = replace(behaviour, character_sets=sets.answers(identity))
        behaviour = _towards_others(scu, target, seen, study, bounds, statuses, behaviour)
    if MODALITY_WORKLIST in {one.uid for one in seen.accepted()} and not bounds.ended:
        more = worklist_keys(scu, target, bounds)
        behaviour = replace(behaviour, levels=(*behaviour.levels, *more))
    return behaviour


def _stored(scu: Scu, target: Target, identity: Identity, bounds: Look) -> SyntheticStudy | None:
    """A CT study of which everything is known, stored and visible."""
    study = _with_private_elements(new_study(identity, "CT", 2, 2, **attributes_of_the_study()))
    with bounds.at("a study to query for"):
        send_study(scu, study.instances)
        if await_visible(scu, study, target.dimse.visible_within):
            return study
        bounds.remarks.append(
            f"a study to query for: acknowledged, and not found within {target.dimse.visible_within:g} s"
        )
    return None


def _with_private_elements(study: SyntheticStudy) -> SyntheticStudy:
    made = []
    for instance in study.instances:
        attributes = copy.deepcopy(instance.attributes)
        add_private(attributes)
        made.append(instance_of(attributes, instance.transfer_syntax))
    return assemble(made)[0]


def _levels(scu: Scu, seen: Capabilities, study: SyntheticStudy, bounds: Look) -> tuple[LevelKeys, ...]:
    found: list[LevelKeys] = []
    models = {one.uid for one in seen.accepted("find")}
    for root in (Root.STUDY, Root.PATIENT):
        levels = [one for one in QueryLevel if root is Root.PATIENT or one is not QueryLevel.PATIENT]
        for level in levels:
            if root.find in models and not bounds.ended:
                with bounds.at(f"keys of {root.value} at {level}"):
                    found.append(level_keys(scu, root, level, study, bounds))
    return tuple(found)


def _towards_others(
    scu: Scu,
    target: Target,
    seen: Capabilities,
    study: SyntheticStudy,
    bounds: Look,
    statuses: Statuses,
    behaviour: Behaviour,
) -> Behaviour:
    offered_services = {one.service for one in seen.accepted()}
    if not offered_services & {"move", "commitment"} or bounds.ended:
        return behaviour
    if not target.destinations:
        bounds.remarks.append(
            "what it proposes when it sends objects: the target file registers no [[destination]]"
        )
        return behaviour
    with bounds.at("the harness's move destination"), _listening(target) as destination:
        if destination is None:
            bounds.remarks.append("what it proposes when it sends objects: the destination's port is taken")
            return behaviour
        moving = Moving(scu, destination, statuses, bounds)
        opened, classes = moving.moved(study)
        behaviour = replace(behaviour, initiated=opened, moved_classes=classes)
        if STORAGE_COMMITMENT_PUSH in {one.uid for one in seen.accepted()} and not bounds.ended:
            reported = moving.committed(study, target.dimse.visible_within)
            behaviour = replace(behaviour, initiated=(*behaviour.initiated, *reported))
    return behaviour


@contextlib.contextmanager
def _listening(target: Target) -> Iterator[Destination | None]:
    entry = target.destinations[0]
    try:
        destination = Destination(entry.ae_title, entry.host, entry.port, target.dimse.deadline)
    except OSError:
        yield None
        return
    try:
        yield destination
    finally:
        destination.stop()
