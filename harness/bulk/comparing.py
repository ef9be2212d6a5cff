"""A large object compared with what comes back of it, while it comes: nothing of it is held.

What stands beside the pixel data is judged by `harness.scu.kept`, which sees through what an archive may
change; pixel data, and the tables that belong to it, are compared with what they have to be, byte by byte.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.bulk.judging import FragmentsJudge, Judge, ValueJudge
from harness.bulk.objects import Fragments, LargeObject
from harness.bulk.parsing import Parser
from harness.dimse.command import CommandSet
from harness.dimse.difference import summary
from harness.dimse.errors import DecodeError
from harness.dimse.walker import PIXEL_DATA, UNDEFINED, shown_tag
from harness.scu.inbox import Received
from harness.scu.kept import changes
from harness.scu.uids import UNCOMPRESSED

_ELEMENT_LIMIT = 20
"""Differences that are told of one object."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What has become of an object: what must not be, and what may be and is worth knowing."""

    altered: tuple[str, ...]
    remarks: tuple[str, ...]


class Comparison:
    """A sink for one object that comes back in a transfer syntax, and the verdict on it."""

    def __init__(self, large: LargeObject, transfer_syntax: str) -> None:
        self._large = large
        self._syntax = transfer_syntax
        syntaxes = {transfer_syntax, large.transfer_syntax}
        self._judges_pixels = len(syntaxes) == 1 or syntaxes <= set(UNCOMPRESSED)
        self._big = {one.tag: one for one in large.big}
        self._seen: list[int] = []
        self._open: Judge | None = None
        self._altered: list[str] = []
        self._remarks: list[str] = []
        self._parser = Parser(transfer_syntax, self._big, self)

    @property
    def length(self) -> int:
        """Bytes that have come so far."""
        return self._parser.length

    @property
    def _frame(self) -> int:
        """Bytes of a native frame, 0 where there is but one."""
        ds = self._large.small.attributes
        return int(ds.Rows * ds.Columns) if "NumberOfFrames" in ds else 0

    def write(self, data: bytes | memoryview) -> None:
        """The next bytes of the data set."""
        self._parser.write(data)

    # ------------------------------------------------------------ told by the parser

    def begin(self, tag: int, length: int) -> None:
        """See `parsing.Receiver`."""
        if tag in self._seen:
            self._altered.append(f"{shown_tag(tag)} comes more than once")
        self._seen.append(tag)
        big = self._big[tag]
        if not self._judges_pixels:
            return
        if (length == UNDEFINED) != isinstance(big.content, Fragments):
            form = "fragments" if length == UNDEFINED else f"one value of {length:,} bytes"
            self._altered.append(f"{shown_tag(tag)} comes as {form}, in transfer syntax {self._syntax}")
        elif isinstance(big.content, Fragments):
            self._open = FragmentsJudge(big.content)
        else:
            self._open = ValueJudge(big.content, self._frame if tag == PIXEL_DATA else 0)

    def alike(self, piece: memoryview) -> int:
        """See `parsing.Receiver`."""
        return 0 if self._open is None else self._open.alike(piece)

    def begin_item(self, length: int) -> None:
        """See `parsing.Receiver`."""
        if self._open is not None:
            self._open.begin_item(length)

    def take(self, piece: memoryview) -> None:
        """See `parsing.Receiver`."""
        if self._open is not None:
            self._open.take(piece)

    def end(self) -> None:
        """See `parsing.Receiver`."""
        self._close()

    def _close(self) -> None:
        if self._open is None:
            return
        name = "Pixel Data" if self._seen[-1] == PIXEL_DATA else shown_tag(self._seen[-1])
        self._altered += [f"{name}: {words}" for words in self._open.altered()]
        self._remarks += [f"{name}: {words}" for words in self._open.remarks()]
        self._open = None

    # ------------------------------------------------------------ the verdict

    def verdict(self) -> Verdict:
        """To be asked once, when all has come."""
        self._parser.finish()
        self._close()
        if self._parser.failure is not None:
            failure = self._parser.failure
            return Verdict((*self._altered, f"{failure.observed} ({failure.clause})"), tuple(self._remarks))
        for tag in self._big:
            if tag not in self._seen and (self._judges_pixels or tag == PIXEL_DATA):
                self._altered.append(f"{shown_tag(tag)} is lost")
        if not self._judges_pixels:
            self._remarks.append(
                f"it came back in transfer syntax {self._syntax} and was sent in "
                f"{self._large.transfer_syntax}: the pixel data was not compared"
            )
        elif self._syntax != self._large.transfer_syntax:
            self._remarks.append(f"it came back in transfer syntax {self._syntax}")
        return Verdict((*self._altered, *self._beside()), tuple(self._remarks))

    def _beside(self) -> list[str]:
        """What has become of the elements beside the big ones."""
        small = self._large.small
        received = Received(
            small.sop_class, small.sop_instance_uid, self._syntax, bytes(self._parser.kept), CommandSet(()), 0
        )
        try:
            found = changes(small, received)
        except DecodeError as error:
            return [f"what came back is no data set: {error}"]
        return [summary(found[:_ELEMENT_LIMIT])] if found else []
