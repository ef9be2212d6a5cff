"""What archives make of odd keys of queries."""

from __future__ import annotations

import os
import re
import threading

from harness.archive.attributes import Attribute, AttributeSet
from harness.archive.identifiers import Query
from harness.archive.semantics import Semantics
from harness.archive.status import Refused
from harness.findings import Area, Symptom
from tests.mutants.fuzzed.seed import weakness

MATCHING = "PS3.4 C.2.2.2"


def keys_of(query: Query) -> str:
    """All values of all keys that are matched."""
    return "\n".join(value for key in query.matched.values() for value in key.values)


class Looks(Semantics):
    """Looks at the keys of a query before it is answered."""

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        self.look(keys_of(query))
        return super().match_entity(query, attributes)

    def look(self, keys: str) -> None:
        """What it does about them."""


@weakness(Area.IDENTIFIERS, Symptom.LEAKED, clause=MATCHING, defect="a quote in a key ends it: all match")
class Injected(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        return any("' OR" in one for one in key.values) or super().match_value(key, candidate, tag)


@weakness(Area.IDENTIFIERS, Symptom.LEAKED, clause=MATCHING, defect="% stands for anything, as in SQL")
class PercentIsWildCard(Semantics):
    def match_value(self, key: Attribute, candidate: Attribute | None, tag: int) -> bool:
        if candidate is not None and any("%" in one for one in key.values):
            pattern = re.escape(key.values[0].strip()).replace("%", ".*")
            return any(re.fullmatch(pattern, one) for one in candidate.values)
        return super().match_value(key, candidate, tag)


@weakness(Area.IDENTIFIERS, Symptom.DIED, clause=MATCHING, defect="it dies of control characters in a key")
class DiesOfControls(Looks):
    def look(self, keys: str) -> None:
        if re.search(r"[\x01-\x08\x0e-\x1f\x7f]", keys):
            os._exit(1)


@weakness(Area.IDENTIFIERS, Symptom.DIED, clause=MATCHING, defect="it dies of keys of more than 32 KiB")
class DiesOfLength(Looks):
    def level_of_request(self, root: object, identifier: AttributeSet) -> object:
        if any(len(one) > 32_768 for key in identifier.elements.values() for one in key.values):
            os._exit(1)
        return super().level_of_request(root, identifier)  # type: ignore[arg-type]


@weakness(Area.IDENTIFIERS, Symptom.SILENT, clause=MATCHING, defect="many wild cards keep it busy")
class LosesItself(Looks):
    def look(self, keys: str) -> None:
        if keys.count("*") + keys.count("?") > 8:
            threading.Event().wait(60)


@weakness(Area.IDENTIFIERS, Symptom.ABORTED, clause="PS3.4 C.4.1.1.4", defect="it aborts over long lists")
class AbortsOverLists(Semantics):
    def selection(self, query: Query) -> object:
        if any(len(key.values) > 50 for key in query.keys.elements.values()):
            raise RuntimeError("too many values")
        return super().selection(query)


@weakness(
    Area.IDENTIFIERS,
    Symptom.ILLEGAL_STATUS,
    clause="PS3.4 C.4.1.1.4",
    defect="braces are answered with 0x7777",
)
class OddStatus(Looks):
    def look(self, keys: str) -> None:
        if "{" in keys:
            raise Refused(0x7777, "format")


@weakness(Area.IDENTIFIERS, Symptom.ILLEGAL_ANSWER, clause="PS3.4 C.4.1.1.3.2", defect="an answer is cut off")
class CutsAnswers(Semantics):
    def encode_response(self, query: Query, attributes: AttributeSet, transfer_syntax: str) -> bytes:
        encoded = super().encode_response(query, attributes, transfer_syntax)
        return encoded[:-3] if "*" in keys_of(query) else encoded
