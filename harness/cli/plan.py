"""`pacs-harness run --plan`: what a run would do, without doing it."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass

from harness.cli import selection
from harness.content import content_folder
from harness.decide.exit_code import ExitCode
from harness.target import Target
from harness.target_file import read_target


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a full run stored on the reference archive, measured: an upper bound for a smaller selection."""

    objects: int
    bytes: int
    seconds: float


def footprint() -> Footprint:
    """The committed measurement (``scenarios/footprint.json``)."""
    document = json.loads((content_folder("scenarios") / "footprint.json").read_text(encoding="utf-8"))
    return Footprint(int(document["objects"]), int(document["bytes"]), float(document["seconds"]))


def print_plan(options: argparse.Namespace) -> int:
    """Print the plan.  Exit code 2 where nothing is selected."""
    target = read_target(options.target) if options.target is not None else None
    requirements = selection.collect(options, observe=options.observe, intrusive=options.intrusive)
    if not requirements:
        print("nothing is selected")
        return ExitCode.USAGE
    groups = [requirement.group for requirement in requirements]
    counts = ", ".join(f"{group} {groups.count(group)}" for group in dict.fromkeys(groups))
    print(f"target:       {_where(target, options)}")
    print(f"requirements: {len(requirements)} ({counts})")
    if options.observe:
        print("sends:        associations, C-ECHO and C-FIND only; what would write is left out")
    else:
        most = footprint()
        print(
            f"stores:       up to {most.objects} synthetic objects, {most.bytes / 1e6:.1f} MB, "
            "patients marked PHTEST; listed in stored.csv"
        )
        print(
            f"takes:        about {most.seconds:.0f} s on a product as fast as the bundled archive; "
            "each silent answer adds the deadline four times"
        )
    if options.observe or not (options.select or options.level or options.keyword):
        more = "70" if options.observe else "230"
        print(f"looks:        some {more} short associations to see what is offered and how it behaves")
    for line in _registered(target):
        print(f"register:     {line}")
    print("nothing was sent")
    return ExitCode.CONFORMANT


def _where(target: Target | None, options: argparse.Namespace) -> str:
    if target is None:
        return f"the installed {options.peer}, started for the run" if options.peer else "the bundled archive"
    dimse = target.dimse
    tls = " with TLS" if dimse.tls else ""
    return f"{target.name or dimse.called_ae_title} at {dimse.host}:{dimse.port}{tls}"


def _registered(target: Target | None) -> list[str]:
    if target is None:
        return []
    lines = [f"calling AE title {target.dimse.calling_ae_title}, allowed to echo, store, query and retrieve"]
    lines += [
        f"move destination {entry.ae_title} at this machine's address, port {entry.port}"
        for entry in target.destinations
    ]
    if not target.destinations:
        lines.append("no move destination: C-MOVE cannot be tested; add a [[destination]]")
    return lines
