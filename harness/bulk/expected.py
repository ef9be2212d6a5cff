"""What has to come, made again while it comes, and the first place where it does not."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bulk.rows import Part, blocks_of, length_of
from harness.dimse.difference import first_difference


class Expected:
    """The bytes of some parts, compared with what comes, piece by piece.

    Those before `start` are taken to have come.
    """

    def __init__(self, parts: tuple[Part, ...], start: int = 0) -> None:
        self.length = length_of(parts)
        self.came = start
        """Bytes that have come so far."""
        self.differs_at: int | None = None
        """The offset of the first byte that is another one, or that is too many."""
        self._blocks: Iterator[bytearray] = blocks_of(parts, start, ring=1)
        self._block, self._at = bytearray(), 0

    def take(self, piece: memoryview) -> None:
        """The next bytes that have come.  Behind a difference they are only counted."""
        at = 0
        while self.differs_at is None and at < len(piece):
            if self._at == len(self._block):
                self._block, self._at = next(self._blocks, bytearray()), 0
                if not self._block:
                    self.differs_at = self.came + at
                    break
            length = min(len(piece) - at, len(self._block) - self._at)
            part = piece[at : at + length]
            # Nothing is copied by this; two views are compared byte by byte, and slower.
            if not self._block.startswith(part, self._at):
                wanted = self._block[self._at : self._at + length]
                self.differs_at = self.came + at + first_difference(wanted, bytes(part))
                break
            at += length
            self._at += length
        self.came += len(piece)

    @property
    def is_whole(self) -> bool:
        """Whether all has come, and nothing else."""
        return self.differs_at is None and self.came == self.length

    def words(self, unit: int = 0, name: str = "") -> str:
        """How what came is not what was expected; empty where it is.

        `unit` and `name` say what the place is in: of so many bytes each, as rows or frames are.
        """
        if self.is_whole:
            return ""
        found = []
        if self.came != self.length:
            found.append(f"{self.came:,} bytes instead of {self.length:,}")
        if self.differs_at is not None and self.differs_at < self.length:
            place = f" ({name} {self.differs_at // unit + 1:,})" if unit else ""
            found.append(f"the first difference at byte {self.differs_at:,}{place}")
        return ", ".join(found)
