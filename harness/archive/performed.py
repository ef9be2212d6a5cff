"""Modality Performed Procedure Step as SCP: N-CREATE, N-SET (PS3.4 F.7), N-GET of the Retrieve class (F.8).

Steps are kept in the index's database, where they outlive associations and the archive itself; they aren't
made from files, so a re-index leaves them alone. Texts and sequences are kept, binary attributes are not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import identifiers, services
from .attributes import Attribute, AttributeSet, from_json, to_json
from .index import Index
from .messages import N_CREATE_RQ, Message
from .sopclasses import is_uid
from .status import (
    ATTRIBUTE_LIST_ERROR,
    ATTRIBUTES_NOT_SUPPORTED,
    DUPLICATE_INSTANCE,
    INVALID_INSTANCE,
    INVALID_VALUE,
    MISSING_ATTRIBUTE,
    MISSING_VALUE,
    NO_SUCH_INSTANCE,
    PROCESSING_FAILURE,
    SUCCESS,
    Answer,
    Refused,
)
from .worklist import STEP_ID, STUDY_UID, step_of

if TYPE_CHECKING:
    from .association import ArchiveAssociation

STATUS, SCHEDULED, SERIES, CHARACTER_SET = 0x00400252, 0x00400270, 0x00400340, 0x00080005
IN_PROGRESS, COMPLETED, DISCONTINUED = "IN PROGRESS", "COMPLETED", "DISCONTINUED"
NO_LONGER_UPDATED, NO_LONGER_UPDATED_ID = "Performed Procedure Step Object may no longer be updated", 0xA710
#: PS3.4 table F.7.2-1, N-CREATE: attributes of type 1 and of type 2, and those of Scheduled Step Attributes.
TYPE_1 = (SCHEDULED, 0x00400253, 0x00400241, 0x00400244, 0x00400245, STATUS, 0x00080060)
TYPE_2 = (
    0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00081120, 0x00400242, 0x00400243, 0x00400254,
    0x00400255, 0x00081032, 0x00400250, 0x00400251, 0x00200010, 0x00400260, SERIES,
)  # fmt: skip
SCHEDULED_TYPE_2 = (
    0x00081110, 0x00080050, 0x00401001, 0x00321060, 0x00400009, 0x00400007, 0x00400008,
)  # fmt: skip
#: Those that an N-SET may not have.
NOT_SET = frozenset(
    {
        SCHEDULED, 0x00100010, 0x00100020, 0x00100021, 0x00100024, 0x00101002, 0x00100030, 0x00100040,
        0x00081120, 0x00380010, 0x00380014, 0x00380060, 0x00380064, 0x00380062, 0x00400253, 0x00400241,
        0x00400242, 0x00400243, 0x00400244, 0x00400245, 0x00080060, 0x00200010,
    }
)  # fmt: skip
#: What has to have a value when a step is finished (column "final state").
FINAL_TYPE_1 = (0x00400250, 0x00400251, SERIES)
#: Attributes whose retrieval table F.8.2-1 demands, beside those above: reasons for a discontinuation.
GETTABLE = frozenset((*TYPE_1, *TYPE_2, 0x00400281))

_SCHEMA = """
CREATE TABLE IF NOT EXISTS performed (sop_uid TEXT PRIMARY KEY, status TEXT NOT NULL,
    attributes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS performed_for (sop_uid TEXT NOT NULL, study_uid TEXT NOT NULL,
    step_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS performed_of ON performed_for (study_uid, step_id);
"""


@dataclass(frozen=True)
class PerformedStep:
    """A Modality Performed Procedure Step."""

    sop_instance: str
    attributes: AttributeSet

    @property
    def status(self) -> str:
        """Performed Procedure Step Status (0040,0252)."""
        return self.attributes.text(STATUS)

    @property
    def scheduled(self) -> tuple[tuple[str, str], ...]:
        """Study Instance UID and Scheduled Procedure Step ID of the steps that it performs."""
        sequence = self.attributes.get(SCHEDULED)
        items = sequence.items if sequence else ()
        return tuple((item.text(STUDY_UID), item.text(STEP_ID)) for item in items)


class PerformedSteps:
    """All performed steps, in the index's database."""

    def __init__(self, index: Index) -> None:
        self._index = index
        with index.transaction() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    def get(self, sop_instance: str) -> PerformedStep | None:
        """The step with this SOP Instance UID."""
        rows = self._index.rows("SELECT attributes FROM performed WHERE sop_uid = ?", (sop_instance,))
        return PerformedStep(sop_instance, from_json(rows[0][0])) if rows else None

    def put(
        self, sop_instance: str, change: Callable[[PerformedStep | None], PerformedStep]
    ) -> PerformedStep:
        """Replace a step by what `change` makes of it, and nobody writes in between. Raises Refused."""
        with self._index.transaction() as connection:
            step = change(self.get(sop_instance))
            connection.execute(
                "INSERT INTO performed VALUES (?, ?, ?) ON CONFLICT (sop_uid) DO UPDATE"
                " SET status = excluded.status, attributes = excluded.attributes",
                (step.sop_instance, step.status, to_json(step.attributes)),
            )
            connection.execute("DELETE FROM performed_for WHERE sop_uid = ?", (step.sop_instance,))
            connection.executemany(
                "INSERT INTO performed_for VALUES (?, ?, ?)",
                [(step.sop_instance, study, identifier) for study, identifier in step.scheduled],
            )
        return step

    def statuses(self, item: AttributeSet) -> tuple[str, ...]:
        """The states of the performed steps that refer to a worklist item."""
        rows = self._index.rows(
            "SELECT p.status FROM performed_for f JOIN performed p USING (sop_uid)"
            " WHERE f.study_uid = ? AND f.step_id = ? ORDER BY p.rowid",
            (item.text(STUDY_UID), step_of(item).text(STEP_ID)),
        )
        return tuple(row[0] for row in rows)


# -- services ----------------------------------------------------------------------------------------


def create(association: ArchiveAssociation, request: Message) -> None:
    """N-CREATE, PS3.4 F.7.2.1.3."""
    semantics = association.archive.semantics
    asked = str(request.command.get("AffectedSOPInstanceUID", "") or "")
    try:
        sop_instance = asked or semantics.new_step_uid()
        attributes, strange = _attribute_list(association, request)
        semantics.check_creation(sop_instance, attributes)
        created = PerformedStep(sop_instance, attributes)
        association.archive.performed.put(sop_instance, lambda known: semantics.register(known, created))
    except Refused as refusal:
        services.reply(association, request, semantics.step_answer(refusal.answer))
        return
    answer = semantics.step_answer(_taken(strange))
    services.reply(association, request, answer, None, {"AffectedSOPInstanceUID": sop_instance})


def modify(association: ArchiveAssociation, request: Message) -> None:
    """N-SET, PS3.4 F.7.2.2.3."""
    semantics = association.archive.semantics
    sop_instance = str(request.command.get("RequestedSOPInstanceUID", "") or "")
    left_out: set[int] = set()

    def change(known: PerformedStep | None) -> PerformedStep:
        step = semantics.known_step(known, sop_instance)
        semantics.check_modification(step, changes)
        changed = semantics.modified(step, changes)
        left_out.update(tag for tag in changes.elements if not _is_settable(step, tag))
        return changed

    try:
        changes, strange = _attribute_list(association, request)
        association.archive.performed.put(sop_instance, change)
        answer = _taken(strange | left_out)
    except Refused as refusal:
        answer = refusal.answer
    services.reply(association, request, semantics.step_answer(answer))


def get(association: ArchiveAssociation, request: Message) -> None:
    """N-GET, PS3.4 F.8.2.1.3."""
    semantics = association.archive.semantics
    sop_instance = str(request.command.get("RequestedSOPInstanceUID", "") or "")
    value = request.command.get("AttributeIdentifierList")
    several = value if isinstance(value, list) or hasattr(value, "append") else [value]
    asked = tuple(int(tag) for tag in several if tag is not None)
    try:
        _misbehave(association)
        step = semantics.known_step(association.archive.performed.get(sop_instance), sop_instance)
    except Refused as refusal:
        services.reply(association, request, semantics.step_answer(refusal.answer))
        return
    values = semantics.retrieved_step(step, asked)
    missing = [tag for tag in asked if tag not in values.elements and tag != CHARACTER_SET]
    syntax = str(association._accepted_cx[request.context_id].transfer_syntax[0])
    stored = step.attributes.get(CHARACTER_SET)
    data = identifiers.encode_fitting(values, (stored.values if stored else (),), syntax)
    status = ATTRIBUTES_NOT_SUPPORTED if missing else SUCCESS
    services.reply(association, request, semantics.step_answer(Answer(status)), data)


def _attribute_list(association: ArchiveAssociation, request: Message) -> tuple[AttributeSet, frozenset[int]]:
    _misbehave(association)
    syntax = str(association._accepted_cx[request.context_id].transfer_syntax[0])
    try:
        return identifiers.decode(request.data if isinstance(request.data, bytes) else None, syntax)
    except Refused as refusal:
        if request.field == N_CREATE_RQ and not request.data:
            raise Refused(MISSING_ATTRIBUTE, "the request has no attributes") from refusal
        raise Refused(PROCESSING_FAILURE, refusal.answer.comment) from refusal


def _misbehave(association: ArchiveAssociation) -> None:
    status = association.archive.config.misbehaviour.mpps_status
    if status is not None:
        raise Refused(status, "asked to answer so")


def _taken(strange: frozenset[int] | set[int]) -> Answer:
    """Success, or the warning for attributes that aren't kept (PS3.7 C.4.2)."""
    if not strange:
        return Answer(SUCCESS)
    return Answer(ATTRIBUTE_LIST_ERROR, "attributes were left out", attributes=tuple(sorted(strange)))


# -- rules -------------------------------------------------------------------------------------------


def check_creation(sop_instance: str, attributes: AttributeSet) -> None:
    """The UID is one, the status is IN PROGRESS, what is mandatory is there. Raises Refused."""
    if not is_uid(sop_instance):
        raise Refused(INVALID_INSTANCE, "the SOP Instance UID breaks PS3.5 9.1")
    check_present(attributes, TYPE_1, TYPE_2)
    scheduled = attributes.elements[SCHEDULED]
    for item in scheduled.items:
        check_present(item, (STUDY_UID,), SCHEDULED_TYPE_2)
    if attributes.text(STATUS) != IN_PROGRESS:
        raise Refused(INVALID_VALUE, f"a step is created IN PROGRESS, not {attributes.text(STATUS)!r}")


def check_present(attributes: AttributeSet, type_1: tuple[int, ...], type_2: tuple[int, ...]) -> None:
    """What the SCU has to provide is there, and has a value where it needs one (5.4.2.1). Raises Refused."""
    missing = tuple(tag for tag in (*type_1, *type_2) if attributes.get(tag) is None)
    if missing:
        raise Refused(MISSING_ATTRIBUTE, _names("missing", missing), attributes=missing)
    empty = tuple(tag for tag in type_1 if attributes.elements[tag].is_empty)
    if empty:
        raise Refused(MISSING_VALUE, _names("without a value", empty), attributes=empty)


def register(known: PerformedStep | None, created: PerformedStep) -> PerformedStep:
    """The created step, unless there is one already. Raises Refused."""
    if known is not None:
        raise Refused(DUPLICATE_INSTANCE, "a step with this SOP Instance UID exists")
    return created


def known(step: PerformedStep | None, sop_instance: str) -> PerformedStep:
    """The step. Raises Refused where there is none."""
    if step is None:
        raise Refused(NO_SUCH_INSTANCE, "no such performed procedure step")
    return step


def check_modification(step: PerformedStep, changes: AttributeSet) -> None:
    """The step is in progress, its new state is one, and complete when it is final. Raises Refused."""
    if step.status != IN_PROGRESS:
        raise Refused(PROCESSING_FAILURE, NO_LONGER_UPDATED, error_id=NO_LONGER_UPDATED_ID)
    wanted = changes.get(STATUS)
    if wanted is None:
        return
    status = changes.text(STATUS)
    if status not in (IN_PROGRESS, COMPLETED, DISCONTINUED):
        raise Refused(INVALID_VALUE, f"no such status: {status!r}")
    if status != IN_PROGRESS:
        after = modified(step, changes).attributes
        empty = tuple(tag for tag in FINAL_TYPE_1 if after.get(tag) is None or after.elements[tag].is_empty)
        if empty:
            raise Refused(MISSING_VALUE, _names("needed to finish", empty), attributes=empty)


def modified(step: PerformedStep, changes: AttributeSet) -> PerformedStep:
    """The step with new values for what it has, and may have changed (table F.7.2-1)."""
    new = {tag: value for tag, value in changes.elements.items() if _is_settable(step, tag)}
    new.pop(CHARACTER_SET, None)
    return PerformedStep(step.sop_instance, step.attributes.merged(AttributeSet(new)))


def _is_settable(step: PerformedStep, tag: int) -> bool:
    return tag == CHARACTER_SET or (tag not in NOT_SET and step.attributes.get(tag) is not None)


def retrieved(step: PerformedStep, asked: tuple[int, ...]) -> AttributeSet:
    """The values asked for; what table F.8.2-1 names and the step lacks is empty."""
    from pydicom.datadict import dictionary_VR

    kept = {tag: value for tag, value in step.attributes.elements.items() if tag != CHARACTER_SET}
    if not asked:
        return AttributeSet(kept)
    known_tags = {tag: kept[tag] for tag in asked if tag in kept}
    empty = {tag: Attribute(dictionary_VR(tag)) for tag in asked if tag in GETTABLE and tag not in kept}
    return AttributeSet({**known_tags, **empty})


def _names(what: str, tags: tuple[int, ...]) -> str:
    return f"{what}: " + " ".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in tags)
