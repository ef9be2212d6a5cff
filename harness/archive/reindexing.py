"""Rebuild the index from the files."""

from __future__ import annotations

import hashlib
import logging

from .index import Index, Instance, NotIndexable
from .storage import Storage, StoredFile, Undecodable, open_file, read_attributes

LOGGER = logging.getLogger(__name__)


def reindex(storage: Storage, index: Index) -> int:
    """Index every kept file anew; what can't be read stays where it is and is named in the log. Raises
    OSError.
    """
    index.clear()
    done = 0
    for path in storage.files():
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
            continue
        done += 1
    return done


def _digest(stored: StoredFile) -> str:
    digest = hashlib.sha256()
    with stored.path.open("rb") as file:
        file.seek(stored.offset)
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
