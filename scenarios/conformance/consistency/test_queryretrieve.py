"""Where a query says that objects can be retrieved (PS3.4 C.4.1.1.3.2)."""

from __future__ import annotations

from harness.dimse.capture import Recorder
from harness.plugin.arranging import StoreStudy
from harness.plugin.fixtures import Corpus
from harness.plugin.results import by_each_service
from harness.scenario import SHALL, not_supported, not_tested, requirement
from harness.scu.destination import Destination
from harness.scu.find import find
from harness.scu.retrieve import keys_for
from harness.scu.session import Scu
from harness.scu.uids import QueryLevel, Root
from harness.target import Target

KEYWORD = "RetrieveAETitle"


@requirement(
    "PS3.4 C.4.1.1.3.2", SHALL, "An object can be retrieved from the application entity that its match names."
)
def test_location_works(
    scu: Scu,
    corpus: Corpus,
    store_study: StoreStudy,
    target: Target,
    destinations: tuple[Destination, ...],
    recorder: Recorder,
) -> None:
    study = store_study(corpus.new_study("CT"))
    keys = keys_for(Root.STUDY, QueryLevel.IMAGE, study, study.series[0], study.instances)
    matches = find(scu, Root.STUDY, QueryLevel.IMAGE, keys).require_success()
    titles = {title for one in matches.identifiers if KEYWORD in one for title in one.values(KEYWORD)}
    if not titles:
        raise not_supported("the matches name file-sets, or nothing, and no Retrieve AE Title")
    ours = target.dimse.called_ae_title.strip()
    if ours not in titles:
        raise not_tested(
            f"the objects are at {', '.join(sorted(titles))}; the address of {ours} alone is declared"
        )
    services = by_each_service(scu, QueryLevel.IMAGE, keys, study.instances, destinations, recorder)
    for service, brought in services.items():
        wrong = brought.other_than(study.instances)
        assert not wrong, f"the matches name {ours}, from which by {service} {wrong}"
