"""In what two products differ over the same case, on made-up observations: noise is not told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.dimse.command import CommandSet
from harness.dimse.errors import NoAnswer, PeerAborted
from harness.dimse.pdu import Abort, AssociateReject, Pdu, ReleaseResponse
from harness.dimse.walker import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from harness.findings import Aspect, Symptom
from harness.fuzz.answer import Answer
from harness.fuzz.cases import DataSetCase
from harness.fuzz.differing.contrast import Contrast
from harness.fuzz.differing.differ import differ, told
from harness.fuzz.differing.objects import ASKED, normal
from harness.fuzz.identifiers import IdentifierCase, QuerySeen
from harness.fuzz.nodes import Item, Node, Nodes, encode
from harness.fuzz.objects.watching import REFUSED, STORED, Back, ObjectSeen
from harness.fuzz.pdus.hearing import ScriptSeen
from harness.fuzz.pdus.played import Ending
from harness.fuzz.trouble import Trouble
from harness.scu.inbox import Received
from tests.unit.fuzz.pdus.test_judging import ACCEPT, ECHO, played, response
from tests.unit.fuzz.pdus.test_judging import REFUSED as REFUSED_CONTEXT

CLASS, UID = "1.2.840.10008.5.1.4.1.1.66", "2.25.1"
BASE: Nodes = (
    Node(0x00080005, "CS", b"ISO_IR 100"),
    Node(0x00080016, "UI", CLASS.encode()),
    Node(0x00080018, "UI", UID.encode()),
    Node(0x00100010, "PN", b"PHTEST^A"),
    Node(0x00181000, "LO", b"text"),
    Node(0x00290010, "LO", b"PHTEST ONE"),
    Node(0x00291001, "OB", b"private "),
    Node(0x00291002, "SQ", items=(Item((Node(0x00100010, "PN", b"deep"),)), Item())),
)
CASE = DataSetCase(CLASS, UID, "2.25.2", "2.25.3", "PHTEST", EXPLICIT_LITTLE, encode(BASE, EXPLICIT_LITTLE))
DONE = Answer.of_status(0)
ABORTED = PeerAborted("PS3.8 9.3.8", "a response", "A-ABORT", Abort(2, 1), b"raw")


def without(tag: int) -> Nodes:
    return tuple(node for node in BASE if node.tag != tag)


def changed(tag: int, **fields: object) -> Nodes:
    return tuple(replace(node, **fields) if node.tag == tag else node for node in BASE)  # type: ignore[arg-type]


def stored(nodes: Nodes = BASE, *, syntax: str = EXPLICIT_LITTLE, **match: str | None) -> ObjectSeen:
    """Seen at a product that has kept these elements, and says this of the study."""
    received = Received(CLASS, UID, syntax, encode(nodes, syntax), CommandSet.of(MessageID=1), 1)
    told_of_it = dict.fromkeys(ASKED, "") | match
    return ObjectSeen(CASE, DONE, STORED, None, Back(True, (received,)), told_of_it)


def only(a: ObjectSeen, b: ObjectSeen) -> Contrast:
    (contrast,) = differ(a, b)
    return contrast


def test_two_that_do_the_same_do_not_differ() -> None:
    assert differ(stored(), stored()) == ()


@pytest.mark.parametrize(
    ("nodes", "detail", "clause", "breaks"),
    [
        (without(0x00291001), "kept / gone: private, OB", "PS3.4 B.4.1.1", ""),
        (changed(0x00181000, value=b"tex "), "kept / another value: LO", "PS3.4 B.4.1", "B"),
        (changed(0x00181000, value=b"text  "), "kept / padded otherwise: LO", "PS3.5 6.2", ""),
        (
            changed(0x00291002, is_delimited=True),
            "kept / another form of length: sequences and items",
            "PS3.5 7.5",
            "",
        ),
        (
            (Node(0x00080000, "UL", b"\x10\0\0\0"), *BASE),
            "absent, as it was sent / added: group length",
            "PS3.5 7.2",
            "",
        ),
        (
            (*BASE, Node(0xFFFCFFFC, "OB", b"\0\0")),
            "absent, as it was sent / added: Data Set Trailing Padding",
            "PS3.10 7.2",
            "",
        ),
        (changed(0x00181000, vr="UN"), "kept / another VR: LO", "PS3.5 6.2.2", ""),
        (
            (*BASE, Node(0x40100010, "LO", b"mine")),
            "absent, as it was sent / added: LO",
            "PS3.4 B.4.1.3, note 4",
            "",
        ),
    ],
)
def test_what_became_of_an_element_at_either(nodes: Nodes, detail: str, clause: str, breaks: str) -> None:
    one = only(stored(), stored(nodes))
    assert one.aspect is Aspect.ELEMENT
    assert (one.detail, one.clause, one.breaks) == (detail, clause, breaks)
    other = only(stored(nodes), stored())
    left, right = detail.split(": ")[0].split(" / ")
    assert other.detail.startswith(f"{right} / {left}")
    assert other.breaks == breaks.replace("B", "A")


def test_the_words_of_a_row_are_the_values() -> None:
    one = only(stored(), stored(changed(0x00181000, value=b"tex ")))
    assert (one.what, one.a, one.b) == ("(0018,1000), LO", "kept: 'text'", "another value: 'tex'")
    assert ("answered", "0x0000 (success)", "0x0000 (success)") in one.rows


def test_what_both_changed_alike_is_no_difference() -> None:
    assert differ(stored(without(0x00291001)), stored(without(0x00291001))) == ()


def test_private_blocks_that_moved_are_one_difference() -> None:
    moved = tuple(
        replace(node, tag=0x00290020 if node.tag == 0x00290010 else node.tag + 0x1000)
        if node.tag >> 16 == 0x29
        else node
        for node in BASE
    )
    one = only(stored(), stored(moved))
    assert (one.a, one.b, one.clause) == ("kept", "moved to another block", "PS3.5 7.8.1")


def test_text_in_another_character_set_is_one_difference() -> None:
    nodes = tuple(
        replace(node, value=b"ISO_IR 192")
        if node.tag == 0x00080005
        else replace(node, value=b"t\xc3\xa4xt ")
        if node.tag == 0x00181000
        else node
        for node in BASE
    )
    one = only(stored(), stored(nodes))
    assert one.detail == "kept / another value: Specific Character Set, CS"


@pytest.mark.parametrize(
    ("vr", "ours", "theirs"),
    [("DT", b"2024", b"2025"), ("UI", b"2.25.8\0", b"2.25.9\0"), ("AE", b"A ", b"B ")],
)
def test_what_each_writes_in_a_way_of_its_own_is_noise(vr: str, ours: bytes, theirs: bytes) -> None:
    a, b = ((*BASE, Node(0x40100010, vr, value)) for value in (ours, theirs))
    assert differ(stored(a), stored(b)) == ()
    # That one of them adds it is no noise.
    assert len(differ(stored(a), stored())) == 1


def test_the_transfer_syntax_that_it_comes_back_in() -> None:
    one = only(stored(), stored(syntax=IMPLICIT_LITTLE))
    assert one.aspect is Aspect.SYNTAX
    assert (one.a, one.b) == ("Explicit VR Little Endian", "Implicit VR Little Endian")


def test_what_cannot_be_read_is_compared_as_bytes() -> None:
    damaged = replace(CASE, dataset=CASE.dataset[:-3], damage="cut off")
    sides = []
    for dataset in (damaged.dataset, CASE.dataset):
        received = Received(CLASS, UID, EXPLICIT_LITTLE, dataset, CommandSet.of(MessageID=1), 1)
        sides.append(ObjectSeen(damaged, DONE, STORED, None, Back(True, (received,))))
    one = only(*sides)
    assert (one.a, one.b) == ("the bytes that were sent", "other bytes, a data set")
    assert one.detail.endswith("cut off")


def refused(status: int = 0xC000) -> ObjectSeen:
    return ObjectSeen(CASE, Answer.of_status(status), REFUSED)


def test_answers() -> None:
    one = only(stored(), refused())
    assert one.aspect is Aspect.ANSWER
    assert (one.a, one.b, one.breaks) == ("0x0000 (success)", "0xC000 (failure)", "")
    assert one.clause == "PS3.4 B.2.3"
    aborted = replace(stored(), answer=Answer.of_error(ABORTED))
    assert only(refused(), aborted).clause == "PS3.8 7.3 and 7.4"
    assert only(refused(0xA700), refused()).detail == "0xA700 (failure) / 0xC000 (failure)"


def test_who_breaks_a_clause_is_named_by_the_ordinary_oracle() -> None:
    trouble = Trouble(Symptom.SILENT, "PS3.7 9.1.1", "a response", "none")
    silent = ObjectSeen(CASE, Answer.of_error(NoAnswer(1.0, "a response")), "aborted", trouble)
    one = only(stored(), silent)
    assert (one.b, one.clause, one.breaks) == ("no answer", "PS3.7 9.1.1", "B")
    assert one.is_silent
    assert one.may_be_late


def test_an_abort_is_told_with_its_source_and_without_its_bytes() -> None:
    assert Answer.of_error(ABORTED).words == "A-ABORT by the service provider: unrecognized PDU"


def test_found_by_one_alone() -> None:
    lost = replace(stored(), back=Back(is_found=False), match=None)
    assert [one.aspect for one in differ(stored(), lost)] == [Aspect.FOUND]


def test_brought_by_one_alone() -> None:
    nothing = replace(stored(), back=Back(True, ()))
    one = only(stored(), nothing)
    assert (one.aspect, one.a, one.b) == (Aspect.RETRIEVAL, "the object", "nothing")


def test_what_was_not_asked_of_one_is_not_compared() -> None:
    mute = replace(stored(), back=Back(), match=None)
    assert differ(stored(), mute) == ()


def test_keys_that_a_query_says_otherwise() -> None:
    one = only(stored(PatientName="PHTEST^A"), stored(PatientName="PHTEST^B"))
    assert (one.aspect, one.what, one.detail) == (
        Aspect.MATCH,
        "PatientName",
        "PatientName, one value / another",
    )
    optional = only(stored(ModalitiesInStudy="CT"), stored(ModalitiesInStudy=None))
    assert (optional.b, optional.clause) == ("absent", "PS3.4 C.2.2.1.3")


@pytest.mark.parametrize(
    ("keyword", "one", "other"),
    [
        ("PatientName", "PHTEST^A^^", "PHTEST^A"),
        ("PatientName", "PHTEST^A=^=", "PHTEST^A"),
        ("StudyID", " 1 ", "1\0"),
        ("ModalitiesInStudy", "MR\\CT", "CT\\MR"),
        ("StudyDescription", "", None),
    ],
)
def test_values_that_mean_the_same(keyword: str, one: str, other: str | None) -> None:
    assert normal(keyword, one) == normal(keyword, other)


def asked(status: int = 0, *studies: str) -> QuerySeen:
    case = IdentifierCase("PatientID", b"*", ("PatientID", "wild card"))
    return QuerySeen(case, Answer.of_status(status), "answered", None, None if status else frozenset(studies))


def test_queries() -> None:
    assert differ(asked(0, "1"), asked(0, "1")) == ()
    (more,) = differ(asked(0, "1", "2"), asked(0, "1"))
    assert (more.aspect, more.detail, more.a) == (Aspect.MATCHES, "PatientID, A has more", "2 match")
    (either,) = differ(asked(0, "1", "2"), asked(0, "1", "3"))
    assert either.detail == "PatientID, either has matches of its own"
    (answer,) = differ(asked(0, "1"), asked(0xC000))
    assert answer.aspect is Aspect.ANSWER


def heard(*pdus: Pdu, ending: Ending = Ending.CLOSED) -> ScriptSeen:
    return ScriptSeen(ECHO, played(ECHO, pdus, ending=ending), "answered")


def test_scripts_differ_in_the_first_answer_that_is_another() -> None:
    whole = heard(ACCEPT, response(), ReleaseResponse())
    assert differ(whole, whole) == ()
    (refusal,) = differ(whole, heard(ACCEPT, response(Status=0x0122), Abort()))
    assert (refusal.what, refusal.a, refusal.b) == (
        *("after A-ASSOCIATE-AC", "C-ECHO-RSP 0000H", "C-ECHO-RSP 0122H"),
    )
    (abort,) = differ(whole, heard(ACCEPT, Abort(2, 2)))
    assert (abort.b, abort.clause) == (
        *("A-ABORT, by the service provider: unexpected PDU", "PS3.8 7.3 and 7.4"),
    )
    (rejection,) = differ(whole, heard(AssociateReject(1, 1, 7)))
    assert rejection.b == "A-ASSOCIATE-RJ, permanent, by the service user: called AE title not recognized"


def test_how_tcp_ends_and_what_follows_an_abort_is_noise() -> None:
    assert differ(heard(ACCEPT), heard(ACCEPT, ending=Ending.RESET)) == ()
    assert differ(heard(ACCEPT, Abort()), heard(ACCEPT, Abort(), Abort())) == ()


def test_silence_may_be_lateness() -> None:
    (one,) = differ(heard(ACCEPT), heard(ACCEPT, ending=Ending.OURS))
    assert (one.a, one.b) == ("the end of the connection", "nothing more")
    assert one.may_be_late


def test_other_presentation_contexts_explain_what_follows() -> None:
    (one,) = differ(heard(ACCEPT, response()), heard(REFUSED_CONTEXT, Abort()))
    assert (one.aspect, one.a, one.b) == (Aspect.CONTEXTS, "1", "none")


def test_pending_responses_are_as_many_as_there_are_matches() -> None:
    assert differ(heard(ACCEPT, response(Status=0xFF00), response()), heard(ACCEPT, response())) == ()


def test_two_kinds_of_cases_are_a_fault() -> None:
    with pytest.raises(TypeError):
        differ(asked(), stored())


def test_one_side_in_a_line() -> None:
    assert told(heard(ACCEPT, Abort())) == "answered: A-ASSOCIATE-AC, A-ABORT, by the service user"
    assert told(refused()) == "answered: 0xC000 (failure); found: not asked; came back: not asked for"
