"""One patient before is one after: replacements are the same for all objects (PS3.15 E.1.1 item 2 note 3)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from harness.deid.findings import Category, Severity
from harness.deid.instances import Instance
from harness.deid.ledger import Fault, Ledger
from harness.deid.pairing import STUDY, Pair
from harness.dimse.walker import shown_tag

_ENTITIES = ((0x00100020, 0x00100020), (0x00100010, 0x00100020), (0x00200010, STUDY))
"""An attribute that is to be consistent, and that by which its entity is known."""


def judge_patients(pairs: Sequence[Pair], called: Callable[[Instance], str], ledger: Ledger) -> None:
    """What most objects of a patient or study have is right."""
    for tag, entity in _ENTITIES:
        groups: dict[tuple[str, str], list[Pair]] = defaultdict(list)
        for pair in pairs:
            if pair.before.text(entity) and pair.before.text(tag):
                groups[pair.before.text(entity), pair.before.text(tag)].append(pair)
        for group in groups.values():
            new = Counter(pair.after.text(tag) for pair in group)
            usual = new.most_common(1)[0][0]
            for pair in group:
                if pair.after.text(tag) == usual:
                    ledger.right(Category.PATIENT_CONSISTENT)
                else:
                    ledger.wrong(_fault(tag, len(new)), called(pair.after))


def _fault(tag: int, number: int) -> Fault:
    return Fault(
        "entity-split",
        Severity.LOW,
        Category.PATIENT_CONSISTENT,
        "PS3.15 E.1.1 item 2, note 3",
        shown_tag(tag),
        f"one value became {number} different ones",
        "What belongs to one patient or study is no longer found together.",
        "Choose the replacement once for a patient or study, and use it in all its objects.",
        tag,
    )
