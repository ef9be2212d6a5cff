"""What is sent on one connection or a few, and what is waited for: a reproducer is these bytes, never a seed.

A `Script` goes to JSON and back without loss (`to_json`, `from_json`); bytes are base64 there.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import msgspec
from msgspec import Struct

from harness.dimse.errors import DecodeError
from harness.dimse.negotiation import UserIdentity
from harness.dimse.pdu import ASSOCIATE_RQ, HEADER, AssociateRequest, decode_pdu

MOST_CONNECTIONS = 64
"""Connections that one script opens at most."""
LONGEST_PAUSE = 1.0
"""Seconds between two pieces at most."""
LONGEST_PAUSES = 600.0
"""Seconds that all of them together take at most."""
CALLED, CALLING = slice(10, 26), slice(26, 42)
"""Where the AE titles are in an A-ASSOCIATE-RQ (PS3.8 9.3.2, bytes 11-26 and 27-42)."""


class Awaited(enum.StrEnum):
    """What ends a wait, beside A-ABORT and the end of the connection, which end every one."""

    ASSOCIATION = "association"
    """A-ASSOCIATE-AC or -RJ."""
    RESPONSE = "response"
    """The last response to a message: one whose Status is not pending."""
    RELEASE = "release"
    """A-RELEASE-RP."""
    END = "end"
    """The end of the connection, and that alone."""


class Step(Struct, frozen=True, kw_only=True, tag_field="step", omit_defaults=True):
    """Something that is done on connection number `on`; the first step on a connection opens it."""

    on: int = 0


class Open(Step, frozen=True, kw_only=True, tag="open"):
    """Nothing but the connection itself: one that keeps silent."""


class Send(Step, frozen=True, kw_only=True, tag="send"):
    """Bytes for the product.

    With `piece` in pieces of so many bytes, `pause` seconds apart.  `called_at` and `calling_at` say where in
    `data` the 16 bytes of the target's and of our own AE title are, which another target has others of; -1
    where they are part of the case, or not there.
    """

    data: bytes
    piece: int = 0
    pause: float = 0.0
    called_at: int = -1
    calling_at: int = -1


class Await(Step, frozen=True, kw_only=True, tag="await"):
    """A wait for an answer.

    `is_owed`: whether the standard demands an answer without leaving a doubt, so that it is worth patience
    and its absence a finding.  A wait that is not ends soon.  With `context` there is none where that
    presentation context was not accepted.
    """

    what: Awaited
    is_owed: bool = False
    context: int = 0


class HalfClose(Step, frozen=True, kw_only=True, tag="half-close"):
    """Nothing more will be sent (TCP FIN); receiving goes on."""


class Close(Step, frozen=True, kw_only=True, tag="close"):
    """The connection closed without a word."""


class Reset(Step, frozen=True, kw_only=True, tag="reset"):
    """The connection cut by a TCP reset."""


Steps = Open | Send | Await | HalfClose | Close | Reset


class _Form(Struct, frozen=True):
    """A script in JSON."""

    called: str
    calling: str
    must_wait: bool
    steps: tuple[Steps, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """The steps of one case, in the order in which they are done.

    `called` and `calling` are the AE titles that its requests hold.  With `must_wait` the answer comes by a
    timer of the product, if at all.
    """

    steps: tuple[Steps, ...]
    called: str
    calling: str
    must_wait: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError beyond the bounds on connections and pauses."""
        if any(not 0 <= step.on < MOST_CONNECTIONS for step in self.steps):
            raise ValueError(f"a script has connections 0 to {MOST_CONNECTIONS - 1}")
        for step in self.steps:
            if isinstance(step, Send) and not (0 <= step.pause <= LONGEST_PAUSE and step.piece >= 0):
                raise ValueError(f"pieces have no negative size, and pauses end at {LONGEST_PAUSE:g} s")
        sent = [step for step in self.steps if isinstance(step, Send)]
        if sum(step.pause * len(step.data) / max(step.piece, 1) for step in sent) > LONGEST_PAUSES:
            raise ValueError(f"all pauses together end at {LONGEST_PAUSES:g} s")

    @property
    def size(self) -> int:
        """Bytes that it sends."""
        return sum(len(step.data) for step in self.steps if isinstance(step, Send))

    @property
    def connections(self) -> tuple[int, ...]:
        """The numbers of its connections, in the order in which they are opened."""
        return tuple(dict.fromkeys(step.on for step in self.steps))


def to_json(script: Script) -> bytes:
    """The script as JSON, indented."""
    form = _Form(script.called, script.calling, script.must_wait, script.steps)
    return msgspec.json.format(msgspec.json.encode(form), indent=1)


def from_json(data: bytes) -> Script:
    """What `to_json` wrote.  Raises ValueError, in one line, for anything else."""
    try:
        form = msgspec.json.decode(data, type=_Form)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"this is no script: {error}") from None
    return Script(form.steps, form.called, form.calling, form.must_wait)


def addressed(script: Script, called: str, calling: str) -> Script:
    """The same for another target: its AE title and ours written over those that the script was made with.

    Raises ValueError for a title that 16 bytes cannot hold.
    """
    ours, theirs = title_field(calling), title_field(called)

    def patched(step: Steps) -> Steps:
        if not isinstance(step, Send) or max(step.called_at, step.calling_at) < 0:
            return step
        data = bytearray(step.data)
        for at, title in ((step.called_at, theirs), (step.calling_at, ours)):
            if at >= 0:
                data[at : at + 16] = title
        return msgspec.structs.replace(step, data=bytes(data))

    return Script(tuple(map(patched, script.steps)), called, calling, script.must_wait)


def identified(script: Script, identity: UserIdentity) -> Script:
    """The same with the target's user identity (PS3.7 D.3.3.7) in each whole request that has none.

    Only while it is played: a product that demands one would reject all else, and no reproducer may hold it.
    """

    def with_identity(step: Steps) -> Steps:
        if not isinstance(step, Send) or step.data[:1] != bytes((ASSOCIATE_RQ,)):
            return step
        end = HEADER.size + int.from_bytes(step.data[2:6], "big")
        try:
            pdu = decode_pdu(step.data[:end])
        except DecodeError:
            return step
        # What is odd in it is the case, and would not be written again as it was.
        if not isinstance(pdu, AssociateRequest) or pdu.encode() != step.data[:end]:
            return step
        if not pdu.user.present or pdu.user.user_identity is not None:
            return step
        request = replace(pdu, user=replace(pdu.user, user_identity=identity))
        return msgspec.structs.replace(step, data=request.encode() + step.data[end:])

    return Script(tuple(map(with_identity, script.steps)), script.called, script.calling, script.must_wait)


def title_field(title: str) -> bytes:
    """The 16 bytes of an AE title (PS3.8 9.3.2).  Raises ValueError where it is longer or not of Latin-1."""
    field = title.encode("latin-1", "strict")
    if len(field) > 16:
        raise ValueError(f"AE title {title!r} has {len(field)} characters; 16 are the most")
    return field.ljust(16)


def with_titles(step: Send, called: str, calling: str) -> Send:
    """The step with its AE titles found, where it begins with an A-ASSOCIATE-RQ that has these very ones."""
    data = step.data
    is_request = len(data) >= CALLING.stop and data[0] == ASSOCIATE_RQ
    called_at = CALLED.start if is_request and data[CALLED] == title_field(called) else -1
    calling_at = CALLING.start if is_request and data[CALLING] == title_field(calling) else -1
    if (called_at, calling_at) == (step.called_at, step.calling_at):
        return step
    return msgspec.structs.replace(step, called_at=called_at, calling_at=calling_at)
