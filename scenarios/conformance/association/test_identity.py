"""User identity negotiation (PS3.7 D.3.3.7)."""

from __future__ import annotations

from dataclasses import replace

from harness.dimse.negotiation import IdentityType, UserIdentity
from harness.dimse.pdu import AssociateAccept, AssociateReject
from harness.scenario import SHALL, not_supported, not_tested, reply_to, requirement
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION
from harness.target import Target


def answer_to(scu: Scu, identity: UserIdentity) -> AssociateAccept:
    """The acceptance of a request with that identity; one who has to know the user is not asked further."""
    with scu.connect() as association:
        answer = reply_to(association, scu.request(VERIFICATION, user_identity=identity))
    if isinstance(answer, AssociateReject):
        raise not_supported(f"a made-up user is not admitted: {answer.words()}")
    assert isinstance(answer, AssociateAccept), "a request with a user identity was answered with A-ABORT"
    return answer


def made_up(kind: IdentityType, response_requested: int, secondary: bytes = b"") -> UserIdentity:
    """A user that no product knows."""
    return UserIdentity(kind, b"PHTEST-nobody", secondary, response_requested)


@requirement("PS3.7 D.3.3.7", SHALL, "No user identity response without a user identity.")
def test_absent_stays_absent(scu: Scu, target: Target) -> None:
    if target.dimse.user_identity is not None:
        raise not_supported("this product is only spoken to with a user identity")
    with scu.open(VERIFICATION) as association:
        response = association.accepted.user.user_identity_response
    assert response is None, "the acceptance holds a user identity response, no identity was offered"


@requirement(
    "PS3.7 D.3.3.7", SHALL, "A user identity response comes only where a positive one was requested."
)
def test_silent_unless_asked(scu: Scu) -> None:
    response = answer_to(scu, made_up(IdentityType.USERNAME, 0)).user.user_identity_response
    assert response is None, "the acceptance holds a user identity response that wasn't requested"


@requirement("PS3.7 D.3.3.7.2", SHALL, "For user names the server's response is empty.")
def test_response_empty_for_names(scu: Scu) -> None:
    identity = made_up(IdentityType.USERNAME_AND_PASSCODE, 1, b"PHTEST-secret")
    response = answer_to(scu, identity).user.user_identity_response
    assert not response, f"the user identity response to a user name holds {len(response or b'')} bytes"


@requirement("PS3.7 D.3.3.7", SHALL, "A valid identity is confirmed where a positive response was requested.")
def test_valid_is_confirmed(scu: Scu) -> None:
    known = scu.peer.user_identity
    identity = known or made_up(IdentityType.USERNAME_AND_PASSCODE, 1, b"PHTEST-secret")
    asking = replace(identity, response_requested=1)
    with scu.connect() as association:
        answer = reply_to(association, scu.request(VERIFICATION, user_identity=asking))
    if known is None and isinstance(answer, AssociateReject):
        raise not_tested(
            f"a made-up user is not admitted ({answer.words()}), and [dimse.user_identity] names no other"
        )
    assert isinstance(answer, AssociateAccept), "a valid user is turned down"
    if answer.user.user_identity_response is not None:
        return
    if known is None:
        raise not_supported("a made-up user is admitted without a response: users are not authenticated")
    # A product that knows no users gives no response either (PS3.7 D.3.3.7): then any passcode will do.
    wrong = replace(asking, secondary=asking.secondary + b"-PHTEST")
    with scu.connect() as association:
        answer = reply_to(association, scu.request(VERIFICATION, user_identity=wrong))
    if identity.type is IdentityType.USERNAME or isinstance(answer, AssociateAccept):
        raise not_supported("users are not authenticated")
    raise AssertionError("a wrong passcode is refused, and the right one is accepted without a response")


@requirement(
    "PS3.7 D.3.3.7", SHALL, "An acceptor without identity support accepts without a positive response."
)
def test_unsupported_is_accepted(scu: Scu) -> None:
    with scu.connect() as association:
        answer = reply_to(association, scu.request(VERIFICATION, user_identity=made_up(IdentityType.SAML, 1)))
    if isinstance(answer, AssociateReject):
        # Who supports identities rejects an unknown one permanently, by the ACSE provider (D.3.3.7.3).
        code = (answer.result, answer.source)
        assert code == (1, 2), f"the made-up SAML assertion was rejected as {answer.words()}"
        raise not_supported("users are authenticated, and a made-up assertion is refused")
    assert isinstance(answer, AssociateAccept), "a request with a SAML assertion was answered with A-ABORT"


@requirement(
    "PS3.7 D.3.3.7.3", SHALL, "An authentication failure is rejected permanently by the ACSE provider."
)
def test_rejection_code(scu: Scu) -> None:
    identity = made_up(IdentityType.USERNAME_AND_PASSCODE, 1, b"PHTEST-wrong")
    with scu.connect() as association:
        answer = reply_to(association, scu.request(VERIFICATION, user_identity=identity))
    if not isinstance(answer, AssociateReject):
        raise not_supported("users are not authenticated")
    assert (answer.result, answer.source) == (1, 2), f"an unknown user was rejected as {answer.words()}"
