"""What scenarios of storage commitment arrange: as whom the harness asks, how long it awaits the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.dimse.association import Association
from harness.dimse.capture import Recorder
from harness.dimse.command import CommandSet
from harness.dimse.errors import PeerViolation
from harness.dimse.pdu import AssociateRequest
from harness.plugin.arranging import let_in
from harness.plugin.outcomes import ArrangementFailed, NotTested
from harness.scu.commitment import (
    Action,
    Outcome,
    Reference,
    Result,
    commit,
    finish,
    read_result,
    request_commitment,
)
from harness.scu.destination import Destination
from harness.scu.inbox import AnswerOf, Reported, prefer_given_order
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe
from harness.scu.uids import STORAGE_COMMITMENT_PUSH

RESULT_REPORTER = "commitment.result.on-other-association"
"""The requirement under which it is reported that no result comes at all."""


def open_as(scu: Scu, title: str) -> Association:
    """An association for Storage Commitment, called by this AE title; NotAccepted without the class.

    A product sends the result to the address that it knows for the title of the request, so that has to be
    one of the registered destinations.  NotTested where the product does not let it in as a requestor.
    """
    with let_in(title):
        association = scu.open(STORAGE_COMMITMENT_PUSH, calling=title)
    try:
        association.context_for(STORAGE_COMMITMENT_PUSH)
    except BaseException:
        association.abort()
        raise
    return association


@dataclass(frozen=True, slots=True)
class Committed:
    """A request that was processed, and its first result."""

    transaction_uid: str
    outcome: Outcome
    result: Result


@dataclass(frozen=True, slots=True)
class Committer:
    """Requests commitment and awaits its result."""

    scu: Scu
    destination: Destination
    recorder: Recorder
    new_uid: Callable[[], str]
    within: float
    """Seconds that are granted for a result; DICOM sets no limit."""
    owed: set[str] = field(default_factory=set)
    """Transaction UIDs ("" for none) of requests that were taken, whose result has not come: see `owing`."""

    def request(self, action: Action) -> CommandSet:
        """One N-ACTION whose result nobody waits for: its response."""
        association = open_as(self.scu, self.destination.ae_title)
        try:
            response, early = request_commitment(association, action)
            finish(association)
        finally:
            association.abort()
        if response.integer("Status") == SUCCESS and not early:
            self.owed.add(str(action.information.get("TransactionUID", "")))
        return response

    def owing(self, seconds: float = 0.0) -> int:
        """How many results may still come; waits for up to so many seconds until none may."""

        def all_came(reports: Sequence[Reported]) -> bool:
            self.owed.difference_update(map(_transaction_uid, reports))
            return not self.owed

        self.destination.wait_for_reports(all_came, seconds)
        return len(self.owed)

    def attempt(
        self,
        references: Sequence[Reference],
        *,
        release: bool = True,
        answer: AnswerOf = prefer_given_order,
        watch: Callable[[float], float] = lambda seconds: 0.0,
    ) -> tuple[str, Outcome, tuple[AssociateRequest, ...]]:
        """One request, with or without a result: its Transaction UID, what came, associations opened for it.

        Raises NotTested where the product refuses the request, which is its right (PS3.4 J.3.2.1.3), where
        the result was lost because it came on the request's association during the release (J.3.3.1.2), or
        where it may still come on an association that the product has opened for it.
        """
        transaction_uid = self.new_uid()
        association = open_as(self.scu, self.destination.ae_title)
        try:
            with self.destination.inbox(self.recorder, answer=answer) as inbox:
                outcome = commit(
                    association,
                    inbox,
                    transaction_uid,
                    references,
                    within=self.within,
                    release=release,
                    watch=watch,
                )
                requests = tuple(
                    request
                    for request in inbox.requests
                    if any(one.abstract_syntax == STORAGE_COMMITMENT_PUSH for one in request.contexts)
                )
        finally:
            association.abort()
        if outcome.response.integer("Status") != SUCCESS:
            raise NotTested(f"the product refuses to process the request: {describe(outcome.response)}")
        if not outcome.results:
            self.owed.add(transaction_uid)
        if outcome.overtaken and not outcome.results:
            raise NotTested("the result came on the request's association while that was being released")
        if outcome.is_pending and not outcome.results:
            raise NotTested(
                f"the product opened an association for the result, {self.within:g} s were too few"
            )
        return transaction_uid, outcome, requests

    def __call__(
        self,
        references: Sequence[Reference],
        *,
        release: bool = False,
        answer: AnswerOf = prefer_given_order,
        watch: Callable[[float], float] = lambda seconds: 0.0,
    ) -> Committed:
        """`attempt`, where a result has to come: ArrangementFailed without one."""
        transaction_uid, outcome, _ = self.attempt(references, release=release, answer=answer, watch=watch)
        if not outcome.results:
            raise ArrangementFailed(RESULT_REPORTER, f"no result within {self.within:g} s")
        return Committed(transaction_uid, outcome, outcome.results[0])

    def elsewhere(
        self, references: Sequence[Reference], *, answer: AnswerOf = prefer_given_order
    ) -> tuple[tuple[AssociateRequest, ...], Outcome]:
        """The associations that the product opens for a result, whether or not that arrives, and what does.

        The request's own is released at once.  ArrangementFailed where the product opens none.
        """
        _, outcome, requests = self.attempt(references, answer=answer)
        if not requests:
            raise ArrangementFailed(
                RESULT_REPORTER, f"no association for the result within {self.within:g} s"
            )
        return requests, outcome


def _transaction_uid(report: Reported) -> str | None:
    """None for a report that can't be read, on which the requirements about results have their say."""
    try:
        return read_result(report).transaction_uid
    except PeerViolation:
        return None
