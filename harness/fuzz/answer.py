"""What a product answered, in words that are equal for equal answers: nothing of its own is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from harness.dimse.errors import (
    AssociationRejected,
    ConnectionClosed,
    DimseError,
    NoAnswer,
    PeerAborted,
    PeerViolation,
)
from harness.scu.status import name_of, was_done

END, NOTHING = "the end of the connection", "no answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, or what came instead of one."""

    words: str
    is_done: bool = False
    """Whether the operation was performed: Success or a warning."""
    is_silent: bool = False
    is_abort: bool = False
    """Whether the association ended instead."""

    @classmethod
    def of_status(cls, status: int) -> Self:
        """That of a response; its Error Comment is the product's own."""
        return cls(name_of(status), was_done(status))

    @classmethod
    def of_error(cls, error: DimseError) -> Self:
        """What ended the wait for a response."""
        match error:
            case PeerAborted():
                return cls(f"A-ABORT {error.abort.words()}", is_abort=True)
            case AssociationRejected():
                return cls(f"A-ASSOCIATE-RJ, {error.reject.words()}")
            case ConnectionClosed():
                return cls(END, is_abort=True)
            case NoAnswer():
                return cls(NOTHING, is_silent=True)
            case PeerViolation():
                return cls(f"an answer that is none by {error.clause}")
            case _:
                return cls(str(error))
