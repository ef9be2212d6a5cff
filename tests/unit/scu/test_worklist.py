"""What a worklist's answers are read with: items of sequences as suspiciously as the rest."""

from __future__ import annotations

import pytest
from pydicom import Dataset

from harness.dimse.errors import PeerViolation
from harness.scu.identifier import Identifier, encode_identifier, read_identifier
from harness.scu.uids import EXPLICIT_VR_LITTLE_ENDIAN
from harness.scu.worklist import Item, worklist_keys


def answer(*steps: dict[str, str], **values: str) -> Identifier:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    items = []
    for step in steps:
        item = Dataset()
        for keyword, value in step.items():
            setattr(item, keyword, value)
        items.append(item)
    dataset.ScheduledProcedureStepSequence = items
    raw = encode_identifier(dataset, EXPLICIT_VR_LITTLE_ENDIAN)
    return read_identifier(raw, EXPLICIT_VR_LITTLE_ENDIAN)


def test_an_item_has_the_character_set_around_it() -> None:
    found = answer({"ScheduledPerformingPhysicianName": "Müßig^Ä"}, SpecificCharacterSet="ISO_IR 100")
    assert Item(found).step.text("ScheduledPerformingPhysicianName") == "Müßig^Ä"


def test_an_item_may_have_its_own_character_set() -> None:
    found = answer(
        {"SpecificCharacterSet": "ISO_IR 192", "ScheduledPerformingPhysicianName": "Łukasz"},
        SpecificCharacterSet="ISO_IR 100",
    )
    assert Item(found).step.text("ScheduledPerformingPhysicianName") == "Łukasz"


@pytest.mark.parametrize("number", [0, 2])
def test_another_number_of_steps_is_the_products_fault(number: int) -> None:
    with pytest.raises(PeerViolation, match=f"{number} items"):
        _ = Item(answer(*[{"Modality": "CT"}] * number)).step


def test_no_sequence_is_the_products_fault() -> None:
    dataset = Dataset()
    dataset.PatientID = "P1"
    raw = encode_identifier(dataset, EXPLICIT_VR_LITTLE_ENDIAN)
    with pytest.raises(PeerViolation, match="ScheduledProcedureStepSequence in the response"):
        _ = Item(read_identifier(raw, EXPLICIT_VR_LITTLE_ENDIAN)).step


def test_keys_beyond_ascii_declare_themselves_once() -> None:
    keys = worklist_keys({"ScheduledPerformingPhysicianName": "Ä"}, {"PatientID": "P1"})
    assert keys.SpecificCharacterSet == "ISO_IR 192"
    assert "SpecificCharacterSet" not in keys.ScheduledProcedureStepSequence[0]
    assert "QueryRetrieveLevel" not in keys
    assert "ScheduledProcedureStepSequence" not in worklist_keys(None, {"PatientID": "P1"})
