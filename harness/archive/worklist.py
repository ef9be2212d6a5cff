"""The worklist's entries: read from files, one item for each scheduled step, keys understood and answered.

PS3.4 Annex K. An entry is a DICOM file such as DCMTK's wlmscpfs reads, or a table of a TOML file
(`harness.worklist`). Files are looked at for every query, so that entries come and go with them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import matching
from .attributes import Attribute, AttributeSet, from_dataset
from .identifiers import NO_KEYS

LOGGER = logging.getLogger(__name__)
STEP_SEQUENCE, STEP_ID, STEP_STATUS, STUDY_UID = 0x00400100, 0x00400009, 0x00400020, 0x0020000D
START_DATE, START_TIME = 0x00400002, 0x00400003
_CHARACTER_SET, _TIMEZONE = 0x00080005, 0x00080201
#: Never matched, PS3.4 table K.6-1: Pertinent Documents Sequence, Protocol Context Sequence.
RETURN_ONLY = frozenset((0x00380100, 0x00400440))
#: Return keys of type 2, PS3.4 table K.6-1: answered empty where nothing is known.
TYPE_2 = frozenset(
    {
        0x00400006, 0x00400010, 0x00400011, 0x00081110, 0x00401003, 0x00401004, 0x00080050, 0x00321032,
        0x00080090, 0x00380010, 0x00380300, 0x00081120, 0x00100030, 0x00100040, 0x00101030, 0x00403001,
        0x00380500, 0x001021C0, 0x00102000, 0x00102110, 0x00380050,
    }
)  # fmt: skip
#: A worklist item of which nothing is known: every key is looked at, and none matches.
NOTHING = AttributeSet()
#: Largest entry that is read, and the most entries, so that a wrong folder does no harm.
ENTRY_LIMIT = 1024 * 1024
MOST_ENTRIES = 20_000


@dataclass(frozen=True)
class WorklistQuery:
    """A worklist's C-FIND request, understood. `unsupported` are keys that can't be looked at."""

    keys: AttributeSet
    unsupported: frozenset[int]
    character_set: tuple[str, ...]

    @property
    def matched(self) -> Mapping[int, Attribute]:
        """Keys that may restrict."""
        return {tag: key for tag, key in self.keys.elements.items() if tag not in RETURN_ONLY}


class Worklist:
    """The entries below a path: a folder of .wl files, one DICOM file, or a TOML file; None has none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[tuple[int, int], tuple[AttributeSet, ...]]] = {}

    def entries(self) -> list[AttributeSet]:
        """All entries at the moment, in the order of their files' names. A damaged file is named in the
        log.
        """
        with self._lock:
            found: dict[Path, tuple[tuple[int, int], tuple[AttributeSet, ...]]] = {}
            for path in self._files():
                try:
                    status = path.stat()
                    state = (status.st_mtime_ns, status.st_size)
                except OSError:
                    continue  # taken away since the folder was listed
                known = self._known.get(path)
                if known and known[0] == state:
                    found[path] = known
                    continue
                try:
                    found[path] = (state, _read(path, state[1]))
                except Exception:  # whatever pydicom raises for a damaged file; said once a state
                    LOGGER.exception("worklist entry %s is left out", path)
                    found[path] = (state, ())
            self._known = found
            return [entry for _, entries in found.values() for entry in entries]

    def _files(self) -> list[Path]:
        if self._path is None or not self._path.is_dir():
            return [] if self._path is None else [self._path]
        paths = sorted(path for path in self._path.rglob("*") if path.suffix in (".wl", ".toml"))
        if len(paths) > MOST_ENTRIES:
            LOGGER.warning("%s has more than %d entries: the rest is left out", self._path, MOST_ENTRIES)
        return paths[:MOST_ENTRIES]


def _read(path: Path, size: int) -> tuple[AttributeSet, ...]:
    from pydicom import dcmread

    from harness.worklist import read_entries

    if size > ENTRY_LIMIT:
        raise ValueError(f"longer than {ENTRY_LIMIT} bytes")
    if path.suffix == ".toml":
        return tuple(from_dataset(entry.dataset) for entry in read_entries(path))
    return (from_dataset(dcmread(path, force=True)),)


def steps_of(entry: AttributeSet) -> list[AttributeSet]:
    """The worklist items of an entry: each scheduled step with all that the entry says beside it."""
    sequence = entry.get(STEP_SEQUENCE)
    items = sequence.items if sequence else ()
    return [entry.merged(AttributeSet({STEP_SEQUENCE: Attribute("SQ", items=(item,))})) for item in items]


def step_of(item: AttributeSet) -> AttributeSet:
    """The scheduled step of a worklist item."""
    sequence = item.get(STEP_SEQUENCE)
    return sequence.items[0] if sequence and sequence.items else AttributeSet()


def with_status(item: AttributeSet, status: str) -> AttributeSet:
    """The item with another Scheduled Procedure Step Status."""
    step = step_of(item).merged(AttributeSet({STEP_STATUS: Attribute("CS", (status,))}))
    return item.merged(AttributeSet({STEP_SEQUENCE: Attribute("SQ", items=(step,))}))


def understand(identifier: AttributeSet, strange: frozenset[int]) -> WorklistQuery:
    """A query from its identifier."""
    keys = {tag: key for tag, key in identifier.elements.items() if tag not in NO_KEYS}
    charset = identifier.get(_CHARACTER_SET)
    return WorklistQuery(AttributeSet(keys), strange, charset.values if charset else ())


def combines(keys: AttributeSet) -> bool:
    """True if start date and start time both ask for the same form of range (table K.6-1)."""
    forms = []
    for tag in (START_DATE, START_TIME):
        text = keys.text(tag).strip()
        if not matching.is_range(text, "DA"):
            return False
        forms.append((text.startswith("-"), text.endswith("-")))
    return forms[0] == forms[1]


def response_attributes(query: WorklistQuery, item: AttributeSet) -> AttributeSet:
    """What a match returns: the keys asked for, and what their encoding needs (K.4.1.1.3.2)."""
    answer = _asked(query.keys, item)
    timezone = item.get(_TIMEZONE)
    if timezone is not None and not timezone.is_empty and _has_times(AttributeSet(answer)):
        answer[_TIMEZONE] = timezone
    charset = item.get(_CHARACTER_SET)
    if charset is not None:
        answer[_CHARACTER_SET] = charset  # a proposal: the encoder states the one that it uses
    return AttributeSet(answer)


def _asked(keys: AttributeSet, item: AttributeSet) -> dict[int, Attribute]:
    answer: dict[int, Attribute] = {}
    for tag, key in keys.elements.items():
        candidate = item.get(tag)
        if candidate is None or candidate.is_empty:
            # Type 2 is there without a value; 1C and 3 are left out, since they may not be empty.
            if tag in TYPE_2:
                answer[tag] = Attribute(key.vr)
        elif key.vr == "SQ" and candidate.vr == "SQ" and any(part.elements for part in key.items):
            wanted = key.items[0]
            answer[tag] = Attribute(
                "SQ", items=tuple(AttributeSet(_asked(wanted, part)) for part in candidate.items)
            )
        else:
            answer[tag] = candidate
    return answer


def _has_times(attributes: AttributeSet) -> bool:
    return any(
        attribute.vr in ("TM", "DT") or any(_has_times(item) for item in attribute.items)
        for attribute in attributes.elements.values()
    )
