"""The attributes of an object before and after, beside each other, and what became of each."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from harness.deid.identifiers import is_instance_uid
from harness.deid.instances import TEXT_VRS, Attribute, Attributes
from harness.deid.pairing import Pair
from harness.deid.profile import rule_of
from harness.deid.words import NO_DATES, plain

MEANINGLESS = frozenset(
    ("", "none", "unknown", "anonymous", "anonymized", "anonymised", "removed", "na", "n/a")
)
"""Values that say nothing, so that there is nothing to protect."""


class Outcome(enum.Enum):
    """What became of an attribute."""

    GONE = "is gone"
    EMPTY = "is empty"
    KEPT = "is unchanged"
    REPLACED = "has another value"


@dataclass(frozen=True)
class Aligned:
    """An attribute of BEFORE that has a value, and what became of it.

    `exact` says that both stand at the same place: false where a sequence around them has another number of
    items, so that the same value was looked for in all of these.
    """

    before: Attribute
    after: Attribute | None
    outcome: Outcome
    exact: bool = True


def aligned(pair: Pair) -> Iterator[Aligned]:
    """Everything of BEFORE that has a value; what lies in a sequence that is gone is gone with it."""
    before, after = pair.before.attributes, pair.after.attributes
    moved: dict[str, str] = {}
    left_out: set[str] = set()
    for path, one in before.items():
        parent = parent_of(path)
        if parent in left_out:
            left_out.add(path)
            continue
        if parent in moved or (parent and after[parent].items != before[parent].items):
            # Items were taken out or added: which is which nobody can tell.
            moved[path] = moved.get(parent, parent)
            if one.has_value and not one.is_sequence:
                yield _anywhere(one, after, moved[path])
            continue
        other = after.get(path)
        if one.is_sequence and (other is None or not other.items):
            left_out.add(path)
        if one.has_value:
            yield Aligned(one, other, outcome(one, other, before, after))


def parent_of(path: str) -> str:
    """The path of the sequence around it; empty at the top level."""
    return path.rpartition("/")[0].rpartition("[")[0]


def _anywhere(one: Attribute, after: Attributes, sequence: str) -> Aligned:
    alike = [other for other in after.below(sequence) if other.shape == one.shape]
    same = next((other for other in alike if is_kept(one, other)), None)
    if same is not None:
        return Aligned(one, same, Outcome.KEPT, False)
    return Aligned(one, alike[0] if alike else None, Outcome.REPLACED if alike else Outcome.GONE, False)


def outcome(one: Attribute, other: Attribute | None, before: Attributes, after: Attributes) -> Outcome:
    """What became of one attribute."""
    if other is None:
        return Outcome.GONE
    if not other.has_value:
        return Outcome.EMPTY
    if one.is_sequence:
        # Of others the items alone count.
        kept = rule_of(one.tag) is not None and _still_says(one, other, before, after)
    else:
        kept = is_kept(one, other)
    return Outcome.KEPT if kept else Outcome.REPLACED


def _still_says(one: Attribute, other: Attribute, before: Attributes, after: Attributes) -> bool:
    """Whether any value in a sequence is one that was there: at its place, or anywhere if items have gone."""
    told = (inner for inner in before.below(one.path) if _means(inner))
    if one.items == other.items:
        return any(inner.path in after and is_kept(inner, after[inner.path]) for inner in told)
    left = {(inner.shape, inner.vr, inner.value) for inner in after.below(other.path)}
    return any((inner.shape, inner.vr, inner.value) in left for inner in told)


def _means(one: Attribute) -> bool:
    """Whether it is more than structure, so that a sequence that still has it still says the same."""
    if one.is_sequence or not one.has_value or one.vr == "CS" or one.tag in (0x00080102, 0x00080103):
        return False
    if "(0040,A043)" in one.path:
        return False  # what a content item is about, and not what it says
    return one.vr != "UI" or is_instance_uid(one.text)


def is_kept(one: Attribute, other: Attribute) -> bool:
    """Whether the value is the same, or one that still holds it."""
    if one.is_sequence or other.is_sequence:
        return False
    if one.vr not in TEXT_VRS or other.vr not in TEXT_VRS:
        return one.value.rstrip(b"\0 ") == other.value.rstrip(b"\0 ") and one.digest == other.digest
    old, new = (" ".join(plain(each.text).split()) for each in (one, other))
    if old == new:
        return True
    long = len(old) >= 6 and one.vr in ("LO", "LT", "PN", "SH", "ST", "UC", "UT")
    return long and old in new


def says_nothing(one: Attribute) -> bool:
    """A value from which nobody learns anything, so that it may stay."""
    if one.is_sequence:
        return False
    if one.vr not in TEXT_VRS:
        return not one.value.strip(b"\0")
    if one.vr == "UI":
        return not any(map(is_instance_uid, one.text.split("\\")))
    text = plain(one.text)
    if one.vr in ("DA", "DT") and text[:8] in NO_DATES:
        return True
    other_sex = one.tag == 0x00100040 and text == "o"
    return text in MEANINGLESS or not text.strip("0.:+-^ ") or other_sex
