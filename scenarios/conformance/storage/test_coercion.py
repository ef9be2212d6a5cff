"""What a product changes of an object when it stores it (PS3.4 B.4.1.3)."""

from __future__ import annotations

from pydicom import DataElement, Dataset
from pydicom import Sequence as Items

from harness.dimse.difference import HARMLESS, DifferenceKind, difference
from harness.dimse.walker import shown_tag
from harness.plugin.fixtures import Corpus, await_visible
from harness.plugin.keeping import COERCIBLE, Bring
from harness.plugin.outcomes import ArrangementFailed
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.retrieved import named_in
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe
from harness.scu.store import store_all
from harness.synthesis import SyntheticInstance, assemble, variant
from harness.target import Target

REPORTED_BY = "storage.acknowledge.study-is-found"
CODE_SEQUENCE = 0x00081032
JUDGED = tuple(shown_tag(tag) for tag in (*COERCIBLE, CODE_SEQUENCE))
SILENT = HARMLESS | {DifferenceKind.PADDING, DifferenceKind.VR, DifferenceKind.ORDER}


def code() -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "T-D3000", "SRT", "Chest"
    return item


def coercible(corpus: Corpus) -> SyntheticInstance:
    """A CT image with everything that may be coerced: identifiers, and a retired code."""
    other = Dataset()
    other.PatientID, other.TypeOfPatientID = "PHTEST-OTHER", "TEXT"
    return variant(
        corpus.identity,
        corpus.new_study().instance(0),
        elements=(
            DataElement(CODE_SEQUENCE, "SQ", Items([code()])),
            DataElement(0x00101002, "SQ", Items([other])),
        ),
        IssuerOfPatientID="PHTEST ISSUER",
    )


@requirement("PS3.4 B.4.1.3", SHALL, "Identifiers and codes are changed under a warning status alone.")
def test_is_announced(scu: Scu, corpus: Corpus, target: Target, retrieved: Bring) -> None:
    instance = coercible(corpus)
    (response,) = store_all(scu, [instance])
    if response.integer("Status") != SUCCESS:
        raise not_tested(f"the object was answered {describe(response)}: changes are announced")
    if not await_visible(scu, assemble([instance])[0], target.dimse.visible_within):
        raise ArrangementFailed(REPORTED_BY, "the object was not found")
    for received in retrieved([instance]):
        found = difference(
            instance.dataset, instance.transfer_syntax, received.dataset, received.transfer_syntax
        )
        # What is gone may not have been stored at all, which levels 0 and 1 allow; see storage.kept.
        changed = [
            entry
            for entry in found
            if entry.path.startswith(JUDGED)
            and entry.kind not in SILENT
            and entry.kind is not DifferenceKind.MISSING
        ]
        assert not changed, f"the object was answered Success, and this is changed: {changed[0]}"


@requirement("PS3.4 B.4.1.3", QUALITY, "The SOP Instance UID, which may not be coerced, is kept.")
def test_sop_instance_uid_kept(corpus: Corpus, store_study: object, retrieved: Bring) -> None:
    study = corpus.new_study(instances=2)
    assert callable(store_study)
    store_study(study)
    for received in retrieved(study.instances):
        _, uid = named_in(received)
        sent = {instance.sop_instance_uid for instance in study.instances}
        assert uid in sent and uid == received.sop_instance_uid, (
            f"an object comes back as {uid or 'no SOP Instance UID'}, under the command {received.sop_instance_uid}"
        )
