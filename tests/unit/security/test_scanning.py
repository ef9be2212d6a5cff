"""What a scan by sslyze amounts to, where it could not ask everything."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.security.scanning import Scan, Untold


def a_scan(heartbleed: bool, robot: str) -> Scan:
    """Answers about known bugs; none about ROBOT where there is no word."""
    answers: dict[str, object] = {
        "heartbleed": SimpleNamespace(is_vulnerable_to_heartbleed=heartbleed),
        "openssl_ccs_injection": SimpleNamespace(is_vulnerable_to_ccs_injection=False),
    }
    if robot:
        answers["robot"] = SimpleNamespace(robot_result=SimpleNamespace(name=robot))
    return Scan({}, answers, {} if robot else {"robot": "the connection broke"}, ())


def test_known_bugs_are_named() -> None:
    assert a_scan(False, "NOT_VULNERABLE_NO_ORACLE").known_bugs() == []
    assert a_scan(False, "VULNERABLE_STRONG_ORACLE").known_bugs() == ["ROBOT (an oracle for RSA padding)"]


def test_a_bug_counts_though_another_could_not_be_asked_about() -> None:
    assert a_scan(True, "").known_bugs() == ["Heartbleed (CVE-2014-0160)"]


def test_what_could_not_be_asked_about_is_no_praise() -> None:
    with pytest.raises(Untold, match=r"ROBOT .* could not be asked about: the connection broke"):
        a_scan(False, "").known_bugs()
