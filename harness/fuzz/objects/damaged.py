"""Damaged data sets: a valid one, and one thing done to it that the standard does not allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from harness.dimse.walker import DEFLATED, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from harness.fuzz.cases import DataSetCase, Sendable
from harness.fuzz.nodes import deflate
from harness.fuzz.objects import damage_bytes, damage_elements
from harness.fuzz.objects.bare import is_known
from harness.fuzz.objects.charsets import padded
from harness.fuzz.objects.datasets import Draft, Sealed, drafts, sealed
from harness.fuzz.objects.identities import identities_of
from harness.fuzz.objects.images import NATIVE
from harness.fuzz.objects.modules import CLASSES

ELEMENTS: dict[str, damage_elements.Damage] = {
    "odd length": damage_elements.odd_length,
    "a value longer than its VR allows": damage_elements.overlong,
    "a value that is none of its VR": damage_elements.against_vr,
    "an element twice": damage_elements.twice,
    "elements in the wrong order": damage_elements.wrong_order,
    "a UID of type 1 absent": damage_elements.without_uid,
    "a UID of type 1 without a value": damage_elements.empty_uid,
    "a UID of type 1 that is no UID": damage_elements.invalid_uid,
    "Pixel Data of another size than its attributes say": damage_elements.pixels_of_another_size,
    "Image Pixel attributes that ask for far more than there is": damage_elements.huge_rows,
    "a compressed frame that is damaged": damage_elements.damaged_stream,
    "an offset table that points outside": damage_elements.offsets_outside,
    "a character set that does not exist": damage_elements.character_set,
    "text that its character set does not have": damage_elements.undecodable_text,
    "File Meta Information in the data set": damage_elements.meta_group,
    "command elements in the data set": damage_elements.command_group,
    "private elements without a creator": damage_elements.ownerless,
    "a private creator twice in a group": damage_elements.creator_twice,
    "a private creator that is none": damage_elements.odd_creator,
}
EXPLICIT_ONLY: dict[str, damage_elements.Damage] = {
    "wrong VR": damage_elements.wrong_vr,
    "a VR of unknown letters": damage_elements.unknown_vr,
}
_ENCAPSULATED_ONLY = ("a compressed frame that is damaged", "an offset table that points outside")
FLIPPED = "bits turned at random"
OTHER_SYNTAX = "encoded in another transfer syntax than is said"
OTHER_INSTANCE = "a SOP Instance UID that is not the command's"
OTHER_CLASS = "a SOP Class UID that is not the command's"
DEFLATE = "a damaged deflate stream"
BOMB = "a deflate stream that inflates to very much"
DAMAGES = (
    *damage_bytes.BYTES,
    *ELEMENTS,
    *EXPLICIT_ONLY,
    FLIPPED,
    OTHER_SYNTAX,
    OTHER_INSTANCE,
    OTHER_CLASS,
    DEFLATE,
    BOMB,
)
"""What may be done to a data set, in the words of a case's `damage`."""

_NUMBERS = st.integers(0, 0xFFFF)
_SHUFFLE = 40_503
_ALWAYS_POSSIBLE = "cut off"
_SOP_CLASS = 0x00080016


def damaged(sendable: Sendable, seed_root: str) -> st.SearchStrategy[DataSetCase]:
    """A valid object as `data_sets` makes it, with one of DAMAGES done to it.

    What the case names is what the command will say; identities are spared, so that what is left of an object
    can be told for one of ours.  Another number or another damage gives other UIDs.  ValueError as there.
    """
    known = [pair for pair in sendable.pairs if is_known(*pair)]
    valid: dict[str, st.SearchStrategy[Draft]] = {}
    for damage in DAMAGES:
        pairs = tuple(pair for pair in known if _suits(damage, pair[1]))
        # Where nothing can be damaged, `drafts` says so in its own words.
        if pairs or not known:
            valid[damage] = drafts(Sendable(pairs))
    return _damaged(valid, seed_root)


@st.composite
def _damaged(draw: st.DrawFn, valid: dict[str, st.SearchStrategy[Draft]], seed_root: str) -> DataSetCase:
    # The damage first: what is drawn early Hypothesis varies most evenly.
    damage = draw(st.sampled_from(tuple(valid)))
    number = draw(_NUMBERS)
    return inflicted(draw(valid[damage]), damage, number, seed_root)


def _suits(damage: str, transfer_syntax: str) -> bool:
    """Whether a data set in this transfer syntax can have this damage."""
    if damage in EXPLICIT_ONLY:
        return transfer_syntax != IMPLICIT_LITTLE
    if damage in (DEFLATE, BOMB):
        return transfer_syntax == DEFLATED
    return damage not in _ENCAPSULATED_ONLY or transfer_syntax not in NATIVE


def inflicted(draft: Draft, damage: str, number: int, seed_root: str) -> DataSetCase:
    """The case of a draft with this damage; cut off where the draft has nothing that it could be done to."""
    salt = number.to_bytes(2, "big")
    # Neighbouring numbers are what Hypothesis tries next: they had best do different things.
    spread = number * _SHUFFLE % 0x10000
    to_elements = ELEMENTS.get(damage) or EXPLICIT_ONLY.get(damage)
    if to_elements is not None:
        nodes = to_elements(draft.nodes, spread)
        if nodes is not None:
            return sealed(replace(draft, nodes=nodes), seed_root, damage=damage, salt=salt).case
        return inflicted(draft, _ALWAYS_POSSIBLE, number, seed_root)
    whole = sealed(draft, seed_root, damage=damage, salt=salt)
    to_bytes = damage_bytes.BYTES.get(damage)
    if to_bytes is not None:
        plain = to_bytes(whole.plain, _inner(draft), spread)
        return inflicted(draft, _ALWAYS_POSSIBLE, number, seed_root) if plain is None else _with(whole, plain)
    return _OTHERS[damage](draft, whole, spread)


def _inner(draft: Draft) -> str:
    """What a draft's bytes are in before they are deflated."""
    return EXPLICIT_LITTLE if draft.transfer_syntax == DEFLATED else draft.transfer_syntax


def _with(whole: Sealed, plain: bytes) -> DataSetCase:
    """The case with other bytes, deflated where its transfer syntax is."""
    is_deflated = whole.case.transfer_syntax == DEFLATED
    return replace(whole.case, dataset=deflate(plain) if is_deflated else plain)


def _bits_turned(draft: Draft, whole: Sealed, number: int) -> DataSetCase:
    case = whole.case
    spared = []
    for text in (case.sop_instance_uid, case.study_uid, case.series_uid, case.patient_id):
        at = whole.plain.find(text.encode("ascii"))
        spared.append(range(at, at + len(text)))
    return _with(whole, damage_bytes.flipped(whole.plain, "", number, spared))


def _in_other_syntax(draft: Draft, whole: Sealed, number: int) -> DataSetCase:
    other = damage_bytes.relabelled(_inner(draft), number)
    again = sealed(replace(draft, transfer_syntax=other), whole.case.sop_instance_uid, damage=OTHER_SYNTAX)
    return replace(again.case, transfer_syntax=draft.transfer_syntax)


def _for_other_instance(draft: Draft, whole: Sealed, number: int) -> DataSetCase:
    other = identities_of(whole.case.sop_instance_uid).sop_instance_uid
    return replace(whole.case, sop_instance_uid=other)


def _for_other_class(draft: Draft, whole: Sealed, number: int) -> DataSetCase:
    others = [entry for entry in (*CLASSES, "1.2.3") if entry != draft.sop_class]
    value = padded(others[number % len(others)].encode("ascii"), b"\0")
    nodes = tuple(replace(node, value=value) if node.tag == _SOP_CLASS else node for node in draft.nodes)
    return sealed(replace(draft, nodes=nodes), whole.case.sop_instance_uid, damage=OTHER_CLASS).case


def _broken_deflate(draft: Draft, whole: Sealed, number: int) -> DataSetCase:
    return replace(whole.case, dataset=damage_bytes.damaged_deflate(whole.case.dataset, number))


def _bomb(draft: Draft, whole: Sealed, number: int) -> DataSetCase:
    return replace(whole.case, dataset=damage_bytes.bomb(whole.plain, number))


_OTHERS: dict[str, Callable[[Draft, Sealed, int], DataSetCase]] = {
    FLIPPED: _bits_turned,
    OTHER_SYNTAX: _in_other_syntax,
    OTHER_INSTANCE: _for_other_instance,
    OTHER_CLASS: _for_other_class,
    DEFLATE: _broken_deflate,
    BOMB: _bomb,
}
