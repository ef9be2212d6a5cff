"""Several conversations with the product at the same time, a thread each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Result = TypeVar("_Result")


def together(tasks: Sequence[Callable[[], _Result]]) -> list[_Result]:
    """Run the tasks side by side, none before all are ready; their results in the same order.

    Raises what the first of them raised, when all have ended: each has deadlines of its own.
    """
    start = threading.Barrier(len(tasks))

    def begin(task: Callable[[], _Result]) -> _Result:
        start.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(begin, task) for task in tasks]]
