"""Legal, unusual choices among the presentation contexts of a request (PS3.5 10.1, PS3.8 9.3.3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.archive.negotiation import ContextAnswer, ContextProposal
from harness.archive.semantics import Semantics
from tests.variants.seed import variant

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
LOSSY = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 81, 91, 100, 101, 102, 103))
"""JPEG Baseline and Extended, JPEG-LS near-lossless, JPEG 2000 and MPEG."""


class OneContextEach(Semantics):
    """Accepts one presentation context of an abstract syntax, the rest not (PS3.5 10.1 b, PS3.8 9.3.3.2)."""

    def answer_contexts(self, proposals: Sequence[ContextProposal]) -> list[ContextAnswer]:
        answers = super().answer_contexts(proposals)
        kept: dict[str, int] = {}
        for place, (proposal, answer) in enumerate(zip(proposals, answers, strict=True)):
            before = kept.get(proposal.abstract_syntax)
            if answer.result == 0 and (before is None or self.rank(answer) < self.rank(answers[before])):
                kept[proposal.abstract_syntax] = place
        return [
            answer if answer.result or place in kept.values() else ContextAnswer(2, answer.transfer_syntax)
            for place, answer in enumerate(answers)
        ]

    def rank(self, answer: ContextAnswer) -> int:
        """The lowest is kept, the first of several."""
        return 0


@variant(
    clause="PS3.5 10.1",
    peculiarity="of several contexts of an abstract syntax the first that it can take is taken, no other",
)
class FirstContextOnly(OneContextEach):
    pass


@variant(
    clause="PS3.5 10.1",
    peculiarity="of several contexts of an abstract syntax one is taken, Explicit VR Little Endian rather",
    alone=True,
)
class ExplicitContextOnly(OneContextEach):
    def rank(self, answer: ContextAnswer) -> int:
        return 0 if answer.transfer_syntax == EXPLICIT else 1


@variant(
    clause="PS3.5 10.1",
    peculiarity="an abstract syntax that comes without the default transfer syntax is refused",
)
class DemandsTheDefault(Semantics):
    def answer_contexts(self, proposals: Sequence[ContextProposal]) -> list[ContextAnswer]:
        known = {one.abstract_syntax for one in proposals if IMPLICIT in one.syntaxes}
        # Who has lossy images alone need not offer it.
        known |= {one.abstract_syntax for one in proposals if LOSSY.intersection(one.syntaxes)}
        return [
            answer if proposal.abstract_syntax in known else ContextAnswer(4, proposal.syntaxes[0])
            for proposal, answer in zip(proposals, super().answer_contexts(proposals), strict=True)
        ]
