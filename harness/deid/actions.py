"""Attribute by attribute: is what became of it what table E.1-1 asks for under the claimed options?"""

from __future__ import annotations

from collections.abc import Collection

from pydicom import config
from pydicom.valuerep import validate_value

from harness.deid.aligning import Aligned, Outcome, says_nothing
from harness.deid.findings import Category, Severity
from harness.deid.instances import Attribute, Instance
from harness.deid.ledger import Fault, Ledger
from harness.deid.masking import masked
from harness.deid.profile import Action, Option, Rule, rule_of
from harness.dimse.walker import shown_tag

_TYPE_2 = (0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00080020, 0x00080030, 0x00080050, 0x00080090,
           0x00200010)  # fmt: skip
_TYPE_1 = (0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00080060)
_OF_PIXELS = (0x00280002, 0x00280004, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103)
REQUIRED = frozenset(map(shown_tag, (*_TYPE_1, *_TYPE_2, *_OF_PIXELS)))
"""What composite objects of patients have at the top level as type 1 or 2 (PS3.3 C.7.1.1, C.7.2.1, C.7.3.1,
C.7.6.3, C.12.1): its loss breaks the IOD, whatever that is."""
_PATIENT = frozenset(
    (
        0x00100020, 0x00100030, 0x00100032, 0x00101000, 0x00101002, 0x00101040, 0x00101090, 0x00102154,
        0x00102155,
    )
)  # fmt: skip
"""IDs, birth, address and telephone of the patient."""
_PERSONS = frozenset(
    (
        0x00080050, 0x00080080, 0x00080081, 0x00080092, 0x00080094, 0x001021B0, 0x00104000, 0x00120040,
        0x00204000, 0x00380010, 0x00401102, 0x00401103, 0x00402016, 0x00402017,
    )
)  # fmt: skip
"""Numbers of orders and admissions, addresses of others, comments on the patient."""
_CHECKED_VRS = frozenset(("AE", "AS", "CS", "DA", "DT", "IS", "DS", "LO", "SH", "TM"))


_WITH_VALUE = frozenset((Action.DUMMY, Action.UID))
"""Codes by which a value is replaced by one that is not of zero length."""


def severity_of(one: Attribute) -> Severity:
    """How much an attribute tells that was to be protected."""
    if one.tag in _PATIENT or (one.vr == "PN" and one.tag >> 16 == 0x0010):
        return Severity.CRITICAL
    return Severity.HIGH if one.vr == "PN" or one.tag in _PERSONS else Severity.MEDIUM


def category_of(one: Attribute) -> Category:
    """The kind of action by which it is protected."""
    if one.vr in ("DA", "DT", "TM"):
        return Category.DATE_SHIFTED
    return Category.UID_CHANGED if one.vr == "UI" else Category.TEXT_REMOVED


def judge_attribute(
    one: Aligned, claimed: Collection[Option], dummies: Collection[int], file: str, ledger: Ledger
) -> bool:
    """Whether it is as it should be.  `dummies` are tags whose values in AFTER are one and the same dummy."""
    before = one.before
    rule = rule_of(before.tag)
    if rule is None or before.is_private or (before.tag >> 16 == 0x0002 and before.tag != 0x00020003):
        return True
    actions = rule.actions(claimed)
    if actions == {Action.KEEP} and before.tag == 0x00020003:
        return True  # the header is written anew (E.3.9 note 5): it has to fit the data set behind it
    if actions == {Action.KEEP}:
        return _judge_kept(one, rule, claimed, file, ledger)
    if actions & {Action.KEEP, Action.CLEAN} or says_nothing(before):
        return True  # what a cleaned value tells is looked for by value
    if before.is_sequence and Action.UID in actions and one.outcome is not Outcome.GONE:
        return True  # X/Z/U*: the UIDs in it have their own row
    fault = _fault(one, rule, actions, claimed, dummies)
    if fault is None:
        ledger.right(category_of(before))
        if one.outcome is Outcome.REPLACED and actions <= _WITH_VALUE:
            ledger.right(Category.TEXT_NOT_NULL)
        if one.outcome is Outcome.REPLACED and actions == {Action.REMOVE}:
            ledger.remark(
                f"{_called(before)} is X (remove) and has another value; E.1.1 item 2 lets a value that "
                "tells nothing stand in its place, and whether this one does is for a person to say"
            )
    else:
        ledger.wrong(fault, file)
    return fault is None


def _called(one: Attribute) -> str:
    return f"{one.name or 'an attribute'} {one.shape}"


def _judge_kept(one: Aligned, rule: Rule, claimed: Collection[Option], file: str, ledger: Ledger) -> bool:
    if not one.exact or not _is_kept_around(one.before, claimed):
        return True
    there = one.outcome is Outcome.KEPT or (one.before.is_sequence and one.outcome is Outcome.REPLACED)
    if there:
        ledger.right(Category.TEXT_RETAINED)
        return True
    ledger.wrong(
        Fault(
            "not-retained",
            Severity.LOW,
            Category.TEXT_RETAINED,
            rule.clause(claimed),
            one.before.path,
            f"{one.outcome.value}, where the options that are claimed have {rule.named(claimed)}",
            "Who asked for the option relies on this attribute.",
            "Keep it unchanged, or do not claim the option.",
            one.before.tag,
        ),
        file,
    )
    return False


def _is_kept_around(one: Attribute, claimed: Collection[Option]) -> bool:
    """Whether no sequence around it is removed, replaced or cleaned, which goes for all that is in it."""
    around = (int(part[1:5] + part[6:10], 16) for part in one.path.split("/")[:-1])
    rules = [rule for tag in around if (rule := rule_of(tag)) is not None]
    return all(rule.actions(claimed) == {Action.KEEP} for rule in rules)


def _fault(
    one: Aligned,
    rule: Rule,
    actions: frozenset[Action],
    claimed: Collection[Option],
    dummies: Collection[int],
) -> Fault | None:
    """What is wrong with an attribute that is to be removed or replaced."""
    before, clause = one.before, rule.clause(claimed)

    def fault(name: str, severity: Severity, category: Category, seen: str, why: str, todo: str) -> Fault:
        return Fault(name, severity, category, clause, before.path, seen, why, todo, before.tag)

    if one.outcome is Outcome.KEPT and before.tag not in dummies:
        return _kept(one, rule, claimed)
    if one.outcome is Outcome.GONE and before.path in REQUIRED:
        return fault(
            "required-lost",
            Severity.LOW,
            Category.TAG_RETAINED,
            f"is gone, where the table has {rule.named(claimed)}",
            "Every composite object needs it, if only without a value: readers refuse objects that lack it.",
            "Leave it there, empty or with a dummy, as its code says.",
        )
    if one.outcome is Outcome.EMPTY and actions <= _WITH_VALUE:
        return fault(
            "emptied",
            Severity.LOW,
            Category.TEXT_NOT_NULL,
            f"is empty, where the table has {rule.named(claimed)}: a value that is not of zero length",
            "It is of type 1 where the standard uses it, so that the object is no longer a legal one.",
            "Put a dummy value in its place.",
        )
    if one.outcome is Outcome.REPLACED and one.after is not None and _is_broken(before, one.after):
        return fault(
            "dummy-not-legal",
            Severity.LOW,
            Category.TEXT_NOT_NULL,
            f"has the value {masked(one.after.text)}, which {one.after.vr} does not allow",
            "The replacement has to be consistent with the VR; readers refuse others.",
            "Choose a dummy that PS3.5 6.2 allows.",
        )
    return None


def _kept(one: Aligned, rule: Rule, claimed: Collection[Option]) -> Fault:
    before = one.before
    option = rule.option_for(Action.KEEP) or rule.option_for(Action.CLEAN)
    what = "still has items that say what they said" if before.is_sequence else "is unchanged"
    if not before.is_sequence and before.text:
        what = f"still says {masked(before.text)}"
    unclaimed = f"; under {option}, which is not claimed, it might stay" if option else ""
    todo = {
        "X": "Remove it.",
        "U": "Replace it, by the same new UID wherever the old one stands.",
    }.get(rule.basic, "Empty it, or replace it by a dummy, as its code says.")
    return Fault(
        "kept",
        severity_of(before),
        category_of(before),
        rule.clause(claimed),
        before.path,
        f"{what}, where the table has {rule.named(claimed)}{unclaimed}",
        _WHY[category_of(before)],
        todo,
        before.tag,
    )


_WHY = {
    Category.TEXT_REMOVED: "Who has the file learns what the profile takes away.",
    Category.DATE_SHIFTED: "A date and time leads to the one examination that was done then.",
    Category.UID_CHANGED: "Whoever has access to the originals finds the patient by the UID.",
}


def _is_broken(before: Attribute, after: Attribute) -> bool:
    """Whether a value is illegal for its VR that was legal before."""
    if after.vr not in _CHECKED_VRS or before.vr != after.vr:
        return False
    return _is_legal(before) and not _is_legal(after)


def _is_legal(one: Attribute) -> bool:
    try:
        for value in one.text.split("\\"):
            validate_value(one.vr, value.strip(), config.RAISE)
    except ValueError:
        return False
    return True


def judge_structure(before: Instance, after: Instance, file: str, ledger: Ledger) -> None:
    """What no profile removes and every object needs is still there."""
    for path in sorted(REQUIRED):
        one = before.attributes.get(path)
        if one is None or rule_of(one.tag) is not None or not one.has_value:
            continue
        other = after.attributes.get(path)
        if other is not None and other.has_value:
            ledger.right(Category.TAG_RETAINED)
            continue
        fault = Fault(
            "required-lost",
            Severity.LOW,
            Category.TAG_RETAINED,
            "PS3.15 E.1.1 item 2, note 1",
            path,
            "is gone or empty, though no rule of the profile touches it",
            "Every such object needs it: readers refuse objects that lack it.",
            "Leave it as it is.",
            one.tag,
        )
        ledger.wrong(fault, file)
