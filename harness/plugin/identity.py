"""From a collected pytest function to its Requirement: ids, groups, selection."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.verdict import Level, Requirement

GROUPS = (
    *("verification", "association", "dimse", "storage", "find", "move", "get", "commitment"),
    *("worklist", "mpps"),
)
"""The order of a run; other groups follow by name."""


class ScenarioError(Exception):
    """A scenario module is not written as the harness expects; the text is for its author."""


_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class ScenarioRoot:
    """A folder of scenarios.  ``prefix`` keeps the ids of other people's folders apart; ours has none."""

    folder: Path
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which requirements to run; an empty field selects all."""

    ids: tuple[str, ...] = ()
    """Ids, or patterns with ``*``; ``find`` alone means the group."""
    levels: tuple[Level, ...] = ()

    def takes(self, requirement: Requirement) -> bool:
        """Whether the requirement is selected."""
        if self.levels and requirement.level not in self.levels:
            return False
        return not self.ids or any(_matches(requirement.id, pattern) for pattern in self.ids)

    def may_take_from(self, prefix: str) -> bool:
        """Whether a module whose ids begin so can hold anything selected; ``formerly`` ids aside."""
        return not self.ids or any(_may_match(prefix + ".", pattern + ".") for pattern in self.ids)


def _may_match(prefix: str, pattern: str) -> bool:
    literal = re.split(r"[*?[]", pattern, maxsplit=1)[0]
    return prefix.startswith(literal) or literal.startswith(prefix)


def _matches(id_: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(id_, pattern) or id_.startswith(pattern + ".")


def requirement_of(
    item: pytest.Item, roots: Sequence[ScenarioRoot], security_profiles: Collection[str] = ()
) -> Requirement | None:
    """The Requirement that an item carries; None where it carries none.

    A safeguard of one of the `security_profiles` that the product claims is a SHALL.

    The id is made of the path below the scenario root, without the first folder of ours (``conformance``),
    and the function's name: ``find.matching.star-matches-any-run``.  Raises ScenarioError.
    """
    marker = item.get_closest_marker("requirement")
    if marker is None:
        return None
    root = _root_of(item.path, roots)
    if root is None:
        raise ScenarioError(f"{item.path}: lies in no scenario folder")
    below = item.path.relative_to(root.folder)
    function = getattr(item, "originalname", None) or item.name
    name = function.removeprefix("test_").replace("_", "-")
    id_ = marker.kwargs["formerly"] or f"{_words(item.path, root)}.{name}"
    line = item.location[1]
    claimed = set(marker.kwargs.get("profiles", ())) & set(security_profiles)
    return Requirement(
        id=id_,
        clause=marker.kwargs["clause"],
        level=Level.SHALL if claimed else Level(marker.kwargs["level"]),
        text=marker.kwargs["text"],
        group=id_.split(".")[0],
        location=f"{below.as_posix()}:{(line or 0) + 1}",
        severity=marker.kwargs.get("severity"),
        remedy=marker.kwargs.get("remedy", ""),
    )


def module_prefix(path: Path, roots: Sequence[ScenarioRoot]) -> str:
    """What the ids of a module's requirements begin with; empty outside of the scenario folders."""
    root = _root_of(path, roots)
    return "" if root is None else _words(path, root)


def _root_of(path: Path, roots: Sequence[ScenarioRoot]) -> ScenarioRoot | None:
    return next((root for root in roots if path.is_relative_to(root.folder)), None)


def _words(path: Path, root: ScenarioRoot) -> str:
    below = path.relative_to(root.folder)
    parts = [*below.parts[:-1], below.stem.removeprefix("test_")]
    if not root.prefix and len(parts) > 1:
        parts = parts[1:]
    words = [part.replace("_", "-") for part in parts]
    return ".".join([root.prefix, *words] if root.prefix else words)


def file_name(id_: str) -> str:
    """A name for a file of this requirement: the id, unless that is no name, as ``formerly`` may say."""
    plain = _NO_NAME.sub("-", id_).lstrip(".")[:120]
    if plain and plain == id_:
        return plain
    return f"{plain}-{hashlib.sha256(id_.encode(errors='replace')).hexdigest()[:8]}"


def order_of(requirement: Requirement) -> tuple[int, str]:
    """The key by which requirements are sorted into groups; within a group the file's order stays."""
    group = requirement.group
    return (GROUPS.index(group) if group in GROUPS else len(GROUPS), group)
