"""Reading a run folder back into a Run, also one whose run was killed."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import msgspec

from harness import __version__
from harness.documents import Mistake, read_whole
from harness.verdict import EDITION, Result, Run, result_from_json, run_from_json

DEEPEST = 50
"""Levels of lists and objects in a document: those of ours have ten."""
_DAMAGED = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    RecursionError,
    msgspec.ValidationError,
)
"""What a document of another form raises."""
_Kind = TypeVar("_Kind")


class NotARun(Mistake):
    """The folder can't be read as a run; the message is one line for people."""


def load_run(folder: Path) -> Run:
    """The Run that `folder` holds.

    ``run.json`` gives the run, ``results.jsonl`` the results that ``run.json`` lacks: all of them where
    the run was killed.  A half-written last line is left out, and `Run.ended_because` says so.
    Raises NotARun where there is no run, or where it is damaged beyond that.
    """
    if not folder.is_dir():
        raise NotARun(f"{folder}: no such folder; name the folder that pacs-harness run wrote")
    run_path, results_path = folder / "run.json", folder / "results.jsonl"
    if not run_path.is_file() and not results_path.is_file():
        raise NotARun(
            f"{folder}: holds neither run.json nor results.jsonl; name the folder that pacs-harness run wrote"
        )
    results, remarks = _read_results(results_path) if results_path.is_file() else ((), ())
    try:
        run = _read_run(run_path)
    except NotARun as error:
        if not results:
            raise
        run = _unknown_run()
        remarks = (f"run.json can't be read ({error})", *remarks)
    known = {result.requirement.id for result in run.results}
    run = replace(
        run, results=run.results + tuple(item for item in results if item.requirement.id not in known)
    )
    because = run.ended_because
    if not run.finished and because in ("", "running"):
        because = "the run was killed, or is still under way"
    causes = (because, *remarks) if because else remarks
    return replace(run, ended_because="; ".join(causes))


def _read_run(path: Path) -> Run:
    document = _read_object(_read_text(path), str(path))
    try:
        return _checked(run_from_json(document), Run)
    except _DAMAGED as error:
        raise NotARun(f"{path}: not a run of this version: {_cause(error)}") from error


def _read_results(path: Path) -> tuple[tuple[Result, ...], tuple[str, ...]]:
    """The results in the order they were written, the last line of an id being the one that counts."""
    results: dict[str, Result] = {}
    lines = _read_text(path).split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            result = _checked(result_from_json(_read_object(line, f"{path}:{number}")), Result)
        except _DAMAGED as error:
            raise NotARun(f"{path}:{number}: not a result: {_cause(error)}") from error
        except NotARun:
            # Every whole line ends in a line feed, so only the last piece can be half written.
            if number < len(lines):
                raise
            return tuple(results.values()), ("the last line of results.jsonl is half written and left out",)
        results[result.requirement.id] = result
    return tuple(results.values()), ()


def _read_text(path: Path) -> str:
    try:
        return read_whole(path).decode(errors="replace")
    except OSError as error:
        raise NotARun(f"{path}: can't be read: {error.strerror}") from error


def _read_object(text: str, where: str) -> dict[str, Any]:
    try:
        document = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        _check_depth(document, DEEPEST)
    except (ValueError, RecursionError) as error:
        raise NotARun(f"{where}: not JSON: {_cause(error)}") from error
    if not isinstance(document, dict):
        raise NotARun(f"{where}: not a JSON object")
    return document


def _checked(value: _Kind, kind: type[_Kind]) -> _Kind:
    """The same, if every field is of its type: whoever renders it relies on that.  ValidationError."""
    return msgspec.convert(msgspec.to_builtins(value), kind)


def _check_depth(value: object, deepest: int) -> None:
    if isinstance(value, dict | list):
        if not deepest:
            raise ValueError(f"it nests deeper than {DEEPEST} levels")
        for one in value.values() if isinstance(value, dict) else value:
            _check_depth(one, deepest - 1)


def _finite(digits: str) -> float:
    """1e999 is JSON, and beyond what any table can show."""
    number = float(digits)
    if not math.isfinite(number):
        _refuse_constant(digits)
    return number


def _refuse_constant(name: str) -> NoReturn:
    """Python reads NaN and Infinity; JSON has neither (RFC 8259, 6), and no chart can show them."""
    raise ValueError(f"{name} is no number")


def _cause(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error).split("\n")[0]


def _unknown_run() -> Run:
    """A Run of which only the results are known."""
    return Run(
        target={},
        tool_version=__version__,
        edition=EDITION,
        started="",
        finished="",
        command=(),
        exit_code=None,
        ended_because="",
        peer={},
        environment={},
    )
