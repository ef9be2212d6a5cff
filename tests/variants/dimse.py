"""Legal, unusual messages (PS3.7 9 and E, PS3.8 E)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.archive.messages import N_CREATE_RQ
from harness.archive.semantics import Semantics
from tests.mutants.wire import P_DATA, pdata, pdvs_of
from tests.variants.seed import variant

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from harness.archive.messages import Message


@variant(
    clause="PS3.8 E.1",
    peculiarity="everything is sent in fragments of 64 bytes, each in a P-DATA-TF of its own",
)
class SmallFragments(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA:
            return pdu
        cut = b""
        for context, control, data in pdvs_of(pdu):
            for at in range(0, len(data), 64):
                last = control if at + 64 >= len(data) else control & 1
                cut += pdata((context, last, data[at : at + 64]))
        return cut


@variant(
    clause="PS3.8 E.1",
    peculiarity="consecutive PDVs of one type share a P-DATA-TF, which is advised against and to be taken",
)
class TwoPdvs(Semantics):
    def outgoing_pdu(self, pdu: bytes) -> bytes:
        if pdu[0] != P_DATA:
            return pdu
        pdvs = []
        for context, control, data in pdvs_of(pdu):
            # The second PDV has a header of its own, six bytes that a full PDU has no room for.
            if len(pdu) < 200 and len(data) >= 8:
                pdvs += [(context, control & 1, data[:4]), (context, control, data[4:])]
            else:
                pdvs.append((context, control, data))
        return pdata(*pdvs)


@variant(
    clause="PS3.7 9.1.1.1.3 f., 9.1.2.1.3, 10.1.5.1.4",
    peculiarity="responses name no affected SOP class, and the instance where the archive chose it alone",
)
class TersestResponses(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        is_own = request.field == N_CREATE_RQ and "AffectedSOPInstanceUID" not in request.command
        for keyword in ("AffectedSOPClassUID", *(() if is_own else ("AffectedSOPInstanceUID",))):
            if keyword in command:
                delattr(command, keyword)
        return command


@variant(
    clause="PS3.7 9.1.2.1.1",
    peculiarity="responses carry Message ID too, as former editions had it, with a value that means nothing",
)
class RetiredMessageId(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        command.MessageID = 0x4242
        return command


@variant(clause="PS3.7 E.1", peculiarity="0102H announces a data set")
class FlagUnusual(Semantics):
    def response_command(self, request: Message, command: Dataset) -> Dataset:
        if command.CommandDataSetType != 0x0101:
            command.CommandDataSetType = 0x0102
        return command
