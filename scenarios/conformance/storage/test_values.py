"""Values, their lengths and their order (PS3.5 6.2, 7.1, 7.2).  What is judged where: see `test_sequence`."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation

import pytest

from harness.dimse.errors import NotAccepted
from harness.dimse.walker import UNDEFINED, shown_tag, walk
from harness.plugin.keeping import Keeper, Kept
from harness.scenario import QUALITY, SHALL, not_supported, not_tested, requirement
from harness.scu.find import find
from harness.scu.kept import disordered, value_of, wrong_group_length
from harness.scu.status import SUCCESS, describe
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticInstance, shapes
from harness.synthesis.shapes import Shape, block, element, shape

GROUPS = (0x0008, 0x0010)
STUDY_DESCRIPTION = 0x00081030
UIDS = (0x00080014, 0x00080016, 0x00080018, 0x0020000D, 0x0020000E, 0x00200052)
TEXTS = (0x00080060, 0x00080070, 0x00081030, 0x00100010, 0x00100020, 0x00180015)

LIMITS = block(
    b"PHTEST LIMITS",
    (0x01, "DA", b"00010101\\99991231"),
    (0x02, "TM", b"235960\\0000\\000000.000001"),
    (0x03, "DT", b"20240229235960.999999+1400\\2024"),
    (0x04, "AS", b"999Y\\000D"),
    (0x05, "AE", b"TITLE OF SIXTEEN"),
    (0x06, "US", struct.pack("<3H", 0, 1, 0xFFFF)),
    (0x07, "SS", struct.pack("<3h", -32768, -1, 32767)),
    (0x08, "UL", struct.pack("<2I", 0, 0xFFFFFFFF)),
    (0x09, "SL", struct.pack("<2i", -(2**31), 2**31 - 1)),
    (0x0A, "FL", struct.pack("<4f", -0.0, 1e-45, float("inf"), float("nan"))),
    (0x0B, "FD", struct.pack("<4d", -0.0, 5e-324, float("-inf"), float("nan"))),
    (0x0C, "AT", struct.pack("<4H", 0x0008, 0x0018, 0x7FE0, 0x0010)),
    (0x0D, "UR", b"urn:oid:1.2.3?a=%20#b"),
    (0x0E, "UC", b"unlimited\\characters"),
    (0x0F, "UT", b"  leading spaces count, a \\ is no delimiter"),
    (0x10, "OB", bytes(range(256))),
    (0x11, "OW", struct.pack("<3H", 0x00FF, 0xFF00, 0x1234)),
    (0x12, "OL", struct.pack("<2I", 0xFF, 0xFF000000)),
    (0x13, "OF", struct.pack("<3f", 0.1, float("inf"), float("nan"))),
    (0x14, "OD", struct.pack("<2d", 0.1, float("nan"))),
    (0x15, "LT", b" of two lines\r\n\tand a form feed\f"),
    (0x16, "UI", b"1.2.840.10008.1.1\\2.25.0"),
)


@requirement("PS3.4 B.4.1.1", SHALL, "Values of every kind come back as they were sent, at their limits too.")
def test_bytes_kept(keeper: Keeper) -> None:
    wrong = keeper.wrong(LIMITS)
    assert not wrong, wrong


def longest_uid(keeper: Keeper) -> str:
    """A UID of 64 characters below the run's root (PS3.5 9.1)."""
    uid = keeper.corpus.identity.uid() + "."
    return uid + "1" * (64 - len(uid))


@requirement("PS3.5 6.2", SHALL, "Strings of the largest length are neither cut nor refused.")
def test_longest_strings(keeper: Keeper) -> None:
    name = "PHTEST^" + "A" * 56 + "=" + "B" * 63 + "=" + "C" * 64
    patient_id = keeper.corpus.identity.patient_id().ljust(64, "X")
    study = keeper.corpus.new_study(
        StudyInstanceUID=longest_uid(keeper),
        PatientName=name,
        PatientID=patient_id,
        BodyPartExamined="A" * 16,
        StudyDescription="D" * 64,
        InstitutionAddress="E" * 1024,
        PatientComments="F" * 10_240,
    )
    instance = study.instance(0)
    kept = keeper.keep(instance)
    wrong = keeper.judged(kept)
    assert not wrong, wrong
    if kept.response.integer("Status") != SUCCESS:
        return  # a warning may announce that the identifiers were coerced
    keys = {"StudyInstanceUID": study.study_uid, "PatientID": None, "AccessionNumber": None}
    with contextlib.suppress(NotAccepted):
        matches = find(keeper.scu, Root.STUDY, QueryLevel.STUDY, keys)
        for keyword in keys:
            found, sent = matches.texts(keyword), instance.text(keyword)
            assert found == [sent], f"{keyword} of {len(sent)} characters is found as {found or 'nothing'}"


@requirement("PS3.5 6.2", QUALITY, "A string that is too long, which is not legal, is not cut in silence.")
def test_over_length_string(keeper: Keeper) -> None:
    kept = keeper.keep(keeper.object_with(shape(element(STUDY_DESCRIPTION, "LO", b"x" * 100))))
    if kept.response.integer("Status") != SUCCESS:
        return
    assert not kept.unread, f"a Study Description of 100 characters: {kept.unread}"
    for received in kept.received:
        value = value_of(received, STUDY_DESCRIPTION)
        assert value is None or len(value.rstrip(b" ")) == 100, (
            f"a Study Description of 100 characters was answered Success, {len(value)} come back"
        )


@requirement("PS3.5 7.1.1", SHALL, "Values beyond 64 KiB are read where their VR has a length of 32 bits.")
def test_very_long(keeper: Keeper) -> None:
    wrong = keeper.wrong(shapes.very_long_values())
    assert not wrong, wrong


@requirement("PS3.5 6.4", SHALL, "Empty values among several keep their place.")
def test_empty_in_multi_value(keeper: Keeper) -> None:
    wrong = keeper.wrong(
        shape(
            element(0x00080008, "CS", b"ORIGINAL\\PRIMARY\\AXIAL\\\\PHTEST"),
            element(0x00101001, "PN", b"PHTEST^One\\\\PHTEST^Three"),
        ),
        block(b"PHTEST EMPTY", (0x01, "DS", b"\\1.5\\\\"), (0x02, "LO", b"\\\\third")),
    )
    assert not wrong, wrong


NUMBERS = {0x00200013: ("IS", b"0007"), 0x00180050: ("DS", b"+1.50"), 0x00201041: ("DS", b"-001.2500e+01")}
"""Instance Number, Slice Thickness, Slice Location, in unusual but legal form."""


def kept_numbers(keeper: Keeper) -> Kept:
    elements = (element(tag, vr, value) for tag, (vr, value) in NUMBERS.items())
    return keeper.keep(keeper.object_with(shape(*elements)))


@requirement("PS3.5 6.2", SHALL, "Numbers as text keep their value, and stay legal IS and DS.")
def test_leading_zero_numbers(keeper: Keeper) -> None:
    kept = kept_numbers(keeper)
    assert not kept.unread, kept.unread
    for received in kept.received:
        for tag, (vr, sent) in NUMBERS.items():
            value = value_of(received, tag)
            if value is None and tag != 0x00200013:
                continue  # of Type 3, so that it may have been discarded
            text = (value or b"").decode("latin-1").strip(" ")
            assert len(text) <= (12 if vr == "IS" else 16), f"{shown_tag(tag)} {vr} comes back as {text!r}"
            assert number_of(text) == number_of(sent.decode()), (
                f"{shown_tag(tag)} {vr} {sent.decode()!r} comes back as {text!r}"
            )


@requirement("PS3.4 B.4.1", QUALITY, "Numbers as text come back as they were written.")
def test_number_text_kept(keeper: Keeper) -> None:
    kept = kept_numbers(keeper)
    if kept.unread or not kept.received:
        raise not_tested("the object did not come back; see storage.values.leading-zero-numbers")
    # What a reader does with a number is its choice; but a signature over it holds for these bytes alone.
    for tag, (vr, sent) in NUMBERS.items():
        value = value_of(kept.received[0], tag)
        assert value is None or value.strip(b" ") == sent, (
            f"{shown_tag(tag)} {vr} {sent.decode()!r} comes back as {value.decode('latin-1')!r}"
        )


def number_of(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


@requirement("PS3.5 7.1.1", QUALITY, "A value of odd length, which is not legal, does no harm.")
def test_odd_length_sent(keeper: Keeper) -> None:
    # Two of them, so that the data set as a whole and its fragments are even.
    odd = [struct.pack("<HH2sH", 0x0008, number, b"LO", 5) + b"short" for number in (0x1030, 0x1040)]
    kept = keeper.keep(keeper.object_with(shape(*odd)))
    if kept.response.integer("Status") != SUCCESS:
        return
    assert not kept.unread, f"a value of 5 bytes: {kept.unread}"
    for received in kept.received:
        found = [
            one
            for one in walk(received.dataset, received.transfer_syntax)
            if one.length != UNDEFINED and one.length % 2
        ]
        assert not found, f"{found[0].path} comes back with a length of {found[0].length}"


@requirement("PS3.5 6.2", SHALL, "UIDs come back padded with NUL, text with spaces.")
def test_uid_padding(keeper: Keeper) -> None:
    kept = keeper.keep(
        keeper.object_with(
            shape(
                element(0x00080014, "UI", b"1.2.3"),
                element(0x00081030, "LO", b"odd"),
                element(0x00180015, "CS", b"SKULL"),
            )
        )
    )
    assert not kept.unread, kept.unread
    for received in kept.received:
        for tag in UIDS:
            value = value_of(received, tag) or b""
            assert not value.endswith(b" "), f"UID {shown_tag(tag)} comes back as {value!r}"
        for tag in TEXTS:
            value = value_of(received, tag) or b""
            assert b"\0" not in value, f"text {shown_tag(tag)} comes back as {value!r}"


@requirement("PS3.5 7.2", SHALL, "Retired group length elements are read; what comes back of them is right.")
def test_group_length_tolerated(keeper: Keeper) -> None:
    instance = keeper.corpus.new_study().instance(0)
    base = instance.dataset
    groups = {
        number: b"".join(base[start:end] for tag, start, end in shapes.top_level(base) if tag >> 16 == number)
        for number in GROUPS
    }
    private = block(b"PHTEST LENGTH", (0x01, "LO", b"text"))
    groups[shapes.GROUP] = shapes.content(private)
    parts: list[Shape] = [shapes.group_length(group, number) for number, group in groups.items()]
    kept = keeper.keep(keeper.object_with(*parts, private, of=instance))
    assert not kept.unread, kept.unread
    for received in kept.received:
        wrong = wrong_group_length(received)
        assert not wrong, wrong


@pytest.mark.parametrize(
    "unusual",
    [
        shapes.sequences_of_undefined_length,
        shapes.sequences_of_defined_length,
        shapes.empty_sequence_and_empty_items,
        shapes.deep_sequences,
        shapes.un_of_defined_length,
        shapes.un_of_undefined_length,
        shapes.un_of_standard_tags,
        shapes.very_long_values,
    ],
    ids=lambda made: made.__name__.replace("_", "-"),
)
@requirement("PS3.4 B.4.1", QUALITY, "Elements in unusual but legal encodings come back as they were stored.")
def test_unusual_kept(keeper: Keeper, unusual: Callable[[], Shape]) -> None:
    lost = keeper.keep(keeper.object_with(unusual())).lost
    assert not lost, lost


def out_of_order(instance: SyntheticInstance) -> SyntheticInstance:
    """Two elements of group 0018 have changed places."""
    data = instance.dataset
    parts = [(tag, data[start:end]) for tag, start, end in shapes.top_level(data)]
    at = next(number for number, (tag, _) in enumerate(parts) if tag >> 16 == 0x0018)
    parts[at], parts[at + 1] = parts[at + 1], parts[at]
    return replace(instance, dataset=b"".join(part for _, part in parts))


@requirement("PS3.5 7.1", QUALITY, "Elements out of order, which is not legal, are refused or set right.")
def test_elements_out_of_order(keeper: Keeper) -> None:
    kept = keeper.keep(out_of_order(keeper.object_with()))
    if not kept.is_stored:
        return
    assert not kept.unread, f"elements out of order: {kept.unread}"
    for received in kept.received:
        odd = disordered(received.dataset, received.transfer_syntax)
        assert odd is None, f"answered {describe(kept.response)}, and {odd.path} comes back out of order"


@requirement("PS3.5 7.1", SHALL, "The elements of every object come back in the order of their tags.")
def test_elements_in_order(keeper: Keeper) -> None:
    kept: Kept = keeper.keep(keeper.object_with(LIMITS, shapes.sequences_of_defined_length()))
    if not kept.received:
        raise not_supported(f"an object with private elements is not taken: {kept.unread}")
    for received in kept.received:
        odd = disordered(received.dataset, received.transfer_syntax)
        assert odd is None, f"{odd.path} comes back out of order"
