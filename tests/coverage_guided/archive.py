"""What the bundled archive makes of bytes before anybody answers: PDUs, commands, identifiers, objects."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pynetdicom.pdu import A_ASSOCIATE_RQ

from harness.archive import encoding, identifiers, matching, pdus, transcoding
from harness.archive import storage as kept
from harness.archive.attributes import Attribute, Level, Root, from_json, to_json
from harness.archive.config import ArchiveConfig
from harness.archive.messages import ProtocolViolation, decode_command, encode_command
from harness.archive.reading import read_attributes
from harness.archive.semantics import Semantics
from harness.archive.status import Refused
from harness.dimse.difference import HARMLESS, DifferenceKind, difference
from harness.dimse.walker import DEFLATED, IMPLICIT_LITTLE, walk
from tests.coverage_guided.entry import entry, scratch, written
from tests.coverage_guided.wire import SYNTAXES, associations, commands, data_sets, syntax_and_data

SEMANTICS = Semantics(ArchiveConfig(scratch()))


@entry(associations, pdus.InvalidPdu)
def requests(data: bytes) -> None:
    """What is handed on to pynetdicom is read by it, and is the same when it is made readable once more."""
    readable = pdus.readable_request(data)
    assert pdus.readable_request(readable) == readable
    decoded = A_ASSOCIATE_RQ()
    if readable[0] == pdus.ASSOCIATE_RQ:
        try:
            decoded.decode(readable)
            decoded.to_primitive()
        except Exception:  # noqa: BLE001 - the archive aborts for whatever pynetdicom raises (serving.peers)
            return
        assert len(decoded.presentation_context) >= 1


@entry(lambda: [struct.pack(">LBB", 4, 1, 3) + b"ab", struct.pack(">LBB", 2, 1, 0) * 3], pdus.InvalidPdu)
def fragments(data: bytes) -> None:
    found = pdus.fragments(memoryview(data))
    assert sum(6 + len(one.data) for one in found) == len(data)


@entry(commands, ProtocolViolation)
def command_sets(data: bytes) -> None:
    command = decode_command(data)
    assert command.CommandField >= 0
    again = decode_command(encode_command(command))
    assert again.CommandField == command.CommandField
    assert again.get("MessageID") == command.get("MessageID")


def queries() -> Iterator[bytes]:
    """Identifiers with every kind of matching."""
    for values in (
        {0x00080052: ("CS", "STUDY"), 0x00100010: ("PN", "A*^?"), 0x0020000D: ("UI", "1.2\\1.3")},
        {0x00080052: ("CS", "IMAGE"), 0x00080020: ("DA", "20200101-"), 0x00080030: ("TM", "-1015")},
        {0x00080052: ("CS", "SERIES"), 0x0008002A: ("DT", "20200101+0100-"), 0x00200013: ("IS", "7")},
        {
            0x00080052: ("CS", "PATIENT"),
            0x00100020: ("LO", "X"),
            0x00101030: ("DS", "7.5"),
            0x00280010: ("US", ""),
        },
    ):
        attributes = identifiers.AttributeSet(
            {t: Attribute(vr, tuple(v.split("\\"))) for t, (vr, v) in values.items()}
        )
        for number, syntax in enumerate(SYNTAXES[:4]):
            yield bytes((number,)) + identifiers.encode(attributes, (), syntax)
    yield from data_sets()


@entry(queries, Refused, matching.InvalidKey)
def queried(data: bytes) -> None:
    """An identifier: decoded, understood, matched with itself, and answered."""
    syntax, data = syntax_and_data(data)
    attributes, strange = identifiers.decode(data, syntax)
    assert from_json(to_json(attributes)) == attributes
    for root in Root:
        for level in root.levels:
            query = identifiers.understand(
                root, level, attributes, strange, relational=True, combined_date_time=True
            )
            identifiers.selection_of(query)
            response = identifiers.response_attributes(query, attributes, "REFERENCE")
            answer = identifiers.encode_response(query, response, syntax)
            identifiers.decode(answer, syntax)
    level = SEMANTICS.level_of_request(Root.STUDY, attributes)
    query = identifiers.understand(
        Root.STUDY, level, attributes, strange, relational=False, combined_date_time=True
    )
    for tag, key in query.matched.items():
        SEMANTICS.match_value(key, None, tag)
    SEMANTICS.match_entity(query, attributes)
    identifiers.retrieve_selection(Root.PATIENT, Level.IMAGE, attributes, relational=True)


@entry(data_sets, kept.Undecodable)
def stored(data: bytes) -> None:
    """What the archive takes our own walker reads, and it comes back unchanged in other transfer syntaxes.

    Where VRs name sequences, that is: in Implicit VR the archive does not look into what has a length.
    """
    syntax, data = syntax_and_data(data)
    path = written("object.dcm", data)
    attributes = read_attributes(path, 0, syntax)
    assert from_json(to_json(attributes)) == attributes
    names_sequences = syntax != IMPLICIT_LITTLE and b"UN" not in data
    if names_sequences and syntax != DEFLATED:
        for _ in walk(data, syntax):
            pass
    for target in encoding.NATIVE:
        try:
            converted = b"".join(transcoding.convert(path, 0, syntax, target))
        except (transcoding.NotConvertible, encoding.Malformed):
            continue
        if names_sequences and target not in (IMPLICIT_LITTLE, DEFLATED) and syntax != DEFLATED:
            for _ in walk(converted, target):
                pass
            if target == syntax:
                found = difference(data, syntax, converted, target)
                assert not [one for one in found if one.kind not in HARMLESS | {DifferenceKind.VR}]


@entry(lambda: [kept.part10_header("1.2.840.10008.1.2", "1.2.3", "1.2.4") + b"data"], kept.Undecodable)
def files(data: bytes) -> None:
    """Files that a crash has left are read, or known to be damaged."""
    found = kept.open_file(written("kept.dcm", data))
    assert 0 <= found.size <= len(data)
