"""Results of storage commitment that are owed: from the answer to a request until its result was taken.

They are kept in the index's database, so that a restart loses none (PS3.4 J.3.3.1.2: a request that was
answered with Success has a result).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from .index import Index

#: Requests that are remembered at most; the oldest go first.
LIMIT = 1000
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS owed (transaction_uid TEXT NOT NULL, ae_title TEXT NOT NULL,"
    " asked TEXT NOT NULL, PRIMARY KEY (transaction_uid, ae_title))"
)


@dataclass(frozen=True)
class Owed:
    """A request that was answered with Success, and who sent it; `asked` are SOP Class and Instance UIDs."""

    transaction: str
    ae_title: str
    asked: tuple[tuple[str, str], ...]


class OwedResults:
    """All results that are owed, in the index's database."""

    def __init__(self, index: Index) -> None:
        self._index = index
        with index.transaction() as connection:
            connection.execute(_SCHEMA)

    def put(self, owed: Owed) -> None:
        """Owe a result from now on. Raises sqlite3.Error."""
        with self._index.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO owed VALUES (?, ?, ?)",
                (owed.transaction, owed.ae_title, json.dumps(owed.asked)),
            )
            connection.execute(
                "DELETE FROM owed WHERE rowid NOT IN (SELECT rowid FROM owed ORDER BY rowid DESC LIMIT ?)",
                (LIMIT,),
            )

    def settle(self, owed: Owed) -> None:
        """Owe it no longer. Raises sqlite3.Error."""
        with self._index.transaction() as connection:
            connection.execute(
                "DELETE FROM owed WHERE transaction_uid = ? AND ae_title = ?",
                (owed.transaction, owed.ae_title),
            )

    def all(self) -> list[Owed]:
        """Those that are owed, oldest first."""
        rows = self._index.rows("SELECT transaction_uid, ae_title, asked FROM owed ORDER BY rowid")
        return [
            Owed(transaction, ae_title, tuple((pair[0], pair[1]) for pair in json.loads(asked)))
            for transaction, ae_title, asked in rows
        ]
