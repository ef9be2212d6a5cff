"""What is seen of those who guess passcodes."""

from __future__ import annotations

from harness.security.guessing import LET_IN, Attempt, Guesses

REFUSED = "A-ASSOCIATE-RJ"


def guesses(wrong: list[tuple[str, float]], right: tuple[str, float] = (LET_IN, 0.1)) -> Guesses:
    return Guesses(tuple(Attempt(*one) for one in wrong), (Attempt(*right),) * 3)


def test_refusals_that_take_no_longer_are_no_slowdown() -> None:
    seen = guesses([(REFUSED, 0.1)] * 12)
    assert not seen.is_shut_out
    assert seen.slowdown == 1.0


def test_one_slow_refusal_is_no_slowdown() -> None:
    assert guesses([(REFUSED, 0.1)] * 11 + [(REFUSED, 9.0)]).slowdown == 1.0


def test_refusals_that_come_ever_later_are_one() -> None:
    assert guesses([(REFUSED, 0.1 * number) for number in range(1, 13)]).slowdown > 9


def test_another_answer_in_the_end_is_a_lock_and_so_is_silence() -> None:
    assert guesses([(REFUSED, 0.1), ("A-ABORT", 0.1)]).is_shut_out
    assert guesses([("NoAnswer", 30.0)]).is_shut_out


def test_a_right_user_who_is_no_longer_let_in_is_locked_as_well() -> None:
    seen = guesses([(REFUSED, 0.1)] * 12, right=(REFUSED, 0.1))
    assert seen.is_shut_out
    assert seen.locks_the_harness


def test_a_made_up_user_who_is_let_in_has_guessed_nothing() -> None:
    assert guesses([(LET_IN, 0.1)] * 12).is_let_in
