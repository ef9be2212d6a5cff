"""Values that a peer sent are believed only as legal DICOM."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.dimse.errors import PeerViolation
from harness.scu.identifier import encode_identifier, keys_of, read_identifier
from harness.scu.uids import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

SYNTAXES = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_keys_come_back_as_they_were_given(syntax: str) -> None:
    keys = keys_of("STUDY", {"PatientName": "Łukasz^Ω", "StudyDate": "20240101-", "StudyInstanceUID": None})
    identifier = read_identifier(encode_identifier(keys, syntax), syntax)
    assert identifier.text("QueryRetrieveLevel") == "STUDY"
    assert identifier.text("PatientName") == "Łukasz^Ω"
    assert identifier.text("SpecificCharacterSet") == "ISO_IR 192"
    assert identifier.text("StudyDate") == "20240101-"
    assert identifier.text("StudyInstanceUID") == ""


def test_a_list_of_uids_has_several_values() -> None:
    keys = keys_of("STUDY", {"StudyInstanceUID": ["1.2.3", "1.2.4"]})
    raw = encode_identifier(keys, IMPLICIT_VR_LITTLE_ENDIAN)
    assert read_identifier(raw, IMPLICIT_VR_LITTLE_ENDIAN).values("StudyInstanceUID") == ("1.2.3", "1.2.4")


def test_what_is_no_sequence_is_not_converted_to_say_so() -> None:
    """One byte where VR US needs two."""
    raw = bytes.fromhex("40000001 5553 0100 02")
    with pytest.raises(PeerViolation, match="VR US"):
        read_identifier(raw, EXPLICIT_VR_LITTLE_ENDIAN).nested("ScheduledProcedureStepSequence")


def test_an_empty_value_of_no_known_vr_is_empty() -> None:
    identifier = read_identifier(bytes.fromhex("10001000 5a5a 0000 00000000"), EXPLICIT_VR_LITTLE_ENDIAN)
    assert identifier.text("PatientName") == ""
    assert identifier.values("PatientName") == ()


def test_a_sequence_has_no_bytes_of_its_own() -> None:
    raw = bytes.fromhex("40000001 5351 0000 ffffffff feff00e0 ffffffff feff0de0 00000000 feffdde0 00000000")
    with pytest.raises(PeerViolation, match="ScheduledProcedureStepSequence"):
        read_identifier(raw, EXPLICIT_VR_LITTLE_ENDIAN).value_bytes("ScheduledProcedureStepSequence")


def test_an_absent_attribute_is_the_peers_fault() -> None:
    raw = encode_identifier(keys_of("STUDY", {}), IMPLICIT_VR_LITTLE_ENDIAN)
    with pytest.raises(PeerViolation, match="PatientID"):
        read_identifier(raw, IMPLICIT_VR_LITTLE_ENDIAN).text("PatientID")


def test_no_identifier_is_the_peers_fault() -> None:
    with pytest.raises(PeerViolation):
        read_identifier(None, IMPLICIT_VR_LITTLE_ENDIAN)


def test_text_outside_its_character_set_is_the_peers_fault() -> None:
    raw = encode_identifier(keys_of("STUDY", {"StudyDate": "20240101"}), IMPLICIT_VR_LITTLE_ENDIAN)
    damaged = raw.replace(b"20240101", b"\xff0240101")
    with pytest.raises(PeerViolation, match="StudyDate"):
        read_identifier(damaged, IMPLICIT_VR_LITTLE_ENDIAN).text("StudyDate")


def test_an_unknown_keyword_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="NoSuchKeyword"):
        keys_of("STUDY", {"NoSuchKeyword": None})


@given(raw=st.binary(max_size=200), syntax=st.sampled_from(SYNTAXES))
def test_any_bytes_give_an_identifier_or_a_violation(raw: bytes, syntax: str) -> None:
    try:
        identifier = read_identifier(raw, syntax)
        for keyword in list(identifier):
            if not keyword.isdigit() and len(keyword) != 8:
                identifier.text(keyword)
    except PeerViolation:
        pass
