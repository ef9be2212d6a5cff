"""C-FIND over the network, PS3.4 C.4.1."""

from __future__ import annotations

import pytest
from archive_kit import MR, PATIENT_FIND, SR, STUDY_FIND, Client, instance
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian, generate_uid

from harness.archive.server import Archive

STUDY = {"QueryRetrieveLevel": "STUDY"}


@pytest.fixture
def studies(client: Client) -> dict[str, Dataset]:
    """Two patients; the first has a CT + SR study and an MR study without an accession number."""
    first = instance(ProcedureCodeSequence=[_code("P1", "99X", "One"), _code("P2", "99Y", "Two")])
    report = instance(
        SOPClassUID=SR,
        Modality="SR",
        StudyInstanceUID=first.StudyInstanceUID,
        SeriesNumber=2,
        InstanceNumber=2,
    )
    second = instance(SOPClassUID=MR, Modality="MR", AccessionNumber="", StudyDate="20200120", StudyID="S2")
    other = instance(
        PatientID="HX2",
        PatientName="Müller^Jörg",
        SpecificCharacterSet="ISO_IR 100",
        StudyDescription="Schädel",
        AccessionNumber="B-1",
        StudyDate="20200111",
        StudyTime="080000",
    )
    assert client.store(first, report, second, other) == [0, 0, 0, 0]
    return {"first": first, "report": report, "second": second, "other": other}


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def uid(dataset: Dataset) -> str:
    return str(dataset.StudyInstanceUID)


def test_single_value(client: Client, studies: dict[str, Dataset]) -> None:
    assert client.uids({**STUDY, "PatientID": "HX2"}) == {uid(studies["other"])}


def test_all_keys_have_to_match(client: Client, studies: dict[str, Dataset]) -> None:
    assert client.uids({**STUDY, "PatientID": "HX2", "AccessionNumber": "A-17"}) == set()


def test_an_empty_required_key_of_an_entity_matches(client: Client, studies: dict[str, Dataset]) -> None:
    found = client.uids({**STUDY, "AccessionNumber": "A-17"})
    assert found == {uid(studies["first"]), uid(studies["second"])}


def test_uid_list(client: Client, studies: dict[str, Dataset]) -> None:
    wanted = [uid(studies["first"]), uid(studies["other"]), generate_uid()]
    found = client.uids({**STUDY, "StudyInstanceUID": wanted})
    assert found == {uid(studies["first"]), uid(studies["other"])}


def test_a_response_has_what_was_asked_and_no_more(client: Client, studies: dict[str, Dataset]) -> None:
    pending, final = client.find(
        {
            **STUDY,
            "StudyInstanceUID": uid(studies["first"]),
            "StudyID": "",
            "ModalitiesInStudy": "",
            "NumberOfStudyRelatedInstances": "",
            "NumberOfStudyRelatedSeries": "",
            "SOPClassesInStudy": "",
        }
    )
    assert final == 0
    ((status, found),) = pending
    assert status == 0xFF00
    assert found is not None
    assert sorted(found.ModalitiesInStudy) == ["CT", "SR"]
    assert (found.NumberOfStudyRelatedInstances, found.NumberOfStudyRelatedSeries) == (2, 2)
    assert set(found.SOPClassesInStudy) == {"1.2.840.10008.5.1.4.1.1.2", SR}
    assert {e.keyword for e in found} == {
        "QueryRetrieveLevel", "RetrieveAETitle", "InstanceAvailability", "StudyInstanceUID", "StudyID",
        "ModalitiesInStudy", "NumberOfStudyRelatedInstances", "NumberOfStudyRelatedSeries",
        "SOPClassesInStudy",
    }  # fmt: skip
    assert found.RetrieveAETitle == "REFERENCE"


def test_optional_keys_that_are_not_supported_give_ff01(client: Client, studies: dict[str, Dataset]) -> None:
    pending, _ = client.find({**STUDY, "StudyInstanceUID": uid(studies["first"]), "SliceThickness": ""})
    ((status, found),) = pending
    assert status == 0xFF01
    assert found is not None
    assert "SliceThickness" not in found


def test_series_level_needs_the_study(client: Client, studies: dict[str, Dataset]) -> None:
    keys = {"QueryRetrieveLevel": "SERIES", "SeriesInstanceUID": ""}
    pending, final = client.find(keys)
    assert (pending, final) == ([], 0xA900)
    found = client.uids({**keys, "StudyInstanceUID": uid(studies["first"])}, "SeriesInstanceUID")
    assert found == {str(studies["first"].SeriesInstanceUID), str(studies["report"].SeriesInstanceUID)}


def test_series_of_another_study_is_not_found(client: Client, studies: dict[str, Dataset]) -> None:
    keys = {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": uid(studies["first"])}
    assert (
        client.uids(
            {**keys, "SeriesInstanceUID": str(studies["other"].SeriesInstanceUID)}, "SeriesInstanceUID"
        )
        == set()
    )


def test_image_level_returns_the_upper_keys(client: Client, studies: dict[str, Dataset]) -> None:
    report = studies["report"]
    pending, final = client.find(
        {
            "QueryRetrieveLevel": "IMAGE",
            "StudyInstanceUID": uid(report),
            "SOPInstanceUID": "",
            "SeriesInstanceUID": str(report.SeriesInstanceUID),
            "SOPClassUID": "",
        }
    )
    ((status, found),) = pending
    assert (final, status) == (0, 0xFF00)
    assert found is not None
    assert (found.StudyInstanceUID, found.SeriesInstanceUID, found.SOPInstanceUID, found.SOPClassUID) == (
        report.StudyInstanceUID,
        report.SeriesInstanceUID,
        report.SOPInstanceUID,
        SR,
    )


def test_patient_level(client: Client, studies: dict[str, Dataset]) -> None:
    pending, final = client.find(
        {
            "QueryRetrieveLevel": "PATIENT",
            "PatientID": "HX1",
            "PatientName": "",
            "NumberOfPatientRelatedStudies": "",
            "NumberOfPatientRelatedSeries": "",
            "NumberOfPatientRelatedInstances": "",
        },
        PATIENT_FIND,
    )
    ((_, found),) = pending
    assert final == 0
    assert found is not None
    assert [
        found.NumberOfPatientRelatedStudies, found.NumberOfPatientRelatedSeries,
        found.NumberOfPatientRelatedInstances ] == [2, 3, 3]  # fmt: skip


@pytest.mark.parametrize("level", ["PATIENT", "FRAME", ""])
def test_levels_that_study_root_does_not_have(
    client: Client, studies: dict[str, Dataset], level: str
) -> None:
    assert client.find({"QueryRetrieveLevel": level, "StudyInstanceUID": ""}) == ([], 0xA900)


def test_character_sets_of_key_and_answer(client: Client, studies: dict[str, Dataset]) -> None:
    keys = {**STUDY, "PatientName": "", "StudyDescription": "Schädel", "StudyInstanceUID": ""}
    pending, final = client.find({**keys, "SpecificCharacterSet": "ISO_IR 192", "PatientID": "HX2"})
    assert final == 0
    ((_, found),) = pending
    assert found is not None
    assert found.SpecificCharacterSet == "ISO_IR 192"
    assert (str(found.PatientName), found.StudyDescription) == ("Müller^Jörg", "Schädel")


def test_an_answer_in_plain_characters_declares_no_set(client: Client, studies: dict[str, Dataset]) -> None:
    pending, _ = client.find(
        {**STUDY, "SpecificCharacterSet": "ISO_IR 192", "PatientID": "HX1", "PatientName": ""}
    )
    assert pending
    assert all(found is not None and "SpecificCharacterSet" not in found for _, found in pending)


def test_a_name_in_greek_survives_a_request_in_latin(client: Client) -> None:
    client.store(instance(PatientID="G", PatientName="Διονυσιος", SpecificCharacterSet="ISO_IR 126"))
    pending, _ = client.find(
        {**STUDY, "SpecificCharacterSet": "ISO_IR 100", "PatientID": "G", "PatientName": ""}
    )
    ((_, found),) = pending
    assert found is not None
    assert str(found.PatientName) == "Διονυσιος"


def test_japanese_with_code_extensions(client: Client) -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    stored = instance(PatientID="J", SpecificCharacterSet=["", "ISO 2022 IR 87"], PatientName=name)
    assert client.store(stored) == [0]
    pending, _ = client.find(
        {**STUDY, "SpecificCharacterSet": ["", "ISO 2022 IR 87"], "PatientID": "J", "PatientName": "*山田*"}
    )
    ((_, found),) = pending
    assert found is not None
    assert str(found.PatientName) == name


def test_sequence_matching(client: Client, studies: dict[str, Dataset]) -> None:
    wanted = Dataset()
    wanted.CodeValue, wanted.CodingSchemeDesignator = "P2", ""
    pending, _ = client.find(
        {
            **STUDY,
            "PatientID": "HX1",
            "AccessionNumber": "A-17",
            "StudyID": "S1",
            "ProcedureCodeSequence": [wanted],
        }
    )
    ((_, found),) = pending
    assert found is not None
    (item,) = found.ProcedureCodeSequence
    assert (item.CodeValue, item.CodingSchemeDesignator) == ("P2", "99Y")
    assert "CodeMeaning" not in item
    wanted.CodingSchemeDesignator = "99X"
    first = uid(studies["first"])
    assert client.uids({**STUDY, "ProcedureCodeSequence": [wanted], "StudyInstanceUID": first}) == set()


def test_relational_queries_by_negotiation_only(client: Client, studies: dict[str, Dataset]) -> None:
    keys = {
        "QueryRetrieveLevel": "SERIES",
        "PatientID": "HX1",
        "Modality": "MR",
        "StudyDate": "",
        "SeriesInstanceUID": "",
    }
    assert client.find(keys, extended=b"\0") == ([], 0xA900)
    pending, final = client.find(keys, extended=b"\1")
    assert final == 0
    ((_, found),) = pending
    assert found is not None
    assert found.SeriesInstanceUID == studies["second"].SeriesInstanceUID
    assert found.StudyDate == "20200120"


def test_combined_date_time_by_negotiation_only(client: Client, studies: dict[str, Dataset]) -> None:
    keys = {**STUDY, "PatientID": "HX2", "StudyDate": "20200110-20200112", "StudyTime": "1000-1200"}
    assert client.uids(keys) == set()
    assert client.uids(keys, extended=b"\0\1") == {uid(studies["other"])}
    backwards = {**keys, "StudyTime": "1000-0900"}
    assert client.find(backwards) == ([], 0xA900)
    assert client.uids(backwards, extended=b"\0\1") == {uid(studies["other"])}


def test_extended_negotiation_answers_within_the_offer(archive: Archive) -> None:
    answer = archive.semantics.extended_negotiation
    assert answer(STUDY_FIND, b"\1") == b"\1"
    assert answer(STUDY_FIND, bytes(5)) == bytes(5)
    assert answer(STUDY_FIND, b"\1\1\1\1\1") == b"\1\1\0\0\0"
    assert answer("1.2.840.10008.5.1.4.1.1.2", b"\1") is None


def test_invalid_keys_are_refused_even_without_candidates(client: Client) -> None:
    assert client.find({**STUDY, "StudyDate": "2020*"}) == ([], 0xA900)


def test_each_context_is_answered_in_its_syntax(client: Client, studies: dict[str, Dataset]) -> None:
    assert client.uids({**STUDY, "PatientID": "HX2"}, syntax=ImplicitVRLittleEndian) == {
        uid(studies["other"])
    }


def test_cancel_ends_a_query(client: Client) -> None:
    study = instance()
    client.store(
        *(
            instance(
                StudyInstanceUID=study.StudyInstanceUID,
                SeriesInstanceUID=study.SeriesInstanceUID,
                InstanceNumber=n,
            )
            for n in range(300)
        )
    )
    association = client.associate([(STUDY_FIND, [ImplicitVRLittleEndian])])
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "IMAGE"
    identifier.StudyInstanceUID, identifier.SeriesInstanceUID = (
        study.StudyInstanceUID,
        study.SeriesInstanceUID,
    )
    identifier.SOPInstanceUID = ""
    statuses = []
    for number, (status, _) in enumerate(association.send_c_find(identifier, STUDY_FIND, msg_id=5)):
        statuses.append(status.Status)
        if number == 0:
            association.send_c_cancel(5, query_model=STUDY_FIND)
    assert statuses[-1] in (0xFE00, 0x0000)
    assert (statuses[-1] == 0) == (len(statuses) == 301)
    again = [status.Status for status, _ in association.send_c_find(identifier, STUDY_FIND, msg_id=5)]
    assert again[-1] == 0
    assert len(again) == 301
    association.release()
