"""Seeing how a product behaves, for its conformance statement; `behaviour` is what comes out.

`policies` negotiates, and `statuses.answers_to_nobody` queries for what nobody has: an observer may do both.
The rest stores synthetic objects first.
"""

from harness.observing.look import look

__all__ = ["look"]
