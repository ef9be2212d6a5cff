"""The one question of the differential mode: in what do two products differ over the same case?"""

from __future__ import annotations

from dataclasses import replace

from harness.fuzz.differing.contrast import Contrast, Rows
from harness.fuzz.differing.objects import differ_over_object, object_rows
from harness.fuzz.differing.queries import differ_over_query, query_rows
from harness.fuzz.differing.scripts import differ_over_script, script_rows
from harness.fuzz.identifiers import QuerySeen
from harness.fuzz.objects.watching import ObjectSeen
from harness.fuzz.pdus.hearing import ScriptSeen

Seen = ObjectSeen | QuerySeen | ScriptSeen


def differ(a: Seen, b: Seen) -> tuple[Contrast, ...]:
    """The differences between what was seen at A and at B of one case."""
    match a, b:
        case ObjectSeen(), ObjectSeen():
            found = tuple(differ_over_object(a, b))
        case QuerySeen(), QuerySeen():
            found = tuple(differ_over_query(a, b))
        case ScriptSeen(), ScriptSeen():
            found = tuple(differ_over_script(a, b))
        case _:
            raise TypeError(f"{type(a).__name__} and {type(b).__name__} are not of the same case")
    if not found:
        return ()
    rows = _rows(a, b)
    return tuple(replace(one, rows=rows) for one in found)


def told(seen: Seen) -> str:
    """What was seen of one product, in a line."""
    return "; ".join(f"{name}: {words}" for name, words, _ in _rows(seen, seen))


def _rows(a: Seen, b: Seen) -> Rows:
    """What was seen of both; of the same kind they are."""
    match a, b:
        case ObjectSeen(), ObjectSeen():
            return object_rows(a, b)
        case QuerySeen(), QuerySeen():
            return query_rows(a, b)
        case ScriptSeen(), ScriptSeen():
            return script_rows(a, b)
    return ()
