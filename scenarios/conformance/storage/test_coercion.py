"""What a product changes of an object when it stores it (PS3.4 B.4.1.3)."""

from __future__ import annotations

from pydicom import DataElement, Dataset
from pydicom import Sequence as Items

from harness.dimse.difference import HARMLESS, DifferenceKind, difference
from harness.dimse.walker import shown_tag
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring, Keeper
from harness.scenario import QUALITY, SHALL, not_tested, requirement
from harness.scu.kept import COERCIBLE
from harness.scu.retrieved import named_in
from harness.scu.status import SUCCESS, describe
from harness.synthesis import SyntheticInstance, variant

CODE_SEQUENCE = 0x00081032
JUDGED = tuple(shown_tag(tag) for tag in (*COERCIBLE, CODE_SEQUENCE))
SILENT = HARMLESS | {
    DifferenceKind.PADDING,
    DifferenceKind.VR,
    DifferenceKind.ORDER,
    # What is gone may not have been stored at all, which levels 0 and 1 allow; see storage.kept.
    DifferenceKind.MISSING,
}


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
def test_is_announced(keeper: Keeper) -> None:
    instance = coercible(keeper.corpus)
    kept = keeper.keep(instance)
    if not kept.is_stored:
        raise not_tested(f"the object was answered {describe(kept.response)}")
    if kept.response.integer("Status") != SUCCESS:
        return
    assert kept.is_found, "the object was answered Success, and is not found by its UIDs"
    for received in kept.received:
        found = difference(
            instance.dataset, instance.transfer_syntax, received.dataset, received.transfer_syntax
        )
        changed = [entry for entry in found if entry.path.startswith(JUDGED) and entry.kind not in SILENT]
        assert not changed, f"the object was answered Success, and this is changed: {changed[0]}"


@requirement("PS3.4 B.4.1.3", QUALITY, "The SOP Instance UID, which may not be coerced, is kept.")
def test_sop_instance_uid_kept(corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    study = store_study(corpus.new_study(instances=2))
    sent = {instance.sop_instance_uid for instance in study.instances}
    for received in retrieved(study.instances):
        _, uid = named_in(received)
        assert uid in sent, f"an object comes back as {uid or 'none'}, which was not sent"
        assert uid == received.sop_instance_uid, (
            f"an object comes back as {uid}, under the command {received.sop_instance_uid}"
        )
