"""Nothing lost: what a product acknowledged under load is found afterwards, and comes back as it was."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom import Dataset

from harness.dimse.association import Association
from harness.dimse.errors import DimseError, NotAccepted
from harness.load.client import kind_of
from harness.load.plan import Plan
from harness.load.running import Measured, stored_studies
from harness.load.supply import Study, Template, template_of
from harness.load.workload import Store
from harness.plugin.context import peer_of
from harness.scu.find import find_with
from harness.scu.get import get_with, open_for_get
from harness.scu.identifier import keys_of
from harness.scu.kept import changes
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance

SAMPLE = 100
"""So many objects are brought back where not all are asked for."""
POLL = 0.5
NAMED = 20
"""So many losses are named; all are counted."""


@dataclass
class Verified:
    """What became of what was acknowledged."""

    acknowledged: int = 0
    found: int = 0
    unknown: int = 0
    """How many could not be looked for."""
    compared: int = 0
    lost: list[str] = field(default_factory=list)
    """SOP Instance UIDs that are not found, NAMED of them at most."""
    altered: list[str] = field(default_factory=list)
    """What came back otherwise, or not at all, in words; NAMED at most."""
    altered_count: int = 0
    remark: str = ""
    """Why something could not be looked at."""

    @property
    def lost_count(self) -> int:
        """How many are not found."""
        return self.acknowledged - self.found - self.unknown

    @property
    def is_well(self) -> bool:
        """Whether everything is known to be there, and nothing known to be altered."""
        return not self.lost_count and not self.unknown and not self.altered_count


@dataclass(frozen=True, slots=True)
class _Series:
    """What has to be found in one series."""

    study: Study
    number: int
    store: Store
    objects: range
    """The indices of its acknowledged objects within the study."""


def verify(plan: Plan, measured: Measured, *, full: bool = False) -> Verified:
    """Look for every acknowledged object, and bring a sample, or all, back.

    What is not found is looked for until ``visible_within`` has passed: many products index behind the
    acknowledgement.
    """
    verified = Verified()
    series = list(_series(plan, measured))
    verified.acknowledged = sum(len(one.objects) for one in series)
    ends = time.monotonic() + plan.target.dimse.visible_within
    missing, pause = series, threading.Event()
    absent: list[str] = []
    while missing:
        failed = ""
        try:
            missing, absent = _look_for(plan, missing)
        except DimseError as error:
            failed = kind_of(error)
        if not missing or time.monotonic() >= ends:
            if failed:
                return unseen(verified.acknowledged, failed)
            break
        pause.wait(POLL)
    verified.found = verified.acknowledged - len(absent)
    verified.lost = absent[:NAMED]
    _compare(plan, series, verified, full)
    return verified


def unseen(acknowledged: int, because: str) -> Verified:
    """Where the product cannot be asked."""
    return Verified(
        acknowledged=acknowledged,
        unknown=acknowledged,
        remark=f"what was acknowledged could not be looked for: {because}",
    )


def _series(plan: Plan, measured: Measured) -> Iterator[_Series]:
    for study, store, acknowledged in stored_studies(plan, measured):
        per_series = -(-store.objects // store.series)
        for number, first in enumerate(range(0, acknowledged, per_series)):
            yield _Series(study, number, store, range(first, min(first + per_series, acknowledged)))


def _look_for(plan: Plan, wanted: list[_Series]) -> tuple[list[_Series], list[str]]:
    """The series in which something is missing, and what."""
    missing, absent = [], []
    with Scu(peer_of(plan.target)).open(Root.STUDY.find) as association:
        for one in wanted:
            keys = {
                "StudyInstanceUID": one.study.study_uid,
                "SeriesInstanceUID": one.study.series_uid(one.number),
                "SOPInstanceUID": None,
            }
            matches = find_with(association, Root.STUDY.find, keys_of(QueryLevel.IMAGE, keys))
            there = set(matches.require_success().texts("SOPInstanceUID"))
            gone = [uid for uid in map(one.study.sop_uid, one.objects) if uid not in there]
            if gone:
                missing.append(one)
                absent += gone
    return missing, absent


def _compare(plan: Plan, series: list[_Series], verified: Verified, full: bool) -> None:
    """Bring objects back one by one, so that no study has to fit into memory."""
    chosen = [(one, index) for one in series for index in one.objects]
    if not full and len(chosen) > SAMPLE:
        chosen = random.Random(plan.workload.seed).sample(chosen, SAMPLE)
    templates = {
        name: template_of(plan.workload.dataset[name], plan.root)
        for name in dict.fromkeys(one.store.dataset for one, _ in chosen)
    }
    proposals = dict.fromkeys(pair for template in templates.values() for pair in template.proposals)
    try:
        with open_for_get(Scu(peer_of(plan.target)), Root.STUDY, list(proposals)) as association:
            for template in templates.values():
                association.context_for(template.sop_class)
            for one, index in chosen:
                wrong = _difference(association, one, index, templates[one.store.dataset])
                verified.compared += 1
                if wrong:
                    verified.altered_count += 1
                    if len(verified.altered) < NAMED:
                        verified.altered.append(f"{one.study.sop_uid(index)}: {wrong}")
    except NotAccepted:
        verified.remark = "nothing was brought back: the product has no C-GET of such objects"
    except DimseError as error:
        verified.remark = f"after {verified.compared} objects no more could be brought back: {kind_of(error)}"


def _difference(association: Association, one: _Series, index: int, template: Template) -> str:
    """How an object that is brought back differs from what was sent; empty where it does not."""
    sop_uid = one.study.sop_uid(index)
    keys = {
        "StudyInstanceUID": one.study.study_uid,
        "SeriesInstanceUID": one.study.series_uid(one.number),
        "SOPInstanceUID": sop_uid,
    }
    brought = get_with(association, Root.STUDY.get, keys_of(QueryLevel.IMAGE, keys))
    received = [item for item in brought.received if item.sop_instance_uid == sop_uid]
    if not received:
        return "it does not come back"
    dataset = template.object_at(one.study, index, one.number)
    sent = SyntheticInstance(template.sop_class, sop_uid, template.transfer_syntax, dataset, Dataset())
    changed = changes(sent, received[0])
    return f"{len(changed)} differences, first {changed[0]}" if changed else ""
