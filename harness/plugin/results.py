"""What scenarios of AI results arrange: results stored beside their images, and what has become of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from harness.dimse.capture import Recorder
from harness.dimse.difference import DifferenceKind, summary
from harness.dimse.errors import NotAccepted
from harness.dimse.walker import shown_tag
from harness.plugin.arranging import StoreStudy, get_in_any
from harness.plugin.keeping import COERCED, FULL, Keeper
from harness.plugin.outcomes import ArrangementFailed, NotSupported, NotTested
from harness.plugin.studies import STORE_REPORTER
from harness.scu.brought import Brought
from harness.scu.destination import Destination
from harness.scu.inbox import Received
from harness.scu.move import move_to
from harness.scu.session import Scu
from harness.scu.status import describe, is_failure
from harness.scu.store import fitted, proposals_for, store_all
from harness.scu.uids import QueryLevel, Root
from harness.synthesis import Identity, SyntheticInstance, SyntheticStudy, assemble

ELEMENTS_DISCARDED = 0xB006
"""The warning of PS3.4 table B.2-1."""

Maker = Callable[[SyntheticStudy, Identity], SyntheticInstance]
"""Makes a result from a study, in a new series of it."""


def fitting(scu: Scu, result: SyntheticInstance) -> SyntheticInstance:
    """The result in an uncompressed transfer syntax that the product takes for it.  NotAccepted."""
    with scu.open(*proposals_for([result])) as association:
        association.context_for(result.sop_class)
        return fitted(association, result)


def spoiled(
    keeper: Keeper, result: SyntheticInstance, essential: Collection[int] = (), *, level_2: bool = False
) -> str:
    """Store a result and bring it back; what is wrong with it then, in words.

    Another value than the one stored is wrong at any level.  A missing one is at Storage Level 2, be it
    demanded by the SOP class, claimed or negotiated (PS3.4 B.4.1.1); else it is where it is in one of the
    `essential` attributes, Type 1 of the IOD, which an archive of Level 1 keeps as well.  Raises NotSupported
    where these are missing and the product says that it discards elements.
    """
    kept = keeper.keep(fitting(keeper.scu, result))
    found = [] if kept.unread else kept.changed
    if kept.unread or not found:
        return kept.unread
    changed = [entry for entry in found if entry.kind is not DifferenceKind.MISSING]
    if changed:
        return summary(changed)
    if level_2 or keeper.level() == FULL:
        return summary(found)
    missing = [entry for entry in found if entry.path.startswith(tuple(map(shown_tag, essential)))]
    if missing and (
        keeper.target.claims.storage_level == 0 or kept.response.integer("Status") == ELEMENTS_DISCARDED
    ):
        raise NotSupported(f"the product says that it keeps a part only: {summary(missing)}")
    return summary(missing) if missing else ""


def one_by_one(
    bring: Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]],
    instances: Iterable[SyntheticInstance],
) -> tuple[Received, ...]:
    """Bring each object back by a retrieval of its own: whether lists of UIDs are matched is no question."""
    return tuple(item for instance in instances for item in bring([instance]))


def with_results(
    store_study: StoreStudy, images: SyntheticStudy, identity: Identity, makers: Iterable[Maker]
) -> SyntheticStudy:
    """The study together with those results that the product takes, stored behind its images and visible.

    Raises NotSupported where it takes none.
    """
    results = []
    for make in makers:
        result = make(images, identity)
        with contextlib.suppress(NotAccepted):
            store_study(assemble([result])[0])
            results.append(result)
    if not results:
        raise NotSupported("the product takes none of the classes of results")
    return assemble([*images.instances, *results])[0]


def send_results(
    scu: Scu, images: SyntheticStudy, identity: Identity, makers: Iterable[Maker]
) -> tuple[SyntheticStudy, bool]:
    """`with_results`, where it is not awaited that they are found; and whether one was answered as coerced.

    Raises ArrangementFailed for one that is refused.
    """
    results, coerced = [], False
    for make in makers:
        result = make(images, identity)
        with contextlib.suppress(NotAccepted):
            (response,) = store_all(scu, [result])
            status = response.integer("Status")
            if is_failure(status):
                raise ArrangementFailed(STORE_REPORTER, f"C-STORE was answered {describe(response)}")
            coerced = coerced or status == COERCED
            results.append(result)
    if not results:
        raise NotSupported("the product takes none of the classes of results")
    return assemble([*images.instances, *results])[0], coerced


def by_each_service(
    scu: Scu,
    level: QueryLevel,
    keys: Mapping[str, str | list[str]],
    instances: Sequence[SyntheticInstance],
    destinations: Sequence[Destination],
    recorder: Recorder,
) -> dict[str, Brought]:
    """The same retrieval in the Study Root model by C-GET and by C-MOVE, by one where there is one only.

    The classes and transfer syntaxes of `instances` are offered, and the uncompressed ones.  Raises NotTested
    or NotSupported where neither can be asked.
    """
    brought: dict[str, Brought] = {}
    with contextlib.suppress(NotAccepted, NotSupported):
        brought["C-GET"] = get_in_any(scu, Root.STUDY, level, instances, keys)
    if destinations:
        with contextlib.suppress(NotAccepted):
            brought["C-MOVE"] = move_to(scu, destinations[0], recorder, Root.STUDY, level, keys)
    elif not brought:
        raise NotTested("C-GET brings no such objects, and no [[destination]] is registered for C-MOVE")
    if not brought:
        raise NotSupported("neither C-GET nor C-MOVE of the Study Root model brings these objects")
    return brought
