"""Messages out of the P-DATA-TF that came back, each judged by itself (PS3.8 E, PS3.7 6.3.1 and 9.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.dimse.command import CommandSet, decode_command
from harness.dimse.errors import PeerViolation
from harness.dimse.pdu import PData, Pdv


@dataclass(frozen=True, slots=True)
class Fragment:
    """A command set that came back whole, or what is wrong with the fragments there."""

    context_id: int
    command: CommandSet | None
    violation: PeerViolation | None = None
    command_field: int = 0
    answered: int = 0
    status: int = 0

    @property
    def name(self) -> str:
        """For people."""
        return "a fragment" if self.command is None else self.command.name

    @property
    def is_request(self) -> bool:
        """Whether it asks for something, as an SCP does in C-GET and with N-EVENT-REPORT."""
        return self.command is not None and self.violation is None and not self.is_response

    @property
    def is_response(self) -> bool:
        """Whether it answers anything; requests of an SCP are legal in themselves (C-GET, N-EVENT-REPORT)."""
        return bool(self.command_field & 0x8000)


class Answers:
    """The messages of one connection, fragment by fragment."""

    def __init__(self) -> None:
        self._command = bytearray()
        self._context: int | None = None
        self._awaits_data = False

    def taken(self, pdu: PData) -> Iterator[Fragment]:
        """What a further P-DATA-TF completes."""
        for pdv in pdu.pdvs:
            if self._context not in (None, pdv.context_id) or pdv.is_command is self._awaits_data:
                expected = f"{'a data set' if self._awaits_data else 'a command'} fragment of one message"
                observed = (
                    f"{'a command' if pdv.is_command else 'a data set'} fragment on context {pdv.context_id}"
                )
                yield Fragment(pdv.context_id, None, PeerViolation("PS3.8 E.1", expected, observed, pdv.data))
                return
            self._context = pdv.context_id
            if pdv.is_command:
                self._command += pdv.data
                if pdv.is_last:
                    yield self._whole(pdv)
            elif pdv.is_last:
                self._awaits_data, self._context = False, None

    def _whole(self, pdv: Pdv) -> Fragment:
        data = bytes(self._command)
        self._command.clear()
        self._context, self._awaits_data = None, False
        command: CommandSet | None = None
        try:
            command = decode_command(data)
            field = command.integer("CommandField")
            if command.has_data_set:
                self._context, self._awaits_data = pdv.context_id, True
            if not field & 0x8000:
                return Fragment(pdv.context_id, command, None, field)
            answered, status = command.integer("MessageIDBeingRespondedTo"), command.integer("Status")
        except PeerViolation as violation:
            return Fragment(pdv.context_id, command, violation)
        return Fragment(pdv.context_id, command, None, field, answered, status)
