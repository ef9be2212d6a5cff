"""The exchanges that are mutated: what an ordinary SCU sends, a PDU a step, and what it waits for.

They are built with the harness's own encoders, so that they are the same bytes for every run.  All data sets
are in Implicit VR Little Endian, the only transfer syntax that is proposed (PS3.5 10.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.dimse.command import NO_DATA_SET, Command, CommandSet
from harness.dimse.negotiation import (
    ExtendedNegotiation,
    ProposedContext,
    RoleSelection,
    UserIdentity,
    contexts,
)
from harness.dimse.pdu import Abort, PData, Pdv, ReleaseRequest, associate_request
from harness.dimse.walker import IMPLICIT_LITTLE
from harness.fuzz.pdus.ordinary import (
    ABSENT,
    commitment,
    echo,
    find,
    image,
    keys,
    references,
    retrieve,
    store,
)
from harness.fuzz.pdus.script import Await, Awaited, Script, Send, Steps, with_titles
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    STORAGE_COMMITMENT_PUSH,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One ordinary exchange, by the service that it asks for."""

    name: str
    script: Script


def recorded(called: str, calling: str) -> tuple[Exchange, ...]:
    """The exchanges, the simplest first.  Raises MisuseError for AE titles that are none."""
    return tuple(
        Exchange(name, Script(tuple(steps), called, calling)) for name, steps in _exchanges(called, calling)
    )


def _exchanges(called: str, calling: str) -> Iterable[tuple[str, list[Steps]]]:
    titles = called, calling
    yield "C-ECHO", [*opening(titles, VERIFICATION), *message(echo()), *releasing()]
    yield "association alone", [*opening(titles, VERIFICATION), *releasing()]
    yield (
        "C-STORE",
        [
            *opening(titles, VERIFICATION, CT_IMAGE_STORAGE),
            *message(store(), image(), context=3),
            *releasing(),
        ],
    )
    yield (
        "C-FIND",
        [*opening(titles, STUDY_ROOT_FIND), *message(find(), keys()), *releasing()],
    )
    yield (
        "C-FIND and C-CANCEL",
        [
            *opening(titles, STUDY_ROOT_FIND),
            *message(find(), keys(), is_awaited=False),
            *message(
                CommandSet.of(
                    CommandField=Command.C_CANCEL_RQ,
                    MessageIDBeingRespondedTo=1,
                    CommandDataSetType=NO_DATA_SET,
                )
            ),
            *releasing(),
        ],
    )
    yield (
        "C-GET",
        [
            *opening(
                titles,
                STUDY_ROOT_GET,
                CT_IMAGE_STORAGE,
                roles=(RoleSelection(CT_IMAGE_STORAGE, 0, 1),),
            ),
            *message(retrieve(Command.C_GET_RQ), keys(ABSENT)),
            *releasing(),
        ],
    )
    yield (
        "C-MOVE",
        [
            *opening(titles, STUDY_ROOT_MOVE),
            *message(retrieve(Command.C_MOVE_RQ), keys(ABSENT)),
            *releasing(),
        ],
    )
    yield (
        "storage commitment",
        [*opening(titles, STORAGE_COMMITMENT_PUSH), *message(commitment(), references()), *releasing()],
    )
    yield (
        "two messages",
        [
            *opening(titles, VERIFICATION, STUDY_ROOT_FIND),
            *message(echo()),
            *message(find(2), keys(), context=3),
            *message(echo(3)),
            *releasing(),
        ],
    )
    yield (
        "all of negotiation",
        [
            *opening(
                titles,
                VERIFICATION,
                CT_IMAGE_STORAGE,
                STUDY_ROOT_FIND,
                roles=(RoleSelection(CT_IMAGE_STORAGE, 1, 1),),
                extended=(ExtendedNegotiation(STUDY_ROOT_FIND, b"\1\0\0"),),
                identity=UserIdentity(1, b"PHTEST"),
            ),
            *message(echo()),
            *releasing(),
        ],
    )
    yield "A-ABORT", [*opening(titles, VERIFICATION), *message(echo()), Send(data=Abort().encode())]


def requested(
    titles: tuple[str, str],
    proposed: Sequence[ProposedContext],
    *,
    roles: tuple[RoleSelection, ...] = (),
    extended: tuple[ExtendedNegotiation, ...] = (),
    identity: UserIdentity | None = None,
    on: int = 0,
) -> Send:
    """An A-ASSOCIATE-RQ; `titles` are those of the target and of the harness."""
    request = associate_request(
        *titles, tuple(proposed), roles=roles, extended=extended, user_identity=identity
    )
    return with_titles(Send(data=request.encode(), on=on), *titles)


def opening(
    titles: tuple[str, str],
    *classes: str,
    syntax: str = IMPLICIT_LITTLE,
    roles: tuple[RoleSelection, ...] = (),
    extended: tuple[ExtendedNegotiation, ...] = (),
    identity: UserIdentity | None = None,
) -> list[Steps]:
    """Presentation contexts 1, 3, 5 … proposed in one transfer syntax, and the answer waited for."""
    proposed = contexts(*((one, (syntax,)) for one in classes))
    request = requested(titles, proposed, roles=roles, extended=extended, identity=identity)
    return [request, Await(what=Awaited.ASSOCIATION, is_owed=True)]


def message(
    command: CommandSet, data: bytes | None = None, *, context: int = 1, is_awaited: bool = True
) -> list[Steps]:
    """A message of one fragment for its command set and one for its data set, and the wait for a response."""
    pdvs = [Pdv(context, is_command=True, is_last=True, data=command.encode())]
    if data is not None:
        pdvs.append(Pdv(context, is_command=False, is_last=True, data=data))
    steps: list[Steps] = [Send(data=PData((pdv,)).encode()) for pdv in pdvs]
    if is_awaited:
        steps.append(Await(what=Awaited.RESPONSE, is_owed=True, context=context))
    return steps


def releasing() -> list[Steps]:
    """A-RELEASE-RQ, and the wait for its answer."""
    return [Send(data=ReleaseRequest().encode()), Await(what=Awaited.RELEASE, is_owed=True)]
