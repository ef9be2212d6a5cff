"""What stands before the data set: preamble and file meta information are replaced (PS3.15 E.1.1 item 7)."""

from __future__ import annotations

from harness.deid.findings import Category, Severity
from harness.deid.ledger import Fault, Ledger
from harness.deid.pairing import SOP_INSTANCE, Pair
from harness.dimse.walker import shown_tag

_CLAUSE = "PS3.15 E.1.1 item 7"
_OF_A_PLACE = (0x00020016, 0x00020017, 0x00020018, 0x00020100, 0x00020102)
"""AE titles of source, sender and receiver; private information and who made it (PS3.10 7.1)."""
_MEDIA_INSTANCE = 0x00020003


def judge_header(pair: Pair, file: str, ledger: Ledger) -> None:
    """Of files; what came over the network has no header."""
    if pair.after.preamble and pair.before.preamble.strip(b"\0"):
        if pair.after.preamble == pair.before.preamble:
            ledger.wrong(_fault("preamble-kept", "preamble", "is that of the original file", 0), file)
        else:
            ledger.right(Category.TEXT_REMOVED)
    for tag in _OF_A_PLACE:
        old, new = pair.before.meta.get(tag), pair.after.meta.get(tag)
        if old is None or not old.strip(b"\0 ") or not pair.after.meta:
            continue
        if new is not None and new.strip(b"\0 ") == old.strip(b"\0 "):
            ledger.wrong(_fault("meta-kept", shown_tag(tag), "is that of the original file", tag), file)
        else:
            ledger.right(Category.TEXT_REMOVED)
    media = pair.after.meta.get(_MEDIA_INSTANCE)
    if media is not None and media.rstrip(b"\0 ").decode("latin-1") != pair.after.text(SOP_INSTANCE):
        ledger.wrong(
            Fault(
                "meta-other-uid",
                Severity.MEDIUM,
                Category.UID_CONSISTENT,
                "PS3.10 table 7.1-1, PS3.15 table E.1-1",
                shown_tag(_MEDIA_INSTANCE),
                "is not the SOP Instance UID of the data set behind it",
                "Archives take either of them; where it is the old one, it leads to the original.",
                "Write the new SOP Instance UID in both places.",
                _MEDIA_INSTANCE,
            ),
            file,
        )


def _fault(rule: str, path: str, seen: str, tag: int) -> Fault:
    return Fault(
        rule,
        Severity.MEDIUM,
        Category.TEXT_REMOVED,
        _CLAUSE,
        path,
        seen,
        "It names the machine that sent the original, or holds whatever a vendor put there.",
        "Write a header of your own: it says which application has de-identified the object.",
        tag,
    )
