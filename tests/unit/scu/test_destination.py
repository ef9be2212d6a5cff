"""The move destination: what arrives, how it is answered, how associations end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.dimse.association import Association
from harness.dimse.errors import AssociationRejected, NotAccepted, PeerAborted, Unreachable
from harness.dimse.negotiation import contexts
from harness.dimse.pdu import associate_request
from harness.dimse.transport import Address
from harness.scu.destination import Destination
from harness.scu.inbox import Ending, Inbox, Received, answering, refuse_permanently
from harness.scu.store import store_dataset
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from harness.synthesis import Identity, SyntheticInstance, new_run_root, new_study

WAIT = 5.0
MR = "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture(scope="module")
def instance() -> SyntheticInstance:
    return new_study(Identity(new_run_root(), "destination"), instances=1).instance(0)


@pytest.fixture
def destination() -> Iterator[Destination]:
    listening = Destination("DEST", "127.0.0.1", 0, WAIT)
    yield listening
    listening.stop()


def _open(destination: Destination, *pairs: tuple[str, list[str]]) -> Association:
    proposed = contexts(*(pairs or ((CT_IMAGE_STORAGE, [EXPLICIT_VR_LITTLE_ENDIAN]),)))
    request = associate_request(destination.ae_title, "UNITTEST", proposed)
    return Association.open(Address(destination.host, destination.port), request, deadline=WAIT)


def _store(association: Association, instance: SyntheticInstance) -> int:
    response = store_dataset(
        association,
        instance.dataset,
        sop_class=instance.sop_class,
        sop_instance_uid=instance.sop_instance_uid,
    )
    return response.integer("Status")


def _ended(inbox: Inbox) -> bool:
    return bool(inbox.associations) and all(one.ending is not Ending.OPEN for one in inbox.associations)


def test_an_object_is_there_before_its_response(
    destination: Destination, instance: SyntheticInstance
) -> None:
    with destination.inbox() as inbox, _open(destination) as association:
        assert _store(association, instance) == 0
        (item,) = inbox.received
    assert item.dataset == instance.dataset
    assert (item.abstract_syntax, item.association) == (CT_IMAGE_STORAGE, 0)


def test_the_scenario_chooses_the_status(destination: Destination, instance: SyntheticInstance) -> None:
    with destination.inbox(status_of=lambda item: 0xA900), _open(destination) as association:
        assert _store(association, instance) == 0xA900


def test_no_status_aborts_the_association(destination: Destination, instance: SyntheticInstance) -> None:
    with destination.inbox(status_of=lambda item: None) as inbox:
        association = _open(destination)
        with pytest.raises(PeerAborted):
            _store(association, instance)
        assert inbox.wait_for(_ended, WAIT)
    assert [one.ending for one in inbox.associations] == [Ending.OURS]
    assert inbox.uids() == [instance.sop_instance_uid]


def test_released_and_cut_are_told_apart(destination: Destination) -> None:
    with destination.inbox() as inbox:
        _open(destination).release()
        assert inbox.wait_for(_ended, WAIT)
        _open(destination).close()
        assert inbox.wait_for(lambda box: len(box.associations) == 2 and _ended(box), WAIT)
        _open(destination).abort()
        assert inbox.wait_for(lambda box: len(box.associations) == 3 and _ended(box), WAIT)
    assert [one.ending for one in inbox.associations] == [Ending.RELEASED, Ending.CUT, Ending.ABORTED]
    assert inbox.violation() is None


def test_a_new_inbox_starts_without_the_associations_of_the_last(
    destination: Destination, instance: SyntheticInstance
) -> None:
    with destination.inbox() as first:
        kept = _open(destination)
        _store(kept, instance)
    with destination.inbox() as second:
        with pytest.raises(PeerAborted):
            _store(kept, instance)
        kept.close()
        assert second.received == []
    assert first.associations[0].ending is Ending.OURS


def test_unreachable_for_a_while(destination: Destination, instance: SyntheticInstance) -> None:
    port = destination.port
    with destination.unreachable(), pytest.raises(Unreachable):
        _open(destination)
    assert destination.port == port
    with destination.inbox() as inbox, _open(destination) as association:
        _store(association, instance)
    assert len(inbox.received) == 1


def test_a_fault_of_the_scenario_is_raised(destination: Destination, instance: SyntheticInstance) -> None:
    def broken(item: Received) -> int:
        raise KeyError("a slip")

    with (
        pytest.raises(KeyError, match="a slip"),
        destination.inbox(status_of=broken),
        pytest.raises(PeerAborted),
    ):
        _store(_open(destination), instance)


def test_a_destination_may_refuse(destination: Destination) -> None:
    with destination.inbox(answer=refuse_permanently) as inbox, pytest.raises(AssociationRejected):
        _open(destination)
    assert len(inbox.requests) == 1
    assert inbox.associations == []


def test_classes_syntaxes_and_length_are_answered_as_asked(destination: Destination) -> None:
    answer = answering(
        classes=(CT_IMAGE_STORAGE,), syntaxes=(IMPLICIT_VR_LITTLE_ENDIAN,), maximum_length=4096
    )
    both = [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN]
    pairs = ((CT_IMAGE_STORAGE, both), (CT_IMAGE_STORAGE, both[:1]), (MR, both))
    with destination.inbox(answer=answer), _open(destination, *pairs) as association:
        results = [context.result for context in association.accepted.contexts]
        assert association.context_for(CT_IMAGE_STORAGE).transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN
        assert association.peer_maximum_length == 4096
        with pytest.raises(NotAccepted):
            association.context_for(MR)
    assert results == [0, 4, 3]


def test_deflated_is_taken_only_where_there_is_no_choice(destination: Destination) -> None:
    pairs = (
        (CT_IMAGE_STORAGE, [DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN]),
        (MR, [DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN]),
    )
    with destination.inbox(), _open(destination, *pairs) as association:
        assert association.context_for(CT_IMAGE_STORAGE).transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN
        assert association.context_for(MR).transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
