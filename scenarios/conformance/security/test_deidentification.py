"""Anonymised copies: what a gateway, or an archive's export, sends on (PS3.15 E).

Two studies of a patient who is named in many places are stored once; what comes at the destination of
``[security] anonymises_to`` is judged as `pacs-harness deid` judges files, by the options of
``deid_options``.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from harness.dimse.errors import DecodeError, PeerViolation
from harness.plugin.fixtures import Corpus
from harness.plugin.studies import send_study
from harness.scenario import CRITICAL, HIGH, LOW, MEDIUM, not_tested, safeguard
from harness.scu.destination import Destination
from harness.scu.inbox import Ending, Inbox, Received
from harness.scu.move import move
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel
from harness.security.callers import offered_model
from harness.security.exporting import Export, Subject, export_of, telling_patient
from harness.synthesis import SyntheticStudy
from harness.target import Target

UNNAMED = "the target file names no destination of anonymised copies ([security] anonymises_to)"
_PROFILE = ("de-identification",)
_SETTLES = 2.0
"""Seconds in which the associations have to end that brought as many objects as were stored: more may be
under way."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """What was stored, and what came."""

    studies: tuple[SyntheticStudy, ...]
    received: tuple[Received, ...]
    violation: PeerViolation | None


@pytest.fixture(scope="module")
def arrived(
    request: pytest.FixtureRequest,
    target: Target,
    corpus: Corpus,
    session_scu: Scu,
    destinations: tuple[Destination, ...],
) -> Arrived:
    """Two studies are stored, and copies of them awaited, once for all."""
    title = target.security.anonymises_to
    if not title:
        raise not_tested(UNNAMED)
    destination = next(one for one in destinations if one.ae_title == title)
    studies = telling_patient(corpus.identity)
    number = sum(len(study.instances) for study in studies)
    with destination.inbox() as inbox:
        if target.security.anonymises_on == "move":
            store_study = request.getfixturevalue("store_study")
            for study in studies:
                ask_for(session_scu, store_study(study), title)
        else:
            for study in studies:
                send_study(session_scu, study.instances)
        inbox.wait_for(lambda box: len(box.received) >= number, target.dimse.visible_within)
        inbox.wait_for(is_quiet, _SETTLES)
        return Arrived(studies, tuple(inbox.received), inbox.violation())


@pytest.fixture(scope="module")
def copies(arrived: Arrived, target: Target) -> Export:
    """What is to be said of the copies, where any came."""
    if not arrived.received:
        raise not_tested("no anonymised copy came: see security.deidentification.complete")
    return judged(arrived, target)


def judged(arrived: Arrived, target: Target) -> Export:
    """PeerViolation where an object that came is damaged."""
    try:
        return export_of(arrived.studies, arrived.received, target.security.deid_options)
    except DecodeError as damage:
        raise PeerViolation("PS3.5 7.1", "copies that can be read", str(damage)) from None


def ask_for(scu: Scu, study: SyntheticStudy, title: str) -> None:
    """C-MOVE of a study to the destination; how it is answered is for other requirements to judge."""
    root = offered_model(scu, lambda model: model.move)
    move(scu, root, QueryLevel.STUDY, title, keys_for(root, QueryLevel.STUDY, study))


def is_quiet(inbox: Inbox) -> bool:
    """Whether no association is open on which more may come."""
    return all(one.ending is not Ending.OPEN for one in inbox.associations)


@safeguard(
    "PS3.15 E.1.1",
    MEDIUM,
    "Of every object that is stored one anonymised copy comes.",
    remedy="Have the product anonymise and send each object once, of every SOP class that it takes, and say"
    " so where it cannot.",
    profiles=_PROFILE,
)
def test_complete(arrived: Arrived, target: Target) -> None:
    if arrived.violation is not None:
        raise arrived.violation
    incomplete = judged(arrived, target).incomplete()
    assert not incomplete, incomplete


@safeguard(
    "PS3.15 E.1.1",
    CRITICAL,
    "No value that identifies a person is left in an anonymised copy, wherever it may stand.",
    remedy="Remove or clean what holds the value, at every depth and in private attributes; free text is to"
    " be emptied unless it is cleaned by who, or what, knows all names and numbers of the original.",
    profiles=_PROFILE,
)
def test_identity(copies: Export) -> None:
    told = copies.told(Subject.IDENTITY)
    assert not told, told


@safeguard(
    "PS3.15 E.1.1, E.3.10",
    HIGH,
    "Private attributes are gone, or known to be safe where that option is claimed.",
    remedy="Remove every private attribute with its creator, at every depth; keep those alone that table"
    " E.3.10-1 or the object itself calls safe, and claim retain-safe-private then.",
    profiles=_PROFILE,
)
def test_private(copies: Export) -> None:
    told = copies.told(Subject.PRIVATE)
    assert not told, told


@safeguard(
    "PS3.15 E.1.1, E.3.9",
    MEDIUM,
    "UIDs are replaced, the same by the same in all objects, so that references still lead to their objects.",
    remedy="Keep a table of old and new UIDs, or compute the new from the old with a secret, and use it for"
    " every UID of an object at every depth, in all studies of a patient.",
    profiles=_PROFILE,
)
def test_uids(copies: Export) -> None:
    told = "; ".join(filter(None, (copies.told(Subject.UIDS), copies.misnamed())))
    assert not told, told


@safeguard(
    "PS3.15 E.1.1, E.3.6",
    MEDIUM,
    "Dates and times are removed, or moved by one offset, or kept, as it is claimed.",
    remedy="Treat every attribute of VR DA, DT and TM as table E.1-1 says; where dates are to stay useful,"
    " move all of a patient's by one offset and claim retain-modified-dates.",
    profiles=_PROFILE,
)
def test_dates(copies: Export) -> None:
    told = copies.told(Subject.DATES)
    assert not told, told


@safeguard(
    "PS3.15 E.1.1",
    MEDIUM,
    "Every other attribute is removed, emptied, replaced or kept as table E.1-1 says, and dummies are legal.",
    remedy="Take the actions from the table of the edition that is claimed rather than a list of your own,"
    " and leave what the IOD demands in place, empty or with a legal dummy.",
    profiles=_PROFILE,
)
def test_attributes(copies: Export) -> None:
    told = copies.told(Subject.ATTRIBUTES)
    assert not told, told


@safeguard(
    "PS3.15 E.1.1, E.2",
    MEDIUM,
    "An anonymised copy says that it is one, and by which profile and options.",
    remedy="Set Patient Identity Removed (0012,0062) to YES, De-identification Method Code Sequence"
    " (0012,0064) to the codes of the profile and its options, and Longitudinal Temporal Information Modified"
    " (0028,0303).",
    profiles=_PROFILE,
)
def test_marks(copies: Export) -> None:
    told = copies.told(Subject.MARKS)
    assert not told, told


@safeguard(
    "PS3.15 E.1.1, E.3.1",
    LOW,
    "Pixels are those of the original unless their cleaning is claimed.",
    remedy="Leave pixel data as it is, or compress it without loss alone; claim clean-pixel-data where text"
    " in it is blacked out.",
    profiles=_PROFILE,
)
def test_pixels(copies: Export) -> None:
    told = copies.told(Subject.PIXELS)
    assert not told, told
