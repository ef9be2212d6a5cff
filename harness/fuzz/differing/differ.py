"""The one question of the differential mode: in what do two products differ over the same case?"""

from __future__ import annotations

from dataclasses import replace

from harness.fuzz.differing.contrast import Contrast
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
            found, rows = tuple(differ_over_object(a, b)), object_rows(a, b)
        case QuerySeen(), QuerySeen():
            found, rows = tuple(differ_over_query(a, b)), query_rows(a, b)
        case ScriptSeen(), ScriptSeen():
            found, rows = tuple(differ_over_script(a, b)), script_rows(a, b)
        case _:
            raise TypeError(f"{type(a).__name__} and {type(b).__name__} are not of the same case")
    return tuple(replace(one, rows=rows) for one in found)


def told(seen: Seen) -> str:
    """What was seen of one product, in a line."""
    match seen:
        case ObjectSeen():
            rows = object_rows(seen, seen)
        case QuerySeen():
            rows = query_rows(seen, seen)
        case ScriptSeen():
            rows = script_rows(seen, seen)
    return "; ".join(f"{name}: {words}" for name, words, _ in rows)
