"""Responses that go on for ever and say nothing new end like silence: each of them renews the deadline."""

from __future__ import annotations

from harness.dimse.association import Association
from harness.dimse.errors import NoAnswer
from harness.dimse.transport import Timer


class Progress:
    """What the responses to one request tell, and since when it has been the same."""

    def __init__(self, association: Association) -> None:
        self._timer = Timer(association.deadlines.answer)
        self._told: object = None

    def note(self, told: object) -> None:
        """Take in what a response tells.  NoAnswer where it has been the same for a whole deadline."""
        if told != self._told:
            self._told, self._timer = told, Timer(self._timer.seconds)
        elif not self._timer.left():
            raise NoAnswer(self._timer.seconds, "a final response, or one that says anything new")
