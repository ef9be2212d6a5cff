"""Wrong identities in a row, by who claims what: what slows down those who guess (CWE-307).

Counted in memory, in each process for itself, and bounded: names are the guesser's to choose.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

MOST_CLAIMS = 1000
"""Claims remembered; beyond them the one that was made longest ago is forgotten."""

Claim = tuple[str, int, bytes]
"""Address, User-Identity-Type and Primary-field."""


class WrongIdentities:
    """How often in a row each claim was wrong."""

    def __init__(self) -> None:
        self._counts: OrderedDict[Claim, int] = OrderedDict()
        self._lock = threading.Lock()

    def another(self, claim: Claim) -> int:
        """Count one more; how many there are now."""
        with self._lock:
            count = self._counts.pop(claim, 0) + 1
            self._counts[claim] = count
            if len(self._counts) > MOST_CLAIMS:
                self._counts.popitem(last=False)
            return count

    def forget(self, claim: Claim) -> None:
        """The claim was proved."""
        with self._lock:
            self._counts.pop(claim, None)
