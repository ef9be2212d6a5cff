"""How a product went wrong over one case, before it is shrunk and told."""

from __future__ import annotations

from dataclasses import dataclass

from harness.findings import Symptom, Weight


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was seen against what had to be.

    `detail` tells apart what one symptom covers (a status, a kind of difference): two cases with the same
    symptom and detail go wrong in the same way.
    """

    symptom: Symptom
    clause: str
    expected: str
    observed: str
    detail: str = ""
    weight: Weight = Weight.FAILURE

    @property
    def signature(self) -> str:
        """``altered: VALUE of LO``."""
        return f"{self.symptom}: {self.detail}" if self.detail else str(self.symptom)
