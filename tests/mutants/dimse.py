"""Defects of command sets, of fragments and of what requests are taken (PS3.7 6.3, 9, C; PS3.8 E)."""

from __future__ import annotations

from io import BytesIO
from typing import ClassVar

from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_dataset

from tests.mutants import wire
from tests.mutants.association import EXPLICIT, Negotiating
from tests.mutants.seed import mutant
from tests.mutants.wire import ABORT, ASSOCIATE_AC, P_DATA, Wire, pdata, pdvs_of, us, value_of

CLASS, FIELD, ID, ANSWERED, PRIORITY, FLAG, STATUS, ORIGINATOR = (
    0x0002,
    0x0100,
    0x0110,
    0x0120,
    0x0700,
    0x0800,
    0x0900,
    0x1030,
)
STORE_RQ, FIND_RQ, CANCEL_RQ = 0x0001, 0x0020, 0x0FFF
STORE_RSP, GET_RSP, FIND_RSP, ECHO_RSP = 0x8001, 0x8010, 0x8020, 0x8030

Elements = list[tuple[int, bytes]]


def replaced(elements: Elements, number: int, value: bytes) -> Elements:
    """Elements with another value for one of them."""
    return [(found, value if found == number else old) for found, old in elements]


def is_response(elements: Elements) -> bool:
    """Whether a command set is a response."""
    return bool((value_of(elements, FIELD) or 0) & 0x8000)


class Pdvs(Wire):
    """Changes PDVs one by one, and with them whole command sets of either side."""

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA:
            for _, control, data in pdvs_of(pdu):
                if control & 3 == 3:
                    self.request(wire.elements_of(data))
        return pdu

    def from_server(self, pdu: bytes) -> bytes:
        return pdata(*[self.pdv(*one) for one in pdvs_of(pdu)]) if pdu[0] == P_DATA else pdu

    def pdv(self, context: int, control: int, data: bytes) -> tuple[int, int, bytes]:
        """A PDV of the archive."""
        if control & 3 == 3:
            data = self.encoded(self.command(wire.elements_of(data)))
        return context, control, data

    def request(self, elements: Elements) -> None:
        """A whole command set of the harness."""

    def command(self, elements: Elements) -> Elements:
        """A whole command set of the archive."""
        return elements

    def encoded(self, elements: Elements) -> bytes:
        """The bytes of a command set."""
        return wire.command_of(elements)


class Failing(Pdvs):
    """Gives a final response to chosen requests a status of failure."""

    status = 0x0110

    def __init__(self, *sockets: object) -> None:
        super().__init__(*sockets)  # type: ignore[arg-type]
        self.chosen: set[int] = set()

    def fails(self, elements: Elements) -> bool:
        """Whether this request is one of them."""
        raise NotImplementedError

    def request(self, elements: Elements) -> None:
        if self.fails(elements):
            self.chosen.add(value_of(elements, ID) or 0)

    def command(self, elements: Elements) -> Elements:
        final = (value_of(elements, STATUS) or 0) & 0xFF00 != 0xFF00
        if is_response(elements) and final and value_of(elements, ANSWERED) in self.chosen:
            return replaced(elements, STATUS, us(self.status))
        return elements


# ------------------------------------------------------------ command sets


@mutant(
    clause="PS3.7 6.3.1",
    defect="command sets are in Explicit VR",
    caught_by=("dimse.command.implicit-little-endian",),
    wire=True,
)
class CommandsExplicit(Pdvs):
    def encoded(self, elements: Elements) -> bytes:
        body = b"".join(
            number.to_bytes(4, "little")[2:]
            + number.to_bytes(2, "little")
            + (b"US" if len(value) == 2 else b"UI")
            + us(len(value))
            + value
            for number, value in elements
        )
        return bytes(4) + b"UL\4\0" + len(body).to_bytes(4, "little") + body


@mutant(
    clause="PS3.7 9.3.5.2",
    defect="the command group length counts itself",
    caught_by=("dimse.command.group-length",),
    wire=True,
)
class GroupLengthCountsItself(Pdvs):
    def encoded(self, elements: Elements) -> bytes:
        return wire.command_of(elements, surplus=12)


@mutant(
    clause="PS3.7 6.3.1",
    defect="Status comes before the elements of lower tags",
    caught_by=("dimse.command.ordered-and-unique",),
    wire=True,
)
class StatusFirst(Pdvs):
    def command(self, elements: Elements) -> Elements:
        return sorted(elements, key=lambda element: element[0] != STATUS)


@mutant(
    clause="PS3.7 6.3.1",
    defect="Status has four bytes",
    caught_by=("dimse.command.value-representations",),
    wire=True,
)
class StatusWide(Pdvs):
    def command(self, elements: Elements) -> Elements:
        return [(number, value + bytes(2) if number == STATUS else value) for number, value in elements]


@mutant(
    clause="PS3.7 6.3.1",
    defect="UIDs of command sets are padded with a space",
    caught_by=("dimse.command.value-representations",),
    wire=True,
)
class UidsPaddedWithSpace(Pdvs):
    def command(self, elements: Elements) -> Elements:
        return [
            (number, value[:-1] + b" " if number == CLASS and value[-1:] == b"\0" else value)
            for number, value in elements
        ]


# ------------------------------------------------------------ responses


@mutant(
    clause="PS3.7 9.3.1.2",
    defect="responses are numbered by a counter of the archive's own",
    caught_by=("dimse.response.message-id",),
    wire=True,
)
class OwnMessageIds(Pdvs):
    count = 40

    def command(self, elements: Elements) -> Elements:
        self.count += 1
        return replaced(elements, ANSWERED, us(self.count))


@mutant(
    clause="PS3.7 9.3.5.2",
    defect="message ids are kept in a byte, and 0 taken for none",
    caught_by=("dimse.response.message-id-extremes",),
    wire=True,
)
class MessageIdsInAByte(Pdvs):
    def command(self, elements: Elements) -> Elements:
        return replaced(elements, ANSWERED, us((value_of(elements, ANSWERED) or 0) & 0xFF or 1))


@mutant(
    clause="PS3.7 9.1.1.1.1",
    defect="a message id that was used before on the association is refused as duplicate invocation",
    caught_by=("dimse.response.message-id-reused",),
    wire=True,
)
class MessageIdsOnce(Failing):
    status = 0x0210

    def __init__(self, *sockets: object) -> None:
        super().__init__(*sockets)
        self.seen: set[int] = set()

    def fails(self, elements: Elements) -> bool:
        id_ = value_of(elements, ID)
        if id_ is None or is_response(elements):
            return False
        used = id_ in self.seen
        self.seen.add(id_)
        return used


@mutant(
    clause="PS3.7 9.3.4.2",
    defect="C-FIND is answered with the command field of C-MOVE",
    caught_by=("dimse.response.command-field",),
    wire=True,
)
class AnsweredAsMove(Pdvs):
    def command(self, elements: Elements) -> Elements:
        return replaced(elements, FIELD, us(0x8021)) if value_of(elements, FIELD) == FIND_RSP else elements


@mutant(
    clause="PS3.7 9.1.2.1.3",
    defect="a response has the SOP class of the request before",
    caught_by=("dimse.response.class-and-instance-echoed",),
    wire=True,
)
class ClassOfTheRequestBefore(Pdvs):
    before = b"1.2.840.10008.1.1\0"

    def command(self, elements: Elements) -> Elements:
        own = next((value for number, value in elements if number == CLASS), b"")
        if not own or not is_response(elements):
            return elements
        changed = replaced(elements, CLASS, self.before)
        self.before = own
        return changed


@mutant(
    clause="PS3.7 9.3.1.2",
    defect="C-STORE-RSP announces a data set that does not come",
    caught_by=("dimse.response.dataset-flag-none",),
    wire=True,
)
class DataSetPromised(Pdvs):
    def command(self, elements: Elements) -> Elements:
        return replaced(elements, FLAG, us(0)) if value_of(elements, FIELD) == STORE_RSP else elements


@mutant(
    clause="PS3.7 9.3.2.2",
    defect="pending responses deny the identifier that follows",
    caught_by=("dimse.response.dataset-flag-present",),
    wire=True,
)
class DataSetDenied(Pdvs):
    def command(self, elements: Elements) -> Elements:
        return replaced(elements, FLAG, us(0x0101)) if value_of(elements, FIELD) == FIND_RSP else elements


@mutant(
    clause="PS3.5 7.1",
    defect="response data sets are in Implicit VR, whatever was agreed",
    caught_by=("dimse.response.transfer-syntax-of-context",),
    wire=True,
)
class AlwaysImplicit(Negotiating):
    explicit: ClassVar[set[int]] = set()

    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        (self.explicit.add if value.endswith(EXPLICIT) else self.explicit.discard)(id_)
        return value

    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA:
            return super().from_server(pdu)
        return pdata(
            *[
                (context, control, self._as_implicit(context, control, data))
                for context, control, data in pdvs_of(pdu)
            ]
        )

    def _as_implicit(self, context: int, control: int, data: bytes) -> bytes:
        if control & 1 or context not in self.explicit:
            return data
        stream = DicomBytesIO()
        stream.is_little_endian, stream.is_implicit_VR = True, True
        write_dataset(stream, read_dataset(BytesIO(data), False, True))
        return stream.getvalue()


@mutant(
    clause="PS3.8 E.1",
    defect="responses come on the first presentation context",
    caught_by=("dimse.response.same-context",),
    wire=True,
)
class FirstContextAnswers(Pdvs):
    def pdv(self, context: int, control: int, data: bytes) -> tuple[int, int, bytes]:
        return 1, control, data


@mutant(
    clause="PS3.7 C.1",
    defect="a stored object is confirmed with the status of HTTP",
    caught_by=("dimse.response.defined-status",),
    wire=True,
)
class HttpStatus(Pdvs):
    def command(self, elements: Elements) -> Elements:
        return replaced(elements, STATUS, us(200)) if value_of(elements, FIELD) == STORE_RSP else elements


@mutant(
    clause="PS3.7 9.1.1.2",
    defect="Success is sent when the command of a C-STORE has come",
    caught_by=("dimse.response.no-early-success",),
    wire=True,
)
class EarlySuccess(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA:
            for context, control, data in pdvs_of(pdu):
                elements = wire.elements_of(data) if control & 1 else []
                if value_of(elements, FIELD) == STORE_RQ:
                    response = [
                        (FIELD, us(STORE_RSP)),
                        (ANSWERED, us(value_of(elements, ID) or 0)),
                        (FLAG, us(0x0101)),
                        (STATUS, us(0)),
                    ]
                    self.to_client(pdata((context, 3, wire.command_of(response))))
        return pdu

    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA:
            for _, control, data in pdvs_of(pdu):
                if control & 1 and value_of(wire.elements_of(data), FIELD) == STORE_RSP:
                    return b""
        return pdu


# ------------------------------------------------------------ fragments sent


@mutant(
    clause="PS3.8 E.1",
    defect="fragments are cut at an odd number of bytes",
    caught_by=("dimse.send.even-fragments",),
    wire=True,
)
class OddFragments(Wire):
    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA:
            return pdu
        cut = b""
        for context, control, data in pdvs_of(pdu):
            cut += pdata((context, control & 1, data[:1])) + pdata((context, control, data[1:]))
        return cut


@mutant(
    clause="PS3.8 E.1",
    defect="the end of a data set is marked by an empty PDV",
    caught_by=("dimse.send.no-empty-pdv",),
    wire=True,
)
class EmptyLast(Wire):
    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA:
            return pdu
        cut = b""
        for context, control, data in pdvs_of(pdu):
            cut += pdata((context, control & 1 if control == 2 else control, data))
            cut += pdata((context, 2, b"")) if control == 2 else b""
        return cut


@mutant(
    clause="PS3.8 E.1",
    defect="a response is written into the middle of a data set",
    caught_by=("dimse.send.no-interleaving",),
    wire=True,
)
class Interleaved(Wire):
    command = b""

    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA:
            return pdu
        for context, control, data in pdvs_of(pdu):
            if control == 3:
                self.command = pdata((context, control, data))
            if control == 0 and self.command:
                pdu, self.command = pdu + self.command, b""
        return pdu


@mutant(
    clause="PS3.8 E.1",
    defect="an identifier and the response after it share a P-DATA-TF",
    caught_by=("dimse.send.one-message-per-pdata",),
    wire=True,
)
class PackedMessages(Wire):
    finding = False
    held = b""

    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA:
            return pdu
        pdvs = pdvs_of(pdu)
        for _, control, data in pdvs:
            if control & 1:
                self.finding = value_of(wire.elements_of(data), FIELD) == FIND_RSP
        held, self.held = self.held, b""
        if self.finding and pdvs[-1][1] == 2:
            self.held = pdu
            return held
        return pdata(*pdvs_of(held), *pdvs) if held else pdu


@mutant(
    clause="PS3.8 E.2",
    defect="a bit of the control header beyond the two defined ones is set",
    caught_by=("dimse.send.control-header-bits",),
    wire=True,
)
class ControlBits(Pdvs):
    def pdv(self, context: int, control: int, data: bytes) -> tuple[int, int, bytes]:
        return context, control | 0x80, data


# ------------------------------------------------------------ what is taken


class Refusing(Wire):
    """Aborts for what it finds wrong with a P-DATA-TF of the harness."""

    def from_client(self, pdu: bytes) -> bytes:
        return self.abort() if pdu[0] == P_DATA and self.wrong(pdvs_of(pdu)) else pdu

    def wrong(self, pdvs: list[tuple[int, int, bytes]]) -> bool:
        """Whether to refuse it."""
        raise NotImplementedError


@mutant(
    clause="PS3.8 E.1",
    defect="command and data set in one P-DATA-TF are refused",
    caught_by=("dimse.receive.command-and-data-in-one-pdu",),
    wire=True,
)
class CommandAlone(Refusing):
    def wrong(self, pdvs: list[tuple[int, int, bytes]]) -> bool:
        return len({control & 1 for _, control, _ in pdvs}) > 1


@mutant(
    clause="PS3.8 E.1",
    defect="the second PDV of a P-DATA-TF is dropped",
    caught_by=("dimse.receive.command-and-data-in-one-pdu",),
    wire=True,
)
class SecondPdvDropped(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        return pdata(pdvs_of(pdu)[0]) if pdu[0] == P_DATA else pdu


@mutant(
    clause="PS3.8 E.1",
    defect="the header of an element has to lie within a fragment",
    caught_by=("dimse.receive.tiny-fragments",),
    wire=True,
)
class TinyFragmentsRefused(Refusing):
    def wrong(self, pdvs: list[tuple[int, int, bytes]]) -> bool:
        return any(len(data) < 8 for _, _, data in pdvs)


@mutant(
    clause="PS3.8 E.1",
    defect="two PDVs of one type in a P-DATA-TF change places",
    caught_by=("dimse.receive.same-type-pdvs-in-one-pdu",),
    wire=True,
)
class PdvsReordered(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        pdvs = pdvs_of(pdu) if pdu[0] == P_DATA else []
        if len(pdvs) == 3 and all(control == 0 for _, control, _ in pdvs):
            return pdata(pdvs[1], pdvs[0], pdvs[2])
        return pdu


@mutant(
    clause="PS3.8 E.1",
    defect="an empty PDV is refused",
    caught_by=("dimse.receive.empty-pdv",),
    wire=True,
)
class EmptyPdvRefused(Refusing):
    def wrong(self, pdvs: list[tuple[int, int, bytes]]) -> bool:
        return any(not data for _, _, data in pdvs)


@mutant(
    clause="PS3.8 E.2",
    defect="the control header is compared as a whole",
    caught_by=("dimse.receive.header-bits-ignored",),
    wire=True,
)
class HeaderCompared(Refusing):
    def wrong(self, pdvs: list[tuple[int, int, bytes]]) -> bool:
        return any(control > 3 for _, control, _ in pdvs)


@mutant(
    clause="PS3.7 C.5",
    defect="every failure is reported as Success",
    caught_by=(
        "dimse.receive.unknown-command",
        "dimse.receive.service-not-of-context",
        "dimse.receive.class-not-of-context",
        "dimse.receive.identifier-missing",
        "dimse.receive.dataset-truncated",
    ),
    wire=True,
)
class FailuresAreSuccess(Pdvs):
    def command(self, elements: Elements) -> Elements:
        status = value_of(elements, STATUS) or 0
        failed = status & 0xF000 in (0xA000, 0xC000) or status & 0xFF00 in (0x0100, 0x0200)
        return replaced(elements, STATUS, us(0)) if failed else elements


@mutant(
    clause="PS3.7 9.3.2.3",
    defect="C-CANCEL has a response of its own",
    caught_by=("dimse.receive.cancel-unknown-id", "dimse.receive.cancel-after-final"),
    wire=True,
)
class CancelAnswered(Wire):
    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA:
            for context, control, data in pdvs_of(pdu):
                elements = wire.elements_of(data) if control & 1 else []
                if value_of(elements, FIELD) == CANCEL_RQ:
                    response = [
                        (FIELD, us(FIND_RSP)),
                        (ANSWERED, us(value_of(elements, ANSWERED) or 0)),
                        (FLAG, us(0x0101)),
                        (STATUS, us(0xFE00)),
                    ]
                    self.to_client(pdata((context, 3, wire.command_of(response))))
        return pdu


@mutant(
    clause="PS3.7 9.3.2.1",
    defect="priority HIGH is refused",
    caught_by=("dimse.receive.priority-values",),
    wire=True,
)
class HighRefused(Failing):
    def fails(self, elements: Elements) -> bool:
        return value_of(elements, PRIORITY) == 1


@mutant(
    clause="PS3.7 9.3.1.1",
    defect="a C-STORE without Move Originator is refused",
    caught_by=("dimse.receive.optional-elements-absent",),
    wire=True,
)
class OriginatorDemanded(Failing):
    def fails(self, elements: Elements) -> bool:
        is_store = value_of(elements, FIELD) == STORE_RQ
        return is_store and not any(number == ORIGINATOR for number, _ in elements)


@mutant(
    clause="PS3.7 A.4",
    defect="a request that comes before the response to the one before is taken for its data set",
    caught_by=("dimse.receive.pipelined-without-window",),
    wire=True,
)
class PipelineConfused(Failing):
    def fails(self, elements: Elements) -> bool:
        return bool(self.position)


@mutant(
    clause="PS3.7 A.4",
    defect="responses of all associations go to the one that was opened last",
    caught_by=("dimse.operation.response-on-same-association",),
    wire=True,
)
class AnswersToTheLast(Wire):
    last: ClassVar[list[Wire]] = []

    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] == ASSOCIATE_AC:
            self.last[:] = [self]
        if pdu[0] == P_DATA and self.last[0] is not self:
            self.last[0].to_client(pdu)
            return b""
        return pdu


@mutant(
    clause="PS3.7 A.4",
    defect="what fails gets no response",
    caught_by=("dimse.operation.all-confirmed",),
    wire=True,
)
class FailureUnanswered(Wire):
    def from_server(self, pdu: bytes) -> bytes:
        if pdu[0] == ABORT:
            return b""
        if pdu[0] == P_DATA:
            for _, control, data in pdvs_of(pdu):
                status = (value_of(wire.elements_of(data), STATUS) or 0) if control & 1 else 0
                if status & 0xFF00 not in (0, 0xFF00):
                    return b""
        return pdu
