"""Another object under the SOP Instance UID of a stored one.

PS3.5 9 forbids to make one, and no clause says what a product does with it: it may refuse the second, keep
both, or replace the first.  Who may replace objects changes what was diagnosed.
"""

from __future__ import annotations

from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.plugin.keeping import Bring
from harness.scenario import HIGH, LOW, safeguard
from harness.scu.destination import Destination
from harness.scu.retrieved import damaged
from harness.scu.session import Scu
from harness.scu.store import store_all
from harness.security.callers import STRANGER, entitled, is_let_in, unless_refused
from harness.synthesis import variant

_REMEDY = (
    "Have the product keep the object that was stored first, and refuse or set aside the other: corrections"
    " come as objects of their own."
)


def what_comes_back(scu: Scu, other: Scu, corpus: Corpus, store_study: StoreStudy, bring: Bring) -> str:
    """What comes back in place of a stored object once `other` has sent one under its UID; empty: itself."""
    first = store_study(corpus.new_study("CT")).instance(0)
    pixels = bytes(255 - byte for byte in first.attributes.PixelData)
    second = variant(
        corpus.identity,
        first,
        SOPInstanceUID=first.sop_instance_uid,
        StudyDescription="Sent second",
        PixelData=pixels,
    )
    unless_refused(lambda: store_all(other, [second]))
    came = bring([first])
    if any(not damaged([first], [one]) for one in came):
        return ""
    if any(not damaged([second], [one]) for one in came):
        return "the second comes back in its place"
    return "neither of the two comes back"


@safeguard(
    "PS3.4 B.1.2",
    HIGH,
    "A stored object is not replaced by what somebody else sends under its UID.",
    remedy=_REMEDY,
)
def test_by_another(
    scu: Scu,
    corpus: Corpus,
    store_study: StoreStudy,
    retrieved: Bring,
    destinations: tuple[Destination, ...],
) -> None:
    own = scu.peer.calling_ae_title
    titles = [*(entry.ae_title for entry in destinations if entry.ae_title != own), STRANGER]
    other = next((title for title in titles if is_let_in(entitled(scu, title))), None)
    if other is None:
        return  # nobody else is let in
    instead = what_comes_back(scu, entitled(scu, other), corpus, store_study, retrieved)
    assert not instead, f"{own} stored an object, {other} sent another one under its UID: {instead}"


@safeguard(
    "PS3.4 B.1.2",
    LOW,
    "A stored object is not replaced by what its sender sends again under its UID.",
    remedy=_REMEDY,
)
def test_by_its_sender(scu: Scu, corpus: Corpus, store_study: StoreStudy, retrieved: Bring) -> None:
    instead = what_comes_back(scu, scu, corpus, store_study, retrieved)
    assert not instead, f"another object was sent under the UID of a stored one: {instead}"
