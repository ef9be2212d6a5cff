"""The verdict of a run in words that a hospital's evaluator understands, and the words explained."""

from __future__ import annotations

import enum
import re
import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from harness.report.services import Service, in_order, service_of
from harness.verdict import Level, Outcome, Run

SHOWN_ORDER = (
    Outcome.PASS,
    Outcome.FAIL,
    Outcome.ERROR,
    Outcome.WARN,
    Outcome.NOT_TESTED,
    Outcome.NOT_SUPPORTED,
)
"""The order of outcomes in charts and tables: the good, what needs a reader, what is open."""
OUTCOME_WORDS = {
    Outcome.PASS: "The product did what the requirement asks, in everything that was tried.",
    Outcome.FAIL: "The product did something that the standard forbids, left out something that it demands, "
    "or broke a promise made in its own claims. The recorded exchange is the proof.",
    Outcome.WARN: "The standard recommends otherwise, or users of a good product may expect better. "
    "Not a breach.",
    Outcome.NOT_SUPPORTED: "The standard leaves this to the vendor, and the product does not offer it. "
    "No fault; whether the hospital needs it is for the hospital to say.",
    Outcome.NOT_TESTED: "Nobody knows: something that the test needs was missing or had failed before. "
    "Never to be counted as a pass.",
    Outcome.ERROR: "The test tool itself broke down here. This says nothing about the product.",
}
LEVEL_WORDS = {
    Level.SHALL: "Mandatory. The standard demands it of every product that offers the service.",
    Level.SHOULD: "Recommended by the standard, with room for good reasons not to.",
    Level.MAY: "Optional. The standard allows it; a product may leave it out.",
    Level.QUALITY: "Not demanded by the standard; what a user may expect of a good product.",
}


class Tone(enum.StrEnum):
    """How the verdict is shown."""

    DEVIATES = "deviates"
    INCOMPLETE = "incomplete"
    CONFORMS = "conforms"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run says as a whole."""

    tone: Tone
    label: str
    sentence: str
    meaning: tuple[str, ...]
    """Paragraphs."""
    touched: tuple[tuple[Service, int], ...]
    """The services in which something failed, and how many requirements did."""
    sound: tuple[Service, ...]
    """The services with mandatory requirements that passed, and without any that failed or stayed open."""


def verdict(run: Run) -> Verdict:
    """The verdict of `run`, for the top of a report."""
    outcomes = Counter(result.outcome for result in run.results)
    untested = any(
        result.outcome in (Outcome.NOT_TESTED, Outcome.ERROR) and result.requirement.level is Level.SHALL
        for result in run.results
    )
    conformed = any(
        result.outcome is Outcome.PASS and result.requirement.level is Level.SHALL for result in run.results
    )
    if outcomes[Outcome.FAIL]:
        tone, label = Tone.DEVIATES, "Deviations from the standard found"
    elif untested or outcomes[Outcome.ERROR] or not conformed or not is_complete(run) or run.restarted_after:
        tone, label = Tone.INCOMPLETE, "Incomplete: no verdict yet"
    else:
        tone, label = Tone.CONFORMS, "No deviation found in what was tested"
    failed = Counter(item.requirement.group for item in run.results if item.outcome is Outcome.FAIL)
    touched = tuple((service_of(group), failed[group]) for group in in_order(set(failed)))
    return Verdict(tone, label, headline(run), _meaning(run, tone), touched, _sound(run))


def _sound(run: Run) -> tuple[Service, ...]:
    outcomes: dict[str, set[Outcome]] = {}
    for result in run.results:
        if result.requirement.level is Level.SHALL or result.outcome is Outcome.FAIL:
            outcomes.setdefault(result.requirement.group, set()).add(result.outcome)
    open_or_worse = {Outcome.FAIL, Outcome.ERROR, Outcome.NOT_TESTED}
    sound = {group for group, seen in outcomes.items() if Outcome.PASS in seen and not seen & open_or_worse}
    return tuple(map(service_of, in_order(sound)))


def is_complete(run: Run) -> bool:
    """Whether the run went to its end."""
    return bool(run.finished) and run.ended_because in ("", "completed")


def headline(run: Run) -> str:
    """The verdict in two or three sentences of plain words, with its numbers."""
    name = product_name(run)
    mandatory = [result for result in run.results if result.requirement.level is Level.SHALL]
    count = Counter(result.outcome for result in mandatory)
    asked = len(mandatory) - count[Outcome.NOT_SUPPORTED]
    sentences = [] if is_complete(run) else ["The run did not go to its end."]
    if not run.results:
        return " ".join([*sentences, f"Nothing was tested on {name}."])
    if not asked:
        sentences.append(f"No mandatory requirement was tested on {name}.")
    elif count[Outcome.PASS] == asked:
        whole = "the one mandatory requirement" if asked == 1 else f"all {asked} mandatory requirements"
        sentences.append(f"{name} answered {whole} of this run as DICOM asks.")
    else:
        of = f"{count[Outcome.PASS]} of {asked} mandatory requirements"
        tail = f"; {count[Outcome.FAIL]} failed." if count[Outcome.FAIL] else "."
        sentences.append(f"{name} answered {of} as DICOM asks{tail}")
    if count[Outcome.WARN]:
        sentences.append(f"{count[Outcome.WARN]} gave a warning.")
    if count[Outcome.NOT_TESTED]:
        sentences.append(f"{count[Outcome.NOT_TESTED]} could not be tested.")
    if count[Outcome.NOT_SUPPORTED]:
        sentences.append(f"{count[Outcome.NOT_SUPPORTED]} more concern what it does not offer.")
    broken = sum(result.outcome is Outcome.ERROR for result in run.results)
    if broken:
        sentences.append(f"{_checks(broken)} nothing of the product.")
    promises = [
        result for result in run.results if result.outcome is Outcome.FAIL and result not in mandatory
    ]
    if promises:
        also = "more failed" if count[Outcome.FAIL] else "failed"
        sentences.append(f"{len(promises)} {also} where the product does not keep its own claims.")
    if run.restarted_after:
        times = "once" if len(run.restarted_after) == 1 else f"{len(run.restarted_after)} times"
        sentences.append(f"It stopped answering {times}, and had to be restarted.")
    return " ".join(sentences)


def _checks(number: int) -> str:
    if number == 1:
        return "1 check broke down in the test tool itself and says"
    return f"{number} checks broke down in the test tool itself and say"


def _meaning(run: Run, tone: Tone) -> tuple[str, ...]:
    paragraphs = []
    if tone is Tone.DEVIATES:
        paragraphs.append(
            "Equipment of other vendors relies on the standard. Where this product departs from it, that "
            "equipment may not work with it as expected:"
        )
        paragraphs.append(
            "One failure can matter more than ten: read them, don't count them, and ask the vendor about "
            "each. Every one names its clause of the standard and carries the recorded exchange, so that the "
            "vendor can see it and repeat it."
        )
    elif tone is Tone.INCOMPLETE:
        paragraphs.append(
            "Too much is open for a verdict. Read below what could not be tested and why, mend that, "
            "and run again."
        )
    else:
        paragraphs.append(
            "In everything that was tested, the product did what the standard demands. That is not proof of "
            "faultlessness: read below what was not checked."
        )
    if not is_complete(run):
        paragraphs.insert(
            0,
            f"{_ended(run)} "
            + ("What was seen until then stands below" if run.results else "There is nothing to read below")
            + ("." if run.finished else "; what it had not reached is missing from this report."),
        )
    paragraphs.append(
        "This is no certificate. It says what was observed on that day, with that configuration, about the "
        "requirements listed here and about nothing else."
    )
    return tuple(paragraphs)


def _ended(run: Run) -> str:
    """Why a run did not go to its end, as a sentence."""
    kind, colon, cause = run.ended_because.partition("preflight: ")
    if colon and not kind:
        return f"The run could not begin: {cause}."
    return f"The run ended early: {run.ended_because or 'no cause is recorded'}."


def product_name(run: Run) -> str:
    """What the product is called: by the target file, by itself, by its address, or not at all."""
    candidates = (run.target.get("name"), run.peer.get("name"), address(run))
    return next((str(item) for item in candidates if item), "The PACS")


def address(run: Run) -> str:
    """``host:port`` as the target file has it, empty where it doesn't say."""
    dimse = run.target.get("dimse")
    section: dict[str, Any] = dimse if isinstance(dimse, dict) else run.target
    if section.get("address"):
        return str(section["address"])
    host, port = section.get("host"), section.get("port")
    if not (host and port):
        return ""
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def whole_command(command: tuple[str, ...]) -> str:
    """The command line of a run, quoted for a shell; the program by its name alone."""
    return shlex.join([PurePath(command[0]).name, *command[1:]]) if command else ""


_CHOOSING = ("--select", "--level", "-k", "--output")


def repeat_command(command: tuple[str, ...], requirement_id: str) -> str:
    """The command line of a run made to repeat one requirement, quoted for a shell.

    What chose requirements or named the run folder is left out, the rest (target, peer, consent) kept.
    """
    words = list(command) or ["pacs-harness", "run"]
    words[0] = PurePath(words[0]).name
    kept: list[str] = []
    skip_value = False
    for word in words:
        if skip_value:
            skip_value = False
        elif word in _CHOOSING:
            skip_value = True
        elif not word.startswith(tuple(f"{option}=" for option in _CHOOSING)) and not re.match(r"-k.", word):
            kept.append(word)
    return shlex.join([*kept, "--select", requirement_id])
