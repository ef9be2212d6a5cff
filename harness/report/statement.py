"""The observed conformance statement of a Run: what the product was seen to do, in the order of PS3.2 A."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.datadict import dictionary_VR, tag_for_keyword

from harness.behaviour import Behaviour, Initiated, KeyAnswer, Policies
from harness.capabilities import Capabilities, OfferedClass
from harness.report.wording import product_name
from harness.statement import (
    About,
    CharacterSet,
    Fact,
    How,
    Key,
    NamedSyntax,
    Query,
    Role,
    SopClass,
    Statement,
    Status,
)
from harness.verdict import Outcome, Run

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"
"""PS3.7 A.2.1: the one of DICOM; every association of the harness names it."""
_CATEGORIES = {
    "storage": "Transfer",
    "find": "Query/Retrieve",
    "move": "Query/Retrieve",
    "get": "Query/Retrieve",
    "patient-information": "Query/Retrieve",
    "hanging-protocols": "Query/Retrieve",
    "commitment": "Workflow Management",
    "worklist": "Workflow Management",
    "mpps": "Workflow Management",
    "ian": "Workflow Management",
    "ups": "Workflow Management",
    "print": "Print Management",
}
"""PS3.2 table A.1-2.  Verification is left out there, as every acceptor has it; here it has no category."""
_UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
_COMMITMENT_CLASS = "1.2.840.10008.1.20.1"
_IDLE = "association.timer.no-request"
_EVERYTHING_KEPT = ("storage.kept.elements-explicit", "storage.kept.elements-implicit")


class NothingSeen(Exception):
    """The run did not look at what the product offers; the message is one line for people."""


def statement(run: Run) -> Statement:
    """What stands in `run`, and no more.  Raises NothingSeen."""
    seen = run.capabilities
    if seen is None:
        raise NothingSeen(
            "this run did not look at what the product offers, as runs of single requirements don't; "
            "`pacs-harness statement TARGET.toml` does"
        )
    behaviour = seen.behaviour or Behaviour(remarks=("keys, statuses, character sets and policies",))
    return Statement(
        about=_about(run, seen, behaviour),
        transfer_syntaxes=tuple(
            NamedSyntax(one.uid, one.name, "all" if one.uid in _UNCOMPRESSED else "storage")
            for one in seen.transfer_syntaxes
        ),
        sop_classes=(*_accepting(seen), *_sending(seen, behaviour)),
        associations=tuple(_associations(run, seen, behaviour)),
        queries=tuple(_queries(seen, behaviour)),
        statuses=tuple(Status(one.command, one.status, one.situation) for one in behaviour.statuses),
        character_sets=tuple(
            CharacterSet(one.term, one.stored, one.returned, one.matched, one.answered_in)
            for one in behaviour.character_sets
        ),
        security=tuple(_security(run, behaviour)),
    )


def _about(run: Run, seen: Capabilities, behaviour: Behaviour) -> About:
    dimse = run.target.get("dimse")
    titles = dimse if isinstance(dimse, dict) else {}
    return About(
        product=product_name(run),
        observed=run.started,
        called_ae_title=str(titles.get("called_ae_title", "")),
        calling_ae_title=str(titles.get("calling_ae_title", "")),
        tool_version=run.tool_version,
        edition=run.edition,
        stored_objects=behaviour.stored_objects,
        not_seen=(*seen.remarks, *behaviour.remarks),
    )


# ---------------------------------------------------------------- SOP classes


def _accepting(seen: Capabilities) -> Iterator[SopClass]:
    for one in seen.classes:
        if one.result is not None:
            yield SopClass(
                uid=one.uid,
                role=Role.SCP,
                name=one.name,
                category=_CATEGORIES.get(one.service, ""),
                supported=one.accepted,
                transfer_syntaxes=one.transfer_syntaxes,
                options=one.options,
            )


def _sending(seen: Capabilities, behaviour: Behaviour) -> Iterator[SopClass]:
    """As SCU of storage for C-GET and C-MOVE, and whatever else it proposed on associations of its own."""
    yield from (_given_back(one) for one in seen.accepted("storage") if one.gives_back is not None)
    services = {one.uid: one.service for one in seen.classes}
    proposed: set[tuple[str, str]] = set()
    for opened in behaviour.initiated:
        for one in opened.classes:
            proposed.add((opened.purpose, one.uid))
            service = services.get(one.uid, "storage")
            # The result of storage commitment comes from its SCP, which is what it was as acceptor too.
            role = Role.SCP if one.as_scp or one.uid == _COMMITMENT_CLASS else Role.SCU
            yield SopClass(
                uid=one.uid,
                role=role,
                name=one.name,
                category=_CATEGORIES.get(service, ""),
                activity=opened.purpose,
                transfer_syntaxes=one.transfer_syntaxes,
            )
    for uid in behaviour.moved_classes:
        if ("C-MOVE", uid) not in proposed:
            name = next((one.name for one in seen.classes if one.uid == uid), uid)
            yield SopClass(uid, Role.SCU, name, "Transfer", "C-MOVE", supported=False)


def _given_back(one: OfferedClass) -> SopClass:
    return SopClass(one.uid, Role.SCU, one.name, "Transfer", "C-GET", supported=bool(one.gives_back))


# ---------------------------------------------------------------- associations and security


def _associations(run: Run, seen: Capabilities, behaviour: Behaviour) -> Iterator[Fact]:
    policies = behaviour.policies
    yield Fact("application-context-name", APPLICATION_CONTEXT)
    if policies.simultaneous is not None:
        capped = policies.simultaneous >= policies.simultaneous_asked
        yield Fact("simultaneous-associations", policies.simultaneous, at_least=capped)
    # Without an answer one operation at a time is agreed on (PS3.7 D.3.3.3).
    invoked, performed = seen.async_window or (1, 1)
    yield Fact("asynchronous-operations-invoked", invoked)
    yield Fact("asynchronous-operations-performed", performed)
    yield Fact("implementation-class-uid", seen.implementation_class_uid)
    yield Fact("implementation-version-name", seen.implementation_version_name)
    if seen.maximum_length is not None:
        yield Fact("maximum-length-received", seen.maximum_length)
    initiated: Initiated | None = next(iter(behaviour.initiated), None)
    if initiated is not None and initiated.maximum_length is not None:
        yield Fact("maximum-length-received-as-initiator", initiated.maximum_length)
    yield from _inferred(run, seen, behaviour)


def _inferred(run: Run, seen: Capabilities, behaviour: Behaviour) -> Iterator[Fact]:
    """What follows from times, from objects that came back, and from outcomes of requirements."""
    outcomes = {result.requirement.id: result.outcome for result in run.results}
    yield from _timer(run, behaviour.policies, outcomes.get(_IDLE))
    levels = {
        option.value
        for one in seen.accepted("storage")
        for option in one.options
        if option.name == "storage-level" and option.value <= 2
    }
    kept = behaviour.elements_kept
    if any(outcomes.get(one) in (Outcome.WARN, Outcome.FAIL) for one in _EVERYTHING_KEPT):
        kept = False
    if kept is not None:
        yield Fact("elements-kept", kept, How.INFERRED)
    if len(levels) == 1:
        yield Fact("storage-level", levels.pop())
    elif not levels and kept is not None:
        # Level 2 is that every element is kept; which of the others it has does not show (PS3.4 B.4.1).
        yield Fact("storage-level", 2 if kept else 1, How.INFERRED)


def _timer(run: Run, policies: Policies, outcome: Outcome | None) -> Iterator[Fact]:
    if policies.silent_watched_for is not None:
        yield Fact("idle-connection-closed", policies.silent_closed_after is not None, How.INFERRED)
        if policies.silent_closed_after is not None:
            yield Fact("artim-seconds", round(policies.silent_closed_after, 1), How.INFERRED)
    elif outcome in (Outcome.PASS, Outcome.WARN, Outcome.FAIL):
        closed = outcome is Outcome.PASS
        yield Fact("idle-connection-closed", closed, How.INFERRED)
        claims = run.target.get("claims")
        artim = claims.get("artim") if isinstance(claims, dict) else None
        if closed and isinstance(artim, int | float):
            yield Fact("artim-seconds", artim, How.INFERRED)


def _security(run: Run, behaviour: Behaviour) -> Iterator[Fact]:
    policies = behaviour.policies
    dimse = run.target.get("dimse")
    if isinstance(dimse, dict):
        yield Fact("tls", bool(dimse.get("tls")))
    if policies.tls_version:
        yield Fact("tls-version", policies.tls_version)
        yield Fact("tls-cipher-suite", policies.tls_cipher_suite)
    if policies.checks_called_ae_title is not None:
        yield Fact("called-ae-title-checked", policies.checks_called_ae_title)
    if policies.checks_calling_ae_title is not None:
        yield Fact("calling-ae-title-checked", policies.checks_calling_ae_title)
    if policies.user_identity:
        yield Fact("user-identity", policies.user_identity)


# ---------------------------------------------------------------- queries


def _queries(seen: Capabilities, behaviour: Behaviour) -> Iterator[Query]:
    names = {one.uid: one.name for one in seen.classes}
    keys = {(level.sop_class, level.level): tuple(map(_key, level.keys)) for level in behaviour.levels}
    answered = [(one.sop_class, one.level, one.status) for one in seen.levels if one.status is not None]
    answered += [(*place, 0) for place in keys if place not in {(uid, level) for uid, level, _ in answered}]
    for uid, level, status in answered:
        yield Query(uid, level, names.get(uid, uid), status == 0, keys.get((uid, level), ()))


def _key(answer: KeyAnswer) -> Key:
    last = answer.keyword.rpartition(".")[2]
    tag = tag_for_keyword(last)
    return Key(
        keyword=answer.keyword,
        matching=answer.matching,
        not_matching=answer.not_matching,
        returned=answer.returned,
        tag="" if tag is None else f"({tag >> 16:04X},{tag & 0xFFFF:04X})",
        vr="" if tag is None else dictionary_VR(tag),
    )
