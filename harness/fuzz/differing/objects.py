"""In what two products differ over an object that both were sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.findings import Aspect, Symptom
from harness.fuzz.cases import DataSetCase
from harness.fuzz.differing.contrast import OF_ANSWERS, Contrast, Rows, broken
from harness.fuzz.differing.elements import elements
from harness.fuzz.objects.watching import ObjectSeen
from harness.scu.catalogue import name_of
from harness.scu.inbox import Received

REQUIRED = ("StudyDate", "StudyTime", "AccessionNumber", "PatientName", "PatientID", "StudyID")
"""Keys that a match has to have (PS3.4 table C.6-5)."""
ASKED = (*REQUIRED, "StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances")
"""Keys that both are asked for; those behind the required ones are optional (PS3.4 C.2.2.1.3)."""
_OF_LOSS = frozenset((Symptom.LOST, Symptom.SILENT, Symptom.ILLEGAL_ANSWER))
_NAMES = ("PatientName",)


def differ_over_object(a: ObjectSeen, b: ObjectSeen) -> Iterator[Contrast]:
    """The differences, that of the answer first.  What one of them refused is not looked for."""
    if a.answer.words != b.answer.words:
        yield _answers(a, b)
    if not (a.answer.is_done and b.answer.is_done):
        return
    if None not in (a.back.is_found, b.back.is_found) and a.back.is_found != b.back.is_found:
        found = tuple("found" if seen.back.is_found else "not found" for seen in (a, b))
        what = "the study of an acknowledged object"
        yield _lost(Aspect.FOUND, what, a, b, (found[0], found[1]), "PS3.4 B.2.2")
    if a.match is not None and b.match is not None:
        yield from _matches(a.match, b.match)
    ours, theirs = _only(a), _only(b)
    if ours is not None and theirs is not None:
        if ours.transfer_syntax != theirs.transfer_syntax:
            yield _syntaxes(a.case, ours, theirs)
        yield from elements(a.case, ours, theirs)
    elif _brought(a) and _brought(b) and _brought(a) != _brought(b):
        came = tuple(_brought(seen) if _only(seen) is None else "the object" for seen in (a, b))
        yield _lost(Aspect.RETRIEVAL, "an acknowledged object", a, b, (came[0], came[1]), "PS3.4 C.4.3")


def object_rows(a: ObjectSeen, b: ObjectSeen) -> Rows:
    """What was seen of both."""
    rows = [("answered", a.answer.words, b.answer.words), ("found", _told(a), _told(b))]
    if a.match is not None and b.match is not None:
        rows += [(keyword, _value(a.match.get(keyword)), _value(b.match.get(keyword))) for keyword in ASKED]
    rows += [("came back", _brought(a) or "not asked for", _brought(b) or "not asked for")]
    return tuple(rows)


def _told(seen: ObjectSeen) -> str:
    return {True: "yes", False: "no", None: "not asked"}[seen.back.is_found]


def _answers(a: ObjectSeen, b: ObjectSeen) -> Contrast:
    is_abort = any(seen.answer.is_abort for seen in (a, b))
    either = "PS3.8 7.3 and 7.4" if is_abort else "PS3.4 B.2.3"
    clause, breaks = broken(a.trouble, b.trouble, OF_ANSWERS, either)
    is_silent = a.answer.is_silent or b.answer.is_silent
    # Silence costs much time and tells little of its cause: one of its kind is enough.
    damage = "" if is_silent else a.case.damage
    return Contrast(
        Aspect.ANSWER,
        f"C-STORE of {a.case.damage or 'a valid object'}",
        a.answer.words,
        b.answer.words,
        ", ".join((f"{a.answer.words} / {b.answer.words}", *([damage] if damage else []))),
        clause,
        breaks,
        is_told_once=bool(damage) or is_silent,
        is_silent=is_silent,
        may_be_late=is_silent,
    )


def _matches(a: Mapping[str, str | None], b: Mapping[str, str | None]) -> Iterator[Contrast]:
    for keyword in ASKED:
        ours, theirs = a.get(keyword), b.get(keyword)
        if normal(keyword, ours) == normal(keyword, theirs):
            continue
        kinds = [_kind(ours), _kind(theirs)]
        if kinds == ["a value", "a value"]:
            kinds = ["one value", "another"]
        yield Contrast(
            Aspect.MATCH,
            keyword,
            _value(ours),
            _value(theirs),
            f"{keyword}, {' / '.join(kinds)}",
            _clause(keyword, kinds),
            is_told_once=True,
        )


def _clause(keyword: str, kinds: list[str]) -> str:
    """Optional keys need not be there, required ones have to; how text is encoded the answer itself says."""
    if keyword not in REQUIRED:
        return "PS3.4 C.2.2.1.3"
    return "PS3.4 C.2.2.2" if "another" in kinds else "PS3.4 C.2.2.1.2"


def normal(keyword: str, value: str | None) -> str:
    """A value as it means something: without padding, and a name without empty components at its end.

    An attribute that is absent is as one without a value.
    """
    parts = [part.strip(" \0") for part in (value or "").split("\\")]
    if keyword in _NAMES:
        parts = ["=".join(group.rstrip("^ ") for group in part.split("=")).rstrip("=") for part in parts]
    if keyword == "ModalitiesInStudy":
        parts.sort()
    return "\\".join(parts)


def _kind(value: str | None) -> str:
    return "absent" if value is None else "a value" if value else "empty"


def _value(value: str | None) -> str:
    return "absent" if value is None else repr(value) if value else "no value"


def _only(seen: ObjectSeen) -> Received | None:
    """The object, where it came back once."""
    received = seen.back.received or ()
    return received[0] if len(received) == 1 else None


def _brought(seen: ObjectSeen) -> str:
    """What came back, in words that are equal for the same; empty where nothing was asked for."""
    if seen.back.error is not None:
        return "nothing, and no Success"
    if seen.back.received is None:
        return ""
    count = len(seen.back.received)
    if count == 1:
        return f"{name_of(seen.back.received[0].transfer_syntax)}"
    return f"{count} objects" if count else "nothing"


def _lost(
    aspect: Aspect, what: str, a: ObjectSeen, b: ObjectSeen, words: tuple[str, str], clause: str
) -> Contrast:
    """One of them does not have what both acknowledged; `clause` is what is named where neither broke one."""
    clause, breaks = broken(a.trouble, b.trouble, _OF_LOSS, clause)
    damage = a.case.damage
    return Contrast(
        aspect,
        what + (f" with {damage}" if damage else ""),
        *words,
        ", ".join((" / ".join(words), *([damage] if damage else []))),
        clause,
        breaks,
        is_told_once=bool(damage),
        may_be_late=True,
    )


def _syntaxes(case: DataSetCase, a: Received, b: Received) -> Contrast:
    ours, theirs = name_of(a.transfer_syntax), name_of(b.transfer_syntax)
    sent = name_of(case.transfer_syntax)
    return Contrast(
        Aspect.SYNTAX,
        f"sent in {sent}",
        ours,
        theirs,
        f"{sent}: {ours} / {theirs}",
        is_told_once=True,
    )
