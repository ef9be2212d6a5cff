"""Weaknesses of how users prove who they are, seeded into the hardened archive."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

from harness.archive.config import ArchiveConfig
from harness.archive.negotiation import Identity, IdentityAnswer, Rejection
from harness.archive.semantics import Semantics
from tests.mutants.seed import mutant


class Believing(Semantics):
    """Believes identities of one type without proof, where it reads a user's name in them."""

    kind = 0

    def name_in(self, primary: bytes) -> str:
        return primary.decode("utf-8", "replace")

    def identify(self, identity: Identity | None) -> IdentityAnswer:
        if identity is not None and identity.kind == self.kind:
            known = self.name_in(identity.primary) in dict(self.config.passcodes)
            return IdentityAnswer(known, b"" if known and identity.wants_response else None)
        return super().identify(identity)


@mutant(
    clause="CWE-306",
    defect="ignores user identities, though users are configured",
    caught_by=("security.identity.missing", "security.identity.wrong-name", "security.identity.confirmed"),
    hardened=True,
)
class IgnoresUsers(Semantics):
    def __init__(self, config: ArchiveConfig) -> None:
        super().__init__(replace(config, passcodes=()))


@mutant(
    clause="PS3.15 B.5",
    defect="accepts any passcode of a known user",
    caught_by=("security.identity.wrong-passcode",),
    hardened=True,
)
class AcceptsAnyPasscode(Semantics):
    def is_user(self, name: bytes, passcode: bytes) -> bool:
        return name.decode() in dict(self.config.passcodes)


@mutant(
    clause="PS3.15 B.5",
    defect="accepts an empty passcode of a known user",
    caught_by=("security.identity.wrong-passcode",),
    hardened=True,
)
class AcceptsEmptyPasscode(Semantics):
    def is_user(self, name: bytes, passcode: bytes) -> bool:
        return super().is_user(name, passcode) or not passcode


@mutant(
    clause="PS3.15 B.5",
    defect="looks for the passcode among those of all users, whatever the name",
    caught_by=("security.identity.wrong-name",),
    hardened=True,
)
class AcceptsAnyName(Semantics):
    def is_user(self, name: bytes, passcode: bytes) -> bool:
        return passcode.decode("utf-8", "replace") in dict(self.config.passcodes).values()


@mutant(
    clause="CWE-178",
    defect="compares passcodes without their case",
    caught_by=("security.identity.passcode-case",),
    hardened=True,
)
class IgnoresCaseOfPasscodes(Semantics):
    def is_user(self, name: bytes, passcode: bytes) -> bool:
        expected = dict(self.config.passcodes).get(name.decode())
        return expected is not None and passcode.lower() == expected.lower().encode()


@mutant(
    clause="CWE-187",
    defect="compares the first eight characters of a passcode",
    caught_by=("security.identity.passcode-part",),
    hardened=True,
)
class CutsPasscodes(Semantics):
    def is_user(self, name: bytes, passcode: bytes) -> bool:
        expected = dict(self.config.passcodes).get(name.decode())
        return expected is not None and passcode[:8] == expected[:8].encode()


@mutant(
    clause="CWE-287",
    defect="lets a user's name in without a passcode",
    caught_by=("security.identity.name-alone",),
    hardened=True,
)
class BelievesNames(Believing):
    kind = 1


@mutant(
    clause="PS3.15 B.6",
    defect="lets anybody in who has something like a Kerberos ticket",
    caught_by=("security.identity.kerberos-ticket",),
    hardened=True,
)
class BelievesTickets(Semantics):
    def identify(self, identity: Identity | None) -> IdentityAnswer:
        if identity is not None and identity.kind == 3:
            return IdentityAnswer(True)
        return super().identify(identity)


@mutant(
    clause="PS3.15 B.7",
    defect="takes the name out of a SAML assertion and looks at no signature",
    caught_by=("security.identity.saml-assertion",),
    hardened=True,
)
class BelievesAssertions(Believing):
    kind = 4

    def name_in(self, primary: bytes) -> str:
        found = re.search(rb"<saml:NameID>([^<]*)<", primary)
        return found[1].decode() if found else ""


@mutant(
    clause="RFC 8725 3.1",
    defect="takes the subject of a JSON Web Token for the user and looks at no signature",
    caught_by=("security.identity.web-token",),
    hardened=True,
)
class BelievesTokens(Believing):
    kind = 5

    def name_in(self, primary: bytes) -> str:
        parts = primary.split(b".")
        try:
            return str(json.loads(base64.urlsafe_b64decode(parts[1] + b"=="))["sub"])
        except (IndexError, ValueError):
            return ""


@mutant(
    clause="PS3.15 B.5",
    defect="sends no user identity response, though one was asked for",
    caught_by=("security.identity.confirmed",),
    hardened=True,
)
class ConfirmsNobody(Semantics):
    def identify(self, identity: Identity | None) -> IdentityAnswer:
        return replace(super().identify(identity), response=None)


@mutant(
    clause="PS3.7 D.3.3.7",
    defect="sends a user identity response that nobody asked for",
    caught_by=("security.identity.unasked",),
    hardened=True,
)
class ConfirmsUnasked(Semantics):
    def identify(self, identity: Identity | None) -> IdentityAnswer:
        answer = super().identify(identity)
        return replace(answer, response=b"") if answer.accepted else answer


@mutant(
    clause="CWE-204",
    defect="rejects an unknown user for another reason than a wrong passcode",
    caught_by=("security.identity.refused-alike",),
    hardened=True,
)
class TellsWhoExists(Semantics):
    def identify(self, identity: Identity | None) -> IdentityAnswer:
        answer = super().identify(identity)
        if identity is not None and identity.primary.decode() not in dict(self.config.passcodes):
            return replace(answer, rejection=Rejection(1, 1, 1))
        return answer


@mutant(
    clause="CWE-307",
    defect="refuses the thousandth wrong passcode as quickly as the first",
    caught_by=("security.identity.guessing",),
    hardened=True,
)
class NeverTires(Semantics):
    def refuses_after(self, wrong: int) -> float:
        return 0.0
