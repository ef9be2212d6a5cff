"""Valid data sets, walked, compared and read by others."""

from __future__ import annotations

import io
from random import Random

import pytest
from hypothesis import find, settings
from pydicom.filereader import read_dataset

from harness.dimse.difference import difference
from harness.dimse.walker import EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, inflate, walk
from harness.fuzz.cases import DataSetCase, Sendable
from harness.fuzz.nodes import Node, encode
from harness.fuzz.objects.datasets import data_sets, drafts, sealed, with_group_lengths
from harness.fuzz.objects.images import NATIVE, SYNTAXES
from harness.fuzz.objects.modules import CLASSES, CT, SECONDARY_CAPTURE
from harness.fuzz.objects.parts import Part, is_creator, merged
from harness.synthesis import NAME_MARK, valid_uid
from tests.unit.fuzz.objects.examples import EVERYTHING, sample

COUNT = 90
BARE = Sendable(((SECONDARY_CAPTURE, EXPLICIT_LITTLE),))


@pytest.fixture(scope="module")
def cases() -> list[DataSetCase]:
    return sample(data_sets(EVERYTHING, "root"), COUNT)


def test_every_case_is_walked_to_its_end_with_even_lengths_and_ascending_tags(
    cases: list[DataSetCase],
) -> None:
    for case in cases:
        last: dict[object, int] = {}
        for element in walk(case.dataset, case.transfer_syntax):
            assert len(element.value) % 2 == 0
            if not element.is_item:
                assert element.tag > last.get(element.parent, -1), element
                last[element.parent] = element.tag


def test_private_elements_have_one_creator_in_their_own_item(cases: list[DataSetCase]) -> None:
    """PS3.5 7.8.1: reserved in the same data set, and each identifier once in a group."""
    for case in cases:
        owners: dict[object, dict[int, bytes]] = {}
        for element in walk(case.dataset, case.transfer_syntax):
            if element.is_item or not element.tag >> 16 & 1 or not element.tag & 0xFFFF:
                continue
            own = owners.setdefault(element.parent, {})
            if is_creator(element.tag):
                name = bytes(element.value).strip()
                assert name
                assert name.isascii()
                assert name not in [owner for tag, owner in own.items() if tag >> 16 == element.tag >> 16]
                own[element.tag] = name
            else:
                assert element.tag & 0xFFFF0000 | element.tag >> 8 & 0xFF in own


def test_the_case_says_what_the_data_set_says(cases: list[DataSetCase]) -> None:
    for case in cases:
        values = {
            element.tag: bytes(element.value).decode("latin-1").strip(" \0")
            for element in walk(case.dataset, case.transfer_syntax)
            if not element.depth
            and element.tag in (0x00080016, 0x00080018, 0x00100020, 0x0020000D, 0x0020000E)
        }
        assert [values[tag] for tag in sorted(values)] == [
            case.sop_class,
            case.sop_instance_uid,
            case.patient_id,
            case.study_uid,
            case.series_uid,
        ]
        assert case.is_valid
        assert case.patient_id.startswith(NAME_MARK)
        assert valid_uid(case.sop_instance_uid)


def test_patients_names_begin_with_the_mark(cases: list[DataSetCase]) -> None:
    for case in cases:
        names = [
            e.value for e in walk(case.dataset, case.transfer_syntax) if e.tag == 0x00100010 and not e.depth
        ]
        assert [bytes(name).startswith(NAME_MARK.encode()) for name in names] == [True]


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert sample(data_sets(EVERYTHING, "root"), 12) == sample(data_sets(EVERYTHING, "root"), 12)


def test_equal_objects_have_equal_uids_and_others_have_others(cases: list[DataSetCase]) -> None:
    by_uid = {case.sop_instance_uid: case.dataset for case in cases}
    assert len(by_uid) == len({case.dataset for case in cases})
    assert all(by_uid[case.sop_instance_uid] == case.dataset for case in cases)
    assert len({case.study_uid for case in cases}) == len(by_uid)
    assert len({len(case.sop_instance_uid) for case in cases}) == 1


def test_another_root_gives_other_uids() -> None:
    draft = sample(drafts(BARE), 1)[0]
    assert sealed(draft, "one").case.sop_instance_uid != sealed(draft, "two").case.sop_instance_uid


def test_the_reach_of_a_sample(cases: list[DataSetCase]) -> None:
    traits = {trait for case in cases for trait in case.traits}
    assert len({case.transfer_syntax for case in cases}) > 6
    assert len({case.sop_class for case in cases} & set(CLASSES)) >= 4
    assert len([trait for trait in traits if trait.startswith("character set ")]) > 10
    vrs = {element.vr for case in cases for element in walk(case.dataset, case.transfer_syntax)}
    assert len(vrs) > 25
    for trait in ("private block", "standard sequence", "sequence of undefined length", "group lengths"):
        assert trait in traits


def test_drafts_are_the_same_in_each_native_syntax() -> None:
    for draft in sample(drafts(BARE), 15):
        left = encode(draft.nodes, EXPLICIT_LITTLE)
        for syntax in (IMPLICIT_LITTLE, EXPLICIT_BIG, EXPLICIT_LITTLE):
            found = difference(left, EXPLICIT_LITTLE, encode(draft.nodes, syntax), syntax)
            # Group lengths are right in one transfer syntax alone (PS3.5 7.2).
            assert [entry for entry in found if entry.tag & 0xFFFF] == []


def test_a_value_too_long_for_its_vr_is_of_un_and_little_endian() -> None:
    """PS3.5 6.2.2, also in a big endian data set."""
    long = (Node(0x00350010, "LO", b"PH"), Node(0x00351001, "US", b"\x02\0" * 0x8000))
    short = (Node(0x00350010, "LO", b"PH"), Node(0x00351001, "US", b"\x02\0" * 0x7FFF))
    for nodes, ends in ((long, b"\x02\0"), (short, b"\0\x02")):
        assert encode(nodes, EXPLICIT_BIG).endswith(ends * 4)
        for syntax in (IMPLICIT_LITTLE, EXPLICIT_BIG):
            assert (
                difference(encode(nodes, EXPLICIT_LITTLE), EXPLICIT_LITTLE, encode(nodes, syntax), syntax)
                == []
            )


def test_pydicom_reads_every_native_case(cases: list[DataSetCase]) -> None:
    native = [case for case in cases if case.transfer_syntax in NATIVE]
    # pydicom does not read little endian items of UN in a big endian data set (PS3.5 6.2.2).
    native = [
        case
        for case in native
        if case.transfer_syntax != EXPLICIT_BIG or "UN of undefined length" not in case.traits
    ]
    for case in native:
        plain = inflate(case.dataset) if case.transfer_syntax.endswith(".99") else case.dataset
        read = read_dataset(
            io.BytesIO(plain), case.transfer_syntax == IMPLICIT_LITTLE, case.transfer_syntax != EXPLICIT_BIG
        )
        tags = [e.tag for e in walk(case.dataset, case.transfer_syntax) if not e.depth]
        assert [int(element.tag) for element in read] == tags


def test_group_lengths_are_those_of_their_group() -> None:
    nodes = (Node(0x00080060, "CS", b"CT"), Node(0x00100010, "PN", b"PH"), Node(0x00100020, "LO", b"PH"))
    for syntax in (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG):
        found = {node.tag: node.value for node in with_group_lengths(nodes, syntax)}
        assert found[0x00080000] == b"\x0a\0\0\0"
        assert found[0x00100000] == b"\x14\0\0\0"


def test_the_simplest_case_is_the_bare_object() -> None:
    # Hypothesis begins with what it would shrink to.
    simplest = sample(data_sets(EVERYTHING, "root"), 1)[0]
    assert simplest.traits == ()
    assert simplest.transfer_syntax == SYNTAXES[0]


@pytest.mark.parametrize("trait", ["private block", "group lengths"])
def test_whatever_else_was_drawn_shrinks_away(trait: str) -> None:
    bare = sample(data_sets(BARE, "root"), 1)[0]
    smallest = find(
        data_sets(BARE, "root"),
        lambda case: trait in case.traits,
        settings=settings(database=None, max_examples=2000),
        random=Random(11),
    )
    count = sum(1 for _ in walk(bare.dataset, EXPLICIT_LITTLE))
    more = sum(1 for _ in walk(smallest.dataset, EXPLICIT_LITTLE)) - count
    assert more <= 7
    assert len(smallest.traits) <= 3


def test_parts_that_collide_are_left_out_whole() -> None:
    first = Part((Node(0x00290010, "LO", b"ME"), Node(0x00291001, "LO", b"a ")), ("first",))
    same_block = Part((Node(0x00290010, "LO", b"YOU "), Node(0x00291002, "LO", b"b ")), ("block",))
    same_name = Part((Node(0x00290011, "LO", b" ME "), Node(0x00291101, "LO", b"c ")), ("name",))
    other_group = Part((Node(0x00190010, "LO", b"ME"),), ("group",))
    whole = merged((first, same_block, same_name, other_group))
    assert whole.traits == ("first", "group")
    assert [node.tag for node in whole.nodes] == [0x00190010, 0x00290010, 0x00291001]


def test_nothing_that_can_be_made_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="takes none"):
        data_sets(Sendable(((CT, "1.2.3"), ("1.2.3", EXPLICIT_LITTLE))), "root")
