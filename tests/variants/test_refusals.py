"""Whatever way a stranger is refused in, no safeguard is missed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from harness.archive.attributes import AttributeSet
from harness.archive.identifiers import Query
from harness.archive.messages import C_GET_RQ, Message
from harness.archive.negotiation import Caller, ContextAnswer, Role
from harness.archive.semantics import Semantics
from harness.archive.sopclasses import Service, service_of
from harness.archive.status import NOT_AUTHORIZED, OUT_OF_RESOURCES
from harness.verdict import Outcome
from tests.mutants.kill import archive_with, examine
from tests.mutants.security_access import Open
from tests.mutants.wire import ABORT, ASSOCIATE_RJ, pdu_of


class ByService(Open):
    """Echoes for everybody; a stranger finds nothing, is offered no contexts for some services, is told
    "not authorized" (PS3.7 C.5.25) by others, and "out of resources" by one."""

    def permits(self, caller: Caller, service: Service) -> bool:
        return self.is_registered(caller) or service in (Service.VERIFICATION, Service.FIND)

    def match_entity(self, query: Query, attributes: AttributeSet) -> bool:
        return not self.is_strange and super().match_entity(query, attributes)

    def answer_context(
        self, abstract_syntax: str, syntaxes: Sequence[str], role: Role | None
    ) -> ContextAnswer:
        service = service_of(abstract_syntax, self.config.unknown_classes)
        if self.is_strange and role is None and service in (Service.STORAGE, Service.COMMITMENT):
            return ContextAnswer(1, syntaxes[0])
        return super().answer_context(abstract_syntax, syntaxes, role)

    def response_command(self, request: Message, command: Dataset) -> Dataset:
        if request.field == C_GET_RQ and command.Status == NOT_AUTHORIZED:
            command.Status = OUT_OF_RESOURCES
        return command


class ByAbort(Semantics):
    """Answers strangers with A-ABORT (PS3.8 9.2.3)."""

    def outgoing_pdu(self, pdu: bytes) -> bytes:
        return pdu_of(ABORT, bytes(4)) if pdu[0] == ASSOCIATE_RJ else pdu


@pytest.mark.parametrize(
    ("kind", "told"), [(ByService, {"security.access.unknown-calling-title"}), (ByAbort, set())]
)
def test_every_way_counts(kind: type[Semantics], told: set[str], tmp_path: Path) -> None:
    ids = ("security.access.unknown-calling-title", "security.permission")
    with archive_with(f"{__name__}:{kind.__name__}", tmp_path) as target:
        results = examine(target, ids, tmp_path)
    assert len(results) == 9
    others = {id_: result.reason for id_, result in results.items() if result.outcome is not Outcome.PASS}
    assert others.keys() == told, others
