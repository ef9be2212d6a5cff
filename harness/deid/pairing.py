"""Which file of AFTER is which of BEFORE: UIDs and names have changed, so by content."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from harness.deid.instances import Instance
from harness.deid.profile import rule_of
from harness.dimse.walker import shown_tag

SOP_CLASS, SOP_INSTANCE = 0x00080016, 0x00080018
STUDY, SERIES = 0x0020000D, 0x0020000E
_MODALITY, _SERIES_NUMBER, _INSTANCE_NUMBER = 0x00080060, 0x00200011, 0x00200013
_ROWS, _COLUMNS = 0x00280010, 0x00280011

Key = Hashable
_Sides = tuple[list[Instance], list[Instance]]


@dataclass(frozen=True)
class Pair:
    """One object before and after, and what it was recognised by."""

    before: Instance
    after: Instance
    by: str


@dataclass(frozen=True)
class Pairing:
    """All of it; what has no partner is named too."""

    pairs: tuple[Pair, ...]
    before_alone: tuple[Instance, ...]
    after_alone: tuple[Instance, ...]


def paired(before: Sequence[Instance], after: Sequence[Instance]) -> Pairing:
    """Pairs by what tells most first; where several are alike none of them is taken.

    Studies that are found by one of their objects tell the others apart afterwards.
    """
    left, right = list(before), list(after)
    pairs: list[Pair] = []
    while True:
        found = _round(left, right, _studies(pairs))
        if not found:
            return Pairing(tuple(pairs), tuple(left), tuple(right))
        pairs += found
        taken = {id(side) for pair in found for side in (pair.before, pair.after)}
        left = [one for one in left if id(one) not in taken]
        right = [one for one in right if id(one) not in taken]


def _round(left: Sequence[Instance], right: Sequence[Instance], studies: dict[str, str]) -> list[Pair]:
    """The pairs of the first way that finds any."""
    for by, key in _WAYS:
        groups: dict[tuple[Key, str], _Sides] = defaultdict(lambda: ([], []))
        for one in left:
            for study in {studies.get(one.text(STUDY), ""), ""}:
                groups[key(one), study][0].append(one)
        known = set(studies.values())
        for other in right:
            study = other.text(STUDY)
            for named in {study if study in known else "", ""}:
                groups[key(other), named][1].append(other)
        # Within a study that is known already first: there fewer are alike.
        for within in (True, False):
            found = [
                Pair(mine[0], theirs[0], by)
                for (value, study), (mine, theirs) in groups.items()
                if value is not None and bool(study) is within and len(mine) == len(theirs) == 1
            ]
            if found:
                return found
    return []


def _studies(pairs: Sequence[Pair]) -> dict[str, str]:
    return {pair.before.text(STUDY): pair.after.text(STUDY) for pair in pairs}


def _same_uid(one: Instance) -> Key:
    return one.text(SOP_INSTANCE) or None


def _pixels_and_numbers(one: Instance) -> Key:
    return (one.pixel_digest, _numbers(one)) if one.pixel_digest else None


def _pixels(one: Instance) -> Key:
    """Whatever else is lost, the SOP class too."""
    return one.pixel_digest or None


def _content(one: Instance) -> Key:
    """A digest of what the profile leaves alone, at the top level."""
    digest = hashlib.sha256()
    for attribute in one.attributes.values():
        kept = "/" not in attribute.path and rule_of(attribute.tag) is None and not attribute.is_sequence
        if kept and attribute.tag >> 16 > 0x0002 and attribute.tag >> 16 != 0x0012 and attribute.has_value:
            digest.update(
                attribute.path.encode() + attribute.value.rstrip(b"\0 ") + attribute.digest.encode()
            )
    return one.text(SOP_CLASS), digest.hexdigest()


def _class_and_numbers(one: Instance) -> Key:
    size = tuple(_raw(one, tag) for tag in (_ROWS, _COLUMNS))
    return one.text(SOP_CLASS), _numbers(one), size


def _class(one: Instance) -> Key:
    return one.text(SOP_CLASS) or None


def _numbers(one: Instance) -> tuple[str, ...]:
    return tuple(one.text(tag) for tag in (_MODALITY, _SERIES_NUMBER, _INSTANCE_NUMBER))


def _raw(one: Instance, tag: int) -> bytes:
    attribute = one.attributes.get(shown_tag(tag))
    return b"" if attribute is None else attribute.value


_WAYS: tuple[tuple[str, Callable[[Instance], Key]], ...] = (
    ("SOP Instance UID", _same_uid),
    ("pixel data, series and instance number", _pixels_and_numbers),
    ("pixel data", _pixels),
    ("what the profile leaves alone", _content),
    ("SOP class, series and instance number", _class_and_numbers),
    ("SOP class", _class),
)
