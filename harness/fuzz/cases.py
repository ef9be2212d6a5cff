"""What is put to a product: the bytes of one case, and what they are."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Pace(enum.Enum):
    """How long an answer is waited for, in deadlines of the target file."""

    HASTY = 0.1
    """Where it is known that some never come, and another such tells nothing new."""
    ORDINARY = 1.0
    PATIENT = 4.0
    """Before silence is called that: what is late is not lost."""


@dataclass(frozen=True, slots=True)
class Sendable:
    """The pairs of SOP class and transfer syntax in which the product takes objects."""

    pairs: tuple[tuple[str, str], ...]

    def syntaxes_of(self, sop_class: str) -> tuple[str, ...]:
        """The transfer syntaxes of a class, in the order in which they were proposed."""
        return tuple(syntax for taken, syntax in self.pairs if taken == sop_class)


@dataclass(frozen=True, slots=True)
class DataSetCase:
    """One object, as it goes on the wire.

    `traits` say in a word or two each what is unusual in it ("private block", "UN of undefined length"), for
    people and for telling findings apart.  A case with `damage` is no valid data set: the words say what was
    done to it, and nothing is promised of what comes back.
    """

    sop_class: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    patient_id: str
    transfer_syntax: str
    dataset: bytes = field(repr=False)
    traits: tuple[str, ...] = ()
    damage: str = ""

    @property
    def size(self) -> int:
        """Bytes of the data set."""
        return len(self.dataset)

    @property
    def marks(self) -> frozenset[str]:
        """What tells its causes apart from those of other cases."""
        return frozenset((*self.traits, self.damage) if self.damage else self.traits)

    @property
    def is_valid(self) -> bool:
        """Whether what an archive acknowledges of it has to come back unchanged."""
        return not self.damage
