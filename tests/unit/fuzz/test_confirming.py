"""What shows after many cases alone, on products that are made up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import strategies as st

from harness.findings import Area, Aspect, Symptom
from harness.fuzz.arena import Arena, Budget, Care, Found, Shown
from harness.fuzz.cases import Pace
from harness.fuzz.confirming import CONFIRMATIONS
from harness.fuzz.differing.contrast import Contrast
from harness.fuzz.hunt import Hunt
from harness.fuzz.product import ProductLost
from harness.fuzz.trouble import Trouble

LONG = 600.0


@dataclass(frozen=True)
class Word:
    """A case."""

    word: str
    repetition: int = 0

    @property
    def size(self) -> int:
        return len(self.word)

    @property
    def marks(self) -> frozenset[str]:
        return frozenset((self.word,))


DIED = Trouble(Symptom.DIED, "PS3.4 A.4", "C-ECHO is answered", "refused")


@dataclass
class Weak:
    """Dies once its needs have come in this order, since it was started."""

    needs: tuple[str, ...]
    can_restart: bool = True
    come: int = 0
    starts: int = 0
    seen: list[str] = field(default_factory=list)
    is_dead: bool = False

    def put(self, case: Word, pace: Pace) -> tuple[tuple[Shown, ...], str]:
        self.seen.append(case.word)
        if self.come < len(self.needs) and case.word == self.needs[self.come]:
            self.come += 1
        self.is_dead = self.come == len(self.needs)
        return (), "taken"

    def looked_at(self) -> tuple[Shown, ...]:
        return (DIED,) if self.is_dead else ()

    def begin_anew(self) -> None:
        self.come, self.is_dead = 0, False
        self.starts += 1

    def restarted(self) -> bool:
        if self.can_restart:
            self.begin_anew()
        return self.can_restart


def hunt(product: Weak, folder: Path, *, seconds: float = LONG) -> Hunt[Word]:
    drawn = st.sampled_from(("a", "b", "c")).map(Word)
    arena = Arena(Area.PDUS, drawn, product.put, lambda case, number: Word(case.word, number))
    care = Care(product.looked_at, product.begin_anew, restarted=product.restarted)
    budget = Budget(time.monotonic() + LONG, None, 0.0, seconds)
    return Hunt(arena, care, budget, 1, folder)


def found_by(product: Weak, words: str, folder: Path, *, seconds: float = LONG) -> list[Found[Word]]:
    return list(hunt(product, folder, seconds=seconds).each(map(Word, words)))


def words_of(found: Found[Word]) -> str:
    return "".join(case.word for case in (*found.before, found.case))


def test_what_is_not_needed_is_left_out(tmp_path: Path) -> None:
    (found,) = found_by(Weak(("a", "b", "c")), "bbabbaaccbca"[:9], tmp_path)
    assert found.shown.symptom is Symptom.DIED
    assert words_of(found) == "abc"
    assert "after these 3 cases" in found.shown.observed


def test_more_than_is_remembered_is_found_by_one_case_over_and_over(tmp_path: Path) -> None:
    """The 40th of a kind, with others between: of the last 64 cases only half are of it."""
    product = Weak(("a",) * 40)
    (found,) = found_by(product, "ab" * 40, tmp_path)
    assert words_of(found) == "a" * 40
    assert product.starts < 8  # fewer of the same are not tried


def test_more_than_is_remembered_is_found_by_all_of_them_over_and_over(tmp_path: Path) -> None:
    (found,) = found_by(Weak(("a", "b") * 40), "abc" * 40, tmp_path)
    assert words_of(found) == "ab" * 40


def test_what_is_told_once_is_not_told_again(tmp_path: Path) -> None:
    product = Weak(("a", "b"))
    assert len(found_by(product, "ab" * 10, tmp_path)) == 1


def test_what_shows_no_more_is_not_the_same_twice(tmp_path: Path) -> None:

    class DiesOnce(Weak):
        def put(self, case: Word, pace: Pace) -> tuple[tuple[Shown, ...], str]:
            super().put(case, pace)
            return ((DIED,) if len(self.seen) == 4 else ()), "taken"

    (found,) = found_by(DiesOnce(("never",)), "bcbcb", tmp_path)
    assert found.shown.symptom is Symptom.FLAKY
    assert found.before == ()


def test_time_for_sequences_ends(tmp_path: Path) -> None:
    (found,) = found_by(Weak(("a", "b")), "ab", tmp_path, seconds=0.0)
    assert found.shown.symptom is Symptom.FLAKY


def test_without_a_restart_what_was_before_is_kept_whole(tmp_path: Path) -> None:
    """What is left of tries that showed nothing would make later ones look shorter than they are."""
    (found,) = found_by(Weak(("a", "b"), can_restart=False), "cacb", tmp_path)
    assert words_of(found) == "cacb"


def test_a_sequence_is_put_once_and_in_order(tmp_path: Path) -> None:
    product = Weak(("a", "b"))
    (found,) = hunt(product, tmp_path).after([Word("c"), Word("a"), Word("b"), Word("c")])
    assert product.seen == ["c", "a", "b"]
    assert words_of(found) == "cab"
    assert list(hunt(product, tmp_path).after([Word("b"), Word("a")])) == []


def test_of_a_sequence_each_trouble_is_told_once_up_to_what_is_fatal(tmp_path: Path) -> None:
    altered = Trouble(Symptom.ALTERED, "PS3.5 7.1", "as it was", "otherwise")

    class Alters(Weak):
        def put(self, case: Word, pace: Pace) -> tuple[tuple[Shown, ...], str]:
            super().put(case, pace)
            return ((altered,) if case.word == "a" else ()), "taken"

    found = list(hunt(Alters(("a", "a", "b")), tmp_path).after([Word(word) for word in "aaba"]))
    assert [(one.shown.signature, words_of(one)) for one in found] == [
        (altered.signature, "a"),
        (DIED.signature, "aab"),
    ]


def test_for_a_difference_nothing_is_put_before_it(tmp_path: Path) -> None:
    """There are many, and most tell their cause themselves."""
    apart = Contrast(Aspect.ANSWER, "what was sent", "took it", "refused it")

    class DiffersOnce(Weak):
        def put(self, case: Word, pace: Pace) -> tuple[tuple[Shown, ...], str]:
            super().put(case, pace)
            return ((apart,) if len(self.seen) == 4 else ()), "taken"

    product = DiffersOnce(("never",))
    (found,) = found_by(product, "bcbc", tmp_path)
    assert found.is_fleeting
    assert product.starts == 0
    assert len(product.seen) == 4 + CONFIRMATIONS


def test_what_another_product_ends_by_leaves_what_was_before(tmp_path: Path) -> None:
    """B is started again, and A goes on: what A has got counts."""
    fate = replace(Contrast(Aspect.AFTERWARDS, "afterwards", "as before", "died"), is_fatal=True)

    class Beside(Weak):
        def put(self, case: Word, pace: Pace) -> tuple[tuple[Shown, ...], str]:
            super().put(case, pace)
            return ((fate,) if case.word == "c" else ()), "taken"

        def begin_anew(self) -> None:
            if self.is_dead:
                super().begin_anew()

        def restarted(self) -> bool:
            self.is_dead = True
            self.begin_anew()
            return True

    found = found_by(Beside(("a", "b")), "acb", tmp_path)
    assert [one.shown.signature for one in found] == [fate.signature, DIED.signature]
    assert words_of(found[1]) == "ab"


def test_a_product_that_is_lost_ends_the_sequence(tmp_path: Path) -> None:
    product = Weak(("a", "b"))

    def begin_anew() -> None:
        raise ProductLost("nobody can")

    product.begin_anew = begin_anew  # type: ignore[method-assign]
    running = hunt(product, tmp_path).after([Word("a"), Word("b")])
    assert words_of(next(running)) == "ab"
    with pytest.raises(ProductLost):
        next(running)
