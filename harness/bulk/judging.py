"""What has become of one element that is too large to be held: a value, or fragments."""

from __future__ import annotations

from typing import Protocol

from harness.bulk.expected import Expected
from harness.bulk.objects import ITEM_HEADER, Fragments, item_header
from harness.bulk.rows import Part, length_of


class Judge(Protocol):
    """Is told an element's bytes as they come."""

    def alike(self, piece: memoryview) -> int:
        """How many bytes of this are items exactly as they were sent; they are taken."""

    def begin_item(self, length: int) -> None:
        """The Basic Offset Table begins, or a fragment."""

    def take(self, piece: memoryview) -> None:
        """The next bytes."""

    def altered(self) -> list[str]:
        """What must not be, in words."""

    def remarks(self) -> list[str]:
        """What may be, and is another form than was sent."""


class ValueJudge:
    """A value of defined length; `frame` is the number of bytes of each of several frames, or 0."""

    def __init__(self, content: tuple[Part, ...], frame: int) -> None:
        self._expected = Expected(content)
        self._frame = frame

    def alike(self, piece: memoryview) -> int:
        """There are no items in a value."""
        return 0

    def begin_item(self, length: int) -> None:
        """There is none in a value."""

    def take(self, piece: memoryview) -> None:
        """See `Judge`."""
        self._expected.take(piece)

    def altered(self) -> list[str]:
        """See `Judge`."""
        words = self._expected.words(self._frame, "frame")
        return [words] if words else []

    def remarks(self) -> list[str]:
        """See `Judge`."""
        return []


class FragmentsJudge:
    """A Basic Offset Table and fragments, whose bytes have to be there in order, however they are cut."""

    def __init__(self, content: Fragments) -> None:
        self._content = content
        self._table = Expected((content.true_table,) if content.true_table is not None else ())
        self._has_begun = False
        """Whether the table has."""
        self._count = 0
        """Fragments that have begun."""
        self._came = 0
        """Their bytes, without headers."""
        self._expected = Expected(content.items)
        self._is_in_step = True
        """Whether they have been cut as they were sent: `_expected` has the headers in it, then."""

    def alike(self, piece: memoryview) -> int:
        """See `parsing.Receiver`: to read very many fragments one by one takes longer than to send them."""
        width = self._content.size + ITEM_HEADER
        whole = min(len(piece) // width, self._content.count - 1 - self._count)
        if not self._has_begun or not self._is_in_step or whole < 1 or self._expected.differs_at is not None:
            return 0
        start = self._expected.came
        self._expected.take(piece[: whole * width])
        if self._expected.differs_at is not None:
            whole = (self._expected.differs_at - start) // width
            self._expected = Expected(self._content.items, start + whole * width)
        self._count += whole
        self._came += whole * self._content.size
        return whole * width

    def begin_item(self, length: int) -> None:
        """See `Judge`."""
        if not self._has_begun:
            self._has_begun = True
            return
        if self._is_in_step and (
            self._count >= self._content.count or length != self._content.size_of(self._count)
        ):
            self._is_in_step = False
            if self._expected.differs_at is None:
                self._expected = Expected(self._content.bodies, self._came)
        elif self._is_in_step:
            self._expected.take(memoryview(item_header(length)))
        self._count += 1

    def take(self, piece: memoryview) -> None:
        """See `Judge`."""
        if not self._count:
            self._table.take(piece)
            return
        self._came += len(piece)
        self._expected.take(piece)

    def altered(self) -> list[str]:
        """See `Judge`."""
        if found := self._lost_or_changed():
            return [", ".join(found)]
        has_table = bool(self._table.came)
        if has_table and self._content.true_table is None:
            return ["a Basic Offset Table beside an Extended one (PS3.5 A.4)"]
        if self._is_cut and self._content.frames > 1:
            # The table is of other fragments then; whether it fits those could be told only from all of them.
            return [] if has_table else [f"{self._cut}, without a table: the frames cannot be told apart"]
        if has_table and not self._table.is_whole:
            return [f"a Basic Offset Table that is not of these fragments: {self._table.words()}"]
        return []

    def _lost_or_changed(self) -> list[str]:
        length = length_of(self._content.bodies)
        found = []
        if self._came != length:
            counts = f"{self._count:,} fragments of {self._came:,} bytes"
            found = [f"{counts} instead of {self._content.count:,} of {length:,}"]
        at = self._expected.differs_at
        if at is not None and at < self._expected.length:
            width = self._content.size + (ITEM_HEADER if self._is_in_step else 0)
            found.append(f"the first difference in fragment {at // width + 1:,}")
        return found

    def remarks(self) -> list[str]:
        """See `Judge`."""
        if self._lost_or_changed():
            return []
        found = [self._cut] if self._is_cut else []
        if bool(self._table.came) != bool(self._content.table.length):
            found.append("a Basic Offset Table was " + ("added" if self._table.came else "left out"))
        return found

    @property
    def _is_cut(self) -> bool:
        return not self._is_in_step or self._count != self._content.count

    @property
    def _cut(self) -> str:
        return f"{self._count:,} fragments, cut otherwise than the {self._content.count:,} that were sent"
