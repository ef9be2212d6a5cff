"""Defects of C-ECHO (PS3.4 A, PS3.7 9.1.5)."""

from __future__ import annotations

from tests.mutants.association import IMPLICIT, Negotiating, answered
from tests.mutants.dimse import ECHO_RSP, FIELD, FIND_RSP, STATUS, Elements, Pdvs, replaced
from tests.mutants.seed import mutant
from tests.mutants.wire import P_DATA, us, value_of

JPEG_BASELINE = b"1.2.840.10008.1.2.4.50"
VERIFICATION = b"1.2.840.10008.1.1"


@mutant(
    clause="PS3.7 9.3.5.2",
    defect="C-ECHO is answered with a status of failure",
    caught_by=("verification.echo.success",),
    wire=True,
)
class EchoFails(Pdvs):
    def command(self, elements: Elements) -> Elements:
        return replaced(elements, STATUS, us(0x0110)) if value_of(elements, FIELD) == ECHO_RSP else elements


@mutant(
    clause="PS3.4 A.5",
    defect="Verification is accepted beside storage classes only",
    caught_by=("verification.echo.offered-is-accepted",),
    wire=True,
)
class VerificationBesideStorage(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        alone = all(abstract == VERIFICATION for abstract, _ in self.proposed().values())
        return answered(id_, 3, IMPLICIT) if alone else value


@mutant(
    clause="PS3.4 A.5",
    defect="Verification is accepted in JPEG Baseline, and then not served",
    caught_by=("verification.echo.every-transfer-syntax",),
    wire=True,
)
class EchoInJpeg(Negotiating):
    def context(self, id_: int, result: int, value: bytes) -> bytes | None:
        return answered(id_, 0, JPEG_BASELINE) if self.proposed()[id_][1] == [JPEG_BASELINE] else value

    def from_client(self, pdu: bytes) -> bytes:
        if pdu[0] == P_DATA and self.proposed().get(pdu[10], (b"", []))[1] == [JPEG_BASELINE]:
            return self.abort()
        return super().from_client(pdu)


@mutant(
    clause="PS3.7 9.1.5.2",
    defect="the 257th C-ECHO of an association fails",
    caught_by=("verification.echo.repeated",),
    wire=True,
)
class EchoCounted(Pdvs):
    count = 0

    def command(self, elements: Elements) -> Elements:
        self.count += value_of(elements, FIELD) == ECHO_RSP
        return replaced(elements, STATUS, us(0x0110)) if self.count > 256 else elements


@mutant(
    clause="PS3.7 9.1.5.2",
    defect="after a C-ECHO the association cannot query",
    caught_by=("verification.echo.beside-other-services",),
    wire=True,
)
class EchoForgets(Pdvs):
    echoed = False

    def command(self, elements: Elements) -> Elements:
        self.echoed = self.echoed or value_of(elements, FIELD) == ECHO_RSP
        spoilt = self.echoed and value_of(elements, FIELD) == FIND_RSP
        return replaced(elements, STATUS, us(0xC001)) if spoilt else elements
