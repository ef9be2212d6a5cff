"""Known cases of messages: elements that are absent or lie, names that are paths, odd keys of queries."""

from __future__ import annotations

from collections.abc import Iterator

from harness.dimse.command import DATA_SET, NO_DATA_SET, TAGS, Command, CommandSet
from harness.dimse.pdu import P_DATA, PData, Pdv
from harness.dimse.walker import IMPLICIT_LITTLE
from harness.fuzz.nodes import Node, Nodes, encode
from harness.fuzz.pdus.changing import changed, data_of, sends
from harness.fuzz.pdus.fields import What, of, with_number
from harness.fuzz.pdus.known_objects import stored
from harness.fuzz.pdus.ordinary import (
    commitment,
    echo,
    find,
    image,
    image_nodes,
    keys,
    references,
    retrieve,
    store,
    text,
)
from harness.fuzz.pdus.recorded import message, opening, releasing
from harness.fuzz.pdus.script import Await, Awaited, Send, Steps
from harness.fuzz.pdus.weakness import ABSENT, COMMANDS, DAMAGED, FORMAT, PATH, STORMS, TYPES, Attempt, Titles
from harness.scu.uids import (
    CT_IMAGE_STORAGE,
    MODALITY_WORKLIST,
    STORAGE_COMMITMENT_PUSH,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)


def attempts(titles: Titles) -> Iterator[Attempt]:
    """All of this module, for a target and as whom."""
    yield from _commands(titles)
    yield from _names(titles)
    yield from _queries(titles)


def _exchange(titles: Titles, sop_class: str, command: CommandSet, data: bytes | None) -> list[Steps]:
    return [*opening(titles, sop_class), *message(command, data), *releasing()]


def _commands(titles: Titles) -> Iterator[Attempt]:
    requests = (
        ("C-STORE", CT_IMAGE_STORAGE, store(), image()),
        ("C-FIND", STUDY_ROOT_FIND, find(), keys()),
        ("C-GET", STUDY_ROOT_GET, retrieve(Command.C_GET_RQ), keys("1.2.3")),
        ("C-MOVE", STUDY_ROOT_MOVE, retrieve(Command.C_MOVE_RQ), keys("1.2.3")),
        ("N-ACTION", STORAGE_COMMITMENT_PUSH, commitment(), references()),
        ("C-ECHO", VERIFICATION, echo(), None),
    )
    for name, sop_class, command, data in requests:
        for keyword in command:
            without = command.replace(**{keyword: None})
            yield Attempt(ABSENT, f"{name} without {keyword}", _exchange(titles, sop_class, without, data))
        if data is not None:
            no_data = command.replace(CommandDataSetType=NO_DATA_SET)
            about = f"{name} that has no data set"
            yield Attempt(ABSENT, about, _exchange(titles, sop_class, no_data, None))
            yield Attempt(
                ABSENT, f"{name} with an empty data set", _exchange(titles, sop_class, command, b"")
            )
    contrary = echo().replace(CommandDataSetType=DATA_SET)
    yield Attempt(ABSENT, "C-ECHO with a data set", _exchange(titles, VERIFICATION, contrary, keys()))
    for field in (0x0031, 0x8030, 0x8001, 0x8020, 0xFFFF, 0x0150, 0x0140, 0x0110):
        other = echo().replace(CommandField=field)
        yield Attempt(DAMAGED, f"Command Field {field:04X}H", _exchange(titles, VERIFICATION, other, None))
    for tag, length in (
        (TAGS["AffectedSOPClassUID"], 0xFFFFFFFF),
        (TAGS["AffectedSOPClassUID"], 0x80000000),
        (TAGS["CommandField"], 0xFFFE),
        (TAGS["CommandDataSetType"], 0x7FFFFFFE),
    ):
        yield Attempt(
            DAMAGED, f"element {tag:04X}H of {length} bytes by its length", _lying(titles, tag, length)
        )
    yield from _cancels(titles)


def _cancels(titles: Titles) -> Iterator[Attempt]:
    """What comes instead of C-CANCEL while a query is served, where a server may expect nothing else."""
    cancel = CommandSet.of(
        CommandField=Command.C_CANCEL_RQ, MessageIDBeingRespondedTo=1, CommandDataSetType=NO_DATA_SET
    )
    plain = cancel.encode()
    # Orthanc 1.10.1 ends at once with the fragments of three bytes and none.
    in_pieces = [
        Pdv(1, True, False, part) for at in range(0, len(plain), 3) for part in (plain[at : at + 3], b"")
    ]
    for about, pdvs in (
        ("without Command Field", [Pdv(1, True, True, cancel.replace(CommandField=None).encode())]),
        ("C-ECHO instead", [Pdv(1, True, True, echo(2).encode())]),
        ("of no element", [Pdv(1, True, True, b"")]),
        ("of garbage", [Pdv(1, True, True, b"\xff" * 20)]),
        ("on another context", [Pdv(99, True, True, plain)]),
        ("that never ends", [Pdv(1, True, False, plain)]),
        ("a data set instead", [Pdv(1, False, True, keys())]),
        ("in fragments of 3 and 0 bytes", [*in_pieces[:-1], Pdv(1, True, True, b"")]),
    ):
        steps = [
            *opening(titles, STUDY_ROOT_FIND),
            *message(find(), keys(), is_awaited=False),
            Send(data=PData(tuple(pdvs)).encode()),
            Await(what=Awaited.RESPONSE, context=1),
            *releasing(),
        ]
        yield Attempt(DAMAGED, f"C-CANCEL {about}", steps)


def _lying(titles: Titles, tag: int, length: int) -> list[Steps]:
    steps = _exchange(titles, VERIFICATION, echo(), None)
    at = sends(steps, P_DATA)[0]
    pdu = data_of(steps, at)
    field = next(field for field in of(pdu, What.ELEMENT_LENGTH) if field.number == tag)
    return changed(steps, at, with_number(pdu, field, length))


def _names(titles: Titles) -> Iterator[Attempt]:
    for weakness, name in (
        (PATH, "../../../../../../tmp/PHTEST"),
        (PATH, "/tmp/PHTEST"),  # nosec B108 # what a product must not write to
        (PATH, "..\\..\\..\\PHTEST"),
        (PATH, "1.2.3\0/../../PHTEST"),
        (PATH, "."),
        (PATH, ".."),
        (PATH, ""),
        (PATH, "1." * 600 + "1"),
        (COMMANDS, "1.2;touch PHTEST;#"),
        (COMMANDS, "$(touch PHTEST)"),
        (COMMANDS, "`touch PHTEST`"),
        (COMMANDS, "1'; DROP TABLE PHTEST--"),
        (FORMAT, "%s%s%n%n%x%x"),
    ):
        about = f"SOP Instance UID {name[:32]!r}"
        data = encode(image_nodes(name), IMPLICIT_LITTLE)
        yield Attempt(weakness, about, _exchange(titles, CT_IMAGE_STORAGE, store(name), data))
        if name:
            wanted = retrieve(Command.C_MOVE_RQ).replace(MoveDestination=name[:16])
            about = f"Move Destination {name[:16]!r}"
            yield Attempt(weakness, about, _exchange(titles, STUDY_ROOT_MOVE, wanted, keys("1.2.3")))
        others = tuple(
            text(node.tag, node.vr, name) if node.tag in (0x0020000D, 0x0020000E, 0x00100020) else node
            for node in image_nodes()
        )
        about = f"Study, Series Instance UID and Patient ID {name[:32]!r}"
        yield Attempt(weakness, about, stored(titles, encode(others, IMPLICIT_LITTLE)))


def _queries(titles: Titles) -> Iterator[Attempt]:
    for value in ("*" * 4096, "*?" * 2048 + "A", "?" * 60000, "*A*B*C*D*E*F*" * 500):
        data = encode(
            (
                text(0x00080052, "CS", "STUDY"),
                text(0x00100010, "PN", value),
                text(0x00100020, "LO", value),
                text(0x0020000D, "UI", ""),
            ),
            IMPLICIT_LITTLE,
        )
        about = f"keys of {len(value)} wildcards, {value[:8]!r} …"
        yield Attempt(STORMS, about, _exchange(titles, STUDY_ROOT_FIND, find(), data))
    many = "\\".join(f"1.2.3.{number}" for number in range(5000))
    yield Attempt(STORMS, "5000 UIDs in a list", _exchange(titles, STUDY_ROOT_FIND, find(), keys(many)))
    worklist = find().replace(AffectedSOPClassUID=MODALITY_WORKLIST)
    for tag, about in ((0x00400100, "Scheduled Procedure Step Sequence"), (0x00321064, "a code sequence")):
        data = encode((text(tag, "LO", "PHTEST"),), IMPLICIT_LITTLE)
        yield Attempt(TYPES, f"{about} that is text", _exchange(titles, MODALITY_WORKLIST, worklist, data))
    for tag in (0x00080052, 0x0020000D, 0x00100020):
        item = Node(tag, "SQ", items=(), is_delimited=True)
        data = encode(sorted_nodes(item), IMPLICIT_LITTLE)
        about = f"key {tag:08X}H that is a sequence"
        yield Attempt(TYPES, about, _exchange(titles, STUDY_ROOT_FIND, find(), data))


def sorted_nodes(node: Node) -> Nodes:
    """The keys of a query with this one in the place of its own."""
    plain = (text(0x00080052, "CS", "STUDY"), text(0x00100020, "LO", ""), text(0x0020000D, "UI", ""))
    return tuple(node if one.tag == node.tag else one for one in plain)
