"""Modality Performed Procedure Step as SCU: N-CREATE, N-SET (PS3.4 F.7), N-GET (PS3.4 F.8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydicom import Dataset

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import PeerViolation
from harness.scu.echo import NO_DATA_SET, WITH_DATA_SET
from harness.scu.identifier import Identifier, encode_identifier, keys_of, read_identifier
from harness.scu.status import describe, response_to, was_done
from harness.scu.uids import CT_IMAGE_STORAGE, PERFORMED_STEP, PERFORMED_STEP_RETRIEVE

IN_PROGRESS, COMPLETED, DISCONTINUED = "IN PROGRESS", "COMPLETED", "DISCONTINUED"
STATUS_TAG = 0x00400252


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to an N-CREATE, N-SET or N-GET."""

    request: CommandSet
    command: CommandSet
    data_set: bytes | None
    transfer_syntax: str

    @property
    def status(self) -> int:
        """The status of the response."""
        return self.command.integer("Status")

    @property
    def accepted(self) -> bool:
        """Success, or a warning: the operation was performed (PS3.7 C.4)."""
        return was_done(self.status)

    @property
    def words(self) -> str:
        """The status for people."""
        return describe(self.command)

    def require(self, what: str) -> Answer:
        """Itself, where the operation was performed.  Raises PeerViolation otherwise."""
        if not self.accepted:
            raise PeerViolation("PS3.4 F.7.2", f"{what} to be accepted", self.words)
        return self

    def attributes(self) -> Identifier:
        """The attributes of an N-GET's response.  Raises PeerViolation where there are none."""
        if self.data_set is None:
            raise PeerViolation("PS3.7 10.1.2.1.8", "an Attribute List in the response", "no data set")
        return read_identifier(self.data_set, self.transfer_syntax)


def create(association: Association, sop_instance_uid: str | None, attributes: Dataset | None) -> Answer:
    """One N-CREATE (PS3.7 10.3.5.1); None leaves the UID, or the data set, out.  Raises NotAccepted."""
    command = CommandSet.of(
        AffectedSOPClassUID=PERFORMED_STEP,
        CommandField=int(Command.N_CREATE_RQ),
        MessageID=association.next_message_id(),
        CommandDataSetType=NO_DATA_SET if attributes is None else WITH_DATA_SET,
        AffectedSOPInstanceUID=sop_instance_uid,
    )
    return _exchange(association, PERFORMED_STEP, command, attributes)


def modify(association: Association, sop_instance_uid: str, changes: Dataset) -> Answer:
    """One N-SET (PS3.7 10.3.3.1).  Raises NotAccepted."""
    command = CommandSet.of(
        RequestedSOPClassUID=PERFORMED_STEP,
        CommandField=int(Command.N_SET_RQ),
        MessageID=association.next_message_id(),
        CommandDataSetType=WITH_DATA_SET,
        RequestedSOPInstanceUID=sop_instance_uid,
    )
    return _exchange(association, PERFORMED_STEP, command, changes)


def get(association: Association, sop_instance_uid: str, *tags: int) -> Answer:
    """One N-GET of the Retrieve class (PS3.7 10.3.2.1); without tags all attributes.  Raises NotAccepted."""
    command = CommandSet.of(
        RequestedSOPClassUID=PERFORMED_STEP_RETRIEVE,
        CommandField=int(Command.N_GET_RQ),
        MessageID=association.next_message_id(),
        CommandDataSetType=NO_DATA_SET,
        RequestedSOPInstanceUID=sop_instance_uid,
        AttributeIdentifierList=tags or None,
    )
    return _exchange(association, PERFORMED_STEP_RETRIEVE, command, None)


def _exchange(
    association: Association, sop_class: str, request: CommandSet, data_set: Dataset | None
) -> Answer:
    context = association.context_for(sop_class)
    if data_set is None:
        association.send_message(context.id, request)
    else:
        association.send_message(context.id, request, encode_identifier(data_set, context.transfer_syntax))
    message = association.receive_message()
    return Answer(request, response_to(request, message), message.dataset, context.transfer_syntax)


# -- what a modality reports -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """Who and what a step is about; the scheduled step's own values are empty for an unscheduled one."""

    study_uid: str
    step_id: str
    patient_id: str
    patient_name: str
    station: str
    modality: str = "CT"
    accession_number: str = ""
    requested_procedure_id: str = ""
    scheduled_step_id: str = ""
    character_set: str | None = None

    def attributes(self, **changed: Any) -> Dataset:
        """The Attribute List of an N-CREATE: every attribute of type 1 and 2 (PS3.4 table F.7.2-1).

        ``changed`` sets attributes by keyword; `LEFT_OUT` leaves one out.
        """
        now = datetime.now()
        values: dict[str, Any] = {
            "ScheduledStepAttributesSequence": [
                keys_of(
                    None,
                    {
                        "StudyInstanceUID": self.study_uid,
                        "ReferencedStudySequence": [],
                        "AccessionNumber": self.accession_number,
                        "RequestedProcedureID": self.requested_procedure_id,
                        "RequestedProcedureDescription": "",
                        "ScheduledProcedureStepID": self.scheduled_step_id,
                        "ScheduledProcedureStepDescription": "",
                        "ScheduledProtocolCodeSequence": [],
                    },
                )
            ],
            "PatientName": self.patient_name,
            "PatientID": self.patient_id,
            "PatientBirthDate": "",
            "PatientSex": "",
            "ReferencedPatientSequence": [],
            "PerformedProcedureStepID": self.step_id,
            "PerformedStationAETitle": self.station,
            "PerformedStationName": "",
            "PerformedLocation": "",
            "PerformedProcedureStepStartDate": f"{now:%Y%m%d}",
            "PerformedProcedureStepStartTime": f"{now:%H%M%S}",
            "PerformedProcedureStepStatus": IN_PROGRESS,
            "PerformedProcedureStepDescription": "",
            "PerformedProcedureTypeDescription": "",
            "ProcedureCodeSequence": [],
            "PerformedProcedureStepEndDate": "",
            "PerformedProcedureStepEndTime": "",
            # To be set later it has to be created (note 5).
            "PerformedProcedureStepDiscontinuationReasonCodeSequence": [],
            "Modality": self.modality,
            "StudyID": "",
            "PerformedProtocolCodeSequence": [],
            "PerformedSeriesSequence": [],
            "SpecificCharacterSet": self.character_set,
            **changed,
        }
        return keys_of(None, {key: value for key, value in values.items() if value not in (LEFT_OUT, None)})


LEFT_OUT = object()
"""As the value of an attribute: it is not sent."""


def series(series_uid: str, references: Mapping[str, str]) -> Dataset:
    """An item of the Performed Series Sequence; ``references`` are SOP Instance UIDs → SOP Class UIDs."""
    return keys_of(
        None,
        {
            "PerformingPhysicianName": "",
            "ProtocolName": "Synthetic protocol",
            "OperatorsName": "",
            "SeriesInstanceUID": series_uid,
            "SeriesDescription": "",
            "RetrieveAETitle": "",
            "ReferencedImageSequence": [
                keys_of(None, {"ReferencedSOPClassUID": kind, "ReferencedSOPInstanceUID": uid})
                for uid, kind in references.items()
            ],
            "ReferencedNonImageCompositeSOPInstanceSequence": [],
        },
    )


def performed_series(uid: Callable[[], str]) -> Dataset:
    """The modification list that tells of one series with one CT image."""
    return keys_of(None, {"PerformedSeriesSequence": [series(uid(), {uid(): CT_IMAGE_STORAGE})]})


def finished(status: str, uid: Callable[[], str], **changed: Any) -> Dataset:
    """The modification list that ends a step: all that table F.7.2-1 demands for the final state."""
    now = datetime.now()
    changes = performed_series(uid)
    changes.update(
        keys_of(
            None,
            {
                "PerformedProcedureStepStatus": status,
                "PerformedProcedureStepEndDate": f"{now:%Y%m%d}",
                "PerformedProcedureStepEndTime": f"{now:%H%M%S}",
                **changed,
            },
        )
    )
    return changes


def discontinued(uid: Callable[[], str]) -> Dataset:
    """`finished` with DISCONTINUED and its reason, a code of context group 9300."""
    reason = keys_of(
        None,
        {
            "CodeValue": "110513",
            "CodingSchemeDesignator": "DCM",
            "CodeMeaning": "Discontinued for unspecified reason",
        },
    )
    return finished(DISCONTINUED, uid, PerformedProcedureStepDiscontinuationReasonCodeSequence=[reason])
