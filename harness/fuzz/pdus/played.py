"""What came back on the connections of a script: PDU by PDU, and how each connection ended."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from harness.dimse.pdu import Pdu


class Ending(enum.StrEnum):
    """How a connection ended."""

    OPEN = "left open by the product"
    CLOSED = "closed by the product"
    RESET = "reset by the product"
    OURS = "closed by the harness"
    NEVER = "never came about"


@dataclass(frozen=True, slots=True)
class Heard:
    """A PDU that came on connection `on` after step number `after` was begun.

    `pdu` is None for bytes that are none: all that came from there on, and `why` says what is wrong.
    """

    on: int
    after: int
    data: bytes = field(repr=False)
    pdu: Pdu | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """What a product did with a script.  `seconds` is how long all of it took."""

    heard: tuple[Heard, ...]
    endings: tuple[tuple[int, Ending], ...]
    unanswered: tuple[int, ...]
    """Steps that awaited what never came, on a connection that was still open."""
    patience: float
    """Seconds that an owed answer had."""
    seconds: float
    is_cut: bool = False
    """Whether more came than is kept."""

    def on(self, connection: int) -> tuple[Heard, ...]:
        """What came on one connection."""
        return tuple(one for one in self.heard if one.on == connection)

    def ending(self, connection: int) -> Ending:
        """How that connection ended."""
        return dict(self.endings).get(connection, Ending.NEVER)
