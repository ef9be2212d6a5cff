"""C-STORE as SCU (PS3.7 9.1.1, PS3.4 B)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import NotAccepted
from harness.dimse.fragments import DataSet
from harness.scu.echo import WITH_DATA_SET
from harness.scu.session import Proposal, Scu, Stored
from harness.scu.status import response_to, was_done
from harness.scu.uids import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, UNCOMPRESSED
from harness.synthesis import SyntheticInstance, instance_of

MEDIUM = 0x0000
NATIVE = frozenset((*UNCOMPRESSED, EXPLICIT_VR_BIG_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN))
"""Transfer syntaxes between which an object can be encoded anew without touching its pixels."""


def store_request(association: Association, sop_class: str, sop_instance_uid: str) -> CommandSet:
    """The command set of a C-STORE-RQ (PS3.7 9.3.1.1)."""
    return CommandSet.of(
        AffectedSOPClassUID=sop_class,
        CommandField=int(Command.C_STORE_RQ),
        MessageID=association.next_message_id(),
        Priority=MEDIUM,
        CommandDataSetType=WITH_DATA_SET,
        AffectedSOPInstanceUID=sop_instance_uid,
    )


def store_dataset(
    association: Association,
    dataset: DataSet,
    *,
    sop_class: str,
    sop_instance_uid: str,
    transfer_syntax: str | None = None,
    fragment: int | None = None,
) -> CommandSet:
    """Send one encoded data set; the response's command set, whatever its status."""
    context = association.context_for(sop_class, transfer_syntax)
    request = store_request(association, sop_class, sop_instance_uid)
    association.send_message(context.id, request, dataset, fragment=fragment)
    return response_to(request, association.receive_message())


def store(scu: Scu, association: Association, instance: SyntheticInstance) -> CommandSet:
    """Send one synthetic instance; what the product acknowledges is reported to ``scu.on_stored``.

    An uncompressed one goes out in another uncompressed transfer syntax where its own was not accepted:
    which of them a product takes is its choice, but for Implicit VR Little Endian (PS3.5 10.1).
    """
    return store_as_encoded(scu, association, fitted(association, instance))


def store_as_encoded(
    scu: Scu, association: Association, instance: SyntheticInstance, *, fragment: int | None = None
) -> CommandSet:
    """`store` in the instance's own transfer syntax, or NotAccepted; in fragments of so many bytes."""
    response = store_dataset(
        association,
        instance.dataset,
        sop_class=instance.sop_class,
        sop_instance_uid=instance.sop_instance_uid,
        transfer_syntax=instance.transfer_syntax,
        fragment=fragment,
    )
    note_stored(scu, instance, response)
    return response


def note_stored(scu: Scu, instance: SyntheticInstance, response: CommandSet) -> None:
    """Report an acknowledged instance to ``scu.on_stored``."""
    status = response.integer("Status")
    if was_done(status):
        scu.on_stored(
            Stored(
                instance.sop_class,
                instance.sop_instance_uid,
                instance.text("StudyInstanceUID"),
                instance.text("PatientID"),
                status,
            )
        )


def fitted(association: Association, instance: SyntheticInstance) -> SyntheticInstance:
    """The instance in a transfer syntax that was accepted for its class; itself where there is none."""
    accepted = syntaxes_of(association, instance.sop_class)
    if instance.transfer_syntax in accepted or instance.transfer_syntax not in NATIVE:
        return instance
    other = next((syntax for syntax in UNCOMPRESSED if syntax in accepted), None)
    return instance if other is None else instance_of(instance.attributes, other)


def open_for(scu: Scu, instance: SyntheticInstance) -> tuple[Association, SyntheticInstance]:
    """An association to send it on, and the instance as it is taken there; see `fitted`.

    NotAccepted comes where its presentation context is asked for.
    """
    association = open_to_store(scu, [instance])
    return association, fitted(association, instance)


def open_to_store(scu: Scu, instances: Sequence[SyntheticInstance]) -> Association:
    """An association with a presentation context for each, as far as the product takes them; see `store`.

    Of several contexts of a class an acceptor may take one alone (PS3.5 10.1 b): where that is not the one of
    compressed objects, theirs are offered by themselves.
    """
    association = scu.open(*proposals_for(instances))
    hidden = any(
        one.transfer_syntax not in (*NATIVE, *taken)
        for one in instances
        if (taken := syntaxes_of(association, one.sop_class))
    )
    if not hidden:
        return association
    with association:
        pairs = dict.fromkeys((one.sop_class, one.transfer_syntax) for one in instances)
    return scu.open(*((sop_class, (syntax,)) for sop_class, syntax in pairs))


@contextlib.contextmanager
def association_for(scu: Scu, sop_class: str, transfer_syntax: str) -> Iterator[Association]:
    """An association on which objects of the class can be sent in this transfer syntax.

    The usual uncompressed ones are offered beside it (PS3.5 10.1 a).  Of several contexts of a class an
    acceptor may take one alone (10.1 b): where that was another one, this one is offered by itself.
    Raises NotAccepted.
    """
    offered = [(sop_class, (syntax,)) for syntax in dict.fromkeys((transfer_syntax, *UNCOMPRESSED))]
    with scu.open(*offered) as association:
        taken = syntaxes_of(association, sop_class)
        if transfer_syntax in taken:
            yield association
            return
    if taken:
        with scu.open(offered[0]) as association:
            if transfer_syntax in syntaxes_of(association, sop_class):
                yield association
                return
    raise NotAccepted(sop_class, f"{sop_class} is not accepted in transfer syntax {transfer_syntax}")


def is_taken(scu: Scu, sop_class: str, transfer_syntax: str) -> bool:
    """Whether the product takes objects of the class in this transfer syntax; see `association_for`."""
    with contextlib.suppress(NotAccepted), association_for(scu, sop_class, transfer_syntax):
        return True
    return False


def syntaxes_of(association: Association, sop_class: str) -> set[str]:
    """The transfer syntaxes in which a class was accepted."""
    return {
        context.transfer_syntax
        for context in association.accepted_contexts.values()
        if context.abstract_syntax == sop_class
    }


def store_all(scu: Scu, instances: Sequence[SyntheticInstance]) -> list[CommandSet]:
    """Send instances on an association of their own; the responses in the same order.

    Raises NotAccepted where the product takes one of the SOP classes in none of the syntaxes offered.
    """
    with open_to_store(scu, instances) as association:
        return [store(scu, association, instance) for instance in instances]


def proposals_for(instances: Sequence[SyntheticInstance]) -> list[Proposal]:
    """A context for each pair of SOP class and transfer syntax, so that each can be answered for itself.

    Each class is offered in the usual uncompressed syntaxes too, which PS3.5 10.1 a) asks for but where there
    is nothing but lossy pixels to send.
    """
    pairs = dict.fromkeys((instance.sop_class, instance.transfer_syntax) for instance in instances)
    pairs |= dict.fromkeys((instance.sop_class, syntax) for instance in instances for syntax in UNCOMPRESSED)
    return [(sop_class, (transfer_syntax,)) for sop_class, transfer_syntax in pairs]
