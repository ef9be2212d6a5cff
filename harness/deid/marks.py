"""What a de-identified object has to say of itself (PS3.15 E.1.1 item 6, E.2, E.3)."""

from __future__ import annotations

from collections.abc import Collection

from harness.deid.findings import Category, Severity
from harness.deid.instances import Instance
from harness.deid.ledger import Fault, Ledger
from harness.deid.profile import BASIC_CODE, CLAUSES, CODES, Option
from harness.dimse.walker import shown_tag

IDENTITY_REMOVED, METHOD_CODES, TEMPORAL = 0x00120062, 0x00120064, 0x00280303
BURNED_IN, RECOGNIZABLE = 0x00280301, 0x00280302


def judge_marks(after: Instance, claimed: Collection[Option], file: str, ledger: Ledger) -> None:
    """The object's own words about its de-identification."""
    wanted = [
        (IDENTITY_REMOVED, "YES", Severity.MEDIUM, "PS3.15 E.1.1 item 6"),
        (TEMPORAL, temporal(claimed), Severity.LOW, "PS3.15 E.2, E.3.6"),
    ]
    if Option.PIXELS in claimed:
        wanted.append((BURNED_IN, "NO", Severity.LOW, CLAUSES[Option.PIXELS]))
    if Option.VISUAL in claimed:
        wanted.append((RECOGNIZABLE, "NO", Severity.LOW, CLAUSES[Option.VISUAL]))
    for tag, value, severity, clause in wanted:
        found = after.text(tag)
        if found == value:
            ledger.right(Category.TAG_RETAINED)
            continue
        seen = f"says {found[:16]}" if found else "is not there"
        fault = Fault(
            "mark-missing",
            severity,
            Category.TAG_RETAINED,
            clause,
            shown_tag(tag),
            f"{seen}, where {value} is due",
            "Nobody can tell from the object what was done to it, and whether it may be passed on.",
            f"Say {value}.",
            tag,
        )
        ledger.wrong(fault, file)
    _judge_codes(after, claimed, file, ledger)


def temporal(claimed: Collection[Option]) -> str:
    """What Longitudinal Temporal Information Modified has to say."""
    if Option.FULL_DATES in claimed:
        return "UNMODIFIED"
    return "MODIFIED" if Option.MODIFIED_DATES in claimed else "REMOVED"


def _judge_codes(after: Instance, claimed: Collection[Option], file: str, ledger: Ledger) -> None:
    path = shown_tag(METHOD_CODES)
    codes = {one.text for one in after.attributes.below(path) if one.tag == 0x00080100}
    if not codes:
        ledger.wrong(_code_fault("is not there, or has no code", ""), file)
        return
    due = {"the profile": BASIC_CODE, **{str(option): CODES[option] for option in claimed}}
    for name, code in due.items():
        if code in codes:
            ledger.right(Category.TAG_RETAINED)
        else:
            ledger.wrong(_code_fault(f"has no code for {name} ({code}, DCM)", code), file)
    for option, code in CODES.items():
        if code in codes and option not in claimed:
            ledger.remark(
                f"the object says that {option} was used; it was judged without: --option {option} would "
                "judge with it"
            )


def _code_fault(seen: str, about: str) -> Fault:
    return Fault(
        "method-codes",
        Severity.LOW,
        Category.TAG_RETAINED,
        "PS3.15 E.1.1 item 6; PS3.16 CID 7050",
        shown_tag(METHOD_CODES),
        seen,
        "By the codes a recipient's program knows what may still be in the object.",
        "Add an item for the profile and one for every option that was used.",
        METHOD_CODES,
        about,
    )
