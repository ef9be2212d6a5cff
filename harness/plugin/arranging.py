"""What scenarios of retrieval arrange: studies of several kinds, compressed pixels, a C-GET agreed to."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.dimse.association import Association
from harness.dimse.capture import Recorder
from harness.dimse.errors import AssociationRejected, NotAccepted
from harness.plugin.fixtures import Corpus
from harness.plugin.outcomes import NotSupported, NotTested
from harness.plugin.studies import POLL
from harness.scu.brought import Brought
from harness.scu.destination import Destination
from harness.scu.get import get_with, open_for_get, storage_for
from harness.scu.identifier import keys_of
from harness.scu.inbox import Received, success
from harness.scu.move import move_to
from harness.scu.retrieve import keys_to
from harness.scu.session import Scu
from harness.scu.uids import UNCOMPRESSED, QueryLevel, Root
from harness.synthesis import Kind, Recipe, SyntheticInstance, SyntheticStudy, build
from harness.synthesis.recipe import PatientRecipe, SeriesRecipe, StudyRecipe

StoreStudy = Callable[[SyntheticStudy], SyntheticStudy]

LOSSLESS_PIXELS = ("jpeg-lossless", "jpeg-ls", "jpeg2000-lossless", "rle")
"""The compressed pictures without loss."""
_CALLING_NOT_RECOGNIZED = (1, 1, 3)
"""Result, source and reason of a rejection for the calling AE title (PS3.8 table 9-21)."""


def study_of(corpus: Corpus, *series: SeriesRecipe) -> SyntheticStudy:
    """A new patient with one study of these series; nothing is stored."""
    return patient_of(corpus, series)[0]


def patient_of(corpus: Corpus, *studies: Iterable[SeriesRecipe]) -> tuple[SyntheticStudy, ...]:
    """A new patient with these studies; nothing is stored."""
    recipes = tuple(StudyRecipe(tuple(series)) for series in studies)
    recipe = Recipe("scenario", (PatientRecipe("PHTEST^Retrieve", recipes),))
    return build(recipe, corpus.identity)


def mixed_study(corpus: Corpus, store_study: StoreStudy) -> SyntheticStudy:
    """A study of images and, where the product takes them, of other objects; stored and visible."""
    images = (SeriesRecipe(Kind.CT, 3), SeriesRecipe(Kind.MR, 2))
    for others in ((Kind.SR, Kind.PR), (Kind.SR,), ()):
        try:
            return store_study(study_of(corpus, *images, *(SeriesRecipe(kind) for kind in others)))
        except NotAccepted:
            continue
    return store_study(corpus.new_study("CT", series=2, instances=3))


def lossless_studies(corpus: Corpus, store_study: StoreStudy) -> list[SyntheticStudy]:
    """A CT study for each lossless compression that the product stores.  NotSupported without one."""
    taken = []
    for pixels in LOSSLESS_PIXELS:
        try:
            taken.append(store_study(study_of(corpus, SeriesRecipe(Kind.CT, pixels=pixels))))
        except NotAccepted:
            continue
    if not taken:
        raise NotSupported("the product stores no object in a lossless compressed transfer syntax")
    return taken


def compressed(pixels: str) -> SeriesRecipe:
    """A series of one image with those pixels: CT, or CR where they have 8 bits (PS3.3 table C.8-3)."""
    return SeriesRecipe(Kind.CR if pixels == "jpeg-baseline" else Kind.CT, pixels=pixels)


@contextlib.contextmanager
def let_in(title: str | None) -> Iterator[None]:
    """NotTested where the product does not let in a destination's AE title; None is the harness's own."""
    try:
        yield
    except AssociationRejected as rejected:
        reject = rejected.reject
        if title is None or (reject.result, reject.source, reject.reason) != _CALLING_NOT_RECOGNIZED:
            raise
        raise NotTested(
            f"the product rejects associations of {title}: let the destination call too"
        ) from None


def open_agreed(
    scu: Scu, root: Root, storage: Sequence[tuple[str, Sequence[str]]], *, calling: str | None = None
) -> Association:
    """`open_for_get`, where the product agrees to send objects of all these classes.

    Raises NotAccepted without the model, NotSupported where a class is not among those that the product sends
    in a C-GET: which it supports so is its choice (PS3.4 C.5.3).  NotTested where the product does not let in
    another ``calling`` AE title.
    """
    with let_in(calling):
        association = open_for_get(scu, root, storage, calling=calling)
    try:
        association.context_for(root.get)
        accepted = {context.abstract_syntax for context in association.accepted_contexts.values()}
        roles = {role.sop_class.strip("\0 ") for role in association.accepted.user.roles if role.scp}
        for sop_class, _ in storage:
            if sop_class not in accepted & roles:
                raise NotSupported(f"the product doesn't agree to send {sop_class} in a C-GET")
    except BaseException:
        association.abort()
        raise
    return association


def get_agreed(
    scu: Scu,
    root: Root,
    level: QueryLevel | None,
    storage: Sequence[tuple[str, Sequence[str]]],
    keys: Mapping[str, Any],
    *,
    status_of: Callable[[Received], int] = success,
) -> Brought:
    """One C-GET on an association of its own; see `open_agreed`."""
    with open_agreed(scu, root, storage) as association:
        return get_with(association, root.get, keys_of(level, keys), status_of=status_of)


def get_in_any(
    scu: Scu,
    root: Root,
    level: QueryLevel | None,
    instances: Sequence[SyntheticInstance],
    keys: Mapping[str, Any],
) -> Brought:
    """`get_agreed` with the objects' own transfer syntaxes and the uncompressed ones, each in its context.

    Of several contexts of a class a product may take one alone (PS3.5 10.1 b), which need not be one that the
    objects can be sent in: where it did, and not all came, it is asked again with their own syntaxes alone.
    """
    own = tuple(dict.fromkeys((one.transfer_syntax,) for one in instances))
    for syntaxes in ((*own, UNCOMPRESSED), own):
        storage = storage_for(instances, *syntaxes)
        with open_agreed(scu, root, storage) as association:
            are_all_taken = len(association.accepted_contexts) > len(storage)
            brought = get_with(association, root.get, keys_of(level, keys))
        came = {one.sop_instance_uid for one in brought.received}
        if are_all_taken or came >= {one.sop_instance_uid for one in instances}:
            break
    return brought


def bring_back(
    scu: Scu,
    instances: Sequence[SyntheticInstance],
    destination: Callable[[], Destination],
    recorder: Recorder,
) -> tuple[Received, ...]:
    """Retrieve stored objects of one series: by C-GET, else by C-MOVE to the harness's own destination.

    The transfer syntaxes of the objects are offered beside the uncompressed ones: whether a product can
    decompress is a question to its retrieval, not to what it keeps.  So is whether it matches lists of UIDs:
    of several objects the whole series is retrieved.  ``destination`` is asked for only where C-GET is not
    offered; it may raise NotTested, as this does where C-MOVE is not offered either.
    """
    level = QueryLevel.IMAGE if len(instances) == 1 else QueryLevel.SERIES
    wanted = {one.sop_instance_uid for one in instances}

    def keys(root: Root) -> dict[str, str | list[str]]:
        named = keys_to(root, instances)
        if level is QueryLevel.SERIES:
            del named["SOPInstanceUID"]
        return named

    for root in (Root.STUDY, Root.PATIENT):
        with contextlib.suppress(NotAccepted, NotSupported):
            brought = get_in_any(scu, root, level, instances, keys(root)).received
            return tuple(one for one in brought if one.sop_instance_uid in wanted)
    receiver = destination()
    for root in (Root.STUDY, Root.PATIENT):
        with contextlib.suppress(NotAccepted):
            brought = move_to(scu, receiver, recorder, root, level, keys(root)).received
            return tuple(one for one in brought if one.sop_instance_uid in wanted)
    raise NotTested("nothing can be brought back: the product offers neither C-GET nor C-MOVE")


def eventually(question: Callable[[], bool], within: float) -> bool:
    """Ask until the answer is yes or `within` seconds are over: what is derived from a study may lag."""
    end = time.monotonic() + within
    pause = threading.Event()
    while not question():
        if time.monotonic() >= end:
            return False
        pause.wait(POLL)
    return True
