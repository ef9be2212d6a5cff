"""What C-MOVE and C-GET have in common: responses and sub-operation counts (PS3.4 C.4.2 and C.4.3)."""

from __future__ import annotations

from dataclasses import dataclass

from harness.dimse.command import CommandSet
from harness.scu.identifier import Identifier, read_identifier


@dataclass(frozen=True, slots=True)
class Counts:
    """The sub-operation counts of one response; None where the response has no such element."""

    remaining: int | None
    completed: int | None
    failed: int | None
    warning: int | None


def counts_of(response: CommandSet) -> Counts:
    """The counts of a response (PS3.7 9.3.3.2 and 9.3.4.2).  PeerViolation where one is no number."""

    def number(keyword: str) -> int | None:
        return response.integer(keyword) if keyword in response else None

    return Counts(
        number("NumberOfRemainingSuboperations"),
        number("NumberOfCompletedSuboperations"),
        number("NumberOfFailedSuboperations"),
        number("NumberOfWarningSuboperations"),
    )


@dataclass(frozen=True, slots=True)
class Retrieval:
    """All the responses to one C-MOVE or C-GET."""

    pending: tuple[CommandSet, ...]
    final: CommandSet
    final_data_set: bytes | None
    transfer_syntax: str
    pending_data_sets: tuple[bytes, ...] = ()
    """Data sets of pending responses, which should have none."""

    @property
    def status(self) -> int:
        """The final status."""
        return self.final.integer("Status")

    @property
    def counts(self) -> Counts:
        """The counts of the final response."""
        return counts_of(self.final)

    def failed_uids(self) -> tuple[str, ...]:
        """Failed SOP Instance UID List (0008,0058) at the end; PeerViolation where it is absent."""
        return self.final_identifier().values("FailedSOPInstanceUIDList")

    def final_identifier(self) -> Identifier:
        """The Identifier of the final response; PeerViolation where it has none or a damaged one."""
        return read_identifier(self.final_data_set, self.transfer_syntax)
