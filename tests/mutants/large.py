"""Archives that fail on what is large alone: `pacs-harness large` has to see it, and no requirement asks."""

from __future__ import annotations

import os

from harness.archive.attributes import AttributeSet
from harness.archive.identifiers import Query
from harness.archive.index import Instance
from harness.archive.semantics import Semantics
from harness.archive.status import Refused
from harness.archive.storage import Staged

LARGE = 12 << 20
"""Bytes from which on these archives go wrong: more than the small object by which a rate is estimated."""


class Damages(Semantics):
    """Changes the file of a large object when it is whole."""

    def damage(self, file: int, size: int) -> None:
        """Change an open file of so many bytes."""

    def coerced(self, staged: Staged) -> Staged:
        if staged.size > LARGE:
            file = os.open(staged.path, os.O_RDWR)
            try:
                self.damage(file, os.fstat(file).st_size)
            finally:
                os.close(file)
        return staged


class FlipsInTheMiddle(Damages):
    def damage(self, file: int, size: int) -> None:
        (before,) = os.pread(file, 1, size // 2)
        os.pwrite(file, bytes([before ^ 1]), size // 2)


class DropsTheTail(Damages):
    def damage(self, file: int, size: int) -> None:
        os.ftruncate(file, size - 4096)


class ZeroesTheTail(Damages):
    """As a preallocated file looks whose last block was never written."""

    def damage(self, file: int, size: int) -> None:
        os.pwrite(file, bytes(4096), size - 4096 - 64)


class RepeatsAPage(Damages):
    def damage(self, file: int, size: int) -> None:
        os.pwrite(file, os.pread(file, 4096, size // 2), size // 2 + 4096)


class _AtReceipt(Semantics):
    def receive(self) -> None:
        """What happens when a large object has been received."""

    def coerced(self, staged: Staged) -> Staged:
        if staged.size > LARGE:
            self.receive()
        return staged


class HasNoRoom(_AtReceipt):
    def receive(self) -> None:
        raise Refused(0xA700, "too large")


class DoesNotLikeIt(_AtReceipt):
    def receive(self) -> None:
        raise Refused(0xA900, "too large")


class Dies(_AtReceipt):
    def receive(self) -> None:
        os._exit(1)


class DoesNotSendIt(Semantics):
    """Acknowledged, and not among what is sent."""

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return [one for one in instances if one.size <= LARGE]


class LosesTheHundredth(Semantics):
    """Of the objects of a study the hundredth is not sent."""

    def to_send(self, instances: list[Instance]) -> list[Instance]:
        return [one for number, one in enumerate(instances, 1) if number != 100]


class FindsAllButTheHundredth(Semantics):
    """Of the objects of a study no query finds the hundredth."""

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        return attributes.text(0x00200013).strip() != "100" and super().match_entity(query, attributes)
