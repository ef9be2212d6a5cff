"""Finished objects become kept: all that wait at the same time together, since one sync can serve them all.

Whoever comes first keeps its own object and those of all who came while the disk was busy; the others find it
done.  With one association nothing changes; with eight a sync of a folder or of the index serves up to eight
acknowledgements.  None of them is given before the object, and the entry of its folder, are on the disk.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .attributes import AttributeSet
from .index import Instance, NotIndexable
from .status import MISMATCH, OUT_OF_RESOURCES, Answer, Refused
from .storage import Staged

if TYPE_CHECKING:
    from .server import Archive

LOGGER = logging.getLogger(__name__)


@dataclass(eq=False)
class Waiting:
    """An object on its way."""

    staged: Staged
    instance: Instance
    attributes: AttributeSet
    """As they were received."""
    indexed: AttributeSet
    """What everybody finds of them."""
    answer: Answer | None = None
    failure: Exception | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is known what became of it."""
        return self.answer is not None or self.failure is not None

    @contextlib.contextmanager
    def trying(self) -> Iterator[None]:
        """Whatever goes wrong with it is its own failure, and not that of the others."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised again in the thread of its association
            self.refuse(error)

    def refuse(self, error: Exception) -> None:
        """It is not kept, for this reason."""
        if isinstance(error, NotIndexable):
            self.failure = Refused(MISMATCH, str(error))
        elif isinstance(error, OSError | sqlite3.Error):
            LOGGER.error("object can't be kept", exc_info=error)
            self.failure = Refused(OUT_OF_RESOURCES, "the archive's disk is full or fails")
        else:
            self.failure = error


class Keeper:
    """Keeps the objects of all associations of an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._turn = threading.Lock()
        self._listing = threading.Lock()
        self._waiting: list[Waiting] = []

    def keep(self, staged: Staged, instance: Instance, attributes: AttributeSet) -> Answer:
        """Returns when the object can't be lost any more.  Raises Refused."""
        mine = Waiting(staged, instance, attributes, attributes)
        with self._listing:
            self._waiting.append(mine)
        with self._turn, self._archive.storage.alone():
            while not mine.is_done:
                self._keep_together(self._take())
        if mine.failure is not None:
            raise mine.failure
        assert mine.answer is not None
        return mine.answer

    def _take(self) -> list[Waiting]:
        """All that wait; of several with one SOP Instance UID the first, since the others are duplicates."""
        taken: dict[str, Waiting] = {}
        later = []
        with self._listing:
            for one in self._waiting:
                if taken.setdefault(one.instance.sop_instance, one) is not one:
                    later.append(one)
            self._waiting = later
        return list(taken.values())

    def _keep_together(self, waiting: list[Waiting]) -> None:
        """Place, sync, index: each step for all before the next one."""
        archive = self._archive
        for one in waiting:
            with one.trying():
                self._look_at(one)
        placed = []
        for one in _open(waiting):
            with one.trying():
                archive.storage.place(archive.semantics.coerced(one.staged))
                placed.append(one)
        try:
            archive.storage.sync(one.staged for one in placed)
        except OSError as error:
            self._take_back(placed, error)
        self._make_visible(_open(placed))
        for one in _open(placed):
            with one.trying():
                one.answer = archive.semantics.kept()

    def _look_at(self, one: Waiting) -> None:
        """Answer a duplicate.  Raises NotIndexable for what the index would not take."""
        archive = self._archive
        known = archive.index.instance(one.instance.sop_instance)
        if known is None:
            archive.index.check(one.instance, one.attributes)
            one.indexed = archive.semantics.indexed(one.attributes)
        else:
            one.staged.was_held = True
            one.answer = archive.semantics.duplicate(known, one.instance, one.attributes)

    def _make_visible(self, placed: list[Waiting]) -> None:
        """Index them, now or later; what can't be indexed is taken back."""
        archive = self._archive
        if archive.config.misbehaviour.index_delay:
            for one in placed:
                archive.index_later(one.instance, one.attributes)
            return
        try:
            failed = archive.index.add_all((one.instance, one.indexed) for one in placed)
        except sqlite3.Error as error:
            self._take_back(placed, error)
            return
        for number, reason in failed.items():
            self._take_back([placed[number]], reason)

    def _take_back(self, placed: Iterable[Waiting], error: Exception) -> None:
        """So that no re-index brings up what was refused."""
        for one in placed:
            one.refuse(error)
            try:
                self._archive.storage.forget(one.staged)
            except OSError:
                LOGGER.exception("%s stays, though it isn't kept", one.instance.path)


def _open(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Those of which it is not known yet what becomes of them."""
    return [one for one in waiting if not one.is_done]
