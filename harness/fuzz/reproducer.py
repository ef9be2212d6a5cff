"""A finding or a difference as a folder: the bytes, what they showed; and back for `pacs-harness replay`.

``case.json`` says what the case is and what it showed; ``object.dcm``, ``identifier.bin`` or
``script.json`` hold the bytes.  What is beside them (`keeping.py`) is for people: ``dump.txt``, and the
recording of a repetition.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from harness.dimse.errors import DecodeError
from harness.dimse.listing import data_set_lines
from harness.dimse.part10 import part10, write_part10
from harness.documents import Mistake
from harness.findings import Area, Aspect, Symptom, Weight
from harness.fuzz.cases import DataSetCase
from harness.fuzz.differing.contrast import Contrast
from harness.fuzz.identifiers import IdentifierCase
from harness.fuzz.pdus.mutated import PduCase
from harness.fuzz.pdus.script import Await, Send, Steps, from_json, to_json
from harness.fuzz.trouble import Trouble

VERSION = 1
CASE, OBJECT, VALUE, SCRIPT, DUMP = "case.json", "object.dcm", "identifier.bin", "script.json", "dump.txt"
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


def save(folder: Path, area: Area, case: AnyCase, shown: Trouble | Contrast) -> None:
    """Write ``case.json`` and the bytes into a folder that is there.  OSError."""
    saved = Saved(version=VERSION, area=area, clause=shown.clause, detail=shown.detail, about=case.traits)
    if isinstance(shown, Trouble):
        saved = msgspec.structs.replace(
            saved,
            symptom=shown.symptom,
            weight=shown.weight,
            expected=shown.expected,
            observed=shown.observed,
        )
    else:
        apart = Apart(shown.aspect, shown.what, shown.a, shown.b, shown.breaks)
        saved = msgspec.structs.replace(saved, difference=apart)
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


def load(folder: Path) -> tuple[Saved, AnyCase]:
    """What `save` wrote.  Raises ReproducerError in one line where there is none."""
    try:
        saved = msgspec.json.decode((folder / CASE).read_bytes(), type=Saved)
        if saved.version != VERSION:
            raise ReproducerError(f"{folder / CASE} is of another version of pacs-harness ({saved.version})")
        _ = saved.shown
        if saved.area is Area.IDENTIFIERS:
            return saved, IdentifierCase(saved.keyword, (folder / VALUE).read_bytes(), saved.about)
        if saved.area in (Area.PDUS, Area.KNOWN):
            return saved, PduCase(saved.exchange, from_json((folder / SCRIPT).read_bytes()), saved.about)
        return saved, _object(saved, (folder / OBJECT).read_bytes())
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
    found = sorted(path.parent for path in folder.glob(f"**/{CASE}"))
    if not found:
        raise ReproducerError(f"{folder} holds no reproducer: there is no {CASE} in it")
    return found
