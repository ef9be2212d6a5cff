"""What the product tells those who only ask: its version, services and title; and what its files begin as."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.dimse.pdu import AssociateAccept, AssociateReject
from harness.scenario import LOW, MEDIUM, not_supported, not_tested, reply_to, safeguard
from harness.scu.catalogue import OTHER_SERVICES, name_of, storage_classes
from harness.scu.session import MAXIMUM_CONTEXTS, Scu
from harness.scu.uids import VERIFICATION
from harness.security.callers import STRANGER
from harness.security.inflating import dataset_of
from harness.security.places import UNNAMED, listed
from harness.security.versions import date_of_table, known
from harness.synthesis import SyntheticStudy
from harness.target import Target

NO_PRODUCT = "PHNOSUCHAE"
"""A called AE title that no product has."""
HEAD = 256
PROGRAMS = {
    b"MZ": "Windows program",
    b"\x7fELF": "Linux program",
    b"#!": "script",
    b"\xcf\xfa\xed\xfe": "macOS program",
    b"\xca\xfe\xba\xbe": "macOS program or Java class",
    b"PK\x03\x04": "ZIP archive",
    b"<?php": "PHP page",
    b"%PDF": "PDF document",
}
"""What a preamble may begin with so that the file is run or opened as something else (CVE-2019-11687)."""


@safeguard(
    "CWE-1395, PS3.7 D.3.3.2",
    MEDIUM,
    "The implementation that the product announces is in no public list of affected versions.",
    remedy="Ask the vendor whether what is listed is mended in this product, and update it; until then keep"
    " strangers out of the network that it is in.",
)
def test_version_not_listed(scu: Scu) -> None:
    with scu.open(VERIFICATION) as association:
        announced = association.accepted.user.implementation_version_name or ""
    seen = known(announced)
    if seen is None:
        return
    entries = [f"{', '.join(one.ids)} ({one.what}; {one.published})" for one in seen.affected]
    assert not entries, (
        f"it announces {announced.strip()!r}, which is {seen.product} {seen.version}: this version is listed"
        f" as affected by {'; '.join(entries)}, as known on {date_of_table()}. Whether the product uses"
        " what is concerned, and whether its maker or a distribution has mended it without a new version, an"
        " announcement does not tell"
    )


@safeguard(
    "CWE-200",
    LOW,
    "A stranger is not told which SOP classes the product serves.",
    remedy="Have the product reject callers that it does not know, before it answers presentation contexts.",
)
def test_stranger_learns_no_services(scu: Scu) -> None:
    stranger = replace(scu, peer=replace(scu.peer, user_identity=None))
    classes = [uid for uid, _ in OTHER_SERVICES] + list(storage_classes())
    request = stranger.request(VERIFICATION, *classes[: MAXIMUM_CONTEXTS - 1], calling=STRANGER)
    with stranger.connect() as association:
        answer = reply_to(association, request)
        if not isinstance(answer, AssociateAccept):
            return
    proposed = {context.id: context.abstract_syntax for context in request.contexts}
    told = {proposed[one.id] for one in answer.contexts if one.accepted and one.id in proposed}
    told.discard(VERIFICATION)
    some = ", ".join(name_of(uid) for uid in sorted(told)[:3])
    assert not told, f"{STRANGER}, whom nobody registered, is told of {len(told)} SOP classes ({some} …)"


@safeguard(
    "CWE-204, PS3.8 9.3.4",
    LOW,
    "A stranger cannot find out the product's AE title by the reasons of rejections.",
    remedy="Have the product look at the calling AE title first, or reject both without giving a reason.",
)
def test_title_not_to_be_guessed(scu: Scu) -> None:
    answers = []
    for called in (scu.peer.called_ae_title, NO_PRODUCT):
        with scu.connect() as association:
            answers.append(reply_to(association, scu.request(VERIFICATION, calling=STRANGER, called=called)))
    right, wrong = answers
    if not isinstance(right, AssociateReject):
        raise not_supported(
            "calling AE titles are not checked, so a stranger needs no guess: see security.access"
        )
    if not isinstance(wrong, AssociateReject):
        raise not_supported("called AE titles are not checked: any of them does")
    assert (right.result, right.source, right.reason) == (wrong.result, wrong.source, wrong.reason), (
        f"{STRANGER}, whom nobody registered, is told {right.words()} for the right called AE title,"
        f" and {wrong.words()} for a wrong one"
    )


@safeguard(
    "CWE-434",
    LOW,
    "No stored file begins as a program does.",
    remedy="Have the product write preambles of its own (128 null bytes), whatever an imported file brings.",
)
def test_preambles_harmless(stored_study: SyntheticStudy, target: Target) -> None:
    # C-STORE carries no preamble, so what a product writes there is its own; and from files it may come.
    if not target.security.data:
        raise not_tested(UNNAMED)
    heads = [(path, head) for path in listed(target.security.data).files if (head := head_of(path))]
    if not heads:
        raise not_tested("no DICOM file is found ([security] data)")
    for path, head in heads:
        kind = next((words for magic, words in PROGRAMS.items() if head.startswith(magic)), None)
        assert kind is None, f"{path} begins as a {kind} does"


def head_of(path: Path) -> bytes:
    """The preamble of a DICOM file; empty where it is none."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return b""
    return head[:128] if dataset_of(head) is not None else b""
