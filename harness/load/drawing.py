"""What is asked next: operations drawn by weight, each about a study; the same for a seed and worker."""

from __future__ import annotations

import random
from itertools import accumulate

from harness.load.client import Asked
from harness.load.supply import POPULATION, WORKER, Study, studies, study_numbered
from harness.load.workload import Store, Workload


class Drawing:
    """An endless row of operations."""

    def __init__(self, workload: Workload, root: str, worker: int = 0, first: int = 0) -> None:
        """`first` is the number of studies that this worker has stored before under this root."""
        self._workload = workload
        self._root = root
        self._chance = random.Random(f"{workload.seed} {worker} {first}")
        self._weights = list(accumulate(one.weight for one in workload.operation))
        self._new = studies(root, worker * WORKER + first + 1)

    def next(self, due: float) -> Asked:
        """The next operation, to start at `due`."""
        (operation,) = self._chance.choices(self._workload.operation, cum_weights=self._weights)
        return Asked(operation, due, next(self._new) if isinstance(operation, Store) else self._known())

    def _known(self) -> Study:
        """Any study of the population; where there is none, nobody's."""
        population = self._workload.population
        number = self._chance.randrange(population.studies) if population else 0
        return study_numbered(self._root, POPULATION + number, population.per_patient if population else 1)


def population_of(workload: Workload, root: str) -> list[Study]:
    """The studies that have to be there before the clock runs."""
    population = workload.population
    if population is None:
        return []
    return [
        study_numbered(root, POPULATION + number, population.per_patient)
        for number in range(population.studies)
    ]
