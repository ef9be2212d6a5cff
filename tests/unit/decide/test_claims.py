"""Claims against observation: missing, not looked at, and unpromised are three things."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.behaviour import Matching
from harness.capabilities import Option
from harness.claims import read_claims
from harness.decide.claims import STORAGE_SERVICE_CLASS, compare
from harness.statement import (
    FORMAT,
    CharacterSet,
    Difference,
    Fact,
    Key,
    NamedSyntax,
    Query,
    Role,
    SopClass,
    Statement,
    Status,
    to_json,
)
from harness.target import TargetError

FIND, CT, MR, US = "1.2.3.1", "1.2.3.2", "1.2.3.3", "1.2.3.4"
IMPLICIT, JPEG, PRIVATE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50", "1.2.9.9"

OBSERVED = Statement(
    transfer_syntaxes=(NamedSyntax(IMPLICIT, "Implicit", "all"), NamedSyntax(JPEG, "JPEG", "storage")),
    sop_classes=(
        SopClass(FIND, Role.SCP, "Find", "Query/Retrieve", "", True, (IMPLICIT,), (Option("fuzzy", 0),)),
        SopClass(CT, Role.SCP, "CT", "Transfer", "", True, (IMPLICIT, JPEG)),
        SopClass(MR, Role.SCP, "MR", "Transfer", "", True, (IMPLICIT,)),
        SopClass(US, Role.SCP, "US", "Transfer", "", False),
        SopClass(CT, Role.SCU, "CT", "Transfer", "C-MOVE", True, (IMPLICIT,)),
    ),
    associations=(
        Fact("maximum-length-received", 16384),
        Fact("simultaneous-associations", 10, at_least=True),
        Fact("asynchronous-operations-invoked", 0),
    ),
    queries=(
        Query(
            FIND,
            "STUDY",
            "Find",
            True,
            (
                Key("PatientName", (Matching.SINGLE,), (Matching.WILD_CARD,), True),
                Key("StudyDescription", (), (Matching.SINGLE,), False),
            ),
        ),
        Query(FIND, "SERIES", "Find", False),
    ),
    statuses=(Status("C-STORE", 0xB000, "object-again"), Status("C-STORE", 0, "new-object")),
    character_sets=(CharacterSet("ISO_IR 192", True, False, None),),
    security=(Fact("called-ae-title-checked", True),),
)


def only_missing(claims: Statement) -> tuple[str, ...]:
    found = compare(claims, OBSERVED)
    assert not found.unseen
    return found.missing


def only_unseen(claims: Statement) -> tuple[str, ...]:
    found = compare(claims, OBSERVED)
    assert not found.missing
    return found.unseen


def test_what_is_observed_is_what_is_promised() -> None:
    assert compare(OBSERVED, OBSERVED) == Difference((), (), ())


def test_no_claims_no_matter() -> None:
    assert compare(Statement(), OBSERVED) == Difference((), (), ())


@pytest.mark.parametrize(
    ("claim", "line"),
    [
        (SopClass(US, Role.SCP), "US (1.2.3.4) as SCP"),
        (SopClass(MR, Role.SCP, transfer_syntaxes=(JPEG,)), f"MR (1.2.3.3) as SCP in JPEG ({JPEG})"),
        (
            SopClass(FIND, Role.SCP, options=(Option("fuzzy", 1),)),
            "Find (1.2.3.1) as SCP: fuzzy 1; answered was 0",
        ),
        (
            SopClass(CT, Role.SCP, options=(Option("storage-level", 2),)),
            "CT (1.2.3.2) as SCP: storage-level 2; extended negotiation was not answered",
        ),
        (
            SopClass(STORAGE_SERVICE_CLASS, Role.SCP),
            "US (1.2.3.4) as SCP",
        ),
    ],
)
def test_a_class_that_is_missing(claim: SopClass, line: str) -> None:
    assert only_missing(Statement(sop_classes=(claim,))) == (line,)


@pytest.mark.parametrize(
    "claim",
    [
        SopClass("1.2.3.99", Role.SCP),
        SopClass(MR, Role.SCU),
        SopClass(CT, Role.SCU, activity="C-GET"),
        SopClass(CT, Role.SCP, transfer_syntaxes=(PRIVATE,)),
        # Another object may be proposed in another transfer syntax.
        SopClass(CT, Role.SCU, transfer_syntaxes=(JPEG,)),
        # JPEG was offered for storage alone.
        SopClass(FIND, Role.SCP, transfer_syntaxes=(JPEG,)),
    ],
)
def test_a_class_that_was_not_looked_at(claim: SopClass) -> None:
    assert len(only_unseen(Statement(sop_classes=(claim,)))) == 1


def test_a_class_that_is_said_not_to_be_there_is_no_promise() -> None:
    assert not only_missing(Statement(sop_classes=(SopClass(US, Role.SCP, supported=False),)))


def test_classes_and_syntaxes_beyond() -> None:
    claims = Statement(sop_classes=(SopClass(CT, Role.SCP, transfer_syntaxes=(IMPLICIT,)),))
    assert compare(claims, OBSERVED).beyond == (
        "Find (1.2.3.1) as SCP",
        f"CT (1.2.3.2) as SCP in JPEG ({JPEG})",
        "MR (1.2.3.3) as SCP",
        "CT (1.2.3.2) as SCU in C-MOVE",
    )


@pytest.mark.parametrize(
    ("name", "value", "missing", "unseen"),
    [
        ("maximum-length-received", 16384, 0, 0),
        ("maximum-length-received", 4096, 0, 0),
        ("maximum-length-received", 32768, 1, 0),
        ("maximum-length-received", 0, 1, 0),
        ("asynchronous-operations-invoked", 0, 0, 0),
        ("asynchronous-operations-invoked", 8, 0, 0),
        ("simultaneous-associations", 10, 0, 0),
        ("simultaneous-associations", 25, 0, 1),
        ("artim-seconds", 30, 0, 1),
        ("implementation-version-name", "X", 0, 1),
    ],
)
def test_numbers(name: str, value: int | str, missing: int, unseen: int) -> None:
    found = compare(Statement(associations=(Fact(name, value),)), OBSERVED)
    assert (len(found.missing), len(found.unseen)) == (missing, unseen)


@pytest.mark.parametrize(("seen", "missing"), [(10.0, 0), (9.2, 0), (14.0, 0), (2.0, 1), (60.0, 1)])
def test_a_timer_may_be_a_little_late(seen: float, missing: int) -> None:
    observed = replace(OBSERVED, associations=(Fact("artim-seconds", seen),))
    found = compare(Statement(associations=(Fact("artim-seconds", 10),)), observed)
    assert (len(found.missing), found.unseen, found.beyond) == (missing, (), ())


def test_security() -> None:
    claims = Statement(security=(Fact("called-ae-title-checked", False),))
    assert only_missing(claims) == ("Rejects another called AE title: no; seen was yes",)


def test_keys() -> None:
    keys = (
        Key("PatientName", (Matching.SINGLE, Matching.WILD_CARD, Matching.CASE_INSENSITIVE), returned=True),
        Key("StudyDescription", returned=True),
        Key("PatientSex", (Matching.SINGLE,)),
    )
    found = compare(Statement(queries=(Query(FIND, "STUDY", keys=keys),)), OBSERVED)
    assert found.missing == (
        "PatientName at STUDY of Find: wild-card matching",
        "StudyDescription at STUDY of Find: returned",
    )
    assert found.unseen == (
        "PatientName at STUDY of Find: case-insensitive matching",
        "PatientSex at STUDY of Find: single matching",
    )


def test_levels() -> None:
    claims = Statement(queries=(Query(FIND, "SERIES"), Query(FIND, "IMAGE")))
    found = compare(claims, OBSERVED)
    assert found.missing == ("queries at SERIES of Find",)
    assert found.unseen == (f"queries at IMAGE of {FIND}",)
    assert found.beyond == ("queries at STUDY of Find",)


def test_keys_beyond() -> None:
    claims = Statement(queries=(Query(FIND, "STUDY", keys=(Key("PatientName", returned=True),)),))
    assert compare(claims, OBSERVED).beyond == ("PatientName at STUDY of Find: single matching",)


def test_statuses() -> None:
    claims = Statement(
        statuses=(
            Status("C-STORE", 0x0000, "object-again"),
            Status("C-STORE", 0xA700),
            Status("C-STORE", 0xB000),
        )
    )
    found = compare(claims, OBSERVED)
    assert found.missing == ("C-STORE status 0x0000 for an object that it has already; seen was 0xB000",)
    assert found.unseen == ("C-STORE status 0xA700: the situation did not come about",)
    assert found.beyond == ()


def test_character_sets() -> None:
    claims = Statement(
        character_sets=(CharacterSet("ISO_IR 192", True, True, True), CharacterSet("GBK", True))
    )
    found = compare(claims, OBSERVED)
    assert found.missing == ("ISO_IR 192: names returned",)
    assert found.unseen == ("ISO_IR 192: names matched", "GBK: names stored")


# ---------------------------------------------------------------- the file


def written(tmp_path: Path, document: Any) -> Path:
    path = tmp_path / "claims.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def test_claims_come_back_from_a_file(tmp_path: Path) -> None:
    assert read_claims(written(tmp_path, to_json(OBSERVED))) == OBSERVED


def test_every_part_may_be_left_out(tmp_path: Path) -> None:
    assert read_claims(written(tmp_path, {"format": FORMAT})) == replace(Statement())


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "not valid JSON"),
        ([], "takes an object, not []"),
        ({}, f'format is "{FORMAT}"'),
        ({"format": FORMAT, "keys": []}, "unknown key keys"),
        ({"format": FORMAT, "queries": {}}, "queries: takes a list"),
        ({"format": FORMAT, "queries": [{"level": "WARD"}]}, "queries[0].level: takes one of PATIENT"),
        ({"format": FORMAT, "sop_classes": [{"uid": "CT"}]}, "sop_classes[0].uid: takes a UID"),
        ({"format": FORMAT, "sop_classes": [{"uid": "1.2", "role": "scp"}]}, "role: takes one of SCU, SCP"),
        ({"format": FORMAT, "sop_classes": [{"uid": "1.2"}]}, "role: takes one of SCU, SCP, not null"),
        (
            {
                "format": FORMAT,
                "queries": [
                    {"sop_class": "1.2", "level": "STUDY", "keys": [{"keyword": "A", "matching": ["x"]}]}
                ],
            },
            "queries[0].keys[0].matching[0]: takes one of single",
        ),
        ({"format": FORMAT, "statuses": [{"command": "C-FIND", "status": 0}]}, "statuses[0].status: takes"),
        (
            {"format": FORMAT, "statuses": [{"command": "C-FIND", "status": "0x0000", "situation": "?"}]},
            "statuses[0].situation: takes one of asked",
        ),
        (
            {"format": FORMAT, "security": [{"name": "ssl", "value": True}]},
            "security[0].name: takes one of tls",
        ),
        ({"format": FORMAT, "security": [{"name": "tls", "value": []}]}, "security[0].value: takes"),
        ({"format": FORMAT, "character_sets": [{"term": "GBK", "stored": 1}]}, "stored: takes true or false"),
    ],
)
def test_a_mistake_is_one_line_that_names_its_place(tmp_path: Path, document: Any, words: str) -> None:
    path = written(tmp_path, document)
    with pytest.raises(TargetError) as caught:
        read_claims(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert words in message
    assert "\n" not in message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no such file of claims"):
        read_claims(tmp_path / "none.json")
