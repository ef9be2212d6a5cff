"""An interrupt that Python drops comes again."""

from __future__ import annotations

import gc
import signal

import pytest

from harness.interrupts import kept_interrupts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_that_came_while_garbage_was_collected(number: signal.Signals) -> None:
    def interrupted(phase: str, info: object) -> None:
        gc.callbacks.remove(interrupted)
        signal.raise_signal(number)

    with kept_interrupts() as look:
        look()
        gc.callbacks.append(interrupted)
        gc.collect()  # drops it
        with pytest.raises(KeyboardInterrupt):
            look()


def test_one_at_another_time_is_as_ever() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), kept_interrupts():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
