"""UIDs over all files: one becomes one, different ones stay different, references lead somewhere."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.deid.aligning import Aligned, Outcome
from harness.deid.findings import Category, Severity
from harness.deid.identifiers import WELL_KNOWN, is_instance_uid
from harness.deid.instances import Attribute
from harness.deid.ledger import Fault, Ledger
from harness.deid.masking import masked
from harness.deid.profile import Action, rule_of

_CLAUSE = "PS3.15 table E.1-1, code U"
_DEFINING = (0x00080018, 0x0020000D, 0x0020000E, 0x00200052)
"""Where an object, a study, a series and a frame of reference get their UIDs."""
_REFERENCE = 0x00081155


@dataclass(frozen=True)
class _Use:
    one: Attribute
    new: str
    file: str


@dataclass
class UidMap:
    """What became of every UID of a thing, at every place where it stood."""

    _uses: dict[str, list[_Use]] = field(default_factory=lambda: defaultdict(list))

    def add(self, aligned: Aligned, file: str, ledger: Ledger) -> None:
        """Note one attribute; structural UIDs are judged at once."""
        one, other = aligned.before, aligned.after
        if one.vr != "UI" or not aligned.exact or other is None:
            return
        if not other.has_value:
            if rule_of(one.tag) is None and one.text.startswith(WELL_KNOWN):
                ledger.wrong(_structural(one, "is empty, where there was"), file)
            return
        if one.tag >> 16 == 0x0002 and one.tag != 0x00020003:
            return  # which syntax and which implementation: they may well be others
        old, new = one.text.split("\\"), other.text.split("\\")
        if len(old) != len(new):
            return
        for before, after in zip(old, new, strict=True):
            if is_instance_uid(before):
                self._uses[before].append(_Use(one, after, file))
            elif before != after and rule_of(one.tag) is None and before.startswith(WELL_KNOWN):
                ledger.wrong(_structural(one, "has another value than"), file)

    def judge(self, ledger: Ledger) -> None:
        """All places together."""
        merged: dict[str, set[str]] = defaultdict(set)
        for old, uses in self._uses.items():
            new = _new_of(uses)
            if new == old and all(use.new == old for use in uses):
                continue  # kept everywhere: whether that is right is a matter of each attribute
            defining = any(use.one.tag in _DEFINING for use in uses)
            for use in uses:
                self._judge_use(use, old, new, defining, ledger)
            if defining:
                merged[new].add(old)
        self._judge_merged(merged, ledger)

    def _judge_use(self, use: _Use, old: str, new: str, defining: bool, ledger: Ledger) -> None:
        if use.new == new:
            ledger.right(Category.UID_CONSISTENT)
            return
        rule = rule_of(use.one.tag)
        kept = use.new == old
        if kept and rule is not None and rule.basic == "U" and not use.one.is_private:
            return  # said of the attribute itself
        reference = use.one.tag == _REFERENCE and defining
        if kept:
            seen = f"still has the UID {masked(old)}, which is replaced in other places"
        elif reference:
            seen = "refers to an object of the set by a UID that this object does not have any more"
        else:
            seen = "has another new UID than the same old UID has in other places"
        ledger.wrong(
            Fault(
                "reference-broken" if reference else "uid-kept-here" if kept else "uid-inconsistent",
                Severity.MEDIUM,
                Category.UID_CONSISTENT,
                _CLAUSE,
                use.one.path,
                seen,
                "Objects that belong together no longer find each other, or the old UID leads to originals.",
                "Give an old UID one and the same new one, in all files and at every depth.",
                use.one.tag,
            ),
            use.file,
        )

    def _judge_merged(self, merged: dict[str, set[str]], ledger: Ledger) -> None:
        for new, olds in merged.items():
            if len(olds) < 2 or not is_instance_uid(new):
                continue
            use = next(use for use in self._uses[min(olds)] if use.new == new and use.one.tag in _DEFINING)
            ledger.wrong(
                Fault(
                    "uid-merged",
                    Severity.MEDIUM,
                    Category.UID_CONSISTENT,
                    _CLAUSE,
                    use.one.path,
                    f"{len(olds)} different UIDs became one and the same",
                    "An archive takes them for one object, and keeps one of them.",
                    "Give different UIDs different new ones.",
                    use.one.tag,
                ),
                use.file,
            )


def _new_of(uses: Sequence[_Use]) -> str:
    """What the UID became: where it is defined if that is known, else at most places."""
    defined = [use.new for use in uses if use.one.tag in _DEFINING]
    return Counter(defined or [use.new for use in uses]).most_common(1)[0][0]


def judge_uid(one: Aligned, file: str, ledger: Ledger) -> None:
    """Whether a new UID is one (PS3.5 9.1)."""
    other = one.after
    rule = rule_of(one.before.tag)
    if other is None or one.outcome is not Outcome.REPLACED or rule is None or one.before.vr != "UI":
        return
    if Action.UID not in rule.actions(()) or all(map(is_uid, other.text.split("\\"))):
        return
    ledger.wrong(
        Fault(
            "uid-not-legal",
            Severity.LOW,
            Category.UID_CHANGED,
            f"{_CLAUSE}; PS3.5 9.1",
            one.before.path,
            f"has the value {masked(other.text)}, which is no UID",
            "Readers refuse objects whose UIDs are none.",
            "Make UIDs below a root of your own, or 2.25 and a UUID (PS3.5 B.2): at most 64 characters.",
            one.before.tag,
        ),
        file,
    )


def is_uid(text: str) -> bool:
    """Digits and dots, no leading zeros, at most 64 characters (PS3.5 9.1)."""
    parts = text.split(".")
    return len(text) <= 64 and all(
        part.isascii() and part.isdigit() and (part == "0" or part[0] != "0") for part in parts
    )


def _structural(one: Attribute, seen: str) -> Fault:
    return Fault(
        "structural-uid",
        Severity.LOW,
        Category.UID_CONSISTENT,
        "PS3.15 E.3.9 note 4",
        one.path,
        f"{seen} {one.text}, a UID of the standard itself",
        "It says what kind of thing the object is, and of nobody who that is.",
        "Leave UIDs that the standard defines as they are.",
        one.tag,
    )
