"""Who is let in: AE titles and addresses (PS3.8 7.1.1.3, 7.1.1.4, 9.3.2, 9.3.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.dimse.errors import Unreachable, UnreachableKind
from harness.dimse.pdu import AssociateRequest
from harness.scenario import LOW, MEDIUM, not_supported, not_tested, safeguard
from harness.scu.find import find
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION, QueryLevel
from harness.security.callers import (
    STRANGER,
    entitled,
    from_address,
    is_let_in,
    offered_model,
    unless_refused,
)
from harness.synthesis import SyntheticStudy
from harness.target import Target

_LENGTH = 16
"""Bytes of an AE title's field (PS3.8 9.3.2)."""
_REGISTER = "Register the AE titles of the equipment in use, and have the product reject all others."
_COMPARE = (
    "Have the product compare AE titles whole and letter by letter; only spaces around them don't count."
)


@pytest.fixture(scope="module")
def callers_are_checked(session_scu: Scu) -> None:
    """Ends as NOT_SUPPORTED where strangers are let in anyway."""
    if is_let_in(entitled(session_scu, STRANGER)):
        raise not_supported(
            "any calling AE title is let in (security.access.unknown-calling-title), so that none is told"
            " from another"
        )


def calling(scu: Scu, field: bytes) -> AssociateRequest:
    """A request whose calling AE title is these 16 bytes."""
    return replace(scu.request(VERIFICATION), calling_field=field)


@safeguard("PS3.8 9.3.4", MEDIUM, "An unknown calling AE title is rejected.", remedy=_REGISTER)
def test_unknown_calling_title(scu: Scu) -> None:
    assert not is_let_in(entitled(scu, STRANGER)), (
        f"an association of {STRANGER}, whom nobody registered, is accepted"
    )


@safeguard(
    "PS3.8 9.3.2",
    MEDIUM,
    "Nobody is let in without a calling AE title.",
    remedy="Have the product reject titles of spaces alone, which PS3.8 forbids to use.",
)
@pytest.mark.parametrize("filler", [b" ", b"\0"], ids=["spaces", "nuls"])
def test_no_calling_title(scu: Scu, callers_are_checked: None, filler: bytes) -> None:
    assert not is_let_in(scu, calling(scu, filler * _LENGTH)), (
        f"an association is accepted whose calling AE title is {_LENGTH} bytes {filler[0]:02X}H"
    )


@safeguard(
    "PS3.8 7.1.1.4",
    LOW,
    "A called AE title other than the product's is rejected.",
    remedy="Have the product check the called AE title: who does not know it is looking around.",
)
def test_wrong_called_title(scu: Scu) -> None:
    assert not is_let_in(scu, scu.request(VERIFICATION, called="PHNOWHERE")), (
        "an association that calls PHNOWHERE is accepted"
    )


@safeguard(
    "PS3.5 6.2",
    LOW,
    "A calling AE title in other letters, small or capital, is another one.",
    remedy=_COMPARE,
)
def test_calling_title_case(scu: Scu, callers_are_checked: None) -> None:
    title = scu.peer.calling_ae_title
    other = title.swapcase()
    if other == title:
        raise not_tested(f"{title} has no letters")
    assert not is_let_in(entitled(scu, other)), f"{other} is let in as if it were {title}"


@safeguard(
    "PS3.8 7.1.1.3",
    MEDIUM,
    "A calling AE title that has no more than a part, or a pattern, of a known one is rejected.",
    remedy=_COMPARE,
)
@pytest.mark.parametrize("kind", ["beginning", "continued", "spaced", "star", "percent"])
def test_calling_title_likeness(scu: Scu, target: Target, callers_are_checked: None, kind: str) -> None:
    title = scu.peer.calling_ae_title.strip()
    like = {
        "beginning": title[:-1],
        "continued": f"{title}X",
        "spaced": f"{title[:1]} {title[1:]}",
        "star": "*",
        "percent": f"{title[:1]}%",
    }[kind]
    known = {title, *(entry.ae_title.strip() for entry in target.destinations)}
    if not 0 < len(like) <= _LENGTH or like.strip() in known:
        raise not_tested(f"{title} leaves no such title to try")
    assert not is_let_in(entitled(scu, like)), f"{like!r} is let in, as {title} is"


@safeguard(
    "PS3.8 9.3.2",
    LOW,
    "Spaces around a known calling AE title make no other one of it.",
    remedy=f"{_COMPARE} A filter on titles could be evaded, or equipment that pads its title be shut out.",
)
def test_calling_title_spaces(scu: Scu, callers_are_checked: None) -> None:
    title = scu.request(VERIFICATION).calling_raw.strip(b" ")
    if len(title) == _LENGTH:
        raise not_tested("the calling AE title fills its field: there is no room for spaces")
    assert is_let_in(scu, calling(scu, title.rjust(_LENGTH))), (
        "a known calling AE title is not let in with spaces before it"
    )


@safeguard(
    "CWE-290",
    MEDIUM,
    "A known calling AE title is served from the address alone that it is registered with.",
    remedy="Have the product check the address of each AE title, or close its port to all other addresses: a"
    " title is no secret.",
)
def test_foreign_address(scu: Scu, target: Target, stored_study: SyntheticStudy) -> None:
    address = target.security.foreign_host
    if not address:
        raise not_tested("[security] foreign_host names no other address of this machine to call from")
    root = offered_model(scu, lambda model: model.find)
    keys = keys_for(root, QueryLevel.STUDY, stored_study)
    elsewhere = from_address(scu, address)
    try:
        matches = unless_refused(lambda: find(elsewhere, root, QueryLevel.STUDY, keys))
    except Unreachable as error:
        if error.kind is UnreachableKind.NETWORK:  # this machine has no such address
            raise
        return
    assert not matches or not matches.identifiers, (
        f"{scu.peer.calling_ae_title} is registered, and finds studies from {address} as well"
    )
