"""What is read of a storage commitment result, and what is not believed."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from harness.dimse.command import Command, CommandSet
from harness.dimse.errors import PeerViolation
from harness.scu.commitment import Failure, Reference, read_result
from harness.scu.identifier import encode_identifier, keys_of
from harness.scu.inbox import Reported
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

CT = "1.2.840.10008.5.1.4.1.1.2"


def item(uid: str = "", **more: object) -> Dataset:
    keys = {"ReferencedSOPClassUID": CT, **({"ReferencedSOPInstanceUID": uid} if uid else {}), **more}
    return keys_of(None, keys)


def reported(syntax: str = EXPLICIT_VR_LITTLE_ENDIAN, **attributes: object) -> Reported:
    command = CommandSet.of(CommandField=int(Command.N_EVENT_REPORT_RQ), EventTypeID=2)
    return Reported(command, encode_identifier(keys_of(None, attributes), syntax), syntax)


@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN])
def test_both_lists_are_read(syntax: str) -> None:
    result = read_result(
        reported(
            syntax,
            TransactionUID="1.2.3",
            ReferencedSOPSequence=[item("1.2.4", RetrieveAETitle="A")],
            FailedSOPSequence=[item("1.2.5", FailureReason=0x0112), item("1.2.6")],
        )
    )
    assert (result.event_type, result.transaction_uid) == (2, "1.2.3")
    assert result.committed == (Reference(CT, "1.2.4"),)
    assert result.failed == (Failure(Reference(CT, "1.2.5"), 0x0112), Failure(Reference(CT, "1.2.6"), None))
    assert result.retrieve_ae_titles == (0, 1)


def test_empty_and_absent_lists_are_none() -> None:
    result = read_result(reported(RetrieveAETitle="A", ReferencedSOPSequence=[]))
    assert (result.transaction_uid, result.committed, result.failed) == ("", (), ())
    assert result.retrieve_ae_titles == (1, 0)


def test_sequences_within_items_are_not_the_result() -> None:
    inner = item("1.2.4", ReferencedSOPSequence=[item("1.2.9")])
    assert read_result(reported(ReferencedSOPSequence=[inner])).committed == (Reference(CT, "1.2.4"),)


@pytest.mark.parametrize("items", [[item()], [Dataset()]])
def test_an_item_without_its_uids_is_a_violation(items: list[Dataset]) -> None:
    with pytest.raises(PeerViolation, match="every item of the result"):
        read_result(reported(FailedSOPSequence=items))


def test_damage_is_a_violation() -> None:
    whole = reported(ReferencedSOPSequence=[item("1.2.4")])
    assert whole.dataset is not None
    with pytest.raises(PeerViolation):
        read_result(Reported(whole.command, whole.dataset[:-3], whole.transfer_syntax))


def test_a_report_without_data_set_lists_nothing() -> None:
    whole = reported()
    assert read_result(Reported(whole.command, None, whole.transfer_syntax)).references == ()
