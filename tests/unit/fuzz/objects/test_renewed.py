"""The same object again, new to the product."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from harness.dimse.difference import difference
from harness.dimse.walker import DEFLATED, EXPLICIT_LITTLE
from harness.fuzz.cases import DataSetCase
from harness.fuzz.nodes import Node, encode
from harness.fuzz.objects.renewed import renewed

SOP, SERIES, STUDY, PATIENT = (f"2.25.71890067526184270453085744414.{'123456789' * 3}{n}" for n in range(4))


def case(syntax: str = EXPLICIT_LITTLE) -> DataSetCase:
    def uid(text: str) -> bytes:
        return text.encode() + b"\0" * (len(text) % 2)

    nodes = (
        Node(0x00080018, "UI", uid(SOP)),
        Node(0x00100020, "LO", PATIENT.encode() + b" " * (len(PATIENT) % 2)),
        Node(0x0020000D, "UI", uid(STUDY)),
        Node(0x0020000E, "UI", uid(SERIES)),
        Node(0x00291010, "OB", b"as it was "),
    )
    return DataSetCase("1.2", SOP, STUDY, SERIES, PATIENT, syntax, encode(nodes, syntax), ("odd",))


@given(st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_every_number_gives_other_uids_and_nothing_else(one: int, other: int) -> None:
    first, second = renewed(case(), one), renewed(case(), other)
    assert (first.sop_instance_uid == second.sop_instance_uid) == (one == other)
    assert len(first.dataset) == len(case().dataset)
    found = difference(case().dataset, EXPLICIT_LITTLE, first.dataset, EXPLICIT_LITTLE)
    assert {entry.tag for entry in found} == {0x00080018, 0x00100020, 0x0020000D, 0x0020000E}
    assert first.sop_instance_uid.encode() in first.dataset
    assert first.traits == ("odd",)


def test_within_a_deflated_data_set_too() -> None:
    again = renewed(case(DEFLATED), 1)
    found = difference(case(DEFLATED).dataset, DEFLATED, again.dataset, DEFLATED)
    assert {entry.tag for entry in found} == {0x00080018, 0x00100020, 0x0020000D, 0x0020000E}


def test_a_damaged_deflated_one_is_sent_as_it_is() -> None:
    damaged = DataSetCase("1.2", SOP, STUDY, SERIES, PATIENT, DEFLATED, b"\xff\xff\xff\xff", damage="broken")
    assert renewed(damaged, 1) == damaged


def test_names_that_are_not_ascii_stay() -> None:
    odd = replace(case(), patient_id="Ω1234567890")
    assert renewed(odd, 1).patient_id == odd.patient_id


def test_names_that_are_no_uids_stay() -> None:
    odd = DataSetCase("1.2", "", STUDY, "1.2", PATIENT, EXPLICIT_LITTLE, case().dataset, damage="no UID")
    again = renewed(odd, 1)
    assert (again.sop_instance_uid, again.series_uid) == ("", "1.2")
    assert again.study_uid != STUDY
