"""Statuses that the archive answers, and the answers themselves (PS3.4 B.2.3, C.4; PS3.7 Annex C)."""

from __future__ import annotations

from dataclasses import dataclass, field

SUCCESS = 0x0000
PENDING = 0xFF00
PENDING_WARNING = 0xFF01
CANCEL = 0xFE00
ATTRIBUTES_NOT_SUPPORTED = 0x0001
INVALID_VALUE = 0x0106
ATTRIBUTE_LIST_ERROR = 0x0107
PROCESSING_FAILURE = 0x0110
DUPLICATE_INSTANCE = 0x0111
NO_SUCH_INSTANCE = 0x0112
INVALID_ARGUMENT = 0x0115
INVALID_INSTANCE = 0x0117
MISSING_ATTRIBUTE = 0x0120
MISSING_VALUE = 0x0121
CLASS_NOT_SUPPORTED = 0x0122
NO_SUCH_ACTION = 0x0123
NOT_AUTHORIZED = 0x0124
UNRECOGNIZED_OPERATION = 0x0211
RESOURCE_LIMITATION = 0x0213
OUT_OF_RESOURCES = 0xA700
UNABLE_TO_COUNT = 0xA701
UNABLE_TO_PERFORM = 0xA702
UNKNOWN_DESTINATION = 0xA801
MISMATCH = 0xA900
WARNING_SUBOPERATIONS = 0xB000
CANNOT_UNDERSTAND = 0xC000


@dataclass(frozen=True)
class Answer:
    """A status with the comment (64 characters at most) and the elements that explain it.

    `attributes` goes out as Attribute Identifier List (0000,1005), `error_id` as (0000,0903).
    """

    status: int
    comment: str = ""
    offending: tuple[int, ...] = field(default=())
    attributes: tuple[int, ...] = field(default=())
    error_id: int | None = None


class Refused(Exception):
    """Ends an operation with a failure status."""

    def __init__(
        self,
        status: int,
        comment: str,
        *offending: int,
        attributes: tuple[int, ...] = (),
        error_id: int | None = None,
    ) -> None:
        super().__init__(f"{status:04X}H {comment}")
        self.answer = Answer(status, comment, offending, attributes, error_id)
