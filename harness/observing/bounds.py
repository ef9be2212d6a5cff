"""How far a look at a product goes: what fails is a remark, and after some failures nothing more is asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.dimse.errors import AssociationRejected, DimseError, NoAnswer, NotAccepted, Unreachable
from harness.plugin.outcomes import ArrangementFailed, NotSupported, NotTested

MAX_FAILURES = 5
"""What may fail before the look is given up: a product that chokes is not pushed on."""


@dataclass
class Look:
    """Remembers what could not be seen, and when to stop."""

    remarks: list[str] = field(default_factory=list)
    failed: int = 0
    ended: bool = False

    @contextlib.contextmanager
    def at(self, what: str) -> Iterator[None]:
        """A part of the look: what the product does not offer, or does wrong there, is a remark."""
        try:
            yield
        except NotAccepted as refusal:
            self.remarks.append(f"{what}: {refusal}")
        except (NotTested, NotSupported) as reason:
            self.remarks.append(f"{what}: {reason}")
        except (DimseError, ArrangementFailed) as error:
            self.failure(what, error)

    def failure(self, what: str, error: DimseError | ArrangementFailed) -> None:
        """Note it, and end the look where the product is silent, has no room, or fails again and again."""
        self.failed += 1
        cause = error.__cause__ if isinstance(error, ArrangementFailed) else error
        silent = isinstance(cause, NoAnswer | Unreachable)
        no_room = isinstance(cause, AssociationRejected) and cause.transient
        self.ended = self.ended or silent or no_room or self.failed >= MAX_FAILURES
        self.remarks.append(f"{what}: {error}" + ("; nothing more was asked" if self.ended else ""))
