"""Which keys of the Modality Worklist a product matches, on entries of the harness's own (PS3.4 K.6.1)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from harness.behaviour import KeyAnswer, LevelKeys
from harness.dimse.errors import DimseError
from harness.observing.bounds import Look
from harness.observing.keys import key_answer
from harness.plugin.booking import Booked, booked
from harness.scu.session import Scu
from harness.scu.uids import MODALITY_WORKLIST
from harness.scu.worklist import SEQUENCE
from harness.synthesis import new_run_root
from harness.target import Target

LEVEL = "WORKLIST"
LABEL = "order-ct"
"""The entry that is looked for."""
FOUND_WITHIN = 15.0
"""Seconds, at most, that are waited for all entries to be found; one of them is enough."""
STEP_KEYS = (
    *("ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime"),
    *("Modality", "ScheduledPerformingPhysicianName", "ScheduledProcedureStepDescription"),
    "ScheduledProcedureStepID",
)
KEYS = (
    *(
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "RequestedProcedureID",
    ),
    *("StudyInstanceUID", "ReferringPhysicianName", "RequestedProcedureDescription"),
)
"""Keys of PS3.4 table K.6-1; entries have values for them."""


def worklist_keys(scu: Scu, target: Target, look: Look) -> tuple[LevelKeys, ...]:
    """The keys, where the target file says where entries come from; else a remark."""
    # Entries of their own: those of a run that has just ended may be finished, and gone for good.
    root = new_run_root()
    soon = replace(target.dimse, visible_within=min(FOUND_WITHIN, target.dimse.visible_within))
    with (
        look.at("keys of the Modality Worklist"),
        booked(scu, replace(target, dimse=soon), root) as entries,
    ):
        entry = entries.entry(LABEL)
        item = entries.item(scu, LABEL, dict.fromkeys(STEP_KEYS), **dict.fromkeys(KEYS))
        answers: list[KeyAnswer] = []
        for keyword in (*KEYS, *STEP_KEYS):
            value = entry.text(keyword)
            if value:
                in_step = keyword in STEP_KEYS
                came = item.step if in_step else item.identifier
                path = f"{SEQUENCE}.{keyword}" if in_step else keyword
                returned = keyword in came and bool(came.text(keyword))
                finds = partial(_finds, scu, entries, look, keyword)
                answers.append(key_answer(path, value, returned, finds))
        return (LevelKeys(MODALITY_WORKLIST, LEVEL, tuple(answers)),)
    return ()


def _finds(scu: Scu, entries: Booked, look: Look, keyword: str, value: Any) -> bool:
    """Whether the entry is among the answers to this value and its patient.  False where that fails."""
    if look.ended:
        return False
    keys: dict[str, Any] = {"PatientID": entries.entry(LABEL).text("PatientID")}
    step: dict[str, Any] = {}
    (step if keyword in STEP_KEYS else keys)[keyword] = value
    try:
        return LABEL in entries.ask(scu, step, **keys)
    except DimseError as error:
        look.failure(f"a query of the worklist with {keyword}", error)
        return False
