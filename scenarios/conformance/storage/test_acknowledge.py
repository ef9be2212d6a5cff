"""Acknowledged objects: what every other scenario that stores something builds on (PS3.4 B.2.2)."""

from __future__ import annotations

from harness.dimse.errors import NotAccepted
from harness.plugin.fixtures import Corpus
from harness.plugin.outcomes import ClaimNotKept
from harness.plugin.studies import await_visible
from harness.scenario import SHALL, not_tested, requirement
from harness.scu.session import Scu
from harness.scu.status import SUCCESS, describe
from harness.scu.store import store_all
from harness.target import Target

COERCED = 0xB000
"""Coercion of Data Elements (PS3.4 table B.2-1)."""


@requirement("PS3.4 B.2.3", SHALL, "A valid CT image is acknowledged with Success or a warning.")
def test_study_is_stored(scu: Scu, corpus: Corpus, target: Target) -> None:
    study = corpus.new_study("CT", series=2, instances=2)
    try:
        responses = store_all(scu, study.instances)
    except NotAccepted as refusal:
        if target.promises("storage"):
            raise ClaimNotKept(f"the claims promise storage: {refusal}") from refusal
        raise
    for response in responses:
        status = response.integer("Status")
        assert status == SUCCESS or status & 0xF000 == 0xB000, f"C-STORE was answered {describe(response)}"


@requirement(
    "PS3.4 B.2.2", SHALL, "An acknowledged object is found, within the time that the target file grants."
)
def test_study_is_found(scu: Scu, corpus: Corpus, target: Target) -> None:
    study = corpus.new_study("CT", series=2, instances=2)
    responses = store_all(scu, study.instances)
    within = target.dimse.visible_within
    found = await_visible(scu, study, within)
    if not found and any(response.integer("Status") == COERCED for response in responses):
        # Study and Series Instance UID are among what may be coerced (PS3.4 table B.4-1).
        raise not_tested("not found by its UIDs, but the product said that it coerced attributes (B000H)")
    assert found, f"4 acknowledged objects are not all found within {within:g} s"
