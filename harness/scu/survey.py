"""One request of each service on one association, every message kept, to judge what is true of them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.dimse.association import AcceptedContext, Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import ConnectionClosed, PeerAborted
from harness.dimse.negotiation import RoleSelection
from harness.scu.echo import NO_DATA_SET, WITH_DATA_SET
from harness.scu.identifier import encode_identifier, keys_of
from harness.scu.observed import Observed, converse
from harness.scu.session import Proposal, Scu
from harness.scu.store import fitted, note_stored, proposals_for, syntaxes_of
from harness.scu.uids import VERIFICATION, QueryLevel, Root
from harness.synthesis import SyntheticStudy

MANY_KEYS: dict[str, Any] = dict.fromkeys(
    (
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "ModalitiesInStudy",
        "ReferringPhysicianName",
        "StudyDescription",
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "PatientAge",
        "StudyID",
        "NumberOfStudyRelatedSeries",
        "NumberOfStudyRelatedInstances",
    )
)
"""Return keys of the STUDY level of Study Root (PS3.4 C.6.2.1), enough for a response of 200 bytes."""


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


def all_observed(exchanges: tuple[Exchange, ...]) -> Iterator[Observed]:
    """Every message of the product."""
    for exchange in exchanges:
        yield from exchange.observed


def _store(association: Association, study: SyntheticStudy) -> Exchange | None:
    instance = fitted(association, study.instance(0))
    if instance.transfer_syntax not in syntaxes_of(association, instance.sop_class):
        return None
    uid = instance.sop_instance_uid
    context = association.context_for(instance.sop_class, instance.transfer_syntax)
    return _exchange(association, context, Command.C_STORE_RQ, instance.dataset, AffectedSOPInstanceUID=uid)


def _find(association: Association, study: SyntheticStudy) -> Exchange | None:
    keys = {**MANY_KEYS, "StudyInstanceUID": study.study_uid}
    return _query(association, Root.STUDY.find, Command.C_FIND_RQ, QueryLevel.STUDY, keys)


def _get(association: Association, study: SyntheticStudy) -> Exchange | None:
    keys = {"StudyInstanceUID": study.study_uid}
    return _query(association, Root.STUDY.get, Command.C_GET_RQ, QueryLevel.STUDY, keys)


_Service = Callable[[Association, SyntheticStudy], Exchange | None]
_SERVICES: tuple[_Service, ...] = (_store, _find, _get)
_ENDED = (ConnectionClosed, PeerAborted)
"""Not silence, too: to wait for it service by service takes too long."""


def survey(scu: Scu, study: SyntheticStudy, *, maximum_length: int | None = 65536) -> tuple[Exchange, ...]:
    """C-ECHO, C-STORE of the study's first instance, C-FIND and C-GET of the study, C-ECHO.

    What is longer than ``maximum_length`` is taken too, so that one requirement alone fails for it.
    The study may be stored already; where it is not, C-FIND and C-GET bring what is visible by then.  A
    service is left out that the product does not offer, or that ends an association whatever the maximum
    length is: that is the service's failure, and says nothing of how messages are made.  NotAccepted where
    it has not even Verification.
    """
    try:
        return _survey(scu, study, maximum_length, _SERVICES)
    except _ENDED:
        lasting = [service for service in _SERVICES if _lasts(scu, study, service)]
        if len(lasting) == len(_SERVICES):
            raise
        return _survey(scu, study, maximum_length, lasting)


def _survey(
    scu: Scu, study: SyntheticStudy, maximum_length: int | None, services: Sequence[_Service]
) -> tuple[Exchange, ...]:
    instance = study.instance(0)
    proposals: list[Proposal] = [
        VERIFICATION,
        Root.STUDY.find,
        Root.STUDY.get,
        *proposals_for([instance]),
    ]
    request = scu.request(
        *proposals, maximum_length=maximum_length, roles=(RoleSelection(instance.sop_class, 1, 1),)
    )
    exchanges: list[Exchange] = []
    with scu.negotiate(request) as association:
        association.take_any_length()
        exchanges.append(_echo(association))
        for service in services:
            exchange = service(association, study)
            if exchange is not None:
                exchanges.append(exchange)
        exchanges.append(_echo(association))
    for exchange in exchanges:
        if exchange.request.name == "C-STORE-RQ":
            note_stored(scu, instance, exchange.final)
    return tuple(exchanges)


def _lasts(scu: Scu, study: SyntheticStudy, service: _Service) -> bool:
    """Whether an association with the usual maximum length outlives this service."""
    try:
        _survey(scu, study, 65536, [service])
    except _ENDED:
        return False
    return True


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
) -> Exchange | None:
    if not syntaxes_of(association, sop_class):
        return None
    context = association.context_for(sop_class)
    identifier = encode_identifier(keys_of(level, keys), context.transfer_syntax)
    return _exchange(association, context, command, identifier)


def _exchange(
    association: Association, context: AcceptedContext, command: Command, dataset: bytes, **more: str
) -> Exchange:
    request = CommandSet.of(
        AffectedSOPClassUID=context.abstract_syntax,
        CommandField=int(command),
        MessageID=association.next_message_id(),
        Priority=0,
        CommandDataSetType=WITH_DATA_SET,
        **more,
    )
    return Exchange(request, converse(association, context.id, request, dataset))
