"""C-FIND of the Modality Worklist as SCU (PS3.4 K.4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

from harness.dimse.errors import PeerViolation
from harness.scu.find import Matches, find_with
from harness.scu.identifier import Identifier, keys_of
from harness.scu.session import Scu, open_for
from harness.scu.status import describe
from harness.scu.uids import MODALITY_WORKLIST

SEQUENCE = "ScheduledProcedureStepSequence"


@dataclass(frozen=True, slots=True)
class Item:
    """One worklist item of an answer."""

    identifier: Identifier

    @property
    def step(self) -> Identifier:
        """The one item of the Scheduled Procedure Step Sequence.  PeerViolation where there is another
        number (PS3.4 table K.6-1)."""
        items = self.identifier.nested(SEQUENCE)
        if len(items) != 1:
            raise PeerViolation(
                "PS3.4 K.6.1.2.2", f"one item in {SEQUENCE}", f"{len(items)} items", self.identifier.raw
            )
        return items[0]


@dataclass(frozen=True, slots=True)
class Worklist:
    """All that came back for one query of the worklist."""

    matches: Matches

    @property
    def items(self) -> tuple[Item, ...]:
        """The items of the pending responses, in order."""
        return tuple(Item(identifier) for identifier in self.matches.identifiers)

    def require_success(self) -> Worklist:
        """Itself, where the final status is Success.  Raises PeerViolation otherwise (PS3.4 K.4.1.1.4)."""
        if self.matches.status != 0:
            raise PeerViolation(
                "PS3.4 K.4.1.1.4", "final status 0x0000 (success)", describe(self.matches.final)
            )
        return self


def worklist_keys(step: Mapping[str, Any] | None, keys: Mapping[str, Any]) -> Dataset:
    """Keys of a query: None asks for an attribute, a value has to match.

    ``step`` are the keys in the item of the Scheduled Procedure Step Sequence; None leaves the sequence out.
    """
    identifier = keys_of(None, keys)
    if step is not None:
        inner = keys_of(None, step)
        if "SpecificCharacterSet" in inner:
            identifier.SpecificCharacterSet = inner.SpecificCharacterSet
            del inner.SpecificCharacterSet
        identifier.ScheduledProcedureStepSequence = [inner]
    return identifier


def find_worklist(scu: Scu, identifier: Dataset, *, cancel_after: int | None = None) -> Worklist:
    """One query on an association of its own.  Raises NotAccepted where there is no Modality Worklist."""
    with open_for(scu, MODALITY_WORKLIST) as association:
        return Worklist(find_with(association, MODALITY_WORKLIST, identifier, cancel_after=cancel_after))
