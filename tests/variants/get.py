"""Legal peculiarities of C-GET."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.archive import encoding
from harness.archive.negotiation import Role
from harness.archive.semantics import Semantics
from tests.variants.seed import variant

if TYPE_CHECKING:
    from harness.archive.sopclasses import Service

MR = "1.2.840.10008.5.1.4.1.1.4"


@variant(
    clause="PS3.4 C.5.3", peculiarity="MR images are not among the classes that a get brings", alone=True
)
class NoMr(Semantics):
    def answer_role(self, abstract_syntax: str, offered: Role | None) -> Role | None:
        role = super().answer_role(abstract_syntax, offered)
        return Role(role.scu, False) if role is not None and abstract_syntax == MR else role


@variant(
    clause="PS3.7 D.3.3.4",
    peculiarity="a role that is refused is not answered at all; of two, SCP alone",
    alone=True,
)
class RefusedInSilence(Semantics):
    def answer_role(self, abstract_syntax: str, offered: Role | None) -> Role | None:
        role = super().answer_role(abstract_syntax, offered)
        if role is None or not role.scp:
            return None
        return Role(False, True)


@variant(
    clause="PS3.8 9.3.3.2", peculiarity="a class that a get brings is accepted in Implicit VR Little Endian"
)
class DefaultSyntaxPreferred(Semantics):
    def choose_transfer_syntax(
        self, service: Service, syntaxes: Sequence[str], role: Role | None
    ) -> str | None:
        if encoding.IMPLICIT_LITTLE in syntaxes:
            return encoding.IMPLICIT_LITTLE
        return super().choose_transfer_syntax(service, syntaxes, role)
