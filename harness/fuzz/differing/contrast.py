"""A difference between two products over one case, before it is shrunk and told."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.findings import Aspect, Symptom, Weight
from harness.fuzz.trouble import Trouble

Rows = tuple[tuple[str, str, str], ...]
"""What was seen of both: (of what, at A, at B)."""
OF_ANSWERS = frozenset((Symptom.SILENT, Symptom.ABORTED, Symptom.ILLEGAL_ANSWER, Symptom.ILLEGAL_STATUS))
"""What may be wrong with an answer itself."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """What A did, and what B did.

    `detail` tells apart what one aspect covers, as that of a `Trouble` does.  With `is_told_once` it says all
    of its cause: whatever else is unusual in a case, it is the same difference.
    """

    aspect: Aspect
    what: str
    a: str
    b: str
    detail: str = ""
    clause: str = ""
    breaks: str = ""
    """Who breaks the clause, as `findings.Difference` has it."""
    is_told_once: bool = False
    is_silent: bool = False
    """Whether one of them costs the time that an answer is waited for."""
    may_be_late: bool = False
    """Whether more patience may show something else."""
    is_fatal: bool = False
    """Whether nothing can be judged before B has begun anew."""
    is_death: bool = False
    rows: Rows = field(default=(), compare=False, repr=False)
    """All that was seen of both, the answers that do not differ too."""

    @property
    def signature(self) -> str:
        """``an element that came back: kept / gone, private, OB``."""
        return f"{self.aspect}: {self.detail}"

    @property
    def words(self) -> str:
        """In a line."""
        return f"{self.what}: A {self.a}; B {self.b}"


def broken(
    ours: Trouble | None, theirs: Trouble | None, symptoms: frozenset[Symptom], otherwise: str
) -> tuple[str, str]:
    """The clause of a difference and who breaks it, by what the ordinary oracle says of each.

    `otherwise` is the clause where it accuses nobody of one of the `symptoms`.
    """
    accused = [
        (name, trouble)
        for name, trouble in (("A", ours), ("B", theirs))
        if trouble is not None and trouble.symptom in symptoms and trouble.weight is Weight.FAILURE
    ]
    if not accused:
        return otherwise, ""
    clauses = dict.fromkeys(trouble.clause for _, trouble in accused)
    return "; ".join(clauses), " and ".join(name for name, _ in accused)
