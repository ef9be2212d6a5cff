"""Whether users prove who they are (PS3.7 D.3.3.7, PS3.15 B.4 to B.7).

Asked of a product that demands it: `[dimse.user_identity]` names a user who is let in, and nobody is without.
A product that claims one of the profiles is asked whether or not it lets others in as nobody.  Every wrong
passcode of the real user is followed by the right one, so that no product that counts them locks the user.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.dimse.negotiation import IdentityType, UserIdentity
from harness.dimse.pdu import AssociateAccept
from harness.scenario import HIGH, LOW, MEDIUM, not_supported, not_tested, safeguard
from harness.scu.session import Scu
from harness.security.callers import answer_in_words, as_user, is_let_in, knock, made_up_name
from harness.security.guessing import guess
from harness.security.tokens import (
    claims_for,
    claims_of,
    forged_token,
    garbage,
    tampered,
    unsecured_token,
    unsigned_assertion,
    without_signature,
)
from harness.target import Target

GUESSES = 12
"""Wrong passcodes of a made-up user: more than most people type, and too few to strain anybody."""
SLOWED = 3.0
"""So many times as long as the right user waits for an answer has to wait who guesses, in the end."""
NO_USER = "[dimse.user_identity] names no user whom the product knows"
_AUTHENTICATE = "Have the product authenticate users, and reject associations of those who fail (PS3.15 B.5)."
_PROFILES = ("user-identity", "user-identity-passcode", "kerberos", "saml")


@pytest.fixture(scope="module")
def user(session_scu: Scu) -> UserIdentity:
    """The user of the target file, who is let in."""
    identity = session_scu.peer.user_identity
    if identity is None:
        raise not_tested(NO_USER)
    if not is_let_in(session_scu):
        raise not_tested("the user of [dimse.user_identity] is not let in")
    return identity


@pytest.fixture(scope="module")
def demanded(session_scu: Scu, user: UserIdentity, target: Target) -> UserIdentity:
    """The same, where the product demands a user."""
    claimed = set(_PROFILES) & set(target.claims.security_profiles)
    if not claimed and is_let_in(as_user(session_scu, None)):
        raise not_supported(
            "an association without a user is accepted (security.identity.missing), so that none need prove"
            " who he is"
        )
    return user


@pytest.fixture(scope="module")
def with_passcode(demanded: UserIdentity, target: Target) -> UserIdentity:
    """The same, where it is by a passcode."""
    if demanded.type != IdentityType.USERNAME_AND_PASSCODE:
        raise not_supported("the user of [dimse.user_identity] has no passcode")
    claimed = target.claims.security_profiles
    if "user-identity" in claimed and "user-identity-passcode" not in claimed:
        raise not_supported("the Basic User Identity profile verifies no passcode (PS3.15 B.4)")
    return demanded


def refuses(scu: Scu, right: UserIdentity, wrong: UserIdentity) -> bool:
    """Whether one who says that is turned away; the right user comes in again behind him."""
    is_refused = not is_let_in(as_user(scu, wrong))
    if is_refused and not is_let_in(as_user(scu, right)):
        raise not_tested("after a wrong try the user of [dimse.user_identity] is no longer let in")
    return is_refused


# -- who is asked --------------------------------------------------------------------------------------


@safeguard(
    "CWE-306",
    HIGH,
    "Nobody is let in without a user where users are known.",
    remedy="Have the product demand a user in every association, but of equipment listed as having none.",
)
def test_missing(scu: Scu, user: UserIdentity) -> None:
    assert not is_let_in(as_user(scu, None)), "an association without a user identity is accepted"


@safeguard(
    "PS3.15 B.5",
    HIGH,
    "A user whom the product does not know is rejected.",
    remedy=_AUTHENTICATE,
    profiles=("user-identity-passcode",),
)
def test_wrong_name(scu: Scu, with_passcode: UserIdentity) -> None:
    stranger = replace(with_passcode, primary=made_up_name().encode())
    assert not is_let_in(as_user(scu, stranger)), "a user is let in whose name is made up"


@safeguard(
    "PS3.15 B.5",
    HIGH,
    "A user with a wrong passcode, or an empty one, is rejected.",
    remedy=_AUTHENTICATE,
    profiles=("user-identity-passcode",),
)
@pytest.mark.parametrize("kind", ["other", "empty"])
def test_wrong_passcode(scu: Scu, with_passcode: UserIdentity, kind: str) -> None:
    wrong = replace(with_passcode, secondary=b"" if kind == "empty" else made_up_name().encode())
    if wrong == with_passcode:
        raise not_tested("the passcode of [dimse.user_identity] is empty")
    words = "without one" if kind == "empty" else "with another passcode"
    assert refuses(scu, with_passcode, wrong), f"a known user who has a passcode is let in {words}"


@safeguard(
    "CWE-178",
    MEDIUM,
    "A passcode in other letters, small or capital, is a wrong one.",
    remedy="Have passcodes compared as they are: without their case there are far fewer to guess.",
)
def test_passcode_case(scu: Scu, with_passcode: UserIdentity) -> None:
    wrong = replace(with_passcode, secondary=with_passcode.secondary.swapcase())
    if wrong == with_passcode:
        raise not_tested("the passcode of [dimse.user_identity] has no letters")
    assert refuses(scu, with_passcode, wrong), "a known user is let in with small for capital letters"


@safeguard(
    "CWE-187",
    MEDIUM,
    "A passcode is compared whole.",
    remedy="Have passcodes compared to their last character: what is cut off need not be guessed.",
)
@pytest.mark.parametrize("kind", ["shortened", "lengthened"])
def test_passcode_part(scu: Scu, with_passcode: UserIdentity, kind: str) -> None:
    passcode = with_passcode.secondary
    if len(passcode) < 2:
        raise not_tested("the passcode of [dimse.user_identity] has too few characters")
    wrong = replace(with_passcode, secondary=passcode[:-1] if kind == "shortened" else passcode + b"X")
    assert refuses(scu, with_passcode, wrong), (
        f"a known user is let in with the passcode {kind} by a character"
    )


@safeguard(
    "CWE-287",
    HIGH,
    "The name of a user alone lets nobody in where others have a passcode.",
    remedy="Have the product reject user identities of type 1, or give names alone no rights.",
)
def test_name_alone(scu: Scu, with_passcode: UserIdentity) -> None:
    bare = UserIdentity(IdentityType.USERNAME, with_passcode.primary)
    assert refuses(scu, with_passcode, bare), "a known user's name is let in without a passcode"


# -- what others vouch for -----------------------------------------------------------------------------


@safeguard(
    "PS3.15 B.6",
    HIGH,
    "A Kerberos ticket that no server has issued is rejected.",
    remedy="Have the product check Kerberos tickets, or reject user identities of type 3.",
    profiles=("kerberos",),
)
def test_kerberos_ticket(scu: Scu, demanded: UserIdentity) -> None:
    own = demanded.primary if demanded.type == IdentityType.KERBEROS else b""
    wrong = UserIdentity(IdentityType.KERBEROS, tampered(own), response_requested=1)
    assert refuses(scu, demanded, wrong), "an association with a Kerberos ticket of random bytes is accepted"


@safeguard(
    "PS3.15 B.7",
    HIGH,
    "A SAML assertion that nobody trusted has signed is rejected.",
    remedy="Have the product check who signed a SAML assertion, or reject user identities of type 4.",
    profiles=("saml",),
)
@pytest.mark.parametrize("kind", ["garbage", "unsigned"])
def test_saml_assertion(scu: Scu, demanded: UserIdentity, kind: str) -> None:
    if kind == "garbage":
        assertion = garbage()
    elif demanded.type == IdentityType.SAML:
        assertion = without_signature(demanded.primary)
    else:
        assertion = unsigned_assertion(demanded.primary.decode("utf-8", "replace"))
    if assertion == demanded.primary:
        raise not_tested("the assertion of [dimse.user_identity] has no signature to be taken out")
    wrong = UserIdentity(IdentityType.SAML, assertion, response_requested=1)
    assert refuses(scu, demanded, wrong), f"an association with a SAML assertion is accepted that is {kind}"


@safeguard(
    "RFC 8725 3.1, 3.2",
    HIGH,
    "A JSON Web Token that nobody trusted has signed is rejected.",
    remedy="Have the product check who signed a token, or reject user identities of type 5.",
)
@pytest.mark.parametrize("kind", ["garbage", "unsigned", "signed-by-another"])
def test_web_token(scu: Scu, demanded: UserIdentity, kind: str) -> None:
    own = claims_of(demanded.primary) if demanded.type == IdentityType.JWT else None
    claims = own or claims_for(demanded.primary.decode("utf-8", "replace"))
    token = {
        "garbage": garbage,
        "unsigned": lambda: unsecured_token(claims),
        "signed-by-another": lambda: forged_token(claims),
    }[kind]()
    wrong = UserIdentity(IdentityType.JWT, token, response_requested=1)
    assert refuses(scu, demanded, wrong), (
        f"an association with a token of a known user is accepted that is {kind.replace('-', ' ')}"
    )


# -- what is answered ----------------------------------------------------------------------------------


@safeguard(
    "PS3.15 B.4, B.5, B.6, B.7",
    LOW,
    "A user who is let in, and asks for it, hears that he was taken for whom he says.",
    remedy="Have the product send the user identity response: without it no one knows that he was checked.",
    profiles=_PROFILES,
)
def test_confirmed(scu: Scu, demanded: UserIdentity) -> None:
    answer = knock(as_user(scu, replace(demanded, response_requested=1)))
    assert isinstance(answer, AssociateAccept), f"a known user is answered with {answer_in_words(answer)}"
    assert answer.user.user_identity_response is not None, (
        "a positive response was asked for, and the acceptance of a known user has none"
    )


@safeguard(
    "PS3.7 D.3.3.7",
    LOW,
    "A user who does not ask for a response gets none.",
    remedy="Have the product send the user identity response only where it is asked for.",
    profiles=_PROFILES,
)
def test_unasked(scu: Scu, user: UserIdentity) -> None:
    answer = knock(as_user(scu, replace(user, response_requested=0)))
    assert isinstance(answer, AssociateAccept), f"a known user is answered with {answer_in_words(answer)}"
    assert answer.user.user_identity_response is None, (
        "the acceptance of a known user has a response that wasn't asked for"
    )


@safeguard(
    "CWE-204",
    MEDIUM,
    "How a user is refused does not tell whether there is one of that name.",
    remedy="Have the product refuse an unknown name and a wrong passcode in the same way.",
)
def test_refused_alike(scu: Scu, with_passcode: UserIdentity) -> None:
    passcode = made_up_name().encode()
    wrong = replace(with_passcode, secondary=passcode, response_requested=1)
    known = knock(as_user(scu, wrong))
    is_let_in(as_user(scu, with_passcode))
    unknown = knock(as_user(scu, replace(wrong, primary=made_up_name().encode())))
    if isinstance(known, AssociateAccept) or isinstance(unknown, AssociateAccept):
        raise not_supported("wrong users are let in (security.identity.wrong-name, .wrong-passcode)")
    assert answer_in_words(known) == answer_in_words(unknown), (
        f"a wrong passcode is answered with {answer_in_words(known)}, an unknown name with"
        f" {answer_in_words(unknown)}"
    )


@pytest.mark.intrusive
@pytest.mark.hostile
@pytest.mark.alone
@safeguard(
    "CWE-307",
    LOW,
    f"Who guesses passcodes is slowed down, or shut out, within {GUESSES} guesses.",
    remedy="Have the product answer wrong passcodes ever later, or shut out who sends them for a while; make"
    " sure that it locks users who exist.",
)
def test_guessing(scu: Scu, with_passcode: UserIdentity) -> None:
    guesses = guess(scu, with_passcode, GUESSES)
    if guesses.is_let_in:
        raise not_supported("a made-up user is let in (security.identity.wrong-name)")
    assert guesses.is_shut_out or guesses.slowdown >= SLOWED, (
        f"the last of {GUESSES} wrong passcodes of one made-up name is refused as quickly as a right one is"
        " accepted; whether a user who exists would be locked was not tried"
    )
