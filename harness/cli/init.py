"""`pacs-harness init`: write a commented target file, then try one C-ECHO."""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from harness.cli.target_file import target_file
from harness.decide.exit_code import ExitCode
from harness.documents import owner_only
from harness.foreign_text import visible
from harness.target import Destination, Dimse, Target, TargetError, check_ae_title, check_port
from harness.target_file import target_from_document

_TRIES = 3
"""How often a question is asked again after an answer that it cannot take."""
_T = TypeVar("_T")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``init``."""
    parser = subparsers.add_parser(
        "init", help="write a commented target file from flags or questions, then try one C-ECHO"
    )
    parser.add_argument("--host", help="name or address of the product")
    parser.add_argument("--port", help="its DICOM port")
    parser.add_argument("--called", metavar="AE", help="its AE title")
    parser.add_argument("--calling", metavar="AE", help="the harness's AE title (default: PACSHARNESS)")
    parser.add_argument(
        "--destination",
        action="append",
        metavar="AE:PORT",
        help="a move destination of the harness's own, registered in the product; may be repeated",
    )
    parser.add_argument("--output", type=Path, default=Path("target.toml"), metavar="FILE")
    parser.add_argument("--force", action="store_true", help="overwrite the file where it exists")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0 written and C-ECHO succeeded, 4 written but the product cannot be reached.  Raises TargetError."""
    from harness.cli.doctor import as_text
    from harness.preflight import PreflightBlocked, first_echo

    path: Path = args.output
    if path.exists() and not args.force:
        raise TargetError(f"{path} exists; --force overwrites it, --output names another file")
    target = write_target_file(args)
    print(f"{path} is written.")
    try:
        greeting = first_echo(target)
    except PreflightBlocked as blocked:
        print(visible(as_text(blocked.finding)))
        print(f"\nThe file is kept; `pacs-harness doctor {path}` tries again.")
        return ExitCode.UNREACHABLE
    name = greeting.implementation_version_name or greeting.implementation_class_uid or "no name given"
    print(f"C-ECHO: {target.dimse.called_ae_title} answers ({visible(name)}).")
    print(f"Next: `pacs-harness doctor {path}`, then `pacs-harness run {path}`.")
    return ExitCode.CONFORMANT


def write_target_file(args: argparse.Namespace) -> Target:
    """Write the file that flags and answers describe; the Target in it.  Raises TargetError."""
    host = _value(args.host, "--host", "Host name or address of the product", "", _host)
    port = _value(args.port, "--port", "Its DICOM port", "104", _port("--port"))
    called = _value(args.called, "--called", "Its AE title", "", _ae_title("--called"))
    calling = _value(
        args.calling, "--calling", "The harness's own AE title", "PACSHARNESS", _ae_title("--calling")
    )
    if args.destination is not None:
        destinations = tuple(_destination(value) for value in args.destination)
    else:
        destinations = _ask_for_destinations(flags_are_complete=args.host is not None)
    if not Target(Dimse(host, port, called)).is_loopback():
        # The product is on another machine: a destination on loopback alone would be out of its reach.
        everywhere = "0.0.0.0"  # nosec B104 # only as long as a command runs, and written for people to see
        destinations = tuple(replace(entry, host=everywhere) for entry in destinations)
    text = target_file(host, port, called, calling, destinations)
    # What is written has to be what can be read again: checked before the file is touched.
    target = target_from_document(tomllib.loads(text), str(args.output))
    try:
        # Whoever fills in the passcode does not think of who may read the file.
        mode = "w" if args.force else "x"
        with open(args.output, mode, encoding="utf-8", opener=owner_only) as file:
            file.write(text)
    except FileExistsError:
        raise TargetError(
            f"{args.output} exists; --force overwrites it, --output names another file"
        ) from None
    except OSError as error:
        raise TargetError(f"{args.output} cannot be written: {error.strerror or error}") from None
    return target


def _value(given: str | None, flag: str, question: str, default: str, parse: Callable[[str], _T]) -> _T:
    if given is not None:
        return parse(given)
    if not sys.stdin.isatty():
        if flag == "--calling":
            return parse(default)
        raise TargetError(f"{flag} is needed, since there is no terminal to ask on")
    return _ask(question, default, parse)


def _ask(question: str, default: str, parse: Callable[[str], _T]) -> _T:
    for attempt in range(1, _TRIES + 1):
        try:
            answer = input(f"{question} [{default}]: " if default else f"{question}: ").strip() or default
        except EOFError:
            raise TargetError("no answer; nothing is written") from None
        try:
            return parse(answer)
        except TargetError as error:
            if attempt == _TRIES:
                raise
            print(error)
    raise AssertionError("unreachable")


def _ask_for_destinations(*, flags_are_complete: bool) -> tuple[Destination, ...]:
    if flags_are_complete or not sys.stdin.isatty():
        return ()
    question = "A move destination of the harness's own as AE:PORT (empty for none)"
    found: list[Destination] = []
    while (entry := _ask(question, "", _optional_destination)) is not None:
        found.append(entry)
        question = "Another one (empty for no more)"
    return tuple(found)


# ---------------------------------------------------------------- values


def _host(value: str) -> str:
    if not value.strip():
        raise TargetError("--host: a name or an address")
    return value.strip()


def _port(flag: str) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            port = int(value)
        except ValueError:
            raise TargetError(f"{flag}: {value!r} is not a TCP port; it takes 1 to 65535") from None
        check_port(port, flag)
        return port

    return parse


def _ae_title(flag: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        check_ae_title(value, flag)
        return value

    return parse


def _destination(value: str) -> Destination:
    title, colon, port = value.rpartition(":")
    if not colon:
        raise TargetError(f"--destination: {value!r} is not AE:PORT, as in HARNESSDEST:11113")
    check_ae_title(title, "--destination")
    return Destination(title, _port("--destination")(port))


def _optional_destination(value: str) -> Destination | None:
    return _destination(value) if value else None
