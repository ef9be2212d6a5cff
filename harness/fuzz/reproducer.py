"""A finding or a difference as a folder: the bytes, what they showed; and back for `pacs-harness replay`.

``case.json`` says what the case is and what it showed; ``object.dcm``, ``identifier.bin`` or
``script.json`` hold the bytes; ``dump.txt`` is for people, as is the recording of a repetition that
`keeping.py` puts beside them.  What shows after several cases alone has those before it in ``case-01``,
``case-02`` and so on, each once where it is put several times in a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import msgspec
from msgspec import Struct

from harness.dimse.errors import DecodeError
from harness.dimse.listing import data_set_lines
from harness.dimse.part10 import part10, write_part10
from harness.documents import Mistake, read_within
from harness.findings import Area, Aspect, Symptom, Weight
from harness.fuzz.cases import DataSetCase
from harness.fuzz.differing.contrast import Contrast
from harness.fuzz.identifiers import IdentifierCase
from harness.fuzz.pdus.mutated import PduCase
from harness.fuzz.pdus.script import Await, Send, Steps, from_json, to_json
from harness.fuzz.trouble import Trouble

VERSION = 1
CASE, OBJECT, VALUE, SCRIPT, DUMP = "case.json", "object.dcm", "identifier.bin", "script.json", "dump.txt"
MOST_CASES = 4096
"""That one reproducer puts, repetitions included."""
MOST_LINES = 200
"""Of a readable dump."""
MOST_COLUMN = 60
"""Characters of a column of two answers side by side."""
_SHOWN = 400

AnyCase = DataSetCase | IdentifierCase | PduCase


class ReproducerError(Mistake):
    """A folder that holds no reproducer; one line for people."""


class Apart(Struct, frozen=True):
    """What two products did otherwise than each other."""

    aspect: Aspect
    what: str
    a: str
    b: str
    breaks: str


class Saved(Struct, frozen=True):
    """``case.json``: that of a finding has a symptom, that of a difference says what it is."""

    version: int
    area: Area
    clause: str
    detail: str
    about: tuple[str, ...]
    """What is unusual in the case."""
    symptom: Symptom | None = None
    weight: Weight = Weight.FAILURE
    expected: str = ""
    observed: str = ""
    difference: Apart | None = None
    keyword: str = ""
    """Of the key that an Identifier has."""
    exchange: str = ""
    """What a script was made from."""
    damage: str = ""
    study_uid: str = ""
    series_uid: str = ""
    patient_id: str = ""
    times: int = 1
    """How often it is put."""
    before: int = 0
    """How many others are put before it, repetitions not counted: the folders ``case-01`` and so on."""

    @property
    def shown(self) -> Trouble | Contrast:
        """What it showed when it was found.  ValueError where it says nothing of that."""
        if self.symptom is not None:
            return Trouble(self.symptom, self.clause, self.expected, self.observed, self.detail, self.weight)
        if self.difference is None:
            raise ValueError("neither a finding nor a difference")
        one = self.difference
        return Contrast(one.aspect, one.what, one.a, one.b, self.detail, self.clause, one.breaks)

    @property
    def words(self) -> str:
        """What it showed, in a line."""
        shown = self.shown
        if isinstance(shown, Trouble):
            return f"{shown.signature}: expected {shown.expected}; observed {shown.observed}"
        return f"a difference in {shown.aspect}: {shown.words}"


def save(
    folder: Path, area: Area, case: AnyCase, shown: Trouble | Contrast, before: Sequence[AnyCase] = ()
) -> None:
    """Write ``case.json``, the bytes and the dump, of the cases before it too, into a folder that is there.

    Raises OSError.
    """
    *others, (_, times) = [(one, len(list(same))) for one, same in groupby((*before, case))]
    saved = _saved(area, shown)
    for number, (one, repeated) in enumerate(others, 1):
        place = folder / _before(number)
        place.mkdir()
        _save(place, one, msgspec.structs.replace(saved, times=repeated))
    _save(folder, case, msgspec.structs.replace(saved, times=times, before=len(others)))


def _before(number: int) -> str:
    return f"case-{number:02}"


def _saved(area: Area, shown: Trouble | Contrast) -> Saved:
    """What is said of every case of a reproducer."""
    saved = Saved(version=VERSION, area=area, clause=shown.clause, detail=shown.detail, about=())
    if isinstance(shown, Trouble):
        return msgspec.structs.replace(
            saved,
            symptom=shown.symptom,
            weight=shown.weight,
            expected=shown.expected,
            observed=shown.observed,
        )
    apart = Apart(shown.aspect, shown.what, shown.a, shown.b, shown.breaks)
    return msgspec.structs.replace(saved, difference=apart)


def _save(folder: Path, case: AnyCase, saved: Saved) -> None:
    saved = msgspec.structs.replace(saved, about=case.traits)
    (folder / DUMP).write_text(dump(case), encoding="utf-8")
    if isinstance(case, IdentifierCase):
        saved = msgspec.structs.replace(saved, keyword=case.keyword)
        (folder / VALUE).write_bytes(case.value)
    elif isinstance(case, PduCase):
        saved = msgspec.structs.replace(saved, exchange=case.exchange)
        (folder / SCRIPT).write_bytes(to_json(case.script))
    else:
        saved = msgspec.structs.replace(
            saved,
            damage=case.damage,
            study_uid=case.study_uid,
            series_uid=case.series_uid,
            patient_id=case.patient_id,
        )
        header = write_part10(case.sop_class, case.sop_instance_uid, case.transfer_syntax)
        (folder / OBJECT).write_bytes(header + case.dataset)
    (folder / CASE).write_bytes(msgspec.json.format(msgspec.json.encode(saved), indent=1))


def load(folder: Path) -> tuple[Saved, tuple[AnyCase, ...]]:
    """What `save` wrote: all cases, in order.  Raises ReproducerError in one line where there is none."""
    saved, last = _load(folder, folder)
    if not 0 <= saved.before <= MOST_CASES:
        raise ReproducerError(f"{folder} is no reproducer: it says that {saved.before} cases come before")
    found = [_load(folder, folder / _before(number)) for number in range(1, saved.before + 1)]
    if any(one.area is not saved.area for one, _ in found):
        raise ReproducerError(f"{folder} is no reproducer: its cases are of several areas")
    found.append((saved, last))
    if any(one.times < 1 for one, _ in found) or sum(one.times for one, _ in found) > MOST_CASES:
        raise ReproducerError(f"{folder} is no reproducer: 1 to {MOST_CASES} cases are put")
    return saved, tuple(case for one, case in found for _ in range(one.times))


def _load(whole: Path, folder: Path) -> tuple[Saved, AnyCase]:
    """A case of the reproducer `whole`, whose folder may have come from anybody: what is read is sent on."""

    def read(name: str) -> bytes:
        return read_within(whole, str((folder / name).relative_to(whole)))

    try:
        saved = msgspec.json.decode(read(CASE), type=Saved)
        if saved.version != VERSION:
            raise ReproducerError(f"{folder / CASE} is of another version of pacs-harness ({saved.version})")
        _ = saved.shown
        if saved.area is Area.IDENTIFIERS:
            return saved, IdentifierCase(saved.keyword, read(VALUE), saved.about)
        if saved.area in (Area.PDUS, Area.KNOWN):
            return saved, PduCase(saved.exchange, from_json(read(SCRIPT)), saved.about)
        return saved, _object(saved, read(OBJECT))
    except OSError as error:
        raise ReproducerError(f"{folder} is no reproducer: {error.filename}: {error.strerror}") from None
    except (ValueError, RecursionError, DecodeError) as error:
        raise ReproducerError(f"{folder} is no reproducer: {error}") from None


def _object(saved: Saved, content: bytes) -> DataSetCase:
    header = part10(content)
    named = (header.sop_class, header.sop_instance, header.transfer_syntax)
    if not all(one.isascii() for one in (*named, saved.study_uid, saved.series_uid, saved.patient_id)):
        raise ValueError(f"{OBJECT} and {CASE}: UIDs and the Patient ID are of ASCII")
    return DataSetCase(
        header.sop_class,
        header.sop_instance,
        saved.study_uid,
        saved.series_uid,
        saved.patient_id,
        header.transfer_syntax,
        content[header.dataset_offset :],
        saved.about,
        saved.damage,
    )


def dump(case: AnyCase) -> str:
    """The case for people."""
    if isinstance(case, IdentifierCase):
        shown = repr(case.value[:_SHOWN].decode("latin-1"))
        lines = [f"C-FIND at STUDY level, {case.keyword} of {len(case.value):,} bytes: {shown}"]
    elif isinstance(case, PduCase):
        lines = [f"from: {case.exchange}; changed: {', '.join(case.traits) or 'nothing'}"]
        lines += [_step(step) for step in case.script.steps[:MOST_LINES]]
    else:
        lines = [
            f"SOP class {case.sop_class}, transfer syntax {case.transfer_syntax}, {case.size:,} bytes",
            *([f"damage: {case.damage}"] if case.damage else []),
            *data_set_lines(case.dataset, case.transfer_syntax, most=MOST_LINES),
        ]
    return "\n".join(lines) + "\n"


def side_by_side(contrast: Contrast) -> str:
    """What two products did, for people: the difference, and all that was seen of both in two columns."""
    rows = (("", "A", "B"), (contrast.what, contrast.a, contrast.b), *contrast.rows)
    widths = [min(max(len(row[column]) for row in rows), MOST_COLUMN) for column in (0, 1)]
    lines = [contrast.signature, *([f"clause: {contrast.clause}"] if contrast.clause else [])]
    lines += [f"{name:{widths[0]}}  {a:{widths[1]}}  {b}".rstrip() for name, a, b in rows]
    return "\n".join(lines) + "\n"


def _step(step: Steps) -> str:
    on = f"connection {step.on}: " if step.on else ""
    match step:
        case Send():
            pieces = f", in pieces of {step.piece}" if step.piece else ""
            return f"{on}send {len(step.data):,} bytes{pieces}: {step.data[:_SHOWN].hex(' ')}"
        case Await():
            return f"{on}await {step.what}{', which is due' if step.is_owed else ''}"
        case _:
            return f"{on}{type(step).__name__.lower()}"


def reproducers(folder: Path) -> list[Path]:
    """The reproducers in a folder of them, or itself where it is one.  Raises ReproducerError for none."""
    if (folder / CASE).is_file():
        return [folder]
    holding = {path.parent for path in folder.glob(f"**/{CASE}")}
    found = sorted(one for one in holding if one.parent not in holding)
    if not found:
        raise ReproducerError(f"{folder} holds no reproducer: there is no {CASE} in it")
    return found
