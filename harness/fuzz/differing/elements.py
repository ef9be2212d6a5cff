"""Two objects that came back, element by element, against each other and against the one that was sent."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator

from pydicom import Dataset

from harness.dimse.difference import Difference, DifferenceKind, difference, readable
from harness.dimse.errors import DecodeError, MisuseError
from harness.dimse.walker import Element, shown_tag, walk
from harness.findings import Aspect
from harness.fuzz.cases import DataSetCase
from harness.fuzz.differing.contrast import Contrast
from harness.fuzz.objects.judging import instance_of, traits_of
from harness.scu.inbox import Received
from harness.scu.kept import CHARACTER_SET, changes, dictionary_vr, realigned
from harness.scu.retrieved import NATIVE

_PIXELS = (shown_tag(0x7FE00010), "(0028,")
_ITS_OWN = frozenset(("AE", "DA", "DT", "TM", "UI"))
"""VRs of what each product would write otherwise: its name, its clock, its UIDs."""
_SHOWN = 24
"""Bytes of a value that are shown."""
_TEXTS = frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))


class Fate(enum.StrEnum):
    """What has become of an element on its way through a product."""

    KEPT = "kept"
    GONE = "gone"
    ADDED = "added"
    ABSENT = "absent, as it was sent"
    CHANGED = "another value"
    VR = "another VR"
    ITEMS = "another number of items or fragments"
    STRUCTURE = "no longer, or only now, a sequence"
    ORDER = "in another order"
    PADDED = "padded otherwise"
    REWRITTEN = "the same number, written otherwise"
    LENGTH = "another form of length"


_FATES = {
    DifferenceKind.MISSING: Fate.GONE,
    DifferenceKind.ADDED: Fate.ADDED,
    DifferenceKind.VALUE: Fate.CHANGED,
    DifferenceKind.VR: Fate.VR,
    DifferenceKind.ITEM_COUNT: Fate.ITEMS,
    DifferenceKind.STRUCTURE: Fate.STRUCTURE,
    DifferenceKind.ORDER: Fate.ORDER,
    DifferenceKind.PADDING: Fate.PADDED,
    DifferenceKind.NUMBER: Fate.REWRITTEN,
    DifferenceKind.LENGTH_FORM: Fate.LENGTH,
}
_WITHOUT_VALUE = frozenset(
    (
        DifferenceKind.LENGTH_FORM,
        DifferenceKind.ORDER,
        DifferenceKind.GROUP_LENGTH,
        DifferenceKind.TRAILING_PADDING,
    )
)
"""Differences that no value tells more of."""
_WHOLE = {
    DifferenceKind.LENGTH_FORM: "sequences and items",
    DifferenceKind.GROUP_LENGTH: "group length",
    DifferenceKind.TRAILING_PADDING: "Data Set Trailing Padding",
}
"""Differences that are the same for every kind of element."""
_CLAUSES = {
    Fate.GONE: "PS3.4 B.4.1.1",
    Fate.ADDED: "PS3.4 B.4.1.3, note 4",
    Fate.CHANGED: "PS3.4 B.4.1.3",
    Fate.VR: "PS3.5 6.2.2",
    Fate.PADDED: "PS3.5 6.2",
    Fate.REWRITTEN: "PS3.5 6.2",
    Fate.LENGTH: "PS3.5 7.5",
    Fate.ORDER: "PS3.5 7.1",
}
"""What lets a product do so."""


def elements(case: DataSetCase, a: Received, b: Received) -> Iterator[Contrast]:
    """The differences, one of each kind; what has to follow a compression is left out.

    An object that is no data set is compared as far as that goes: whether its bytes are those that were sent.
    """
    try:
        yield from _elements(case, a, b)
    except (DecodeError, MisuseError):
        yield from _undecodable(case, a, b)


def _elements(case: DataSetCase, a: Received, b: Received) -> Iterator[Contrast]:
    ours, theirs = _aligned(case, a), _aligned(case, b)
    if ours == theirs and a.transfer_syntax == b.transfer_syntax:
        if a.dataset != b.dataset:
            yield _blocks(case, a, b)
        return
    between = _between(ours, a.transfer_syntax, theirs, b.transfer_syntax)
    between = _without_pixels(between, case.transfer_syntax, a.transfer_syntax, b.transfer_syntax)
    if not between:
        return
    since = [_since(case, data, one) for data, one in ((ours, a), (theirs, b))]
    wrong = [_wrong(case, one) for one in (a, b)]
    is_converted = any(entry.tag == CHARACTER_SET for entry in between)
    apart = {
        entry.tag >> 16 for entry in between if entry.kind in (DifferenceKind.MISSING, DifferenceKind.ADDED)
    }
    known: set[str] = set()
    vrs = {
        **_vrs(theirs, b.transfer_syntax),
        **_vrs(ours, a.transfer_syntax),
        **_vrs(case.dataset, case.transfer_syntax),
    }
    for entry in between:
        vr = vrs.get(entry.path, "")
        fates = tuple(
            _fate(entry, side, changed)
            for side, changed in zip((entry.left, entry.right), since, strict=True)
        )
        if not _is_of_interest(entry, fates, vr, is_converted):
            continue
        if entry.kind is DifferenceKind.GROUP_LENGTH and entry.tag >> 16 in apart:
            continue  # it goes with its group
        one = _contrast(entry, fates, vr, [entry.path in paths for paths in wrong])
        if one.signature not in known:
            known.add(one.signature)
            yield one


def _aligned(case: DataSetCase, received: Received) -> bytes:
    """With private elements in the blocks in which they were sent (PS3.5 7.8.1)."""
    data, syntax = received.dataset, received.transfer_syntax
    return realigned(case.dataset, case.transfer_syntax, data, syntax)


def _between(left: bytes, left_syntax: str, right: bytes, right_syntax: str) -> list[Difference]:
    return difference(left, left_syntax, right, right_syntax, vr_of=dictionary_vr)


def _since(case: DataSetCase, data: bytes, received: Received) -> dict[str, list[Difference]]:
    """What became of each element since it was sent, by path."""
    changed: dict[str, list[Difference]] = {}
    for entry in _between(case.dataset, case.transfer_syntax, data, received.transfer_syntax):
        changed.setdefault(entry.path, []).append(entry)
    return changed


def _wrong(case: DataSetCase, received: Received) -> frozenset[str]:
    """The paths of what may not be as it came back, by the ordinary oracle; what is gone is allowed."""
    if not case.is_valid:
        return frozenset()
    found = changes(instance_of(case, Dataset()), received)
    return frozenset(entry.path for entry in found if entry.kind is not DifferenceKind.MISSING)


def _without_pixels(found: list[Difference], *syntaxes: str) -> list[Difference]:
    """Pixel data in another form, and the attributes that describe it, are one with the transfer syntax."""
    if len(set(syntaxes)) == 1 or set(syntaxes) <= NATIVE:
        return found
    return [entry for entry in found if not entry.path.startswith(_PIXELS)]


def _vrs(data: bytes, transfer_syntax: str) -> dict[str, str]:
    return {element.path: _vr(element) for element in walk(data, transfer_syntax) if not element.is_item}


def _vr(element: Element) -> str:
    return element.vr or dictionary_vr(element.tag) or ""


def _fate(entry: Difference, side: bytes | None, changed: dict[str, list[Difference]]) -> Fate:
    """What became at one product of an element over which both differ; `side`: what it has there."""
    found = changed.get(entry.path, [])
    if not found:
        return Fate.ABSENT if side is None and entry.kind is not DifferenceKind.ORDER else Fate.KEPT
    alike = [one for one in found if one.kind is entry.kind]
    one = (alike or found)[0]
    if one.kind in _FATES:
        return _FATES[one.kind]
    # Group lengths and Data Set Trailing Padding are told by one kind, whatever became of them.
    return Fate.GONE if one.right is None else Fate.ADDED if one.left is None else Fate.CHANGED


def _is_of_interest(entry: Difference, fates: tuple[Fate, ...], vr: str, is_converted: bool) -> bool:
    """Whether it is no noise, and not the consequence of another difference."""
    if entry.kind is DifferenceKind.VALUE and Fate.KEPT not in fates and vr in _ITS_OWN:
        return False
    if entry.kind is DifferenceKind.GROUP_LENGTH and set(fates) <= {Fate.KEPT, Fate.CHANGED}:
        return False  # it is right for what else differs (PS3.5 7.2)
    return not (is_converted and entry.kind is DifferenceKind.VALUE and vr in _TEXTS)


def _contrast(entry: Difference, fates: tuple[Fate, ...], vr: str, wrong: list[bool]) -> Contrast:
    kind = _WHOLE.get(entry.kind, "")
    about = ", ".join([kind] if kind else [*_about(entry), *([vr] if vr else [])])
    left, right = (_told(*side, entry) for side in zip(fates, (entry.left, entry.right), strict=True))
    breaks = " and ".join(name for name, is_wrong in zip("AB", wrong, strict=True) if is_wrong)
    fate = next((fate for fate in fates if fate not in (Fate.KEPT, Fate.ABSENT)), Fate.KEPT)
    clause = "PS3.4 B.4.1" if breaks else _CLAUSES.get(fate, "")
    if entry.kind is DifferenceKind.GROUP_LENGTH:
        clause = "PS3.5 7.2"
    elif entry.kind is DifferenceKind.TRAILING_PADDING:
        clause = "PS3.10 7.2"
    return Contrast(
        Aspect.ELEMENT,
        f"{entry.path}{f', {about}' if about else ''}",
        left,
        right,
        f"{' / '.join(fates)}{f': {about}' if about else ''}",
        clause,
        breaks,
        is_told_once=True,
    )


def _about(entry: Difference) -> Iterable[str]:
    if entry.tag == CHARACTER_SET:
        return ("Specific Character Set",)
    return tuple(traits_of(entry))


def _told(fate: Fate, side: bytes | None, entry: Difference) -> str:
    """A fate, with the value that the element has there."""
    if not side or entry.kind in _WITHOUT_VALUE:
        return str(fate)
    shown = readable(side[:_SHOWN]) + (" …" if len(side) > _SHOWN else "")
    return f"{fate}: {shown}"


def _blocks(case: DataSetCase, a: Received, b: Received) -> Contrast:
    left, right = (one.dataset != _aligned(case, one) for one in (a, b))
    moved = ("moved to one block", "moved to another")
    if not (left and right):
        moved = ("moved to another block", "kept") if left else ("kept", "moved to another block")
    return Contrast(
        Aspect.ELEMENT,
        "private elements, with their creators",
        *moved,
        f"{' / '.join(moved)}: private blocks",
        "PS3.5 7.8.1",
        is_told_once=True,
    )


def _undecodable(case: DataSetCase, a: Received, b: Received) -> Iterator[Contrast]:
    """Bytes, since elements cannot be compared."""
    if a.transfer_syntax != b.transfer_syntax or a.dataset == b.dataset:
        return
    left, right = _bytes(case, a), _bytes(case, b)
    yield Contrast(
        Aspect.ELEMENT,
        f"what came back of {case.damage or 'a valid object'}",
        left,
        right,
        f"{left} / {right}: {case.damage or 'undecodable'}",
        is_told_once=True,
    )


def _bytes(case: DataSetCase, received: Received) -> str:
    if received.dataset == case.dataset:
        return "the bytes that were sent"
    try:
        for _ in walk(received.dataset, received.transfer_syntax):
            pass
    except DecodeError:
        return "other bytes, no data set"
    return "other bytes, a data set"
