"""The fixtures that scenarios are written with.

``scu``              the reference SCU, its associations recorded as this scenario's evidence
``corpus``           mints synthetic studies of this run; ``corpus.new_study(...)`` stores nothing
``store_study``      a function: store a study, wait until it is found, give it back
``stored_study``     a CT study of two series with three instances each, stored and visible
``stored_corpus``    every study of the recipe ``default``, stored and visible, as far as the product takes it
``destination``      the harness's own move destination; ends as NOT_TESTED where the target file has none
``retrieved``        a function: bring stored objects of one series back, by C-GET or else by C-MOVE
``keeper``           a `harness.plugin.keeping.Keeper`: stores objects byte for byte, and brings them back
``commit``           a `harness.plugin.committing.Committer`: storage commitment, its result awaited
``worklist``         a `harness.plugin.booking.Booked`: the product's worklist has entries of this run
``writes``           marks a scenario that sends more than C-ECHO and C-FIND: left out by --observe
``observed``         a function: record a measurement
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness.dimse.capture import Recorder
from harness.dimse.errors import NotAccepted
from harness.plugin.context import RunContext
from harness.plugin.outcomes import NotTested
from harness.plugin.recorder import PATIENCE, RecorderPlugin
from harness.plugin.studies import arrange
from harness.scu.destination import Destination
from harness.scu.inbox import Received
from harness.scu.session import Scu
from harness.synthesis import Identity, SyntheticInstance, SyntheticStudy, build, load_recipe, new_study
from harness.target import Target

if TYPE_CHECKING:
    from harness.plugin.booking import Booked
    from harness.plugin.committing import Committer
    from harness.plugin.keeping import Keeper


class FixturePlugin:
    """Gives fixtures access to the run; a plugin object, so that several runs in one process don't mix."""

    def __init__(self, context: RunContext, recorder: RecorderPlugin) -> None:
        self._context = context
        self._recorder = recorder
        self._identities: dict[str, Identity] = {}

    @pytest.fixture(scope="session")
    def target(self) -> Target:
        """What is under test, as the target file says."""
        return self._context.target

    @pytest.fixture
    def scu(self, request: pytest.FixtureRequest) -> Scu:
        """The reference SCU for this scenario; what it leaves open is aborted when the scenario has ended."""
        return Scu(self._context.peer(), self._recorder.recorder_of(request.node), self._context.on_stored)

    @pytest.fixture(scope="session")
    def session_scu(self) -> Scu:
        """The SCU for arrangements that several scenarios share.

        Beside other workers it is as patient as a second try: what they judge may keep the product busy.
        """
        scu = Scu(self._context.peer(), None, self._context.on_stored)
        return scu if self._context.worker is None else scu.patient(PATIENCE)

    @pytest.fixture(scope="session")
    def observed(self) -> Callable[[str, float, str], None]:
        """Record a measurement: name, value, unit."""
        return self._recorder.measure

    @pytest.fixture(scope="module")
    def corpus(self, request: pytest.FixtureRequest) -> Corpus:
        """Mints what this module stores, with UIDs of its own."""
        # The same again where a run by chance comes back to the module: what is minted stays unique.
        label = request.node.nodeid
        return Corpus(self._identities.setdefault(label, Identity(self._context.run_root, label)))

    @pytest.fixture(scope="session")
    def store_study(
        self, session_scu: Scu, observed: Callable[[str, float, str], None]
    ) -> Callable[[SyntheticStudy], SyntheticStudy]:
        """Store a study and wait until the product finds it; raises ArrangementFailed."""
        within = self._context.target.dimse.visible_within

        def store_and_see(study: SyntheticStudy) -> SyntheticStudy:
            arrange(session_scu, study, within, observed)
            self._context.arranged.append(study)
            return study

        return store_and_see

    @pytest.fixture(scope="session")
    def stored_study(self, store_study: Callable[[SyntheticStudy], SyntheticStudy]) -> SyntheticStudy:
        """A CT study of two series with three instances each."""
        identity = Identity(self._context.run_root, "stored_study")
        return store_study(new_study(identity, "CT", series=2, instances=3))

    @pytest.fixture(scope="session")
    def stored_corpus(
        self, session_scu: Scu, observed: Callable[[str, float, str], None]
    ) -> tuple[SyntheticStudy, ...]:
        """Those studies of the recipe ``default`` that the product takes whole."""
        studies = build(load_recipe("default"), Identity(self._context.run_root, "default"))
        taken: list[SyntheticStudy] = []
        refused: NotAccepted | None = None
        for study in studies:
            try:
                arrange(session_scu, study, self._context.target.dimse.visible_within, observed)
            except NotAccepted as error:
                refused = error
            else:
                taken.append(study)
        self._context.arranged += taken
        if refused is not None and not taken:
            raise refused
        return tuple(taken)

    @pytest.fixture(scope="session")
    def destinations(self) -> Iterator[tuple[Destination, ...]]:
        """All move destinations of the target file, listening."""
        listening: list[Destination] = []
        try:
            for entry in self._context.target.destinations:
                try:
                    listening.append(
                        Destination(
                            entry.ae_title, entry.host, entry.port, self._context.target.dimse.deadline
                        )
                    )
                except OSError as error:
                    raise NotTested(
                        f"port {entry.port} for {entry.ae_title} cannot be listened on: {error}"
                    ) from None
            yield tuple(listening)
        finally:
            for destination in listening:
                destination.stop()

    @pytest.fixture(scope="session")
    def worklist(self, session_scu: Scu) -> Iterator[Booked]:
        """Worklist entries of this run, found by their Patient IDs."""
        from harness.plugin.booking import booked

        with booked(session_scu, self._context.target, self._context.run_root) as entries:
            yield entries

    @pytest.fixture
    def writes(self) -> None:
        """Asked for by a scenario that sends more than an observer may, where no other fixture says so."""

    @pytest.fixture
    def destination(self, destinations: tuple[Destination, ...]) -> Destination:
        """The first move destination."""
        if not destinations:
            raise NotTested("the target file registers no [[destination]] for the harness to receive on")
        return destinations[0]

    @pytest.fixture
    def recorder(self, request: pytest.FixtureRequest) -> Recorder:
        """The recorder of this scenario, for the destination's inbox."""
        return self._recorder.recorder_of(request.node)

    @pytest.fixture
    def retrieved(
        self, request: pytest.FixtureRequest, scu: Scu, recorder: Recorder
    ) -> Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]]:
        """A function: bring stored objects of one series back, by C-GET or else by C-MOVE."""
        from harness.plugin.arranging import bring_back

        def bring(instances: Sequence[SyntheticInstance]) -> tuple[Received, ...]:
            return bring_back(scu, instances, lambda: request.getfixturevalue("destination"), recorder)

        return bring

    @pytest.fixture
    def keeper(
        self,
        request: pytest.FixtureRequest,
        scu: Scu,
        corpus: Corpus,
        target: Target,
        retrieved: Callable[[Sequence[SyntheticInstance]], tuple[Received, ...]],
        recorder: Recorder,
    ) -> Keeper:
        """Stores objects byte for byte, and brings them back."""
        from harness.plugin.keeping import Keeper

        return Keeper(
            scu, corpus, target, retrieved, lambda: request.getfixturevalue("destination"), recorder
        )

    @pytest.fixture
    def commit(self, scu: Scu, destination: Destination, recorder: Recorder, corpus: Corpus) -> Committer:
        """Storage commitment requested as the first destination, to which its result may be sent."""
        from harness.plugin.committing import Committer

        return Committer(
            scu,
            destination,
            recorder,
            corpus.identity.uid,
            self._context.target.dimse.visible_within,
            self._context.owed_results,
        )


@dataclass(frozen=True, slots=True)
class Corpus:
    """Mints synthetic studies of this run."""

    identity: Identity

    def new_study(
        self, modality: str = "CT", series: int = 1, instances: int = 1, **attributes: Any
    ) -> SyntheticStudy:
        """See `harness.synthesis.new_study`."""
        return new_study(self.identity, modality, series, instances, **attributes)
