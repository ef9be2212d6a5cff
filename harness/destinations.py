"""Whether the move destinations of a target file can listen here and are registered in the product."""

from __future__ import annotations

import contextlib
import errno
import secrets
from collections.abc import Iterator

from harness.dimse.errors import DimseError
from harness.explain import Finding, Severity
from harness.registration import address_of, destination_lines, own_address
from harness.scu.destination import Destination as Listener
from harness.scu.move import move
from harness.scu.retrieve import Retrieval
from harness.scu.session import Scu
from harness.scu.status import MOVE_DESTINATION_UNKNOWN, SUCCESS, name_of
from harness.scu.uids import QueryLevel, Root
from harness.target import Destination, Target, TargetError


@contextlib.contextmanager
def listening(target: Target) -> Iterator[Listener | None]:
    """The target's first destination, listening; None where it has none.  TargetError where it cannot."""
    if not target.destinations:
        yield None
        return
    entry = target.destinations[0]
    try:
        listener = Listener(entry.ae_title, entry.host, entry.port, target.dimse.deadline)
    except OSError as error:
        raise TargetError(
            f"destination {entry.ae_title} cannot listen on {entry.host}:{entry.port}: {error.strerror}"
        ) from None
    try:
        yield listener
    finally:
        listener.stop()


def check_destinations(scu: Scu, target: Target, root: Root | None) -> Iterator[Finding]:
    """Findings on every ``[[destination]]``; ``root`` is a model in which C-MOVE is accepted, None for none.

    Opens each port for a moment and moves a study that does not exist: nothing is written to the product.
    """
    if not target.destinations:
        host = own_address(target)
        yield Finding(
            Severity.LIMITS,
            "the target file has no [[destination]]: C-MOVE and reports of storage commitment cannot be"
            " tested",
            'add to the target file\n    [[destination]]\n    ae_title = "HARNESSDEST"\n    port = 11113\n'
            "and register it in the product:\n" + destination_lines("HARNESSDEST", host, 11113),
        )
    seen: set[tuple[str, int]] = set()
    for entry in target.destinations:
        if (entry.host, entry.port) in seen:
            yield Finding(
                Severity.LIMITS,
                f"port {entry.port} is given to more than one [[destination]]",
                "give each a port of its own",
            )
            continue
        seen.add((entry.host, entry.port))
        yield from _destination(scu, target, entry, root)


def _destination(scu: Scu, target: Target, entry: Destination, root: Root | None) -> Iterator[Finding]:
    if not target.is_loopback() and (entry.host.startswith("127.") or entry.host in ("localhost", "::1")):
        yield Finding(
            Severity.LIMITS,
            f"move destination {entry.ae_title} listens on {entry.host} only, where a product on another"
            " machine cannot reach it",
            'set host = "0.0.0.0" in its [[destination]]',
        )
    try:
        listener = Listener(entry.ae_title, entry.host, entry.port, scu.peer.deadline)
    except OSError as error:
        yield _cannot_listen(entry, error)
        return
    try:
        if root is not None:
            yield _registration(scu, target, entry, root, listener)
    finally:
        listener.stop()


def _cannot_listen(entry: Destination, error: OSError) -> Finding:
    place = f"move destination {entry.ae_title} cannot listen on {entry.host}:{entry.port}"
    if error.errno == errno.EADDRINUSE:
        return Finding(
            Severity.LIMITS,
            f"{place}: another program uses the port",
            f"end it (`ss -ltnp 'sport = :{entry.port}'` names it), or choose another port here and in the"
            " product",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return Finding(
            Severity.LIMITS,
            f"{place}: the system does not allow it",
            "choose a port above 1023, here and in the product",
        )
    return Finding(
        Severity.LIMITS,
        f"{place}: {error.strerror or error}",
        'set host in its [[destination]] to an address of this machine, or to "0.0.0.0" for all of them',
    )


def _registration(scu: Scu, target: Target, entry: Destination, root: Root, listener: Listener) -> Finding:
    """Whether the product knows the destination, by moving a study that does not exist (PS3.4 C.4.2.1.5)."""
    # The answer for a title that is certainly not registered shows whether the product tells at all.
    nobody = "NOSUCH" + secrets.token_hex(5).upper()
    try:
        with listener.inbox() as inbox:
            answer = _move_nothing(scu, root, entry.ae_title)
            contacted = bool(inbox.requests)
        control = _move_nothing(scu, root, nobody)
    except DimseError as error:
        return Finding(
            Severity.LIMITS,
            f"a C-MOVE to {entry.ae_title}, of a study that does not exist, has no proper answer: {error}",
            "the move requirements will show more",
        )
    return judge_registration(entry, answer.status, control.status, contacted, address_of(entry, target))


def judge_registration(entry: Destination, status: int, control: int, contacted: bool, host: str) -> Finding:
    """What two C-MOVEs of nothing say: to the destination, and to a title that nobody has registered.

    ``contacted``: the product opened an association to the destination.  ``host``: where it has to send to.
    """
    lines = destination_lines(entry.ae_title, host, entry.port)
    name = f"move destination {entry.ae_title}"
    if contacted:
        return Finding(Severity.NOTE, f"{name} is registered in the product and reached by it")
    if status == MOVE_DESTINATION_UNKNOWN:
        return Finding(
            Severity.LIMITS,
            f"{name} is not registered in the product (C-MOVE status {name_of(status)}, destination unknown)",
            "register it:\n" + lines,
        )
    if control == MOVE_DESTINATION_UNKNOWN or (status == SUCCESS and control != SUCCESS):
        return Finding(Severity.NOTE, f"{name}, port {entry.port}, is registered in the product")
    return Finding(
        Severity.NOTE,
        f"whether {name}, port {entry.port}, is registered cannot be told beforehand: for a study that does"
        f" not exist the product answers {name_of(status)}, and {name_of(control)} for a title that nobody"
        " has",
        "if the move requirements find nothing arriving, register it:\n" + lines,
    )


def _move_nothing(scu: Scu, root: Root, destination: str) -> Retrieval:
    # A fresh UID under 2.25 (PS3.5 B.2): no product has a study of it.
    uid = f"2.25.{secrets.randbits(127)}"
    keys = {"StudyInstanceUID": uid}
    if root is Root.PATIENT:
        # Without relational queries the Patient ID above is mandatory (PS3.4 C.4.2.2.1).
        keys["PatientID"] = f"PACSHARNESS-NOBODY-{secrets.token_hex(8)}"
    return move(scu, root, QueryLevel.STUDY, destination, keys)
