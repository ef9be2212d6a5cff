"""One request of each service on one association, every message kept, to judge what is true of them all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.negotiation import RoleSelection
from harness.scu.echo import NO_DATA_SET, WITH_DATA_SET
from harness.scu.identifier import encode_identifier, keys_of
from harness.scu.observed import Observed, converse
from harness.scu.session import Proposal, Scu
from harness.scu.store import note_stored
from harness.scu.uids import VERIFICATION, QueryLevel, Root
from harness.synthesis import SyntheticStudy

MANY_KEYS: dict[str, Any] = dict.fromkeys(
    (
        "SpecificCharacterSet",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "Modality",
        "ReferringPhysicianName",
        "StudyDescription",
        "SeriesDescription",
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "PatientAge",
        "StudyID",
        "SeriesNumber",
        "InstanceNumber",
        "SOPClassUID",
        "SOPInstanceUID",
        "ImageType",
        "Manufacturer",
        "InstitutionName",
        "Rows",
        "Columns",
        "BitsAllocated",
        "FrameOfReferenceUID",
        "ContentDate",
        "ContentTime",
    )
)
"""Return keys enough for a response of several hundred bytes."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and all that came for it, C-STORE sub-operations included."""

    request: CommandSet
    observed: tuple[Observed, ...]

    @property
    def responses(self) -> tuple[Observed, ...]:
        """The responses alone."""
        return tuple(one for one in self.observed if one.command.integer("CommandField") & 0x8000)

    @property
    def final(self) -> CommandSet:
        """The command set of the final response."""
        return self.observed[-1].command


def survey(scu: Scu, study: SyntheticStudy, *, maximum_length: int | None = 65536) -> tuple[Exchange, ...]:
    """C-ECHO, C-STORE of the study's first instance, C-FIND and C-GET of the study, C-ECHO.

    What is longer than ``maximum_length`` is taken too, so that one requirement alone fails for it.
    The study may be stored already; where it is not, C-FIND and C-GET bring what is visible by then.  A
    service that the product does not offer is left out.  NotAccepted where it has not even Verification.
    """
    instance = study.instance(0)
    proposals: list[Proposal] = [
        VERIFICATION,
        Root.STUDY.find,
        Root.STUDY.get,
        (instance.sop_class, (instance.transfer_syntax,)),
    ]
    request = scu.request(
        *proposals, maximum_length=maximum_length, roles=(RoleSelection(instance.sop_class, 1, 1),)
    )
    with scu.negotiate(request) as association:
        association.take_any_length()
        exchanges = tuple(_exchanges(association, study))
    for exchange in exchanges:
        if exchange.request.name == "C-STORE-RQ":
            note_stored(scu, instance, exchange.final)
    return exchanges


def all_observed(exchanges: tuple[Exchange, ...]) -> Iterator[Observed]:
    """Every message of the product."""
    for exchange in exchanges:
        yield from exchange.observed


def _exchanges(association: Association, study: SyntheticStudy) -> Iterator[Exchange]:
    yield _echo(association)
    accepted = {context.abstract_syntax for context in association.accepted_contexts.values()}
    instance = study.instance(0)
    if instance.sop_class in accepted:
        yield _exchange(
            association,
            instance.sop_class,
            Command.C_STORE_RQ,
            instance.dataset,
            AffectedSOPInstanceUID=instance.sop_instance_uid,
        )
    if Root.STUDY.find in accepted:
        keys = {
            **MANY_KEYS,
            "StudyInstanceUID": study.study_uid,
            "SeriesInstanceUID": study.series[0].series_uid,
        }
        yield _query(association, Root.STUDY.find, Command.C_FIND_RQ, QueryLevel.IMAGE, keys)
    if Root.STUDY.get in accepted:
        keys = {"StudyInstanceUID": study.study_uid}
        yield _query(association, Root.STUDY.get, Command.C_GET_RQ, QueryLevel.STUDY, keys)
    yield _echo(association)


def _echo(association: Association) -> Exchange:
    request = CommandSet.of(
        AffectedSOPClassUID=VERIFICATION,
        CommandField=int(Command.C_ECHO_RQ),
        MessageID=association.next_message_id(),
        CommandDataSetType=NO_DATA_SET,
    )
    return Exchange(request, converse(association, association.context_for(VERIFICATION).id, request))


def _query(
    association: Association, sop_class: str, command: Command, level: QueryLevel, keys: dict[str, Any]
) -> Exchange:
    syntax = association.context_for(sop_class).transfer_syntax
    return _exchange(association, sop_class, command, encode_identifier(keys_of(level, keys), syntax))


def _exchange(
    association: Association, sop_class: str, command: Command, dataset: bytes, **more: str
) -> Exchange:
    request = CommandSet.of(
        AffectedSOPClassUID=sop_class,
        CommandField=int(command),
        MessageID=association.next_message_id(),
        Priority=0,
        CommandDataSetType=WITH_DATA_SET,
        **more,
    )
    return Exchange(request, converse(association, association.context_for(sop_class).id, request, dataset))
