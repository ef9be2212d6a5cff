"""Whether a product still does its work after each case: C-ECHO, a query, a known object's bytes."""

from __future__ import annotations

from harness.dimse.errors import DimseError, NoAnswer, Unreachable
from harness.findings import Symptom
from harness.fuzz.cases import DataSetCase
from harness.fuzz.lines import Lines
from harness.fuzz.product import ProductLost
from harness.fuzz.trouble import Trouble
from harness.scu.status import describe, was_done
from harness.scu.uids import CT_IMAGE_STORAGE, UNCOMPRESSED
from harness.synthesis import Identity, new_study
from harness.synthesis.model import SyntheticInstance

RENEWED_AFTER = 100
"""Looks after which a new object is planted: some archives are made to delete what is oldest, as dcmqrscp is
beyond 500 studies, and that is no harm done by a case."""


class Sentinel:
    """A known object in the product, and what was seen of it when all was well."""

    def __init__(self, lines: Lines, identity: Identity) -> None:
        """Stores it.  Raises ProductLost where that does not go: nothing could be judged."""
        self._lines = lines
        self._identity = identity
        self._looks = 0
        self.plant()

    def plant(self) -> None:
        """Store a known object, a new one.  Raises ProductLost."""
        self._looks = 0
        syntaxes = self._lines.sendable.syntaxes_of(CT_IMAGE_STORAGE)
        syntax = next((one for one in UNCOMPRESSED if one in syntaxes), "")
        if not syntax:
            raise ProductLost("the product takes no CT images without compression, so that nothing is known")
        instance = new_study(self._identity, instances=1, transfer_syntax=syntax).instance(0)
        self._case = case_of(instance)
        try:
            response = self._lines.store(self._case)
            status = response.integer("Status")
            if not was_done(status):
                raise ProductLost(f"the product does not store an ordinary object: {describe(response)}")
            if self._lines.can_find and not self._lines.is_found(self._case):
                raise ProductLost("the product does not find an ordinary object that it acknowledged")
            self._known = self._bytes()
        except DimseError as error:
            raise ProductLost(f"the product does not serve an ordinary object: {error}") from None

    def looked_at(self) -> Trouble | None:
        """What is wrong with the product now, apart from the case put to it; None where all is well."""
        within = self._lines.product.target.dimse.deadline
        if not self._lines.product.answers(within):
            try:
                self._lines.product.scu.connect().close()
            except Unreachable as error:
                return Trouble(Symptom.DIED, "PS3.4 A.4", "C-ECHO is answered afterwards", str(error))
            return Trouble(
                Symptom.HUNG, "PS3.4 A.4", "C-ECHO is answered afterwards", f"no answer within {within:g} s"
            )
        try:
            if self._lines.can_find and self._case.study_uid not in self._lines.found(self._case):
                return self._harmed("its study is no longer among the matches for its UID", "not found")
            if self._bytes() != self._known:
                return self._harmed("it comes back with other bytes than before", "other bytes")
        except NoAnswer as error:
            return Trouble(
                Symptom.HUNG, "PS3.4 C.4", "queries are answered afterwards", str(error), "queries"
            )
        except DimseError as error:
            return self._harmed(str(error), "not served")
        self._looks += 1
        return self._renewed() if self._looks >= RENEWED_AFTER else None

    def _renewed(self) -> Trouble | None:
        try:
            self.plant()
        except ProductLost as lost:
            return Trouble(
                Symptom.HARMED, "PS3.4 B.2.3", "an ordinary object is served", str(lost), "none is stored"
            )
        return None

    def _harmed(self, observed: str, detail: str) -> Trouble:
        expected = "an object stored before is there afterwards, unchanged"
        return Trouble(Symptom.HARMED, "PS3.4 B.2.2", expected, observed, detail)

    def _bytes(self) -> tuple[bytes, ...]:
        if not self._lines.can_bring:
            return ()
        return tuple(one.dataset for one in self._lines.brought(self._case))


def case_of(instance: SyntheticInstance) -> DataSetCase:
    """A synthetic instance as a case."""
    return DataSetCase(
        instance.sop_class,
        instance.sop_instance_uid,
        instance.text("StudyInstanceUID"),
        instance.text("SeriesInstanceUID"),
        instance.text("PatientID"),
        instance.transfer_syntax,
        instance.dataset,
    )
