"""What comes from a product over the network: harness/dimse, and what scu and bulk read of it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pydicom.datadict import tag_for_keyword

from harness.bulk.comparing import Comparison
from harness.bulk.objects import Kind, large_object
from harness.bulk.parsing import Parser
from harness.dimse.capture import Endpoints, Recorder
from harness.dimse.command import Command, CommandSet, decode_command
from harness.dimse.cutting import mask
from harness.dimse.difference import difference, summary
from harness.dimse.errors import DecodeError, DimseError, MisuseError, PeerViolation
from harness.dimse.inbound import Inbound
from harness.dimse.listing import data_set_lines
from harness.dimse.negotiation import (
    AnsweredContext,
    AsyncWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
    contexts,
)
from harness.dimse.part10 import part10, write_part10
from harness.dimse.pdu import (
    HEADER,
    Abort,
    AssociateReject,
    PData,
    Pdv,
    ReleaseRequest,
    ReleaseResponse,
    accept_of,
    associate_request,
    decode_pdu,
    name_of,
)
from harness.dimse.transport import Timer
from harness.dimse.walker import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM,
    PIXEL_DATA,
    SEQUENCE_END,
    Element,
    walk,
)
from harness.fuzz.nodes import deflate
from harness.fuzz.pdus.ordinary import commitment, echo, find, image, keys, references, retrieve, store
from harness.scu.identifier import read_identifier
from harness.scu.inbox import Received
from harness.scu.kept import changes
from harness.scu.retrieved import altered
from harness.scu.uids import CT_IMAGE_STORAGE, STUDY_ROOT_FIND, VERIFICATION
from harness.synthesis import ROOT, Identity, new_study
from tests.coverage_guided.entry import entry

SYNTAXES = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED, "1.2.840.10008.1.2.5")
TITLES = "REFERENCE", "PACSHARNESS"


def associations() -> Iterator[bytes]:
    """A-ASSOCIATE PDUs with all that negotiation has."""
    proposed = contexts((VERIFICATION, (IMPLICIT_LITTLE, EXPLICIT_LITTLE)), (CT_IMAGE_STORAGE, SYNTAXES))
    plain = associate_request(*TITLES, proposed)
    yield plain.encode()
    full = associate_request(
        *TITLES,
        proposed,
        roles=(RoleSelection(CT_IMAGE_STORAGE, 1, 1),),
        async_window=AsyncWindow(0, 5),
        extended=(ExtendedNegotiation(STUDY_ROOT_FIND, b"\1\0\1"),),
        common_extended=(
            CommonExtendedNegotiation(CT_IMAGE_STORAGE, "1.2.840.10008.4.2", ("1.2.3", "1.2.4")),
        ),
        user_identity=UserIdentity(2, b"user", b"passcode", 1),
    )
    yield full.encode()
    answers = (AnsweredContext(1, 0, IMPLICIT_LITTLE), AnsweredContext(3, 3, ""))
    yield accept_of(full, answers, UserInformation(user_identity_response=b"ticket")).encode()


def short_pdus() -> Iterator[bytes]:
    """The PDUs of fixed length, and one with fragments."""
    for pdu in (AssociateReject(1, 1, 7), ReleaseRequest(), ReleaseResponse(), Abort(2, 6)):
        yield pdu.encode()
    yield PData((Pdv(1, True, True, echo().encode()), Pdv(3, False, True, b"\0\0"))).encode()


def commands() -> Iterator[bytes]:
    """Command sets of several services."""
    for one in (
        echo(),
        store(),
        find(),
        retrieve(Command.C_GET_RQ),
        retrieve(Command.C_MOVE_RQ),
        commitment(),
    ):
        yield one.encode()
    answer = CommandSet.of(CommandField=Command.C_GET_RSP, Status=0xB000, NumberOfFailedSuboperations=1)
    yield answer.replace(OffendingElement=(0x00100010,), ErrorComment="text").encode()


def data_sets() -> Iterator[bytes]:
    """Data sets behind a byte that says their transfer syntax."""
    for plain in (image(), keys(), references()):
        yield b"\0" + plain
    nested = bytes.fromhex(
        "08001511 5351 0000 ffffffff feff00e0 ffffffff 08005511 5549 0200 312e"
        "feff0de0 00000000 feffdde0 00000000"
    )
    yield b"\1" + nested
    yield b"\3" + deflate(nested)
    yield b"\2" + bytes.fromhex("0010 0010 504e 0004 41424320 0028 0010 5553 0002 0200")
    yield b"\4" + PIXELS
    unknown = bytes.fromhex(
        "09001000 4c4f 0400 41424320 09000110 554e 0000 ffffffff"
        "feff00e0 0a000000 08005511 02000000 312e feffdde0 00000000"
    )
    yield b"\1" + unknown


PIXELS = bytes.fromhex(
    "e07f1000 4f42 0000 ffffffff feff00e0 04000000 00000000"
    "feff00e0 08000000 0102030405060708 feffdde0 00000000"
)


def syntax_and_data(data: bytes) -> tuple[str, bytes]:
    """The first byte as a transfer syntax, and the rest."""
    return SYNTAXES[data[0] % len(SYNTAXES)] if data else IMPLICIT_LITTLE, data[1:]


# ---------------------------------------------------------------- harness/dimse


@entry(lambda: [*associations(), *short_pdus()], DecodeError)
def pdus(data: bytes) -> None:
    assert len(mask(data)) == len(data)
    pdu = decode_pdu(data)
    assert pdu.encode() == data
    assert decode_pdu(bytearray(data)) == pdu
    assert name_of(pdu)
    if isinstance(pdu, AssociateReject | Abort):
        assert pdu.words()


@entry(lambda: [one[0:1] + one[74:] for one in associations()], DecodeError)
def negotiation(data: bytes) -> None:
    """The items of an A-ASSOCIATE PDU whose fixed fields are right."""
    fixed = associate_request(*TITLES, ()).encode()[6:74]
    body = fixed + data[1:]
    whole = HEADER.pack(2 if data[:1] == b"\2" else 1, 0, len(body)) + body
    pdu = decode_pdu(whole)
    assert pdu.encode() == whole
    assert repr(pdu)


@entry(commands, PeerViolation)
def command_sets(data: bytes) -> None:
    command = decode_command(data)
    assert command.encode() == data
    assert command.lines() or not len(command)
    assert command.name
    assert repr(command)
    for keyword in command:
        if keyword.startswith("("):
            continue  # annex E has no such element, and gives it no keyword
        for read in (command.require, command.string, command.integer):
            try:
                read(keyword)
            except (PeerViolation, MisuseError):
                continue
    assert command.has_data_set in (True, False)


@entry(data_sets, DecodeError)
def elements(data: bytes) -> None:
    """The walker: elements lie behind one another, within the data."""
    syntax, data = syntax_and_data(data)
    for line in data_set_lines(data, syntax):
        assert len(line) < 10_000
    last: Element | None = None
    for element in walk(data, syntax, is_sequence=lambda tag: tag == 0x00081115):
        assert last is None or element.offset > last.offset or syntax == DEFLATED
        assert element.path
        assert element.header_length in (8, 12)
        last = element


def pairs() -> Iterator[bytes]:
    """Two data sets behind their transfer syntaxes and the length of the first."""
    seeds = list(data_sets())
    for one, other in zip(seeds, seeds[1:] + seeds[:1], strict=True):
        yield struct.pack("<BBH", one[0], other[0], len(one) - 1) + one[1:] + other[1:]
        yield struct.pack("<BBH", one[0], one[0], len(one) - 1) + one[1:] + one[1:]


def two(data: bytes) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    """The pair that `pairs` made."""
    first, second, length = struct.unpack("<BBH", data[:4].ljust(4, b"\0"))
    rest = data[4:]
    syntaxes = SYNTAXES[first % len(SYNTAXES)], SYNTAXES[second % len(SYNTAXES)]
    return (syntaxes[0], rest[:length]), (syntaxes[1], rest[length:])


@entry(pairs, DecodeError)
def differences(data: bytes) -> None:
    """Nothing differs from itself, and what differs does so both ways."""
    (left_syntax, left), (right_syntax, right) = two(data)
    found = difference(left, left_syntax, right, right_syntax)
    assert bool(found) == bool(difference(right, right_syntax, left, left_syntax))
    assert summary(found)
    for one in (left, left_syntax), (right, right_syntax):
        assert difference(*one, *one) == []


class Bytes:
    """A `Connection` on which these bytes come, in pieces, and then nothing."""

    end = "closed by the peer"

    def __init__(self, data: bytes, piece: int) -> None:
        self._data = data
        self._piece = piece
        self._at = 0
        self._come = 0

    @property
    def buffered(self) -> bytes:
        return self._data[self._at : self._come]

    def fill(self, count: int, timer: Timer, awaited: str) -> bytes:
        self._come = min(len(self._data), max(self._come, self._at + count))
        return self._data[self._at : self._at + count]

    def consume(self, count: int) -> None:
        self._at += count
        assert self._at <= self._come

    def take_some(self, limit: int, timer: Timer, awaited: str) -> memoryview:
        size = min(limit, self._piece)
        taken = self._data[self._at : self._at + size]
        self._at += len(taken)
        self._come = max(self._come, self._at)
        return memoryview(taken)


def message_streams() -> Iterator[bytes]:
    """Messages in PDUs, and an end."""
    for command, dataset in ((echo(), b""), (find(), keys()), (store(), image())):
        encoded = command.encode()
        pdvs = [Pdv(1, True, False, encoded[:20]), Pdv(1, True, True, encoded[20:])]
        stream = PData(tuple(pdvs)).encode()
        if dataset:
            stream += PData((Pdv(1, False, False, dataset[:30]),)).encode()
            stream += PData((Pdv(1, False, True, dataset[30:]),)).encode()
        yield b"\7" + stream + ReleaseRequest().encode()
        yield b"\1" + stream + Abort(2, 1).encode()


@entry(message_streams, DimseError)
def messages(data: bytes) -> None:
    inbound = Inbound(Bytes(data[1:], data[0] + 1 if data else 1))  # type: ignore[arg-type]
    inbound.own_maximum = 16_384
    while True:
        inbound.pending_abort()
        message = inbound.message(60.0, {1: None, 3: None}, lambda context, command: (None, 1 << 20))
        assert message.context_id in (1, 3)
        assert (message.dataset is not None) == message.command.has_data_set


@entry(lambda: [b"\x40" + b"".join(associations()) + one[1:] for one in message_streams()])
def recordings(data: bytes) -> None:
    """Whatever passes can be recorded, shown, and written as pcapng."""
    recorder = Recorder(bulk_limit=64)
    tape = recorder.tape(Endpoints(("127.0.0.1", 50_000), ("127.0.0.1", 104), False))
    piece = data[0] + 1 if data else 1
    for number, at in enumerate(range(1, len(data), piece)):
        (tape.sent if number % 7 == 6 else tape.received)(data[at : at + piece])
    tape.ended(True, "closed")
    assert recorder.dump()
    capture = recorder.pcapng()
    at = 0
    while at < len(capture):  # blocks end with the length that they begin with
        length = struct.unpack_from("<I", capture, at + 4)[0]
        assert struct.unpack_from("<I", capture, at + length - 4)[0] == length
        at += length


@entry(lambda: [write_part10(CT_IMAGE_STORAGE, "1.2.3", IMPLICIT_LITTLE) + image()], DecodeError)
def files(data: bytes) -> None:
    header = part10(data)
    assert 0 < header.dataset_offset <= len(data)


# ---------------------------------------------------------------- harness/scu


@entry(data_sets, PeerViolation)
def identifiers(data: bytes) -> None:
    """What a query brings, read by the accessors that scenarios use."""
    syntax, data = syntax_and_data(data)
    identifier = read_identifier(data, syntax)
    for keyword in identifier:
        if tag_for_keyword(keyword) is not None:
            for read in (identifier.text, identifier.values, identifier.nested, identifier.value_bytes):
                try:
                    read(keyword)
                except PeerViolation:
                    continue


INSTANCE = new_study(Identity(f"{ROOT}.1", "guided"), instances=1, transfer_syntax=EXPLICIT_LITTLE).instance(
    0
)


@entry(lambda: [*data_sets(), b"\1" + INSTANCE.dataset], DecodeError)
def retrieved(data: bytes) -> None:
    """An object that comes back, judged against the one that was stored."""
    syntax, data = syntax_and_data(data)
    item = Received(INSTANCE.sop_class, INSTANCE.sop_instance_uid, syntax, data, CommandSet(()), 1)
    assert isinstance(altered((INSTANCE,), (item,)), str)
    for one in changes(INSTANCE, item):
        assert str(one)


# ---------------------------------------------------------------- harness/bulk

LARGE = {kind: large_object(kind, 300_000, Identity(f"{ROOT}.1", "guided")) for kind in Kind}


class Counting:
    """Who is told of big elements: keeps that what it is told makes sense."""

    def __init__(self) -> None:
        self.is_open = False
        self.taken = 0

    def begin(self, tag: int, length: int) -> None:
        assert not self.is_open
        self.is_open = True

    def alike(self, piece: memoryview) -> int:
        assert self.is_open
        return 0

    def begin_item(self, length: int) -> None:
        assert self.is_open

    def take(self, piece: memoryview) -> None:
        assert self.is_open
        self.taken += len(piece)

    def end(self) -> None:
        assert self.is_open
        self.is_open = False


@entry(lambda: [b"\5" + one for one in data_sets()])
def streams(data: bytes) -> None:
    """The parser never raises, and reads the same however the bytes are cut."""
    piece = data[0] + 1 if data else 1
    syntax, data = syntax_and_data(data[1:])
    outcomes = []
    for size in (piece, len(data) + 1):
        receiver = Counting()
        parser = Parser(syntax, (PIXEL_DATA,), receiver)
        for at in range(0, len(data), size):
            parser.write(data[at : at + size])
        parser.finish()
        assert parser.length == len(data)
        assert len(parser.kept) + receiver.taken <= len(data)
        outcomes.append((bytes(parser.kept), receiver.taken, str(parser.failure)))
    assert outcomes[0] == outcomes[1]


def large_streams() -> Iterator[bytes]:
    """The heads of large objects, with a byte that says which and one for the pieces."""
    for number, large in enumerate(LARGE.values()):
        head = next(iter(large.buffers()))
        yield bytes((number, 250)) + bytes(head[:4000])
        yield bytes((number, 250)) + struct.pack("<HHI", ITEM >> 16, ITEM & 0xFFFF, 0) + PIXELS
    yield b"\0\1" + struct.pack("<HHI", SEQUENCE_END >> 16, SEQUENCE_END & 0xFFFF, 0)


@entry(large_streams)
def large(data: bytes) -> None:
    """A large object that comes back otherwise: always a verdict."""
    number, piece = (data + b"\0\0")[:2]
    stored = list(LARGE.values())[number % len(LARGE)]
    comparison = Comparison(stored, stored.transfer_syntax)
    for at in range(2, len(data), piece + 1):
        comparison.write(data[at : at + piece + 1])
    verdict = comparison.verdict()
    assert verdict.altered  # far too short to be the object
