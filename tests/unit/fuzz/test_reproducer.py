"""Findings as folders, and back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.dimse.part10 import part10
from harness.dimse.walker import EXPLICIT_LITTLE
from harness.findings import Area, Aspect, Symptom
from harness.fuzz.cases import DataSetCase
from harness.fuzz.differing.contrast import Contrast
from harness.fuzz.identifiers import IdentifierCase
from harness.fuzz.nodes import Node, encode
from harness.fuzz.reproducer import (
    CASE,
    AnyCase,
    ReproducerError,
    dump,
    load,
    reproducers,
    save,
    side_by_side,
)
from harness.fuzz.trouble import Trouble

OBJECT = DataSetCase(
    *("1.2.840.10008.5.1.4.1.1.66", "2.25.1", "2.25.2", "2.25.3", "PHTEST", EXPLICIT_LITTLE),
    encode((Node(0x00100010, "PN", b"PHTEST^A"),), EXPLICIT_LITTLE),
    ("private block",),
)
DAMAGED = DataSetCase(
    *("1.2.840.10008.5.1.4.1.1.66", "2.25.1", "", "", "", EXPLICIT_LITTLE), b"\x10\x00\x10", damage="cut off"
)
QUERY = IdentifierCase("PatientID", b"' OR \xff\x00", ("PatientID", "quote"))
TROUBLE = Trouble(Symptom.ALTERED, "PS3.4 B.4.1", "as it was", "otherwise", "value, PN")


@pytest.mark.parametrize(
    ("area", "case"),
    [(Area.DATA_SETS, OBJECT), (Area.DAMAGED, DAMAGED), (Area.IDENTIFIERS, QUERY)],
    ids=["object", "damaged", "query"],
)
def test_what_is_saved_is_loaded_again(area: Area, case: AnyCase, tmp_path: Path) -> None:
    save(tmp_path, area, case, TROUBLE)
    saved, (again,) = load(tmp_path)
    assert again == case
    assert saved.shown == TROUBLE
    assert saved.area is area
    assert dump(again)


def test_an_object_is_a_file_that_others_can_open(tmp_path: Path) -> None:
    save(tmp_path, Area.DATA_SETS, OBJECT, TROUBLE)
    content = (tmp_path / "object.dcm").read_bytes()
    header = part10(content)
    assert content[header.dataset_offset :] == OBJECT.dataset
    assert (header.sop_class, header.transfer_syntax) == (OBJECT.sop_class, EXPLICIT_LITTLE)


def test_a_folder_of_findings_is_all_of_them(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        save(tmp_path / name, Area.DATA_SETS, OBJECT, TROUBLE)
    assert [path.name for path in reproducers(tmp_path)] == ["a", "b"]
    assert reproducers(tmp_path / "a") == [tmp_path / "a"]


OTHER = IdentifierCase("PatientName", b"*", ("wild card",))


def test_several_cases_are_one_reproducer(tmp_path: Path) -> None:
    before = (OTHER, OTHER, QUERY, OTHER)
    place = tmp_path / "01"
    place.mkdir()
    save(place, Area.IDENTIFIERS, QUERY, TROUBLE, before)
    saved, cases = load(place)
    assert cases == (*before, QUERY)
    assert (saved.before, saved.times) == (3, 1)
    assert {path.name for path in place.iterdir() if path.is_dir()} == {"case-01", "case-02", "case-03"}
    assert reproducers(tmp_path) == [place]


def test_one_case_over_and_over_is_kept_once(tmp_path: Path) -> None:
    save(tmp_path, Area.IDENTIFIERS, QUERY, TROUBLE, (QUERY,) * 39)
    assert load(tmp_path)[1] == (QUERY,) * 40
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


@pytest.mark.parametrize("key", ["times", "before"])
@pytest.mark.parametrize("number", [-1, 10**9])
def test_numbers_from_a_stranger_are_bounded(key: str, number: int, tmp_path: Path) -> None:
    save(tmp_path, Area.IDENTIFIERS, QUERY, TROUBLE)
    document = json.loads((tmp_path / CASE).read_text())
    (tmp_path / CASE).write_text(json.dumps(document | {key: number}))
    with pytest.raises(ReproducerError, match="cases"):
        load(tmp_path)


def test_names_from_a_stranger_are_of_ascii(tmp_path: Path) -> None:
    save(tmp_path, Area.DATA_SETS, OBJECT, TROUBLE)
    document = json.loads((tmp_path / CASE).read_text())
    (tmp_path / CASE).write_text(json.dumps(document | {"patient_id": "Ω"}))
    with pytest.raises(ReproducerError, match="ASCII"):
        load(tmp_path)


def test_what_nests_too_deep_is_no_reproducer(tmp_path: Path) -> None:
    (tmp_path / CASE).write_bytes(b'{"x": ' + b"[" * 5000)
    with pytest.raises(ReproducerError, match="no reproducer"):
        load(tmp_path)


def test_what_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ReproducerError, match="holds no reproducer"):
        reproducers(tmp_path)
    with pytest.raises(ReproducerError, match="no reproducer"):
        load(tmp_path)
    save(tmp_path, Area.DATA_SETS, OBJECT, TROUBLE)
    (tmp_path / "object.dcm").write_bytes(b"nothing")
    with pytest.raises(ReproducerError, match="no DICOM file"):
        load(tmp_path)
    document = json.loads((tmp_path / CASE).read_text())
    (tmp_path / CASE).write_text(json.dumps(document | {"version": 99}))
    with pytest.raises(ReproducerError, match="another version"):
        load(tmp_path)
    (tmp_path / CASE).write_text("{")
    with pytest.raises(ReproducerError) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_difference_is_saved_and_loaded_again(tmp_path: Path) -> None:
    contrast = Contrast(
        *(Aspect.ELEMENT, "(0029,1001), private, OB", "kept: 'private'", "gone"),
        *("kept / gone: private, OB", "PS3.4 B.4.1.1", ""),
        rows=(("found", "yes", "yes"),),
    )
    save(tmp_path, Area.DATA_SETS, OBJECT, contrast)
    saved, (again,) = load(tmp_path)
    assert again == OBJECT
    assert saved.shown == contrast
    assert saved.words.endswith("(0029,1001), private, OB: A kept: 'private'; B gone")
    lines = side_by_side(contrast).splitlines()
    assert lines[1] == "clause: PS3.4 B.4.1.1"
    assert [line.split()[-1] for line in lines[2:]] == ["B", "gone", "yes"]
    assert len({line.rindex(line.split()[-1]) for line in lines[2:]}) == 1


def test_a_case_that_shows_nothing_is_no_reproducer(tmp_path: Path) -> None:
    save(tmp_path, Area.DATA_SETS, OBJECT, TROUBLE)
    document = json.loads((tmp_path / CASE).read_text())
    (tmp_path / CASE).write_text(json.dumps(document | {"symptom": None}))
    with pytest.raises(ReproducerError, match="neither a finding nor a difference"):
        load(tmp_path)


@pytest.mark.parametrize("name", [CASE, "identifier.bin"])
def test_no_file_of_this_machine_is_sent_by_a_link_in_a_folder_of_others(name: str, tmp_path: Path) -> None:
    place, private = tmp_path / "finding", tmp_path / "private"
    place.mkdir()
    save(place, Area.IDENTIFIERS, QUERY, TROUBLE, (OTHER,))
    (place / "case-01" / name).rename(private)
    (place / "case-01" / name).symlink_to(private)
    with pytest.raises(ReproducerError, match="a link that leads out of the folder"):
        load(place)
    (place / "case-01" / name).unlink()
    os.mkfifo(place / "case-01" / name)
    with pytest.raises(ReproducerError, match="no ordinary file"):
        load(place)
