"""Scripts: the bytes of a case, to JSON and back, and for another target."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from harness.dimse.negotiation import UserIdentity, UserInformation, contexts
from harness.dimse.pdu import AssociateRequest, decode_pdu
from harness.fuzz.pdus.known import known_cases
from harness.fuzz.pdus.mutated import PduCase, pdu_cases
from harness.fuzz.pdus.recorded import recorded
from harness.fuzz.pdus.script import (
    Await,
    Awaited,
    Close,
    HalfClose,
    Open,
    Reset,
    Script,
    Send,
    addressed,
    from_json,
    identified,
    to_json,
)
from harness.fuzz.pdus.waiting import waiting_cases

EVERY = Script(
    (
        Open(on=1),
        Send(data=bytes(range(256)), piece=3, pause=0.25, called_at=10, calling_at=26),
        Await(what=Awaited.RESPONSE, is_owed=True, context=3),
        Await(what=Awaited.END, on=1),
        HalfClose(),
        Close(on=1),
        Reset(on=2),
    ),
    "CALLED",
    "CALLING",
    must_wait=True,
)


def test_every_step_survives_json() -> None:
    assert from_json(to_json(EVERY)) == EVERY


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(pdu_cases(recorded("CALLED", "CALLING")))
def test_cases_survive_json(case: PduCase) -> None:
    assert from_json(to_json(case.script)) == case.script


def test_known_and_waiting_cases_survive_json() -> None:
    scripts = [known.case.script for known in known_cases("CALLED", "CALLING")]
    scripts += [case.script for case in waiting_cases("CALLED", "CALLING")]
    assert all(from_json(to_json(script)) == script for script in scripts)


@pytest.mark.parametrize("data", [b"", b"[]", b'{"steps": 1}', b'{"called":"A","calling":"B"}'])
def test_what_is_no_script_is_said_in_one_line(data: bytes) -> None:
    with pytest.raises(ValueError, match="no script") as raised:
        from_json(data)
    assert "\n" not in str(raised.value)


def test_another_target_gets_its_title() -> None:
    (echo, *_) = recorded("CALLED", "CALLING")
    (request, *_) = addressed(echo.script, "ANOTHER", "ME").steps
    assert isinstance(request, Send)
    pdu = decode_pdu(request.data)
    assert isinstance(pdu, AssociateRequest)
    assert (pdu.called_ae_title, pdu.calling_ae_title) == ("ANOTHER", "ME")
    assert addressed(addressed(echo.script, "ANOTHER", "ME"), "CALLED", "CALLING") == echo.script


def test_a_title_that_is_the_case_stays() -> None:
    case = next(one.case for one in known_cases("CALLED", "CALLING") if "called title" in one.case.traits[0])
    (before, *_), (after, *_) = case.script.steps, addressed(case.script, "ANOTHER", "ME").steps
    assert isinstance(before, Send)
    assert isinstance(after, Send)
    assert after.data[10:26] == before.data[10:26]
    assert after.data[26:42] == b"ME".ljust(16)


@pytest.mark.parametrize(
    "step",
    [
        *(Open(on=64), Open(on=-1), Send(data=b"A", pause=2), Send(data=b"", piece=-1)),
        Send(data=bytes(1000), piece=1, pause=0.7),
    ],
)
def test_bounds_hold(step: Open | Send) -> None:
    with pytest.raises(ValueError, match=r"63|1 s|600 s"):
        Script((step,), "A", "B")


def test_too_long_a_title_is_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        addressed(EVERY, "A" * 17, "B")


def test_an_identity_goes_into_whole_requests_that_have_none_and_into_nothing_else() -> None:
    who = UserIdentity(2, b"somebody", b"hush-hush")
    plain = AssociateRequest("CALLED", "CALLING", contexts=contexts(("1.2", ("1.3",)))).encode()
    own = AssociateRequest("CALLED", "CALLING", user=UserInformation(user_identity=UserIdentity(1, b"x")))
    cut = plain[:-3]
    steps = tuple(Send(data=data) for data in (plain + b"\x05more", own.encode(), cut, b"", b"\x04\0\0\0"))
    first, *others = identified(Script(steps, "CALLED", "CALLING"), who).steps
    assert tuple(others) == steps[1:]
    assert isinstance(first, Send)
    assert first.data.endswith(b"\x05more")
    request = decode_pdu(first.data[:-5])
    assert isinstance(request, AssociateRequest)
    assert request.user.user_identity == who
    assert replace(request, user=replace(request.user, user_identity=None)).encode() == plain
