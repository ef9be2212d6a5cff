"""The index from the files: all of it anew, or what a failure of the machine took from it."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from .index import Index, Instance, NotIndexable
from .reading import read_attributes
from .storage import Storage, StoredFile, Undecodable, open_file

LOGGER = logging.getLogger(__name__)


def reindex(storage: Storage, index: Index) -> int:
    """Index every kept file anew; what can't be read stays where it is and is named in the log.

    Returns the number indexed.  Raises OSError.
    """
    index.clear()
    return sum(_is_indexed(storage, index, path) for path in storage.files())


def complete(storage: Storage, index: Index) -> int:
    """Index the kept files that are not yet.  Returns their number.  Raises OSError."""
    known = index.paths()
    return sum(
        _is_indexed(storage, index, path)
        for path in storage.files()
        if str(path.relative_to(storage.root)) not in known
    )


def _is_indexed(storage: Storage, index: Index, path: Path) -> bool:
    try:
        stored = open_file(path)
        attributes = read_attributes(path, stored.offset, stored.transfer_syntax)
        instance = Instance(
            stored.sop_instance,
            stored.sop_class,
            attributes.text(0x0020000D),
            attributes.text(0x0020000E),
            stored.transfer_syntax,
            str(path.relative_to(storage.root)),
            stored.offset,
            stored.size,
            _digest(stored),
        )
        index.add(instance, attributes)
    except (Undecodable, NotIndexable) as error:
        LOGGER.error("%s isn't indexed: %s", path, error)
        return False
    return True


def _digest(stored: StoredFile) -> str:
    digest = hashlib.sha256()
    with stored.path.open("rb") as file:
        file.seek(stored.offset)
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
