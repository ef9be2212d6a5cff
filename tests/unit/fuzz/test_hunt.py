"""The hunt, on products that are made up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import strategies as st

from harness.dimse.errors import Unreachable, UnreachableKind
from harness.findings import Area, Symptom
from harness.fuzz.cases import Pace
from harness.fuzz.confirming import Found
from harness.fuzz.hunt import Budget, Hunt
from harness.fuzz.product import ProductLost
from harness.fuzz.putting import Arena, Care
from harness.fuzz.trouble import Trouble

LONG = 600.0


@dataclass(frozen=True)
class Text:
    """A case: a few words."""

    words: tuple[str, ...]
    repetition: int = 0

    @property
    def size(self) -> int:
        return sum(map(len, self.words)) + len(self.words)

    @property
    def marks(self) -> frozenset[str]:
        return frozenset(self.words)


def trouble(symptom: Symptom = Symptom.ALTERED, detail: str = "") -> Trouble:
    return Trouble(symptom, "PS3.5 7.1", "all as it was", "not so", detail)


@dataclass
class MadeUp:
    """A product: what it does with a case."""

    does: Callable[[Text], Trouble | None]
    can_be_revived: bool = True
    is_dead: bool = False
    seen: list[Text] = field(default_factory=list)
    hasty: list[bool] = field(default_factory=list)
    starts: int = 0

    def put(self, case: Text, pace: Pace) -> tuple[Trouble | None, str]:
        self.seen.append(case)
        self.hasty.append(pace is Pace.HASTY)
        found = self.does(case)
        if found is not None and found.symptom is Symptom.DIED:
            self.is_dead = True
            raise Unreachable(UnreachableKind.REFUSED, "refused")
        return found, "taken"

    def looked_at(self) -> Trouble | None:
        return trouble(Symptom.DIED) if self.is_dead else None

    def begin_anew(self) -> None:
        if not self.can_be_revived:
            raise ProductLost("nobody can start it again")
        self.is_dead = False
        self.starts += 1


def hunt(
    product: MadeUp, folder: Path, *, most: int = 150, seed: int = 1, seconds: float = LONG
) -> Hunt[Text]:
    words = st.lists(st.sampled_from(("plain", "odd", "deep", "private")), max_size=6)
    arena = Arena(
        Area.DATA_SETS,
        words.map(lambda drawn: Text(tuple(drawn))),
        product.put,
        lambda case, number: Text(case.words, number),
    )
    care = Care(product.looked_at, product.begin_anew, lambda: "last words")
    return Hunt(arena, care, Budget(time.monotonic() + seconds, most, LONG), seed, folder)


def test_a_finding_is_made_as_small_as_it_goes_and_told_once(tmp_path: Path) -> None:
    product = MadeUp(lambda case: trouble() if {"odd", "deep"} <= set(case.words) else None)
    (found,) = hunt(product, tmp_path).run()
    assert sorted(found.case.words) == ["deep", "odd"]
    assert found.size_found >= found.case.size
    assert found.trouble.symptom is Symptom.ALTERED


def test_what_has_another_cause_is_another_finding(tmp_path: Path) -> None:
    product = MadeUp(lambda case: trouble() if {"odd", "private"} & set(case.words) else None)
    found = list(hunt(product, tmp_path).run())
    assert sorted(one.case.words for one in found) == [("odd",), ("private",)]


def test_what_goes_wrong_in_another_way_is_another_finding(tmp_path: Path) -> None:
    def does(case: Text) -> Trouble | None:
        if "odd" not in case.words:
            return None
        return trouble(detail="all of it" if "deep" in case.words else "a part")

    found = list(hunt(MadeUp(does), tmp_path).run())
    assert {one.trouble.detail for one in found} == {"all of it", "a part"}


def test_a_product_without_fault_shows_nothing(tmp_path: Path) -> None:
    product = MadeUp(lambda case: None)
    one = hunt(product, tmp_path, most=120)
    assert list(one.run()) == []
    assert one.tally.cases == 120
    assert one.tally.outcomes == {"taken": 120}


def test_the_same_seed_gives_the_same_cases(tmp_path: Path) -> None:
    first, second, other = (MadeUp(lambda case: None) for _ in range(3))
    for product, seed in ((first, 7), (second, 7), (other, 8)):
        list(hunt(product, tmp_path / str(seed), most=60, seed=seed).run())
    assert first.seen == second.seen
    assert first.seen != other.seen


def test_repetitions_are_new_to_the_product(tmp_path: Path) -> None:
    product = MadeUp(lambda case: trouble() if "odd" in case.words else None)
    list(hunt(product, tmp_path).run())
    repeated = [case for case in product.seen if case.repetition]
    assert len(set(repeated)) == len(repeated) > 0


def test_what_shows_once_and_not_again_is_told_as_that(tmp_path: Path) -> None:
    shown: list[Text] = []

    def does(case: Text) -> Trouble | None:
        if "odd" in case.words and not shown:
            shown.append(case)
            return trouble()
        return None

    (found,) = hunt(MadeUp(does), tmp_path).run()
    assert found.trouble.symptom is Symptom.FLAKY
    assert "nothing wrong" in found.trouble.observed


def test_a_product_that_dies_is_started_again_and_the_hunt_goes_on(tmp_path: Path) -> None:
    product = MadeUp(lambda case: trouble(Symptom.DIED) if "deep" in case.words else None)
    one = hunt(product, tmp_path)
    (found,) = one.run()
    assert found.case.words == ("deep",)
    assert found.trouble.symptom is Symptom.DIED
    assert found.log == "last words"
    assert product.starts > 1
    assert one.tally.cases == 150


def test_a_product_that_nobody_can_start_again_ends_the_hunt_with_what_it_died_of(tmp_path: Path) -> None:
    product = MadeUp(
        lambda case: trouble(Symptom.DIED) if "deep" in case.words else None, can_be_revived=False
    )
    found: list[Found[Text]] = []
    with pytest.raises(ProductLost):
        found.extend(hunt(product, tmp_path).run())
    assert product.seen[-1].words.count("deep")
    assert sum("deep" in case.words for case in product.seen) == 1


def test_what_it_died_of_is_handed_on_before_the_end(tmp_path: Path) -> None:
    product = MadeUp(
        lambda case: trouble(Symptom.DIED) if "deep" in case.words else None, can_be_revived=False
    )
    running = hunt(product, tmp_path).run()
    assert "deep" in next(running).case.words
    with pytest.raises(ProductLost):
        next(running)


def test_a_known_silence_is_waited_for_in_haste(tmp_path: Path) -> None:
    product = MadeUp(lambda case: trouble(Symptom.SILENT) if "odd" in case.words else None)
    (found,) = hunt(product, tmp_path).run()
    known = len(product.seen) - product.hasty[::-1].index(False)
    assert found.trouble.symptom is Symptom.SILENT
    assert all(product.hasty[known:])
    assert len(product.hasty[known:]) > 20


def test_a_new_silence_is_waited_for_with_patience(tmp_path: Path) -> None:
    """An answer that only comes too late for haste is none."""
    product = MadeUp(lambda case: None)

    def does(case: Text) -> Trouble | None:
        is_slow = "deep" in case.words and product.hasty[-1]
        return trouble(Symptom.SILENT) if is_slow or "odd" in case.words else None

    product.does = does
    (found,) = hunt(product, tmp_path).run()
    assert found.case.words == ("odd",)


def test_what_is_late_is_no_silence(tmp_path: Path) -> None:
    """Only what is silent for four deadlines is."""
    paces: list[Pace] = []
    product = MadeUp(lambda case: trouble(Symptom.SILENT) if paces[-1] is not Pace.PATIENT else None)
    put = product.put

    def noted(case: Text, pace: Pace) -> tuple[Trouble | None, str]:
        paces.append(pace)
        return put(case, pace)

    product.put = noted  # type: ignore[method-assign]
    assert list(hunt(product, tmp_path, most=5).run()) == []
    assert paces == [Pace.ORDINARY, Pace.PATIENT] * 5


def test_the_budget_of_time_ends_it(tmp_path: Path) -> None:
    product = MadeUp(lambda case: None)
    assert list(hunt(product, tmp_path, seconds=0.0).run()) == []
    assert product.seen == []


def test_one_case_by_itself(tmp_path: Path) -> None:
    product = MadeUp(lambda case: trouble() if "odd" in case.words else None)
    one = hunt(product, tmp_path)
    assert list(one.each([Text(("plain",))])) == []
    (found,) = one.each([Text(("odd", "plain"))])
    assert found.case.words == ("odd", "plain")


def test_what_a_fixed_case_has_killed_ends_the_others_too(tmp_path: Path) -> None:
    """They would be called the death of a product that was dead before."""
    dies = MadeUp(lambda case: trouble(Symptom.DIED) if "deep" in case.words else None, can_be_revived=False)
    running = hunt(dies, tmp_path).each([Text(("deep",)), Text(("plain",))])
    assert next(running).case.words == ("deep",)
    with pytest.raises(ProductLost):
        next(running)
    assert [case.words for case in dies.seen] == [("deep",)]
