"""What `pacs-harness fuzz` reads: PDUs as a strict receiver does, answers, and folders from strangers."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator

from harness.dimse.errors import DecodeError
from harness.dimse.pdu import Abort, ReleaseResponse, accept_of, associate_request, decode_pdu
from harness.dimse.walker import DEFLATED, EXPLICIT_LITTLE
from harness.findings import Area, Symptom
from harness.fuzz.cases import DataSetCase
from harness.fuzz.identifiers import IdentifierCase
from harness.fuzz.nodes import deflate
from harness.fuzz.objects.renewed import renewed
from harness.fuzz.pdus.judging import judged
from harness.fuzz.pdus.known import known_cases
from harness.fuzz.pdus.mutated import PduCase, ended
from harness.fuzz.pdus.ordinary import image
from harness.fuzz.pdus.owing import answer_to, due
from harness.fuzz.pdus.played import Ending, Heard, Played
from harness.fuzz.pdus.reading import sent
from harness.fuzz.pdus.recorded import recorded
from harness.fuzz.pdus.script import Script, Send, addressed, from_json, to_json
from harness.fuzz.reproducer import CASE, OBJECT, SCRIPT, VALUE, ReproducerError, dump, load, save
from harness.fuzz.trouble import Trouble
from tests.coverage_guided.entry import entry, scratch

TITLES = "REFERENCE", "PACSHARNESS"
TROUBLE = Trouble(Symptom.DIED, "PS3.4 A.4", "C-ECHO is answered", "refused", "detail")


def streams() -> Iterator[bytes]:
    """All that an exchange sends, on one connection."""
    for exchange in recorded(*TITLES):
        yield b"".join(step.data for step in exchange.script.steps if isinstance(step, Send))


@entry(streams)
def reading(data: bytes) -> None:
    """Frames are the bytes that were sent; what is owed can be told of anything."""
    middle = len(data) // 2
    steps = (Send(data=data[:middle]), Send(data=b"elsewhere", on=1), Send(data=data[middle:]))
    read = sent(steps, 0)
    assert b"".join(frame.data for frame in read.frames) == data
    for frame in read.frames:
        assert frame.name
    for command in read.commands:
        assert command.name
        assert command.message_id is None or command.message_id >= 0
    assert due(read) in type(due(read))
    if read.frames:
        assert answer_to(read)
    script = ended(steps, *TITLES)
    assert from_json(to_json(script)) == script


def answered() -> Iterator[bytes]:
    """What is sent and what comes back."""
    request = associate_request(*TITLES, ())
    answers = accept_of(request, ()).encode() + ReleaseResponse().encode()
    for stream in streams():
        yield struct.pack("<H", len(stream)) + stream + answers
        yield struct.pack("<H", len(stream)) + stream + Abort(2, 0).encode()


@entry(answered)
def answers(data: bytes) -> None:
    """Whatever a product answers can be judged."""
    length = int.from_bytes(data[:2], "little")
    stream, back = data[2 : 2 + length], data[2 + length :]
    script = Script((Send(data=stream),), *TITLES)
    heard = []
    at = 0
    while at < len(back):
        after = at + 6 + int.from_bytes(back[at + 2 : at + 6], "big")
        piece = back[at:after]
        try:
            heard.append(Heard(0, 0, piece, decode_pdu(piece)))
        except DecodeError as error:
            heard.append(Heard(0, 0, piece, None, str(error)))
            break
        at = after
    for ending in Ending:
        played = Played(tuple(heard), ((0, ending),), (), 1.0, 0.1)
        trouble = judged(PduCase("exchange", script), played)
        assert trouble is None or trouble.signature


FILES = (CASE, OBJECT, VALUE, SCRIPT)


def folders() -> Iterator[bytes]:
    """Reproducers of every kind, their files behind lengths of 16 bits."""
    plain = DataSetCase(
        "1.2.840.10008.5.1.4.1.1.2", "1.2.345678", "1.2.3", "1.2.4", "PHTEST", EXPLICIT_LITTLE, image()
    )
    deflated = DataSetCase(
        "1.2.840.10008.5.1.4.1.1.2", "1.2.345678", "", "", "", DEFLATED, deflate(image()), ("odd",)
    )
    script = recorded(*TITLES)[0]
    known = next(known_cases(*TITLES)).case
    folder = scratch() / "seed"
    for area, case in (
        (Area.DATA_SETS, plain),
        (Area.DAMAGED, deflated),
        (Area.IDENTIFIERS, IdentifierCase("PatientID", b"' OR \xff", ("quote",))),
        (Area.PDUS, PduCase(script.name, script.script, ("reset",))),
        (Area.KNOWN, known),
    ):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        save(folder, area, case, TROUBLE)
        found = [(folder / name).read_bytes() if (folder / name).is_file() else b"" for name in FILES]
        yield b"".join(struct.pack("<H", len(one)) + one for one in found)


@entry(folders, ReproducerError)
def reproducers(data: bytes) -> None:
    """A folder from a stranger: what loads can be shown, sent anew, addressed, and saved as it is."""
    folder = scratch() / "given"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    at = 0
    for name in FILES:
        length = int.from_bytes(data[at : at + 2], "little")
        content = data[at + 2 : at + 2 + length]
        at += 2 + length
        if content:
            (folder / name).write_bytes(content)
    saved, (*before, case) = load(folder)
    assert dump(case)
    assert case.size >= 0
    if isinstance(case, DataSetCase):
        assert renewed(case, 1).size == case.size or case.transfer_syntax == DEFLATED
    if isinstance(case, PduCase):
        assert addressed(case.script, *TITLES).size == case.script.size
    again = scratch() / "again"
    shutil.rmtree(again, ignore_errors=True)
    again.mkdir()
    save(again, saved.area, case, saved.shown, before)
    assert load(again)[1] == (*before, case)
