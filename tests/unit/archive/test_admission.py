"""Who is let in, who may do what, and how those who guess are slowed down."""

from __future__ import annotations

import argparse

import pytest

from harness.archive.config import ArchiveConfig, KnownCaller
from harness.archive.guessing import MOST_CLAIMS, WrongIdentities
from harness.archive.negotiation import Caller, Rejection
from harness.archive.options import known_caller
from harness.archive.semantics import Semantics


@pytest.fixture
def semantics(tmp_path_factory: pytest.TempPathFactory) -> Semantics:
    callers = (KnownCaller("CT1"), KnownCaller("CT2", "10.0.0.2"))
    folder = tmp_path_factory.getbasetemp()
    return Semantics(ArchiveConfig(folder, callers=callers, passcodes=(("anna", "Ünlü"),)))


@pytest.mark.parametrize(
    ("calling", "address", "is_known"),
    [
        ("CT1", "10.0.0.1", True),
        ("CT1", "10.0.0.9", True),
        ("CT2", "10.0.0.2", True),
        ("CT2", "10.0.0.3", False),
        ("ct1", "10.0.0.1", False),
        ("CT", "10.0.0.1", False),
        ("CT3", "10.0.0.2", False),
    ],
)
def test_callers_are_known_letter_by_letter_and_by_address(
    semantics: Semantics, calling: str, address: str, is_known: bool
) -> None:
    rejection = semantics.admit(Caller(calling, "ANY", address), 0)
    assert rejection == (None if is_known else Rejection(1, 1, 3))


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("CT1", KnownCaller("CT1")),
        ("CT1@10.0.0.1", KnownCaller("CT1", "10.0.0.1")),
        ("CT1@::1", KnownCaller("CT1", "::1")),
        ("A@B@10.0.0.1", KnownCaller("A@B", "10.0.0.1")),
    ],
)
def test_callers_on_the_command_line(text: str, known: KnownCaller) -> None:
    assert known_caller(text) == known


@pytest.mark.parametrize("text", ["CT1@", "CT1@host", "CT1@10.0.0.256", "@10.0.0.1", ""])
def test_what_is_no_caller(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        known_caller(text)


@pytest.mark.parametrize(
    ("name", "passcode", "is_right"),
    [
        ("anna", "Ünlü", True),
        ("anna", "ünlü", False),
        ("anna", "Ünl", False),
        ("anna", "", False),
        ("bert", "Ünlü", False),
        ("bert", "", False),
    ],
)
def test_passcodes_are_compared_whole(semantics: Semantics, name: str, passcode: str, is_right: bool) -> None:
    assert semantics.is_user(name.encode(), passcode.encode()) is is_right


def test_who_guesses_waits_ever_longer(semantics: Semantics) -> None:
    waits = [semantics.refuses_after(wrong) for wrong in range(1, 13)]
    assert waits[:3] == [0, 0, 0]
    assert waits == sorted(waits)
    assert 0 < waits[3] < waits[5] <= waits[-1] <= 1


def test_wrong_identities_are_counted_until_one_is_right() -> None:
    wrong = WrongIdentities()
    anna, bert = ("10.0.0.1", 2, b"anna"), ("10.0.0.1", 2, b"bert")
    assert [wrong.another(anna), wrong.another(anna), wrong.another(bert)] == [1, 2, 1]
    wrong.forget(anna)
    assert [wrong.another(anna), wrong.another(bert)] == [1, 2]


def test_no_more_claims_are_remembered_than_there_is_room_for() -> None:
    wrong = WrongIdentities()
    for number in range(MOST_CLAIMS + 1):
        wrong.another(("10.0.0.1", 2, str(number).encode()))
    assert wrong.another(("10.0.0.1", 2, b"0")) == 1
    assert wrong.another(("10.0.0.1", 2, str(MOST_CLAIMS).encode())) == 2
