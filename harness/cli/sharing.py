"""Options of `pacs-harness bench` about who shares a load, and where it is seen."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.target import Target, TargetError, is_loopback

if TYPE_CHECKING:
    from harness.load.plan import Crew
    from harness.load.workload import Workload

PORT = 5557
"""Where masters of Locust listen."""
WEB_PORT = 8089
"""Where Locust serves its page."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Those of the master."""
    parser.add_argument(
        "--processes", type=int, metavar="N", help="so many worker processes on this machine share the load"
    )
    parser.add_argument(
        "--expect-workers",
        type=int,
        default=0,
        metavar="N",
        help="wait for so many of `pacs-harness bench-worker`, which share it",
    )
    parser.add_argument(
        "--bind",
        type=address,
        metavar="HOST:PORT",
        help=f"where they come to (127.0.0.1:{PORT}); another host only in a trusted network: nobody who "
        "reaches the port is asked for a password",
    )
    parser.add_argument(
        "--web",
        type=int,
        nargs="?",
        const=WEB_PORT,
        metavar="PORT",
        help=f"serve Locust's own page at 127.0.0.1 while a load runs ({WEB_PORT})",
    )


def address(text: str) -> tuple[str, int]:
    """``HOST:PORT``, an IPv6 address in brackets.  For argparse: raises ArgumentTypeError."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no HOST:PORT")
    if ":" in host and not bracketed:
        raise argparse.ArgumentTypeError(f"{text!r}: write an IPv6 address in brackets, as [::1]:{PORT}")
    return (host[1:-1] if bracketed else host), int(port)


def crew_of(options: argparse.Namespace, workload: Workload, target: Target | None) -> Crew:
    """Who shares the loads.  Raises TargetError where the options don't go together."""
    from harness.load.distribution import MOST_WORKERS
    from harness.load.plan import Crew

    expected, clients = options.expect_workers, workload.arrival.clients
    processes = (0 if expected else 1) if options.processes is None else options.processes
    if expected < 0 or processes < 0 or processes + expected < 1:
        raise TargetError("--processes and --expect-workers take numbers from 1")
    if processes + expected > MOST_WORKERS:
        raise TargetError(f"at most {MOST_WORKERS} workers share a load")
    if processes + expected > clients:
        raise TargetError(
            f"the workload {workload.name} has {clients} clients, and each of {processes + expected} workers "
            "needs one"
        )
    if not expected:
        if options.bind:
            raise TargetError("--bind goes with --expect-workers: nobody else comes")
        return Crew(processes)
    if options.find_limit:
        raise TargetError(
            "--find-limit goes with --processes and not with --expect-workers: the harness's own ceiling is "
            "measured on this machine alone"
        )
    bind = options.bind or ("127.0.0.1", PORT)
    if not is_loopback(bind[0]) and (target is None or target.is_loopback()):
        raise TargetError(
            f"--bind {bind[0]} is for workers on other machines, and the product is at "
            f"{target.dimse.host if target else '127.0.0.1'}, which there is another one: "
            "name it by an address that they know"
        )
    return Crew(processes, expected, bind)


def web_of(options: argparse.Namespace) -> tuple[str, int] | None:
    """Where Locust's page is served.  Raises TargetError for what is no port."""
    if options.web is None:
        return None
    if not 1 <= options.web <= 65535:
        raise TargetError(f"--web takes a TCP port from 1 to 65535, not {options.web}")
    return "127.0.0.1", options.web


def announced(crew: Crew, web: tuple[str, int] | None) -> Iterator[str]:
    """What people have to know before the first load."""
    if crew.expected:
        host, port = crew.bind
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        yield f"for each load {crew.expected} of `pacs-harness bench-worker {where}` are waited for"
    if web is not None:
        yield f"Locust's own page, while a load runs: http://{web[0]}:{web[1]}/"
