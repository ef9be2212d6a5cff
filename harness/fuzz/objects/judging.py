"""Whether an object came back as it was stored: the oracle for valid data sets."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom import Dataset

from harness.dimse.difference import Difference, DifferenceKind, readable
from harness.dimse.errors import DecodeError
from harness.dimse.walker import PIXEL_DATA, is_creator, walk
from harness.findings import Symptom, Weight
from harness.fuzz.cases import DataSetCase
from harness.fuzz.trouble import Trouble
from harness.scu.inbox import Received
from harness.scu.kept import changes
from harness.scu.retrieved import NATIVE, damaged, decoded
from harness.synthesis import SyntheticInstance

_KEPT = "PS3.4 B.4.1"
_KIND_WORDS = {
    DifferenceKind.MISSING: "gone",
    DifferenceKind.VALUE: "value",
    DifferenceKind.ITEM_COUNT: "number of items or fragments",
}


def compared(case: DataSetCase, received: Received, *, keeps_all: bool) -> Trouble | None:
    """What is no longer as it was stored and may not be otherwise; the worst of it.

    Elements that are gone are a failure where Storage Level 2 was promised, else worth knowing (PS3.4 B.4.1).
    """
    try:
        found = changes(instance_of(case, Dataset()), received)
        words = "" if _same_pixels(case, received) else _repainted(case, received)
    except DecodeError as error:
        return Trouble(
            Symptom.ALTERED, error.clause, "a data set", f"{error.expected}: {error.observed}", "undecodable"
        )
    if not found:
        if not words:
            return None
        return Trouble(Symptom.ALTERED, _KEPT, "the pixels that were stored", words, "pixels")
    gone = [one for one in found if one.kind is DifferenceKind.MISSING]
    if len(gone) < len(found):
        other = next(one for one in found if one.kind is not DifferenceKind.MISSING)
        return Trouble(
            Symptom.ALTERED,
            _KEPT,
            "every value as it was stored",
            _told([other, *found]),
            _shape(other, case),
        )
    return Trouble(
        Symptom.DROPPED,
        _KEPT,
        "every element that was stored",
        _told(gone),
        _shape(gone[0], case),
        Weight.FAILURE if keeps_all else Weight.OBSERVATION,
    )


def _told(found: list[Difference]) -> str:
    """The first difference, and how many there are."""
    first = found[0]
    left, right = (readable(side) if side is not None else "nothing" for side in (first.left, first.right))
    match first.kind:
        case DifferenceKind.MISSING:
            words = f"{first.path} is gone; it was {left}"
        case DifferenceKind.VALUE:
            words = f"{first.path} was {left} and came back as {right}"
        case DifferenceKind.VR:
            words = f"{first.path} was of VR {left} and came back as {right}"
        case DifferenceKind.ITEM_COUNT:
            words = f"{first.path} " + ("is gone" if first.right is None else "was added")
        case _:
            words = f"{first.path}: {first.kind.value}"
    if first.note:
        words += f" ({first.note})"
    others = len({one.path for one in found}) - 1
    return f"{words}; {others} more elements differ" if others else words


def _same_pixels(case: DataSetCase, received: Received) -> bool:
    """Whether the bytes of the pixels were compared, so that nothing has to be decoded."""
    return case.transfer_syntax == received.transfer_syntax or {
        case.transfer_syntax,
        received.transfer_syntax,
    } <= set(NATIVE)


def _repainted(case: DataSetCase, received: Received) -> str:
    """How the pixels are others after a change of transfer syntax that keeps each of them, in words."""
    elements = walk(case.dataset, case.transfer_syntax)
    if not any(element.tag == PIXEL_DATA and not element.depth for element in elements):
        return ""
    return damaged([instance_of(case, decoded(case.dataset, case.transfer_syntax))], [received])


def instance_of(case: DataSetCase, attributes: Dataset) -> SyntheticInstance:
    """A case as what comparisons of `harness.scu` take."""
    return SyntheticInstance(
        case.sop_class, case.sop_instance_uid, case.transfer_syntax, case.dataset, attributes
    )


def _shape(difference: Difference, case: DataSetCase) -> str:
    """What kind of element it is that differs in which way: equal for what has one cause, mostly."""
    element = next(
        (one for one in walk(case.dataset, case.transfer_syntax) if one.path == difference.path), None
    )
    parts = [_KIND_WORDS.get(difference.kind, difference.kind.name.lower()), *traits_of(difference)]
    if element is not None and element.vr:
        parts.append(element.vr)
    return ", ".join(parts)


def traits_of(difference: Difference) -> Iterator[str]:
    """What kind of element it is about."""
    tag = difference.tag
    if tag >> 16 & 1:
        yield "private creator" if is_creator(tag) else "private"
    elif tag >> 16 == 0x7FE0:
        yield "pixel data"
    if "[" in difference.path:
        yield "within a sequence"
