"""Finished objects become kept: on the disk with their folder's entry, then in the index, then acknowledged.

Objects of different folders are placed and synced at the same time.  Only one can write to the index, so that
whoever comes first adds all that wait there, and the others find it done: with eight associations one commit
serves up to eight acknowledgements.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
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
    """An object that is on the disk, and waits to be found by everybody."""

    instance: Instance
    attributes: AttributeSet
    is_done: bool = False
    failure: Exception | None = None


class Keeper:
    """Keeps the objects of all associations of an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._turn = threading.Lock()
        self._listing = threading.Lock()
        self._waiting: list[Waiting] = []

    def keep(self, staged: Staged, instance: Instance, attributes: AttributeSet) -> Answer:
        """Returns when the object can't be lost any more.  Raises Refused."""
        try:
            with self._archive.storage.claimed(staged.sop_instance) as folder:
                return self._keep(staged, instance, attributes, folder)
        except NotIndexable as error:
            raise Refused(MISMATCH, str(error)) from error
        except (OSError, sqlite3.Error) as error:
            LOGGER.exception("object can't be kept")
            raise Refused(OUT_OF_RESOURCES, "the archive's disk is full or fails") from error

    def _keep(self, staged: Staged, instance: Instance, attributes: AttributeSet, folder: int) -> Answer:
        """Nobody else keeps an object of this UID meanwhile.  Raises NotIndexable, OSError, sqlite3.Error."""
        archive = self._archive
        known = archive.index.instance(instance.sop_instance)
        if known is not None:
            staged.was_held = True
            return archive.semantics.duplicate(known, instance, attributes)
        archive.index.check(instance, attributes)
        indexed = archive.semantics.indexed(attributes)
        archive.storage.place(archive.semantics.coerced(staged))
        try:
            archive.storage.sync(folder)
            if archive.config.misbehaviour.index_delay:
                archive.index_later(instance, attributes)
            else:
                self._make_visible(Waiting(instance, indexed))
        except Exception:
            # Whatever it is: no re-index may bring up what was not acknowledged.
            try:
                archive.storage.forget(staged)
            except OSError:
                LOGGER.exception("%s stays, though it isn't kept", instance.path)
            raise
        return archive.semantics.kept()

    def _make_visible(self, mine: Waiting) -> None:
        """Index it, together with all that wait.  Raises NotIndexable, OSError, sqlite3.Error, or whatever
        hinders all of them.
        """
        with self._listing:
            self._waiting.append(mine)
        with self._turn:
            if not mine.is_done:
                with self._listing:
                    waiting, self._waiting = self._waiting, []
                self._index(waiting)
        if mine.failure is not None:
            raise mine.failure

    def _index(self, waiting: list[Waiting]) -> None:
        archive = self._archive
        try:
            with archive.storage.alone():
                failed = archive.index.add_all((one.instance, one.attributes) for one in waiting)
        except Exception as error:  # noqa: BLE001 - raised again in the thread of each of them
            for one in waiting:
                one.failure = error
        else:
            for number, reason in failed.items():
                waiting[number].failure = reason
        for one in waiting:
            one.is_done = True
