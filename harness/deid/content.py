"""Content items of structured reports under Clean Structured Content (PS3.15 E.3.4, table E.3.4-1)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from harness.deid.aligning import says_nothing
from harness.deid.findings import Category, Severity
from harness.deid.identifiers import is_instance_uid
from harness.deid.instances import Attribute, Instance
from harness.deid.ledger import Fault, Ledger
from harness.deid.masking import masked
from harness.deid.pairing import Pair
from harness.deid.profile import Action, Option, content_rules
from harness.deid.words import plain

_VALUES = frozenset((0x0040A160, 0x0040A121, 0x0040A122, 0x0040A120, 0x0040A123, 0x0040A124, 0x0040A30A))
"""Text Value, Date, Time, DateTime, Person Name, UID, Numeric Value."""


@dataclass(frozen=True)
class _Item:
    """A content item with a value of its own."""

    concept: tuple[str, str, str]
    """Code value, coding scheme designator, value type."""
    value: Attribute


def judge_content(pair: Pair, claimed: Collection[Option], file: str, ledger: Ledger) -> None:
    """Items whose concept the table names do not say what they said, wherever they stand now."""
    if Option.STRUCTURED not in claimed:
        return
    still = {(item.concept, plain(item.value.text)) for item in _items(pair.after)}
    for item in _items(pair.before):
        rule = content_rules().get(item.concept)
        if rule is None or says_nothing(item.value):
            continue
        actions = rule.actions(claimed)
        if actions & {Action.KEEP, Action.CLEAN}:
            continue
        if item.value.vr == "UI" and not is_instance_uid(item.value.text):
            continue
        if (item.concept, plain(item.value.text)) not in still:
            ledger.right(Category.TEXT_REMOVED)
            continue
        ledger.wrong(
            Fault(
                "content-kept",
                Severity.HIGH if item.concept[2] in ("PNAME", "TEXT") else Severity.MEDIUM,
                Category.TEXT_REMOVED,
                "PS3.15 E.3.4, table E.3.4-1",
                item.value.path,
                f"the {item.concept[2]} item of concept ({item.concept[0]}, {item.concept[1]}) still says "
                f"{masked(item.value.text)}, where the table has {rule.named(claimed)}",
                "Reports name observers, patients and places in content items.",
                "Remove the item, or replace its value by a dummy, as the code says.",
                item.value.tag,
                about=item.concept[0],
            ),
            file,
        )


def _items(instance: Instance) -> Iterator[_Item]:
    attributes = instance.attributes
    for one in attributes.values():
        if one.tag not in _VALUES or "/" not in one.path:
            continue
        item = one.path.rpartition("/")[0]
        kind = attributes.get(f"{item}/(0040,A040)")
        concept = f"{item}/(0040,A043)[0]/"
        code, scheme = (attributes.get(f"{concept}{tag}") for tag in ("(0008,0100)", "(0008,0102)"))
        if kind is not None and code is not None and scheme is not None:
            yield _Item((code.text, scheme.text, kind.text), one)
