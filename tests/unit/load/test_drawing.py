"""Operations are drawn by weight, about studies of their own or of the population."""

from __future__ import annotations

from collections import Counter

from harness.load.drawing import Drawing, population_of
from harness.load.supply import POPULATION, WORKER
from harness.load.workload import Closed, DatasetRecipe, Echo, Find, Population, Stop, Store, Workload

ROOT = "2.25.1.7"
WORKLOAD = Workload(
    about="A test.",
    operation=(Store(dataset="a", weight=1), Find(keys={}, weight=2), Echo(weight=7)),
    arrival=Closed(),
    stop=Stop(seconds=1),
    dataset={"a": DatasetRecipe()},
    population=Population(studies=20, dataset="a", per_patient=4),
)


def test_by_weight() -> None:
    drawing = Drawing(WORKLOAD, ROOT)
    kinds = Counter(type(drawing.next(0.0).operation).__name__ for _ in range(5000))
    for name, share in {"Store": 0.1, "Find": 0.2, "Echo": 0.7}.items():
        # Four standard deviations of a binomial distribution.
        assert abs(kinds[name] - 5000 * share) <= 4 * (5000 * share * (1 - share)) ** 0.5


def test_stored_studies_are_new_ones_and_others_are_known() -> None:
    drawn = [Drawing(WORKLOAD, ROOT, worker) for worker in range(3)]
    asked = [drawing.next(1.5) for drawing in drawn for _ in range(500)]
    assert {one.due for one in asked} == {1.5}
    new = [one.study.number for one in asked if isinstance(one.operation, Store)]
    assert len(set(new)) == len(new)
    assert {number // WORKER for number in new} == {0, 1, 2}
    known = {one.study for one in asked if not isinstance(one.operation, Store)}
    assert known == set(population_of(WORKLOAD, ROOT))
    assert max(new) < POPULATION


def test_the_same_seed_draws_the_same() -> None:
    first, second = (Drawing(WORKLOAD, ROOT, 1) for _ in range(2))
    assert [first.next(0) for _ in range(50)] == [second.next(0) for _ in range(50)]


def test_a_later_repeat_stores_other_studies() -> None:
    first, second = Drawing(WORKLOAD, ROOT), Drawing(WORKLOAD, ROOT, first=500)
    numbers = [
        {
            one.study.number
            for one in (drawing.next(0) for _ in range(200))
            if isinstance(one.operation, Store)
        }
        for drawing in (first, second)
    ]
    assert numbers[0].isdisjoint(numbers[1])


def test_patients_of_the_population_have_several_studies() -> None:
    assert Counter(Counter(study.patient_id for study in population_of(WORKLOAD, ROOT)).values()) == {4: 5}
