"""What lies on the disk: whether it gives patients away to who gets at it (CWE-311, CWE-532, CWE-732).

Encryption at rest is demanded by no profile of PS3.15: what a hospital asks of its disks is its own choice.
Looked at are the files that ``[security] data`` and ``logs`` name, on this machine.  A patient whose values
are like no others is stored and asked for; then the files are searched for these values.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from harness.dimse.errors import DimseError
from harness.dimse.negotiation import IdentityType, UserIdentity
from harness.dimse.pdu import PData, Pdv
from harness.plugin.fixtures import Corpus
from harness.plugin.placing import places
from harness.scenario import CRITICAL, HIGH, LOW, MEDIUM, not_tested, reply_to, safeguard
from harness.scu.find import find
from harness.scu.identifier import keys_of
from harness.scu.move import move_with
from harness.scu.session import Scu
from harness.scu.store import open_for, store_request
from harness.scu.uids import VERIFICATION, QueryLevel, Root
from harness.security.canaries import CanaryPatient, new_canary
from harness.security.medium import Rest, medium_of
from harness.security.needles import Canary, Kind, Needle, needles_of
from harness.security.places import Sort, changed_since, listed, named, sort_of
from harness.security.tracing import Search, Trace, search
from harness.synthesis import SyntheticInstance, SyntheticStudy
from harness.target import Target

GONE_WITHIN = 5.0
"""Seconds in which what was interrupted has to be cleared away."""
SHOWS_WITHIN = 1.0
"""Seconds in which an object that is being received is looked for."""
SIDE = 512
"""Pixels of a side of that object: half a megabyte, which buffers seldom hold back."""
FRAGMENT = 8192
"""Bytes of a fragment, where the product takes so many."""
LEAST_PASSCODE = 6
"""Characters below which a passcode may stand in a log by chance."""
SHOWN = 3
"""Files that a finding names."""


@pytest.fixture(scope="module")
def data(target: Target) -> tuple[str, ...]:
    """Where the product keeps patients' data."""
    return places(target, logs=False)


@pytest.fixture(scope="module")
def logs(target: Target) -> tuple[str, ...]:
    """Where it writes its logs."""
    return places(target, data=False)


@pytest.fixture(scope="module")
def canary(
    target: Target,
    corpus: Corpus,
    session_scu: Scu,
    store_study: Callable[[SyntheticStudy], SyntheticStudy],
) -> CanaryPatient:
    """A patient who was stored, asked for by every key, and sent to nobody."""
    places(target)
    patient = new_canary(corpus.identity)
    study = store_study(patient.study)
    keys = (
        {"PatientName": study.patient_name},
        {"PatientName": f"{study.patient_name[:-2]}*"},
        {"PatientID": study.patient_id},
        {"AccessionNumber": study.accession_number},
    )
    for key in keys:
        with contextlib.suppress(DimseError):
            find(session_scu, Root.STUDY, QueryLevel.STUDY, {"StudyInstanceUID": None, **key})
    with contextlib.suppress(DimseError), session_scu.open(Root.PATIENT.move, VERIFICATION) as association:
        nobody = f"Q{secrets.token_hex(4).upper()}"
        asked = keys_of(QueryLevel.PATIENT, {"PatientID": study.patient_id})
        move_with(association, Root.PATIENT.move, asked, nobody)
    return patient


@safeguard(
    "CWE-311",
    MEDIUM,
    "What identifies a patient does not stand in clear on the disk.",
    remedy="Keep data and database on an encrypted volume (LUKS, BitLocker), or have the product encrypt them"
    " itself.",
)
@pytest.mark.parametrize("sort", [Sort.OBJECT, Sort.DATABASE], ids=["objects", "database"])
def test_encrypted(canary: CanaryPatient, data: tuple[str, ...], sort: Sort) -> None:
    files = [path for path in listed(data).files if sort_of(path) is sort]
    if not files:
        raise not_tested(f"[security] data names no file of {sort}")
    seen = search(files, canary.needles())
    if not seen.traces:
        must_be_whole(seen)
        if not changed_since(files, canary.made_at):
            raise not_tested(f"no file of {sort} has changed since a patient was stored: are they elsewhere?")
    clear: dict[Rest, list[Trace]] = {}
    words = {}
    for trace in seen.traces.values():
        with contextlib.suppress(OSError):
            medium = medium_of(trace.path)
            clear.setdefault(medium.rest, []).append(trace)
            words[medium.rest] = medium.words
    assert Rest.CLEAR not in clear, (
        f"{sort}: {told(clear[Rest.CLEAR], data)}, on {words[Rest.CLEAR]}; {seen.extent()}"
    )
    for rest in (Rest.UNTOLD, Rest.MEMORY):
        if rest in clear:
            raise not_tested(f"{sort}: {told(clear[rest], data)}, but on {words[rest]}")


@safeguard(
    "CWE-532",
    HIGH,
    "Logs do not name patients.",
    remedy="Lower the log's verbosity, or have the product log UIDs in place of names, IDs and numbers.",
)
def test_log_without_patients(canary: CanaryPatient, logs: tuple[str, ...]) -> None:
    seen = search(listed(logs).files, canary.in_words())
    assert not seen.traces, f"{told(seen.traces.values(), logs)}; {seen.extent()}"
    must_be_whole(seen)


@safeguard(
    "CWE-532",
    CRITICAL,
    "Logs do not hold the passcodes of users.",
    remedy="Have the product leave out what User Identity negotiation carries; change the passcodes and"
    " delete the logs that hold them.",
)
def test_log_without_passcodes(scu: Scu, target: Target, logs: tuple[str, ...]) -> None:
    secret = f"PHTESTQS{secrets.token_hex(6).upper()}"
    needles = list(needles_of(Canary(Kind.PASSCODE, secret.encode())))
    identity = UserIdentity(IdentityType.USERNAME_AND_PASSCODE, b"PHTEST-NOBODY", secondary=secret.encode())
    with contextlib.suppress(DimseError), scu.connect() as association:
        reply_to(association, scu.request(VERIFICATION, user_identity=identity))
    needles += own_passcode(target)
    seen = search(listed(logs).files, needles)
    assert not seen.traces, f"{told(seen.traces.values(), logs)}; {seen.extent()}"
    must_be_whole(seen)


@safeguard(
    "CWE-538",
    MEDIUM,
    "Names of files and folders do not name patients.",
    remedy="Have the product name its files by UIDs or numbers: names of files are seen where contents are"
    " not, in backups, in errors and by who may only list a folder.",
)
def test_file_names_without_patients(canary: CanaryPatient, target: Target) -> None:
    roots = places(target)
    seen = listed(roots)
    texts = [one.value.decode().lower() for one in canary.canaries if one.kind is not Kind.PIXELS]
    telling = [
        path for path in (*seen.folders, *seen.files) if any(text in path.name.lower() for text in texts)
    ]
    assert not telling, f"named after the patient: {some([str(path) for path in telling])}"


@safeguard(
    "CWE-459",
    MEDIUM,
    "No temporary file and no copy of a stored object is left behind.",
    remedy="Have the product remove what it wrote on the way; keep backups elsewhere, and encrypted.",
)
def test_no_copy_left_behind(canary: CanaryPatient, data: tuple[str, ...]) -> None:
    def left() -> Search:
        files = [path for path in listed(data).files if sort_of(path) is Sort.LEFTOVER]
        return search(files, canary.needles())

    seen = await_traces(left, wanted=False, within=GONE_WITHIN)
    assert not seen.traces, f"{told(seen.traces.values(), data)}, {GONE_WITHIN:g} s after it was looked for"


@safeguard(
    "CWE-459",
    LOW,
    "An object whose association ended before it was whole leaves nothing behind.",
    remedy="Have the product remove what it received of an object when its association ends.",
)
def test_interrupted_object_leaves_nothing(
    scu: Scu, corpus: Corpus, data: tuple[str, ...], writes: None
) -> None:
    patient = new_canary(corpus.identity, SIDE)
    needles = patient.needles()
    with begun(scu, patient.study.instance(0)):
        # It may be in memory alone: so it is waited for, and then not.
        await_traces(lambda: search(listed(data).files, needles), wanted=True, within=SHOWS_WITHIN)
    seen = await_traces(lambda: search(listed(data).files, needles), wanted=False, within=GONE_WITHIN)
    assert not seen.traces, (
        f"{told(seen.traces.values(), data)}, {GONE_WITHIN:g} s after an A-ABORT within the object"
    )


def own_passcode(target: Target) -> list[Needle]:
    """The passcode that the harness itself comes with, where it has one that is no common word."""
    identity = target.dimse.user_identity
    if identity is None or len(identity.secondary) < LEAST_PASSCODE or not identity.secondary.isascii():
        return []
    return list(needles_of(Canary(Kind.PASSCODE, identity.secondary.encode())))


@contextlib.contextmanager
def begun(scu: Scu, instance: SyntheticInstance) -> Iterator[None]:
    """All of an object but its end is sent; then the association is aborted."""
    association, instance = open_for(scu, instance)
    try:
        context = association.context_for(instance.sop_class, instance.transfer_syntax).id
        request = store_request(association, instance.sop_class, instance.sop_instance_uid)
        command = Pdv(context, is_command=True, is_last=True, data=request.encode())
        association.send_pdu(PData((command,)))
        size = min(FRAGMENT, (association.peer_maximum_length or FRAGMENT + 6) - 6)
        for start in range(0, len(instance.dataset) - size, size):
            part = instance.dataset[start : start + size]
            association.send_pdu(PData((Pdv(context, is_command=False, is_last=False, data=part),)))
        yield
    finally:
        association.abort()


def await_traces(look: Callable[[], Search], *, wanted: bool, within: float) -> Search:
    """The first look that sees a trace, or sees none, as is wanted; or the last one in time."""
    pause, ends = threading.Event(), time.monotonic() + within
    while bool((seen := look()).traces) is not wanted and time.monotonic() < ends:
        pause.wait(0.2)
    return seen


def must_be_whole(seen: Search) -> None:
    """NotTested where something was not looked at: what is not found may be there."""
    if seen.left_out or seen.unreadable:
        raise not_tested(f"nothing was found in what could be looked at: {seen.extent()}")


def told(traces: Iterable[Trace], roots: tuple[str, ...]) -> str:
    """``a patient's name and pixels in objects/1.dcm``, for some files."""
    by_file: dict[Path, list[str]] = {}
    for trace in traces:
        by_file.setdefault(trace.path, []).append(trace.words)
    lines = []
    for path, words in by_file.items():
        root = next((root for root in roots if path.is_relative_to(root)), str(path.parent))
        lines.append(f"{', '.join(words)} in {named(root, path)}")
    return some(lines)


def some(lines: list[str]) -> str:
    """The first of them, and how many more there are."""
    more = f"; and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return "; ".join(lines[:SHOWN]) + more
