"""The product's audit trail, received during the whole run: ``[security] audit``.

``audit_trail``   what has arrived; ends as NOT_TESTED where the target file does not say where messages go
``audit_sample``  the same after events of most kinds were provoked: what is judged by all messages there are

An address belongs to one process: of several workers the one with the destinations receives
(`harness.plugin.scheduling`).  It begins before the first scenario, and only where one of them asks for it.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Generator
from dataclasses import dataclass

import pytest

from harness.dimse.errors import DimseError
from harness.plugin.context import RunContext
from harness.plugin.outcomes import NotTested
from harness.plugin.recorder import RecorderPlugin
from harness.plugin.studies import send_study
from harness.scu.find import find
from harness.scu.refusing import called_as
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.security.audit.attributing import asked, brought, refused
from harness.security.audit.trail import Arrival, Trail, Way
from harness.synthesis import Identity, SyntheticStudy, new_study
from harness.target import Target, is_loopback

SHORTEST_PROOF = 8
"""Characters of a passcode that is looked for in messages: a shorter one may stand there by chance."""
NOBODY_SAYS = "the target file does not say where the product sends audit messages ([security] audit)"
FIXTURES = frozenset({"audit_trail", "audit_sample"})


@dataclass(frozen=True, slots=True)
class Sample:
    """What was provoked, and the trail in which it is to be found."""

    trail: Trail
    studies: tuple[SyntheticStudy, ...]
    """Stored on one association, each of a patient of its own."""
    patient_name: str
    """Of the first: not of ASCII alone, and of nobody else."""
    remark: str
    """What its objects say of the patient beside."""
    secret: str
    """What was sent as a passcode that is none."""
    passcodes: tuple[str, ...]
    """What the product is told to prove who the harness is; empty where that is nothing."""

    def messages(self) -> tuple[Arrival, ...]:
        """All audit messages of the run.  NotTested where there is none."""
        if not (seen := self.trail.seen()):
            raise NotTested(self.trail.nothing)
        return seen


def stranger() -> str:
    """An AE title, or a user's name, that nobody has had before."""
    return f"PHX{secrets.token_hex(4).upper()}"


class AuditPlugin:
    """Receives while the session runs."""

    def __init__(self, context: RunContext, recorder: RecorderPlugin) -> None:
        self._context = context
        self._recorder = recorder
        self._stack = contextlib.ExitStack()
        self._trail: Trail | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        wanted = any(FIXTURES & set(getattr(item, "fixturenames", ())) for item in session.items)
        with self._stack:
            if wanted and not session.config.option.collectonly and self._context.worker in (None, 0):
                with contextlib.suppress(NotTested):  # told by the fixture
                    self._begin()
            try:
                return (yield)
            finally:
                self._remark()

    def _remark(self) -> None:
        """What goes over a network in clear has to be said, though PS3.15 A.7 has it so."""
        seen = self._trail.seen() if self._trail else ()
        senders = {one.sender for one in seen if one.way is Way.UDP and not is_loopback(one.sender)}
        if senders:
            self._recorder.remarks["audit trail"] = (
                f"messages came in clear, by UDP from {', '.join(sorted(senders))}: who was treated, and what"
                " was asked for, can be read on the way; PS3.15 A.6 has TLS"
            )

    def _begin(self) -> Trail:
        """The trail, received from now on at the latest.  Raises NotTested."""
        security = self._context.target.security
        if not security.audit:
            raise NotTested(NOBODY_SAYS)
        if self._trail is None:
            from harness.security.audit.receiver import receiving

            try:
                self._trail = self._stack.enter_context(receiving(security))
            except OSError as error:
                raise NotTested(f"{security.audit} cannot be received: {error.strerror or error}") from None
        return self._trail

    @pytest.fixture(scope="session")
    def audit_trail(self) -> Trail:
        """What has arrived of the product's audit trail."""
        return self._begin()

    @pytest.fixture(scope="session")
    def audit_sample(self, audit_trail: Trail, session_scu: Scu) -> Sample:
        """Objects stored, a query, a caller and a user refused; their messages have come, or are late."""
        identity = Identity(self._context.run_root, "audit")
        name = f"PHTEST^Ährenkind-{secrets.token_hex(3)}"
        remark, secret = f"PHTEST remark {secrets.token_hex(6)}", f"PH-no-{secrets.token_urlsafe(12)}"
        studies = (
            new_study(
                identity,
                "CT",
                1,
                2,
                PatientName=name,
                SpecificCharacterSet="ISO_IR 192",
                PatientComments=remark,
            ),
            new_study(identity, "CT", 1, 1),
        )
        since = audit_trail.mark()
        send_study(session_scu, tuple(one for study in studies for one in study.instances))
        waits = [brought(study.study_uid) for study in studies]
        for refusal in (
            called_as(session_scu, stranger()),
            called_as(session_scu, user=(stranger(), secret)),
        ):
            if refusal is not None:
                waits.append(refused(refusal.name, address=refusal.address))
        with contextlib.suppress(DimseError):  # whether there is a query is for others to say
            find(session_scu, Root.STUDY, QueryLevel.STUDY, PatientName=name, PatientID=studies[0].patient_id)
            waits.append(asked(studies[0].patient_id))
        end = time.monotonic() + audit_trail.within
        for question in waits:
            # What does not come is told by the requirement about it.
            audit_trail.find(question, since, max(end - time.monotonic(), 0))
        return Sample(audit_trail, studies, name, remark, secret, _proofs(self._context.target))


def _proofs(target: Target) -> tuple[str, ...]:
    """What proves who the harness is, where it is long enough, and no word that stands in messages anyway."""
    identity = target.dimse.user_identity
    if identity is None:
        return ()
    named = (target.dimse.host, target.dimse.called_ae_title, target.dimse.calling_ae_title, target.name)
    is_name = identity.type.startswith("username")
    proof, words = (identity.secondary, (*named, identity.primary)) if is_name else (identity.primary, named)
    is_common = any(proof.casefold() in word.casefold() for word in words)
    return () if len(proof) < SHORTEST_PROOF or is_common else (proof,)
