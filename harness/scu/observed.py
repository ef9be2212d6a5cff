"""Messages read PDU by PDU and kept with the PDVs that brought them, so that PS3.8 annex E can be judged.

`Association.receive_message` is for all else: it streams, and tells nothing of fragments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.dimse.association import Association
from harness.dimse.command import Command, CommandSet, decode_command
from harness.dimse.errors import MisuseError, PeerViolation, UnexpectedPdu
from harness.dimse.inbound import Message, aborted
from harness.dimse.pdu import Abort, PData, Pdv, name_of
from harness.scu.find import MAX_RESPONSES
from harness.scu.inbox import received_from, store_response
from harness.scu.progress import Progress
from harness.scu.status import PENDING, is_request

MESSAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of a message that are kept."""
PDV_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class Observed:
    """One message and the P-DATA-TF PDUs that it came in."""

    command: CommandSet
    dataset: bytes | None
    pdus: tuple[PData, ...]

    @property
    def pdvs(self) -> tuple[Pdv, ...]:
        """All its fragments, in order."""
        return tuple(pdv for pdu in self.pdus for pdv in pdu.pdvs)

    @property
    def context_id(self) -> int:
        """The presentation context that it came on."""
        return self.pdus[0].pdvs[0].context_id

    @property
    def is_final(self) -> bool:
        """Whether it is a response with a status that is not Pending."""
        return bool(self.command.integer("CommandField") & 0x8000) and (
            self.command.integer("Status") not in PENDING
        )


def observe(association: Association) -> Observed:
    """The next message.

    Raises PeerAborted, UnexpectedPdu, PeerViolation where a P-DATA-TF mixes messages or a message mixes
    presentation contexts (PS3.8 E.1), DecodeError for a damaged command set.
    """
    pdus: list[PData] = []
    fragments: list[Pdv] = []
    command: CommandSet | None = None
    done = False
    while not done:
        pdu = association.receive_pdu()
        if isinstance(pdu, Abort):
            raise aborted(pdu, "a DIMSE message")
        if not isinstance(pdu, PData):
            raise UnexpectedPdu("PS3.8 9.2.3", "a DIMSE message", name_of(pdu), pdu, pdu.encode())
        pdus.append(pdu)
        for pdv in pdu.pdvs:
            if done:
                raise PeerViolation(
                    "PS3.8 E.1",
                    "the PDVs of one message in a P-DATA-TF",
                    "a PDV after the message's last",
                    pdu.encode(),
                )
            _check(pdv, fragments, command)
            fragments.append(pdv)
            if pdv.is_last and pdv.is_command:
                command = decode_command(_joined(fragments, is_command=True))
                done = not command.has_data_set
            elif pdv.is_last:
                done = True
        if len(fragments) > PDV_LIMIT or sum(len(pdv.data) for pdv in fragments[-64:]) > MESSAGE_LIMIT:
            raise MisuseError(
                f"a message of more than {PDV_LIMIT} fragments or {MESSAGE_LIMIT} bytes is not kept"
            )
    if command is None:
        raise MisuseError("a message without its command set")  # _check has refused it
    dataset = _joined(fragments, is_command=False) if command.has_data_set else None
    return Observed(command, dataset, tuple(pdus))


def _joined(fragments: Iterable[Pdv], *, is_command: bool) -> bytes:
    return b"".join(pdv.data for pdv in fragments if pdv.is_command is is_command)


def _check(pdv: Pdv, before: list[Pdv], command: CommandSet | None) -> None:
    if before and pdv.context_id != before[0].context_id:
        expected = f"the rest of the message on presentation context {before[0].context_id}"
        raise PeerViolation("PS3.8 E.1", expected, f"a fragment on presentation context {pdv.context_id}")
    if pdv.is_command is not (command is None):
        awaited, came = ("command", "data set") if command is None else ("data set", "command")
        raise PeerViolation("PS3.8 E.1", f"a {awaited} fragment", f"a {came} fragment", pdv.data)


def converse(
    association: Association, context_id: int, request: CommandSet, dataset: bytes | None = None
) -> tuple[Observed, ...]:
    """Send a request and take all that comes up to its final response; C-STOREs on the way get Success."""
    association.send_message(context_id, request, dataset)
    progress = Progress(association)
    taken: list[Observed] = []
    while len(taken) <= MAX_RESPONSES:
        message = observe(association)
        taken.append(message)
        if is_request(message.command, Command.C_STORE_RQ):
            if message.context_id not in association.accepted_contexts:
                raise PeerViolation(
                    "PS3.8 7.6.1",
                    "an accepted presentation context",
                    f"presentation context id {message.context_id}",
                )
            whole = Message(message.context_id, message.command, message.dataset, len(message.dataset or b""))
            association.send_message(message.context_id, store_response(received_from(association, whole), 0))
        elif message.is_final:
            return tuple(taken)
        progress.note((message.command, message.dataset))
    raise PeerViolation("PS3.7 9.1", "an answer that ends", f"{len(taken)} messages")
