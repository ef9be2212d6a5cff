"""What one caller can take from all others: associations, patience, memory (CWE-400, CWE-770, CWE-789).

What is answered to a wrong length is judged by association.invalid and association.length, silence before a
request by association.state.silent-connection-blocks-nobody, how a lack of room is told by
association.overload.  Here it is what others notice, and what it costs the product's machine.
"""

from __future__ import annotations

import contextlib
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import psutil
import pytest

from harness.dimse.association import Association
from harness.dimse.errors import (
    ConnectionClosed,
    DimseError,
    NoAnswer,
    NotAccepted,
    PeerAborted,
    PeerViolation,
)
from harness.dimse.negotiation import contexts
from harness.dimse.pdu import Abort, AssociateAccept, PData, Pdv, ReleaseRequest
from harness.plugin.fixtures import Corpus
from harness.plugin.outcomes import ClaimNotKept
from harness.plugin.waiting import Watched, waiting
from harness.scenario import (
    HIGH,
    LOW,
    MEDIUM,
    answer_from,
    expect_service,
    not_tested,
    safeguard,
)
from harness.scu.echo import echo
from harness.scu.find import find_request
from harness.scu.session import Scu
from harness.scu.store import open_for, store_request
from harness.scu.uids import IMPLICIT_VR_LITTLE_ENDIAN, UNCOMPRESSED, VERIFICATION, Root
from harness.security.callers import entitled
from harness.target import Target
from harness.watching import look, servers_at

Servers = tuple[psutil.Process, ...]
HELD = 30
"""Idle associations held open at a time."""
SERVED_WITHIN = 5.0
"""Seconds that others may wait beside a slow one."""
DRIBBLED = 24
"""Bytes that the slow one sends, one by one."""
PAUSE = 0.02
DECLARED = 0xFFFFFFF0
"""Bytes that are announced and never come: 4 GiB."""
SENT = 64 * 1024
"""Bytes of them that do come."""
MOST_MEMORY = 64 * 2**20
"""Bytes that the product may take for them: a thousand times what it got."""
WATCHED = 1.5
"""Seconds for which its memory is looked at."""
CONTEXTS = 4000
"""Presentation contexts of a request; 128 have room (PS3.8 9.3.2.2)."""


def hurried(scu: Scu) -> Scu:
    return replace(scu, peer=replace(scu.peer, deadline=min(SERVED_WITHIN, scu.peer.deadline)))


def another(scu: Scu, target: Target) -> Scu:
    """Another caller, where the target file registers one: a limit for each caller keeps nobody else out."""
    if not target.destinations:
        return scu
    return entitled(scu, target.destinations[0].ae_title)


def unserved(scu: Scu) -> str:
    """Why C-ECHO on a new association is not answered in time; empty where it is."""
    try:
        with hurried(scu).open(VERIFICATION) as association:
            echo(association)
    except (DimseError, NoAnswer) as error:
        return str(error)
    return ""


@pytest.mark.intrusive
@pytest.mark.alone
@safeguard(
    "CWE-770",
    MEDIUM,
    f"{HELD} idle associations of one caller leave room for others.",
    remedy="Limit the associations of each caller, or of each address, below those that the product has room"
    " for, and end idle ones.",
)
def test_idle_associations_leave_room(scu: Scu, target: Target) -> None:
    held: list[Association] = []
    try:
        with contextlib.suppress(DimseError):
            while len(held) < HELD:
                association = hurried(scu).connect()
                held.append(association)
                association.send_pdu(scu.request(VERIFICATION))
                if not isinstance(answer_from(association), AssociateAccept):
                    break
        why = unserved(another(scu, target))
        assert not why, f"beside {len(held)} idle associations of one caller nobody else is served: {why}"
    finally:
        for association in held:
            with contextlib.suppress(PeerViolation):
                association.abort()


@pytest.mark.intrusive
@pytest.mark.alone
@safeguard(
    "CWE-400",
    MEDIUM,
    "Who sends an object byte by byte holds up nobody else.",
    remedy="Have the product serve associations side by side, and give up on a PDU that does not go on.",
)
def test_slow_sender_blocks_nobody(scu: Scu, corpus: Corpus, writes: None) -> None:
    instance = corpus.new_study().instance(0)
    slow, instance = open_for(scu, instance)
    try:
        context = slow.context_for(instance.sop_class, instance.transfer_syntax).id
        request = store_request(slow, instance.sop_class, instance.sop_instance_uid)
        command = Pdv(context, is_command=True, is_last=True, data=request.encode())
        data = PData((Pdv(context, is_command=False, is_last=True, data=instance.dataset),)).encode()
        # Who does not wait for it holds up nobody either.
        with contextlib.suppress(ConnectionClosed, PeerAborted):
            slow.send_raw(PData((command,)).encode() + data[:1])
            slow.send_raw(data[1 : 1 + DRIBBLED], chunk=1, pause=PAUSE)
        why = unserved(scu)
        assert not why, (
            f"nobody else is served while an association has sent {1 + DRIBBLED} of"
            f" {len(data):,} bytes of a PDU: {why}"
        )
    finally:
        slow.abort()


def long_request(scu: Scu, corpus: Corpus) -> Association:
    association = scu.connect()
    put(association, struct.pack(">BBI", 1, 0, DECLARED) + bytes(SENT))
    return association


def long_data(scu: Scu, corpus: Corpus) -> Association:
    association = scu.open(VERIFICATION)
    context = association.context_for(VERIFICATION).id
    header = struct.pack(">BBIIBB", 4, 0, DECLARED, DECLARED - 4, context, 2)
    put(association, header + bytes(SENT))
    return association


def long_element(scu: Scu, corpus: Corpus) -> Association:
    """A pixel element of a C-STORE data set that announces what the PDU has no room for."""
    instance = corpus.new_study().instance(0)
    association, instance = open_for(scu, instance)
    context = association.context_for(instance.sop_class, instance.transfer_syntax).id
    request = store_request(association, instance.sop_class, instance.sop_instance_uid)
    pixels = instance.dataset.rindex(b"\xe0\x7f\x10\x00")
    # Behind the tag, and in Explicit VR behind OW and two bytes, there is the length.
    head = 4 if instance.transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN else 8
    damaged = instance.dataset[: pixels + head] + struct.pack("<I", DECLARED) + bytes(1024)
    send(association, context, request.encode(), damaged)
    return association


def long_key(scu: Scu, corpus: Corpus) -> Association:
    """A key of a C-FIND that does so, in Implicit VR Little Endian."""
    association = scu.open((Root.STUDY.find, (UNCOMPRESSED[1],)))
    context = association.context_for(Root.STUDY.find).id
    level = struct.pack("<HHI", 8, 0x52, 6) + b"STUDY "
    key = struct.pack("<HHI", 0x10, 0x20, DECLARED) + bytes(1024)
    send(association, context, find_request(association, Root.STUDY.find).encode(), level + key)
    return association


def many_contexts(scu: Scu, corpus: Corpus) -> Association:
    """A request with more presentation contexts than there are ids."""
    request = scu.request(VERIFICATION)
    (one,) = contexts((VERIFICATION, UNCOMPRESSED))
    association = scu.connect()
    put(association, replace(request, contexts=(one,) * CONTEXTS).encode())
    return association


def send(association: Association, context: int, command: bytes, data: bytes) -> None:
    first = Pdv(context, is_command=True, is_last=True, data=command)
    second = Pdv(context, is_command=False, is_last=True, data=data)
    put(association, PData((first,)).encode() + PData((second,)).encode())


def put(association: Association, data: bytes) -> None:
    """Send what the product may refuse, by A-ABORT or without a word, before it has all of it."""
    with contextlib.suppress(ConnectionClosed, PeerAborted):
        association.send_raw(data)


ANNOUNCED = {
    "request": long_request,
    "data": long_data,
    "element": long_element,
    "key": long_key,
    "contexts": many_contexts,
}


@pytest.mark.intrusive
@pytest.mark.hostile
@pytest.mark.alone
@safeguard(
    "CWE-789",
    HIGH,
    "What is announced and does not come takes no memory.",
    remedy="Have the product bound lengths before it allocates: those of PDUs by what it negotiated, those of"
    " elements by what has arrived.",
)
@pytest.mark.parametrize("name", ANNOUNCED)
def test_declared_length_takes_no_memory(
    scu: Scu, corpus: Corpus, target: Target, writes: None, name: str
) -> None:
    servers = servers_at(target.dimse.port) if target.is_loopback() else ()
    if look(servers) is None:
        raise not_tested("the product's memory is not seen: it is on another machine, or of another user")
    grown = taken(servers, ANNOUNCED[name], scu, corpus)
    if grown > MOST_MEMORY:
        # A heap may happen to grow just now, and not twice.
        grown = min(grown, taken(servers, ANNOUNCED[name], scu, corpus))
    assert grown <= MOST_MEMORY, f"{name}: its memory grew by {grown / 1e6:,.0f} MB over what was announced"
    expect_service(scu, f"a length of 4 GiB ({name})")


def taken(servers: Servers, announce: Callable[[Scu, Corpus], Association], scu: Scu, corpus: Corpus) -> int:
    """Bytes by which the product's memory grows while something is announced."""
    before = look(servers)
    try:
        association = announce(scu, corpus)
    except NotAccepted:
        return 0  # a service that is not there takes no memory
    most = 0
    try:
        for memory in memories(servers, association):
            most = max(most, memory)
    finally:
        association.abort()
    return most - before.memory if before is not None else 0


def memories(servers: Servers, association: Association) -> Iterator[int]:
    """Its resident bytes again and again, until it has answered or the time is over."""
    pause, ends = threading.Event(), time.monotonic() + WATCHED
    while time.monotonic() < ends:
        seen = look(servers)
        if seen is not None:
            yield seen.memory
        try:
            association.receive_pdu(deadline=0.05)
        except NoAnswer:
            continue
        except (ConnectionClosed, PeerAborted, PeerViolation):
            ends = min(ends, time.monotonic() + 0.1)
        pause.wait(0.02)


@waiting(lambda scu: scu.open(VERIFICATION), accepted=True, idle=True)
@safeguard(
    "CWE-772",
    LOW,
    "An association on which nothing happens is ended when the product's claims say.",
    remedy="Set the product's timeout for idle associations; some minutes leave room for slow workstations.",
)
def test_idle_association_ends(left_alone: Watched) -> None:
    ending = left_alone.ending()
    # After its A-ABORT the product may leave the connection to the requestor (PS3.8 9.2.3, Sta13).
    if not ending.closed and not any(isinstance(pdu, Abort | ReleaseRequest) for pdu in ending.pdus):
        raise ClaimNotKept(
            f"an association on which nothing happens is still open after {ending.seconds:.0f} s;"
            f" the claims say {ending.promised:g} s"
        )
