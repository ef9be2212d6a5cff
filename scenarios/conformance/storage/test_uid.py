"""UIDs that are none (PS3.5 9.1)."""

from __future__ import annotations

from harness.dimse.errors import PeerAborted
from harness.plugin.arranging import eventually
from harness.plugin.fixtures import Corpus
from harness.scenario import QUALITY, expect_service, requirement
from harness.scu.find import find
from harness.scu.session import Scu
from harness.scu.status import SUCCESS
from harness.scu.store import store_all
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import SyntheticStudy, variant
from harness.target import Target


def expect_harmless(scu: Scu, target: Target, corpus: Corpus, uid: str) -> None:
    """Store an object of this SOP Instance UID: it is refused, or acknowledged and found as that."""
    study = corpus.new_study("CT")
    instance = variant(corpus.identity, study.instance(0), SOPInstanceUID=uid)
    try:
        (response,) = store_all(scu, [instance])
        status = response.integer("Status")
    except PeerAborted:
        status = None
    expect_service(scu, f"an object of SOP Instance UID {uid!r}")
    if status == SUCCESS:
        is_found = eventually(lambda: bool(images_found(scu, study)), target.dimse.visible_within)
        assert is_found, f"an object of SOP Instance UID {uid!r} was answered Success, and is not found"
        found = images_found(scu, study)
        assert found == [uid], f"SOP Instance UID {uid!r} is found as {', '.join(map(repr, found))}"


def images_found(scu: Scu, study: SyntheticStudy) -> list[str]:
    keys = {
        "StudyInstanceUID": study.study_uid,
        "SeriesInstanceUID": study.series[0].series_uid,
        "SOPInstanceUID": None,
    }
    return find(scu, Root.STUDY, QueryLevel.IMAGE, keys).texts("SOPInstanceUID")


@requirement("PS3.5 9.1", QUALITY, "A UID with a leading zero, which is not legal, does no harm.")
def test_leading_zero_component(scu: Scu, target: Target, corpus: Corpus) -> None:
    expect_harmless(scu, target, corpus, f"{corpus.identity.uid()}.03.4")


@requirement("PS3.5 9.1", QUALITY, "A UID with the characters of a path, which is not legal, does no harm.")
def test_path_characters(scu: Scu, target: Target, corpus: Corpus) -> None:
    expect_harmless(scu, target, corpus, f"../../x{corpus.identity.uid()[-24:]}")
