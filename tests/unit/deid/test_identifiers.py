"""Identifying values in texts: found in any spelling, and not where a word only looks like one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from pydicom import Dataset

from harness.deid import Instance, judge
from harness.deid.identifiers import Identifiers, Kind, identifiers
from harness.deid.leaks import texts_in
from harness.deid.masking import masked, masked_words
from tests.deid_sample import file_of, sample
from tests.unit.deid.reference import Deidentifier, dataset_of


@cache
def known(**attributes: object) -> Identifiers:
    ds = dataset_of(sample()[0])
    ds.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return identifiers([file_of(ds, sample()[0].transfer_syntax, "")], ())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("CT of Sommerfeld, follow-up", Kind.NAME_PART),
        ("SOMMERFELD_ADELE", Kind.NAME),
        ("adele-sommerfeld", Kind.NAME),
        ("AdeleSommerfeld", Kind.NAME),
        ("sommerfeld1960", Kind.NAME_PART),
        ("MRN 4711 X", Kind.ID),
        ("mrn-4711-x.dcm", Kind.ID),
        ("born 02.04.1960", Kind.DATE),
        ("born 2/4/1960", Kind.DATE),
        ("04/02/1960", Kind.DATE),
        ("1960-04-02", Kind.DATE),
        ("19600402", Kind.DATE),
        ("19600402121500", Kind.DATE),
        ("2 Apr 1960", Kind.DATE),
        ("April 2, 1960", Kind.DATE),
        ("02APR1960", Kind.DATE),
        ("call (0351) 445-56-67", Kind.PHONE),
        ("+49 351 4455667", Kind.PHONE),
        ("KRANKENHAUS AM  WEIHER, ward 3", Kind.PLACE),
    ],
)
def test_found(text: str, kind: Kind) -> None:
    assert kind in {one.kind for one in known(PatientTelephoneNumbers="0351 4455667").found(text)} | {
        one.kind for one in known().found(text)
    }


@pytest.mark.parametrize(
    "text",
    [
        "Sommerfelder Strasse",
        "summer field",
        "MRN 4711",
        "19600403",
        "119600402",
        "1.2.840.19600402123.1",
        "Krankenhaus",
        "4455668",
        "99944556670001112",
        "Idaho",
    ],
)
def test_not_found(text: str) -> None:
    assert {one.kind for one in known(PatientName="Sommerfeld^Adele").found(text)} == set()


def test_words_of_devices_and_common_words_are_no_names() -> None:
    ids = known(PatientName="Philips^Chest^Man", Manufacturer="Philips Medical", OperatorsName="Ax^Li")
    assert not ids.tells("Philips CT, chest, man, AX view")
    assert ids.tells("Philips Chest")  # both together are the patient


def test_a_name_that_is_an_ordinary_word_is_only_remarked() -> None:
    before = []
    for one in sample():
        ds = dataset_of(one)
        ds.PatientName = "Long^May"
        ds.RescaleType = "over a long time"
        before.append(file_of(ds, one.transfer_syntax, one.name))
    del before[1:]
    judgement = judge(before, Deidentifier().files(before))
    assert judgement.findings == ()
    assert any("ordinary word" in one.text for one in judgement.remarks)


def test_words_in_the_objects_of_several_patients_are_no_names() -> None:
    before = []
    for one in sample():
        ds = dataset_of(one)
        ds.RescaleType = "after Brandt"
        before.append(file_of(ds, one.transfer_syntax, one.name))
    assert judge(before, Deidentifier().files(before)).findings == ()


def test_short_numbers_are_no_identifiers() -> None:
    ids = known(PatientID="1024", AccessionNumber="12", StudyID="1", OtherPatientIDs="10008")
    assert not ids.tells("matrix 1024, 12 slices of 1")
    weak = list(ids.found("1.2.840.10008.5"))
    assert [one.is_weak for one in weak] == [True]


def test_a_short_number_among_numbers_accuses_nobody() -> None:
    before = []
    for one in sample():
        ds = dataset_of(one)
        ds.PatientID, ds.ExposureTime = "10008", "10008"
        before.append(file_of(ds, one.transfer_syntax, one.name))
    assert judge(before, Deidentifier().files(before)).findings == ()


@pytest.mark.parametrize("name", ["Иванова^Анна", "山田^太郎", "Ångström^Björn"])
def test_names_of_other_scripts(name: str) -> None:
    ids = known(PatientName=name)
    family, given = name.split("^")
    assert ids.tells(f"{family} {given}")
    assert ids.tells(f"CT {family.upper()}")
    assert not ids.tells("CT abdomen")


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le", "utf-16-be"])
def test_text_in_bytes(encoding: str) -> None:
    value = b"\x01\x00\xff\x03" + "Adele Sommerfeld".encode(encoding) + bytes(range(8))
    assert any(known().tells(text) for text in texts_in(value))


def test_masks() -> None:
    assert masked("Sommerfeld") == "S***"
    assert masked("F") == "***"
    uid = sample()[0].text(0x00080018)
    shown = masked_words(f"Sommerfeld/CT_{uid}/7.dcm", known().tells)
    assert shown == "S***/CT_2***/7.dcm"


def test_a_name_in_a_private_sequence_that_is_unknown() -> None:
    """An UN value that holds items is walked, so that what is deep in it is found with its path."""
    before = sample()
    after = Deidentifier().files(before)
    ds = dataset_of(after[0])
    inner = Dataset()
    inner.add_new(0x00081030, "LO", "Sommerfeld")
    item = b"\xfe\xff\x00\xe0" + (18).to_bytes(4, "little")
    value = item + b"\x08\x00\x30\x10" + (10).to_bytes(4, "little") + b"Sommerfeld"
    ds.private_block(0x0045, "MAKER", create=True).add_new(0x01, "UN", value)
    after[0] = replace(file_of(ds, after[0].transfer_syntax, "0.dcm"), meta={})
    found = judge(before, after).findings
    assert [one.path for one in found] == ["(0045,1001)[0]/(0008,1030)"]


def test_an_instance_tells_its_private_creator() -> None:
    private = [one for one in sample()[0].attributes.values() if one.tag == 0x00191101]
    assert [one.creator for one in private] == ["PHTEST TWO 1.0"]
    assert isinstance(sample()[0], Instance)
