"""Studies that scenarios build on: stored, awaited until they are found, and stored again after a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from harness.dimse.errors import DimseError, NotAccepted, PeerViolation
from harness.plugin.outcomes import ArrangementFailed
from harness.scu.find import find_with
from harness.scu.identifier import keys_of
from harness.scu.session import Scu
from harness.scu.status import describe, was_done
from harness.scu.store import open_to_store, store
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance, SyntheticStudy

STORE_REPORTER = "storage.acknowledge.study-is-stored"
VISIBLE_REPORTER = "storage.acknowledge.study-is-found"
"""The requirements under which a failed arrangement is reported, once for all that build on it."""
POLL = 0.2
"""Seconds between two looks whether a study is visible."""


def arrange(
    scu: Scu, study: SyntheticStudy, within: float, observed: Callable[[str, float, str], None]
) -> None:
    """Store a study and wait until it is found.  Raises ArrangementFailed, and NotAccepted.

    Many products index behind the acknowledgement, so being found is awaited, and the time recorded.
    """
    send_study(scu, study.instances)
    started = time.monotonic()
    if not await_visible(scu, study, within):
        raise ArrangementFailed(VISIBLE_REPORTER, f"the study was not found within {within:g} s")
    observed("store.visible-after", time.monotonic() - started, "s")


def send_study(scu: Scu, instances: tuple[SyntheticInstance, ...]) -> None:
    """Store instances; ArrangementFailed where one is refused."""
    try:
        with open_to_store(scu, instances) as association:
            for instance in instances:
                response = store(scu, association, instance)
                status = response.integer("Status")
                if not was_done(status):
                    raise ArrangementFailed(STORE_REPORTER, f"C-STORE was answered {describe(response)}")
    except NotAccepted:
        raise
    except DimseError as error:
        raise ArrangementFailed(STORE_REPORTER, str(error)) from error


def await_visible(scu: Scu, study: SyntheticStudy, within: float) -> bool:
    """Whether all instances of the study are found before the time is over.

    Asked at IMAGE level for each series, in the first model that the product offers; where it offers no
    FIND at all there is nothing to wait for.
    """
    root = _model_of(scu)
    if root is None:
        return True
    end = time.monotonic() + within
    pause = threading.Event()
    while True:
        if all(_found(scu, root, study, number) for number in range(len(study.series))):
            return True
        if time.monotonic() >= end:
            return False
        pause.wait(POLL)


def _model_of(scu: Scu) -> Root | None:
    with scu.open(Root.STUDY.find, Root.PATIENT.find) as association:
        accepted = {context.abstract_syntax for context in association.accepted_contexts.values()}
    return next((root for root in (Root.STUDY, Root.PATIENT) if root.find in accepted), None)


def _found(scu: Scu, root: Root, study: SyntheticStudy, number: int) -> bool:
    series = study.series[number]
    keys: dict[str, Any] = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": series.series_uid,
        "SOPInstanceUID": None,
    }
    if root is Root.PATIENT:
        keys["PatientID"] = study.patient_id
    wanted = {instance.sop_instance_uid for instance in series.instances}
    try:
        with scu.open(root.find) as association:
            matches = find_with(association, root.find, keys_of(QueryLevel.IMAGE, keys))
            return wanted <= {identifier.text("SOPInstanceUID") for identifier in matches.identifiers}
    except PeerViolation:
        return False


def store_again(scu: Scu, studies: Iterable[SyntheticStudy], within: float) -> int:
    """Store what a product has no more of these studies, and wait until it is found; how many were gone.

    Raises ArrangementFailed, and what `harness.dimse` raises.
    """
    gone = [study for study in studies if not await_visible(scu, study, 0)]
    for study in gone:
        send_study(scu, study.instances)
        if not await_visible(scu, study, within):
            raise ArrangementFailed(VISIBLE_REPORTER, f"the study was not found within {within:g} s")
    return len(gone)
