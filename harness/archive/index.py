"""The index: which entities there are, in SQLite (WAL), rebuilt from the files at any time.

A row of each level keeps its attributes as decoded text (`attributes.to_json`). What is no object, such as a
performed procedure step, is synced before a commit returns; objects are in their files, and an archive that
was not ended in order indexes those that are missing here when it starts.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from .attributes import (
    PATIENT_TAGS,
    SERIES_TAGS,
    STUDY_TAGS,
    AttributeSet,
    Level,
    from_json,
    to_json,
)

#: Study Date as text that sorts, also in the old form with full stops (PS3.5 6.2, DA); NULL unless it has one
#: value. What can't be read as a date stays as it is.
_STUDY_DATE = (
    "CASE json_array_length({table}attributes, '$.00080020[1]') WHEN 1"
    " THEN replace(json_extract({table}attributes, '$.00080020[1][0]'), '.', '') END"
)
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS patient (patient_key TEXT PRIMARY KEY, patient_id TEXT NOT NULL,
    attributes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS study (study_uid TEXT PRIMARY KEY, patient_key TEXT NOT NULL,
    attributes TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS series (study_uid TEXT NOT NULL, series_uid TEXT NOT NULL, modality TEXT NOT NULL,
    attributes TEXT NOT NULL, PRIMARY KEY (study_uid, series_uid));
CREATE TABLE IF NOT EXISTS instance (sop_uid TEXT PRIMARY KEY, study_uid TEXT NOT NULL,
    series_uid TEXT NOT NULL, sop_class TEXT NOT NULL, transfer_syntax TEXT NOT NULL, path TEXT NOT NULL,
    offset INTEGER NOT NULL, size INTEGER NOT NULL, digest TEXT NOT NULL, attributes TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS study_of ON study (patient_key);
CREATE INDEX IF NOT EXISTS patient_known_as ON patient (patient_id);
CREATE INDEX IF NOT EXISTS study_made_on ON study ({_STUDY_DATE.format(table="")});
CREATE INDEX IF NOT EXISTS instance_of ON instance (study_uid, series_uid);
"""

_STUDY_UID, _SERIES_UID, _SOP_UID, _PATIENT_ID, _MODALITY = (
    0x0020000D,
    0x0020000E,
    0x00080018,
    0x00100020,
    0x00080060,
)


#: Series that are remembered at the same time.
MOST_KNOWN = 10_000


class NotIndexable(ValueError):
    """An object that has no place in the hierarchy: the message says why."""


@dataclass(frozen=True)
class Instance:
    """A stored composite object; `path` is relative to the archive's folder, sizes are in bytes."""

    sop_instance: str
    sop_class: str
    study: str
    series: str
    transfer_syntax: str
    path: str
    offset: int
    size: int
    digest: str


@dataclass(frozen=True)
class Entity:
    """A match candidate: the attributes of its level and of all levels above."""

    level: Level
    keys: tuple[str, ...]
    attributes: AttributeSet


@dataclass(frozen=True)
class Days:
    """A range of Study Dates as YYYYMMDD, both ends included; an empty end is open."""

    first: str
    last: str

    def clause(self) -> tuple[str, list[str]]:
        """An SQL condition that no study fails whose date may match, and its values.

        A study without one date matches every key (PS3.4 C.2.2.1.2) or needs a closer look.
        """
        column = _STUDY_DATE.format(table="t.")
        # Beyond the last day: a date that can't be read matches by its text, which may begin like that day.
        return f"({column} BETWEEN ? AND ? OR {column} IS NULL)", [self.first, f"{self.last}~"]


@dataclass(frozen=True)
class Selection:
    """Unique key values by level; an empty tuple doesn't restrict. `days` restricts studies and series: an
    instance may have a Study Date of its own.
    """

    patients: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    days: Days | None = field(default=None, kw_only=True)

    def clause(self, level: Level) -> tuple[str, list[str]]:
        """SQL conditions for the levels down to `level`, and their values."""
        columns = (
            ("p.patient_id", self.patients),
            ("t.study_uid", self.studies),
            ("s.series_uid", self.series),
            ("i.sop_uid", self.instances),
        )
        parts: list[str] = []
        values: list[str] = []
        for column, wanted in columns[: level.depth + 1]:
            if wanted:
                parts.append(f"{column} IN (SELECT value FROM json_each(?))")  # nosec B608 # our own constants
                values.append(_json_list(wanted))
        if self.days is not None and level in (Level.STUDY, Level.SERIES):
            part, ends = self.days.clause()
            parts.append(part)
            values += ends
        return (" WHERE " + " AND ".join(parts)) if parts else "", values


def _json_list(values: Sequence[str]) -> str:
    import json

    return json.dumps(list(values))


_FROM = {
    Level.PATIENT: "patient p",
    Level.STUDY: "study t JOIN patient p USING (patient_key)",
    Level.SERIES: "series s JOIN study t USING (study_uid) JOIN patient p USING (patient_key)",
    Level.IMAGE: "instance i JOIN series s USING (study_uid, series_uid) JOIN study t USING (study_uid)"
    " JOIN patient p USING (patient_key)",
}
_COLUMNS = {
    Level.PATIENT: "p.patient_key, p.attributes",
    Level.STUDY: "p.patient_key, t.study_uid, p.attributes, t.attributes",
    Level.SERIES: "p.patient_key, t.study_uid, s.series_uid, p.attributes, t.attributes, s.attributes",
    Level.IMAGE: "p.patient_key, t.study_uid, s.series_uid, i.sop_uid,"
    " p.attributes, t.attributes, s.attributes, i.attributes",
}
_INSTANCE = (
    "i.sop_uid, i.sop_class, i.study_uid, i.series_uid, i.transfer_syntax, i.path, i.offset, i.size, i.digest"
)


def _insert(connection: sqlite3.Connection, instance: Instance, attributes: AttributeSet) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO instance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            instance.sop_instance,
            instance.study,
            instance.series,
            instance.sop_class,
            instance.transfer_syntax,
            instance.path,
            instance.offset,
            instance.size,
            instance.digest,
            to_json(attributes),
        ),
    )


def _insert_above(connection: sqlite3.Connection, instance: Instance, attributes: AttributeSet) -> None:
    """The entities that the first object of a series brings with it."""
    key = patient_key(attributes)
    connection.execute(
        "INSERT OR IGNORE INTO patient VALUES (?, ?, ?)",
        (key, attributes.text(_PATIENT_ID), to_json(attributes.only((*PATIENT_TAGS, *_COMMON)))),
    )
    connection.execute(
        "INSERT OR IGNORE INTO study VALUES (?, ?, ?)",
        (instance.study, key, to_json(attributes.only((*STUDY_TAGS, *_COMMON)))),
    )
    connection.execute(
        "INSERT OR IGNORE INTO series VALUES (?, ?, ?, ?)",
        (
            instance.study,
            instance.series,
            attributes.text(_MODALITY),
            to_json(attributes.only((*SERIES_TAGS, *_COMMON))),
        ),
    )


class Index:
    """The index of one archive; each thread has a connection of its own, writers take turns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._write = threading.Lock()
        self._listing = threading.Lock()
        self._all: list[sqlite3.Connection] = []
        self._known: dict[tuple[str, str], str] = {}
        """Patient keys by study and series that are here, so that not every object asks for them again."""
        self._connection.executescript(_SCHEMA)

    @property
    def _connection(self) -> sqlite3.Connection:
        existing: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if existing is None:
            existing = sqlite3.connect(self._path, timeout=30, check_same_thread=False)
            existing.execute("PRAGMA journal_mode=WAL")
            existing.execute("PRAGMA synchronous=NORMAL")
            self._local.connection = existing
            with self._listing:
                self._all.append(existing)
        return existing

    def release_thread(self) -> None:
        """Close the calling thread's connection: associations come and go, each on its threads."""
        existing: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if existing is not None:
            self._local.connection = None
            with self._listing:
                if existing in self._all:
                    self._all.remove(existing)
            existing.close()

    def close(self) -> None:
        """Close every connection."""
        with self._listing:
            for connection in self._all:
                connection.close()
            self._all.clear()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write what no file holds, alone among the threads: synced at the end; an error undoes all of it."""
        with self._write:
            self._connection.execute("PRAGMA synchronous=FULL")
            try:
                with self._connection as connection:
                    yield connection
            finally:
                self._connection.execute("PRAGMA synchronous=NORMAL")

    def rows(self, query: str, values: Sequence[str] = ()) -> list[tuple[str, ...]]:
        """The rows of a query on a table of another module."""
        return self._connection.execute(query, tuple(values)).fetchall()

    def clear(self) -> None:
        """Forget all objects (before a re-index)."""
        self._known.clear()
        with self._write, self._connection as connection:
            for table in ("instance", "series", "study", "patient"):
                connection.execute(f"DELETE FROM {table}")  # nosec B608 # our own constants

    def used(self) -> int:
        """Bytes of all data sets."""
        (total,) = self._connection.execute("SELECT coalesce(sum(size), 0) FROM instance").fetchone()
        return int(total)

    def count(self) -> int:
        """Number of instances."""
        (total,) = self._connection.execute("SELECT count(*) FROM instance").fetchone()
        return int(total)

    def check(self, instance: Instance, attributes: AttributeSet) -> None:
        """Raise NotIndexable if `add` would, so that nothing is written for it."""
        place_check(attributes)
        self._check_owner(self._connection, instance, patient_key(attributes))

    def _check_owner(self, connection: sqlite3.Connection, instance: Instance, key: str) -> None:
        owner = self._known.get((instance.study, instance.series))
        if owner is None:
            row = connection.execute(
                "SELECT patient_key FROM study WHERE study_uid = ?", (instance.study,)
            ).fetchone()
            owner = row[0] if row else key
        if owner != key:
            raise NotIndexable("Study Instance UID already belongs to another patient")

    def add(self, instance: Instance, attributes: AttributeSet) -> None:
        """Add one object that is on the disk.  Raises NotIndexable and sqlite3.Error."""
        for error in self.add_all(((instance, attributes),)).values():
            raise error

    def add_all(self, objects: Iterable[tuple[Instance, AttributeSet]]) -> dict[int, NotIndexable]:
        """Add objects that are on the disk, together; by its number why one of them is not indexed.

        When it returns, everybody finds them, and so does everybody after this process was killed.  After a
        power failure the last ones may be missing here; their files are not, and are indexed again when the
        archive starts (`reindexing.complete`).  Raises sqlite3.Error, and then none of them is indexed.
        """
        failed = {}
        added: dict[tuple[str, str], str] = {}
        with self._write, self._connection as connection:
            connection.execute("BEGIN IMMEDIATE")
            for number, (instance, attributes) in enumerate(objects):
                key, series = patient_key(attributes), (instance.study, instance.series)
                try:
                    place_check(attributes)
                    self._check_owner(connection, instance, key)
                except NotIndexable as error:
                    failed[number] = error
                    continue
                if series not in self._known and series not in added:
                    _insert_above(connection, instance, attributes)
                    added[series] = key
                _insert(connection, instance, attributes)
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        self._known.update(added)
        return failed

    def paths(self) -> set[str]:
        """Where all indexed objects are kept, relative to the archive's folder."""
        return {path for (path,) in self._connection.execute("SELECT path FROM instance")}

    def instance(self, sop_instance: str) -> Instance | None:
        """The object with this SOP Instance UID."""
        row = self._connection.execute(
            f"SELECT {_INSTANCE} FROM instance i WHERE i.sop_uid = ?",  # nosec B608 # our own constants
            (sop_instance,),
        ).fetchone()
        return Instance(*row) if row else None

    def instances(self, selection: Selection) -> list[Instance]:
        """All objects beneath a selection, each once, series by series."""
        where, values = selection.clause(Level.IMAGE)
        order = " ORDER BY i.study_uid, i.series_uid, i.rowid"
        query = f"SELECT {_INSTANCE} FROM {_FROM[Level.IMAGE]}{where}{order}"  # nosec B608 # our own constants
        rows = self._connection.execute(query, values)
        return [Instance(*row) for row in rows]

    def entities(self, level: Level, selection: Selection) -> Iterator[Entity]:
        """The entities of a level beneath a selection, read in pieces; empty Patient IDs are no PATIENT
        entity.
        """
        cursor = self._connection.execute(*_query(level, selection))
        width = level.depth + 1
        while rows := cursor.fetchmany(256):
            for row in rows:
                attributes = AttributeSet()
                for text in row[width:]:
                    attributes = attributes.merged(_parsed(text))
                yield Entity(level, tuple(row[:width]), attributes)

    def plan(self, level: Level, selection: Selection) -> tuple[str, ...]:
        """How `entities` gets at its rows, step by step, in SQLite's words."""
        query, values = _query(level, selection)
        return tuple(row[3] for row in self._connection.execute(f"EXPLAIN QUERY PLAN {query}", values))

    def patient_of(self, study: str) -> tuple[str, str]:
        """Patient ID and name of a study; empty when unknown."""
        row = self._connection.execute(
            "SELECT p.patient_id, p.attributes FROM study t JOIN patient p USING (patient_key)"
            " WHERE t.study_uid = ?",
            (study,),
        ).fetchone()
        return (str(row[0]), _parsed(row[1]).text(0x00100010)) if row else ("", "")

    def series_of(self, keys: tuple[str, ...]) -> int:
        """Number of series beneath a patient key or a study."""
        return self._number("count(*)", keys, "series s JOIN study t USING (study_uid)")

    def studies_of(self, patient: str) -> int:
        """Number of studies of a patient key."""
        return self._number("count(*)", (patient,), "study t")

    def instances_of(self, keys: tuple[str, ...]) -> int:
        """Number of instances beneath a patient key, a study or a series."""
        return self._number("count(*)", keys, "instance i JOIN study t USING (study_uid)", "i")

    def _number(self, what: str, keys: tuple[str, ...], source: str, series: str = "s") -> int:
        where, values = _beneath(keys, series)
        query = f"SELECT {what} FROM {source} WHERE {where}"  # nosec B608 # our own constants
        (number,) = self._connection.execute(query, values).fetchone()
        return int(number)

    def modalities_of(self, study: str) -> tuple[str, ...]:
        """The modalities of a study, each once."""
        rows = self._connection.execute(
            "SELECT DISTINCT modality FROM series WHERE study_uid = ? AND modality <> '' ORDER BY 1", (study,)
        )
        return tuple(row[0] for row in rows)

    def classes_of(self, study: str) -> tuple[str, ...]:
        """The SOP classes of a study, each once."""
        rows = self._connection.execute(
            "SELECT DISTINCT sop_class FROM instance WHERE study_uid = ? ORDER BY 1", (study,)
        )
        return tuple(row[0] for row in rows)


#: Needed at every level: how the text was encoded, and the offset of its times.
_COMMON = (0x00080005, 0x00080201)


def _query(level: Level, selection: Selection) -> tuple[str, list[str]]:
    where, values = selection.clause(level)
    if level is Level.PATIENT:
        where += (" AND " if where else " WHERE ") + "p.patient_id <> ''"
    return f"SELECT {_COLUMNS[level]} FROM {_FROM[level]}{where}", values  # nosec B608 # our own constants


def _beneath(keys: tuple[str, ...], series: str) -> tuple[str, tuple[str, ...]]:
    columns = ("t.patient_key", "t.study_uid", f"{series}.series_uid")
    return " AND ".join(f"{column} = ?" for column in columns[: len(keys)]), keys[:3]


@lru_cache(maxsize=8192)
def _parsed(text: str) -> AttributeSet:
    return from_json(text)


def patient_key(attributes: AttributeSet) -> str:
    """The patient that an object belongs to: by Patient ID, and where that is empty by its study."""
    identity = attributes.text(_PATIENT_ID)
    return f"id:{identity}" if identity else f"study:{attributes.text(_STUDY_UID)}"


def place_check(attributes: AttributeSet) -> None:
    """Raise NotIndexable if an object lacks a UID of the hierarchy."""
    for tag, name in ((_STUDY_UID, "Study"), (_SERIES_UID, "Series"), (_SOP_UID, "SOP")):
        if not attributes.text(tag):
            raise NotIndexable(f"the data set has no {name} Instance UID")
