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

    @property
    def is_silent(self) -> bool:
        """Whether it costs the time that an answer is waited for."""
        return self.symptom is Symptom.SILENT

    @property
    def may_be_late(self) -> bool:
        """Whether more patience may show something else."""
        return self.is_silent

    @property
    def is_told_once(self) -> bool:
        """Silence costs much time and tells little of its cause: one of its kind is enough."""
        return self.is_silent

    @property
    def is_death(self) -> bool:
        """Whether the product's last words are of interest."""
        return self.symptom is Symptom.DIED

    @property
    def is_fatal(self) -> bool:
        """Whether nothing can be judged before the product has begun anew."""
        return self.symptom in (Symptom.DIED, Symptom.HUNG, Symptom.HARMED)
