"""The ARTIM timer: a connection without a request is not kept for ever (PS3.8 9.1.4, 9.1.5, 9.2.3).

The standard demands the timer and leaves its value to the configuration.  So what stays open for longer than
anybody waits is no proof of a fault, unless the product's claims say the value (``[claims] artim``).
"""

from __future__ import annotations

from dataclasses import replace

from harness.dimse.association import Association
from harness.dimse.errors import PeerViolation
from harness.dimse.pdu import Abort, AssociateReject, ReleaseRequest, ReleaseResponse, name_of
from harness.plugin.outcomes import ClaimNotKept
from harness.plugin.waiting import Ending, Watched, waiting
from harness.scenario import QUALITY, not_tested, reply_to, requirement
from harness.scu.echo import echo
from harness.scu.session import Scu
from harness.scu.uids import VERIFICATION


def half_a_request(scu: Scu) -> Association:
    """A connection on which the first half of a valid A-ASSOCIATE-RQ was sent."""
    request = scu.request(VERIFICATION).encode()
    association = scu.connect()
    association.send_raw(request[: len(request) // 2])
    return association


def rejected(scu: Scu) -> Association:
    """A connection whose association was rejected, for its protocol version (PS3.8 9.3.2)."""
    association = scu.connect()
    answer = reply_to(association, replace(scu.request(VERIFICATION), protocol_version=0x0002))
    if not isinstance(answer, AssociateReject):
        association.close()
        raise not_tested(f"protocol version 0002H was answered with {name_of(answer)}, not with a rejection")
    return association


def released(scu: Scu) -> Association:
    """A connection whose association was released, and which the requestor does not close."""
    association = scu.open(VERIFICATION)
    echo(association)
    association.send_pdu(ReleaseRequest())
    answer = association.receive_pdu()
    if not isinstance(answer, ReleaseResponse):
        raise PeerViolation("PS3.8 7.2.2", "A-RELEASE-RP", name_of(answer))
    return association


def judge(ending: Ending, after: str) -> None:
    """Closed in time; an A-ABORT before that does no harm."""
    others = [name_of(pdu) for pdu in ending.pdus if not isinstance(pdu, Abort)]
    assert not others, f"{after}, the product sends {', '.join(others)}"
    words = f"{after}, the connection is still open after {ending.seconds:.0f} s"
    if ending.promised is not None and not ending.closed:
        raise ClaimNotKept(f"{words}; the claims give the ARTIM timer {ending.promised:g} s")
    assert ending.closed, (
        f"{words}; with a longer ARTIM timer that is legal: [claims] artim in the target file says its value"
    )


@waiting(Scu.connect)
@requirement(
    "PS3.8 9.1.4", QUALITY, "A connection on which no request arrives is closed when the ARTIM timer ends."
)
def test_no_request(left_alone: Watched) -> None:
    judge(left_alone.ending(), "with no request sent")


@waiting(half_a_request)
@requirement(
    "PS3.8 9.2.3",
    QUALITY,
    "A request that never completes is none: its connection is closed when the ARTIM timer ends.",
)
def test_partial_request(left_alone: Watched) -> None:
    judge(left_alone.ending(), "with half a request sent")


@waiting(rejected)
@requirement("PS3.8 9.2.2", QUALITY, "After a rejection the connection is closed when the ARTIM timer ends.")
def test_after_rejection(left_alone: Watched) -> None:
    judge(left_alone.ending(), "after its A-ASSOCIATE-RJ")


@waiting(released, accepted=True)
@requirement(
    "PS3.8 9.2.3", QUALITY, "After its release response the acceptor closes when the ARTIM timer ends."
)
def test_after_release(left_alone: Watched) -> None:
    judge(left_alone.ending(), "after its A-RELEASE-RP")
