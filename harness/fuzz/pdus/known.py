"""What servers and parsers of DICOM have died of before, as fixed cases: they are played first.

Each names its weakness (CWE) and published examples of it (CVE); the bytes are ours, made from what is said
of the class, and harmless where nothing breaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from harness.fuzz.pdus import known_messages, known_objects, known_requests
from harness.fuzz.pdus.mutated import PduCase, ended
from harness.fuzz.pdus.weakness import Known


def known_cases(called: str, calling: str) -> Iterator[Known]:
    """All of them, made one after the other, for a target's AE title and our own.

    Raises MisuseError for AE titles that are none.
    """
    titles = called, calling
    for attempt in chain.from_iterable(
        module.attempts(titles) for module in (known_requests, known_messages, known_objects)
    ):
        script = ended(attempt.steps, called, calling)
        yield Known(attempt.weakness, PduCase(attempt.weakness.name, script, (attempt.about,)))
